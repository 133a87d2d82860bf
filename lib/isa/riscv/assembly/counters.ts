/** Counters: cycle is the tick, instret the tick less the traps; hpmcounters read as zero. After the unprivileged ISA, "Zicntr and Zihpm". */
import { ENV_TRAPS } from '../../../mem/layout';
import { MCOUNTEREN, MCOUNTINHIBIT, MCYCLE_BASE, MINSTRET_BASE, PRIV, PRIV_M, PRIV_U, SCOUNTEREN } from '../layout';
import { currentTick } from './interrupt';

export const INHIBIT_CY: i64 = 1;
export const INHIBIT_IR: i64 = 4;
export const INHIBIT_MASK: i64 = INHIBIT_CY | INHIBIT_IR;

/** Instructions retired before the current one. */
function retired(env: i32): i64 {
  return currentTick(env) - load<i64>(env, ENV_TRAPS);
}

export function readCycle(env: i32): i64 {
  const base = load<i64>(env, MCYCLE_BASE);
  return load<i64>(env, MCOUNTINHIBIT) & INHIBIT_CY ? base : base + currentTick(env);
}

export function readInstret(env: i32): i64 {
  const base = load<i64>(env, MINSTRET_BASE);
  return load<i64>(env, MCOUNTINHIBIT) & INHIBIT_IR ? base : base + retired(env);
}

/** The next instruction reads `value`. */
export function writeCycle(env: i32, value: i64): void {
  store<i64>(env, load<i64>(env, MCOUNTINHIBIT) & INHIBIT_CY ? value : value - currentTick(env) - 1, MCYCLE_BASE);
}

/** The next instruction reads `value`. */
export function writeInstret(env: i32, value: i64): void {
  store<i64>(env, load<i64>(env, MCOUNTINHIBIT) & INHIBIT_IR ? value : value - retired(env) - 1, MINSTRET_BASE);
}

/** Stops and restarts counters; they keep their values. */
export function writeInhibit(env: i32, value: i64): void {
  const cycle = readCycle(env);
  const instret = readInstret(env);
  store<i64>(env, value & INHIBIT_MASK, MCOUNTINHIBIT);
  store<i64>(env, value & INHIBIT_CY ? cycle : cycle - currentTick(env), MCYCLE_BASE);
  store<i64>(env, value & INHIBIT_IR ? instret : instret - retired(env), MINSTRET_BASE);
}

/** Whether mcounteren and scounteren let the current privilege read counter `index` (0 cycle, 1 time, 2 instret). */
export function counterAllowed(env: i32, index: i32): bool {
  const priv = load<i64>(env, PRIV);
  if (priv === PRIV_M) return true;
  if (!((load<i64>(env, MCOUNTEREN) >> index) & 1)) return false;
  return priv !== PRIV_U || ((load<i64>(env, SCOUNTEREN) >> index) & 1) !== 0;
}
