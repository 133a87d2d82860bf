/** Interrupt lines and virtual time. After the RISC-V privileged architecture, "Machine Interrupt Registers" and the Sstc extension. */
import { ENV_BUDGET, ENV_POLL, ENV_TICK_LIMIT, GLOBAL_NS_PER_TICK, GLOBAL_SKIPPED_NS } from '../../../mem/layout';
import { IRQ_SEI, IRQ_STI, MENVCFG, MIP, SEIP_WIRE, STIMECMP } from '../layout';

const NS_PER_TIMER_TICK: i64 = 100;
const SEIP: i64 = 1 << IRQ_SEI;
const STIP: i64 = 1 << IRQ_STI;

/** Ticks before the current instruction. */
export function currentTick(env: i32): i64 {
  return load<i64>(env, ENV_TICK_LIMIT) - <i64>load<i32>(env, ENV_BUDGET);
}

/** mtime: virtual time at 10 MHz. */
export function timeNow(env: i32): i64 {
  const ns = <u64>(currentTick(env) * load<i64>(GLOBAL_NS_PER_TICK) + load<i64>(GLOBAL_SKIPPED_NS));
  return <i64>(ns / NS_PER_TIMER_TICK);
}

/** Whether stimecmp drives mip.STIP: menvcfg.STCE. */
export function hasStimecmp(env: i32): bool {
  return load<i64>(env, MENVCFG) < 0;
}

/** mip as the hart sees it when mtime is `time`. */
export function pendingAt(env: i32, time: i64): i64 {
  let bits = load<i64>(env, MIP);
  if (load<i64>(env, SEIP_WIRE)) bits |= SEIP;
  if (!hasStimecmp(env)) return bits;
  bits &= ~STIP;
  return <u64>time >= load<u64>(env, STIMECMP) ? bits | STIP : bits;
}

/** mip as the running hart sees it. */
export function pendingBits(env: i32): i64 {
  return pendingAt(env, timeNow(env));
}

/** Sets the level of an interrupt line of the hart: `bit` is its number in mip. */
export function wireInterrupt(env: i32, bit: i32, level: i32): void {
  if (bit === IRQ_SEI) {
    store<i64>(env, level ? 1 : 0, SEIP_WIRE);
  } else {
    const mask = (<i64>1) << bit;
    const bits = load<i64>(env, MIP);
    store<i64>(env, level ? bits | mask : bits & ~mask, MIP);
  }
  store<i32>(env, 1, ENV_POLL);
}

/** The tick at which stimecmp will raise STIP, -1 if it will not or did so already. */
export function nextTimerTick(env: i32): i64 {
  if (!hasStimecmp(env)) return -1;
  const compare = load<u64>(env, STIMECMP);
  if (compare > <u64>(i64.MAX_VALUE / NS_PER_TIMER_TICK) || compare <= <u64>timeNow(env)) return -1;
  const perTick = load<i64>(GLOBAL_NS_PER_TICK);
  const ns = <i64>compare * NS_PER_TIMER_TICK - load<i64>(GLOBAL_SKIPPED_NS);
  return (ns + perTick - 1) / perTick;
}
