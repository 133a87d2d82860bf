/**
 * Control and status registers. After the RISC-V privileged architecture 1.12, "CSR Listing" and the chapters on each; Sstc, Svadu, Zicbom, Zicboz for
 * their fields. No hypervisor, no triggers: tselect and tdata1-3 read as zero, which says that there is no trigger.
 */

import { ENV_HART } from '../../../mem/layout';
import {
  FFLAGS,
  FRM,
  IRQ_SEI,
  IRQ_STI,
  MCAUSE,
  MCOUNTEREN,
  MCOUNTINHIBIT,
  MEDELEG,
  MENVCFG,
  MEPC,
  MIDELEG,
  MIE,
  MIP,
  MSCRATCH,
  MSTATUS,
  MTVAL,
  MTVEC,
  OPTION_CBO,
  OPTION_SSTC,
  OPTION_SVADU,
  OPTIONS,
  PMPADDR,
  PRIV,
  PRIV_M,
  SATP,
  SCAUSE,
  SCOUNTEREN,
  SENVCFG,
  SEPC,
  SSCRATCH,
  STATUS_FS,
  STATUS_MIE,
  STATUS_MPIE,
  STATUS_MPP,
  STATUS_MPRV,
  STATUS_MXR,
  STATUS_SIE,
  STATUS_SPIE,
  STATUS_SPP,
  STATUS_SUM,
  STATUS_TSR,
  STATUS_TVM,
  STATUS_TW,
  STIMECMP,
  STVAL,
  STVEC,
} from '../layout';
import { refreshContext, refreshFetch, refreshFloat, requestPoll, requestRunLoop } from './context';
import { counterAllowed, readCycle, readInstret, writeCycle, writeInhibit, writeInstret } from './counters';
import { hasStimecmp, pendingBits, timeNow } from './interrupt';
import { readPmpConfig, writePmpAddress, writePmpConfig } from './pmp';
import { setIllegal, trapPending } from './raise';
import { ADUE } from './walk';

/** RV64IMAFDC, S, U. */
const MISA: i64 = (2 << 62) | 0x14112d;
const SD: i64 = 1 << 63;
const UXL: i64 = 2 << 32;
const XLEN: i64 = 0xa00000000;
const SSTATUS_WRITABLE: i64 = STATUS_SIE | STATUS_SPIE | STATUS_SPP | STATUS_FS | STATUS_SUM | STATUS_MXR;
const MSTATUS_WRITABLE: i64 = SSTATUS_WRITABLE | STATUS_MIE | STATUS_MPIE | STATUS_MPP | STATUS_MPRV | STATUS_TVM | STATUS_TW | STATUS_TSR;
const SUPERVISOR_IRQS: i64 = 0x222;
const ALL_IRQS: i64 = 0xaaa;
const SEIP: i64 = 1 << IRQ_SEI;
const STIP: i64 = 1 << IRQ_STI;
const SSIP: i64 = 2;
/** All causes that can come from below M-mode. */
const DELEGABLE: i64 = 0xb3ff;
const STCE: i64 = 1 << 63;
const ENVCFG_CBO: i64 = 0xf0;
const ENVCFG_FIOM: i64 = 1;

function field(env: i32, offset: i32): i64 {
  return load<i64>(env + offset);
}

function setField(env: i32, offset: i32, value: i64): void {
  store<i64>(env + offset, value);
}

// --- floating-point registers ------------------------------------------------------------------------------------------

function floatOn(env: i32): bool {
  return (field(env, MSTATUS) & STATUS_FS) !== 0;
}

function readFloat(env: i32, csr: i32): i64 {
  if (!floatOn(env)) return setIllegal(env);
  if (csr === 1) return field(env, FFLAGS);
  if (csr === 2) return field(env, FRM);
  return field(env, FFLAGS) | (field(env, FRM) << 5);
}

function writeFloat(env: i32, csr: i32, value: i64): void {
  if (csr === 1) setField(env, FFLAGS, value & 31);
  else if (csr === 2) setField(env, FRM, value & 7);
  else {
    setField(env, FFLAGS, value & 31);
    setField(env, FRM, (value >> 5) & 7);
  }
  const status = field(env, MSTATUS);
  if ((status & STATUS_FS) !== STATUS_FS) {
    setField(env, MSTATUS, status | STATUS_FS | SD);
    // Translations that assume a cleaner state stay right: nothing needs to be left.
    refreshFetch(env);
  }
  refreshFloat(env);
}

// --- status and interrupts -----------------------------------------------------------------------------------------------

function writeStatus(env: i32, value: i64, writable: i64): void {
  const old = field(env, MSTATUS);
  let now = (old & ~writable) | (value & writable);
  // MPP = 2 is reserved: it keeps its value.
  if ((now & STATUS_MPP) === 2 << 11) now = (now & ~STATUS_MPP) | (old & STATUS_MPP);
  now = (now & ~SD) | ((now & STATUS_FS) === STATUS_FS ? SD : 0);
  setField(env, MSTATUS, now);
  const changed = now ^ old;
  if (changed & (STATUS_FS | STATUS_SUM | STATUS_MXR | STATUS_MPRV | STATUS_MPP)) refreshContext(env);
  if (now & ~old & (STATUS_SIE | STATUS_MIE)) requestPoll(env);
}

function writePending(env: i32, value: i64, writable: i64): void {
  const old = field(env, MIP);
  setField(env, MIP, (old & ~writable) | (value & writable));
  requestPoll(env);
}

/** Bits of mip that software writes: STIP is stimecmp's while Sstc is on. */
function pendingWritable(env: i32): i64 {
  return hasStimecmp(env) ? SSIP | SEIP : SSIP | SEIP | STIP;
}

function writeEnable(env: i32, value: i64, writable: i64): void {
  setField(env, MIE, (field(env, MIE) & ~writable) | (value & writable));
  requestPoll(env);
}

function writeVector(env: i32, offset: i32, value: i64): void {
  // Modes 2 and 3 are reserved: the write has no effect.
  if (!(value & 2)) setField(env, offset, value);
}

// --- address translation and environment -----------------------------------------------------------------------------------

function satpAllowed(env: i32): bool {
  return field(env, PRIV) === PRIV_M || !(field(env, MSTATUS) & STATUS_TVM);
}

function writeSatp(env: i32, value: i64): void {
  const mode = value >>> 60;
  // An unsupported mode (Sv57 too): the write has no effect.
  if (mode !== 0 && mode !== 8 && mode !== 9) return;
  if (value === field(env, SATP)) return;
  setField(env, SATP, value);
  refreshContext(env);
}

function writeMachineEnvironment(env: i32, value: i64): void {
  const options = field(env, OPTIONS);
  let writable = ENVCFG_FIOM;
  if (options & OPTION_SSTC) writable |= STCE;
  if (options & OPTION_SVADU) writable |= ADUE;
  if (options & OPTION_CBO) writable |= ENVCFG_CBO;
  const old = field(env, MENVCFG);
  const now = legalCbie(old, value & writable);
  setField(env, MENVCFG, now);
  if ((old ^ now) & STCE) requestRunLoop(env);
}

/** CBIE = 2 is reserved: it keeps its value. */
function legalCbie(old: i64, now: i64): i64 {
  return (now & 0x30) === 0x20 ? (now & ~0x30) | (old & 0x30) : now;
}

function writeSupervisorEnvironment(env: i32, value: i64): void {
  const writable = field(env, OPTIONS) & OPTION_CBO ? ENVCFG_FIOM | ENVCFG_CBO : ENVCFG_FIOM;
  setField(env, SENVCFG, legalCbie(field(env, SENVCFG), value & writable));
}

/** Whether stimecmp exists for the current privilege. */
function stimecmpAllowed(env: i32): bool {
  if (!(field(env, OPTIONS) & OPTION_SSTC)) return false;
  return field(env, PRIV) === PRIV_M || (hasStimecmp(env) && counterAllowed(env, 1));
}

// --- the registers by number ---------------------------------------------------------------------------------------------

// biome-ignore format: a table
function readSupervisor(env: i32, csr: i32): i64 {
  switch (csr) {
    case 0x100: return (field(env, MSTATUS) & (SSTATUS_WRITABLE | SD)) | UXL;
    case 0x104: return field(env, MIE) & field(env, MIDELEG);
    case 0x105: return field(env, STVEC);
    case 0x106: return field(env, SCOUNTEREN);
    case 0x10a: return field(env, SENVCFG);
    case 0x140: return field(env, SSCRATCH);
    case 0x141: return field(env, SEPC);
    case 0x142: return field(env, SCAUSE);
    case 0x143: return field(env, STVAL);
    case 0x144: return pendingBits(env) & field(env, MIDELEG);
    case 0x14d: return stimecmpAllowed(env) ? field(env, STIMECMP) : setIllegal(env);
    case 0x180: return satpAllowed(env) ? field(env, SATP) : setIllegal(env);
  }
  return setIllegal(env);
}

// biome-ignore format: a table
function writeSupervisor(env: i32, csr: i32, value: i64): void {
  switch (csr) {
    case 0x100: writeStatus(env, value, SSTATUS_WRITABLE); break;
    case 0x104: writeEnable(env, value, field(env, MIDELEG)); break;
    case 0x105: writeVector(env, STVEC, value); break;
    case 0x106: setField(env, SCOUNTEREN, value & 0xffffffff); break;
    case 0x10a: writeSupervisorEnvironment(env, value); break;
    case 0x140: setField(env, SSCRATCH, value); break;
    case 0x141: setField(env, SEPC, value & ~1); break;
    case 0x142: setField(env, SCAUSE, value); break;
    case 0x143: setField(env, STVAL, value); break;
    case 0x144: writePending(env, value, field(env, MIDELEG) & SSIP); break;
    case 0x14d:
      setField(env, STIMECMP, value);
      requestRunLoop(env);
      break;
    case 0x180: writeSatp(env, value); break;
  }
}

// biome-ignore format: a table
function readMachine(env: i32, csr: i32): i64 {
  switch (csr) {
    case 0x300: return field(env, MSTATUS) | XLEN;
    case 0x301: return MISA;
    case 0x302: return field(env, MEDELEG);
    case 0x303: return field(env, MIDELEG);
    case 0x304: return field(env, MIE);
    case 0x305: return field(env, MTVEC);
    case 0x306: return field(env, MCOUNTEREN);
    case 0x30a: return field(env, MENVCFG);
    case 0x320: return field(env, MCOUNTINHIBIT);
    case 0x340: return field(env, MSCRATCH);
    case 0x341: return field(env, MEPC);
    case 0x342: return field(env, MCAUSE);
    case 0x343: return field(env, MTVAL);
    case 0x344: return pendingBits(env);
    case 0x3a0: return readPmpConfig(env, 0);
    case 0x3a2: return readPmpConfig(env, 8);
  }
  if (csr >= 0x3b0 && csr <= 0x3bf) return field(env + ((csr - 0x3b0) << 3), PMPADDR);
  // mhpmevent3-31
  return csr >= 0x323 && csr <= 0x33f ? 0 : setIllegal(env);
}

// biome-ignore format: a table
function writeMachine(env: i32, csr: i32, value: i64): void {
  switch (csr) {
    case 0x300: writeStatus(env, value, MSTATUS_WRITABLE); break;
    case 0x302: setField(env, MEDELEG, value & DELEGABLE); break;
    case 0x303:
      setField(env, MIDELEG, value & SUPERVISOR_IRQS);
      requestPoll(env);
      break;
    case 0x304: writeEnable(env, value, ALL_IRQS); break;
    case 0x305: writeVector(env, MTVEC, value); break;
    case 0x306: setField(env, MCOUNTEREN, value & 0xffffffff); break;
    case 0x30a: writeMachineEnvironment(env, value); break;
    case 0x320: writeInhibit(env, value); break;
    case 0x340: setField(env, MSCRATCH, value); break;
    case 0x341: setField(env, MEPC, value & ~1); break;
    case 0x342: setField(env, MCAUSE, value); break;
    case 0x343: setField(env, MTVAL, value); break;
    case 0x344: writePending(env, value, pendingWritable(env)); break;
    case 0x3a0: writePmpConfig(env, 0, value); break;
    case 0x3a2: writePmpConfig(env, 8, value); break;
    default:
      if (csr >= 0x3b0) writePmpAddress(env, csr - 0x3b0, value);
  }
}

function readCounter(env: i32, index: i32): i64 {
  if (index >= 32 || !counterAllowed(env, index)) return setIllegal(env);
  return index === 0 ? readCycle(env) : index === 1 ? timeNow(env) : index === 2 ? readInstret(env) : 0;
}

function readOther(env: i32, csr: i32): i64 {
  if (csr >= 0xb00 && csr <= 0xb1f && csr !== 0xb01) return csr === 0xb00 ? readCycle(env) : csr === 0xb02 ? readInstret(env) : 0;
  // mvendorid, marchid, mimpid, mconfigptr; tselect, tdata1-3
  if (csr === 0xf14) return load<i32>(env, ENV_HART);
  if ((csr >= 0xf11 && csr <= 0xf15) || (csr >= 0x7a0 && csr <= 0x7a3)) return 0;
  return setIllegal(env);
}

/** A register's value; an illegal instruction is left pending where there is none for the current state. */
// biome-ignore format: a table
export function readCsr(env: i32, csr: i32): i64 {
  switch (csr >> 8) {
    case 0x0: return csr >= 1 && csr <= 3 ? readFloat(env, csr) : setIllegal(env);
    case 0x1: return readSupervisor(env, csr);
    case 0x3: return readMachine(env, csr);
    case 0xc: return readCounter(env, csr & 0xff);
  }
  return readOther(env, csr);
}

/** Writes a register that exists and is not read-only. */
// biome-ignore format: a table
export function writeCsr(env: i32, csr: i32, value: i64): void {
  switch (csr >> 8) {
    case 0x0: writeFloat(env, csr, value); break;
    case 0x1: writeSupervisor(env, csr, value); break;
    case 0x3: writeMachine(env, csr, value); break;
    case 0xb:
      if (csr === 0xb00) writeCycle(env, value);
      else if (csr === 0xb02) writeInstret(env, value);
  }
}

/** Helper: csrrw, csrrs, csrrc and their immediate forms. `a` is the operand (rs1's value or the immediate), `b` the instruction; gives the old value. */
export function csr(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  const insn = <i32>b;
  const number = insn >>> 20;
  const operation = (insn >> 12) & 3;
  const writes = operation === 1 || ((insn >> 15) & 31) !== 0;
  if (<i64>((number >> 8) & 3) > field(env, PRIV) || (writes && number >> 10 === 3)) return setIllegal(env);
  const old = readCsr(env, number);
  if (trapPending(env) || !writes) return old;
  // The external line is not part of what a read-modify-write of mip writes back.
  let base = old;
  if (number === 0x344) base = (old & ~SEIP) | (field(env, MIP) & SEIP);
  writeCsr(env, number, operation === 1 ? a : operation === 2 ? base | a : base & ~a);
  return old;
}
