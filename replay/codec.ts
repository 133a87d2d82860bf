/**
 * The frame of a recording: a preamble, then chunks that are checked one by one and form a chain. FORMAT.md describes it byte by byte.
 *
 * A chunk's checksum covers its predecessor's, so that one that is missing, doubled or out of place is found as surely as a changed bit. It is a
 * truncated SHA-256: the host has that in native code, which makes it cheaper than a CRC in JavaScript.
 */
import { createHash } from 'node:crypto';
import { ImageError } from '../lib/util/errors.js';

/** As in PNG: shows what strips bit 7, converts ends of lines or stops at a Ctrl-Z. */
const MAGIC = Uint8Array.of(0x89, 0x48, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a);
export const FORMAT_VERSION = 1;
export const PREAMBLE_BYTES = 12;
/** Length (u32), kind (u8), checksum. */
export const CHUNK_HEAD_BYTES = 13;
const CHECKSUM_AT = 5;
const CHECKSUM_BYTES = 8;
/** No payload is longer: a damaged length field costs no memory. */
export const PAYLOAD_MAX = 2 ** 22;

/** What a chunk holds, by the letter that is its kind. */
export const CHUNK_KINDS = {
  H: 'header',
  P: 'piece',
  F: 'file',
  M: 'memory',
  S: 'start',
  B: 'blocks',
  L: 'log',
  C: 'checkpoint',
  E: 'end',
} as const;
export type ChunkKind = keyof typeof CHUNK_KINDS;

export interface Chunk {
  readonly kind: ChunkKind;
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** Makes the bytes of a recording. */
export class ChunkEncoder {
  private previous = new Uint8Array();

  /** The beginning of the file. */
  preamble(): Uint8Array {
    const bytes = new Uint8Array(PREAMBLE_BYTES);
    bytes.set(MAGIC);
    new DataView(bytes.buffer).setUint32(MAGIC.length, FORMAT_VERSION, true);
    this.previous = checksum(bytes);
    return bytes;
  }

  /** The next chunk. `payload` is at most `PAYLOAD_MAX` bytes. */
  chunk(kind: ChunkKind, payload: Uint8Array): Uint8Array {
    if (payload.length > PAYLOAD_MAX) throw new RangeError(`a ${CHUNK_KINDS[kind]} chunk of ${payload.length} bytes`);
    const bytes = new Uint8Array(CHUNK_HEAD_BYTES + payload.length);
    new DataView(bytes.buffer).setUint32(0, payload.length, true);
    bytes[4] = kind.charCodeAt(0);
    bytes.set(payload, CHUNK_HEAD_BYTES);
    this.previous = checksum(this.previous, bytes.subarray(0, CHECKSUM_AT), payload);
    bytes.set(this.previous, CHECKSUM_AT);
    return bytes;
  }
}

/** Bytes of a file, or of memory. */
export interface ByteSource {
  /** What errors call it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The `length` bytes at `position`, all inside. */
  read(position: number, length: number): Uint8Array;
  /** Nothing is read any more. */
  close?(): void;
}

/** Whether a file that begins with `bytes` is meant to be a recording, of whatever version. */
export function isRecording(bytes: Uint8Array): boolean {
  return bytes.length >= PREAMBLE_BYTES && MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads the chunks of a recording one after another, up to the first that is not whole. */
export class ChunkReader {
  /** Where the next chunk begins. */
  offset = PREAMBLE_BYTES;
  /** Why there is no next chunk, when it is not that the file ends behind the last one. */
  damage: string | undefined;
  private readonly source: ByteSource;
  private previous: Uint8Array;

  /** Throws `ImageError` for what is no recording, or one of another version. */
  constructor(source: ByteSource) {
    this.source = source;
    const bytes = source.read(0, Math.min(PREAMBLE_BYTES, source.sizeBytes));
    if (!isRecording(bytes)) throw new ImageError(`${source.name}: is no recording of hindsight`);
    const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
    if (version !== FORMAT_VERSION) {
      const age = version > FORMAT_VERSION ? 'newer' : 'older';
      throw new ImageError(
        `${source.name}: a recording of format version ${version}, ${age} than this program's, which is ${FORMAT_VERSION}`,
      );
    }
    this.previous = checksum(bytes);
  }

  next(): Chunk | undefined {
    const { source, offset } = this;
    const left = source.sizeBytes - offset;
    if (left === 0 || this.damage !== undefined) return undefined;
    if (left < CHUNK_HEAD_BYTES) return this.stop('cut off');
    const head = source.read(offset, CHUNK_HEAD_BYTES);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    const kind = String.fromCharCode(head[4]);
    if (length > PAYLOAD_MAX || !Object.hasOwn(CHUNK_KINDS, kind)) return this.stop('damaged');
    if (length > left - CHUNK_HEAD_BYTES) return this.stop('cut off');
    const payload = source.read(offset + CHUNK_HEAD_BYTES, length);
    const sum = checksum(this.previous, head.subarray(0, CHECKSUM_AT), payload);
    if (sum.some((byte, index) => byte !== head[CHECKSUM_AT + index])) return this.stop('damaged');
    this.previous = sum;
    this.offset = offset + CHUNK_HEAD_BYTES + length;
    return { kind: kind as ChunkKind, offset, payload };
  }

  private stop(how: string): undefined {
    this.damage = `${how} at offset 0x${this.offset.toString(16)}`;
    return undefined;
  }
}

/** The payload of the chunk at `offset`, which a `ChunkReader` has checked before. */
export function payloadAt(source: ByteSource, offset: number): Uint8Array {
  const head = source.read(offset, CHUNK_HEAD_BYTES);
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  return source.read(offset + CHUNK_HEAD_BYTES, Math.min(length, PAYLOAD_MAX));
}

/** Where errors say that something is. */
export function placeOf(source: ByteSource, offset: number): string {
  return `${source.name}: at offset 0x${offset.toString(16)}`;
}

function checksum(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest().subarray(0, CHECKSUM_BYTES));
}
