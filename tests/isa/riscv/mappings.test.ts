import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mappings } from '../../../lib/isa/riscv/mappings.js';
import { randomSource } from '../../support/random.js';

const PAGE = 4096;
const BASE = 0x8000_0000;
const [V, R, W, X, U, A, D] = [1, 2, 4, 8, 16, 64, 128];

/** Page tables in a memory of `pages` pages; `set` writes an entry of the table in page `table`. */
function create(pages: number) {
  const bytes = new Uint8Array(pages * PAGE);
  const view = new DataView(bytes.buffer);
  const read = (paddr: number, length: number) =>
    paddr >= BASE && paddr + length <= BASE + bytes.length ? bytes.subarray(paddr - BASE, paddr - BASE + length) : undefined;
  const set = (table: number, index: number, paddr: number, flags: number) =>
    view.setBigUint64(table * PAGE + index * 8, (BigInt(paddr / PAGE) << 10n) | BigInt(flags), true);
  const satp = (mode: number) => (BigInt(mode) << 60n) | BigInt(BASE / PAGE);
  return { bytes, read, set, satp };
}

const test = suite('mappings of page tables');

test('are undefined where addresses are not translated', () => {
  assert.is(
    mappings(0n, () => undefined),
    undefined,
  );
});

test('neighbours with the same permissions are one range; pages of all sizes and both halves of the address space are there', () => {
  const { read, set, satp } = create(3);
  set(0, 0, BASE + PAGE, V);
  set(1, 0, BASE + 2 * PAGE, V);
  set(2, 1, 0x9000_0000, V | R | W | A | D);
  set(2, 2, 0x9000_1000, V | R | W | A | D);
  set(2, 3, 0x9000_2000, V | R | A);
  set(2, 5, 0x9000_3000, V | X | U);
  set(1, 1, 0x4000_0000, V | R);
  set(0, 511, 0x8000_0000, V | R | W | X);
  assert.equal(mappings(satp(8), read), [
    { vaddr: 0x1000n, paddr: 0x9000_0000, bytes: 0x2000, attributes: 'rw---ad' },
    { vaddr: 0x3000n, paddr: 0x9000_2000, bytes: 0x1000, attributes: 'r----a-' },
    { vaddr: 0x5000n, paddr: 0x9000_3000, bytes: 0x1000, attributes: '--xu---' },
    { vaddr: 0x20_0000n, paddr: 0x4000_0000, bytes: 0x20_0000, attributes: 'r------' },
    { vaddr: 0xffff_ffff_c000_0000n, paddr: 0x8000_0000, bytes: 0x4000_0000, attributes: 'rwx----' },
  ]);
});

test('Sv48 has one level more', () => {
  const { read, set, satp } = create(2);
  set(0, 256, BASE + PAGE, V);
  set(1, 0, 0, V | R);
  assert.equal(mappings(satp(9), read), [{ vaddr: 0xffff_8000_0000_0000n, paddr: 0, bytes: 0x4000_0000, attributes: 'r------' }]);
});

test('a table that is its own child, and any other content, ends', () => {
  const { bytes, read, set, satp } = create(2);
  for (let index = 0; index < 512; index++) set(0, index, BASE, V);
  assert.equal(mappings(satp(9), read), []);
  for (let seed = 1; seed <= 5; seed++) {
    const random = randomSource(seed);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random();
    assert.ok(mappings(satp(8), read));
  }
});

test.run();
