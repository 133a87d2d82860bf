/** Writes DWARF byte by byte for tests (DWARF 5, sections 6.2 and 7), with forms that the compilers at hand do not use. */
import { ByteWriter } from '../../lib/util/bytes.js';

type Item = number | string | Uint8Array;

/** Bytes: numbers are bytes, texts end with a zero byte. */
export function bytes(...items: readonly Item[]): Buffer {
  return Buffer.concat(
    items.map((item) =>
      typeof item === 'number' ? Buffer.from([item & 0xff]) : typeof item === 'string' ? Buffer.from(`${item}\0`) : item,
    ),
  );
}

export function uint(value: number | bigint, size: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer.subarray(0, size);
}

export function uleb(value: number): Buffer {
  const writer = new ByteWriter(8);
  writer.u32(value);
  return Buffer.from(writer.view());
}

export function sleb(value: number): Buffer {
  const writer = new ByteWriter(8);
  writer.s32(value);
  return Buffer.from(writer.view());
}

/** A unit with its initial length, in 32-bit or 64-bit DWARF. */
export function unit(contents: Uint8Array, offsetSize: 4 | 8 = 4): Buffer {
  return bytes(...(offsetSize === 8 ? [uint(0xffffffff, 4)] : []), uint(contents.length, offsetSize), contents);
}

export interface LineUnitOptions {
  readonly version: 2 | 3 | 4 | 5;
  readonly offsetSize?: 4 | 8;
  readonly minInsnLength?: number;
  readonly maxOps?: number;
  readonly lineRange?: number;
  readonly defaultIsStmt?: boolean;
  /** The tables of folders and files, coded as the version wants. */
  readonly tables: Uint8Array;
  readonly program: Uint8Array;
}

/** Operands of the standard opcodes, from 1 on. */
const OPCODE_LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
export const OPCODE_BASE = OPCODE_LENGTHS.length + 1;
export const LINE_BASE = -5;

/** A unit of .debug_line. */
export function lineUnit(options: LineUnitOptions): Buffer {
  const { version, offsetSize = 4, minInsnLength = 1, maxOps = 1, lineRange = 14, defaultIsStmt = true, tables, program } = options;
  const coding = bytes(
    minInsnLength,
    ...(version >= 4 ? [maxOps] : []),
    defaultIsStmt ? 1 : 0,
    LINE_BASE,
    lineRange,
    OPCODE_BASE,
    ...OPCODE_LENGTHS,
  );
  const rest = bytes(coding, tables);
  const addresses = version >= 5 ? bytes(8, 0) : bytes();
  return unit(bytes(uint(version, 2), addresses, uint(rest.length, offsetSize), rest, program), offsetSize);
}

/** Tables of version 2 to 4. */
export function fileTables(folders: readonly string[], files: readonly (readonly [name: string, folder: number])[]): Buffer {
  return bytes(...folders, 0, ...files.flatMap(([name, folder]) => [name, uleb(folder), 0, 0]), 0);
}

/** Opcodes of line programs by name. */
export const line = {
  copy: bytes(1),
  advancePc: (by: number): Buffer => bytes(2, uleb(by)),
  advanceLine: (by: number): Buffer => bytes(3, sleb(by)),
  setFile: (file: number): Buffer => bytes(4, uleb(file)),
  setColumn: (column: number): Buffer => bytes(5, uleb(column)),
  negateStatement: bytes(6),
  constAddPc: bytes(8),
  fixedAdvancePc: (by: number): Buffer => bytes(9, uint(by, 2)),
  setIsa: (isa: number): Buffer => bytes(12, uleb(isa)),
  setAddress: (address: bigint, size: 4 | 8 = 8): Buffer => bytes(0, size + 1, 2, uint(address, size)),
  discriminator: (value: number): Buffer => bytes(0, 2, 4, uleb(value)),
  endSequence: bytes(0, 1, 1),
  /** Advances both, and makes a row. */
  special: (addressAdvance: number, lineAdvance: number, lineRange = 14): Buffer =>
    bytes(lineAdvance - LINE_BASE + lineRange * addressAdvance + OPCODE_BASE),
};

/** An attribute of an entry: its number, its form, the bytes of its value. */
export type Attribute = readonly [name: number, form: number, value: Uint8Array];

export interface Die {
  readonly tag: number;
  readonly attributes: readonly Attribute[];
  readonly children?: readonly Die[];
}

/** .debug_info and .debug_abbrev of one unit whose entries have an abbreviation each. */
export function infoUnit(version: 4 | 5, root: Die, offsetSize: 4 | 8 = 4): { info: Buffer; abbrev: Buffer } {
  const abbreviations: Uint8Array[] = [];
  const write = ({ tag, attributes, children }: Die): Buffer => {
    const code = abbreviations.length + 1;
    const specs = attributes.flatMap(([name, form]) => [uleb(name), uleb(form)]);
    abbreviations.push(bytes(uleb(code), uleb(tag), children ? 1 : 0, ...specs, 0, 0));
    return bytes(uleb(code), ...attributes.map(([, , value]) => value), ...(children ? [...children.map(write), 0] : []));
  };
  const entries = write(root);
  const header = version === 5 ? bytes(1, 8, uint(0, offsetSize)) : bytes(uint(0, offsetSize), 8);
  return { info: unit(bytes(uint(version, 2), header, entries), offsetSize), abbrev: bytes(...abbreviations, 0) };
}
