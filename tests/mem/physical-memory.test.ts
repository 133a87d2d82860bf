import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../lib/isa/riscv/layout.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import * as L from '../../lib/mem/layout.js';
import { type StoreTracker, TrackedMemory } from '../../lib/mem/physical-memory.js';
import { openPmp, PageTables, PTE_ALL, pageAt, pte } from '../support/page-tables.js';
import { Harness, RAM_BASE, RAM_PAGES, ROM_BASE } from '../support/wasm-harness.js';

/** What `TrackedMemory` asks of an address space, for the harness's memory. */
function memoryOf(h: Harness): TrackedMemory {
  const regions = [
    { name: 'ram', base: Number(RAM_BASE), size: RAM_PAGES * L.PAGE_SIZE, kind: 'ram' as const, host: h.ramHost },
    { name: 'rom', base: Number(ROM_BASE), size: L.PAGE_SIZE, kind: 'rom' as const, host: h.romHost },
  ];
  const { space } = allocateGuestMemory({ harts: 1, arenaBytes: 0, regions: [] });
  const memoryAt = (paddr: number, length: number) => regions.find(({ base, size }) => paddr >= base && paddr + length <= base + size);
  return new TrackedMemory(h.memory, Object.assign(space, { memoryAt }), h.mmu as unknown as StoreTracker);
}

function bench() {
  const h = new Harness();
  return { h, memory: memoryOf(h), env: h.hart(0) };
}

const at = (page: number, offset = 0) => Number(RAM_BASE) + page * L.PAGE_SIZE + offset;
const bytesOf = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => first + i);
const LOAD_PAGE_FAULT = 13;
const test = suite('physical memory');

test('what is written is read again, across pages', () => {
  const { memory } = bench();
  for (const [offset, length] of [
    [0, 1],
    [4095, 2],
    [100, 3 * 4096],
    [4096, 4096],
  ] as const) {
    assert.ok(memory.write(at(3, offset), bytesOf(length)));
    assert.equal(memory.read(at(3, offset), length)?.slice(), bytesOf(length));
  }
});

test('nothing is written, and nothing read, outside of memory or across its end', () => {
  const { h, memory } = bench();
  const end = at(RAM_PAGES);
  const before = new Uint8Array(h.memory.buffer).slice();
  for (const paddr of [0, at(0) - 1, end - 4, end, 2 ** 40, 2 ** 60]) {
    assert.not(memory.write(paddr, bytesOf(8)), `write ${paddr}`);
    assert.is(memory.read(paddr, 8), undefined, `read ${paddr}`);
  }
  assert.ok(Buffer.compare(new Uint8Array(h.memory.buffer), before) === 0);
});

test('ROM can be read and not written', () => {
  const { h, memory } = bench();
  h.setI64(h.romHost, 0x77n);
  assert.is(memory.read(Number(ROM_BASE), 1)?.[0], 0x77);
  assert.not(memory.write(Number(ROM_BASE), bytesOf(1)));
  assert.is(h.i64(h.romHost), 0x77n);
});

test('a write marks every page that it touches as dirty', () => {
  const { h, memory } = bench();
  memory.write(at(4, 4090), bytesOf(4096 + 12));
  const dirty = [3, 4, 5, 6, 7].map((page) => h.i32(h.frame(pageAt(page)) + L.FRAME_FLAGS) & L.FRAME_DIRTY);
  assert.equal(dirty, [0, 1, 1, 1, 0]);
});

test('code that was translated from the bytes is dropped, and the running hart leaves its block; other code stays', () => {
  const { h, memory, env } = bench();
  h.mmu.markCode(pageAt(5) + 128n, 64);
  h.setI32(env + L.ENV_POLL, 0);
  memory.write(at(5, 192), bytesOf(500));
  memory.write(at(5), bytesOf(128));
  assert.equal([h.calls, h.i32(env + L.ENV_POLL)], [[], 0]);
  memory.write(at(4, 4000), bytesOf(300));
  assert.equal(h.calls, [{ kind: 'code', paddr: at(5), size: 204 }]);
  assert.is(h.i32(env + L.ENV_POLL), 1);
});

test('every granule between the first and the last byte counts', () => {
  for (let granule = 0; granule < 64; granule++) {
    const { h, memory } = bench();
    h.mmu.markCode(pageAt(5) + BigInt(granule * 64), 4);
    memory.write(at(5, 64 * 3 + 1), bytesOf(64 * 20));
    assert.is(h.calls.length, granule >= 3 && granule <= 23 ? 1 : 0, `granule ${granule}`);
    memory.write(at(5), bytesOf(4096));
    assert.is(h.calls.length, granule >= 3 && granule <= 23 ? 2 : 1, `granule ${granule}, whole page`);
  }
});

test('a translation that was cached is gone when a device overwrites its page-table entry', () => {
  const { h, memory, env } = bench();
  const tables = new PageTables(h);
  openPmp(h, env);
  tables.enter(env, R.PRIV_S);
  const entry = tables.map(0x40000000n, pageAt(200));
  h.setI64(h.ram(pageAt(200)), 1n);
  h.setI64(h.ram(pageAt(201)), 2n);
  assert.is(h.load(env, 0x40000000n, 8), 1n);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, pte(pageAt(201), PTE_ALL), true);
  assert.ok(memory.write(Number(entry), bytes));
  assert.is(h.load(env, 0x40000000n, 8), 2n);
});

test('a page of a table that is overwritten as a whole, from an odd address on, has the new contents', () => {
  const { h, memory, env } = bench();
  const tables = new PageTables(h);
  openPmp(h, env);
  tables.enter(env, R.PRIV_S);
  const entry = tables.map(0x40000000n, pageAt(200));
  h.load(env, 0x40000000n, 8);
  const table = Number(entry - (entry % 4096n));
  assert.ok(memory.write(table + 3, bytesOf(4096)));
  assert.equal(memory.read(table + 3, 4096)?.slice(), bytesOf(4096));
  assert.equal(h.load(env, 0x40000000n, 8), { cause: LOAD_PAGE_FAULT, tval: 0x40000000n });
});

test("a device's store breaks the reservations that it overlaps, and no others", () => {
  const { h, memory, env } = bench();
  for (const [offset, length, kept] of [
    [56, 8, true],
    [57, 8, false],
    [71, 1, false],
    [72, 8, true],
    [0, 4096, false],
  ] as const) {
    h.setI64(env + L.ENV_RESERVATION, pageAt(9) + 64n);
    memory.write(at(9, offset), bytesOf(length));
    assert.is(h.i64(env + L.ENV_RESERVATION) !== -1n, kept, `${offset} ${length}`);
  }
});

test.run();
