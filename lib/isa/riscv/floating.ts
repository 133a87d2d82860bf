/** Semantics that F and D share. Rounding, flags and NaNs are the helpers' and the fast paths' of the IR; see `RiscvBuilder`. */
import type { CallOperands } from '../../ir/builder.js';
import type { FloatName } from '../../ir/ops.js';
import { FP_FAST_DYNAMIC, FP_FAST_NEAREST } from '../../mem/layout.js';
import type { HelperName } from './helpers.js';
import { type RiscvBuilder, RM_DYN, RM_RTZ } from './riscv-builder.js';

type B = RiscvBuilder;
type Two = { rd: number; rs1: number; rs2: number };
type OneRounded = { rd: number; rs1: number; rm: number };
type TwoRounded = Two & { rm: number };
type ThreeRounded = TwoRounded & { rs3: number };

/** f = op(f, f) or op(f), rounded. */
export const arithmetic = (op: FloatName, helper: HelperName) => (b: B, o: TwoRounded) =>
  b.setF(o.rd, b.floatNearest(op, helper, { a: b.f(o.rs1), b: b.f(o.rs2), arg: o.rm }));
export const arithmetic1 = (op: FloatName, helper: HelperName) => (b: B, o: OneRounded) =>
  b.setF(o.rd, b.floatNearest(op, helper, { a: b.f(o.rs1), arg: o.rm }));
export const fused = (op: FloatName, helper: HelperName) => (b: B, o: ThreeRounded) =>
  b.setF(o.rd, b.floatNearest(op, helper, { a: b.f(o.rs1), b: b.f(o.rs2), c: b.f(o.rs3), arg: o.rm }));

/** Minimum and maximum. */
export const choice = (helper: HelperName) => (b: B, o: Two) => b.setF(o.rd, b.call(helper, { a: b.f(o.rs1), b: b.f(o.rs2) }));
export const comparison = (op: FloatName, helper: HelperName) => (b: B, o: Two) =>
  b.setXAndFlags(o.rd, b.float(op, helper, { a: b.f(o.rs1), b: b.f(o.rs2) }, 0));
export const classification = (helper: HelperName) => (b: B, o: { rd: number; rs1: number }) =>
  b.setX(o.rd, b.call(helper, { a: b.f(o.rs1) }));

/** To an integer; `fast` are the ops for rounding to nearest and towards zero, where there are any. */
export const toInteger = (helper: HelperName, fast: { nearest?: FloatName; trunc?: FloatName }) => (b: B, o: OneRounded) => {
  const a = b.f(o.rs1);
  const result = (): ReturnType<B['call']> => {
    if (o.rm === RM_RTZ && fast.trunc) return b.float(fast.trunc, helper, { a, arg: o.rm }, FP_FAST_NEAREST);
    return fast.nearest ? b.floatNearest(fast.nearest, helper, { a, arg: o.rm }) : b.call(helper, { a, arg: o.rm });
  };
  b.setXAndFlags(o.rd, result());
};

/** The signed 64-bit integer that an x register holds, or its low word. */
export type IntegerOf = (b: B, index: number) => NonNullable<CallOperands['a']>;
export const whole: IntegerOf = (b, index) => b.x(index);
export const signedWord: IntegerOf = (b, index) => b.ext32s(b.x(index));
export const unsignedWord: IntegerOf = (b, index) => b.and(b.x(index), b.imm(0xffffffff));

/** From an integer, rounded. */
export const fromInteger = (op: FloatName, helper: HelperName, integer: IntegerOf) => (b: B, o: OneRounded) =>
  b.setF(o.rd, b.floatNearest(op, helper, { a: integer(b, o.rs1), arg: o.rm }));
/** From an unsigned 64-bit integer: no fast path. */
export const fromUnsigned = (helper: HelperName) => (b: B, o: OneRounded) => b.setF(o.rd, b.call(helper, { a: b.x(o.rs1), arg: o.rm }));
/** A conversion that is always exact: the rounding mode only matters in that the dynamic one must be valid. */
export const exactly = (op: FloatName, helper: HelperName, a: IntegerOf) => (b: B, o: OneRounded) =>
  b.setF(o.rd, b.float(op, helper, { a: a(b, o.rs1), arg: o.rm }, o.rm === RM_DYN ? FP_FAST_DYNAMIC : 0));
