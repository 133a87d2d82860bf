/** Damaged files: whatever is in them, the answer is one or an `ImageError` that names the file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findLocation } from '../../lib/symbols/location.js';
import { openSymbols } from '../../lib/symbols/symbols.js';
import { ConfigError, ImageError } from '../../lib/util/errors.js';
import { binutil, hasBinutils } from '../support/binutils.js';
import { bytes, fileTables, infoUnit, line, lineUnit, uint, unit } from '../support/dwarf-writer.js';
import { ROOT, withFolder } from '../support/files.js';
import { randomSource } from '../support/random.js';
import { symbolSections, textSection, writeSectionElf } from '../support/section-elf.js';

const test = suite('damaged files of symbols');

const TEXT = 0x80000000n;

/** A small file with a bit of everything. */
function smallElf(): Buffer {
  const program = bytes(
    line.setAddress(TEXT),
    line.copy,
    line.special(4, 2),
    line.fixedAdvancePc(4),
    line.setFile(1),
    line.copy,
    line.advancePc(8),
    line.endSequence,
  );
  const location = bytes(9, 3, uint(TEXT, 8));
  const { info, abbrev } = infoUnit(5, {
    tag: 0x11,
    attributes: [
      [0x10, 0x17, uint(0, 4)],
      [0x1b, 0x1f, uint(0, 4)],
    ],
    children: [
      {
        tag: 0x24,
        attributes: [
          [0x0b, 0x0b, bytes(4)],
          [0x3e, 0x0b, bytes(5)],
        ],
      },
      { tag: 0x01, attributes: [[0x49, 0x13, uint(21, 4)]], children: [{ tag: 0x21, attributes: [[0x2f, 0x0b, bytes(3)]] }] },
      {
        tag: 0x34,
        attributes: [
          [0x03, 0x08, bytes('counter')],
          [0x49, 0x13, uint(24, 4)],
          [0x02, 0x18, location],
        ],
      },
      {
        tag: 0x2e,
        attributes: [
          [0x03, 0x0e, uint(0, 4)],
          [0x11, 0x01, uint(TEXT, 8)],
          [0x12, 0x0f, bytes(32)],
        ],
      },
    ],
  });
  const aranges = unit(bytes(uint(2, 2), uint(0, 4), 8, 0, uint(0, 4), uint(TEXT, 8), uint(64, 8), uint(0, 8), uint(0, 8)));
  const tables = bytes(1, 1, 0x1f, 1, uint(0, 4), 2, 1, 0x1f, 2, 0x0b, 2, uint(5, 4), 0, uint(5, 4), 0);
  const lines = bytes(
    lineUnit({ version: 5, tables, program }),
    lineUnit({ version: 4, tables: fileTables(['lib'], [['b.c', 1]]), program }),
  );
  const debug = { line: lines, info, abbrev, aranges, str: bytes('count'), line_str: bytes('/src', 'a.c') };
  return writeSectionElf([
    textSection(TEXT, 64),
    ...Object.entries(debug).map(([name, contents]) => ({ name: `.debug_${name}`, bytes: contents })),
    ...symbolSections([
      { name: 'count', value: TEXT, size: 32, type: 2, isGlobal: true },
      { name: 'counter', value: TEXT + 32n, size: 16, type: 1 },
    ]),
  ]);
}

interface Questions {
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly addresses: readonly bigint[];
}

/** Asks everything; gives the number of answers before the first error. */
function askAll(path: string, { names, files, addresses }: Questions): number {
  let answers = 0;
  const symbols = openSymbols(path);
  const ask = (question: () => unknown): void => {
    try {
      if (question() !== undefined) answers++;
    } catch (error) {
      // Whoever asks for a place that is not there has made the mistake, as far as anyone can tell.
      if (!(error instanceof ConfigError)) checkError(error, path);
    }
  };
  for (const address of addresses) {
    ask(() => symbols.symbolAt(address));
    ask(() => symbols.lineAt(address));
  }
  for (const name of names) {
    ask(() => symbols.variable(name)?.type?.target?.());
    ask(() => findLocation(`${name}+4`, symbols));
  }
  for (const name of files) ask(() => findLocation(`${name}:1`, symbols));
  symbols.close();
  return answers;
}

function checkError(error: unknown, path: string): void {
  if (!(error instanceof ImageError)) throw error;
  assert.ok(error.message.startsWith(path), error.message);
}

function damage(original: Buffer, random: () => number): Buffer {
  if (random() % 8 === 0) return original.subarray(0, random() % original.length);
  const copy = Buffer.from(original);
  for (let count = 1 + (random() % 4); count > 0; count--) {
    const at = random() % copy.length;
    const kind = random() % 3;
    if (kind === 0) copy[at] = (copy[at] as number) ^ (1 << (random() % 8));
    else copy.fill(kind === 1 ? 0xff : random() & 0xff, at, Math.min(copy.length, at + 1 + (random() % 8)));
  }
  return copy;
}

async function fuzz(folder: string, original: Buffer, questions: Questions, rounds: number): Promise<void> {
  const random = randomSource(11);
  const path = join(folder, 'damaged');
  writeFileSync(path, original);
  const all = askAll(path, questions);
  assert.ok(all >= questions.addresses.length, `the file itself gives ${all} answers`);
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    writeFileSync(path, damage(original, random));
    try {
      askAll(path, questions);
    } catch (error) {
      checkError(error, path);
      refused++;
    }
  }
  assert.ok(refused > 0 && refused < rounds, `${refused} of ${rounds} were refused at once`);
}

test('a small file: bits turned, bytes overwritten, cut off', () =>
  withFolder((folder) =>
    fuzz(folder, smallElf(), { names: ['count', 'counter'], files: ['a.c', 'b.c'], addresses: [TEXT, TEXT + 6n, TEXT + 40n, 0n] }, 500),
  ));

for (const version of [4, 5]) {
  test(`a compiler's DWARF ${version}: bits turned, bytes overwritten, cut off`, () => {
    if (!hasBinutils()) return;
    return withFolder((folder) => {
      const [object, elf] = [join(folder, 'counter.o'), join(folder, 'counter.elf')];
      binutil('as', [`-gdwarf-${version}`, '-march=rv64imac', join(ROOT, `tests/symbols/guest/counter-dwarf${version}.s`), '-o', object]);
      binutil('ld', ['-m', 'elf64lriscv', '-Ttext=0x80000000', object, '-o', elf]);
      const addresses = [TEXT, TEXT + 0x20n, TEXT + 0x40n];
      return fuzz(folder, readFileSync(elf), { names: ['grid', 'count', 'head'], files: ['counter.h', 'counter.c'], addresses }, 200);
    });
  });
}

test.run();
