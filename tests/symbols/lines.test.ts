import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSymbols, type SourceLine, type Symbols } from '../../lib/symbols/symbols.js';
import { ImageError } from '../../lib/util/errors.js';
import { bytes, fileTables, infoUnit, type LineUnitOptions, line, lineUnit, uint, uleb, unit } from '../support/dwarf-writer.js';
import { file, withFolder } from '../support/files.js';
import { type ElfSection, symbolSections, textSection, writeSectionElf } from '../support/section-elf.js';

const test = suite('source lines');

const TEXT = 0xffffffff80000000n;
const TABLES = fileTables(
  ['lib', '/usr/include'],
  [
    ['main.c', 0],
    ['list.c', 1],
    ['stdio.h', 2],
  ],
);

/** Opens a file with code at TEXT and those contents of .debug_*. */
async function withDebug(
  sections: Readonly<Record<string, Uint8Array>>,
  body: (symbols: Symbols) => void,
  more: readonly ElfSection[] = [],
): Promise<void> {
  const debug = Object.entries(sections).map(([name, contents]) => ({ name: `.debug_${name}`, bytes: contents }));
  await withFolder((folder) => {
    const symbols = openSymbols(file(folder, 'kernel', writeSectionElf([textSection(TEXT, 0x1000), ...debug, ...more])));
    body(symbols);
    symbols.close();
  });
}

const program = (...opcodes: readonly Uint8Array[]): Buffer => bytes(line.setAddress(TEXT), ...opcodes, line.endSequence);
const withProgram = (options: Omit<LineUnitOptions, 'tables'>, body: (symbols: Symbols) => void): Promise<void> =>
  withDebug({ line: lineUnit({ ...options, tables: TABLES }) }, body);
const show = (found: SourceLine | undefined): string => (found ? `${found.path}:${found.line}:${found.column}` : 'none');
const at = (symbols: Symbols, ...offsets: number[]): string[] => offsets.map((offset) => show(symbols.lineAt(TEXT + BigInt(offset))));

for (const version of [2, 3, 4] as const) {
  for (const offsetSize of [4, 8] as const) {
    test(`all standard opcodes of version ${version} in ${8 * offsetSize}-bit DWARF make the rows that the standard says`, () =>
      withProgram(
        {
          version,
          offsetSize,
          program: program(
            line.copy,
            line.setColumn(7),
            line.special(2, 3),
            line.advancePc(6),
            line.advanceLine(-2),
            line.setIsa(1),
            line.copy,
            line.setFile(2),
            line.constAddPc,
            line.discriminator(5),
            bytes(7),
            bytes(10),
            bytes(11),
            line.copy,
            line.fixedAdvancePc(0x100),
            line.setFile(3),
            line.advanceLine(1000),
            line.copy,
            line.advancePc(4),
          ),
        },
        (symbols) => {
          const constAdd = Math.floor((255 - 13) / 14);
          assert.equal(at(symbols, 0, 1, 2, 7, 8), ['main.c:1:0', 'main.c:1:0', 'main.c:4:7', 'main.c:4:7', 'main.c:2:7']);
          assert.equal(at(symbols, 8 + constAdd, 8 + constAdd + 0xff), ['lib/list.c:2:7', 'lib/list.c:2:7']);
          const last = 8 + constAdd + 0x100;
          assert.equal(at(symbols, last, last + 3, last + 4, -1), [
            '/usr/include/stdio.h:1002:7',
            '/usr/include/stdio.h:1002:7',
            'none',
            'none',
          ]);
        },
      ));
  }
}

test('of rows for one address the last one counts, and a row of line 0 means that there is none', () =>
  withProgram(
    {
      version: 4,
      program: program(line.copy, line.advanceLine(4), line.copy, line.advancePc(4), line.advanceLine(-5), line.copy, line.advancePc(4)),
    },
    (symbols) => assert.equal(at(symbols, 0, 4), ['main.c:5:0', 'none']),
  ));

test('instructions longer than a byte, and several operations in an instruction, scale the address', async () => {
  await withProgram(
    { version: 4, minInsnLength: 4, program: program(line.special(0, 0), line.special(3, 1), line.advancePc(1)) },
    (symbols) => assert.equal(at(symbols, 11, 12, 15, 16), ['main.c:1:0', 'main.c:2:0', 'main.c:2:0', 'none']),
  );
  const two = program(line.special(1, 1), line.special(1, 1), line.special(3, 1), line.advancePc(1));
  await withProgram({ version: 4, minInsnLength: 8, maxOps: 2, program: two }, (symbols) =>
    // Operations 1, 2 and 5: instructions 0, 1 and 2.
    assert.equal(at(symbols, 0, 8, 16, 23, 24), ['main.c:2:0', 'main.c:3:0', 'main.c:4:0', 'main.c:4:0', 'none']),
  );
});

test('rows that go back in memory are put in order', () =>
  withProgram(
    {
      version: 4,
      program: program(
        line.copy,
        line.setAddress(TEXT + 8n),
        line.special(0, 2),
        line.setAddress(TEXT + 4n),
        line.special(0, 1),
        line.setAddress(TEXT + 12n),
      ),
    },
    (symbols) => assert.equal(at(symbols, 0, 4, 8, 12), ['main.c:1:0', 'main.c:4:0', 'main.c:3:0', 'none']),
  ));

test('opcodes of a later standard are stepped over with their operands', () => {
  // A header with 14 standard opcodes, the last of which has two operands.
  const coding = bytes(1, 1, 1, 0xfb, 14, 15, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 2);
  const rest = bytes(coding, TABLES);
  const opcodes = bytes(
    line.setAddress(TEXT),
    13,
    14,
    uleb(300),
    uleb(5),
    line.copy,
    0,
    3,
    0x80,
    1,
    2,
    line.advancePc(4),
    line.endSequence,
  );
  return withDebug({ line: unit(bytes(uint(4, 2), uint(rest.length, 4), rest, opcodes)) }, (symbols) =>
    assert.equal(at(symbols, 0, 3, 4), ['main.c:1:0', 'main.c:1:0', 'none']),
  );
});

test('version 5: the tables of files may use every form, with MD5 sums', () => {
  const strings = bytes('', 'in_str.c', '/home/build', 'in_line_str.c');
  const [inStr, home, inLineStr] = [1, 10, 22];
  const [PATH, DIRECTORY, TIMESTAMP, SIZE, MD5] = [1, 2, 3, 4, 5];
  const [STRING, STRP, LINE_STRP, UDATA, DATA1, DATA2, DATA4, DATA8, DATA16, BLOCK] = [
    0x08, 0x0e, 0x1f, 0x0f, 0x0b, 0x05, 0x06, 0x07, 0x1e, 0x09,
  ];
  const format = (...pairs: readonly (readonly [number, number])[]): Buffer =>
    bytes(pairs.length, ...pairs.flatMap(([a, b]) => [uleb(a), uleb(b)]));
  const folders = bytes(format([PATH as number, LINE_STRP as number]), uleb(2), uint(home, 4), uint(inStr, 4));
  const units = [
    { form: STRING, index: UDATA, name: bytes('in_place.c'), folder: uleb(0), path: '/home/build/in_place.c' },
    { form: STRP, index: DATA1, name: uint(inStr, 4), folder: bytes(0), path: '/home/build/in_str.c' },
    { form: LINE_STRP, index: DATA2, name: uint(inLineStr, 4), folder: uint(1, 2), path: '/home/build/in_str.c/in_line_str.c' },
  ].map(({ form, index, name, folder, path }, place) => {
    const extra = [
      [TIMESTAMP, DATA4],
      [SIZE, DATA8],
      [MD5, DATA16],
      [0x2001, BLOCK],
    ] as readonly (readonly [number, number])[];
    const file = bytes(name, folder, uint(1, 4), uint(2, 8), new Uint8Array(16).fill(7), uleb(3), new Uint8Array(3));
    const tables = bytes(
      folders,
      format([PATH as number, form as number], [DIRECTORY as number, index as number], ...extra),
      uleb(1),
      file,
    );
    const opcodes = bytes(
      line.setAddress(TEXT + BigInt(16 * place)),
      line.setFile(0),
      line.advanceLine(place),
      line.copy,
      line.advancePc(8),
      line.endSequence,
    );
    return { bytes: lineUnit({ version: 5, tables, program: opcodes }), expected: `${path}:${place + 1}:0` };
  });
  return withDebug({ line: bytes(...units.map((one) => one.bytes)), str: strings, line_str: strings }, (symbols) => {
    assert.equal(at(symbols, 0, 16, 32, 40), [...units.map(({ expected }) => expected), 'none']);
    assert.is(symbols.lineAt(TEXT)?.name, 'in_place.c', 'as the compiler was told');
  });
});

const STMT_LIST = 0x10;
const COMP_DIR = 0x1b;

test('up to version 4 the folder of the compiler comes from .debug_info, and .debug_aranges leads there', () => {
  const program4 = lineUnit({ version: 4, tables: TABLES, program: program(line.copy, line.advancePc(8)) });
  const second = lineUnit({
    version: 4,
    tables: TABLES,
    program: bytes(line.setAddress(TEXT + 8n), line.setFile(3), line.copy, line.advancePc(8), line.endSequence),
  });
  const { info, abbrev } = infoUnit(4, {
    tag: 0x11,
    attributes: [
      [STMT_LIST, 0x17, uint(0, 4)],
      [COMP_DIR, 0x08, bytes('/src/')],
    ],
  });
  const ranges = bytes(uint(TEXT, 8), uint(8, 8), uint(0, 8), uint(0, 8));
  const aranges = unit(bytes(uint(2, 2), uint(0, 4), 8, 0, uint(0, 4), ranges));
  return withDebug({ line: bytes(program4, second), info, abbrev, aranges }, (symbols) => {
    assert.equal(at(symbols, 0, 8, 16), ['/src/main.c:1:0', '/usr/include/stdio.h:1:0', 'none']);
    assert.is(symbols.lineAt(TEXT)?.name, 'main.c');
  });
});

test('a bias moves lines too, both ways', () =>
  withFolder((folder) => {
    const lines = lineUnit({ version: 4, tables: TABLES, program: program(line.advanceLine(8), line.copy, line.advancePc(4)) });
    const path = file(folder, 'kernel', writeSectionElf([textSection(TEXT, 64), { name: '.debug_line', bytes: lines }]));
    const symbols = openSymbols(path, { bias: 0x80200000n - TEXT });
    assert.is(show(symbols.lineAt(0x80200002n)), 'main.c:9:0');
    assert.is(symbols.lineAt(TEXT), undefined);
    assert.equal(
      symbols.addressesOf('main.c', 9).map(({ address }) => address),
      [0x80200000n],
    );
    symbols.close();
  }));

test('code that the linker dropped has no lines', () =>
  withProgram(
    {
      version: 4,
      program: bytes(line.setAddress(0n), line.copy, line.advancePc(8), line.endSequence, program(line.copy, line.advancePc(4))),
    },
    (symbols) => {
      assert.is(symbols.lineAt(4n), undefined);
      assert.equal(
        symbols.addressesOf('main.c', 1).map(({ address }) => address),
        [TEXT],
      );
    },
  ));

test('a line is found by the end of its path, at its first statement in each function', async () => {
  const rows = program(
    line.advanceLine(8),
    line.special(0, 1), // 0: 10
    line.special(4, 0), // 4: 10 again
    line.special(4, 1), // 8: 11
    line.special(4, -1), // 12: 10, later in the same function
    line.negateStatement,
    line.special(4, 2), // 16: 12, no statement
    line.negateStatement,
    line.special(16, -2), // 32: 10 in the next function
    line.advanceLine(5),
    line.special(4, 5), // 36: 20
    line.advancePc(4),
  );
  const functions = symbolSections([
    { name: 'one', value: TEXT, size: 32, type: 2 },
    { name: 'two', value: TEXT + 32n, size: 32, type: 2 },
  ]);
  const tables = fileTables(['/src/kernel'], [['main.c', 1]]);
  await withDebug(
    { line: lineUnit({ version: 4, tables, program: rows }) },
    (symbols) => {
      const find = (name: string, wanted: number): string[] =>
        symbols.addressesOf(name, wanted).map(({ address, line: found }) => `${address - TEXT}:${found}`);
      for (const name of ['main.c', 'kernel/main.c', '/src/kernel/main.c']) assert.equal(find(name, 10), ['0:10', '32:10'], name);
      assert.equal(find('main.c', 11), ['8:11']);
      assert.equal(find('main.c', 12), ['36:20'], 'no statement, so the next line that has one');
      assert.equal(find('main.c', 1), ['0:10', '32:10']);
      for (const name of ['ain.c', 'rnel/main.c', 'main.h', 'x/main.c']) assert.equal(find(name, 10), [], name);
      assert.equal(find('main.c', 21), []);
      assert.equal(symbols.filesNamed('kernel/main.c'), ['/src/kernel/main.c']);
    },
    functions,
  );
});

const DAMAGED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['an unknown version', unit(bytes(uint(6, 2), uint(0, 4))), /\.debug_line: line program of DWARF version 6/],
  ['a unit longer than the section', bytes(uint(1000, 4), uint(4, 2)), /unit of 1000 bytes ends behind the end/],
  ['a header longer than the unit', unit(bytes(uint(4, 2), uint(100, 4), 1, 1, 1)), /header of a line program is longer than its unit/],
  ['a line range of 0', lineUnit({ version: 4, lineRange: 0, tables: TABLES, program: bytes() }), /line range of 0/],
  ['a file name without an end', lineUnit({ version: 4, tables: Buffer.from('abc'), program: bytes() }), /string does not end/],
  [
    'an endless address',
    lineUnit({ version: 4, tables: TABLES, program: program(bytes(2, new Uint8Array(8).fill(0xff), 1)) }),
    /leads out of 4 GiB/,
  ],
  [
    'a number without an end',
    lineUnit({ version: 4, tables: TABLES, program: bytes(2, new Uint8Array(40).fill(0x80)) }),
    /LEB128 number is too long/,
  ],
  ['an opcode without operand', lineUnit({ version: 4, tables: TABLES, program: bytes(9, 1) }), /\.debug_line: cut off/],
  ['an address of 3 bytes', lineUnit({ version: 4, tables: TABLES, program: bytes(0, 4, 2, 1, 2, 3) }), /addresses of 3 bytes/],
  ['billions of empty entries', lineUnit({ version: 5, tables: bytes(0, uleb(0xffffffff)), program: bytes() }), /whose entries are empty/],
  [
    'a missing section of strings',
    lineUnit({ version: 5, tables: bytes(1, 1, 0x1f, 1, uint(0, 4)), program: bytes() }),
    /refers to \.debug_line_str/,
  ],
  [
    'an unknown form',
    lineUnit({ version: 5, tables: bytes(1, 1, 0x7f, 1, 0), program: bytes() }),
    /unknown form 0x7f|whose entries are empty/,
  ],
];

for (const [what, contents, message] of DAMAGED) {
  test(`${what} is an error with the file and the offset`, () =>
    withDebug({ line: contents }, (symbols) =>
      assert.throws(
        () => symbols.lineAt(TEXT),
        (error: unknown) => {
          assert.instance(error, ImageError);
          assert.match((error as Error).message, /kernel: at offset 0x[0-9a-f]+: /);
          assert.match((error as Error).message, message);
          return true;
        },
      ),
    ));
}

test.run();
