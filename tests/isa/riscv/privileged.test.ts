import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../../lib/isa/riscv/layout.js';
import * as L from '../../../lib/mem/layout.js';
import { openPmp, PageTables, PTE_ALL, PTE_U, pageAt } from '../../support/page-tables.js';
import { DEVICE_BASE, Harness, RAM_BASE, type Trap } from '../../support/wasm-harness.js';

const ALL = 0xffff_ffff_ffff_ffffn;
const ILLEGAL = 'illegal';
const INTERRUPT = 1n << 63n;
const CSR = {
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
type CsrName = keyof typeof CSR;

/** One hart, driven by its helpers. */
class Hart {
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

const reset = suite('riscv: reset and registers');

reset('a reset hart is in M-mode with interrupts off, nothing delegated and untranslated fetches', () => {
  const hart = new Hart();
  assert.is(hart.pc, RAM_BASE);
  assert.is(hart.field(R.PRIV), 3n);
  assert.is(hart.read('mstatus'), 0xa00000000n);
  assert.is(hart.read('misa'), 0x800000000014112dn);
  for (const name of ['mie', 'medeleg', 'mideleg', 'satp', 'mcounteren', 'menvcfg', 'mcause', 'mtvec'] as const)
    assert.is(hart.read(name), 0n, name);
  assert.is(hart.h.i32(hart.env + L.ENV_FLAGS), R.FLAG_FIXED_PC);
  assert.is(hart.field(L.ENV_PC_MASK), 0n);
  assert.is(hart.field(L.ENV_RESERVATION), ALL);
});

reset('all ones and all zeros read back as the legal values', () => {
  const rows: [CsrName, bigint, bigint][] = [
    ['mstatus', 0x8000000a007e79aan, 0xa00000000n],
    ['sstatus', 0x80000002000c6122n, 0x200000000n],
    ['misa', 0x800000000014112dn, 0x800000000014112dn],
    ['medeleg', 0xb3ffn, 0n],
    ['mideleg', 0x222n, 0n],
    ['mie', 0xaaan, 0n],
    ['mip', 0x222n, 0n],
    ['mcounteren', 0xffffffffn, 0n],
    ['scounteren', 0xffffffffn, 0n],
    ['mcountinhibit', 5n, 0n],
    ['menvcfg', 1n, 0n],
    ['senvcfg', 1n, 0n],
    ['mepc', ALL - 1n, 0n],
    ['sepc', ALL - 1n, 0n],
    ['mscratch', ALL, 0n],
    ['sscratch', ALL, 0n],
    ['mcause', ALL, 0n],
    ['scause', ALL, 0n],
    ['mtval', ALL, 0n],
    ['stval', ALL, 0n],
    ['mhpmevent3', 0n, 0n],
    ['mhpmcounter3', 0n, 0n],
    ['mhpmcounter31', 0n, 0n],
    ['tselect', 0n, 0n],
    ['tdata1', 0n, 0n],
    ['pmpaddr0', 0x3fffffffffffffn, 0n],
  ];
  for (const [name, ones, zeros] of rows) {
    const hart = new Hart();
    assert.is(hart.warl(name, ALL), ones, name);
    assert.is(hart.warl(name, 0n), zeros, name);
  }
});

reset('mtvec and stvec take direct and vectored mode and ignore a write with another', () => {
  const hart = new Hart();
  for (const name of ['mtvec', 'stvec'] as const) {
    assert.is(hart.warl(name, 0x80000004n), 0x80000004n);
    assert.is(hart.warl(name, 0x80001001n), 0x80001001n);
    assert.is(hart.warl(name, 0x80002002n), 0x80001001n);
    assert.is(hart.warl(name, 0x80002003n), 0x80001001n);
  }
});

reset('satp takes Bare, Sv39 and Sv48 with a 16-bit ASID and ignores a write with another mode', () => {
  const hart = new Hart();
  assert.is(hart.warl('satp', (8n << 60n) | 0xffff00000012345n), (8n << 60n) | 0xffff00000012345n);
  assert.is(hart.warl('satp', 9n << 60n), 9n << 60n);
  for (const mode of [1n, 7n, 10n, 11n, 15n]) assert.is(hart.warl('satp', (mode << 60n) | 1n), 9n << 60n);
  assert.is(hart.warl('satp', 0x12345n), 0x12345n);
});

reset('a bare satp with a page number does not translate', () => {
  const hart = new Hart();
  hart.write('satp', 0x80040n);
  hart.setPriv(R.PRIV_S);
  assert.is(hart.h.load(hart.env, RAM_BASE, 8), 0n);
  assert.is(hart.h.i32(hart.env + L.ENV_FLAGS) & R.FLAG_FIXED_PC, R.FLAG_FIXED_PC);
});

reset('mstatus.MPP does not take the reserved value 2', () => {
  const hart = new Hart();
  assert.is((hart.warl('mstatus', 1n << 11n) as bigint) & 0x1800n, 0x800n);
  assert.is((hart.warl('mstatus', 2n << 11n) as bigint) & 0x1800n, 0x800n);
  assert.is((hart.warl('mstatus', 3n << 11n) as bigint) & 0x1800n, 0x1800n);
});

reset('csrrw, csrrs and csrrc give the old value; rs1 = x0 makes csrrs and csrrc only read', () => {
  const hart = new Hart();
  assert.is(hart.write('mscratch', 0xf0n), 0n);
  assert.is(hart.set('mscratch', 0x0fn), 0xf0n);
  assert.is(hart.clear('mscratch', 0x11n), 0xffn);
  assert.is(hart.read('mscratch'), 0xeen);
});

reset('unknown registers, too low a privilege and writes to read-only registers are illegal', () => {
  const hart = new Hart();
  for (const csr of [
    0x000, 0x004, 0x015, 0x10c, 0x107, 0x30c, 0x321, 0x345, 0x5a8, 0x747, 0x7a4, 0x7c0, 0xb01, 0xb20, 0xda0, 0xf10, 0xf16, 0xfff,
  ]) {
    assert.is(hart.read(csr), ILLEGAL, csr.toString(16));
  }
  for (const name of ['pmpcfg1', 'pmpcfg4', 'pmpaddr16', 'dcsr', 'cycleh'] as const) assert.is(hart.read(name), ILLEGAL, name);
  for (const name of ['mhartid', 'mvendorid', 'cycle', 'time', 'instret'] as const) {
    assert.is.not(hart.read(name), ILLEGAL);
    for (const result of [hart.write(name, 0n), hart.set(name, 0n), hart.clear(name, 0n)]) assert.is(result, ILLEGAL, name);
  }
  hart.setPriv(R.PRIV_S);
  assert.is(hart.read('sscratch'), 0n);
  assert.is(hart.read('mscratch'), ILLEGAL);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.read('sscratch'), ILLEGAL);
});

reset('every hart reads its own mhartid', () => {
  const h = new Harness({ harts: 2 });
  assert.is(new Hart(h, 0).read('mhartid'), 0n);
  assert.is(new Hart(h, 1).read('mhartid'), 1n);
});

reset('an access that translated code need not notice does not leave it', () => {
  const hart = new Hart();
  hart.setPriv(R.PRIV_S);
  for (const name of ['sscratch', 'sepc', 'scause', 'stval', 'stvec', 'scounteren', 'sie'] as const) {
    hart.write(name, 0x40n);
    assert.is(hart.status, L.STATUS_NONE, name);
  }
  hart.set('sstatus', BigInt(R.STATUS_SIE));
  assert.is(hart.status, L.STATUS_NONE, 'sstatus.SIE with nothing pending');
  hart.set('sstatus', 1n << 13n);
  assert.is(hart.status, L.STATUS_EXIT, 'sstatus.FS');
  hart.write('satp', (8n << 60n) | (pageAt(64) >> 12n));
  assert.is(hart.status, L.STATUS_EXIT, 'satp');
});

reset.run();

const float = suite('riscv: floating-point state');

float('fflags, frm and fcsr are illegal while FS is off, and make FS dirty when written', () => {
  const hart = new Hart();
  for (const name of ['fflags', 'frm', 'fcsr'] as const) assert.is(hart.read(name), ILLEGAL);
  hart.write('mstatus', 1n << 13n);
  assert.is(hart.read('fcsr'), 0n);
  assert.is(hart.read('mstatus'), 0xa00002000n);
  assert.is(hart.warl('fcsr', ALL), 0xffn);
  assert.is(hart.read('mstatus'), 0x8000000a00006000n);
  assert.is(hart.read('fflags'), 31n);
  assert.is(hart.read('frm'), 7n);
  assert.is(hart.h.i32(hart.env + L.ENV_FLAGS) & R.FLAG_FS, 3);
});

float('ENV_FP_FAST follows the inexact flag and the rounding mode', () => {
  const hart = new Hart();
  const fast = () => hart.h.i32(hart.env + L.ENV_FP_FAST);
  hart.write('mstatus', 3n << 13n);
  assert.is(fast(), 0);
  hart.write('fflags', 1n);
  assert.is(fast(), L.FP_FAST_NEAREST | L.FP_FAST_DYNAMIC);
  hart.write('frm', 1n);
  assert.is(fast(), L.FP_FAST_NEAREST);
  hart.write('fcsr', 0x1en);
  assert.is(fast(), 0);
});

float.run();

const counters = suite('riscv: counters and time');

counters('cycle counts ticks, instret leaves traps out, time is virtual nanoseconds over 100', () => {
  const hart = new Hart();
  hart.h.setI64(L.GLOBAL_SKIPPED_NS, 5050n);
  hart.at(1000n);
  hart.setField(L.ENV_TRAPS, 10n);
  assert.is(hart.read('cycle'), 1000n);
  assert.is(hart.read('mcycle'), 1000n);
  assert.is(hart.read('instret'), 990n);
  assert.is(hart.read('time'), 150n);
  assert.is(hart.read('hpmcounter31'), 0n);
});

counters('mcounteren gates S-mode, and scounteren gates U-mode besides', () => {
  const hart = new Hart();
  hart.setPriv(R.PRIV_S);
  for (const name of ['cycle', 'time', 'instret', 'hpmcounter31'] as const) assert.is(hart.read(name), ILLEGAL);
  hart.setField(R.MCOUNTEREN, 2n);
  assert.is(hart.read('time'), 0n);
  assert.is(hart.read('cycle'), ILLEGAL);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.read('time'), ILLEGAL);
  hart.setField(R.SCOUNTEREN, 2n);
  assert.is(hart.read('time'), 0n);
});

counters('a written counter reads as written by the next instruction and counts on; mcountinhibit stops it', () => {
  const hart = new Hart();
  for (const name of ['mcycle', 'minstret'] as const) {
    hart.at(100n);
    hart.write(name, 5000n);
    hart.at(101n);
    assert.is(hart.read(name), 5000n);
    hart.at(111n);
    assert.is(hart.read(name), 5010n);
    hart.write('mcountinhibit', 5n);
    hart.at(211n);
    assert.is(hart.read(name), 5010n);
    hart.write(name, 6000n);
    assert.is(hart.read(name), 6000n);
    hart.write('mcountinhibit', 0n);
    hart.at(213n);
    assert.is(hart.read(name), 6002n);
  }
});

counters.run();

const traps = suite('riscv: traps');

traps('a trap in M-mode saves pc, cause, value and state, and mret restores them', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80000100n);
  hart.write('mstatus', BigInt(R.STATUS_MIE));
  hart.pc = 0x80000010n;
  hart.trap(R.CAUSE_LOAD_ACCESS, 0x1234n);
  assert.is(hart.pc, 0x80000100n);
  assert.is(hart.read('mepc'), 0x80000010n);
  assert.is(hart.read('mcause'), 5n);
  assert.is(hart.read('mtval'), 0x1234n);
  assert.is(hart.read('mstatus'), 0xa00001880n, 'MPP = M, MPIE = 1, MIE = 0');
  assert.is(hart.field(L.ENV_TRAPS), 1n);
  hart.call('mret');
  assert.is(hart.pc, 0x80000010n);
  assert.is(hart.read('mstatus'), 0xa00000088n, 'MPP = U, MPIE = 1, MIE = 1');
});

traps('medeleg sends traps from S- and U-mode to S-mode, never those from M-mode', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80000100n);
  hart.write('stvec', 0x80000200n);
  hart.write('medeleg', 1n << 8n);
  hart.pc = 0x80000010n;
  hart.setPriv(R.PRIV_U);
  hart.setField(R.MSTATUS, hart.field(R.MSTATUS) | BigInt(R.STATUS_SIE));
  hart.trap(R.CAUSE_ECALL_U);
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.pc, 0x80000200n);
  assert.is(hart.read('scause'), 8n);
  assert.is(hart.read('sepc'), 0x80000010n);
  assert.is(hart.read('sstatus'), 0x200000020n, 'SPP = U, SPIE = 1, SIE = 0');
  hart.trap(R.CAUSE_BREAKPOINT, 7n);
  assert.is(hart.field(R.PRIV), 3n, 'not delegated');
  assert.is(hart.read('mtval'), 7n);
  assert.is(((hart.read('mstatus') as bigint) >> 11n) & 3n, 1n, 'MPP = S');
  hart.trap(R.CAUSE_ECALL_U);
  assert.is(hart.field(R.PRIV), 3n);
});

traps('ecall has the cause of its privilege and no trap value', () => {
  const hart = new Hart();
  for (const [priv, cause] of [
    [R.PRIV_U, 8],
    [R.PRIV_S, 9],
    [R.PRIV_M, 11],
  ] as const) {
    hart.setPriv(priv);
    assert.equal(hart.call('ecall'), { cause, tval: 0n });
  }
});

traps('an illegal instruction has its bits as the trap value: 16 or 32, across pages too', () => {
  const hart = new Hart();
  const bits = (pc: bigint): bigint => {
    hart.pc = pc;
    hart.trap(R.CAUSE_ILLEGAL);
    return hart.read('mtval') as bigint;
  };
  hart.h.setI64(hart.h.ram(RAM_BASE + 0x10n), 0xffffffff0000107fn);
  assert.is(bits(RAM_BASE + 0x10n), 0x107fn);
  assert.is(bits(RAM_BASE + 0x12n), 0n);
  assert.is(bits(RAM_BASE + 0x14n), 0xffffffffn);
  hart.h.view.setUint32(hart.h.ram(RAM_BASE + 0xffen), 0xabcd9003, true);
  assert.is(bits(RAM_BASE + 0xffen), 0xabcd9003n);
  hart.h.view.setUint16(hart.h.ram(RAM_BASE + 0x20n), 0x8002, true);
  assert.is(bits(RAM_BASE + 0x20n), 0x8002n);
});

traps('vectored mode applies to interrupts only', () => {
  const hart = new Hart();
  hart.write('mtvec', 0x80001001n);
  hart.trap(R.CAUSE_BREAKPOINT);
  assert.is(hart.pc, 0x80001000n);
  hart.write('mie', 1n << BigInt(R.IRQ_MTI));
  hart.wire(R.IRQ_MTI, 1);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.pc, 0x80001000n + 4n * 7n);
  assert.is(hart.read('mcause'), INTERRUPT | 7n);
});

traps('mret and sret change privilege, clear MPRV when leaving M-mode, and are illegal below their level or under TSR', () => {
  const hart = new Hart();
  hart.write('mstatus', BigInt(R.STATUS_MPRV | R.STATUS_SPP | R.STATUS_SPIE));
  hart.write('sepc', 0x80000020n);
  hart.call('sret');
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.pc, 0x80000020n);
  assert.is(hart.field(R.MSTATUS), 0xa00000022n, 'SPP = U, SPIE = 1, SIE = 1, MPRV = 0');
  assert.equal(hart.call('mret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setField(R.MSTATUS, hart.field(R.MSTATUS) | BigInt(R.STATUS_TSR));
  assert.equal(hart.call('sret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setPriv(R.PRIV_U);
  assert.equal(hart.call('sret'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setPriv(R.PRIV_M);
  hart.write('mstatus', BigInt(R.STATUS_MPRV | R.STATUS_MPP));
  hart.call('mret');
  assert.is(hart.field(R.MSTATUS) & BigInt(R.STATUS_MPRV), BigInt(R.STATUS_MPRV), 'kept on return to M-mode');
});

traps('TVM makes satp and sfence.vma illegal in S-mode, TW wfi', () => {
  const hart = new Hart();
  hart.write('mstatus', BigInt(R.STATUS_TVM | R.STATUS_TW));
  assert.is(hart.read('satp'), 0n);
  assert.is(hart.call('sfence'), 0n);
  hart.setPriv(R.PRIV_S);
  assert.is(hart.read('satp'), ILLEGAL);
  assert.is(hart.write('satp', 0n), ILLEGAL);
  assert.equal(hart.call('sfence'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  assert.equal(hart.call('wfi'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  hart.setField(R.MSTATUS, 0xa00000000n);
  assert.is(hart.call('sfence'), 0n);
  assert.is(hart.call('wfi'), 0n);
  hart.setPriv(R.PRIV_U);
  assert.equal(hart.call('sfence'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
  assert.equal(hart.call('wfi'), { cause: R.CAUSE_ILLEGAL, tval: 0n });
});

traps('fetches fault with the fetch causes, and only memory can be fetched from', () => {
  const hart = new Hart();
  const fetch = (vaddr: bigint): Trap | bigint => {
    const paddr = hart.h.guest.fetch(hart.env, BigInt.asIntN(64, vaddr)) as bigint;
    return hart.h.takePending(hart.env) ?? paddr;
  };
  assert.is(fetch(RAM_BASE + 2n), RAM_BASE + 2n);
  assert.equal(fetch(DEVICE_BASE), { cause: R.CAUSE_FETCH_ACCESS, tval: DEVICE_BASE });
  const tables = new PageTables(hart.h);
  tables.map(0x1000n, pageAt(300), PTE_ALL | PTE_U);
  tables.map(0x2000n, DEVICE_BASE);
  tables.enter(hart.env, R.PRIV_S);
  assert.equal(fetch(0x1000n), { cause: R.CAUSE_FETCH_PAGE, tval: 0x1000n }, 'a user page');
  assert.equal(fetch(0x2002n), { cause: R.CAUSE_FETCH_ACCESS, tval: 0x2002n });
  assert.equal(fetch(0x3000n), { cause: R.CAUSE_FETCH_PAGE, tval: 0x3000n });
  tables.enter(hart.env, R.PRIV_U);
  assert.is(fetch(0x1ffen), pageAt(300) + 0xffen);
});

traps.run();

const interrupts = suite('riscv: interrupts');

interrupts('a wire sets its bit in mip and asks for a poll', () => {
  const hart = new Hart();
  hart.wire(R.IRQ_MTI, 1);
  assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1);
  assert.is(hart.read('mip'), 0x80n);
  hart.wire(R.IRQ_MTI, 0);
  assert.is(hart.read('mip'), 0n);
});

interrupts('the order is MEI MSI MTI SEI SSI STI, and what goes to M-mode comes first', () => {
  const hart = new Hart();
  const taken: number[] = [];
  hart.setField(R.MIE, 0xaaan);
  hart.setField(R.MIP, 0xaaan);
  while (hart.field(R.MIP) !== 0n) {
    hart.setPriv(R.PRIV_S);
    hart.setField(R.MSTATUS, 0xa00000000n | BigInt(R.STATUS_SIE));
    assert.is(hart.poll(), 1);
    const number = Number((hart.read('mcause') as bigint) & 63n);
    taken.push(number);
    hart.setField(R.MIP, hart.field(R.MIP) & ~(1n << BigInt(number)));
  }
  assert.equal(taken, [11, 3, 7, 9, 1, 5]);
  hart.setField(R.MIDELEG, 0x222n);
  hart.setField(R.MIP, 0x220n | 0x80n);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.read('mcause'), INTERRUPT | 7n);
  hart.setField(R.MIP, 0x220n);
  hart.setPriv(R.PRIV_U);
  assert.is(hart.poll(), 1);
  assert.is(hart.field(R.PRIV), 1n);
  assert.is(hart.read('scause'), INTERRUPT | 9n);
});

interrupts('they are masked by xIE in their own mode, by nothing below it, and never taken above it', () => {
  const hart = new Hart();
  const deliverable = (priv: number, status: number): number => {
    hart.setPriv(priv);
    hart.setField(R.MSTATUS, 0xa00000000n | BigInt(status));
    return hart.poll();
  };
  hart.setField(R.MIE, 0xaaan);
  hart.setField(R.MIP, 0x80n);
  assert.equal([deliverable(3, 0), deliverable(3, R.STATUS_MIE), deliverable(1, 0), deliverable(0, 0)], [0, 1, 1, 1]);
  hart.setField(R.MIDELEG, 0x222n);
  hart.setField(R.MIP, 0x20n);
  assert.equal(
    [deliverable(3, R.STATUS_MIE | R.STATUS_SIE), deliverable(1, 0), deliverable(1, R.STATUS_SIE), deliverable(0, 0)],
    [0, 0, 1, 1],
  );
  hart.setField(R.MIE, 0n);
  assert.is(deliverable(0, R.STATUS_SIE), 0);
});

interrupts('wfi waits until an interrupt is pending and enabled in mie, taken or not', () => {
  const hart = new Hart();
  hart.write('mie', 0x80n);
  hart.call('wfi');
  assert.is(hart.status, L.STATUS_EXIT);
  assert.is(hart.poll(), 2);
  hart.wire(R.IRQ_MSI, 1);
  assert.is(hart.poll(), 2, 'not enabled');
  hart.wire(R.IRQ_MTI, 1);
  assert.is(hart.poll(), 0, 'mstatus.MIE is 0');
  assert.is(hart.h.i32(hart.env + L.ENV_WFI), 0);
});

interrupts('writes that enable a pending interrupt ask for a poll and leave translated code', () => {
  const enabling: [string, (hart: Hart) => void][] = [
    ['mie', (hart) => hart.write('mie', 0x222n)],
    ['mip', (hart) => hart.write('mip', 0x222n)],
    ['mideleg', (hart) => hart.write('mideleg', 0n)],
    ['mstatus', (hart) => hart.set('mstatus', BigInt(R.STATUS_MIE))],
  ];
  for (const [name, write] of enabling) {
    const hart = new Hart();
    hart.setField(R.MIE, name === 'mie' ? 0n : 0x222n);
    hart.setField(R.MIP, name === 'mip' ? 0n : 0x222n);
    write(hart);
    assert.is(hart.status, L.STATUS_EXIT, name);
    assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1, name);
  }
  const hart = new Hart();
  hart.setField(R.MIE, 0x20n);
  hart.setField(R.MIP, 0x20n);
  hart.call('mret');
  assert.is(hart.h.i32(hart.env + L.ENV_POLL), 1, 'mret');
});

interrupts('sie and sip show what is delegated; of it only SSIP can be written', () => {
  const hart = new Hart();
  hart.write('mie', 0xaaan);
  hart.write('mip', 0x222n);
  hart.setField(R.MIDELEG, 0x202n);
  assert.is(hart.read('sie'), 0x202n);
  assert.is(hart.read('sip'), 0x202n);
  hart.write('sie', 0n);
  assert.is(hart.read('mie'), 0x8a8n);
  hart.write('sip', 0n);
  assert.is(hart.read('mip'), 0x220n);
  hart.write('sip', 0xfffn);
  assert.is(hart.read('mip'), 0x222n);
});

interrupts('mip.SEIP is the wire or the bit that software wrote; a read-modify-write keeps them apart', () => {
  const hart = new Hart();
  hart.wire(R.IRQ_SEI, 1);
  assert.is(hart.read('mip'), 0x200n);
  assert.is(hart.set('mip', 2n), 0x200n);
  hart.wire(R.IRQ_SEI, 0);
  assert.is(hart.read('mip'), 2n);
  hart.set('mip', 0x200n);
  hart.wire(R.IRQ_SEI, 1);
  hart.wire(R.IRQ_SEI, 0);
  assert.is(hart.read('mip'), 0x202n);
  hart.clear('mip', 0x200n);
  assert.is(hart.read('mip'), 2n);
});

interrupts.run();

const sstc = suite('riscv: Sstc');

sstc('stimecmp does not exist without the option, nor below M-mode without menvcfg.STCE and mcounteren.TM', () => {
  assert.is(new Hart().read('stimecmp'), ILLEGAL);
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  assert.is(hart.read('stimecmp'), 0n);
  hart.setPriv(R.PRIV_S);
  assert.is(hart.read('stimecmp'), ILLEGAL);
  hart.setField(R.MENVCFG, 1n << 63n);
  assert.is(hart.read('stimecmp'), ILLEGAL);
  hart.setField(R.MCOUNTEREN, 2n);
  assert.is(hart.read('stimecmp'), 0n);
});

sstc('STIP rises when time reaches stimecmp, falls when that is moved, and cannot be written', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  hart.write('stimecmp', 10n);
  hart.write('menvcfg', 1n << 63n);
  assert.is(hart.read('menvcfg'), 1n << 63n);
  hart.at(99n);
  assert.is(hart.read('mip'), 0n);
  hart.at(100n);
  assert.is(hart.read('mip'), 0x20n);
  hart.write('mip', 0n);
  assert.is(hart.read('mip'), 0x20n);
  hart.write('stimecmp', 11n);
  assert.is(hart.status, L.STATUS_EXIT);
  assert.is(hart.h.i32(hart.env + L.ENV_EXIT), 1, 'the run loop must look at the next event');
  assert.is(hart.read('mip'), 0n);
  hart.write('mip', 0x20n);
  assert.is(hart.read('mip'), 0n);
});

sstc('nextTimerTick is the first tick at which STIP is set', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_SSTC }));
  const next = () => hart.h.guest.nextTimerTick(hart.env) as bigint;
  hart.write('stimecmp', 1000n);
  assert.is(next(), -1n, 'menvcfg.STCE is 0');
  hart.write('menvcfg', 1n << 63n);
  for (const [nsPerTick, skipped] of [
    [10n, 0n],
    [7n, 3n],
    [100n, 99999n],
    [333n, 12345n],
  ] as const) {
    hart.h.setI64(L.GLOBAL_NS_PER_TICK, nsPerTick);
    hart.h.setI64(L.GLOBAL_SKIPPED_NS, skipped);
    hart.at(0n);
    const tick = next();
    assert.ok(tick > 0n);
    hart.at(tick - 1n);
    assert.is(hart.read('mip'), 0n);
    hart.at(tick);
    assert.is(hart.read('mip'), 0x20n);
    assert.is(next(), -1n, 'it rose already');
  }
  hart.write('stimecmp', ALL);
  assert.is(next(), -1n);
});

sstc.run();

const pmp = suite('riscv: PMP');

const NAPOT = 0x18n;
const TOR = 0x08n;
const NA4 = 0x10n;
const RWX = 7n;
const LOCK = 0x80n;

/** An S-mode hart whose entry 15 lets it access all of memory unless a lower entry says otherwise. */
function supervisor(entries: [config: bigint, address: bigint][]): Hart {
  const hart = new Hart();
  let config = 0n;
  entries.forEach(([bits, address], i) => {
    config |= bits << BigInt(8 * i);
    hart.h.guest.csr(hart.env, address >> 2n, BigInt(((0x3b0 + i) << 20) | 0x29073), 0n, 0);
  });
  hart.write('pmpcfg0', config);
  hart.setPriv(R.PRIV_S);
  return hart;
}

pmp('without any entry S-mode can access nothing and M-mode everything', () => {
  const h = new Harness();
  const env = h.hart(0);
  assert.is(h.load(env, RAM_BASE, 8), 0n);
  h.setI64(env + R.PRIV, 1n);
  h.guest.refresh(env);
  assert.equal(h.load(env, RAM_BASE, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: RAM_BASE });
  assert.is(h.guest.fetch(env, RAM_BASE), -1n);
  assert.equal(h.takePending(env), { cause: R.CAUSE_FETCH_ACCESS, tval: RAM_BASE });
});

pmp('NAPOT, NA4 and TOR bound what they match, also within a page', () => {
  const rows: [string, [bigint, bigint][], bigint, bigint][] = [
    ['NAPOT 8', [[NAPOT, RAM_BASE + 0x100n]], 0x100n, 0x108n],
    ['NAPOT 64', [[NAPOT, RAM_BASE + 0x100n + 0x1cn]], 0x100n, 0x140n],
    ['NA4', [[NA4, RAM_BASE + 0x104n]], 0x104n, 0x108n],
    [
      'TOR',
      [
        [0n, RAM_BASE + 0x200n],
        [TOR, RAM_BASE + 0x20cn],
      ],
      0x200n,
      0x20cn,
    ],
    ['NAPOT 8192', [[NAPOT, RAM_BASE + 0xffcn]], 0n, 0x2000n],
  ];
  for (const [name, entries, start, end] of rows) {
    const { h, env } = supervisor(entries);
    const loads = (offset: bigint, size: 1 | 4 | 8): boolean => typeof h.load(env, RAM_BASE + offset, size) === 'bigint';
    assert.not(loads(start, 1), name);
    assert.not(loads(end - 1n, 1), name);
    assert.not(loads(end - 4n, 8), `${name}: partly matched`);
    assert.ok(loads(end, 8), name);
    if (start) assert.ok(loads(start - 1n, 1), name);
    if (start) assert.not(loads(start - 4n, 8), `${name}: partly matched`);
  }
});

pmp('the first entry that matches decides, by R, W and X', () => {
  const { h, env } = supervisor([
    [NAPOT | 1n, RAM_BASE + 0x7fcn],
    [NAPOT | 4n, RAM_BASE + 0x1000n + 0x7fcn],
    [NAPOT | 3n, RAM_BASE + 0x1ffcn],
  ]);
  const allowed = (page: bigint): string => {
    const r = typeof h.load(env, RAM_BASE + page, 4) === 'bigint' ? 'r' : '-';
    const w = h.store(env, RAM_BASE + page, 0n, 4) === undefined ? 'w' : '-';
    const x = h.guest.fetch(env, RAM_BASE + page) === -1n ? '-' : 'x';
    h.takeStatus(env);
    return r + w + x;
  };
  assert.equal([0n, 0x1000n, 0x2000n, 0x4000n].map(allowed), ['r--', '--x', 'rw-', 'rwx']);
});

pmp('pages whose bytes differ never get into the TLB', () => {
  const { h, env } = supervisor([[NAPOT, RAM_BASE + 0x100n]]);
  assert.is(h.load(env, RAM_BASE, 8), 0n);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_READ), -1);
  assert.is(h.store(env, RAM_BASE + 0x108n, 5n, 8), undefined);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_WRITE), -1);
  assert.is(h.load(env, RAM_BASE + 0x108n, 8), 5n);
  assert.is(h.load(env, RAM_BASE + 0x1000n, 8), 0n);
  assert.is(h.fastPath(env, RAM_BASE + 0x1000n, 8, L.TLB_READ), h.ram(RAM_BASE + 0x1000n));
});

pmp('M-mode ignores entries unless they are locked', () => {
  const open = supervisor([[NAPOT, RAM_BASE + 0x7fcn]]);
  open.setPriv(R.PRIV_M);
  assert.is(open.h.load(open.env, RAM_BASE, 8), 0n);
  const locked = supervisor([[NAPOT | LOCK | 1n, RAM_BASE + 0x7fcn]]);
  locked.setPriv(R.PRIV_M);
  assert.is(locked.h.load(locked.env, RAM_BASE, 8), 0n);
  assert.equal(locked.h.store(locked.env, RAM_BASE, 0n, 8), { cause: R.CAUSE_STORE_ACCESS, tval: RAM_BASE });
});

pmp('a locked entry keeps its configuration and address, and that of the entry below a TOR', () => {
  const hart = new Hart();
  hart.write('pmpaddr0', 0x1000n);
  hart.write('pmpcfg0', ((TOR | LOCK | RWX) << 8n) | NAPOT);
  assert.is(hart.warl('pmpcfg0', 0n), (TOR | LOCK | RWX) << 8n);
  assert.is(hart.warl('pmpaddr0', 0x2000n), 0x1000n);
});

pmp('the configuration has no reserved bits, and no W without R', () => {
  const hart = new Hart();
  assert.is(hart.warl('pmpcfg0', 0x60n), 0n);
  assert.is(hart.warl('pmpcfg0', NAPOT | 2n), NAPOT);
  assert.is(hart.warl('pmpcfg0', NAPOT | 3n), NAPOT | 3n);
});

pmp('a change applies at once to what is cached, loads and fetches', () => {
  const hart = supervisor([]);
  hart.h.load(hart.env, RAM_BASE, 8);
  const context = hart.h.i32(hart.env + L.ENV_CONTEXT);
  hart.setPriv(R.PRIV_M);
  hart.write('pmpaddr0', (RAM_BASE + 0x7fcn) >> 2n);
  hart.write('pmpcfg0', NAPOT);
  hart.setPriv(R.PRIV_S);
  assert.equal(hart.h.load(hart.env, RAM_BASE, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: RAM_BASE });
  assert.is.not(hart.h.i32(hart.env + L.ENV_CONTEXT), context);
});

pmp('page tables that S-mode may not read are an access fault', () => {
  const hart = supervisor([[NAPOT, pageAt(64) + 0x7fcn]]);
  const tables = new PageTables(hart.h);
  tables.map(0x1000n, pageAt(300));
  tables.enter(hart.env, R.PRIV_S);
  assert.equal(hart.h.load(hart.env, 0x1000n, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: 0x1000n });
});

pmp.run();

const atomics = suite('riscv: atomics');

const AMO = { add: 0x00, swap: 0x01, xor: 0x04, or: 0x08, and: 0x0c, min: 0x10, max: 0x14, minu: 0x18, maxu: 0x1c };

atomics('every AMO gives the old value, sign-extended, and stores the new one', () => {
  const hart = new Hart();
  const rows: [keyof typeof AMO, bigint, bigint, bigint][] = [
    ['add', 0x7fffffffn, 1n, 0x80000000n],
    ['swap', 5n, 9n, 9n],
    ['xor', 0xffn, 0x0fn, 0xf0n],
    ['or', 0xf0n, 0x0fn, 0xffn],
    ['and', 0xffn, 0x3cn, 0x3cn],
    ['min', 0xffffffffn, 1n, 0xffffffffn],
    ['max', 0xffffffffn, 1n, 1n],
    ['minu', 0xffffffffn, 1n, 1n],
    ['maxu', 0xffffffffn, 1n, 0xffffffffn],
  ];
  for (const [name, old, operand, now] of rows) {
    const wide = (x: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(32, x));
    hart.h.store(hart.env, RAM_BASE, old, 4);
    assert.is(hart.call('amo', RAM_BASE, operand | (0x5an << 32n), (AMO[name] << 4) | 4), BigInt.asIntN(32, old), name);
    assert.is(hart.h.load(hart.env, RAM_BASE, 8), now, `${name}: the next word is left alone`);
    hart.h.store(hart.env, RAM_BASE + 8n, wide(old), 8);
    assert.is(hart.call('amo', RAM_BASE + 8n, operand, (AMO[name] << 4) | 8), BigInt.asIntN(64, wide(old)), name);
    if (name !== 'add' && name !== 'xor' && name !== 'or' && name !== 'and')
      assert.is(hart.h.load(hart.env, RAM_BASE + 8n, 8), wide(now), name);
  }
});

atomics('misaligned AMOs, LR and SC trap', () => {
  const hart = new Hart();
  assert.equal(hart.call('amo', RAM_BASE + 4n, 0n, 8), { cause: R.CAUSE_MISALIGNED_STORE, tval: RAM_BASE + 4n });
  assert.equal(hart.call('lr', RAM_BASE + 2n, 0n, 4), { cause: R.CAUSE_MISALIGNED_LOAD, tval: RAM_BASE + 2n });
  assert.equal(hart.call('sc', RAM_BASE + 2n, 0n, 4), { cause: R.CAUSE_MISALIGNED_STORE, tval: RAM_BASE + 2n });
});

atomics('an AMO on a read-only page is a store fault, on a table page it is tracked, on a device a read and a write', () => {
  const hart = new Hart();
  const tables = new PageTables(hart.h);
  tables.map(0x1000n, pageAt(300), PTE_ALL & ~4);
  const entry = tables.map(0x2000n, pageAt(301));
  tables.map(0x3000n, entry & ~0xfffn);
  tables.map(0x4000n, DEVICE_BASE);
  tables.enter(hart.env, R.PRIV_S);
  assert.equal(hart.call('amo', 0x1000n, 0n, 8), { cause: R.CAUSE_STORE_PAGE, tval: 0x1000n });
  hart.h.load(hart.env, 0x2000n, 8);
  const old = hart.h.i64(hart.h.ram(entry));
  assert.is(hart.call('amo', 0x3000n + (entry & 0xfffn), 0n, (AMO.swap << 4) | 8), old);
  assert.equal(hart.h.load(hart.env, 0x2000n, 8), { cause: R.CAUSE_LOAD_PAGE, tval: 0x2000n });
  hart.h.deviceValue = { low: 3, high: 0 };
  assert.is(hart.call('amo', 0x4000n, 4n, 4), 3n);
  assert.equal(hart.h.calls, [
    { kind: 'read', paddr: Number(DEVICE_BASE), size: 4 },
    { kind: 'write', paddr: Number(DEVICE_BASE), size: 4, low: 7, high: 0 },
  ]);
});

atomics('SC stores once after an LR of the same address and size', () => {
  const hart = new Hart();
  hart.h.store(hart.env, RAM_BASE, 0xffffffffffffffffn, 8);
  assert.is(hart.call('sc', RAM_BASE, 1n, 8), 1n, 'nothing reserved');
  assert.is(hart.call('lr', RAM_BASE, 0n, 4), -1n);
  assert.is(hart.call('sc', RAM_BASE, 1n, 4), 0n);
  assert.is(hart.h.load(hart.env, RAM_BASE, 8), 0xffffffff00000001n);
  assert.is(hart.call('sc', RAM_BASE, 2n, 4), 1n, 'the reservation is gone');
  hart.call('lr', RAM_BASE, 0n, 8);
  assert.is(hart.call('sc', RAM_BASE + 8n, 2n, 8), 1n, 'another address');
  assert.is(hart.call('sc', RAM_BASE, 2n, 8), 1n, 'which cleared the reservation');
  hart.call('lr', RAM_BASE, 0n, 8);
  assert.is(hart.call('sc', RAM_BASE, 2n, 4), 1n, 'another size');
  hart.call('lr', RAM_BASE, 0n, 8);
  hart.trap(R.CAUSE_BREAKPOINT);
  assert.is(hart.call('sc', RAM_BASE, 2n, 8), 1n, 'a trap came between');
});

atomics('SC that succeeds on a table page is tracked; an unmapped address fails without a fault when nothing is reserved', () => {
  const hart = new Hart();
  const tables = new PageTables(hart.h);
  const entry = tables.map(0x2000n, pageAt(301));
  tables.map(0x3000n, entry & ~0xfffn);
  tables.enter(hart.env, R.PRIV_S);
  hart.h.load(hart.env, 0x2000n, 8);
  const alias = 0x3000n + (entry & 0xfffn);
  hart.call('lr', alias, 0n, 8);
  assert.is(hart.call('sc', alias, 0n, 8), 0n);
  assert.equal(hart.h.load(hart.env, 0x2000n, 8), { cause: R.CAUSE_LOAD_PAGE, tval: 0x2000n });
  assert.is(hart.call('sc', 0x2000n, 0n, 8), 1n);
  assert.equal(hart.call('lr', 0x2000n, 0n, 8), { cause: R.CAUSE_LOAD_PAGE, tval: 0x2000n });
});

atomics.run();

const blocks = suite('riscv: cache blocks');

const cboInsn = (operation: number): bigint => BigInt((operation << 20) | 0x0005200f);

blocks('cbo.zero clears the block around its address; the others leave memory alone', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_CBO }));
  for (let i = 0n; i < 24n; i++) hart.h.store(hart.env, RAM_BASE + 8n * i, ALL, 8);
  for (const operation of [0, 1, 2]) assert.is(hart.call('cbo', RAM_BASE + 0x47n, cboInsn(operation)), 0n);
  assert.is(hart.h.load(hart.env, RAM_BASE + 0x40n, 8), ALL);
  assert.is(hart.call('cbo', RAM_BASE + 0x47n, cboInsn(4)), 0n);
  for (let i = 0n; i < 24n; i++) assert.is(hart.h.load(hart.env, RAM_BASE + 8n * i, 8), i >= 8n && i < 16n ? 0n : ALL);
});

blocks('menvcfg and senvcfg enable them below M-mode; faults are those of stores', () => {
  const hart = new Hart(new Harness({ options: R.OPTION_CBO }));
  const illegal = { cause: R.CAUSE_ILLEGAL, tval: 0n };
  const attempt = (operation: number) => hart.call('cbo', RAM_BASE, cboInsn(operation));
  for (const [operation, bits] of [
    [0, 0x10n],
    [1, 0x40n],
    [2, 0x40n],
    [4, 0x80n],
  ] as const) {
    hart.setPriv(R.PRIV_M);
    hart.write('menvcfg', 0n);
    hart.write('senvcfg', 0n);
    hart.setPriv(R.PRIV_S);
    assert.equal(attempt(operation), illegal);
    hart.setField(R.MENVCFG, bits);
    assert.is(attempt(operation), 0n);
    hart.setPriv(R.PRIV_U);
    assert.equal(attempt(operation), illegal);
    hart.setField(R.SENVCFG, bits);
    assert.is(attempt(operation), 0n);
  }
  hart.setPriv(R.PRIV_M);
  const tables = new PageTables(hart.h);
  tables.enter(hart.env, R.PRIV_S);
  hart.setField(R.MENVCFG, 0xd0n);
  for (const operation of [0, 1, 2, 4]) {
    assert.equal(hart.call('cbo', 0x1234n, cboInsn(operation)), { cause: R.CAUSE_STORE_PAGE, tval: 0x1234n });
  }
});

blocks('without the option they are illegal', () => {
  const hart = new Hart();
  assert.equal(hart.call('cbo', RAM_BASE, cboInsn(4)), { cause: R.CAUSE_ILLEGAL, tval: 0n });
});

blocks.run();
