import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../../lib/isa/riscv/layout.js';
import * as L from '../../../lib/mem/layout.js';
import { PageTables, PTE_ALL, PTE_D, pageAt, pte } from '../../support/page-tables.js';
import { Hart } from '../../support/riscv-hart.js';
import { Harness, RAM_BASE } from '../../support/wasm-harness.js';

const pmp = suite('riscv: PMP');

const NAPOT = 0x18n;
const TOR = 0x08n;
const NA4 = 0x10n;
const RWX = 7n;
const LOCK = 0x80n;

/** An S-mode hart whose entry 15 lets it access all of memory unless a lower entry says otherwise. */
function supervisor(entries: [config: bigint, address: bigint][], harness = new Harness()): Hart {
  const hart = new Hart(harness);
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

pmp('an access that the first matching entry covers in part fails, whatever the entry allows', () => {
  const { h, env } = supervisor([[NAPOT | RWX, RAM_BASE + 0x100n]]);
  assert.is(h.load(env, RAM_BASE + 0x100n, 8), 0n);
  assert.is(h.load(env, RAM_BASE + 0x108n, 8), 0n);
  assert.equal(h.load(env, RAM_BASE + 0x104n, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: RAM_BASE + 0x104n });
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

pmp('registers that are written from outside apply after a refresh', () => {
  const { h, env } = supervisor([]);
  assert.is(h.load(env, RAM_BASE, 8), 0n);
  h.view.setUint8(env + R.PMPCFG + 15, 0x1e);
  h.guest.refresh(env);
  assert.equal(h.load(env, RAM_BASE, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: RAM_BASE });
});

pmp('a walk that would set A or D in a table that S-mode may not write is an access fault', () => {
  const hart = supervisor([[NAPOT | 1n, pageAt(64) + 0x7fffn - 3n]], new Harness({ options: R.OPTION_SVADU }));
  const tables = new PageTables(hart.h);
  const entry = tables.map(0x1000n, pageAt(300), PTE_ALL & ~PTE_D);
  tables.enter(hart.env, R.PRIV_S);
  assert.is(hart.h.load(hart.env, 0x1000n, 8), 0n);
  assert.equal(hart.h.store(hart.env, 0x1000n, 1n, 8), { cause: R.CAUSE_STORE_ACCESS, tval: 0x1000n });
  assert.is(hart.h.i64(hart.h.ram(entry)), pte(pageAt(300), PTE_ALL & ~PTE_D));
});

pmp('page tables that S-mode may not read are an access fault', () => {
  const hart = supervisor([[NAPOT, pageAt(64) + 0x7fcn]]);
  const tables = new PageTables(hart.h);
  tables.map(0x1000n, pageAt(300));
  tables.enter(hart.env, R.PRIV_S);
  assert.equal(hart.h.load(hart.env, 0x1000n, 8), { cause: R.CAUSE_LOAD_ACCESS, tval: 0x1000n });
});

pmp.run();
