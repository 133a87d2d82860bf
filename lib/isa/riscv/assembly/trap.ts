/**
 * Trap entry and return, interrupts, reset. After the RISC-V privileged architecture, "Machine-Level ISA" and "Supervisor-Level ISA".
 */

import { hostAddress } from '../../../mem/assembly/frames';
import {
  ENV_CAUSE,
  ENV_PC,
  ENV_POLL,
  ENV_RESERVATION,
  ENV_STATUS,
  ENV_STOPPED,
  ENV_TRAPS,
  ENV_TVAL,
  ENV_WFI,
  PAGE_SIZE,
  STATUS_NONE,
} from '../../../mem/layout';
import {
  CAUSE_ECALL_S,
  CAUSE_ECALL_U,
  CAUSE_ILLEGAL,
  IRQ_MEI,
  IRQ_MSI,
  IRQ_MTI,
  IRQ_SEI,
  IRQ_SSI,
  IRQ_STI,
  MCAUSE,
  MEDELEG,
  MEPC,
  MIDELEG,
  MIE,
  MSTATUS,
  MTVAL,
  MTVEC,
  OPTION_SBI,
  OPTIONS,
  PRIV,
  PRIV_M,
  PRIV_S,
  PRIV_U,
  SCAUSE,
  SEPC,
  STATUS_MIE,
  STATUS_MPIE,
  STATUS_MPP,
  STATUS_MPRV,
  STATUS_SIE,
  STATUS_SPIE,
  STATUS_SPP,
  STATUS_TSR,
  STATUS_TVM,
  STATUS_TW,
  STVAL,
  STVEC,
} from '../layout';
import { refreshData, refreshFetch, requestExit } from './context';
import { pendingBits } from './interrupt';
import { setIllegal, setTrap } from './raise';
import { callEnvironment } from './sbi';
import { fetch } from './walk';

// As in lib/isa/guest.ts.
const POLL_NONE = 0;
const POLL_TAKEN = 1;
const POLL_WAIT = 2;

const INTERRUPT: i64 = 1 << 63;

/** The bits of the instruction at `pc`, for xtval; as much of it as can be fetched. */
function instructionBits(env: i32, pc: i64): i64 {
  const cause = load<i64>(env, ENV_CAUSE);
  let paddr = fetch(env, pc);
  let bits: i64 = paddr === -1 ? 0 : load<u16>(hostAddress(paddr));
  if ((bits & 3) === 3) {
    const next = pc + 2;
    paddr = next & (PAGE_SIZE - 1) ? paddr + 2 : fetch(env, next);
    if (paddr !== -1) bits |= (<i64>load<u16>(hostAddress(paddr))) << 16;
  }
  store<i64>(env, cause, ENV_CAUSE);
  store<i32>(env, STATUS_NONE, ENV_STATUS);
  return bits;
}

function vector(tvec: i64, cause: i64): i64 {
  const base = tvec & ~3;
  return tvec & 1 && cause < 0 ? base + (cause << 2) : base;
}

function enterSupervisor(env: i32, cause: i64, tval: i64, priv: i64): void {
  store<i64>(env, cause, SCAUSE);
  store<i64>(env, tval, STVAL);
  store<i64>(env, load<i64>(env, ENV_PC), SEPC);
  let status = load<i64>(env, MSTATUS);
  const enabled = status & STATUS_SIE;
  status &= ~(STATUS_SIE | STATUS_SPIE | STATUS_SPP);
  if (enabled) status |= STATUS_SPIE;
  if (priv) status |= STATUS_SPP;
  store<i64>(env, status, MSTATUS);
  store<i64>(env, PRIV_S, PRIV);
  store<i64>(env, vector(load<i64>(env, STVEC), cause), ENV_PC);
}

function enterMachine(env: i32, cause: i64, tval: i64, priv: i64): void {
  store<i64>(env, cause, MCAUSE);
  store<i64>(env, tval, MTVAL);
  store<i64>(env, load<i64>(env, ENV_PC), MEPC);
  let status = load<i64>(env, MSTATUS);
  const enabled = status & STATUS_MIE;
  status &= ~(STATUS_MIE | STATUS_MPIE | STATUS_MPP);
  if (enabled) status |= STATUS_MPIE;
  store<i64>(env, status | (priv << 11), MSTATUS);
  store<i64>(env, PRIV_M, PRIV);
  store<i64>(env, vector(load<i64>(env, MTVEC), cause), ENV_PC);
}

/** Enters the handler of `cause` (bit 63: an interrupt). */
function enter(env: i32, cause: i64, tval: i64): void {
  const priv = load<i64>(env, PRIV);
  const delegated = (cause < 0 ? load<i64>(env, MIDELEG) : load<i64>(env, MEDELEG)) >> (cause & 63);
  if (priv !== PRIV_M && delegated & 1) enterSupervisor(env, cause, tval, priv);
  else enterMachine(env, cause, tval, priv);
  store<i64>(env, load<i64>(env, ENV_TRAPS) + 1, ENV_TRAPS);
  store<i64>(env, -1, ENV_RESERVATION);
  refreshData(env);
  refreshFetch(env);
}

/** Takes the pending trap. */
export function takeTrap(env: i32): void {
  const cause = load<i64>(env, ENV_CAUSE);
  if (cause === CAUSE_ECALL_S && load<i64>(env, OPTIONS) & OPTION_SBI) {
    callEnvironment(env);
    return;
  }
  const tval = cause === CAUSE_ILLEGAL ? instructionBits(env, load<i64>(env, ENV_PC)) : load<i64>(env, ENV_TVAL);
  enter(env, cause, tval);
}

/** The number of the most urgent of some pending interrupts. */
function mostUrgent(bits: i64): i64 {
  if (bits & (1 << IRQ_MEI)) return IRQ_MEI;
  if (bits & (1 << IRQ_MSI)) return IRQ_MSI;
  if (bits & (1 << IRQ_MTI)) return IRQ_MTI;
  if (bits & (1 << IRQ_SEI)) return IRQ_SEI;
  if (bits & (1 << IRQ_SSI)) return IRQ_SSI;
  return IRQ_STI;
}

/** Takes the most urgent deliverable interrupt; POLL_*. */
export function poll(env: i32): i32 {
  if (load<i32>(env, ENV_STOPPED)) return POLL_WAIT;
  const pending = pendingBits(env) & load<i64>(env, MIE);
  if (!pending) return load<i32>(env, ENV_WFI) ? POLL_WAIT : POLL_NONE;
  store<i32>(env, 0, ENV_WFI);
  const priv = load<i64>(env, PRIV);
  const status = load<i64>(env, MSTATUS);
  const delegated = load<i64>(env, MIDELEG);
  let deliverable: i64 = 0;
  if (priv !== PRIV_M || status & STATUS_MIE) deliverable = pending & ~delegated;
  if (!deliverable && (priv === PRIV_U || (priv === PRIV_S && status & STATUS_SIE))) deliverable = pending & delegated;
  if (!deliverable) return POLL_NONE;
  enter(env, INTERRUPT | mostUrgent(deliverable), 0);
  return POLL_TAKEN;
}

/** Helper: traps with cause `a`, trap value `b`. */
export function raise(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  setTrap(env, a, b);
  return 0;
}

/** Helper: the ecall instruction. */
export function ecall(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  setTrap(env, CAUSE_ECALL_U + load<i64>(env, PRIV), 0);
  return 0;
}

/** After a return to another privilege: an interrupt may be deliverable there. */
function returned(env: i32): void {
  store<i64>(env, -1, ENV_RESERVATION);
  refreshData(env);
  refreshFetch(env);
  if (pendingBits(env) & load<i64>(env, MIE)) store<i32>(env, 1, ENV_POLL);
}

/** Helper: the mret instruction; sets ENV_PC. */
export function mret(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  if (load<i64>(env, PRIV) !== PRIV_M) return setIllegal(env);
  let status = load<i64>(env, MSTATUS);
  const priv = (status & STATUS_MPP) >> 11;
  const enabled = status & STATUS_MPIE;
  status = (status & ~(STATUS_MIE | STATUS_MPP)) | STATUS_MPIE;
  if (enabled) status |= STATUS_MIE;
  if (priv !== PRIV_M) status &= ~STATUS_MPRV;
  store<i64>(env, status, MSTATUS);
  store<i64>(env, priv, PRIV);
  store<i64>(env, load<i64>(env, MEPC), ENV_PC);
  returned(env);
  return 0;
}

/** Helper: the sret instruction; sets ENV_PC. */
export function sret(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  let status = load<i64>(env, MSTATUS);
  const from = load<i64>(env, PRIV);
  if (from === PRIV_U || (from === PRIV_S && status & STATUS_TSR)) return setIllegal(env);
  const priv = status & STATUS_SPP ? PRIV_S : PRIV_U;
  const enabled = status & STATUS_SPIE;
  status = (status & ~(STATUS_SIE | STATUS_SPP | STATUS_MPRV)) | STATUS_SPIE;
  if (enabled) status |= STATUS_SIE;
  store<i64>(env, status, MSTATUS);
  store<i64>(env, priv, PRIV);
  store<i64>(env, load<i64>(env, SEPC), ENV_PC);
  returned(env);
  return 0;
}

/** Helper: the wfi instruction. The reservation is given up, as it would be at the end of the hart's turn, which a waiting hart may or may not see. */
export function wfi(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  const priv = load<i64>(env, PRIV);
  if (priv === PRIV_U || (priv === PRIV_S && load<i64>(env, MSTATUS) & STATUS_TW)) return setIllegal(env);
  store<i32>(env, 1, ENV_WFI);
  store<i64>(env, -1, ENV_RESERVATION);
  store<i32>(env, 1, ENV_POLL);
  requestExit(env);
  return 0;
}

/** Helper: sfence.vma. TLBs are coherent, so that only its privilege matters. */
export function sfence(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  const priv = load<i64>(env, PRIV);
  if (priv === PRIV_U || (priv === PRIV_S && load<i64>(env, MSTATUS) & STATUS_TVM)) return setIllegal(env);
  return 0;
}
