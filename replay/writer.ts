/**
 * Appends chunks to a file, in order, each as soon as its payload is there.
 *
 * Whatever happens to the process or the host's disk, what is in the file is a recording up to its last whole chunk.
 */
import { closeSync, fdatasync, ftruncateSync, writeSync } from 'node:fs';
import { describeSystemError } from '../lib/util/errors.js';
import { ChunkEncoder, type ChunkKind } from './codec.js';

export class RecordingWriter {
  /** Bytes of whole chunks in the file. */
  bytes = 0;
  private readonly fd: number;
  private readonly onFailure: (reason: string) => void;
  private readonly encoder = new ChunkEncoder();
  private tail: Promise<void> = Promise.resolve();
  private stopped = false;
  private closed = false;
  private syncing: Promise<void> | undefined;

  /** `fd`: the open, empty file, which the writer closes. `onFailure`: told once, in words, why nothing more can be written. */
  constructor(fd: number, onFailure: (reason: string) => void) {
    this.fd = fd;
    this.onFailure = onFailure;
    this.append(this.encoder.preamble());
  }

  /** Nothing is written any more. */
  get ended(): boolean {
    return this.stopped;
  }

  /** Writes a chunk behind all that were added before. */
  add(kind: ChunkKind, payload: Uint8Array | Promise<Uint8Array>): void {
    // A payload that waits for its turn must not count as a promise that nobody looks after.
    if (payload instanceof Promise) payload.catch(() => {});
    this.enqueue(async () => this.chunk(kind, await payload));
  }

  /** Writes the chunks that `produce` hands to its argument, behind all that were added before. */
  addAll(produce: (put: (kind: ChunkKind, payload: Uint8Array) => void) => Promise<void>): void {
    this.enqueue(() => produce((kind, payload) => this.chunk(kind, payload)));
  }

  /** Asks the host to put onto its disk what was written so far. */
  sync(): void {
    this.enqueue(async () => {
      this.syncing ??= new Promise((resolve) => {
        fdatasync(this.fd, () => {
          this.syncing = undefined;
          resolve();
        });
      });
    });
  }

  /** Gives up: what is in the file stays, nothing follows. */
  abandon(reason: string): void {
    if (this.stopped) return;
    this.stopped = true;
    this.onFailure(reason);
  }

  /** Resolves when everything is written; closes the file. */
  async close(): Promise<void> {
    await this.tail;
    await this.syncing;
    if (this.closed) return;
    this.stopped = this.closed = true;
    closeSync(this.fd);
  }

  private enqueue(work: () => Promise<void>): void {
    this.tail = this.tail.then(async () => {
      if (this.stopped) return;
      try {
        await work();
      } catch (error) {
        this.abandon(describeSystemError(error));
      }
    });
  }

  private chunk(kind: ChunkKind, payload: Uint8Array): void {
    if (!this.stopped) this.append(this.encoder.chunk(kind, payload));
  }

  private append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done, bytes.length - done, this.bytes + done);
      this.bytes += bytes.length;
    } catch (error) {
      this.cutBack();
      this.abandon(describeSystemError(error));
    }
  }

  /** Removes the part of a chunk that still went into the file. Not all that can be written to can be cut. */
  private cutBack(): void {
    try {
      ftruncateSync(this.fd, this.bytes);
    } catch {}
  }
}
