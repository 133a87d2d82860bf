/** Guest memory as a debugger reads and writes it: through page tables or by physical address, page by page. */
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
/** Device registers are read in words of this size where they lie on such addresses. */
const REGISTER_BYTES = 4;

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

/** The bytes from `address` on, as far as there is memory: fewer than `length`, or none. Devices are read only where `devices` says so: that may have effects. */
export function readGuest(machine: Machine, address: bigint, length: number, mode: AddressMode & { devices: boolean }): Uint8Array {
  const result = new Uint8Array(length);
  for (const [offset, at, bytes] of pagesOf(address, length)) {
    const paddr = paddrOf(machine, at, mode);
    const part =
      paddr === undefined
        ? undefined
        : (machine.memory.read(paddr, bytes) ?? (mode.devices ? readDevice(machine, paddr, bytes) : undefined));
    if (!part) return result.subarray(0, offset);
    result.set(part, offset);
  }
  return result;
}

function readDevice(machine: Machine, paddr: number, bytes: number): Uint8Array | undefined {
  const region = machine.space.deviceAt(paddr);
  if (!region || paddr + bytes > region.base + region.size) return undefined;
  const result = new Uint8Array(bytes);
  for (let done = 0; done < bytes; ) {
    const offset = paddr + done - region.base;
    const whole = offset % REGISTER_BYTES === 0 && bytes - done >= REGISTER_BYTES && region.kind.accessSizes.includes(REGISTER_BYTES);
    const size = whole ? REGISTER_BYTES : 1;
    if (!region.kind.accessSizes.includes(size)) return undefined;
    const value = region.kind.read(offset, size);
    for (let i = 0; i < size; i++) result[done + i] = value >>> (8 * i);
    done += size;
  }
  return result;
}

/** The input events that write `bytes` at `address`; `undefined` where not all of it is memory. */
export function writeEvents(machine: Machine, address: bigint, bytes: Uint8Array, mode: AddressMode): InputEvent[] | undefined {
  const events: InputEvent[] = [];
  for (const [offset, at, count] of pagesOf(address, bytes.length)) {
    const paddr = paddrOf(machine, at, mode);
    if (paddr === undefined || machine.space.memoryAt(paddr, count)?.kind !== 'ram') return undefined;
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
