import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../../lib/isa/riscv/layout.js';
import { PageTables, PTE_ALL, pageAt } from '../../support/page-tables.js';
import { ALL, Hart } from '../../support/riscv-hart.js';
import { DEVICE_BASE, Harness, RAM_BASE } from '../../support/wasm-harness.js';

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
