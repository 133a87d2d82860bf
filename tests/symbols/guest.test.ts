/** Compares with binutils on what a compiler made of tests/symbols/guest/counter.c. */
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LineTable } from '../../lib/symbols/dwarf/lines.js';
import { DwarfSections } from '../../lib/symbols/dwarf/sections.js';
import { DebugInfo } from '../../lib/symbols/dwarf/units.js';
import { ElfFile, RangeFile } from '../../lib/symbols/elf-file.js';
import { describeAddress, openSymbols, type Symbols } from '../../lib/symbols/symbols.js';
import { binutil, hasBinutils } from '../support/binutils.js';
import { ROOT, withFolder } from '../support/files.js';

const test = suite('symbols of a compiled guest');

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Assembles and links the guest, and opens it. */
async function withGuest(
  version: 4 | 5,
  body: (symbols: Symbols, elf: string) => void,
  linkerFlags: readonly string[] = [],
): Promise<void> {
  if (!hasBinutils()) return;
  await withFolder((folder) => {
    const [object, elf] = [join(folder, 'counter.o'), join(folder, 'counter.elf')];
    binutil('as', [`-gdwarf-${version}`, '-march=rv64imac', join(ROOT, `tests/symbols/guest/counter-dwarf${version}.s`), '-o', object]);
    binutil('ld', ['-m', 'elf64lriscv', '-Ttext=0x80000000', ...linkerFlags, object, '-o', elf]);
    const symbols = openSymbols(elf);
    body(symbols, elf);
    symbols.close();
  });
}

/** The rows that readelf prints: file, line, address, and whether it is a statement; the end of a sequence has no line. */
function readelfRows(elf: string): string[] {
  const listing = binutil('readelf', ['--debug-dump=decodedline', elf]);
  const rows = listing.matchAll(/^(\S+\.[ch]) +(\d+|-) +(0x[0-9a-f]+)(?: +(\d+))?( +x)?( +END)?$/gm);
  return [...rows].map(([, file, line, address, , statement]) =>
    line === '-' ? `end ${address}` : `${file} ${line} ${address}${statement ? ' x' : ''}`,
  );
}

function ownRows(elf: string): string[] {
  const table = new LineTable(new DebugInfo(new DwarfSections(new ElfFile(new RangeFile(elf)))));
  const found: string[] = [];
  for (const { header, rows } of table.rows()) {
    for (const { start, end, firstRow, rowCount } of rows.sequences) {
      for (let row = firstRow; row < firstRow + rowCount; row++) {
        const address = hex(start + BigInt(rows.offsets[row]!));
        const file = basename(header.files[rows.files[row]!]!.path);
        found.push(`${file} ${rows.lines[row]} ${address}${rows.statements[row] ? ' x' : ''}`);
      }
      found.push(`end ${hex(end)}`);
    }
  }
  return found;
}

for (const version of [4, 5] as const) {
  test(`DWARF ${version}: every row of the line program is the one that readelf prints`, () =>
    withGuest(version, (_, elf) => {
      const expected = readelfRows(elf);
      assert.ok(expected.length > 30, `only ${expected.length} rows`);
      assert.equal(ownRows(elf), expected);
    }));

  for (const flags of [[], ['--compress-debug-sections=zlib']]) {
    test(`DWARF ${version}${flags.length ? ', compressed' : ''}: every address has the line and the function that addr2line names`, () =>
      withGuest(
        version,
        (symbols, elf) => {
          const last = symbols.symbolsNamed('_start')[0]!;
          const end = last.address + BigInt(last.sizeBytes);
          const addresses: bigint[] = [];
          for (let address = 0x80000000n; address < end; address += 2n) addresses.push(address);
          assert.ok(addresses.length > 50);
          const listing = binutil('addr2line', ['-e', elf], addresses.map(hex).join('\n'));
          const expected = listing
            .trim()
            .split('\n')
            .map((line) => line.replace(/ \(discriminator \d+\)$/, ''));
          const own = addresses.map((address) => symbols.lineAt(address)).map((line) => (line ? `${line.path}:${line.line}` : '??:?'));
          assert.equal(own, expected);
        },
        flags,
      ));
  }

  test(`DWARF ${version}: symbols have the addresses and sizes that nm prints`, () =>
    withGuest(version, (symbols, elf) => {
      const rows = [...binutil('nm', ['-S', elf]).matchAll(/^([0-9a-f]+) ([0-9a-f]+) [TtDdBbRrSsGg] (\S+)$/gm)];
      assert.ok(rows.length > 10);
      for (const [, address, size, name] of rows) {
        const [symbol] = symbols.symbolsNamed(name!);
        assert.is(symbol?.address, BigInt(`0x${address}`), name);
        assert.is(symbol?.sizeBytes, Number.parseInt(size!, 16), name);
        if (symbol!.sizeBytes > 1) assert.is(describeAddress(symbols, symbol!.address + 1n), `${name}+0x1`);
      }
    }));

  test(`DWARF ${version}: variables have the size and the kind of their types`, () =>
    withGuest(version, (symbols) => {
      const expected: readonly (readonly [string, number, string, boolean])[] = [
        ['counter', 4, 'unsigned', true],
        ['level', 1, 'signed', false],
        ['limits', 8, 'aggregate', true],
        ['grid', 24, 'aggregate', true],
        ['state', 4, 'unsigned', true],
        ['ready', 1, 'boolean', true],
        ['message', 8, 'address', true],
        ['first', 16, 'aggregate', true],
        ['head', 8, 'address', true],
        ['total', 8, 'signed', true],
        ['ratio', 4, 'float', true],
      ];
      for (const [name, size, encoding, isGlobal] of expected) {
        const variable = symbols.variable(name);
        assert.equal([variable?.type?.sizeBytes, variable?.type?.encoding, variable?.isGlobal], [size, encoding, isGlobal], name);
        assert.is(variable?.address, symbols.symbolsNamed(name)[0]?.address, name);
      }
      assert.equal(symbols.variable('limits')?.type?.target?.(), { sizeBytes: 2, encoding: 'unsigned' });
      assert.is(symbols.variable('grid')?.type?.target?.()?.sizeBytes, 12);
      assert.equal(symbols.variable('grid')?.type?.target?.()?.target?.(), { sizeBytes: 4, encoding: 'signed' });
      assert.equal(symbols.variable('message')?.type?.target?.(), { sizeBytes: 1, encoding: 'unsigned' });
      assert.equal(symbols.variable('head')?.type?.target?.(), { sizeBytes: 16, encoding: 'aggregate' });
      assert.is(symbols.variable('result'), undefined, 'a local variable');
    }));

  test(`DWARF ${version}: an inlined line is found in every function that it is in`, () =>
    withGuest(version, (symbols) => {
      const homes = symbols.addressesOf('counter.h', 4).map(({ address }) => symbols.symbolAt(address)?.symbol.name);
      assert.equal(homes, ['count', '_start']);
      const [place] = symbols.addressesOf('guest/counter.c', 39);
      assert.is(symbols.symbolAt(place!.address)?.symbol.name, 'count');
      assert.is(place?.path, '/guest/counter.c');
    }));

  test(`DWARF ${version}: without a symbol table, functions come from .debug_info`, () =>
    withGuest(version, (symbols, elf) => {
      const stripped = `${elf}.stripped`;
      binutil('objcopy', ['--strip-all', '--keep-section=.debug_*', elf, stripped]);
      const bare = openSymbols(stripped);
      const { address, sizeBytes } = symbols.symbolsNamed('count')[0]!;
      assert.is(describeAddress(bare, address + 4n), 'count+0x4');
      assert.is(bare.symbolAt(address + BigInt(sizeBytes) - 2n)?.symbol.name, 'count');
      assert.equal(bare.symbolsNamed('count'), [{ name: 'count', address, sizeBytes, kind: 'function', isGlobal: true }]);
      assert.is(bare.variable('counter')?.address, symbols.variable('counter')?.address);
      bare.close();
    }));
}

test.run();
