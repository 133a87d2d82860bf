/** A disk in memory that fails now and then: a write when half of it is done. */
import { MemoryDisk } from './memory-disk.js';

export class FailingMemoryDisk extends MemoryDisk {
  private calls: number;

  constructor(sizeBytes: number, seed: number) {
    super(sizeBytes);
    this.calls = seed;
  }

  override read(position: number, into: Uint8Array): boolean {
    // Reading back what a write has left goes well.
    if (this.failed) this.failed = false;
    else if (into.length !== 4096 && ++this.calls % 7 === 0) return false;
    return super.read(position, into);
  }

  override write(position: number, bytes: Uint8Array): boolean {
    this.failed = ++this.calls % 11 === 0;
    return super.write(position, this.failed ? bytes.subarray(0, bytes.length / 2) : bytes) && !this.failed;
  }

  override digest(): null {
    return null;
  }

  private failed = false;
}
