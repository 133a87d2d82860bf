import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../../lib/isa/riscv/layout.js';
import * as L from '../../../lib/mem/layout.js';
import { pageAt } from '../../support/page-tables.js';
import { ALL, type CsrName, Hart, ILLEGAL } from '../../support/riscv-hart.js';
import { Harness, RAM_BASE } from '../../support/wasm-harness.js';

const reset = suite('riscv: reset and registers');

reset('a reset hart is in M-mode with interrupts off, nothing delegated and untranslated fetches', () => {
  const hart = new Hart();
  assert.is(hart.pc, RAM_BASE);
  assert.is(hart.field(R.PRIV), 3n);
  assert.is(hart.read('mstatus'), 0xa00000000n);
  assert.is(hart.read('misa'), 0x800000000014112dn);
  for (const name of ['mie', 'medeleg', 'mideleg', 'satp', 'mcounteren', 'menvcfg', 'mcause', 'mtvec'] as const)
    assert.is(hart.read(name), 0n, name);
  assert.is(hart.h.i32(hart.env + L.ENV_FLAGS), R.FLAG_FIXED_PC | R.FLAG_MACHINE);
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

float('turning FS on leaves translated code also where the new context takes over the record of the old one', () => {
  const hart = new Hart();
  hart.setPriv(R.PRIV_S);
  const space = (n: number) => (8n << 60n) | BigInt(n);
  for (let n = 1; n <= L.CONTEXTS; n++) hart.write('satp', space(n));
  // Back in the oldest of the remembered contexts, whose record is the next to be used.
  hart.write('satp', space(1));
  hart.set('sstatus', 1n << 13n);
  assert.is(hart.h.i32(hart.env + L.ENV_FLAGS) & R.FLAG_FS, 1);
  assert.is(hart.status, L.STATUS_EXIT);
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
