/**
 * Physical memory as bus masters see it: devices that read and write RAM by themselves (DMA). Everything that depends on the contents
 * of a page learns of a write: dirty pages, page tables, translated code, reservations.
 */
import type { AddressSpace } from './address-space.js';
import { PAGE_SIZE } from './layout.js';

export interface PhysicalMemory {
  /** The `length` bytes at `paddr`: a view, good until the next access; `undefined` where they are not all inside RAM or ROM. */
  read(paddr: number, length: number): Uint8Array | undefined;
  /** Writes `bytes`; false, and nothing written, where they are not all inside RAM. */
  write(paddr: number, bytes: Uint8Array): boolean;
}

/** Exports of the soft-MMU (lib/mem/assembly). */
export interface StoreTracker {
  beforeStore(paddr: number, bytes: number): number;
  storePhysical(paddr: bigint, value: bigint, size: number): number;
}

/** `beforeStore`'s answer for a page with live page-table entries. */
const STORE_TRACKED = -1;

export class TrackedMemory implements PhysicalMemory {
  private readonly bytes: Uint8Array;
  private readonly space: AddressSpace;
  private readonly tracker: StoreTracker;

  constructor(memory: WebAssembly.Memory, space: AddressSpace, tracker: StoreTracker) {
    this.bytes = new Uint8Array(memory.buffer);
    this.space = space;
    this.tracker = tracker;
  }

  read(paddr: number, length: number): Uint8Array | undefined {
    const region = this.space.memoryAt(paddr, length);
    if (!region) return undefined;
    const host = region.host + (paddr - region.base);
    return this.bytes.subarray(host, host + length);
  }

  write(paddr: number, bytes: Uint8Array): boolean {
    if (this.space.memoryAt(paddr, bytes.length)?.kind !== 'ram') return false;
    for (let done = 0; done < bytes.length; ) {
      const at = paddr + done;
      const part = bytes.subarray(done, done + PAGE_SIZE - (at % PAGE_SIZE));
      const host = this.tracker.beforeStore(at, part.length);
      if (host === STORE_TRACKED) this.writeTracked(at, part);
      else this.bytes.set(part, host >>> 0);
      done += part.length;
    }
    return true;
  }

  /** Writes to a page with page-table entries: word by word. */
  private writeTracked(paddr: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const whole = (paddr + done) % 8 === 0 && done + 8 <= bytes.length;
      const value = whole ? view.getBigUint64(done, true) : BigInt(view.getUint8(done));
      this.tracker.storePhysical(BigInt(paddr + done), value, whole ? 8 : 1);
      done += whole ? 8 : 1;
    }
  }
}
