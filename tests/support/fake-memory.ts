/** RAM for tests of devices that access memory by themselves. */
import type { PhysicalMemory } from '../../lib/mem/physical-memory.js';

export class FakeMemory implements PhysicalMemory {
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  writes = 0;

  constructor(base: number, size: number) {
    this.base = base;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  read(paddr: number, length: number): Uint8Array | undefined {
    const at = paddr - this.base;
    return at >= 0 && at + length <= this.bytes.length ? this.bytes.subarray(at, at + length) : undefined;
  }

  write(paddr: number, bytes: Uint8Array): boolean {
    const target = this.read(paddr, bytes.length);
    target?.set(bytes);
    this.writes++;
    return target !== undefined;
  }
}
