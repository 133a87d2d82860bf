/** Attribute values by form (DWARF 5, 7.5.6 "Form Encodings"): one row per form. */
import type { Cursor } from '../cursor.js';

/** What the size and the meaning of a form depend on. */
export interface FormContext {
  readonly version: number;
  readonly addressSize: number;
  readonly offsetSize: 4 | 8;
  /** Where its unit begins: unit-local references count from there. */
  readonly unitStart: number;
}

/** An attribute's value as the form says it; indices and references to strings are resolved by who asks. */
export type FormValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'address'; readonly value: bigint }
  /** A string in place: its offset in the section that is read. */
  | { readonly kind: 'string'; readonly value: number }
  /** At an offset of .debug_str or .debug_line_str. */
  | { readonly kind: 'stringAt'; readonly section: 'str' | 'line_str'; readonly value: number }
  /** The index of an offset in .debug_str_offsets. */
  | { readonly kind: 'stringIndex'; readonly value: number }
  /** The index of an address in .debug_addr. */
  | { readonly kind: 'addressIndex'; readonly value: number }
  /** An offset in .debug_info. */
  | { readonly kind: 'reference'; readonly value: number }
  | { readonly kind: 'block'; readonly value: number; readonly end: number }
  /** Leads into another file, or is of no use here. */
  | { readonly kind: 'foreign' };

type Reader = (cursor: Cursor, context: FormContext) => FormValue;

const FOREIGN: FormValue = { kind: 'foreign' };
const number = (value: number): FormValue => ({ kind: 'number', value });
const unsigned =
  (size: number): Reader =>
  (cursor) =>
    number(cursor.unsigned(size));
const block =
  (length: (cursor: Cursor) => number): Reader =>
  (cursor) => {
    const size = length(cursor);
    const value = cursor.skip(size);
    return { kind: 'block', value, end: value + size };
  };
const index =
  (kind: 'stringIndex' | 'addressIndex', size: number): Reader =>
  (cursor) => ({ kind, value: size === 0 ? cursor.uleb() : cursor.unsigned(size) });
const reference =
  (size: number): Reader =>
  (cursor, { unitStart }) => ({ kind: 'reference', value: unitStart + (size === 0 ? cursor.uleb() : cursor.unsigned(size)) });
const foreign =
  (size: number): Reader =>
  (cursor, { offsetSize }) => {
    cursor.skip(size === 0 ? offsetSize : size);
    return FOREIGN;
  };
const stringIn =
  (section: 'str' | 'line_str'): Reader =>
  (cursor, { offsetSize }) => ({ kind: 'stringAt', section, value: cursor.unsigned(offsetSize) });

export const DW_FORM_IMPLICIT_CONST = 0x21;
const DW_FORM_INDIRECT = 0x16;

const FORMS: readonly (readonly [code: number, name: string, read: Reader])[] = [
  [0x01, 'addr', (cursor, { addressSize }) => ({ kind: 'address', value: cursor.address(addressSize) })],
  [0x03, 'block2', block((cursor) => cursor.u16())],
  [0x04, 'block4', block((cursor) => cursor.u32())],
  [0x05, 'data2', unsigned(2)],
  [0x06, 'data4', unsigned(4)],
  [0x07, 'data8', unsigned(8)],
  [0x08, 'string', readString],
  [0x09, 'block', block((cursor) => cursor.uleb())],
  [0x0a, 'block1', block((cursor) => cursor.u8())],
  [0x0b, 'data1', unsigned(1)],
  [0x0c, 'flag', unsigned(1)],
  [0x0d, 'sdata', (cursor) => number(cursor.sleb())],
  [0x0e, 'strp', stringIn('str')],
  [0x0f, 'udata', (cursor) => number(cursor.uleb())],
  [0x10, 'ref_addr', readRefAddr],
  [0x11, 'ref1', reference(1)],
  [0x12, 'ref2', reference(2)],
  [0x13, 'ref4', reference(4)],
  [0x14, 'ref8', reference(8)],
  [0x15, 'ref_udata', reference(0)],
  [DW_FORM_INDIRECT, 'indirect', readIndirect],
  [0x17, 'sec_offset', (cursor, { offsetSize }) => number(cursor.unsigned(offsetSize))],
  [0x18, 'exprloc', block((cursor) => cursor.uleb())],
  [0x19, 'flag_present', () => number(1)],
  [0x1a, 'strx', index('stringIndex', 0)],
  [0x1b, 'addrx', index('addressIndex', 0)],
  [0x1c, 'ref_sup4', foreign(4)],
  [0x1d, 'strp_sup', foreign(0)],
  [0x1e, 'data16', foreign(16)],
  [0x1f, 'line_strp', stringIn('line_str')],
  [0x20, 'ref_sig8', foreign(8)],
  [0x22, 'loclistx', readForeignIndex],
  [0x23, 'rnglistx', readForeignIndex],
  [0x24, 'ref_sup8', foreign(8)],
  [0x25, 'strx1', index('stringIndex', 1)],
  [0x26, 'strx2', index('stringIndex', 2)],
  [0x27, 'strx3', index('stringIndex', 3)],
  [0x28, 'strx4', index('stringIndex', 4)],
  [0x29, 'addrx1', index('addressIndex', 1)],
  [0x2a, 'addrx2', index('addressIndex', 2)],
  [0x2b, 'addrx3', index('addressIndex', 3)],
  [0x2c, 'addrx4', index('addressIndex', 4)],
  [0x1f01, 'GNU_addr_index', index('addressIndex', 0)],
  [0x1f02, 'GNU_str_index', index('stringIndex', 0)],
  [0x1f20, 'GNU_ref_alt', foreign(0)],
  [0x1f21, 'GNU_strp_alt', foreign(0)],
];

const READERS = new Map(FORMS.map(([code, , read]) => [code, read]));

/** Reads a value. Throws `ImageError` for a form that there is not. */
export function readForm(form: number, cursor: Cursor, context: FormContext): FormValue {
  const read = READERS.get(form);
  if (!read) throw cursor.fail(`unknown form 0x${form.toString(16)}`);
  return read(cursor, context);
}

function readString(cursor: Cursor): FormValue {
  const value = cursor.at;
  cursor.skipString();
  return { kind: 'string', value };
}

function readRefAddr(cursor: Cursor, { version, addressSize, offsetSize }: FormContext): FormValue {
  return { kind: 'reference', value: cursor.unsigned(version <= 2 ? addressSize : offsetSize) };
}

function readIndirect(cursor: Cursor, context: FormContext): FormValue {
  const form = cursor.uleb();
  if (form === DW_FORM_INDIRECT || form === DW_FORM_IMPLICIT_CONST) throw cursor.fail('indirect form without a value');
  return readForm(form, cursor, context);
}

function readForeignIndex(cursor: Cursor): FormValue {
  cursor.uleb();
  return FOREIGN;
}

/** Whether values of that form take up at least a byte, so that a count of them is bounded by the file's size. */
export function takesSpace(form: number): boolean {
  return READERS.has(form) && form !== 0x19;
}
