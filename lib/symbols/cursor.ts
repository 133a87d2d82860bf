/** Reading of little-endian binary data with checked bounds: every value that is cut off is an `ImageError` with its place in the file. */
import type { ImageError } from '../util/errors.js';

/** Bytes of a file, and how an error in them is reported. */
export interface Chunk {
  readonly bytes: Buffer;
  /** An error at `offset` of `bytes`. */
  fail(offset: number, what: string): ImageError;
}

/** No sensible encoding of a 64-bit number is longer. */
const LEB_BYTES_MAX = 16;
const HIGH_WORD = 2 ** 32;

export class Cursor {
  readonly chunk: Chunk;
  readonly bytes: Buffer;
  at: number;
  /** Nothing is read at or behind it. */
  readonly end: number;

  /** Reads `chunk` from offset `at` up to `end`. Throws `ImageError` if they are not inside of it. */
  constructor(chunk: Chunk, at = 0, end = chunk.bytes.length) {
    if (!(at >= 0 && at <= end && end <= chunk.bytes.length)) throw chunk.fail(Math.min(at, chunk.bytes.length), 'leads behind the end');
    this.chunk = chunk;
    this.bytes = chunk.bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** An error at `at`, or at the present position. */
  fail(what: string, at = this.at): ImageError {
    return this.chunk.fail(at, what);
  }

  /** Steps over `count` bytes and gives the offset of the first. */
  skip(count: number): number {
    const from = this.at;
    if (!(count >= 0 && count <= this.end - from)) throw this.fail('cut off');
    this.at = from + count;
    return from;
  }

  u8(): number {
    if (this.at >= this.end) throw this.fail('cut off');
    return this.bytes[this.at++] as number;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.skip(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.skip(4));
  }

  u64(): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8));
  }

  /** An unsigned number of `size` bytes (1 to 8); above 2^53 only nearly exact, which is enough to reject it. */
  unsigned(size: number): number {
    if (size <= 6) return this.bytes.readUIntLE(this.skip(size), size);
    const low = this.u32();
    return low + HIGH_WORD * this.bytes.readUIntLE(this.skip(size - 4), size - 4);
  }

  /** An address of 4 or 8 bytes. */
  address(size: number): bigint {
    if (size === 8) return this.u64();
    if (size === 4) return BigInt(this.u32());
    throw this.fail(`addresses of ${size} bytes`);
  }

  /** An unsigned LEB128 number; above 2^53 only nearly exact. */
  uleb(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    const start = this.at - 1;
    let value = first & 0x7f;
    for (let factor = 0x80; ; factor *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      if (this.at - start >= LEB_BYTES_MAX) throw this.fail('LEB128 number is too long', start);
    }
  }

  /** A signed LEB128 number; outside of +-2^53 only nearly exact. */
  sleb(): number {
    const start = this.at;
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte & 0x40 ? value - factor * 0x80 : value;
      if (this.at - start >= LEB_BYTES_MAX) throw this.fail('LEB128 number is too long', start);
    }
  }

  /** A string that ends with a zero byte, which is stepped over. */
  string(): string {
    return this.bytes.toString('utf8', this.at, this.skipString());
  }

  /** Steps over a string and its zero byte, and gives the offset of the latter. */
  skipString(): number {
    const zero = this.bytes.indexOf(0, this.at);
    if (zero < 0 || zero >= this.end) throw this.fail('string does not end');
    this.at = zero + 1;
    return zero;
  }
}

/** The string at `offset` of a chunk. */
export function stringAt(chunk: Chunk, offset: number): string {
  return new Cursor(chunk, offset).string();
}
