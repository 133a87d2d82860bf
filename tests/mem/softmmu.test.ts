import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../lib/isa/riscv/layout.js';
import * as L from '../../lib/mem/layout.js';
import { openPmp, PageTables, PTE_A, PTE_ALL, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, pageAt, pte } from '../support/page-tables.js';
import { DEVICE_BASE, Harness, HOLE_BASE, RAM_BASE, ROM_BASE, type Trap } from '../support/wasm-harness.js';

const LOAD_ACCESS = 5;
const STORE_ACCESS = 7;
const LOAD_PAGE = 13;
const STORE_PAGE = 15;
const VA = 0x4000_0000n;

const trap = (cause: number, tval: bigint): Trap => ({ cause, tval });

/** A harness whose harts run in S-mode on page tables of `levels` levels. */
function paged(options: { harts?: number; levels?: 3 | 4; options?: number } = {}) {
  const h = new Harness(options);
  const tables = new PageTables(h, { levels: options.levels ?? 3 });
  const envs = Array.from({ length: options.harts ?? 1 }, (_, i) => h.hart(i));
  for (const env of envs) {
    openPmp(h, env);
    tables.enter(env, R.PRIV_S);
  }
  return { h, tables, env: envs[0], envs };
}

function setStatus(h: Harness, env: number, set: number, clear = 0): void {
  h.setI64(env + R.MSTATUS, (h.i64(env + R.MSTATUS) & ~BigInt(clear)) | BigInt(set));
  h.guest.refresh(env);
}

const bare = suite('soft-MMU: untranslated accesses');

bare('loads see what stores of every size wrote, zero-extended, aligned or not', () => {
  const h = new Harness();
  const env = h.hart(0);
  for (const size of [1, 2, 4, 8] as const) {
    for (let offset = 0; offset < 9; offset++) {
      const at = RAM_BASE + 0x100n + BigInt(offset);
      const value = 0xf1e2d3c4b5a69788n & ((1n << BigInt(8 * size)) - 1n);
      assert.is(h.store(env, at, value, size), undefined);
      assert.is(h.load(env, at, size), value, `${size} bytes at +${offset}`);
    }
  }
});

bare('the first load of a page fills the TLB, the next takes the fast path', () => {
  const h = new Harness();
  const env = h.hart(0);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_READ), -1);
  h.load(env, RAM_BASE, 8);
  assert.is(h.fastPath(env, RAM_BASE + 0xff8n, 8, L.TLB_READ), h.ram(RAM_BASE + 0xff8n));
  assert.is(h.fastPath(env, RAM_BASE + 0xff9n, 8, L.TLB_READ), -1, 'misaligned');
  assert.is(h.i32(env + L.ENV_STAT_FILLS), 1);
});

bare('a load does not open the write tag of a clean page; its first store marks it dirty and does', () => {
  const h = new Harness();
  const env = h.hart(0);
  h.load(env, RAM_BASE, 4);
  assert.is(h.fastPath(env, RAM_BASE, 4, L.TLB_WRITE), -1);
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_FLAGS), 0);
  h.store(env, RAM_BASE, 1n, 4);
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_FLAGS), L.FRAME_DIRTY);
  assert.is(h.fastPath(env, RAM_BASE, 4, L.TLB_WRITE), h.ram(RAM_BASE));
});

bare('cleanPages closes the write tags, in every bank', () => {
  const h = new Harness();
  const env = h.hart(0);
  openPmp(h, env);
  h.store(env, RAM_BASE, 1n, 4);
  const machineEntry = h.entry(env, RAM_BASE, L.TLB_WRITE);
  h.setI64(env + R.PRIV, 0n);
  h.guest.refresh(env);
  h.store(env, RAM_BASE, 2n, 4);
  assert.is.not(h.entry(env, RAM_BASE, L.TLB_WRITE), machineEntry);
  assert.is(h.i64(machineEntry + L.TLB_TAG), BigInt(RAM_BASE));
  h.mmu.cleanPages();
  assert.is.not(h.i64(machineEntry + L.TLB_TAG), BigInt(RAM_BASE));
  assert.is(h.fastPath(env, RAM_BASE, 4, L.TLB_WRITE), -1);
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_FLAGS), 0);
  h.store(env, RAM_BASE, 3n, 4);
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_FLAGS), L.FRAME_DIRTY);
});

bare('a page may be written through many entries, and all are closed at once', () => {
  const { h, tables, env } = paged();
  const pages = [0n, 1n, 2n, 3n].map((i) => VA + i * 4096n);
  for (const page of pages) tables.map(page, pageAt(200));
  for (const page of pages) h.store(env, page, 1n, 8);
  for (const page of pages) assert.is(h.fastPath(env, page, 8, L.TLB_WRITE), h.ram(pageAt(200)));
  h.mmu.dropPage(pages[1]);
  assert.is(h.fastPath(env, pages[1], 8, L.TLB_WRITE), -1);
  h.mmu.closeWriter(200);
  for (const page of pages) assert.is(h.fastPath(env, page, 8, L.TLB_WRITE), -1);
  assert.is(h.i32(h.frame(pageAt(200)) + L.FRAME_WRITER), 0);
});

bare('an access across two pages reads and writes both', () => {
  const h = new Harness();
  const env = h.hart(0);
  for (let offset = 1; offset < 8; offset++) {
    const at = RAM_BASE + 0x1000n - BigInt(offset);
    h.store(env, at, 0x1122334455667788n + BigInt(offset), 8);
    assert.is(h.load(env, at, 8), 0x1122334455667788n + BigInt(offset));
    assert.is(h.view.getBigUint64(h.ram(at), true), 0x1122334455667788n + BigInt(offset));
  }
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_FLAGS), L.FRAME_DIRTY);
  assert.is(h.i32(h.frame(RAM_BASE + 0x1000n) + L.FRAME_FLAGS), L.FRAME_DIRTY);
});

bare('ROM can be read; a store to it changes nothing and does not fault', () => {
  const h = new Harness();
  const env = h.hart(0);
  h.setI64(h.romHost, 0x1234n);
  assert.is(h.load(env, ROM_BASE, 8), 0x1234n);
  assert.is(h.store(env, ROM_BASE, 5n, 8), undefined);
  assert.is(h.store(env, ROM_BASE, 5n, 8), undefined);
  assert.is(h.load(env, ROM_BASE, 8), 0x1234n);
});

/** Watches the bytes `first` to `last` of physical memory for stores. */
function watchPhysical(h: Harness, first: bigint, last: bigint): void {
  h.setI64(L.GLOBAL_WATCH_RANGES_PHYSICAL + L.WATCH_RANGE_FIRST, first);
  h.setI64(L.GLOBAL_WATCH_RANGES_PHYSICAL + L.WATCH_RANGE_LAST, last);
  h.setI32(L.GLOBAL_WATCH_RANGES_PHYSICAL + L.WATCH_RANGE_KINDS, L.WATCH_WRITE);
  h.setI32(L.GLOBAL_WATCH_PHYSICAL, 1);
  h.setI32(L.GLOBAL_WATCHING, 1);
}

bare('no access to a watched page takes the fast path, and stores to the watched bytes are noted', () => {
  const h = new Harness();
  const env = h.hart(0);
  watchPhysical(h, RAM_BASE + 8n, RAM_BASE + 9n);
  for (let i = 0; i < 2; i++) {
    h.store(env, RAM_BASE, 7n, 8);
    assert.is(h.load(env, RAM_BASE, 8), 7n);
    assert.is(h.load(env, RAM_BASE + 8n, 8), 0n);
    assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_READ), -1);
    assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_WRITE), -1);
    h.store(env, RAM_BASE + 10n, 0n, 8);
  }
  assert.is(h.i32(L.GLOBAL_WATCH_HITS), 0);
  h.store(env, RAM_BASE + 2n, 0n, 8);
  assert.is(h.i32(L.GLOBAL_WATCH_HITS), 1);
  assert.is(h.i64(L.GLOBAL_WATCH_NOTES + L.WATCH_NOTE_ADDRESS), RAM_BASE + 2n);
  assert.is(h.takeStatus(env), L.STATUS_EXIT);
});

bare('hashFrame tells pages apart and depends on nothing but their contents', () => {
  const h = new Harness();
  assert.is(h.mmu.hashFrame(1), h.mmu.hashFrame(2));
  h.view.setUint8(h.ram(pageAt(2)) + 4095, 1);
  assert.is.not(h.mmu.hashFrame(1), h.mmu.hashFrame(2));
  h.view.setUint8(h.ram(pageAt(1)) + 4095, 1);
  assert.is(h.mmu.hashFrame(1), h.mmu.hashFrame(2));
});

bare('frameDigest is 0 for a page of zeros, and blankDigest counts these', () => {
  const h = new Harness();
  assert.is(h.mmu.frameDigest(1), 0n);
  h.view.setUint8(h.ram(pageAt(1)) + 77, 1);
  assert.is.not(h.mmu.frameDigest(1), 0n);
  const [none, one, two] = [0, 1, 2].map((frames) => BigInt(h.mmu.blankDigest(frames)));
  assert.is(none, 0n);
  assert.is.not(one, 0n);
  assert.is.not(two, one * 2n);
});

bare('hashFrame is XXH64 of the page, seed 0', () => {
  const h = new Harness();
  assert.is(BigInt.asUintN(64, BigInt(h.mmu.hashFrame(0))), 12431794723299572699n);
  for (let i = 0; i < 4096; i++) h.view.setUint8(h.ram(RAM_BASE) + i, i * 7 + (i >> 8));
  assert.is(BigInt.asUintN(64, BigInt(h.mmu.hashFrame(0))), 3395878889899657302n);
});

bare.run();

const devices = suite('soft-MMU: devices');

devices('a load and a store reach the device with their size and physical address', () => {
  const h = new Harness();
  const env = h.hart(0);
  h.deviceValue = { low: -1, high: 0x1234 };
  assert.is(h.load(env, DEVICE_BASE + 5n, 1), 0xffn);
  assert.is(h.load(env, DEVICE_BASE + 8n, 8), 0x1234ffffffffn);
  assert.is(h.store(env, DEVICE_BASE + 4n, 0x1_8000_0001n, 4), undefined);
  assert.is(h.store(env, DEVICE_BASE + 8n, 0x1122334455667788n, 8), undefined);
  assert.equal(h.calls, [
    { kind: 'read', paddr: Number(DEVICE_BASE) + 5, size: 1 },
    { kind: 'read', paddr: Number(DEVICE_BASE) + 8, size: 8 },
    { kind: 'write', paddr: Number(DEVICE_BASE) + 4, size: 4, low: -0x7fffffff, high: 1 },
    { kind: 'write', paddr: Number(DEVICE_BASE) + 8, size: 8, low: 0x55667788, high: 0x11223344 },
  ]);
});

devices('an address that nothing answers is an access fault', () => {
  const h = new Harness();
  const env = h.hart(0);
  assert.equal(h.load(env, HOLE_BASE, 4), trap(LOAD_ACCESS, HOLE_BASE));
  assert.equal(h.store(env, HOLE_BASE + 4n, 0n, 4), trap(STORE_ACCESS, HOLE_BASE + 4n));
});

devices('a misaligned access, or one that runs from memory into a device, is an access fault', () => {
  const h = new Harness();
  const env = h.hart(0);
  assert.equal(h.load(env, DEVICE_BASE + 1n, 2), trap(LOAD_ACCESS, DEVICE_BASE + 1n));
  assert.equal(h.store(env, DEVICE_BASE + 2n, 0n, 4), trap(STORE_ACCESS, DEVICE_BASE + 2n));
  assert.equal(h.load(env, ROM_BASE + 0xffen, 4), trap(LOAD_ACCESS, ROM_BASE + 0x1000n));
  assert.equal(h.store(env, RAM_BASE - 2n, 0n, 4), trap(STORE_ACCESS, RAM_BASE - 2n));
  assert.equal(h.calls, []);
});

devices('a device that wants attention makes translated code leave', () => {
  const h = new Harness();
  const env = h.hart(0);
  h.setI32(env + L.ENV_POLL, 0);
  h.store(env, DEVICE_BASE, 0n, 4);
  assert.is(h.takeStatus(env), L.STATUS_NONE);
  h.deviceLeaves = 1;
  h.store(env, DEVICE_BASE, 0n, 4);
  assert.is(h.takeStatus(env), L.STATUS_EXIT);
  assert.is(h.i32(env + L.ENV_POLL), 1);
  h.load(env, DEVICE_BASE, 4);
  assert.is(h.takeStatus(env), L.STATUS_EXIT, 'a read while ENV_POLL is set');
});

devices.run();

const paging = suite('soft-MMU: translated accesses');

paging('Sv39 and Sv48 translate pages and superpages of every level', () => {
  for (const levels of [3, 4] as const) {
    const { h, tables, env } = paged({ levels });
    tables.map(VA, pageAt(300));
    tables.map(-4096n, pageAt(301));
    tables.map(VA + 0x200000n, RAM_BASE, PTE_ALL, 1);
    tables.map(VA + 0x40000000n, RAM_BASE, PTE_ALL, 2);
    h.store(env, VA + 8n, 1n, 8);
    h.store(env, -8n, 2n, 8);
    h.store(env, VA + 0x200000n + 0x12f008n, 3n, 8);
    h.store(env, VA + 0x40000000n + 0x1ff010n, 4n, 8);
    assert.is(h.i64(h.ram(pageAt(300)) + 8), 1n);
    assert.is(h.i64(h.ram(pageAt(301)) + 0xff8), 2n);
    assert.is(h.i64(h.ram(RAM_BASE + 0x12f008n)), 3n);
    assert.is(h.i64(h.ram(RAM_BASE + 0x1ff010n)), 4n);
    assert.is(h.load(env, VA + 0x40000000n + 0x12f008n, 8), 3n);
  }
  const { h, tables, env } = paged({ levels: 4 });
  tables.map(1n << 39n, 0n, PTE_ALL, 3);
  assert.is(h.store(env, (1n << 39n) + RAM_BASE + 16n, 9n, 8), undefined);
  assert.is(h.i64(h.ram(RAM_BASE + 16n)), 9n);
});

paging('an address that is not sign-extended from its top bit is a page fault', () => {
  for (const [levels, top] of [
    [3, 1n << 38n],
    [4, 1n << 47n],
  ] as const) {
    const { h, tables, env } = paged({ levels });
    tables.map(top - 4096n, pageAt(300));
    tables.map(-top, pageAt(301));
    assert.is(h.load(env, top - 8n, 8), 0n);
    assert.is(h.load(env, -top, 8), 0n);
    assert.equal(h.load(env, top, 8), trap(LOAD_PAGE, top));
    assert.equal(h.store(env, -top - 8n, 1n, 8), trap(STORE_PAGE, BigInt.asUintN(64, -top - 8n)));
    assert.equal(h.load(env, top - 4n, 8), trap(LOAD_PAGE, top), 'tval is the second page');
  }
});

paging('permissions: R, W, X, U, SUM and MXR', () => {
  const AD = PTE_V | PTE_A | PTE_D;
  const { h, tables, env } = paged();
  const at = (i: number) => VA + BigInt(i) * 4096n;
  const flags = [PTE_R, PTE_R | PTE_W, PTE_X, PTE_R | PTE_X, PTE_R | PTE_U, PTE_R | PTE_W | PTE_U, PTE_X | PTE_U];
  flags.forEach((flag, i) => {
    tables.map(at(i), pageAt(300 + i), AD | flag);
  });
  const allowed = (): string =>
    flags
      .map((_, i) => {
        const r = typeof h.load(env, at(i), 4) === 'bigint' ? 'r' : '-';
        const w = h.store(env, at(i), 0n, 4) === undefined ? 'w' : '-';
        const x = h.guest.fetch(env, at(i)) === -1n ? '-' : 'x';
        h.takeStatus(env);
        return r + w + x;
      })
      .join(' ');
  assert.is(allowed(), 'r-- rw- --x r-x --- --- ---');
  setStatus(h, env, R.STATUS_SUM);
  assert.is(allowed(), 'r-- rw- --x r-x r-- rw- ---');
  setStatus(h, env, R.STATUS_MXR);
  assert.is(allowed(), 'r-- rw- r-x r-x r-- rw- r--');
  setStatus(h, env, 0, R.STATUS_SUM);
  assert.is(allowed(), 'r-- rw- r-x r-x --- --- ---');
  tables.enter(env, R.PRIV_U);
  assert.is(allowed(), '--- --- --- --- r-- rw- r-x');
  setStatus(h, env, 0, R.STATUS_MXR);
  assert.is(allowed(), '--- --- --- --- r-- rw- --x');
});

paging('MPRV makes M-mode load and store with the privilege in MPP, not fetch', () => {
  const { h, tables, env } = paged();
  tables.map(VA, pageAt(300), PTE_ALL | PTE_U);
  h.setI64(h.ram(pageAt(300)), 77n);
  tables.enter(env, R.PRIV_M);
  assert.is(h.load(env, RAM_BASE, 8), 0n);
  setStatus(h, env, R.STATUS_MPRV);
  assert.is(h.load(env, VA, 8), 77n, 'MPP = U');
  assert.equal(h.load(env, RAM_BASE, 8), trap(LOAD_PAGE, RAM_BASE));
  setStatus(h, env, 1 << 11);
  assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA), 'MPP = S, SUM = 0');
  setStatus(h, env, 3 << 11);
  assert.is(h.load(env, RAM_BASE, 8), 0n, 'MPP = M');
  assert.is(h.guest.fetch(env, RAM_BASE + 4n), RAM_BASE + 4n);
});

paging('entries with reserved encodings or bits, misaligned superpages and pointers at the last level are page faults', () => {
  const { h, tables, env } = paged();
  const bad = (entry: bigint, level: number): void => {
    const { h, tables, env } = paged();
    h.setI64(h.ram(tables.entry(VA, level)), entry);
    assert.equal(h.load(env, VA, 4), trap(LOAD_PAGE, VA), entry.toString(16));
    assert.equal(h.store(env, VA, 0n, 4), trap(STORE_PAGE, VA));
  };
  bad(pte(pageAt(300), PTE_ALL & ~PTE_V), 0);
  bad(pte(pageAt(300), PTE_V | PTE_W | PTE_A | PTE_D), 0);
  bad(pte(pageAt(300), PTE_V | PTE_W | PTE_X | PTE_A | PTE_D), 0);
  for (let bit = 54n; bit < 64n; bit++) bad(pte(pageAt(300), PTE_ALL) | (1n << bit), 0);
  bad(pte(RAM_BASE + 0x1000n, PTE_ALL), 1);
  bad(pte(RAM_BASE + 0x200000n, PTE_ALL), 2);
  bad(pte(pageAt(300), PTE_V), 0);
  for (const flag of [PTE_A, PTE_D, PTE_U]) bad(pte(pageAt(300), PTE_V | flag), 1);
  tables.map(VA, pageAt(300));
  assert.is(h.load(env, VA, 4), 0n);
});

paging('a table outside memory is an access fault', () => {
  const { h, tables, env } = paged();
  h.setI64(h.ram(tables.entry(VA, 1)), pte(HOLE_BASE, PTE_V));
  assert.equal(h.load(env, VA, 4), trap(LOAD_ACCESS, VA));
  assert.equal(h.store(env, VA, 0n, 4), trap(STORE_ACCESS, VA));
});

paging('without Svadu an access that would set A or D faults; setting them in memory is enough', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300), PTE_ALL & ~(PTE_A | PTE_D));
  assert.equal(h.load(env, VA, 4), trap(LOAD_PAGE, VA));
  h.mmu.storePhysical(entry, pte(pageAt(300), PTE_ALL & ~PTE_D), 8);
  assert.is(h.load(env, VA, 4), 0n);
  assert.equal(h.store(env, VA, 1n, 4), trap(STORE_PAGE, VA));
  h.mmu.storePhysical(entry, pte(pageAt(300), PTE_ALL), 8);
  assert.is(h.store(env, VA, 1n, 4), undefined);
});

paging('with menvcfg.ADUE the walk sets A, and D for stores, and the page of the table becomes dirty', () => {
  const { h, tables, env } = paged({ options: R.OPTION_SVADU });
  const entry = tables.map(VA, pageAt(300), PTE_ALL & ~(PTE_A | PTE_D));
  assert.is(h.load(env, VA, 4), 0n);
  assert.is(h.i64(h.ram(entry)), pte(pageAt(300), PTE_ALL & ~PTE_D));
  assert.is(h.i32(h.frame(entry) + L.FRAME_FLAGS), L.FRAME_DIRTY);
  assert.is(h.store(env, VA, 1n, 4), undefined);
  assert.is(h.i64(h.ram(entry)), pte(pageAt(300), PTE_ALL));
});

paging('an access across pages faults before it changes anything, with the address of the page at fault', () => {
  const { h, tables, env } = paged();
  tables.map(VA, pageAt(300));
  tables.map(VA + 0x2000n, pageAt(302));
  h.setI64(h.ram(pageAt(300)) + 0xff8, -1n);
  assert.equal(h.store(env, VA + 0xffcn, 0n, 8), trap(STORE_PAGE, VA + 0x1000n));
  assert.is(h.i64(h.ram(pageAt(300)) + 0xff8), -1n);
  assert.equal(h.load(env, VA + 0xffcn, 8), trap(LOAD_PAGE, VA + 0x1000n));
  assert.equal(h.load(env, VA + 0x1ffen, 4), trap(LOAD_PAGE, VA + 0x1ffen));
  tables.map(VA + 0x1000n, pageAt(310));
  h.store(env, VA + 0xffcn, 0x1122334455667788n, 8);
  assert.is(h.i64(h.ram(pageAt(300)) + 0xff8), 0x55667788ffffffffn);
  assert.is(h.i32(h.ram(pageAt(310))), 0x11223344);
});

paging.run();

const tracking = suite('soft-MMU: stores that something depends on');

tracking('a store to translated code is told to the host by 64-byte granule, and leaves the running block', () => {
  const h = new Harness();
  const env = h.hart(0);
  h.store(env, RAM_BASE, 0n, 8);
  h.mmu.markCode(RAM_BASE + 0x80n, 0x42);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_WRITE), -1, 'the write tag is closed');
  h.store(env, RAM_BASE + 0x78n, 0n, 8);
  h.store(env, RAM_BASE + 0x100n, 0n, 8);
  assert.is(h.takeStatus(env), L.STATUS_NONE);
  assert.equal(h.calls, []);
  h.store(env, RAM_BASE + 0x7cn, 0n, 8);
  assert.is(h.takeStatus(env), L.STATUS_EXIT);
  h.store(env, RAM_BASE + 0xc1n, 0n, 1);
  assert.is(h.takeStatus(env), L.STATUS_EXIT);
  assert.equal(h.calls, [
    { kind: 'code', paddr: Number(RAM_BASE) + 0x7c, size: 8 },
    { kind: 'code', paddr: Number(RAM_BASE) + 0xc1, size: 1 },
  ]);
  h.mmu.unmarkCode(0);
  h.store(env, RAM_BASE, 0n, 8);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_WRITE), h.ram(RAM_BASE), 'and opens again');
});

tracking('code of a whole page has all granules', () => {
  const h = new Harness();
  h.mmu.markCode(RAM_BASE + 0x1000n, 4096);
  assert.is(h.i64(h.frame(RAM_BASE + 0x1000n) + L.FRAME_CODE), -1n);
  h.mmu.markCode(RAM_BASE + 0x2fc0n, 64);
  assert.is(BigInt.asUintN(64, h.i64(h.frame(RAM_BASE + 0x2000n) + L.FRAME_CODE)), 1n << 63n);
});

tracking('a device that overwrites code or a table in use makes the harts poll, and a device access then leaves', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  h.guest.fetch(env, VA);
  h.setI32(env + L.ENV_POLL, 0);
  h.mmu.storePhysical(RAM_BASE, 1n, 8);
  assert.is(h.i32(env + L.ENV_POLL), 0);
  h.mmu.storePhysical(entry, 0n, 8);
  assert.is(h.i32(env + L.ENV_POLL), 1);
  h.setI32(env + L.ENV_POLL, 0);
  h.mmu.markCode(RAM_BASE, 64);
  h.mmu.storePhysical(RAM_BASE, 1n, 8);
  assert.is(h.i32(env + L.ENV_POLL), 1);
});

tracking('a changed leaf is seen at once, through any alias, by every hart', () => {
  const { h, tables, envs } = paged({ harts: 2 });
  const entry = tables.map(VA, pageAt(300));
  tables.map(VA + 0x1000n, entry & ~0xfffn);
  h.setI64(h.ram(pageAt(300)), 300n);
  h.setI64(h.ram(pageAt(301)), 301n);
  for (const env of envs) assert.is(h.load(env, VA, 8), 300n);
  h.store(envs[1], VA + 0x1000n + (entry & 0xfffn), pte(pageAt(301), PTE_ALL), 8);
  for (const env of envs) assert.is(h.load(env, VA, 8), 301n);
  h.mmu.storePhysical(entry, 0n, 8);
  for (const env of envs) assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA));
});

tracking('a leaf that loses permissions stops stores; narrow and misaligned stores to it count too', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  h.store(env, VA, 1n, 8);
  assert.is(h.fastPath(env, VA, 8, L.TLB_WRITE), h.ram(pageAt(300)));
  h.mmu.storePhysical(entry, BigInt(PTE_ALL & ~PTE_W), 1);
  assert.equal(h.store(env, VA, 1n, 8), trap(STORE_PAGE, VA));
  const next = tables.map(VA + 0x1000n, pageAt(301));
  assert.is(h.load(env, VA, 8), 1n);
  assert.is(h.load(env, VA + 0x1000n, 8), 0n);
  h.mmu.storePhysical(next - 4n, 0n, 8);
  assert.equal(h.load(env, VA + 0x1000n, 8), trap(LOAD_PAGE, VA + 0x1000n));
});

tracking('changed pointers and superpages are seen at once; a table that is cut off becomes an ordinary page', () => {
  const { h, tables, env } = paged();
  tables.map(VA, pageAt(300));
  tables.map(VA + 0x200000n, RAM_BASE, PTE_ALL, 1);
  h.setI64(h.ram(pageAt(300)), 300n);
  assert.is(h.load(env, VA, 8), 300n);
  assert.is(h.load(env, VA + 0x200000n + 300n * 4096n, 8), 300n);
  const pointer = tables.entry(VA, 1);
  const leafTable = tables.entry(VA) & ~0xfffn;
  assert.is(h.i32(h.frame(leafTable) + L.FRAME_TABLE_EPOCH), h.i32(L.GLOBAL_TABLE_EPOCH));
  h.mmu.storePhysical(pointer, pte(pageAt(400), PTE_V), 8);
  assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA));
  assert.is.not(h.i32(h.frame(leafTable) + L.FRAME_TABLE_EPOCH), h.i32(L.GLOBAL_TABLE_EPOCH));
  h.mmu.storePhysical(tables.entry(VA + 0x200000n, 1), 0n, 8);
  assert.equal(h.load(env, VA + 0x200000n, 8), trap(LOAD_PAGE, VA + 0x200000n));
  h.mmu.storePhysical(tables.entry(VA, 2), 0n, 8);
  assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA));
});

tracking('a table used at two places is right at both', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  h.setI64(h.ram(tables.entry(VA + 0x200000n, 1)), pte(entry, PTE_V));
  assert.is(h.load(env, VA, 8), 0n);
  assert.is(h.load(env, VA + 0x200000n, 8), 0n);
  h.mmu.storePhysical(entry, 0n, 8);
  assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA));
  assert.equal(h.load(env, VA + 0x200000n, 8), trap(LOAD_PAGE, VA + 0x200000n));
});

tracking('a leaf that becomes a user page is closed to S-mode', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  assert.is(h.load(env, VA, 8), 0n);
  h.mmu.storePhysical(entry, pte(pageAt(300), PTE_ALL | PTE_U), 8);
  assert.equal(h.load(env, VA, 8), trap(LOAD_PAGE, VA));
});

tracking('a table used at two places that is cut off at one is still watched for the other', () => {
  const { h, tables, env } = paged();
  const other = VA + (1n << 34n);
  const entry = tables.map(VA, pageAt(300));
  const second = new PageTables(h, { first: 96 });
  h.setI64(h.ram(second.entry(other, 1)), pte(entry, PTE_V));
  h.guest.fetch(env, VA);
  second.enter(env, R.PRIV_S);
  h.guest.fetch(env, other);
  const before = h.i32(env + L.ENV_CONTEXT);
  h.mmu.storePhysical(tables.entry(VA, 1), 0n, 8);
  assert.is(h.i32(env + L.ENV_CONTEXT), before);
  h.mmu.storePhysical(entry, 0n, 8);
  assert.is.not(h.i32(env + L.ENV_CONTEXT), before);
});

tracking('stores to a table page never take the fast path while translations depend on it', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  tables.map(VA + 0x1000n, entry & ~0xfffn);
  h.store(env, VA + 0x1800n, 0n, 8);
  assert.is(h.fastPath(env, VA + 0x1000n, 8, L.TLB_WRITE), -1);
  h.load(env, VA + 0x1800n, 8);
  assert.is(h.fastPath(env, VA + 0x1000n, 8, L.TLB_READ), h.ram(entry & ~0xfffn));
});

tracking('a page that was no table while it was stored to loses its write tags when it becomes one', () => {
  const { h, tables, env } = paged();
  tables.map(VA, pageAt(300));
  tables.map(VA + 0x1000n, pageAt(400));
  h.store(env, VA + 0x1000n, pte(pageAt(301), PTE_ALL), 8);
  assert.is(h.fastPath(env, VA + 0x1000n, 8, L.TLB_WRITE), h.ram(pageAt(400)));
  h.mmu.storePhysical(tables.entry(VA + 0x200000n, 1), pte(pageAt(400), PTE_V), 8);
  h.setI64(h.ram(pageAt(301)), 301n);
  assert.is(h.load(env, VA + 0x200000n, 8), 301n);
  assert.is(h.fastPath(env, VA + 0x1000n, 8, L.TLB_WRITE), -1);
  h.store(env, VA + 0x1000n, pte(pageAt(300), PTE_ALL), 8);
  assert.is(h.load(env, VA + 0x200000n, 8), 0n);
});

tracking('pages that are no tables any more become cheap to store to after a while', () => {
  const { h, tables, env } = paged();
  const entry = tables.map(VA, pageAt(300));
  tables.map(VA + 0x1000n, entry & ~0xfffn);
  h.load(env, VA, 8);
  h.mmu.dropPage(VA);
  for (let i = 1; i <= 1 << 17; i++) h.mmu.slowStore(env, VA + 0x1ff8n, BigInt(i << 1), 8);
  h.takeStatus(env);
  assert.is.not(h.i32(h.frame(entry) + L.FRAME_TABLE_EPOCH), h.i32(L.GLOBAL_TABLE_EPOCH));
});

tracking.run();

const contexts = suite('soft-MMU: contexts');

contexts('switching address spaces keeps both sets of translations', () => {
  const h = new Harness();
  const env = h.hart(0);
  openPmp(h, env);
  const spaces = [new PageTables(h, { first: 64 }), new PageTables(h, { first: 80 })];
  spaces.forEach((space, i) => {
    space.map(VA, pageAt(300 + i));
    h.setI64(h.ram(pageAt(300 + i)), BigInt(300 + i));
  });
  const ids = spaces.map((space, i) => {
    space.enter(env, R.PRIV_S);
    assert.is(h.load(env, VA, 8), BigInt(300 + i));
    return h.i32(env + L.ENV_CONTEXT);
  });
  const fills = h.i32(env + L.ENV_STAT_FILLS);
  for (let i = 0; i < 10; i++) {
    spaces[i & 1].enter(env, R.PRIV_S);
    assert.is(h.load(env, VA, 8), BigInt(300 + (i & 1)));
    assert.is(h.i32(env + L.ENV_CONTEXT), ids[i & 1]);
  }
  assert.is(h.i32(env + L.ENV_STAT_FILLS), fills);
});

contexts('the least recently used bank is recycled, empty', () => {
  const h = new Harness();
  const env = h.hart(0);
  const key = (i: number) => 1000n + BigInt(i);
  h.mmu.selectBank(env, key(0));
  h.store(env, RAM_BASE, 1n, 8);
  const first = h.i32(env + L.ENV_TLB);
  for (let i = 1; i < L.TLB_BANKS; i++) h.mmu.selectBank(env, key(i));
  h.mmu.selectBank(env, key(0));
  assert.is(h.i32(env + L.ENV_TLB), first);
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_WRITE), h.ram(RAM_BASE));
  for (let i = L.TLB_BANKS; i < 2 * L.TLB_BANKS; i++) h.mmu.selectBank(env, key(i));
  h.mmu.selectBank(env, key(0));
  assert.is(h.fastPath(env, RAM_BASE, 8, L.TLB_READ), -1);
  assert.is(h.i32(h.frame(RAM_BASE) + L.FRAME_WRITER), 0);
});

contexts('renewContexts and flushAll void every context id, the current one too', () => {
  const { h, tables, env } = paged();
  const supervisor = h.i32(env + L.ENV_CONTEXT);
  tables.enter(env, R.PRIV_U);
  const user = h.i32(env + L.ENV_CONTEXT);
  h.mmu.renewContexts();
  const renewed = h.i32(env + L.ENV_CONTEXT);
  assert.not([supervisor, user].includes(renewed));
  tables.enter(env, R.PRIV_S);
  assert.not([supervisor, user, renewed].includes(h.i32(env + L.ENV_CONTEXT)));
  const before = h.i32(env + L.ENV_CONTEXT);
  h.load(env, VA, 8);
  h.mmu.flushAll();
  assert.is.not(h.i32(env + L.ENV_CONTEXT), before);
});

contexts('only contexts that fetched near a changed executable page get a new id', () => {
  const { h, tables, env } = paged();
  const user = tables.map(VA, pageAt(300), PTE_ALL | PTE_U);
  tables.map(-0x80000000n, pageAt(301));
  tables.enter(env, R.PRIV_U);
  assert.is(h.guest.fetch(env, VA), pageAt(300));
  const userId = h.i32(env + L.ENV_CONTEXT);
  tables.enter(env, R.PRIV_S);
  assert.is(h.guest.fetch(env, -0x80000000n), pageAt(301));
  const supervisorId = h.i32(env + L.ENV_CONTEXT);
  h.mmu.storePhysical(user, 0n, 8);
  assert.is(h.i32(env + L.ENV_CONTEXT), supervisorId);
  tables.enter(env, R.PRIV_U);
  assert.is.not(h.i32(env + L.ENV_CONTEXT), userId);
});

contexts.run();
