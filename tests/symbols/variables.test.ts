import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSymbols, type Symbols } from '../../lib/symbols/symbols.js';
import { type Attribute, bytes, type Die, infoUnit, sleb, uint, uleb } from '../support/dwarf-writer.js';
import { file, withFolder } from '../support/files.js';
import { textSection, writeSectionElf } from '../support/section-elf.js';

const test = suite('variables and functions in DWARF');

const TEXT = 0x80000000n;
const TAG = {
  array: 0x01,
  pointer: 0x0f,
  unit: 0x11,
  struct: 0x13,
  typedef: 0x16,
  subrange: 0x21,
  base: 0x24,
  const: 0x26,
  subprogram: 0x2e,
  variable: 0x34,
  namespace: 0x39,
};
const AT = {
  sibling: 0x01,
  location: 0x02,
  name: 0x03,
  byteSize: 0x0b,
  lowPc: 0x11,
  highPc: 0x12,
  upperBound: 0x2f,
  count: 0x37,
  declaration: 0x3c,
  encoding: 0x3e,
  external: 0x3f,
  specification: 0x47,
  type: 0x49,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
};
const FORM = {
  addr: 0x01,
  data2: 0x05,
  data4: 0x06,
  string: 0x08,
  block1: 0x0a,
  data1: 0x0b,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  refAddr: 0x10,
  ref4: 0x13,
  refUdata: 0x15,
  indirect: 0x16,
  secOffset: 0x17,
  exprloc: 0x18,
  flagPresent: 0x19,
  strx: 0x1a,
  addrx: 0x1b,
  data16: 0x1e,
  strx1: 0x25,
  addrx1: 0x29,
};

const name = (text: string): Attribute => [AT.name, FORM.string, bytes(text)];
const at = (address: bigint): Attribute => [AT.location, FORM.exprloc, bytes(9, 3, uint(address, 8))];
const base = (size: number, encoding: number): Die => ({
  tag: TAG.base,
  attributes: [
    [AT.byteSize, FORM.data1, bytes(size)],
    [AT.encoding, FORM.data1, bytes(encoding)],
  ],
});

/** A reference within the unit, to the `index`th child of the root. */
type Reference = (index: number) => Uint8Array;

/** Writes a unit twice: the offsets of the root's children are known only when it was written once. */
async function withUnit(
  version: 4 | 5,
  children: (reference: Reference) => readonly Die[],
  body: (symbols: Symbols) => void,
  options: {
    readonly root?: readonly Attribute[];
    readonly sections?: Readonly<Record<string, Uint8Array>>;
    readonly offsetSize?: 4 | 8;
  } = {},
): Promise<void> {
  const { root = [], sections = {}, offsetSize = 4 } = options;
  const write = (dies: readonly Die[]): { info: Buffer; abbrev: Buffer } =>
    infoUnit(version, { tag: TAG.unit, attributes: root, children: dies }, offsetSize);
  const blank = children(() => uint(0, 4));
  const offsets = blank.map((_, index) => write(blank.slice(0, index)).info.length - 1);
  const { info, abbrev } = write(children((index) => uint(offsets[index]!, 4)));
  const all = Object.entries({ info, abbrev, ...sections }).map(([section, contents]) => ({ name: `.debug_${section}`, bytes: contents }));
  await withFolder((folder) => {
    const symbols = openSymbols(file(folder, 'kernel', writeSectionElf([textSection(TEXT, 0x1000), ...all])));
    body(symbols);
    symbols.close();
  });
}

for (const version of [4, 5] as const) {
  for (const offsetSize of [4, 8] as const) {
    test(`version ${version}, ${8 * offsetSize}-bit DWARF: the type is found behind typedefs and qualifiers`, () =>
      withUnit(
        version,
        (reference) => [
          base(2, 5),
          { tag: TAG.typedef, attributes: [name('i16'), [AT.type, FORM.ref4, reference(0)]] },
          { tag: TAG.const, attributes: [[AT.type, FORM.ref4, reference(1)]] },
          {
            tag: TAG.variable,
            attributes: [name('level'), [AT.type, FORM.ref4, reference(2)], [AT.external, FORM.flagPresent, bytes()], at(TEXT + 4n)],
          },
        ],
        (symbols) =>
          assert.equal(symbols.variable('level'), {
            name: 'level',
            address: TEXT + 4n,
            type: { sizeBytes: 2, encoding: 'signed' },
            isGlobal: true,
          }),
        { offsetSize },
      ));
  }
}

test('names and addresses may be indices into .debug_str_offsets and .debug_addr', () => {
  const str = bytes('', 'first', 'second');
  const sections = {
    str,
    str_offsets: bytes(uint(12, 4), uint(5, 2), uint(0, 2), uint(1, 4), uint(7, 4)),
    addr: bytes(uint(20, 4), uint(5, 2), 8, 0, uint(TEXT + 8n, 8), uint(TEXT + 16n, 8)),
  };
  const root: Attribute[] = [
    [AT.strOffsetsBase, FORM.secOffset, uint(8, 4)],
    [AT.addrBase, FORM.secOffset, uint(8, 4)],
  ];
  return withUnit(
    5,
    (reference) => [
      base(1, 2),
      {
        tag: TAG.variable,
        attributes: [
          [AT.name, FORM.strx1, bytes(0)],
          [AT.type, FORM.ref4, reference(0)],
          [AT.location, FORM.exprloc, bytes(2, 0xa1, 0)],
        ],
      },
      {
        tag: TAG.variable,
        attributes: [
          [AT.name, FORM.strx, uleb(1)],
          [AT.type, FORM.ref4, reference(0)],
          [AT.location, FORM.exprloc, bytes(2, 0xa1, 1)],
        ],
      },
      {
        tag: TAG.subprogram,
        attributes: [
          [AT.name, FORM.strx1, bytes(1)],
          [AT.lowPc, FORM.addrx1, bytes(0)],
          [AT.highPc, FORM.udata, uleb(8)],
        ],
      },
    ],
    (symbols) => {
      assert.equal([symbols.variable('first')?.address, symbols.variable('second')?.address], [TEXT + 8n, TEXT + 16n]);
      assert.is(symbols.variable('first')?.type?.encoding, 'boolean');
      assert.equal(symbols.symbolAt(TEXT + 9n), {
        symbol: { name: 'second', address: TEXT + 8n, sizeBytes: 8, kind: 'function', isGlobal: false },
        offset: 1n,
      });
    },
    { root, sections },
  );
});

test('a definition completes its declaration, and a declaration alone is none', () =>
  withUnit(
    4,
    (reference) => [
      base(8, 7),
      {
        tag: TAG.variable,
        attributes: [
          name('total'),
          [AT.type, FORM.ref4, reference(0)],
          [AT.external, FORM.flagPresent, bytes()],
          [AT.declaration, FORM.flagPresent, bytes()],
        ],
      },
      { tag: TAG.variable, attributes: [name('foreign'), [AT.type, FORM.ref4, reference(0)], [AT.declaration, FORM.flagPresent, bytes()]] },
      {
        tag: TAG.variable,
        attributes: [
          [AT.specification, FORM.refAddr, reference(1)],
          [AT.location, FORM.block1, bytes(9, 3, uint(TEXT, 8))],
        ],
      },
    ],
    (symbols) => {
      assert.equal(symbols.variable('total'), {
        name: 'total',
        address: TEXT,
        type: { sizeBytes: 8, encoding: 'unsigned' },
        isGlobal: true,
      });
      assert.is(symbols.variable('foreign'), undefined);
    },
  ));

test('arrays multiply their bounds; structures and what is in functions are known for what they are', () =>
  withUnit(
    4,
    (reference) => [
      base(4, 5),
      {
        tag: TAG.array,
        attributes: [[AT.type, FORM.ref4, reference(0)]],
        children: [
          { tag: TAG.subrange, attributes: [[AT.upperBound, FORM.data1, bytes(2)]] },
          { tag: TAG.subrange, attributes: [[AT.count, FORM.data2, uint(5, 2)]] },
        ],
      },
      {
        tag: TAG.struct,
        attributes: [[AT.byteSize, FORM.indirect, bytes(uleb(FORM.udata), uleb(300))]],
        children: [{ tag: 0x0d, attributes: [name('member')] }],
      },
      { tag: TAG.pointer, attributes: [[AT.type, FORM.refUdata, bytes(0xff, 0xff, 0xff, 0x7f)]] },
      { tag: TAG.subprogram, attributes: [name('f')], children: [{ tag: TAG.variable, attributes: [name('local'), at(TEXT)] }] },
      {
        tag: TAG.namespace,
        attributes: [name('space')],
        children: [{ tag: TAG.variable, attributes: [name('inside'), at(TEXT + 40n), [AT.type, FORM.ref4, reference(0)]] }],
      },
      { tag: TAG.variable, attributes: [name('grid'), [AT.type, FORM.ref4, reference(1)], at(TEXT)] },
      { tag: TAG.variable, attributes: [name('box'), [AT.type, FORM.ref4, reference(2)], at(TEXT)] },
      { tag: TAG.variable, attributes: [name('pointer'), [AT.type, FORM.ref4, reference(3)], at(TEXT)] },
      { tag: TAG.variable, attributes: [name('elsewhere'), at(0x1000n)] },
      { tag: TAG.variable, attributes: [name('in_register'), [AT.location, FORM.exprloc, bytes(1, 0x50)]] },
    ],
    (symbols) => {
      const grid = symbols.variable('grid')?.type;
      assert.equal([grid?.sizeBytes, grid?.target?.()?.sizeBytes, grid?.target?.()?.target?.()?.encoding], [60, 20, 'signed']);
      assert.equal(symbols.variable('box')?.type, { sizeBytes: 300, encoding: 'aggregate' });
      assert.equal([symbols.variable('pointer')?.type?.sizeBytes, symbols.variable('pointer')?.type?.target?.()], [8, undefined]);
      assert.is(symbols.variable('inside')?.address, TEXT + 40n);
      for (const missing of ['local', 'member', 'elsewhere', 'in_register']) assert.is(symbols.variable(missing), undefined, missing);
    },
  ));

test('types that lead in a circle have no size', () =>
  withUnit(
    4,
    (reference) => [
      { tag: TAG.typedef, attributes: [[AT.type, FORM.ref4, reference(1)]] },
      { tag: TAG.const, attributes: [[AT.type, FORM.ref4, reference(0)]] },
      { tag: TAG.array, attributes: [[AT.type, FORM.ref4, reference(2)]] },
      { tag: TAG.variable, attributes: [name('circle'), [AT.type, FORM.ref4, reference(0)], at(TEXT)] },
      { tag: TAG.variable, attributes: [name('snake'), [AT.type, FORM.ref4, reference(2)], at(TEXT)] },
      { tag: TAG.variable, attributes: [[AT.specification, FORM.ref4, reference(5)], at(TEXT)] },
    ],
    (symbols) => {
      assert.equal(symbols.variable('circle'), { name: 'circle', address: TEXT, type: undefined, isGlobal: false });
      assert.is(symbols.variable('snake')?.type, undefined);
      assert.is(symbols.variable('nameless'), undefined);
    },
  ));

test('children are skipped by their sibling, and a sibling that leads back is not followed', () =>
  withUnit(
    4,
    (reference) => [
      {
        tag: TAG.struct,
        attributes: [[AT.sibling, FORM.ref4, reference(1)]],
        children: [{ tag: TAG.variable, attributes: [name('hidden'), at(TEXT)] }],
      },
      {
        tag: TAG.struct,
        attributes: [
          [AT.sibling, FORM.ref4, reference(0)],
          [AT.upperBound, FORM.sdata, sleb(-1)],
        ],
        children: [{ tag: 0x0d, attributes: [] }],
      },
      { tag: TAG.variable, attributes: [name('seen'), at(TEXT + 1n), [0x2001, FORM.data16, new Uint8Array(16)]] },
    ],
    (symbols) => {
      assert.is(symbols.variable('hidden'), undefined);
      assert.is(symbols.variable('seen')?.address, TEXT + 1n);
    },
  ));

test.run();
