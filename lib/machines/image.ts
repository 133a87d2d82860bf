/** What the loaders make of a kernel file: bytes for physical addresses, and an entry. */
import type { AddressSpace } from '../mem/address-space.js';
import { imageErrorAt } from '../util/errors.js';

export interface Segment {
  readonly paddr: number;
  readonly bytes: Uint8Array;
  /** Size in memory: behind `bytes` it is filled with zeros. */
  readonly memoryBytes: number;
  /** Where the file describes it, for errors. */
  readonly fileOffset: number;
}

export interface Image {
  /** The file's name, for errors. */
  readonly file: string;
  readonly format: 'ELF' | 'Linux Image' | 'flat binary';
  readonly entry: number;
  readonly segments: readonly Segment[];
}

/** A range of memory that an image must leave alone. */
export interface Reserved {
  readonly what: string;
  readonly base: number;
  readonly size: number;
}

/**
 * Copies an image into guest memory, before the run. Throws `ImageError`, with nothing copied, when a segment is outside RAM and ROM,
 * or overlaps another one or a reserved range.
 */
export function placeImage(space: AddressSpace, image: Image, reserved: readonly Reserved[]): void {
  const taken = [...reserved];
  for (const { paddr, memoryBytes, fileOffset } of image.segments) {
    const range = `0x${paddr.toString(16)} to 0x${(paddr + memoryBytes).toString(16)}`;
    if (!space.memoryAt(paddr, memoryBytes))
      throw imageErrorAt(image.file, fileOffset, `segment ${range} is outside of the guest's memory`);
    const other = taken.find(({ base, size }) => paddr < base + size && base < paddr + memoryBytes);
    if (other) throw imageErrorAt(image.file, fileOffset, `segment ${range} overlaps ${other.what}`);
    taken.push({ what: `another segment at 0x${paddr.toString(16)}`, base: paddr, size: memoryBytes });
  }
  for (const { paddr, bytes, memoryBytes } of image.segments) {
    space.writeBytes(paddr, bytes);
    space.zeroBytes(paddr + bytes.length, memoryBytes - bytes.length);
  }
}
