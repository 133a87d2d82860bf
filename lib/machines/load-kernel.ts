/**
 * Reads a kernel file of any format: ELF, RISC-V Linux `Image` (Linux, Documentation/arch/riscv/boot-image-header.rst), flat binary;
 * each of them plain or compressed by gzip.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describeSystemError, ImageError, imageErrorAt } from '../util/errors.js';
import { isElf, readElf } from './elf.js';
import type { Image } from './image.js';

const GZIP_MAGIC = [0x1f, 0x8b];
// Header of a Linux Image
const IMAGE_TEXT_OFFSET = 8;
const IMAGE_SIZE = 16;
const IMAGE_MAGIC2 = 0x38;
const IMAGE_HEADER_SIZE = 64;
const IMAGE_MAGIC2_VALUE = 0x05435352; // "RSC\x05"
/** Nothing larger is read: it could not be loaded anyway. */
const FILE_MAX = 2 ** 31 - 1;

/** Reads the kernel `raw`, the contents of `file`; `ramBase` is where a flat binary goes. Throws `ImageError`. */
export function parseKernel(file: string, raw: Uint8Array, ramBase: number): Image {
  const bytes = GZIP_MAGIC.every((byte, index) => raw[index] === byte) ? unpack(file, raw) : raw;
  if (bytes.length === 0) throw new ImageError(`${file}: the file is empty`);
  if (isElf(bytes)) return readElf(file, bytes);
  if (isLinuxImage(bytes)) return readLinuxImage(file, bytes, ramBase);
  const segments = [{ paddr: ramBase, bytes, memoryBytes: bytes.length, fileOffset: 0 }];
  return { file, format: 'flat binary', entry: ramBase, segments };
}

/** The contents of an input file (a regular one or a pipe). Throws `ImageError` with the reason in words. */
export function readInput(file: string): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new ImageError(`${file}: is a directory`);
    if (!stat.isFile() && !stat.isFIFO()) throw new ImageError(`${file}: is no regular file`);
    if (stat.size > FILE_MAX) throw new ImageError(`${file}: is larger than 2 GiB`);
    return readFileSync(fd);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(`${file}: ${describeSystemError(error)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function unpack(file: string, raw: Uint8Array): Uint8Array {
  try {
    return gunzipSync(raw, { maxOutputLength: FILE_MAX });
  } catch (error) {
    throw new ImageError(`${file}: bad gzip data: ${(error as Error).message}`);
  }
}

function isLinuxImage(bytes: Uint8Array): boolean {
  if (bytes.length < IMAGE_HEADER_SIZE) return false;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(IMAGE_MAGIC2, true) === IMAGE_MAGIC2_VALUE;
}

/** A Linux Image says how far from the start of RAM it wants to be, and how much memory it takes with its BSS. */
function readLinuxImage(file: string, bytes: Uint8Array, ramBase: number): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textOffset = Number(view.getBigUint64(IMAGE_TEXT_OFFSET, true));
  const imageSize = Number(view.getBigUint64(IMAGE_SIZE, true));
  if (!Number.isSafeInteger(textOffset)) throw imageErrorAt(file, IMAGE_TEXT_OFFSET, 'absurd text offset');
  if (!Number.isSafeInteger(imageSize)) throw imageErrorAt(file, IMAGE_SIZE, 'absurd image size');
  const entry = ramBase + textOffset;
  const segments = [{ paddr: entry, bytes, memoryBytes: Math.max(bytes.length, imageSize), fileOffset: IMAGE_TEXT_OFFSET }];
  return { file, format: 'Linux Image', entry, segments };
}
