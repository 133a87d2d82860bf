/**
 * Plain data as msgpack, and the reading of it with every field checked.
 *
 * What may occur: nil, booleans, integers of at most 53 bits, float64, text, binaries, arrays and maps; no extension types. The bytes are
 * looked over before they are decoded, so that neither a length field nor nesting can cost more than the bytes themselves.
 */
import { Packr } from 'msgpackr/pack';
import { ImageError } from '../lib/util/errors.js';

/** Deeper nesting is refused: a device's saved state has 6 levels. */
const DEPTH_MAX = 32;
const VALUES_MAX = 2 ** 18;
const packr = new Packr({ useRecords: false });

/** `value` as msgpack. It must be plain. */
export function encodePlain(value: unknown): Uint8Array {
  return packr.pack(value);
}

/**
 * The value in `bytes`; throws `ImageError` where they are not exactly one plain value, or where it is made of more than `valuesMax` values (each
 * takes more memory than its bytes). `where` begins the message.
 */
export function decodePlain(bytes: Uint8Array, where: string, valuesMax = VALUES_MAX): unknown {
  const problem = problemOf(bytes, valuesMax);
  if (problem !== undefined) throw new ImageError(`${where}: ${problem}`);
  return packr.unpack(bytes);
}

/** Per first byte 0xc0 to 0xdf: bytes of payload, or (in `lengths`) of the field that says how many payload bytes, elements or pairs there are. */
const FIXED: readonly (number | undefined)[] = [
  ...[0, undefined, 0, 0], // nil, never used, false, true
  ...[undefined, undefined, undefined], // bin: in LENGTHS
  ...[undefined, undefined, undefined], // ext
  ...[4, 8], // float32, float64
  ...[1, 2, 4, 8], // unsigned
  ...[1, 2, 4, 8], // signed
];
const LENGTHS: Readonly<Record<number, { readonly field: number; readonly elements: number }>> = {
  196: { field: 1, elements: 0 },
  197: { field: 2, elements: 0 },
  198: { field: 4, elements: 0 },
  217: { field: 1, elements: 0 },
  218: { field: 2, elements: 0 },
  219: { field: 4, elements: 0 },
  220: { field: 2, elements: 1 },
  221: { field: 4, elements: 1 },
  222: { field: 2, elements: 2 },
  223: { field: 4, elements: 2 },
};

/** What is wrong with `bytes` as one plain value. */
function problemOf(bytes: Uint8Array, valuesMax: number): string | undefined {
  /** How many values are still to come, per level. */
  const open = [1];
  let [at, values] = [0, 0];
  while (open.length > 0) {
    const left = open.length - 1;
    if (open[left] === 0) {
      open.pop();
      continue;
    }
    open[left]--;
    if (++values > valuesMax) return 'too many values';
    const item = itemAt(bytes, at);
    if (!item) return 'data of an unknown type';
    at += item.bytes;
    if (at > bytes.length || item.elements > bytes.length - at) return 'data that is cut off';
    if (item.elements > 0 && open.push(item.elements) > DEPTH_MAX) return 'data that is nested too deeply';
  }
  return at === bytes.length ? undefined : 'more data than expected';
}

/** The length of the item's own bytes at `at`, and how many values follow that belong to it. */
function itemAt(bytes: Uint8Array, at: number): { bytes: number; elements: number } | undefined {
  const first = bytes[at];
  // Behind the end: longer than what is there.
  if (first === undefined) return { bytes: 1, elements: 0 };
  if (first < 0x80 || first >= 0xe0) return { bytes: 1, elements: 0 };
  if (first < 0x90) return { bytes: 1, elements: (first & 15) * 2 };
  if (first < 0xa0) return { bytes: 1, elements: first & 15 };
  if (first < 0xc0) return { bytes: 1 + (first & 31), elements: 0 };
  const fixed = FIXED[first - 0xc0];
  if (fixed !== undefined) return { bytes: 1 + fixed, elements: 0 };
  const row = LENGTHS[first];
  if (!row) return undefined;
  let length = 0;
  for (let i = 1; i <= row.field; i++) length = length * 256 + (bytes[at + i] ?? 0);
  const own = 1 + row.field;
  return row.elements === 0 ? { bytes: own + length, elements: 0 } : { bytes: own, elements: length * row.elements };
}

/** A map or an array whose fields are read by name or index, each checked. Errors begin with `where`. */
export class Fields {
  private readonly fields: Readonly<Record<string | number, unknown>>;
  readonly where: string;

  constructor(value: unknown, where: string) {
    this.where = where;
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) throw new ImageError(`${where}: no fields`);
    this.fields = value as Readonly<Record<string | number, unknown>>;
  }

  has(field: string | number): boolean {
    const value = this.fields[field];
    return value !== undefined && value !== null;
  }

  /** An integer from 0 to `maximum`. */
  integer(field: string | number, maximum = Number.MAX_SAFE_INTEGER): number {
    const value = this.fields[field];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maximum) throw this.bad(field);
    return value;
  }

  boolean(field: string | number): boolean {
    const value = this.fields[field];
    if (typeof value !== 'boolean') throw this.bad(field);
    return value;
  }

  text(field: string | number, maximumLength = 4096): string {
    const value = this.fields[field];
    if (typeof value !== 'string' || value.length > maximumLength) throw this.bad(field);
    return value;
  }

  /** One of the texts `allowed`. */
  choice<T extends string>(field: string | number, allowed: readonly T[]): T {
    const value = allowed.find((candidate) => candidate === this.fields[field]);
    if (value === undefined) throw this.bad(field);
    return value;
  }

  /** A copy of a binary of `length` bytes, or any length. */
  bytes(field: string | number, length?: number): Uint8Array {
    const value = this.fields[field];
    if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) throw this.bad(field);
    return Uint8Array.from(value);
  }

  list(field: string | number): readonly unknown[] {
    const value = this.fields[field];
    if (!Array.isArray(value)) throw this.bad(field);
    return value;
  }

  /** Nested data, unchecked. */
  any(field: string | number): unknown {
    return this.fields[field];
  }

  nested(field: string | number): Fields {
    return new Fields(this.fields[field], `${this.where}: ${field}`);
  }

  /** The error for a field that is not what it must be. */
  bad(field: string | number): ImageError {
    return new ImageError(`${this.where}: bad field ${typeof field === 'number' ? field : `"${field}"`}`);
  }
}
