import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Block } from '../../lib/exec/block.js';
import { CodeCache } from '../../lib/exec/code-cache.js';
import {
  BLOCK_CODE,
  BLOCK_COUNT,
  BLOCK_DELTAS,
  BLOCK_FUNC,
  BLOCK_INSNS,
  BLOCK_PC,
  FN_DEAD,
  FN_INTERPRET,
  GLOBAL_FAR_BLOCK,
  GLOBAL_LINK_BLOCK,
} from '../../lib/mem/layout.js';

const test = suite('code cache');

const ARENA = 0x10000;
const SEGMENT = 0x1000;
const IR_BYTES = 160;

/** A cache over an arena of 16 segments, with a log of what it told the soft-MMU. */
function create() {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const i32 = new Int32Array(memory.buffer);
  const released: number[] = [];
  const log: string[] = [];
  const pages = {
    markCode: (paddr: number, bytes: number) => void log.push(`mark ${paddr.toString(16)}+${bytes}`),
    forgetBlock: () => {},
    unmarkCode: (paddr: number) => void log.push(`unmark ${paddr.toString(16)}`),
    renewContexts: () => void log.push('renew'),
  };
  const cache = new CodeCache({
    memory,
    functions: { release: (slot) => released.push(slot) },
    arenaAt: ARENA,
    arenaBytes: 16 * SEGMENT,
    hotThreshold: 10,
    pages,
  });
  /** Adds a block with one cell, as the translator does. */
  const add = (paddr: number, options: Partial<Pick<Block, 'bytes' | 'nextPage' | 'flags' | 'fixedPc'>> = {}): Block & { cell: number } => {
    const header = cache.reserve(IR_BYTES + 64);
    const { bytes = 8, nextPage = -1, flags = 0, fixedPc = false } = options;
    const cell = header + BLOCK_CODE + 8;
    const block = cache.add({
      header,
      paddr,
      bytes,
      nextPage,
      flags,
      fixedPc,
      pcOffset: paddr % 4096,
      insns: 2,
      cells: [cell],
      end: header + IR_BYTES,
      deltas: [0, 4, bytes],
      records: [header + BLOCK_CODE, header + BLOCK_CODE + 48],
    });
    i32[cell >> 2] = GLOBAL_LINK_BLOCK;
    return Object.assign(block, { cell });
  };
  const word = (address: number): number => i32[address >> 2] as number;
  return { cache, released, log, add, word, memory };
}

test('a block is found by physical address and flags', () => {
  const { cache, add } = create();
  const [plain, flagged] = [add(0x1000), add(0x1000, { flags: 3 })];
  assert.is(cache.find(0x1000, 0), plain);
  assert.is(cache.find(0x1000, 3), flagged);
  assert.is(cache.find(0x1000, 1), undefined);
  assert.is(cache.find(0x2000, 0), undefined);
  assert.is(cache.byHeader(plain.header), plain);
});

test('its header is what generated code reads', () => {
  const { cache, add, word, memory } = create();
  const block = add(0x1234);
  assert.is(word(block.header + BLOCK_FUNC), FN_INTERPRET);
  assert.is(word(block.header + BLOCK_INSNS), 2);
  assert.is(word(block.header + BLOCK_PC), 0x234);
  assert.is(word(block.header + BLOCK_COUNT), 10);
  const deltas = new Uint16Array(memory.buffer, word(block.header + BLOCK_DELTAS), 3);
  assert.equal([...deltas], [0, 4, 8]);
  assert.is(cache.recordOf(block, 0), block.header + BLOCK_CODE);
  assert.is(cache.recordOf(block, 1), block.header + BLOCK_CODE + 48);
});

test('a link leads to its target until that is dropped', () => {
  const { cache, add, word } = create();
  const [a, b] = [add(0x1000), add(0x1100)];
  cache.link(a.cell, b);
  assert.is(word(a.cell), b.header);
  assert.ok(cache.invalidate(0x1100, 1));
  assert.is(word(a.cell), GLOBAL_LINK_BLOCK);
  assert.is(word(b.header + BLOCK_FUNC), FN_DEAD);
  assert.is(cache.find(0x1100, 0), undefined);
  assert.is(cache.byHeader(b.header), undefined);
  assert.equal([cache.counts.chained, cache.counts.unchained, cache.counts.invalidated], [1, 1, 1]);
});

test('the cell of a dropped block is never linked, nor touched when its target goes', () => {
  const { cache, add, word } = create();
  const [a, b] = [add(0x1000), add(0x1100)];
  cache.link(a.cell, b);
  cache.invalidate(0x1000, 1);
  assert.is(word(a.cell), GLOBAL_FAR_BLOCK);
  cache.link(a.cell, b);
  assert.is(word(a.cell), GLOBAL_FAR_BLOCK);
  cache.invalidate(0x1100, 1);
  assert.is(word(a.cell), GLOBAL_FAR_BLOCK);
});

test('a block that reaches into another page is reached through the jump cache, unless fetches are not translated', () => {
  const { cache, add, word } = create();
  const [a, b] = [add(0x1f00), add(0x1ffe, { nextPage: 0x7000 })];
  cache.link(a.cell, b);
  assert.is(word(a.cell), GLOBAL_FAR_BLOCK);
  const [c, d] = [add(0x3f00), add(0x3ffe, { nextPage: 0x4000, fixedPc: true })];
  cache.link(c.cell, d);
  assert.is(word(c.cell), d.header);
});

test('a store drops the blocks that it overlaps, and no others', () => {
  const { cache, add } = create();
  const blocks = [add(0x1000), add(0x1008), add(0x1010), add(0x1004, { flags: 1 })];
  assert.not.ok(cache.invalidate(0x1018, 8));
  assert.not.ok(cache.invalidate(0xff8, 8));
  assert.ok(cache.invalidate(0x1007, 2));
  assert.equal(
    blocks.map(({ dead }) => dead),
    [true, true, false, true],
  );
});

test('a store to either page drops a block across them', () => {
  for (const [paddr, hits] of [
    [0x1ffb, false],
    [0x1ffc, true],
    [0x1fff, true],
    [0x7000, true],
    [0x7003, true],
    [0x7004, false],
    [0x2000, false],
  ] as const) {
    const { cache, add } = create();
    const block = add(0x1ffc, { bytes: 8, nextPage: 0x7000 });
    assert.is(cache.invalidate(paddr, 1), hits, paddr.toString(16));
    assert.is(block.dead, hits);
  }
});

test('pages are marked with exactly the code that is left on them', () => {
  const { cache, add, log } = create();
  add(0x1000);
  add(0x1ffc, { bytes: 8, nextPage: 0x7000 });
  assert.equal(log, ['mark 1000+8', 'mark 1ffc+4', 'mark 7000+4']);
  log.length = 0;
  cache.invalidate(0x7000, 1);
  assert.equal(log, ['unmark 1000', 'mark 1000+8', 'unmark 7000']);
  log.length = 0;
  cache.invalidate(0x1000, 1);
  assert.equal(log, ['unmark 1000']);
});

test('a region goes with any of its blocks, and its place in the table is given back', () => {
  const { cache, add, released, word } = create();
  const [a, b] = [add(0x1000), add(0x1100)];
  cache.publish({ slot: 700, entry: a, blocks: [a, b] });
  assert.is(word(a.header + BLOCK_FUNC), 700);
  cache.invalidate(0x1100, 1);
  assert.is(a.region, undefined);
  assert.is(word(a.header + BLOCK_FUNC), FN_INTERPRET);
  assert.is(word(a.header + BLOCK_COUNT), 10);
  assert.equal(released, [700]);
});

test('where the table has lost all regions, blocks are interpreted for some time, however low the threshold is', () => {
  const { cache, add, released, word } = create();
  const [a, b] = [add(0x1000), add(0x1100)];
  cache.publish({ slot: 700, entry: a, blocks: [a, b] });
  cache.publish({ slot: 701, entry: b, blocks: [b] });
  cache.forgetRegions();
  for (const block of [a, b]) {
    assert.equal([block.region, block.regions?.size, block.dead], [undefined, 0, false]);
    assert.equal([word(block.header + BLOCK_FUNC), word(block.header + BLOCK_COUNT)], [FN_INTERPRET, 64]);
  }
  assert.equal(released, []);
});

test('a full arena drops its oldest segment, with its links', () => {
  const { cache, add, word, log } = create();
  const first = add(0x100000);
  const blocks = [first];
  let before = cache.recycled;
  for (let i = 1; cache.recycled === before; i++) {
    blocks.push(add(0x100000 + 0x40 * i));
    if (i === 1) cache.link((blocks[1] as typeof first).cell, first);
    assert.ok(i < 1000);
  }
  before = cache.recycled;
  const alive = blocks.filter(({ dead }) => !dead);
  assert.ok(first.dead);
  assert.ok(alive.length > blocks.length / 2);
  assert.is(log.filter((line) => line === 'renew').length, 1);
  assert.is(cache.find(0x100000, 0), undefined);
  // What is alive did not move, and its places do not overlap.
  const places = alive.map(({ header }) => header).sort((x, y) => x - y);
  assert.ok(places.every((header, i) => i === 0 || header - (places[i - 1] as number) >= IR_BYTES));
  assert.ok(alive.every((block) => cache.byHeader(block.header) === block && word(block.header + BLOCK_INSNS) === 2));
});

test('a block for the same code takes the place of the old one', () => {
  const { cache, add } = create();
  const old = add(0x1ffc, { nextPage: 0x7000 });
  const now = add(0x1ffc, { nextPage: 0x8000 });
  assert.ok(old.dead);
  assert.is(cache.find(0x1ffc, 0), now);
  assert.not.ok(cache.invalidate(0x7000, 4));
  assert.ok(cache.invalidate(0x8000, 4));
});

test('clear drops everything', () => {
  const { cache, add, log } = create();
  const blocks = [add(0x1000), add(0x2000), add(0x1ffc, { nextPage: 0x3000 })];
  cache.clear();
  assert.ok(blocks.every(({ dead }) => dead));
  assert.is(log[log.length - 1], 'renew');
  assert.not.ok(cache.invalidate(0, 0x10000));
});

test.run();
