/**
 * A disk whose writes stay in memory, block by block, over another one that never changes.
 *
 * Blocks live in slabs, so that a large overlay costs little more than its bytes. Blocks of zeros take no room.
 */
import { createHash } from 'node:crypto';
import type { BlockBackend } from './block-backend.js';
import { type PlainData, StateReader } from './device.js';

const BLOCK_SIZE = 4096;
const SLAB_BLOCKS = 256;
const ZEROS = new Uint8Array(BLOCK_SIZE);
const U64 = (1n << 64n) - 1n;
const BASE64_MAX = (Math.ceil(BLOCK_SIZE / 3) + 1) * 4;

export interface OverlayPorts {
  readonly base: BlockBackend;
  /** Told when the host has no memory for another block. */
  readonly onFull: () => void;
}

export class OverlayDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly = false;
  private readonly base: BlockBackend;
  private readonly onFull: () => void;
  private readonly blocks = new Map<number, Uint8Array>();
  private free: Uint8Array[] = [];
  /** Blocks whose hash is out of date, the hashes of all others, and the sum of these. */
  private readonly changed = new Set<number>();
  private readonly hashes = new Map<number, bigint>();
  private total = 0n;

  constructor(ports: OverlayPorts) {
    this.base = ports.base;
    this.onFull = ports.onFull;
    this.sizeBytes = ports.base.sizeBytes;
  }

  read(position: number, into: Uint8Array): boolean {
    const end = position + into.length;
    for (let at = position; at < end; ) {
      const block = this.blocks.get(Math.floor(at / BLOCK_SIZE));
      const stop = block ? Math.min(end, blockEnd(at)) : this.endOfGap(at, end);
      const part = into.subarray(at - position, stop - position);
      if (block) part.set(block.subarray(at % BLOCK_SIZE, (at % BLOCK_SIZE) + part.length));
      else if (!this.base.read(at, part)) return false;
      at = stop;
    }
    return true;
  }

  write(position: number, bytes: Uint8Array): boolean {
    return eachBlock(position, bytes.length, (index, from, to, at) => {
      const block = this.writable(index, { whole: to - from === BLOCK_SIZE });
      block?.set(bytes.subarray(at, at + to - from), from);
      return block !== undefined;
    });
  }

  zero(position: number, length: number): boolean {
    return eachBlock(position, length, (index, from, to) => {
      if (to - from === BLOCK_SIZE) {
        this.put(index, ZEROS);
        return true;
      }
      const block = this.writable(index, { whole: false });
      block?.fill(0, from, to);
      return block !== undefined;
    });
  }

  /** Whole blocks become zeros, which frees their memory. */
  discard(position: number, length: number): boolean {
    return eachBlock(position, length, (index, from, to) => {
      if (to - from === BLOCK_SIZE) this.put(index, ZEROS);
      return true;
    });
  }

  flush(): boolean {
    return true;
  }

  save(): PlainData {
    const blocks = [...this.blocks].sort(([a], [b]) => a - b);
    const text = (block: Uint8Array): string => (block === ZEROS ? '' : Buffer.from(block).toString('base64'));
    return { indices: blocks.map(([index]) => index), contents: blocks.map(([, block]) => text(block)) };
  }

  load(data: PlainData): void {
    const state = new StateReader('overlay-disk', data);
    const count = Math.ceil(this.sizeBytes / BLOCK_SIZE);
    const indices = state.integers('indices', count - 1, count);
    const blocks = state.texts('contents', BASE64_MAX, indices.length).map((text) => Buffer.from(text, 'base64'));
    if (blocks.length !== indices.length || blocks.some(({ length }) => length !== 0 && length !== BLOCK_SIZE)) throw state.bad('contents');
    for (const index of this.blocks.keys()) this.remove(index);
    for (const [at, index] of indices.entries()) {
      const block = blocks[at] as Buffer;
      this.put(index, block.length === 0 ? ZEROS : new Uint8Array(block));
    }
  }

  /** The sum of the hashes of all blocks; only those that were written to since the last time are hashed. */
  digest(): PlainData {
    for (const index of this.changed) {
      const block = this.blocks.get(index);
      const hash = block ? hashBlock(index, block) : 0n;
      this.total = (this.total + hash - (this.hashes.get(index) ?? 0n)) & U64;
      if (block) this.hashes.set(index, hash);
      else this.hashes.delete(index);
    }
    this.changed.clear();
    return this.total.toString(16);
  }

  /** Where the first block of the overlay behind `at` begins, at most `end`. */
  private endOfGap(at: number, end: number): number {
    let stop = blockEnd(at);
    while (stop < end && !this.blocks.has(stop / BLOCK_SIZE)) stop += BLOCK_SIZE;
    return Math.min(stop, end);
  }

  /** The block to be written to; filled from the base unless it will be written as a whole. */
  private writable(index: number, { whole }: { whole: boolean }): Uint8Array | undefined {
    const old = this.blocks.get(index);
    if (old && old !== ZEROS) {
      this.changed.add(index);
      return old;
    }
    const block = this.allocate();
    if (!block) return undefined;
    if (old) block.fill(0);
    else if (!whole) {
      const inside = Math.min(BLOCK_SIZE, this.sizeBytes - index * BLOCK_SIZE);
      block.fill(0, inside);
      if (!this.base.read(index * BLOCK_SIZE, block.subarray(0, inside))) {
        this.free.push(block);
        return undefined;
      }
    }
    this.put(index, block);
    return block;
  }

  private put(index: number, block: Uint8Array): void {
    this.remove(index);
    this.blocks.set(index, block);
  }

  private remove(index: number): void {
    const old = this.blocks.get(index);
    if (old && old !== ZEROS) this.free.push(old);
    this.blocks.delete(index);
    this.changed.add(index);
  }

  private allocate(): Uint8Array | undefined {
    if (this.free.length === 0) {
      try {
        const slab = new Uint8Array(SLAB_BLOCKS * BLOCK_SIZE);
        for (let at = slab.length - BLOCK_SIZE; at >= 0; at -= BLOCK_SIZE) this.free.push(slab.subarray(at, at + BLOCK_SIZE));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.onFull();
      }
    }
    return this.free.pop();
  }
}

function blockEnd(position: number): number {
  return (Math.floor(position / BLOCK_SIZE) + 1) * BLOCK_SIZE;
}

/** Visits the bytes from `from` to `to` of each block that the range touches (they are `at` bytes behind its start), until one answers false. */
function eachBlock(position: number, length: number, visit: (index: number, from: number, to: number, at: number) => boolean): boolean {
  for (let at = 0; at < length; ) {
    const from = (position + at) % BLOCK_SIZE;
    const to = Math.min(BLOCK_SIZE, from + length - at);
    if (!visit(Math.floor((position + at) / BLOCK_SIZE), from, to, at)) return false;
    at += to - from;
  }
  return true;
}

function hashBlock(index: number, block: Uint8Array): bigint {
  return createHash('sha256').update(`${index} `).update(block).digest().readBigUInt64LE();
}
