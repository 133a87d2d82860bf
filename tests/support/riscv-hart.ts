/** One RISC-V hart on a wasm-harness, driven by the helpers that translated code calls. */
import * as assert from 'uvu/assert';
import * as R from '../../lib/isa/riscv/layout.js';
import * as L from '../../lib/mem/layout.js';
import { openPmp } from './page-tables.js';
import { Harness, type Trap } from './wasm-harness.js';

export const ALL = 0xffff_ffff_ffff_ffffn;
export const ILLEGAL = 'illegal';
export const CSR = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  senvcfg: 0x10a,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  mcountinhibit: 0x320,
  mhpmevent3: 0x323,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  pmpcfg0: 0x3a0,
  pmpcfg1: 0x3a1,
  pmpcfg2: 0x3a2,
  pmpcfg4: 0x3a4,
  pmpaddr0: 0x3b0,
  pmpaddr15: 0x3bf,
  pmpaddr16: 0x3c0,
  tselect: 0x7a0,
  tdata1: 0x7a1,
  dcsr: 0x7b0,
  mcycle: 0xb00,
  minstret: 0xb02,
  mhpmcounter3: 0xb03,
  mhpmcounter31: 0xb1f,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  hpmcounter31: 0xc1f,
  cycleh: 0xc80,
  mvendorid: 0xf11,
  marchid: 0xf12,
  mimpid: 0xf13,
  mhartid: 0xf14,
  mconfigptr: 0xf15,
} as const;
export type CsrName = keyof typeof CSR;

/** One hart, driven by its helpers. */
export class Hart {
  readonly h: Harness;
  readonly env: number;

  constructor(h: Harness = new Harness(), index = 0) {
    this.h = h;
    this.env = h.hart(index);
    openPmp(h, this.env);
    this.h.setI32(this.env + L.ENV_POLL, 0);
  }

  private access(csr: number, funct3: number, operand: bigint, rs1: number): bigint | typeof ILLEGAL {
    const insn = ((csr << 20) | (rs1 << 15) | (funct3 << 12) | 0x2f3) >>> 0;
    const old = this.h.guest.csr(this.env, BigInt.asIntN(64, operand), BigInt(insn), 0n, 0) as bigint;
    this.status = this.h.takeStatus(this.env);
    if (this.status !== L.STATUS_TRAP) return BigInt.asUintN(64, old);
    assert.is(this.field(L.ENV_CAUSE), BigInt(R.CAUSE_ILLEGAL));
    return ILLEGAL;
  }

  /** What the last call left in ENV_STATUS. */
  status = 0;

  read(name: CsrName | number): bigint | typeof ILLEGAL {
    return this.access(typeof name === 'number' ? name : CSR[name], 2, 0n, 0);
  }
  write(name: CsrName, value: bigint): bigint | typeof ILLEGAL {
    return this.access(CSR[name], 1, value, 5);
  }
  set(name: CsrName, bits: bigint): bigint | typeof ILLEGAL {
    return this.access(CSR[name], 2, bits, 5);
  }
  clear(name: CsrName, bits: bigint): bigint | typeof ILLEGAL {
    return this.access(CSR[name], 3, bits, 5);
  }
  /** Writes, and gives what is read back. */
  warl(name: CsrName, value: bigint): bigint | typeof ILLEGAL {
    this.write(name, value);
    return this.read(name);
  }

  field(offset: number): bigint {
    return BigInt.asUintN(64, this.h.i64(this.env + offset));
  }
  setField(offset: number, value: bigint): void {
    this.h.setI64(this.env + offset, value);
  }
  setPriv(priv: number): void {
    this.setField(R.PRIV, BigInt(priv));
    this.h.guest.refresh(this.env);
    this.h.setI32(this.env + L.ENV_POLL, 0);
  }
  get pc(): bigint {
    return this.field(L.ENV_PC);
  }
  set pc(value: bigint) {
    this.setField(L.ENV_PC, value);
  }

  /** Calls a helper; gives the trap if it left one pending. */
  call(name: 'ecall' | 'mret' | 'sret' | 'wfi' | 'sfence' | 'raise' | 'lr' | 'sc' | 'amo' | 'cbo', a = 0n, b = 0n, arg = 0): Trap | bigint {
    const value = this.h.guest[name](this.env, BigInt.asIntN(64, a), BigInt.asIntN(64, b), 0n, arg) as bigint;
    this.status = this.h.i32(this.env + L.ENV_STATUS);
    return this.h.takePending(this.env) ?? value;
  }

  /** Raises a trap and takes it. */
  trap(cause: number, tval = 0n): void {
    this.call('raise', BigInt(cause), tval);
    this.setField(L.ENV_CAUSE, BigInt(cause));
    this.setField(L.ENV_TVAL, tval);
    this.h.guest.takeTrap(this.env);
  }

  poll(): number {
    return Number(this.h.guest.poll(this.env));
  }
  wire(bit: number, level: 0 | 1): void {
    this.h.guest.wireInterrupt(this.env, bit, level);
  }
  /** Moves to tick `tick`. */
  at(tick: bigint): void {
    this.setField(L.ENV_TICK_LIMIT, tick + 7n);
    this.h.setI32(this.env + L.ENV_BUDGET, 7);
  }
}
