/** A chain of buffers that a driver has put into a virtqueue; after virtio 1.2, section 2.6. */
import type { PhysicalMemory } from '../device.js';

/** The driver broke the rules; the device wants a reset. Never leaves the transport. */
export class VirtqueueError extends Error {
  override name = 'VirtqueueError';
}

export interface Segment {
  readonly paddr: number;
  readonly length: number;
}

/** A descriptor chain: what the driver wrote for the device to read, and room for what the device writes. */
export class Chain {
  readonly head: number;
  private readonly memory: PhysicalMemory;
  private readonly readable: Segment[] = [];
  private readonly writable: Segment[] = [];
  readableBytes = 0;
  writableBytes = 0;

  constructor(memory: PhysicalMemory, head: number) {
    this.memory = memory;
    this.head = head;
  }

  /** Appends a buffer; all that the device reads come first. */
  append(segment: Segment, options: { writable: boolean }): void {
    if (segment.length === 0) return;
    if (options.writable) {
      this.writable.push(segment);
      this.writableBytes += segment.length;
    } else {
      if (this.writable.length > 0) throw new VirtqueueError('a readable buffer follows a writable one');
      this.readable.push(segment);
      this.readableBytes += segment.length;
    }
  }

  /** A copy of `length` readable bytes from `offset` on; fewer where the chain ends. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.readableBytes - offset)));
    this.each(this.readable, offset, bytes.length, (paddr, at, count) => {
      const part = this.memory.read(paddr, count);
      if (!part) throw new VirtqueueError('a buffer is not in memory');
      bytes.set(part, at);
    });
    return bytes;
  }

  /** Writes `bytes` to the writable buffers from `offset` on; what goes beyond the end is dropped. */
  write(offset: number, bytes: Uint8Array): void {
    const length = Math.min(bytes.length, this.writableBytes - offset);
    this.each(this.writable, offset, length, (paddr, at, count) => {
      if (!this.memory.write(paddr, bytes.subarray(at, at + count))) throw new VirtqueueError('a buffer is not in RAM');
    });
  }

  private each(
    segments: readonly Segment[],
    offset: number,
    length: number,
    visit: (paddr: number, at: number, count: number) => void,
  ): void {
    let [skip, done] = [offset, 0];
    for (const segment of segments) {
      if (done >= length) return;
      const count = Math.min(segment.length - skip, length - done);
      if (count > 0) visit(segment.paddr + skip, done, count);
      done += Math.max(count, 0);
      skip = Math.max(skip - segment.length, 0);
    }
  }
}
