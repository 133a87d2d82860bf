/**
 * A disk whose writes stay in memory, block by block, over another one that never changes.
 *
 * What `save` gives shares all blocks with the disk, which copies a block when it is next written to: saving often costs what was changed. Blocks of
 * zeros take no room.
 */
import { createHash } from 'node:crypto';
import type { BlockBackend } from './block-backend.js';
import { BLOCK_SIZE, type Block, BlockTree } from './block-tree.js';
import { type PlainData, StateReader } from './device.js';

const ZEROS = new Uint8Array(BLOCK_SIZE);
const U64 = (1n << 64n) - 1n;

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
  private readonly blocks: BlockTree;
  /** Blocks whose hash is out of date, the hashes of all others, and the sum of these. */
  private readonly changed = new Set<number>();
  private readonly hashes = new Map<number, bigint>();
  private total = 0n;

  constructor(ports: OverlayPorts) {
    this.base = ports.base;
    this.onFull = ports.onFull;
    this.sizeBytes = ports.base.sizeBytes;
    this.blocks = new BlockTree(Math.ceil(this.sizeBytes / BLOCK_SIZE));
  }

  read(position: number, into: Uint8Array): boolean {
    const end = position + into.length;
    for (let at = position; at < end; ) {
      const block = this.blocks.get(Math.floor(at / BLOCK_SIZE));
      const stop = block !== undefined ? Math.min(end, blockEnd(at)) : this.endOfGap(at, end);
      const part = into.subarray(at - position, stop - position);
      if (block === 0) part.fill(0);
      else if (block) part.set(block.subarray(at % BLOCK_SIZE, (at % BLOCK_SIZE) + part.length));
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
        this.put(index, 0);
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
      if (to - from === BLOCK_SIZE) this.put(index, 0);
      return true;
    });
  }

  flush(): boolean {
    return true;
  }

  save(): PlainData {
    return { blocks: this.blocks.version() };
  }

  load(data: PlainData): void {
    const changed = this.blocks.restore(new StateReader('overlay-disk', data).data('blocks'));
    for (const index of changed) this.changed.add(index);
  }

  /** The sum of the hashes of all blocks; only those that were written to since the last time are hashed. */
  digest(): PlainData {
    for (const index of this.changed) {
      const block = this.blocks.get(index);
      const hash = block === undefined ? 0n : hashBlock(index, block || ZEROS);
      this.total = (this.total + hash - (this.hashes.get(index) ?? 0n)) & U64;
      if (block !== undefined) this.hashes.set(index, hash);
      else this.hashes.delete(index);
    }
    this.changed.clear();
    return this.total.toString(16);
  }

  /** Where the first block of the overlay behind `at` begins, at most `end`. */
  private endOfGap(at: number, end: number): number {
    let stop = blockEnd(at);
    while (stop < end && this.blocks.get(stop / BLOCK_SIZE) === undefined) stop += BLOCK_SIZE;
    return Math.min(stop, end);
  }

  /** The block to be written to; filled with what it holds unless it will be written as a whole. */
  private writable(index: number, { whole }: { whole: boolean }): Uint8Array | undefined {
    const old = this.blocks.get(index);
    if (old && this.blocks.owns(old)) {
      this.changed.add(index);
      return old;
    }
    const block = this.allocate();
    if (!block) return undefined;
    if (old) block.set(old);
    else if (old === undefined && !whole) {
      const inside = Math.min(BLOCK_SIZE, this.sizeBytes - index * BLOCK_SIZE);
      if (!this.base.read(index * BLOCK_SIZE, block.subarray(0, inside))) return undefined;
    }
    this.put(index, block);
    return block;
  }

  private put(index: number, block: Block): void {
    this.blocks.set(index, block);
    this.changed.add(index);
  }

  /** Zeros. */
  private allocate(): Uint8Array | undefined {
    try {
      return new Uint8Array(BLOCK_SIZE);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.onFull();
      return undefined;
    }
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
