/**
 * The memory-mapped transport of virtio 1.2, section 4.2: register layout version 2 ("modern") only. A slot without a device has
 * device ID 0.
 *
 * A driver that breaks the rules of its queues finds DEVICE_NEEDS_RESET in the status; nothing worse happens. As QEMU, the device
 * works for drivers that do not accept VIRTIO_F_VERSION_1. Not modelled: shared memory, queue reset.
 */

import { ImageError } from '../../util/errors.js';
import { type Device, type IrqLine, type PhysicalMemory, type PlainData, StateReader } from '../device.js';
import { VirtqueueError } from './chain.js';
import { F_EVENT_IDX, F_INDIRECT_DESC, F_VERSION_1, type VirtioDevice, type VirtioPort } from './virtio.js';
import { AREA_WORDS, Virtqueue } from './virtqueue.js';

const MAGIC = 0x74726976; // "virt"
const LAYOUT_VERSION = 2;
/** QEMU's: drivers are known to ask for it. */
const VENDOR_ID = 0x554d4551;
const CONFIG = 0x100;
const SHM_NONE = 0xffffffff;
// Device status
const STATUS_DRIVER_OK = 0x04;
const STATUS_FEATURES_OK = 0x08;
const STATUS_NEEDS_RESET = 0x40;
const STATUS_DRIVER_BITS = 0x8f;
// Interrupt status
const INTERRUPT_USED = 1;
const INTERRUPT_CONFIG = 2;

export const VIRTIO_MMIO_SIZE = 0x1000;
const TRANSPORT_FEATURES = [F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1];
const U32 = 0xffffffff;

interface Row {
  readonly name: string;
  readonly offset: number;
  readonly read?: () => number;
  readonly write?: (value: number) => void;
  /** It is there without a device too. */
  readonly always?: true;
}

export interface VirtioMmioPorts {
  readonly irq: IrqLine;
  readonly memory: PhysicalMemory;
  readonly device?: VirtioDevice | undefined;
}

export class VirtioMmio implements Device, VirtioPort {
  readonly name: string;
  readonly version = 1;
  readonly sizeBytes = VIRTIO_MMIO_SIZE;
  readonly accessSizes = [1, 2, 4] as const;

  private readonly ports: VirtioMmioPorts;
  private readonly device: VirtioDevice | undefined;
  private readonly queues: readonly Virtqueue[];
  private readonly offered = new Uint32Array(2);
  private readonly accepted = new Uint32Array(2);
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private queueSel = 0;
  private status = 0;
  private interruptStatus = 0;
  private configGeneration = 0;
  private readonly rows: ReadonlyMap<number, Row>;

  constructor(ports: VirtioMmioPorts) {
    const { device, memory } = ports;
    this.ports = ports;
    this.device = device;
    this.name = device?.name ?? 'virtio-none';
    this.queues = (device?.queueSizes ?? []).map((size) => new Virtqueue(memory, size));
    for (const bit of [...TRANSPORT_FEATURES, ...(device?.features ?? [])]) (this.offered[bit >> 5] as number) |= 1 << (bit & 31);
    this.rows = new Map(this.table().map((row) => [row.offset, row]));
    device?.attach(this);
  }

  private table(): readonly Row[] {
    const area = (word: number) => (value: number) => this.selected?.setArea(word, value);
    return [
      { name: 'MagicValue', offset: 0x000, always: true, read: () => MAGIC },
      { name: 'Version', offset: 0x004, always: true, read: () => LAYOUT_VERSION },
      { name: 'DeviceID', offset: 0x008, always: true, read: () => this.device?.id ?? 0 },
      { name: 'VendorID', offset: 0x00c, always: true, read: () => VENDOR_ID },
      { name: 'DeviceFeatures', offset: 0x010, read: () => this.offered[this.deviceFeaturesSel] ?? 0 },
      { name: 'DeviceFeaturesSel', offset: 0x014, write: (value) => this.select({ deviceFeaturesSel: value }) },
      { name: 'DriverFeatures', offset: 0x020, write: (value) => this.accept(value) },
      { name: 'DriverFeaturesSel', offset: 0x024, write: (value) => this.select({ driverFeaturesSel: value }) },
      { name: 'QueueSel', offset: 0x030, write: (value) => this.select({ queueSel: value }) },
      { name: 'QueueNumMax', offset: 0x034, read: () => this.selected?.maximumSize ?? 0 },
      { name: 'QueueNum', offset: 0x038, write: (value) => this.setSize(value) },
      { name: 'QueueReady', offset: 0x044, read: () => (this.selected?.ready ? 1 : 0), write: (value) => this.setReady(value) },
      { name: 'QueueNotify', offset: 0x050, write: (value) => this.notify(value) },
      { name: 'InterruptStatus', offset: 0x060, read: () => this.interruptStatus },
      { name: 'InterruptACK', offset: 0x064, write: (value) => this.setInterrupt(this.interruptStatus & ~value) },
      { name: 'Status', offset: 0x070, read: () => this.status, write: (value) => this.writeStatus(value) },
      { name: 'QueueDescLow', offset: 0x080, write: area(AREA_WORDS.descLow) },
      { name: 'QueueDescHigh', offset: 0x084, write: area(AREA_WORDS.descHigh) },
      { name: 'QueueDriverLow', offset: 0x090, write: area(AREA_WORDS.driverLow) },
      { name: 'QueueDriverHigh', offset: 0x094, write: area(AREA_WORDS.driverHigh) },
      { name: 'QueueDeviceLow', offset: 0x0a0, write: area(AREA_WORDS.deviceLow) },
      { name: 'QueueDeviceHigh', offset: 0x0a4, write: area(AREA_WORDS.deviceHigh) },
      { name: 'SHMLenLow', offset: 0x0b0, read: () => SHM_NONE },
      { name: 'SHMLenHigh', offset: 0x0b4, read: () => SHM_NONE },
      { name: 'SHMBaseLow', offset: 0x0b8, read: () => SHM_NONE },
      { name: 'SHMBaseHigh', offset: 0x0bc, read: () => SHM_NONE },
      { name: 'ConfigGeneration', offset: 0x0fc, read: () => this.configGeneration },
    ];
  }

  /** Registers take words only; the configuration space takes any size. */
  read(offset: number, size: number): number {
    if (offset >= CONFIG) return this.device ? littleEndian(this.device.config(), offset - CONFIG, size) : 0;
    const row = size === 4 ? this.rows.get(offset) : undefined;
    return row && (this.device || row.always) ? (row.read?.() ?? 0) >>> 0 : 0;
  }

  /** No device here has a configuration that the driver may write. */
  write(offset: number, size: number, value: number): void {
    if (this.device && size === 4) this.rows.get(offset)?.write?.(value);
  }

  reset(): void {
    this.accepted.fill(0);
    this.deviceFeaturesSel = 0;
    this.driverFeaturesSel = 0;
    this.queueSel = 0;
    this.status = 0;
    this.configGeneration = 0;
    for (const queue of this.queues) queue.reset();
    this.device?.reset();
    this.setInterrupt(0);
  }

  get live(): boolean {
    return (this.status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) === STATUS_DRIVER_OK;
  }

  has(feature: number): boolean {
    return (((this.accepted[feature >> 5] as number) >>> (feature & 31)) & 1) === 1;
  }

  queue(index: number): Virtqueue {
    const queue = this.queues[index];
    if (!queue) throw new VirtqueueError('no such queue');
    return queue;
  }

  run(work: () => void): void {
    if (!this.live) return;
    for (const queue of this.queues) queue.beginRun();
    let raised = 0;
    try {
      work();
      for (const queue of this.queues) if (queue.takeInterrupt()) raised |= INTERRUPT_USED;
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.status |= STATUS_NEEDS_RESET;
      raised |= INTERRUPT_CONFIG;
    }
    if (raised) this.setInterrupt(this.interruptStatus | raised);
  }

  configChanged(): void {
    this.configGeneration = (this.configGeneration + 1) >>> 0;
    if (this.live) this.setInterrupt(this.interruptStatus | INTERRUPT_CONFIG);
  }

  save(): PlainData {
    const { device } = this;
    return { ...this.ownState(), device: device ? { name: device.name, version: device.version, data: device.save() } : null };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const words = ['deviceFeaturesSel', 'driverFeaturesSel', 'queueSel', 'configGeneration'] as const;
    const registers = words.map((field) => [field, state.integer(field, U32)] as const);
    const [status, interruptStatus] = [state.integer('status', 0xff), state.integer('interruptStatus', 3)];
    const accepted = state.integers('accepted', U32, 2);
    if (accepted.some((word, index) => (word & ~(this.offered[index] as number)) !== 0)) throw state.bad('accepted');
    const queues = state.states('queues', this.queues.length).map((queue, index) => this.queue(index).prepareLoad(queue));
    this.loadInside(state);
    for (const [field, value] of registers) this[field] = value;
    this.status = status;
    this.accepted.set([0, 0]);
    this.accepted.set(accepted);
    for (const put of queues) put();
    this.applyFeatures();
    this.interruptStatus = interruptStatus;
  }

  digest(): PlainData {
    return { ...this.ownState(), device: this.device?.digest ? this.device.digest() : (this.device?.save() ?? null) };
  }

  private ownState(): { readonly [key: string]: PlainData } {
    const { deviceFeaturesSel, driverFeaturesSel, queueSel, status, interruptStatus, configGeneration } = this;
    const registers = { deviceFeaturesSel, driverFeaturesSel, queueSel, status, interruptStatus, configGeneration };
    return { ...registers, accepted: [...this.accepted], queues: this.queues.map((queue) => queue.save()) };
  }

  private loadInside(state: StateReader): void {
    const { device } = this;
    if (!device) return;
    const inside = new StateReader(this.name, state.data('device'));
    if (inside.text('name', 100) !== device.name) throw state.bad('device');
    const version = inside.integer('version', U32);
    if (version !== device.version) {
      throw new ImageError(`saved state of device "${device.name}" has version ${version}, this program reads version ${device.version}`);
    }
    device.load(inside.data('data'));
  }

  private get selected(): Virtqueue | undefined {
    return this.queues[this.queueSel];
  }

  private accept(value: number): void {
    if (this.status & STATUS_FEATURES_OK) return;
    this.accepted[this.driverFeaturesSel] = value;
    this.applyFeatures();
  }

  private applyFeatures(): void {
    const options = { indirect: this.has(F_INDIRECT_DESC), eventIndex: this.has(F_EVENT_IDX) };
    for (const queue of this.queues) queue.options = options;
  }

  private select(selector: { deviceFeaturesSel?: number; driverFeaturesSel?: number; queueSel?: number }): void {
    Object.assign(this, selector);
  }

  private setSize(value: number): void {
    if (this.selected) this.selected.size = value;
  }

  private setReady(value: number): void {
    if (this.selected) this.selected.ready = (value & 1) === 1;
  }

  private notify(queue: number): void {
    if (queue < this.queues.length) this.run(() => this.device?.notify(queue));
  }

  private writeStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const before = this.status;
    this.status = (value & STATUS_DRIVER_BITS) | (before & STATUS_NEEDS_RESET);
    if (!(before & STATUS_FEATURES_OK)) {
      const unknown = this.accepted.some((word, index) => (word & ~(this.offered[index] as number)) !== 0);
      if (unknown) this.status &= ~STATUS_FEATURES_OK;
    }
    if (before & STATUS_DRIVER_OK) return;
    // What was made available before the driver was up has waited for this.
    for (const index of this.queues.keys()) this.run(() => this.device?.notify(index));
  }

  private setInterrupt(status: number): void {
    this.interruptStatus = status;
    this.ports.irq.set(status !== 0);
  }
}

/** `size` bytes at `offset` as a number; zeros where there are none. */
function littleEndian(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + (bytes[offset + index] ?? 0);
  return value;
}
