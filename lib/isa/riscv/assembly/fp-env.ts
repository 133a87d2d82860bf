/**
 * What the floating-point helpers share: rounding mode, accrued exceptions, NaN boxing (unprivileged ISA, chapters "F" and "D"). AssemblyScript.
 */
import { ENV_CAUSE, ENV_FP_FAST, ENV_STATUS, ENV_TVAL, FP_FAST_DYNAMIC, FP_FAST_NEAREST, STATUS_TRAP } from '../../../mem/layout';
import { NAN32, NX, RMM, RNE, takeFlags } from '../../../util/assembly/softfloat-common';
import { FFLAGS, FRM } from '../layout';

const MODE_DYNAMIC: i32 = 7;
const CAUSE_ILLEGAL: i64 = 2;

/** The rounding mode of an instruction from its rm field (bits 2..0 of `arg`); -1 after a trap because it is reserved. */
export function roundingMode(env: i32, arg: i32): i32 {
  let mode = arg & 7;
  if (mode === MODE_DYNAMIC) mode = load<i32>(env, FRM);
  if (mode <= RMM) return mode;
  store<i32>(env, STATUS_TRAP, ENV_STATUS);
  store<i64>(env, CAUSE_ILLEGAL, ENV_CAUSE);
  store<i64>(env, 0, ENV_TVAL);
  return -1;
}

export function isInexactRaised(env: i32): bool {
  return (load<i32>(env, FFLAGS) & NX) !== 0;
}

/** Accrues exceptions and keeps ENV_FP_FAST true to its definition. */
export function accrue(env: i32, flags: i32): void {
  if (flags === 0) return;
  store<i64>(env, load<i64>(env, FFLAGS) | (flags as i64), FFLAGS);
  if (flags & NX) store<i32>(env, FP_FAST_NEAREST | (load<i32>(env, FRM) === RNE ? FP_FAST_DYNAMIC : 0), ENV_FP_FAST);
}

/** A soft-float result: accrues the exceptions it raised. */
export function finish64(env: i32, bits: u64): i64 {
  accrue(env, takeFlags());
  return bits as i64;
}

/** The same for a single: NaN-boxed. */
export function finish32(env: i32, bits: u64): i64 {
  accrue(env, takeFlags());
  return box(bits as u32);
}

export function box(bits: u32): i64 {
  return (bits as i64) | 0xffffffff00000000;
}

/** The bits of a single operand; the canonical NaN if it is not NaN-boxed. */
export function unbox(slot: i64): u32 {
  return slot >> 32 === -1 ? (slot as u32) : (NAN32 as u32);
}
