/**
 * Split virtqueues, the device's side, after virtio 1.2, section 2.7: with indirect descriptors and event indices.
 *
 * Nothing that a driver writes is believed: what does not hold together is a `VirtqueueError`. A notification makes the device look at as
 * many chains as the queue is long, and no more.
 */
import type { PhysicalMemory, PlainData, StateReader } from '../device.js';
import { Chain, type Segment, VirtqueueError } from './chain.js';

// Descriptor: address (u64), length (u32), flags (u16), next (u16)
const DESC_SIZE = 16;
const DESC_F_NEXT = 1;
const DESC_F_WRITE = 2;
const DESC_F_INDIRECT = 4;
// Available ring: flags (u16), index (u16), u16 per element, used_event (u16)
const AVAIL_F_NO_INTERRUPT = 1;
const AVAIL_INDEX = 2;
const AVAIL_RING = 4;
// Used ring: flags (u16), index (u16), id and length (u32 each) per element, avail_event (u16)
const USED_INDEX = 2;
const USED_RING = 4;
const USED_ELEMENT_SIZE = 8;

/** Most descriptors of an indirect table. */
const INDIRECT_MAX = 1024;
const U16 = 0xffff;
const U32 = 0xffffffff;

/** Registers of a queue's three areas, as words. */
export const AREA_WORDS = { descLow: 0, descHigh: 1, driverLow: 2, driverHigh: 3, deviceLow: 4, deviceHigh: 5 } as const;

export class Virtqueue {
  /** Largest size that the driver may choose. */
  readonly maximumSize: number;
  readonly areas = new Uint32Array(6);
  /** Negotiated features. */
  options = { indirect: false, eventIndex: false };
  private chosenSize: number;
  private isReady = false;
  private nextAvail = 0;
  private usedIndex = 0;
  /** The used index when the driver was last told. */
  private toldIndex = 0;
  /** Chains that may still be taken before the driver runs again. */
  private allowance = 0;
  private readonly memory: PhysicalMemory;

  constructor(memory: PhysicalMemory, maximumSize: number) {
    this.memory = memory;
    this.maximumSize = maximumSize;
    this.chosenSize = maximumSize;
  }

  get size(): number {
    return this.chosenSize;
  }

  /** A size that is no power of two, or too large, is ignored. */
  set size(size: number) {
    if (!this.isReady && size > 0 && size <= this.maximumSize && (size & (size - 1)) === 0) this.chosenSize = size;
  }

  get ready(): boolean {
    return this.isReady;
  }

  /** A queue that becomes ready starts at the beginning of its rings. */
  set ready(ready: boolean) {
    if (ready && !this.isReady) {
      this.nextAvail = 0;
      this.usedIndex = 0;
      this.toldIndex = 0;
    }
    this.isReady = ready;
  }

  setArea(word: number, value: number): void {
    if (!this.isReady) this.areas[word] = value;
  }

  /** The driver waits while the device works: it cannot make more chains available than there are now. */
  beginRun(): void {
    this.allowance = this.chosenSize;
  }

  /** Takes the next chain that the driver has made available. */
  pop(): Chain | undefined {
    if (!this.isReady) return undefined;
    const waiting = (this.u16(this.driver + AVAIL_INDEX) - this.nextAvail) & U16;
    if (waiting > this.chosenSize) throw new VirtqueueError('more chains are available than the queue holds');
    if (waiting === 0) {
      if (this.options.eventIndex) this.put(this.device + USED_RING + this.chosenSize * USED_ELEMENT_SIZE, u16Bytes(this.nextAvail));
      return undefined;
    }
    if (this.allowance-- === 0) throw new VirtqueueError('chains keep on coming while the device works');
    const head = this.u16(this.driver + AVAIL_RING + (this.nextAvail % this.chosenSize) * 2);
    if (head >= this.chosenSize) throw new VirtqueueError('no such descriptor');
    const chain = this.follow(head);
    this.nextAvail = (this.nextAvail + 1) & U16;
    return chain;
  }

  /** Makes the last `count` chains that were taken available again; they must not have been given back. */
  unpop(count: number): void {
    this.nextAvail = (this.nextAvail - count) & U16;
  }

  /** Gives a chain back, with `written` bytes written to it. */
  push(chain: Chain, written: number): void {
    const element = new Uint8Array(USED_ELEMENT_SIZE);
    const view = new DataView(element.buffer);
    view.setUint32(0, chain.head, true);
    view.setUint32(4, written, true);
    this.put(this.device + USED_RING + (this.usedIndex % this.chosenSize) * USED_ELEMENT_SIZE, element);
    this.usedIndex = (this.usedIndex + 1) & U16;
    this.put(this.device + USED_INDEX, u16Bytes(this.usedIndex));
  }

  /** Whether the driver wants an interrupt for the chains that were given back since this was last asked. */
  takeInterrupt(): boolean {
    const news = (this.usedIndex - this.toldIndex) & U16;
    if (!this.isReady || news === 0) return false;
    const told = this.toldIndex;
    this.toldIndex = this.usedIndex;
    if (!this.options.eventIndex) return (this.u16(this.driver) & AVAIL_F_NO_INTERRUPT) === 0;
    const usedEvent = this.u16(this.driver + AVAIL_RING + this.chosenSize * 2);
    return ((usedEvent - told) & U16) < news;
  }

  reset(): void {
    this.isReady = false;
    this.chosenSize = this.maximumSize;
    this.areas.fill(0);
    this.nextAvail = 0;
    this.usedIndex = 0;
    this.toldIndex = 0;
    this.options = { indirect: false, eventIndex: false };
  }

  save(): PlainData {
    const { chosenSize: size, isReady: ready, nextAvail, usedIndex, toldIndex } = this;
    return { size, ready, nextAvail, usedIndex, toldIndex, areas: [...this.areas] };
  }

  /** Checks saved state; the function that it gives puts it in place. */
  prepareLoad(state: StateReader): () => void {
    const size = state.integer('size', this.maximumSize);
    if (size === 0 || (size & (size - 1)) !== 0) throw state.bad('size');
    const areas = state.integers('areas', U32, this.areas.length);
    if (areas.length !== this.areas.length) throw state.bad('areas');
    const [ready, nextAvail] = [state.boolean('ready'), state.integer('nextAvail', U16)];
    const [usedIndex, toldIndex] = [state.integer('usedIndex', U16), state.integer('toldIndex', U16)];
    return () => {
      this.chosenSize = size;
      this.isReady = ready;
      this.areas.set(areas);
      this.nextAvail = nextAvail;
      this.usedIndex = usedIndex;
      this.toldIndex = toldIndex;
    };
  }

  private get desc(): number {
    return this.area(AREA_WORDS.descLow);
  }

  private get driver(): number {
    return this.area(AREA_WORDS.driverLow);
  }

  private get device(): number {
    return this.area(AREA_WORDS.deviceLow);
  }

  /** Beyond 2^53 this is rounded, where no memory is either way. */
  private area(low: number): number {
    return (this.areas[low + 1] as number) * 0x100000000 + (this.areas[low] as number);
  }

  private follow(head: number): Chain {
    const chain = new Chain(this.memory, head);
    let table = { paddr: this.desc, size: this.chosenSize, indirect: false };
    let left = table.size;
    for (let index = head; ; ) {
      if (left-- === 0) throw new VirtqueueError('a chain of descriptors is a loop');
      const { paddr, length, flags, next } = this.descriptor(table.paddr + index * DESC_SIZE);
      if (flags & DESC_F_INDIRECT) {
        table = this.indirectTable(paddr, length, flags, table.indirect);
        left = table.size;
        index = 0;
        continue;
      }
      chain.append({ paddr, length }, { writable: (flags & DESC_F_WRITE) !== 0 });
      if (!(flags & DESC_F_NEXT)) return chain;
      if (next >= table.size) throw new VirtqueueError('no such descriptor');
      index = next;
    }
  }

  private indirectTable(paddr: number, length: number, flags: number, nested: boolean): { paddr: number; size: number; indirect: true } {
    if (!this.options.indirect || nested || flags & DESC_F_NEXT) throw new VirtqueueError('an indirect descriptor is not allowed here');
    const size = length / DESC_SIZE;
    if (size < 1 || size > INDIRECT_MAX || length % DESC_SIZE !== 0) throw new VirtqueueError('bad size of an indirect table');
    return { paddr, size, indirect: true };
  }

  private descriptor(paddr: number): Segment & { flags: number; next: number } {
    const b = this.get(paddr, DESC_SIZE);
    const word = (at: number): number =>
      ((b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24)) >>> 0;
    const [low, high, length, last] = [word(0), word(4), word(8), word(12)];
    return { paddr: high * 0x100000000 + low, length, flags: last & U16, next: last >>> 16 };
  }

  private u16(paddr: number): number {
    const bytes = this.get(paddr, 2);
    return (bytes[0] as number) | ((bytes[1] as number) << 8);
  }

  private get(paddr: number, length: number): Uint8Array {
    const bytes = this.memory.read(paddr, length);
    if (!bytes) throw new VirtqueueError('a queue is not in memory');
    return bytes;
  }

  private put(paddr: number, bytes: Uint8Array): void {
    if (!this.memory.write(paddr, bytes)) throw new VirtqueueError('a queue is not in RAM');
  }
}

function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}
