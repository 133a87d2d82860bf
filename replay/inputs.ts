/** The files that a machine was built from, on their way into a recording. */
import { createHash } from 'node:crypto';
import type { ChunkKind } from './codec.js';
import { pack } from './compress.js';
import type { FileHeader, FileRole } from './header.js';
import { encodePlain } from './plain.js';

/** How much of a file is in one chunk. */
export const PIECE_BYTES = 2 ** 20;

/** A file as the machine was given it. */
export interface CollectedFile {
  readonly role: FileRole;
  readonly bytes: Uint8Array;
}

type Put = (kind: ChunkKind, payload: Uint8Array) => void;

/** Writes a file: its contents in pieces, unless it is referred to; then the chunk that completes it. */
export async function putFile(put: Put, header: FileHeader, bytes: Uint8Array): Promise<void> {
  const hash = createHash('sha256');
  await eachPiece(bytes, async (piece, packed) => {
    hash.update(piece);
    if (header.path === undefined) put('P', piecePayload(piece.length, await packed()));
  });
  put('F', encodePlain({ role: header.role, sha256: hash.digest() }));
}

/** Writes `bytes` in pieces. */
export function putPieces(put: Put, bytes: Uint8Array): Promise<void> {
  return eachPiece(bytes, async (piece, packed) => put('P', piecePayload(piece.length, await packed())));
}

/** One piece after another, so that little is in memory twice, and the host's events get their turns. */
async function eachPiece(bytes: Uint8Array, visit: (piece: Uint8Array, packed: () => Promise<Uint8Array>) => Promise<void>): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    await visit(piece, () => pack(piece));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function piecePayload(length: number, packed: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + packed.length);
  new DataView(payload.buffer).setUint32(0, length, true);
  payload.set(packed, 4);
  return payload;
}
