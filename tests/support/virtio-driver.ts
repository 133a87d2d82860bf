/** A small virtio driver for tests, after virtio 1.2: the driver's side of virtio-mmio (section 4.2) and of split virtqueues (2.7). */

import type { VirtioDevice } from '../../lib/devices/virtio/virtio.js';
import { VirtioMmio } from '../../lib/devices/virtio/virtio-mmio.js';
import { FakeMemory } from './fake-memory.js';
import { Line } from './ports.js';

/** Offsets of registers. */
export const REG = {
  magic: 0x00,
  version: 0x04,
  deviceId: 0x08,
  vendorId: 0x0c,
  deviceFeatures: 0x10,
  deviceFeaturesSel: 0x14,
  driverFeatures: 0x20,
  driverFeaturesSel: 0x24,
  queueSel: 0x30,
  queueNumMax: 0x34,
  queueNum: 0x38,
  queueReady: 0x44,
  queueNotify: 0x50,
  interruptStatus: 0x60,
  interruptAck: 0x64,
  status: 0x70,
  queueDesc: 0x80,
  queueDriver: 0x90,
  queueDevice: 0xa0,
  configGeneration: 0xfc,
  config: 0x100,
} as const;
export const STATUS = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 0x40 } as const;
export const F_INDIRECT = 28;
export const F_EVENT_IDX = 29;
export const F_VERSION_1 = 32;

export const RAM_BASE = 0x80000000;
const RAM_SIZE = 0x400000;
const QUEUE_BYTES = 0x4000;
const BUFFERS = RAM_BASE + 0x40000;

const [DESC_NEXT, DESC_WRITE, DESC_INDIRECT] = [1, 2, 4];

/** Rings of one queue, in memory. */
interface Rings {
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  availIndex: number;
  seen: number;
}

export interface Buffer {
  readonly paddr: number;
  readonly length: number;
  readonly writable: boolean;
}

export class VirtioDriver {
  readonly memory = new FakeMemory(RAM_BASE, RAM_SIZE);
  readonly irq = new Line();
  readonly mmio: VirtioMmio;
  readonly rings: Rings[] = [];
  private nextBuffer = BUFFERS;
  private eventIndex = false;

  constructor(device: VirtioDevice | undefined) {
    this.mmio = new VirtioMmio({ irq: this.irq, memory: this.memory, device });
  }

  get(register: number): number {
    return this.mmio.read(register, 4);
  }

  set(register: number, value: number): void {
    this.mmio.write(register, 4, value);
  }

  /** The offered features, as bit numbers. */
  offered(): number[] {
    return [0, 1].flatMap((word) => {
      this.set(REG.deviceFeaturesSel, word);
      const bits = this.get(REG.deviceFeatures);
      return Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) => ((bits >>> bit) & 1 ? [word * 32 + bit] : []));
    });
  }

  accept(features: readonly number[]): void {
    for (const word of [0, 1]) {
      this.set(REG.driverFeaturesSel, word);
      this.set(
        REG.driverFeatures,
        features.reduce((bits, bit) => (bit >> 5 === word ? bits | (1 << (bit & 31)) : bits), 0),
      );
    }
  }

  /** Brings the device up, with the queues that it has at size `size`; accepts all features unless told otherwise. */
  start(options: { features?: readonly number[]; size?: number } = {}): this {
    this.prepare(options);
    this.set(REG.status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk | STATUS.driverOk);
    return this;
  }

  /** `start`, without the last step. */
  prepare(options: { features?: readonly number[]; size?: number } = {}): void {
    const features = options.features ?? this.offered();
    this.eventIndex = features.includes(F_EVENT_IDX);
    this.set(REG.status, 0);
    this.set(REG.status, STATUS.acknowledge | STATUS.driver);
    this.accept(features);
    this.set(REG.status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk);
    this.rings.length = 0;
    for (let index = 0; ; index++) {
      this.set(REG.queueSel, index);
      if (this.get(REG.queueNumMax) === 0) break;
      this.setUpQueue(index, options.size ?? 16);
    }
  }

  private setUpQueue(index: number, size: number): void {
    const base = RAM_BASE + index * QUEUE_BYTES;
    const rings = { size, desc: base, avail: base + 0x2000, used: base + 0x3000, availIndex: 0, seen: 0 };
    this.memory.bytes.fill(0, base - RAM_BASE, base - RAM_BASE + QUEUE_BYTES);
    this.rings.push(rings);
    this.set(REG.queueNum, size);
    for (const [register, paddr] of [
      [REG.queueDesc, rings.desc],
      [REG.queueDriver, rings.avail],
      [REG.queueDevice, rings.used],
    ] as const) {
      this.set(register, paddr);
      this.set(register + 4, 0);
    }
    this.set(REG.queueReady, 1);
  }

  /** A buffer with `contents` for the device to read. */
  out(contents: Uint8Array | readonly number[]): Buffer {
    const buffer = this.allocate(contents.length, false);
    this.memory.write(buffer.paddr, Uint8Array.from(contents));
    return buffer;
  }

  /** A buffer of `length` bytes for the device to write to, filled with 0xee. */
  in(length: number): Buffer {
    const buffer = this.allocate(length, true);
    this.memory.read(buffer.paddr, length)?.fill(0xee);
    return buffer;
  }

  private allocate(length: number, writable: boolean): Buffer {
    if (this.nextBuffer + length > RAM_BASE + RAM_SIZE) this.nextBuffer = BUFFERS;
    const buffer = { paddr: this.nextBuffer, length, writable };
    this.nextBuffer += (length + 63) & ~63;
    return buffer;
  }

  contents(buffer: Buffer): Uint8Array {
    return (this.memory.read(buffer.paddr, buffer.length) as Uint8Array).slice();
  }

  /** Writes one descriptor at `paddr`. */
  descriptor(paddr: number, d: { paddr: number; length: number; flags: number; next: number }): void {
    const { view } = this.memory;
    const at = paddr - RAM_BASE;
    view.setBigUint64(at, BigInt(d.paddr), true);
    view.setUint32(at + 8, d.length, true);
    view.setUint16(at + 12, d.flags, true);
    view.setUint16(at + 14, d.next, true);
  }

  /** Writes the descriptors of `buffers` to the table at `table`, from entry `first` on. */
  private chain(table: number, first: number, buffers: readonly Buffer[]): void {
    for (const [i, { paddr, length, writable }] of buffers.entries()) {
      const last = i === buffers.length - 1;
      const flags = (writable ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT);
      this.descriptor(table + (first + i) * 16, { paddr, length, flags, next: last ? 0 : first + i + 1 });
    }
  }

  /** Makes `buffers` available in a queue, from descriptor `head` on, without telling the device. */
  offer(queue: number, buffers: readonly Buffer[], options: { head?: number; indirect?: boolean } = {}): void {
    const rings = this.rings[queue] as Rings;
    const head = options.head ?? 0;
    if (options.indirect) {
      const table = this.allocate(buffers.length * 16, false);
      this.chain(table.paddr, 0, buffers);
      this.descriptor(rings.desc + head * 16, { paddr: table.paddr, length: table.length, flags: DESC_INDIRECT, next: 0 });
    } else this.chain(rings.desc, head, buffers);
    this.offerHead(queue, head);
  }

  /** Makes the chain that begins with descriptor `head` available. */
  offerHead(queue: number, head: number): void {
    const rings = this.rings[queue] as Rings;
    const { view } = this.memory;
    view.setUint16(rings.avail - RAM_BASE + 4 + (rings.availIndex % rings.size) * 2, head, true);
    rings.availIndex = (rings.availIndex + 1) & 0xffff;
    view.setUint16(rings.avail - RAM_BASE + 2, rings.availIndex, true);
  }

  notify(queue: number): void {
    this.set(REG.queueNotify, queue);
  }

  /** With event indices: asks for an interrupt when the used index goes beyond `index`. */
  setUsedEvent(queue: number, index: number): void {
    const rings = this.rings[queue] as Rings;
    this.memory.view.setUint16(rings.avail - RAM_BASE + 4 + rings.size * 2, index, true);
  }

  availEvent(queue: number): number {
    const rings = this.rings[queue] as Rings;
    return this.memory.view.getUint16(rings.used - RAM_BASE + 4 + rings.size * 8, true);
  }

  /** The chains that came back since the last call, and acknowledges the interrupt. */
  used(queue: number): { head: number; written: number }[] {
    const rings = this.rings[queue] as Rings;
    const { view } = this.memory;
    const at = rings.used - RAM_BASE;
    const done: { head: number; written: number }[] = [];
    for (const index = view.getUint16(at + 2, true); rings.seen !== index; rings.seen = (rings.seen + 1) & 0xffff) {
      const element = at + 4 + (rings.seen % rings.size) * 8;
      done.push({ head: view.getUint32(element, true), written: view.getUint32(element + 4, true) });
    }
    if (this.eventIndex) this.setUsedEvent(queue, rings.seen);
    this.set(REG.interruptAck, this.get(REG.interruptStatus));
    return done;
  }

  /** Offers one chain, notifies, and gives how many bytes the device says to have written; `undefined` when it did not come back. */
  request(queue: number, buffers: readonly Buffer[], options: { indirect?: boolean } = {}): number | undefined {
    this.offer(queue, buffers, options);
    this.notify(queue);
    return this.used(queue)[0]?.written;
  }

  get needsReset(): boolean {
    return (this.get(REG.status) & STATUS.needsReset) !== 0;
  }
}
