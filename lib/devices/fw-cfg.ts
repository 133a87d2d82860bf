/**
 * QEMU's firmware configuration device, by which firmware gets the kernel, its command line and the machine's size: the memory-mapped
 * variant with DMA. After QEMU's docs/specs/fw_cfg. Items are read only.
 */
import { type Device, type PhysicalMemory, type PlainData, StateReader } from './device.js';

export const FW_CFG_SIZE = 0x18;

// Registers
/** The data register begins at 0. */
const DATA_END = 0x08;
const SELECTOR = 0x08;
const DMA_HIGH = 0x10;
const DMA_LOW = 0x14;

// Items
const ITEM_SIGNATURE = 0x00;
const ITEM_ID = 0x01;
const ITEM_RAM_SIZE = 0x03;
const ITEM_CPUS = 0x05;
const ITEM_KERNEL_SIZE = 0x08;
const ITEM_INITRD_SIZE = 0x0b;
const ITEM_CPUS_MAX = 0x0f;
const ITEM_KERNEL = 0x11;
const ITEM_INITRD = 0x12;
const ITEM_COMMAND_LINE_SIZE = 0x14;
const ITEM_COMMAND_LINE = 0x15;
const ITEM_FILE_DIRECTORY = 0x19;

const FEATURE_TRADITIONAL = 1;
const FEATURE_DMA = 2;
/** What the DMA register reads as, big-endian: "QEMU CFG". */
const DMA_SIGNATURE = [0x51454d55, 0x20434647] as const;

// Control word of a DMA request: bits, and the item in the upper half if DMA_SELECT is set.
const DMA_ERROR = 0x01;
const DMA_READ = 0x02;
const DMA_SKIP = 0x04;
const DMA_SELECT = 0x08;
const DMA_WRITE = 0x10;
const REQUEST_BYTES = 16;
const CHUNK_BYTES = 0x10000;
const U32 = 0xffffffff;
const NOTHING = new Uint8Array(0);

/** What firmware is to load. */
export interface BootFiles {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly commandLine: string;
}

export const NO_BOOT_FILES: BootFiles = { kernel: NOTHING, initrd: NOTHING, commandLine: '' };

export class FwCfg implements Device {
  readonly name = 'fw-cfg';
  readonly version = 1;
  readonly sizeBytes = FW_CFG_SIZE;
  readonly accessSizes = [1, 2, 4] as const;
  private readonly memory: PhysicalMemory;
  private readonly items: ReadonlyMap<number, Uint8Array>;
  private selected = 0;
  private position = 0;
  private dmaHigh = 0;

  constructor(ports: { memory: PhysicalMemory; ramBytes: number; harts: number; files: BootFiles }) {
    this.memory = ports.memory;
    this.items = itemsOf(ports);
  }

  peek(offset: number, size: number): number {
    const { position } = this;
    const value = this.read(offset, size);
    this.position = position;
    return value;
  }

  read(offset: number, size: number): number {
    if (offset < DATA_END) return this.readData(size);
    if (offset === DMA_HIGH || offset === DMA_LOW) return swap32(DMA_SIGNATURE[offset === DMA_HIGH ? 0 : 1]);
    return 0;
  }

  /** The next bytes of the item, in the order of memory; zeros behind its end. */
  private readData(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= (this.item[this.position++] ?? 0) << (8 * i);
    this.position = Math.min(this.position, this.item.length);
    return value >>> 0;
  }

  write(offset: number, size: number, value: number): void {
    if (offset === SELECTOR && size === 2) this.select(((value & 0xff) << 8) | (value >> 8));
    else if (offset === DMA_HIGH && size === 4) this.dmaHigh = swap32(value);
    else if (offset === DMA_LOW && size === 4) {
      const address = this.dmaHigh * 2 ** 32 + swap32(value);
      this.dmaHigh = 0;
      this.transfer(address);
    }
  }

  private select(item: number): void {
    this.selected = item;
    this.position = 0;
  }

  private get item(): Uint8Array {
    return this.items.get(this.selected) ?? NOTHING;
  }

  /** Does the request at the guest's address `at`, and writes the outcome into its control word. */
  private transfer(at: number): void {
    const request = this.memory.read(at, REQUEST_BYTES)?.slice();
    if (!request) return;
    const view = new DataView(request.buffer);
    const [control, length] = [view.getUint32(0), view.getUint32(4)];
    const address = view.getUint32(8) * 2 ** 32 + view.getUint32(12);
    if (control & DMA_SELECT) this.select(control >>> 16);
    const done = control & DMA_READ ? this.copy(address, length) : control & DMA_WRITE ? false : this.skip(control, length);
    view.setUint32(0, done ? 0 : DMA_ERROR);
    this.memory.write(at, request.subarray(0, 4));
  }

  /** Copies from the item to guest memory; zeros behind its end. False where there is no RAM. */
  private copy(address: number, length: number): boolean {
    const { item } = this;
    for (let done = 0; done < length; ) {
      const size = Math.min(CHUNK_BYTES, length - done);
      const chunk = new Uint8Array(size);
      chunk.set(item.subarray(this.position, this.position + size));
      if (!this.memory.write(address + done, chunk)) return false;
      this.position = Math.min(item.length, this.position + size);
      done += size;
    }
    return true;
  }

  private skip(control: number, length: number): boolean {
    if (control & DMA_SKIP) this.position = Math.min(this.item.length, this.position + length);
    return true;
  }

  reset(): void {
    this.select(0);
    this.dmaHigh = 0;
  }

  save(): PlainData {
    return { selected: this.selected, position: this.position, dmaHigh: this.dmaHigh };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const selected = state.integer('selected', 0xffff);
    const position = state.integer('position', this.items.get(selected)?.length ?? 0);
    this.dmaHigh = state.integer('dmaHigh', U32);
    this.selected = selected;
    this.position = position;
  }
}

function itemsOf({ ramBytes, harts, files }: { ramBytes: number; harts: number; files: BootFiles }): Map<number, Uint8Array> {
  const { kernel, initrd } = files;
  const commandLine = Buffer.from(`${files.commandLine}\0`);
  return new Map([
    [ITEM_SIGNATURE, Buffer.from('QEMU')],
    [ITEM_ID, little(FEATURE_TRADITIONAL | FEATURE_DMA, 4)],
    [ITEM_RAM_SIZE, little(ramBytes, 8)],
    [ITEM_CPUS, little(harts, 2)],
    [ITEM_CPUS_MAX, little(harts, 2)],
    [ITEM_KERNEL_SIZE, little(kernel.length, 4)],
    [ITEM_KERNEL, kernel],
    [ITEM_INITRD_SIZE, little(initrd.length, 4)],
    [ITEM_INITRD, initrd],
    [ITEM_COMMAND_LINE_SIZE, little(commandLine.length, 4)],
    [ITEM_COMMAND_LINE, commandLine],
    // No named files: their number, big-endian, is zero.
    [ITEM_FILE_DIRECTORY, little(0, 4)],
  ] satisfies [number, Uint8Array][]);
}

/** `value` in `size` bytes, low byte first. */
function little(value: number, size: 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes.subarray(0, size);
}

function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
