/** What firmware in M-mode would do, where there is none: the state in which S-mode starts, and environment calls from it. */
import { ENV_HART, ENV_PC, ENV_POLL, ENV_RESERVATION, ENV_STOPPED, ENV_TRAPS, ENV_WFI } from '../../../mem/layout';
import {
  IRQ_SSI,
  MCOUNTEREN,
  MEDELEG,
  MENVCFG,
  MIDELEG,
  MIP,
  PMPADDR,
  PMPCFG,
  PRIV,
  PRIV_S,
  SATP,
  SCOUNTEREN,
  STIMECMP,
  X0,
} from '../layout';
import { environmentCall } from './host';
import { refresh, resetHart } from './reset';

/** All exceptions but environment calls from S-mode, which are the SBI's, and from M-mode. */
const DELEGATED_EXCEPTIONS: i64 = 0xb1ff;
/** SSI, STI, SEI. */
const DELEGATED_INTERRUPTS: i64 = 0x222;
/** cycle, time, instret; in U-mode too, as OpenSBI leaves it: C libraries read the time, and kernels do not see to it. */
const COUNTERS: i64 = 7;
/** STCE, CBZE, CBCFE, CBIE = 1 (flush). */
const ENVIRONMENT: i64 = (1 << 63) | (1 << 7) | (1 << 6) | (1 << 4);
/** pmpaddr of the NAPOT range that holds all addresses. */
const PMP_EVERYTHING: i64 = (1 << 54) - 1;
/** R, W, X, NAPOT. */
const PMP_ALL: u8 = 0x1f;
const A0 = X0 + 10 * 8;
const A1 = X0 + 11 * 8;

/** Starts the hart in S-mode at `pc` with its number in a0 and `opaque` in a1 (SBI specification, "Hart State Management", sbi_hart_start). */
export function startSupervisor(env: i32, pc: i64, opaque: i64): void {
  resetHart(env, pc);
  store<i64>(env, PRIV_S, PRIV);
  store<i64>(env, DELEGATED_EXCEPTIONS, MEDELEG);
  store<i64>(env, DELEGATED_INTERRUPTS, MIDELEG);
  store<i64>(env, COUNTERS, MCOUNTEREN);
  store<i64>(env, COUNTERS, SCOUNTEREN);
  store<i64>(env, load<i64>(env, MENVCFG) | ENVIRONMENT, MENVCFG);
  store<i64>(env, -1, STIMECMP);
  store<i64>(env, 0, SATP);
  store<u8>(env, PMP_ALL, PMPCFG);
  store<i64>(env, PMP_EVERYTHING, PMPADDR);
  store<i64>(env, load<i32>(env, ENV_HART), A0);
  store<i64>(env, opaque, A1);
  store<i32>(env, 0, ENV_STOPPED);
  refresh(env);
}

/** Stops the hart until `startSupervisor`. */
export function stopHart(env: i32): void {
  store<i32>(env, 1, ENV_STOPPED);
  store<i32>(env, 1, ENV_WFI);
  store<i64>(env, -1, ENV_RESERVATION);
  store<i32>(env, 1, ENV_POLL);
}

/** Sets stimecmp, which drives the supervisor's timer interrupt. */
export function setTimer(env: i32, time: i64): void {
  store<i64>(env, time, STIMECMP);
  store<i32>(env, 1, ENV_POLL);
}

/** Raises or clears the hart's supervisor software interrupt. */
export function setSoftwareInterrupt(env: i32, level: i32): void {
  const bits = load<i64>(env, MIP);
  const mask: i64 = 1 << IRQ_SSI;
  store<i64>(env, level ? bits | mask : bits & ~mask, MIP);
  store<i32>(env, 1, ENV_POLL);
}

/** An environment call from S-mode: one tick, like any trap, after which the caller goes on behind its ecall. */
export function callEnvironment(env: i32): void {
  store<i64>(env, load<i64>(env, ENV_TRAPS) + 1, ENV_TRAPS);
  store<i64>(env, load<i64>(env, ENV_PC) + 4, ENV_PC);
  environmentCall(env);
}
