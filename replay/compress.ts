/**
 * Contents in a recording: compressed with Brotli (RFC 7932), or as they are where that is no longer.
 *
 * Quality 3 compresses a kernel better than zlib's level 6, in a third of the time. It runs on the host's other threads, so that a run does not wait.
 */
import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';
import { ImageError } from '../lib/util/errors.js';

const QUALITY = 3;
/** A window of 1 MiB. */
const WINDOW_BITS = 20;
const OUTPUT_BYTES_MIN = 1024;

/** `bytes`, packed. They must not change until then. */
export function pack(bytes: Uint8Array): Promise<Uint8Array> {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: QUALITY, [BROTLI_PARAM_LGWIN]: WINDOW_BITS, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  // All of the output at once: every further buffer would be another trip between the threads.
  const chunkSize = Math.max(OUTPUT_BYTES_MIN, bytes.length);
  return new Promise((resolve, reject) => {
    brotliCompress(bytes, { params, chunkSize }, (error, packed) => {
      if (error) reject(error);
      else resolve(packed.length < bytes.length ? packed : bytes);
    });
  });
}

/** The `length` bytes that `packed` holds; never takes more memory than these. Throws `ImageError`, whose message begins with `where`. */
export function unpack(packed: Uint8Array, length: number, where: string): Uint8Array {
  if (packed.length === length) return packed;
  let bytes: Uint8Array | undefined;
  try {
    bytes = brotliDecompressSync(packed, { maxOutputLength: Math.max(1, length) });
  } catch {}
  if (bytes?.length !== length) throw new ImageError(`${where}: bad compressed data`);
  return bytes;
}
