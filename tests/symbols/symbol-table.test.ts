import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeAddress, openSymbols, type Symbols, SymbolTable } from '../../lib/symbols/symbols.js';
import { ImageError } from '../../lib/util/errors.js';
import { bytes, uint } from '../support/dwarf-writer.js';
import { file, withFolder } from '../support/files.js';
import { randomSource } from '../support/random.js';
import {
  type ElfSection,
  type ElfSymbol,
  SHF_COMPRESSED,
  SHT_NOBITS,
  symbolSections,
  textSection,
  writeSectionElf,
} from '../support/section-elf.js';

const test = suite('symbol tables');

const TEXT = 0xffffffff80000000n;
const [OBJECT, FUNCTION, SECTION, FILE] = [1, 2, 3, 4];
const ABSOLUTE = 0xfff1;

/** Opens a file with those symbols and 0x1000 bytes of code at TEXT. */
async function withSymbols(symbols: readonly ElfSymbol[], body: (symbols: Symbols) => void, bits: 32 | 64 = 64): Promise<void> {
  const text = textSection(bits === 64 ? TEXT : 0x80000000n, 0x1000);
  await withFile(writeSectionElf([text, ...symbolSections(symbols, bits)], { bits }), body);
}

async function withFile(contents: Uint8Array | string, body: (symbols: Symbols) => void): Promise<void> {
  await withFolder((folder) => {
    const symbols = openSymbols(file(folder, 'file', contents));
    try {
      body(symbols);
    } finally {
      symbols.close();
    }
  });
}

const names = (symbols: Symbols, ...addresses: bigint[]): string[] => addresses.map((address) => describeAddress(symbols, address));

test('an address is named after the function that contains it, in the upper half of memory too', () =>
  withSymbols(
    [
      { name: 'second', value: TEXT + 0x40n, size: 0x20, type: FUNCTION, isGlobal: true },
      { name: 'first', value: TEXT, size: 0x20, type: FUNCTION },
    ],
    (symbols) => {
      assert.equal(names(symbols, TEXT, TEXT + 4n, TEXT + 0x1fn, TEXT + 0x5en), ['first', 'first+0x4', 'first+0x1f', 'second+0x1e']);
      assert.equal(names(symbols, TEXT + 0x20n, TEXT - 1n, TEXT + 0x60n, 0n), [
        '0xffffffff80000020',
        '0xffffffff7fffffff',
        '0xffffffff80000060',
        '0x0',
      ]);
    },
  ));

test('a label without a size reaches to the next symbol, and to the end of its section at most', () =>
  withSymbols(
    [
      { name: 'start', value: TEXT },
      { name: 'loop', value: TEXT + 0x10n },
      { name: 'end', value: TEXT + 0x1000n, isGlobal: true },
    ],
    (symbols) =>
      assert.equal(names(symbols, TEXT + 0xfn, TEXT + 0xfffn, TEXT + 0x1000n, TEXT + 0x1001n), [
        'start+0xf',
        'loop+0xfef',
        'end',
        '0xffffffff80001001',
      ]),
  ));

test('a function is preferred to a label inside of it, and an inner function to an outer one', () =>
  withSymbols(
    [
      { name: 'outer', value: TEXT, size: 0x100, type: FUNCTION },
      { name: 'label', value: TEXT + 0x10n },
      { name: 'inner', value: TEXT + 0x20n, size: 0x10, type: FUNCTION },
    ],
    (symbols) =>
      assert.equal(names(symbols, TEXT + 0x10n, TEXT + 0x24n, TEXT + 0x30n, TEXT + 0xffn), [
        'outer+0x10',
        'inner+0x4',
        'outer+0x30',
        'outer+0xff',
      ]),
  ));

test('of names for one address the one with a type, the global one, the one without an underscore wins', () =>
  withSymbols(
    [
      { name: 'a_label', value: TEXT, isGlobal: true },
      { name: 'local', value: TEXT, size: 8, type: FUNCTION },
      { name: 'free', value: TEXT, size: 8, type: FUNCTION, isGlobal: true },
      { name: '__libc_free', value: TEXT, size: 8, type: FUNCTION, isGlobal: true },
    ],
    (symbols) => assert.equal(names(symbols, TEXT + 4n), ['free+0x4']),
  ));

test('any address has the innermost symbol that a search through all of them finds', () => {
  const random = randomSource(3);
  const symbols: ElfSymbol[] = Array.from({ length: 200 }, (_, index) => ({
    name: `f${index}`,
    // Several high words: 0, 1, and the upper half.
    value: [0xffffff00n, 0x1_00000000n, TEXT][random() % 3]! + BigInt(random() % 0x200),
    size: 1 + (random() % 0x40),
    type: FUNCTION,
  }));
  return withSymbols(symbols, (opened) => {
    for (const base of [0xffffff00n, 0x1_00000000n, TEXT]) {
      for (let address = base - 2n; address < base + 0x280n; address++) {
        const around = symbols.filter(({ value, size = 0 }) => address >= value && address < value + BigInt(size));
        const innermost = around.reduce((least, { value }) => (value > least ? value : least), 0n);
        assert.is(opened.symbolAt(address)?.symbol.address, around.length > 0 ? innermost : undefined, address.toString(16));
      }
    }
  });
});

test('sections, files, undefined symbols, mapping symbols and local labels name nothing', () =>
  withSymbols(
    [
      { name: '', value: TEXT, type: SECTION },
      { name: 'a.c', value: TEXT, type: FILE, section: ABSOLUTE },
      { name: 'missing', value: TEXT, section: 0 },
      { name: '$x', value: TEXT },
      { name: '.L0 ', value: TEXT },
    ],
    (symbols) => {
      assert.equal(symbols.symbolAt(TEXT), undefined);
      for (const name of ['', 'a.c', 'missing', '$x', '.L0 ']) assert.equal(symbols.symbolsNamed(name), [], name);
    },
  ));

test('a constant has a value, but no address is named after it', () =>
  withSymbols([{ name: 'STACK_SIZE', value: TEXT + 8n, section: ABSOLUTE }], (symbols) => {
    assert.is(symbols.symbolAt(TEXT + 8n), undefined);
    assert.equal(symbols.symbolsNamed('STACK_SIZE'), [
      { name: 'STACK_SIZE', address: TEXT + 8n, sizeBytes: 0, kind: 'constant', isGlobal: false },
    ]);
  }));

test('a name may be the tail of another one, and stand for several symbols: the global one is first', async () => {
  const symbols = [
    { name: 'my_counter', value: TEXT, size: 4, type: OBJECT },
    { name: 'counter', value: TEXT + 4n, size: 8, type: OBJECT },
    { name: 'counter', value: TEXT + 16n, size: 8, type: OBJECT, isGlobal: true },
  ];
  const sections = symbolSections(symbols);
  // As linkers do: the name points into the longer one.
  const [table, strings] = sections as [ElfSection, ElfSection];
  Buffer.from(table.bytes.buffer, table.bytes.byteOffset).writeUInt32LE(4, 24);
  assert.is(Buffer.from(strings.bytes).toString('utf8', 4, 11), 'counter');
  await withFile(writeSectionElf([textSection(TEXT, 64), table, strings]), (opened) => {
    const found = opened.symbolsNamed('counter').map(({ address, isGlobal }) => ({ address, isGlobal }));
    assert.equal(found, [
      { address: TEXT + 16n, isGlobal: true },
      { address: TEXT + 4n, isGlobal: false },
    ]);
    assert.is(opened.symbolsNamed('my_counter')[0]?.address, TEXT);
    assert.equal(opened.symbolsNamed('count'), []);
  });
});

test('32-bit files are read', () =>
  withSymbols(
    [{ name: 'f', value: 0x80000010n, size: 8, type: FUNCTION, isGlobal: true }],
    (symbols) => {
      assert.equal(names(symbols, 0x80000014n, 0x80000018n), ['f+0x4', '0x80000018']);
      assert.is(symbols.symbolsNamed('f')[0]?.sizeBytes, 8);
    },
    32,
  ));

test('a variable without debugging information is an unsigned number of its size', () =>
  withSymbols(
    [
      { name: 'counter', value: TEXT, size: 4, type: OBJECT, isGlobal: true },
      { name: 'buffer', value: TEXT + 8n, size: 100, type: OBJECT },
      { name: 'label', value: TEXT + 4n },
    ],
    (symbols) => {
      assert.equal(symbols.variable('counter'), {
        name: 'counter',
        address: TEXT,
        type: { sizeBytes: 4, encoding: 'unsigned' },
        isGlobal: true,
      });
      assert.equal(symbols.variable('buffer')?.type, { sizeBytes: 100, encoding: 'aggregate' });
      assert.equal(symbols.variable('label')?.type, undefined);
      assert.is(symbols.variable('nothing'), undefined);
      assert.is(symbols.nearestName('countre'), 'counter');
    },
  ));

const SYSTEM_MAP = `0000000000000000 A __per_cpu_start
ffffffff80000000 T _start
ffffffff80000010 t init_local
ffffffff80001000 D jiffies
ffffffff80001008 b buffer\t[module]
                 U undefined_one
`.replace(/^ .*\n/m, '');

test('a System.map names addresses and knows no sizes', () =>
  withFile(SYSTEM_MAP, (symbols) => {
    const at = 0xffffffff80000000n;
    assert.equal(names(symbols, at + 4n, at + 0xfffn, at + 0x1000n, at + 0x1010n, 0x10n), [
      '_start+0x4',
      'init_local+0xfef',
      'jiffies',
      'buffer+0x8',
      '0x10',
    ]);
    assert.equal(symbols.symbolsNamed('_start'), [{ name: '_start', address: at, sizeBytes: 0, kind: 'function', isGlobal: true }]);
    assert.is(symbols.variable('jiffies')?.type, undefined);
    assert.is(symbols.lineAt(at), undefined);
    assert.is(names(symbols, at + 0x100000n)[0], '0xffffffff80100000', 'far behind the last symbol');
  }));

test('a bias moves every address of a file, and several files answer as one', () =>
  withFolder((folder) => {
    const elf = (name: string): string =>
      file(folder, name, writeSectionElf([textSection(TEXT, 64), ...symbolSections([{ name, value: TEXT, size: 8, type: FUNCTION }])]));
    const table = new SymbolTable([openSymbols(elf('kernel')), openSymbols(elf('loader'), { bias: 0x80200000n - TEXT })]);
    assert.equal(names(table, TEXT + 4n, 0x80200004n, 0x80200008n), ['kernel+0x4', 'loader+0x4', '0x80200008']);
    assert.is(table.symbolsNamed('loader')[0]?.address, 0x80200000n);
    assert.is(table.variable('loader')?.address, 0x80200000n);
    assert.is(table.nearestName('kernle'), 'kernel');
    table.close();
  }));

test('a compressed section is unpacked; what a damaged one claims is checked', async () => {
  const [table, strings] = symbolSections([{ name: 'packed', value: TEXT, size: 8, type: FUNCTION }]) as [ElfSection, ElfSection];
  const pack = (kind: number, size: number, packed: Uint8Array): Buffer =>
    writeSectionElf([
      textSection(TEXT, 64),
      { ...table, flags: SHF_COMPRESSED, bytes: bytes(uint(kind, 4), uint(0, 4), uint(size, 8), uint(1, 8), packed) },
      strings,
    ]);
  const { length } = table.bytes;
  await withFile(pack(1, length, deflateSync(table.bytes)), (symbols) => assert.equal(names(symbols, TEXT), ['packed']));
  const wrong: readonly (readonly [Buffer, RegExp])[] = [
    [pack(1, length + 1, deflateSync(table.bytes)), /file: at offset 0x\w+: \.symtab: has 24 bytes when decompressed, not 25/],
    [pack(1, 2 ** 40, deflateSync(table.bytes)), /claims to be 1099511627776 bytes/],
    [pack(1, length, Buffer.from('no deflate data')), /\.symtab: bad zlib data/],
    [
      pack(2, length, Buffer.from('no zstd data')),
      /\.symtab: (compressed with zstd, which Node\.js can unpack from 22\.15 on|bad zstd data)/,
    ],
    [pack(7, length, Buffer.from('x')), /\.symtab: compressed with an unknown method/],
  ];
  for (const [contents, message] of wrong) await withFile(contents, (symbols) => throwsImageError(() => symbols.symbolAt(TEXT), message));
});

function throwsImageError(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error: unknown) => {
    assert.instance(error, ImageError);
    assert.match((error as Error).message, message);
    return true;
  });
}

test('what is no file of symbols is refused with the reason', () =>
  withFolder((folder) => {
    const elf = writeSectionElf([textSection(TEXT, 64)]);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(elf);
      copy[at] = value;
      return copy;
    };
    const cases: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
      ['object.o', writeSectionElf([], { type: 1 }), /object\.o: at offset 0x10: an object file/],
      ['big-endian', changed(5, 2), /big-endian: at offset 0x5: not a little-endian ELF file/],
      ['class', changed(4, 3), /class: at offset 0x4: unknown ELF class 3/],
      ['short', elf.subarray(0, 20), /short: at offset 0x14: ELF header is cut off/],
      ['cut', elf.subarray(0, elf.length - 1), /cut: at offset 0x\w+: table of section headers ends behind the end of the file/],
      ['text', 'ffffffff80000000 T _start\nhello\n', /text:2: neither an ELF file nor a System\.map/],
    ];
    for (const [name, contents, message] of cases) throwsImageError(() => openSymbols(file(folder, name, contents)), message);
    throwsImageError(() => openSymbols(join(folder, 'missing')), /missing: no such file or directory/);
    throwsImageError(() => openSymbols(folder), /: is a directory/);
  }));

test('a file without symbols knows nothing, and a section without contents is no table', () =>
  withFile(writeSectionElf([{ name: '.debug_line', bytes: new Uint8Array(64), type: SHT_NOBITS }]), (symbols) => {
    assert.is(symbols.symbolAt(0n), undefined);
    assert.is(symbols.lineAt(0n), undefined);
    assert.is(symbols.variable('x'), undefined);
    assert.equal(symbols.addressesOf('x.c', 1), []);
  }));

test.run();
