/**
 * The guest's physical address space: RAM and ROM, which live in linear memory, and devices, which are functions.
 *
 * Lays out the region table and the frame table that the soft-MMU reads (lib/mem/layout.ts), and is the soft-MMU's way to devices.
 * Physical addresses are numbers below 2^53.
 */
import { InternalError } from '../util/errors.js';
import { type BusTarget, planAccess } from './bus.js';
import {
  ENV_CAUSE,
  ENV_MMIO_HIGH,
  ENV_STATUS,
  FRAME_DIRTY,
  FRAME_FLAGS,
  FRAME_READONLY,
  FRAME_SIZE,
  GLOBAL_END,
  GLOBAL_FRAME_COUNT,
  GLOBAL_FRAMES,
  GLOBAL_REGION_COUNT,
  GLOBAL_REGIONS,
  PAGE_SIZE,
  REGION_END,
  REGION_FLAGS,
  REGION_FRAME,
  REGION_HOST,
  REGION_SIZE,
  REGION_START,
  REGIONS_MAX,
  STATUS_TRAP,
} from './layout.js';

/** One row of the memory map. */
export interface Region {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly kind: 'ram' | 'rom' | BusTarget;
}

/** A region that lies in linear memory at `host`, as frames from `firstFrame` on. */
export interface MemoryRegion extends Region {
  readonly kind: 'ram' | 'rom';
  readonly host: number;
  readonly firstFrame: number;
}

export interface DeviceRegion extends Region {
  readonly kind: BusTarget;
}

/** Bytes of linear memory that the frame table and the contents of `regions` take. */
export function addressSpaceBytes(regions: readonly Region[]): { frames: number; contents: number } {
  let contents = 0;
  for (const region of regions) if (typeof region.kind === 'string') contents += region.size;
  return { frames: (contents / PAGE_SIZE) * FRAME_SIZE, contents };
}

export class AddressSpace {
  /** RAM and ROM, by ascending address. */
  readonly memoryRegions: readonly MemoryRegion[];
  /** One past the last byte of linear memory that is in use. */
  readonly hostEnd: number;
  private readonly memory: WebAssembly.Memory;
  private view: DataView;
  private devices: DeviceRegion[] = [];
  private last: DeviceRegion | undefined;

  /**
   * Lays `regions` out in `memory` from host address `hostStart` (page-aligned) on: frame table, then contents. `memory` must be all
   * zero there. Throws `InternalError` when regions overlap or are not made of pages: a machine's table is wrong.
   */
  constructor(memory: WebAssembly.Memory, hostStart: number, regions: readonly Region[]) {
    this.memory = memory;
    this.view = new DataView(memory.buffer);
    checkOverlap(regions);
    const sizes = addressSpaceBytes(regions);
    const contentsStart = Math.ceil((hostStart + sizes.frames) / PAGE_SIZE) * PAGE_SIZE;
    this.hostEnd = contentsStart + sizes.contents;
    if (hostStart < GLOBAL_END || hostStart % PAGE_SIZE !== 0 || this.hostEnd > memory.buffer.byteLength) {
      throw new InternalError(`address space does not fit: host addresses ${hostStart} to ${this.hostEnd}`);
    }
    let host = contentsStart;
    this.memoryRegions = byBase(regions).flatMap((region) => {
      const { name, base, size, kind } = region;
      if (typeof kind !== 'string') return [];
      const at = host;
      host += size;
      return [{ name, base, size, kind, host: at, firstFrame: (at - contentsStart) / PAGE_SIZE }];
    });
    this.writeTables(hostStart, sizes.contents / PAGE_SIZE);
    for (const region of regions) if (isDevice(region)) this.devices.push(region);
    this.devices = byBase(this.devices);
  }

  /** The memory map, by ascending address. */
  get regions(): readonly Region[] {
    return byBase<Region>([...this.memoryRegions, ...this.devices]);
  }

  /** Adds a device to the map. */
  map(region: Region & { readonly kind: BusTarget }): void {
    checkOverlap([...this.memoryRegions, ...this.devices, region]);
    this.devices = byBase([...this.devices, region]);
  }

  /** The soft-MMU's host import: reads a device. Bits 63..32 go to ENV_MMIO_HIGH of the hart at `env`; see `fault` for a hole in the map. */
  readonly mmioRead = (env: number, paddr: number, size: number): number => {
    const region = this.deviceAt(paddr);
    const plan = region && planAccess(region.kind, paddr - region.base, size);
    if (!region || !plan || plan.parts === 0) return this.fault(env);
    const offset = paddr - region.base;
    const low = region.kind.read(offset, plan.partSize);
    const high = plan.parts === 2 ? region.kind.read(offset + plan.partSize, plan.partSize) : 0;
    this.setEnv(env, ENV_MMIO_HIGH, high);
    return low | 0;
  };

  /**
   * The soft-MMU's host import: writes `low` (and `high`) to a device. Nonzero: leave translated code after the instruction, because
   * any write may have changed interrupt lines or timers.
   */
  readonly mmioWrite = (env: number, paddr: number, size: number, low: number, high: number): number => {
    const region = this.deviceAt(paddr);
    const plan = region && planAccess(region.kind, paddr - region.base, size);
    if (!region || !plan || plan.parts === 0) return this.fault(env);
    const offset = paddr - region.base;
    region.kind.write(offset, plan.partSize, truncate(low, plan.partSize));
    if (plan.parts === 2) region.kind.write(offset + plan.partSize, plan.partSize, high >>> 0);
    return 1;
  };

  /** A copy of `length` bytes of RAM or ROM; `undefined` where they are not inside one region. */
  readBytes(paddr: number, length: number): Uint8Array | undefined {
    const region = this.memoryAt(paddr, length);
    return region && new Uint8Array(this.memory.buffer, region.host + (paddr - region.base), length).slice();
  }

  /**
   * Copies `bytes` into RAM or ROM, for loaders before the run or a reset: the pages are dirty then, and nothing else is told to the engine. False,
   * and nothing changed, where they are not inside one region.
   */
  writeBytes(paddr: number, bytes: Uint8Array): boolean {
    const region = this.memoryAt(paddr, bytes.length);
    if (!region) return false;
    new Uint8Array(this.memory.buffer, region.host + (paddr - region.base), bytes.length).set(bytes);
    this.markDirty(region, paddr, bytes.length);
    return true;
  }

  /** Fills `length` bytes of RAM or ROM with zeros; for loaders, as `writeBytes`. */
  zeroBytes(paddr: number, length: number): boolean {
    const region = this.memoryAt(paddr, length);
    if (!region) return false;
    new Uint8Array(this.memory.buffer, region.host + (paddr - region.base), length).fill(0);
    this.markDirty(region, paddr, length);
    return true;
  }

  /** The RAM or ROM region that holds all of `length` bytes at `paddr`. */
  memoryAt(paddr: number, length: number): MemoryRegion | undefined {
    return this.memoryRegions.find((region) => paddr >= region.base && paddr + length <= region.base + region.size);
  }

  /** Reports that nothing answers at the address: the soft-MMU asks the guest's hook for the cause (ENV_CAUSE 0 with STATUS_TRAP). */
  private fault(env: number): 0 {
    this.setEnv(env, ENV_STATUS, STATUS_TRAP);
    this.setEnv(env, ENV_CAUSE, 0);
    this.setEnv(env, ENV_CAUSE + 4, 0);
    return 0;
  }

  private setEnv(env: number, field: number, value: number): void {
    if (this.view.buffer !== this.memory.buffer) this.view = new DataView(this.memory.buffer);
    this.view.setInt32((env >>> 0) + field, value, true);
  }

  /** Devices, by ascending address. */
  get deviceRegions(): readonly DeviceRegion[] {
    return this.devices;
  }

  /** The device at `paddr`. */
  deviceAt(paddr: number): DeviceRegion | undefined {
    const { last } = this;
    if (last && paddr >= last.base && paddr < last.base + last.size) return last;
    let [low, high] = [0, this.devices.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const region = this.devices[middle] as DeviceRegion;
      if (paddr < region.base) high = middle;
      else if (paddr < region.base + region.size) {
        this.last = region;
        return region;
      } else low = middle + 1;
    }
    return undefined;
  }

  private markDirty({ base, firstFrame }: MemoryRegion, paddr: number, length: number): void {
    if (length === 0) return;
    const frames = this.view.getInt32(GLOBAL_FRAMES, true);
    const last = Math.floor((paddr + length - 1 - base) / PAGE_SIZE);
    for (let page = Math.floor((paddr - base) / PAGE_SIZE); page <= last; page++) {
      const flags = frames + (firstFrame + page) * FRAME_SIZE + FRAME_FLAGS;
      this.view.setInt32(flags, this.view.getInt32(flags, true) | FRAME_DIRTY, true);
    }
  }

  private writeTables(framesAt: number, frameCount: number): void {
    const { view } = this;
    if (this.memoryRegions.length > REGIONS_MAX) throw new InternalError(`more than ${REGIONS_MAX} memory regions`);
    view.setInt32(GLOBAL_REGION_COUNT, this.memoryRegions.length, true);
    view.setInt32(GLOBAL_FRAMES, framesAt, true);
    view.setInt32(GLOBAL_FRAME_COUNT, frameCount, true);
    for (const [index, region] of this.memoryRegions.entries()) {
      const at = GLOBAL_REGIONS + index * REGION_SIZE;
      const flags = region.kind === 'rom' ? FRAME_READONLY : 0;
      view.setBigUint64(at + REGION_START, BigInt(region.base), true);
      view.setBigUint64(at + REGION_END, BigInt(region.base + region.size), true);
      view.setInt32(at + REGION_HOST, region.host, true);
      view.setInt32(at + REGION_FRAME, region.firstFrame, true);
      view.setInt32(at + REGION_FLAGS, flags, true);
      const pages = region.size / PAGE_SIZE;
      if (flags) for (let i = 0; i < pages; i++) view.setInt32(framesAt + (region.firstFrame + i) * FRAME_SIZE + FRAME_FLAGS, flags, true);
    }
  }
}

function isDevice(region: Region): region is DeviceRegion {
  return typeof region.kind !== 'string';
}

function byBase<T extends Region>(regions: readonly T[]): T[] {
  return [...regions].sort((a, b) => a.base - b.base);
}

function truncate(value: number, size: number): number {
  return size === 4 ? value >>> 0 : value & ((1 << (size * 8)) - 1);
}

function checkOverlap(regions: readonly Region[]): void {
  let previous: Region | undefined;
  for (const region of byBase(regions)) {
    const memory = typeof region.kind === 'string';
    if (region.size <= 0 || !Number.isSafeInteger(region.base + region.size) || (memory && region.base % PAGE_SIZE !== 0)) {
      throw new InternalError(`memory map: region "${region.name}" has a bad base or size`);
    }
    if (memory && region.size % PAGE_SIZE !== 0) throw new InternalError(`memory map: region "${region.name}" is not made of pages`);
    if (previous && previous.base + previous.size > region.base) {
      throw new InternalError(`memory map: regions "${previous.name}" and "${region.name}" overlap`);
    }
    previous = region;
  }
}
