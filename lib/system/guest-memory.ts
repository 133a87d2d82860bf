/** Guest memory as a debugger reads and writes it: through page tables or by physical address, page by page. */
import { type AccessPlan, type BusTarget, planAccess } from '../mem/bus.js';
import { PAGE_SIZE } from '../mem/layout.js';
import type { InputEvent } from './input-event.js';
import type { Machine } from './machine.js';

/** How a debugger names memory: virtual addresses of a hart, or physical ones. */
export interface AddressMode {
  readonly hart: number;
  readonly physical: boolean;
}

/** A range of physical memory. */
export interface MemoryArea {
  readonly name: string;
  readonly start: number;
  /** Bytes. */
  readonly length: number;
  readonly kind: 'ram' | 'rom' | 'device';
}

const U64 = (1n << 64n) - 1n;

/** The physical address, `undefined` where nothing is mapped. */
function paddrOf(machine: Machine, address: bigint, { hart, physical }: AddressMode): number | undefined {
  if (!physical) return machine.debug.translate(hart, address);
  return address <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(address) : undefined;
}

/** Splits a range at page borders: [offset in the range, virtual address, bytes]. */
function* pagesOf(address: bigint, length: number): Generator<readonly [offset: number, address: bigint, bytes: number]> {
  for (let done = 0; done < length; ) {
    const at = (address + BigInt(done)) & U64;
    const bytes = Math.min(length - done, PAGE_SIZE - Number(at & BigInt(PAGE_SIZE - 1)));
    yield [done, at, bytes];
    done += bytes;
  }
}

/** The bytes from `address` on, as far as there is memory or a device: fewer than `length`, or none. Nothing changes by that, in devices neither. */
export function readGuest(machine: Machine, address: bigint, length: number, mode: AddressMode): Uint8Array {
  const result = new Uint8Array(length);
  for (const [offset, at, bytes] of pagesOf(address, length)) {
    const paddr = paddrOf(machine, at, mode);
    const part = paddr === undefined ? undefined : (machine.memory.read(paddr, bytes) ?? peekDevice(machine.space, paddr, bytes));
    if (!part) return result.subarray(0, offset);
    result.set(part, offset);
  }
  return result;
}

/** The accesses that a debugger's request makes: one, as the guest's would be, or where there is no such access, several; none where that is not possible. */
function accessesOf(
  space: Machine['space'],
  paddr: number,
  bytes: number,
): { target: BusTarget; offset: number; plan: AccessPlan } | undefined {
  const region = space.deviceAt(paddr);
  if (!region || bytes === 0 || paddr + bytes > region.base + region.size) return undefined;
  const target = region.kind;
  const offset = paddr - region.base;
  const whole = planAccess(target, offset, bytes);
  if (whole.parts > 0) return { target, offset, plan: whole };
  const size = target.accessSizes.find((candidate) => offset % candidate === 0 && bytes % candidate === 0);
  return size && { target, offset, plan: { partSize: size, parts: bytes / size } };
}

function peekDevice(space: Machine['space'], paddr: number, bytes: number): Uint8Array | undefined {
  const accesses = accessesOf(space, paddr, bytes);
  if (!accesses) return undefined;
  const { target, offset, plan } = accesses;
  const result = new Uint8Array(bytes);
  for (let done = 0; done < bytes; done += plan.partSize) {
    const value = target.peek ? target.peek(offset + done, plan.partSize) : target.read(offset + done, plan.partSize);
    for (let i = 0; i < plan.partSize; i++) result[done + i] = value >>> (8 * i);
  }
  return result;
}

/** Whether `writeDevice` can write there. */
export function isDevice(space: Machine['space'], paddr: number, bytes: number): boolean {
  return accessesOf(space, paddr, bytes) !== undefined;
}

/** Writes registers, as the guest would. */
export function writeDevice(space: Machine['space'], paddr: number, bytes: Uint8Array): void {
  const { target, offset, plan } = accessesOf(space, paddr, bytes.length)!;
  for (let done = 0; done < bytes.length; done += plan.partSize) {
    let value = 0;
    for (let i = plan.partSize - 1; i >= 0; i--) value = ((value << 8) | bytes[done + i]) >>> 0;
    target.write(offset + done, plan.partSize, value);
  }
}

/** The input events that write `bytes` at `address`; `undefined` where not all of it is RAM or registers of devices. */
export function writeEvents(machine: Machine, address: bigint, bytes: Uint8Array, mode: AddressMode): InputEvent[] | undefined {
  const events: InputEvent[] = [];
  for (const [offset, at, count] of pagesOf(address, bytes.length)) {
    const paddr = paddrOf(machine, at, mode);
    if (paddr === undefined || !(machine.space.memoryAt(paddr, count)?.kind === 'ram' || isDevice(machine.space, paddr, count)))
      return undefined;
    events.push({ kind: 'memory', paddr, bytes: bytes.slice(offset, offset + count) });
  }
  return events;
}

/** The physical memory map, by ascending address. */
export function memoryMap(machine: Machine): MemoryArea[] {
  const memory = machine.space.memoryRegions.map(({ name, base, size, kind }) => ({ name, start: base, length: size, kind }));
  const devices = machine.space.deviceRegions.map(({ name, base, size }) => ({ name, start: base, length: size, kind: 'device' as const }));
  return [...memory, ...devices].sort((a, b) => a.start - b.start);
}

/** How many pages `regionAround` looks at: LLDB asks for region after region. */
const REGION_PAGES_MAX = 4096;

/** What is mapped at `address`, from its page up to where that changes, as far as `REGION_PAGES_MAX`. Where there is neither memory nor a device, nothing is permitted. */
export function regionAround(
  machine: Machine,
  hart: number,
  address: bigint,
): { start: bigint; length: bigint; permissions: string; name?: string } {
  const map = memoryMap(machine);
  const start = address & ~BigInt(PAGE_SIZE - 1);
  const areaAt = (page: bigint): MemoryArea | undefined => {
    const paddr = machine.debug.translate(hart, page);
    return paddr === undefined ? undefined : map.find((area) => paddr >= area.start && paddr < area.start + area.length);
  };
  const area = areaAt(start);
  let end = start + BigInt(PAGE_SIZE);
  for (let pages = 1; pages < REGION_PAGES_MAX && end <= U64 && areaAt(end) === area; pages++) end += BigInt(PAGE_SIZE);
  return { start, length: end - start, ...(area ? { permissions: 'rwx', name: area.name } : { permissions: '' }) };
}
