import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeAddresses, namedRange, physicalAddress, type Translating } from '../../lib/cli/query-places.js';
import { SymbolTable } from '../../lib/symbols/symbols.js';
import { fakeSymbols } from '../support/fake-symbols.js';

const PAGE = 0x1000;
const RAM = { base: 0x80000000, end: 0x80100000 };

/** A machine whose harts map pages as `maps` says, by hart: virtual to physical page. */
function machine(maps: readonly ReadonlyMap<number, number>[], currentHart = 0): Translating {
  const translate = (hart: number, vaddr: bigint): number | undefined => {
    const offset = Number(vaddr % BigInt(PAGE));
    const page = maps[hart]?.get(Number(vaddr) - offset);
    return page === undefined ? undefined : page + offset;
  };
  const memoryAt = (paddr: number, bytes: number) => (paddr >= RAM.base && paddr + bytes <= RAM.end ? {} : undefined);
  return { tick: 77, debug: { harts: maps.length, currentHart, translate }, space: { memoryAt } };
}

const symbols = new SymbolTable([
  fakeSymbols({
    symbols: [
      { name: 'counter', address: 0x2000n, sizeBytes: 4, kind: 'object', isGlobal: true },
      { name: 'label', address: 0x3000n, sizeBytes: 0, kind: 'label', isGlobal: true },
    ],
    variables: [{ name: 'counter', address: 0x2000n, type: { sizeBytes: 8, encoding: 'unsigned' }, isGlobal: true }],
  }),
]);

const test = suite('places in queries');

test('a variable has its size, a number and a name without size have one byte, --length overrides', () => {
  assert.equal(namedRange('counter', symbols, undefined), { address: 0x2000n, length: 8 });
  assert.equal(namedRange('counter', symbols, '2'), { address: 0x2000n, length: 2 });
  assert.equal(namedRange('counter+4', symbols, undefined), { address: 0x2004n, length: 1 });
  assert.equal(namedRange('label', symbols, undefined), { address: 0x3000n, length: 1 });
  assert.equal(namedRange('0xffffffff80000000', undefined, undefined), { address: 0xffffffff80000000n, length: 1 });
  assert.equal(namedRange('4096', undefined, '8'), { address: 4096n, length: 8 });
  assert.throws(() => namedRange('0x10000000000000000', undefined, undefined), /more than 64 bits/);
  assert.throws(() => namedRange('counter', undefined, undefined), /no symbols/);
  for (const length of ['0', '1048577', 'x']) assert.throws(() => namedRange('counter', symbols, length), /--length/);
});

test('code is found by name or, without symbols, by number', () => {
  assert.equal(codeAddresses('label+8', symbols), [0x3008n]);
  assert.equal(codeAddresses('0x3008', undefined), [0x3008n]);
  assert.throws(() => codeAddresses('label', undefined), /no symbols/);
});

test('an address is that of the hart whose turn it is, or of the first other one that has it', () => {
  const first = new Map([[0x5000, 0x80001000]]);
  const second = new Map([
    [0x5000, 0x80002000],
    [0x6000, 0x80009000],
  ]);
  assert.is(physicalAddress(machine([first, second]), 'x', { address: 0x5010n, length: 8 }), 0x80001010);
  assert.is(physicalAddress(machine([first, second], 1), 'x', { address: 0x5010n, length: 8 }), 0x80002010);
  assert.is(physicalAddress(machine([first, second]), 'x', { address: 0x6010n, length: 8 }), 0x80009010);
});

test('what no hart maps is a physical address where there is memory', () => {
  assert.is(physicalAddress(machine([new Map()]), 'x', { address: 0x80000123n, length: 4 }), 0x80000123);
  for (const address of [0x100n, 0x800ffffdn, 0xffffffff80000000n]) {
    assert.throws(() => physicalAddress(machine([new Map()]), 'x', { address, length: 4 }), /is not mapped to memory at tick 77/);
  }
});

test('a range over several pages must be one piece of memory', () => {
  const pieces = (...pages: [number, number][]) => machine([new Map(pages)]);
  const range = { address: 0x5ff0n, length: 0x1020 };
  assert.is(physicalAddress(pieces([0x5000, 0x80001000], [0x6000, 0x80002000], [0x7000, 0x80003000]), 'x', range), 0x80001ff0);
  for (const pages of [
    [
      [0x5000, 0x80001000],
      [0x6000, 0x80002000],
    ],
    [
      [0x5000, 0x80001000],
      [0x6000, 0x80002000],
      [0x7000, 0x80005000],
    ],
    [
      [0x5000, 0x800ff000],
      [0x6000, 0x80100000],
      [0x7000, 0x80101000],
    ],
  ] as [number, number][][]) {
    assert.throws(() => physicalAddress(pieces(...pages), 'x', range), /its 4128 bytes are not in one piece/);
  }
});

test.run();
