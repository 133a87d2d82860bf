import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PlainData } from '../../lib/devices/device.js';
import { OverlayDisk } from '../../lib/devices/overlay-disk.js';
import { ImageError } from '../../lib/util/errors.js';
import { MemoryDisk } from '../support/memory-disk.js';
import { randomSource } from '../support/random.js';

const BLOCK = 4096;
/** The last block is not whole. */
const SIZE = 20 * BLOCK + 1536;

function bench() {
  const base = new MemoryDisk(SIZE, { readOnly: true });
  let full = 0;
  const disk = new OverlayDisk({ base, onFull: () => full++ });
  return { base, disk, all: () => contents(disk) };
}

function contents(disk: OverlayDisk): Uint8Array {
  const bytes = new Uint8Array(disk.sizeBytes);
  assert.ok(disk.read(0, bytes));
  return bytes;
}

const same = (a: Uint8Array, b: Uint8Array, message?: string) => assert.ok(Buffer.compare(a, b) === 0, message);
const test = suite('overlay disk');

test('it shows the base until it is written to, and never changes it', () => {
  const { base, disk, all } = bench();
  const before = base.bytes.slice();
  same(all(), before);
  disk.write(BLOCK - 3, Uint8Array.of(1, 2, 3, 4, 5));
  disk.zero(3 * BLOCK, BLOCK + 7);
  disk.discard(7 * BLOCK, BLOCK);
  same(base.bytes, before);
  assert.equal([...all().subarray(BLOCK - 4, BLOCK + 3)], [before[BLOCK - 4], 1, 2, 3, 4, 5, before[BLOCK + 2]]);
});

test('any sequence of writes, zeroes and discards reads as on a plain array', () => {
  const { base, disk, all } = bench();
  const expected = base.bytes.slice();
  const random = randomSource(5);
  for (let step = 0; step < 2000; step++) {
    const position = (random() % (SIZE / 512)) * 512;
    const length = Math.min(SIZE - position, (1 + (random() % 24)) * 512);
    const kind = random() % 8;
    if (kind < 5) {
      const bytes = Uint8Array.from({ length }, () => random());
      assert.ok(disk.write(position, bytes));
      expected.set(bytes, position);
    } else if (kind < 7) {
      assert.ok(disk.zero(position, length));
      expected.fill(0, position, position + length);
    } else {
      assert.ok(disk.discard(position, length));
      const [from, to] = [Math.ceil(position / BLOCK) * BLOCK, Math.floor((position + length) / BLOCK) * BLOCK];
      if (to > from) expected.fill(0, from, to);
    }
    const at = (random() % (SIZE / 512)) * 512;
    const part = new Uint8Array(Math.min(SIZE - at, 9000));
    assert.ok(disk.read(at, part));
    same(part, expected.subarray(at, at + part.length), `step ${step}`);
  }
  same(all(), expected);
});

test('what is missing in the overlay is read from the base in one go', () => {
  const { base, disk } = bench();
  disk.write(5 * BLOCK, new Uint8Array(BLOCK));
  base.log = [];
  disk.read(512, new Uint8Array(10 * BLOCK));
  assert.equal(base.log, [`read 512 ${5 * BLOCK - 512}`, `read ${6 * BLOCK} ${4 * BLOCK + 512}`]);
});

test('a block that is written as a whole is not read before', () => {
  const { base, disk } = bench();
  disk.write(2 * BLOCK, new Uint8Array(3 * BLOCK));
  assert.equal(base.log, []);
});

test('what the base cannot read fails, and is not kept', () => {
  const { base, disk } = bench();
  base.fails = true;
  assert.not(disk.read(0, new Uint8Array(512)));
  assert.not(disk.write(512, new Uint8Array(512)));
  base.fails = false;
  const bytes = new Uint8Array(BLOCK);
  assert.ok(disk.read(0, bytes));
  same(bytes, base.bytes.subarray(0, BLOCK));
});

test('a restored overlay has the contents of the saved one, and nothing of its own', () => {
  const [one, two] = [bench(), bench()];
  one.disk.write(
    700,
    Uint8Array.from({ length: 6000 }, (_, i) => i),
  );
  one.disk.zero(10 * BLOCK, BLOCK);
  two.disk.write(15 * BLOCK, new Uint8Array(BLOCK).fill(7));
  const saved = structuredClone(one.disk.save());
  two.disk.load(saved);
  assert.equal(two.disk.save(), saved);
  same(two.all(), one.all());
  assert.equal(two.disk.digest(), one.disk.digest());
});

test('the digest tells contents apart, however they came about', () => {
  const { disk } = bench();
  const empty = disk.digest();
  const write = (at: number, value: number) => disk.write(at, new Uint8Array(BLOCK).fill(value));
  write(0, 1);
  const one = disk.digest();
  write(BLOCK, 2);
  const both = disk.digest();
  assert.is(new Set([empty, one, both]).size, 3);
  write(0, 9);
  assert.is.not(disk.digest(), both);
  write(0, 1);
  assert.is(disk.digest(), both);
  const other = bench().disk;
  other.write(BLOCK, new Uint8Array(BLOCK).fill(2));
  other.write(0, new Uint8Array(BLOCK).fill(1));
  assert.is(other.digest(), both);
  const swapped = bench().disk;
  swapped.write(0, new Uint8Array(BLOCK).fill(2));
  swapped.write(BLOCK, new Uint8Array(BLOCK).fill(1));
  assert.is.not(swapped.digest(), both);
});

test('what was saved stays what it was, whatever is written or loaded later, and costs only what differs', () => {
  const { disk, all } = bench();
  const random = randomSource(11);
  const saved: { data: PlainData; contents: Uint8Array; digest: PlainData }[] = [];
  for (let step = 0; step < 400; step++) {
    const position = (random() % (SIZE / 512)) * 512;
    const length = Math.min(SIZE - position, (1 + (random() % 20)) * 512);
    if (random() % 4 === 0) disk.zero(position, length);
    else disk.write(position, new Uint8Array(length).fill(random()));
    if (random() % 3 === 0) saved.push({ data: disk.save(), contents: all(), digest: disk.digest() });
    if (random() % 5 !== 0 || saved.length === 0) continue;
    const back = saved[random() % saved.length] as (typeof saved)[0];
    disk.load(back.data);
    same(all(), back.contents, `step ${step}`);
    assert.is(disk.digest(), back.digest);
  }
  const [before, again] = [disk.save(), disk.save()] as { blocks: PlainData }[];
  assert.is(before?.blocks, again?.blocks);
});

test('bad saved state changes nothing', () => {
  const { disk, all } = bench();
  disk.write(0, new Uint8Array(BLOCK).fill(3));
  const before = all();
  const { blocks } = structuredClone(disk.save()) as { blocks: unknown[] };
  const withEntry = (index: number, entry: unknown) => ({ blocks: blocks.with(index, entry) });
  const behind = withEntry(21, new Uint8Array(BLOCK));
  const bad = [
    null,
    {},
    { blocks: null },
    { blocks: 0 },
    { blocks: [] },
    behind,
    withEntry(1, new Uint8Array(512)),
    withEntry(1, 'text'),
    withEntry(1, 7),
    withEntry(1, []),
  ];
  for (const data of bad) {
    assert.throws(
      () => disk.load(data as never),
      (error: unknown) => error instanceof ImageError,
    );
    same(all(), before);
  }
});

test.run();
