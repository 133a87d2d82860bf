/**
 * A disk whose operations are numbered. Recorder and replay are two sides of one: an operation's position and number say which of them failed, so
 * both must count alike.
 */
import type { BlockBackend } from '../lib/devices/block-backend.js';
import type { PlainData } from '../lib/devices/device.js';
import type { Position } from '../lib/system/input-event.js';

/** Zeros are written in pieces, each of which can fail. */
const ZERO_PIECE_BYTES = 2 ** 20;

/** A part of a disk, in bytes. */
export interface DiskRange {
  readonly position: number;
  readonly length: number;
  /** What is written there; zeros, if absent. */
  readonly bytes?: Uint8Array;
}

/** Numbers the operations that a drive is asked for at the same position. */
class OperationCounter {
  private readonly position: () => Position;
  private last: Position = { tick: -1, skippedNs: 0 };
  private count = 0;

  constructor(position: () => Position) {
    this.position = position;
  }

  next(): { readonly at: Position; readonly operation: number } {
    const at = this.position();
    this.count = at.tick === this.last.tick && at.skippedNs === this.last.skippedNs ? this.count + 1 : 0;
    this.last = at;
    return { at, operation: this.count };
  }

  /** The machine's state was replaced. */
  restart(): void {
    this.last = { tick: -1, skippedNs: 0 };
  }
}

export abstract class NumberedDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  protected readonly inner: BlockBackend;
  protected readonly operations: OperationCounter;

  /** `position`: the machine's, exact at any moment. */
  constructor(inner: BlockBackend, position: () => Position) {
    this.inner = inner;
    this.sizeBytes = inner.sizeBytes;
    this.readOnly = inner.readOnly;
    this.operations = new OperationCounter(position);
  }

  /** Does `work`, or fails in its place; `range` is what a write writes to. */
  protected abstract attempt(work: () => boolean, range?: DiskRange): boolean;

  read(position: number, into: Uint8Array): boolean {
    return this.attempt(() => this.inner.read(position, into));
  }

  write(position: number, bytes: Uint8Array): boolean {
    return this.attempt(() => this.inner.write(position, bytes), { position, length: bytes.length, bytes });
  }

  zero(position: number, length: number): boolean {
    for (let done = 0; done < length; done += ZERO_PIECE_BYTES) {
      const piece = { position: position + done, length: Math.min(ZERO_PIECE_BYTES, length - done) };
      if (!this.attempt(() => this.inner.zero(piece.position, piece.length), piece)) return false;
    }
    return true;
  }

  discard(position: number, length: number): boolean {
    return this.attempt(() => this.inner.discard(position, length));
  }

  flush(): boolean {
    return this.attempt(() => this.inner.flush());
  }

  save(): PlainData {
    return this.inner.save();
  }

  load(data: PlainData): void {
    this.inner.load(data);
  }

  digest(): PlainData {
    return this.inner.digest();
  }
}
