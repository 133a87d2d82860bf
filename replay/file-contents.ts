/** A file, or a saved state, that a recording holds in pieces. */
import { createHash } from 'node:crypto';
import { ImageError } from '../lib/util/errors.js';
import { type ByteSource, payloadAt } from './codec.js';
import { unpack } from './compress.js';
import { PIECE_BYTES } from './inputs.js';

const LENGTH_BYTES = 4;

export interface Piece {
  /** Of its chunk. */
  readonly offset: number;
  /** Unpacked. */
  readonly length: number;
}

/** How long the piece in a chunk is when it is unpacked. Throws `ImageError`, whose message begins with `where`. */
export function pieceLength(payload: Uint8Array, where: string): number {
  const length = payload.length < LENGTH_BYTES ? 0 : new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  if (length === 0 || length > PIECE_BYTES) throw new ImageError(`${where}: a piece of a bad length`);
  return length;
}

export class FileContents {
  readonly sha256: string | undefined;
  private readonly source: ByteSource;
  private readonly pieces: readonly Piece[] | undefined;
  private readonly sizeBytes: number;
  private readonly where: string;

  /** Without `pieces` the contents are elsewhere. Errors begin with `where`. */
  constructor(source: ByteSource, parts: { pieces?: readonly Piece[]; sizeBytes: number; sha256?: string; where: string }) {
    this.source = source;
    this.pieces = parts.pieces;
    this.sizeBytes = parts.sizeBytes;
    this.sha256 = parts.sha256;
    this.where = parts.where;
  }

  /** The contents, or undefined when they are elsewhere. Throws `ImageError` when they are damaged. */
  read(): Uint8Array | undefined {
    if (!this.pieces) return undefined;
    const bytes = new Uint8Array(this.sizeBytes);
    let at = 0;
    for (const { offset, length } of this.pieces) {
      bytes.set(unpack(payloadAt(this.source, offset).subarray(LENGTH_BYTES), length, this.where), at);
      at += length;
    }
    const hash = createHash('sha256').update(bytes).digest('hex');
    if (this.sha256 !== undefined && hash !== this.sha256) throw new ImageError(`${this.where}: a file with other contents than recorded`);
    return bytes;
  }
}
