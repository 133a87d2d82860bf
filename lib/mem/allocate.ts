/** The plan of linear memory: hart areas, block arena, frame table, RAM and ROM, in this order. */
import { ConfigError, InternalError } from '../util/errors.js';
import { AddressSpace, addressSpaceBytes, type Region } from './address-space.js';
import { GLOBAL_END, GLOBAL_HART_COUNT, GLOBAL_HARTS, HART_SIZE, PAGE_SIZE } from './layout.js';

const WASM_PAGE_SIZE = 0x10000;
/** A 32-bit linear memory ends at 4 GiB; its last page stays out so that "one past the end" is an address too. */
const LIMIT = 0x100000000 - WASM_PAGE_SIZE;
/** The most RAM that is promised to fit beside everything else. */
export const RAM_MAX = 3 * 2 ** 30;

export interface GuestMemory {
  readonly memory: WebAssembly.Memory;
  /** Host address of the first hart's area (HART_SIZE each). */
  readonly hartsAt: number;
  readonly arenaAt: number;
  readonly arenaBytes: number;
  readonly space: AddressSpace;
}

/**
 * Allocates linear memory for a machine and lays it out. Throws `ConfigError` when the guest's memory is more than 32-bit WebAssembly
 * can address, or than the host gives.
 */
export function allocateGuestMemory(options: { harts: number; arenaBytes: number; regions: readonly Region[] }): GuestMemory {
  const { harts, arenaBytes, regions } = options;
  if (arenaBytes % PAGE_SIZE !== 0) throw new InternalError('block arena is not made of pages');
  const hartsAt = Math.ceil(GLOBAL_END / HART_SIZE) * HART_SIZE;
  const arenaAt = hartsAt + harts * HART_SIZE;
  const hostStart = arenaAt + arenaBytes;
  const { frames, contents } = addressSpaceBytes(regions);
  const total = hostStart + frames + PAGE_SIZE + contents;
  const ram = regions.reduce((sum, region) => sum + (region.kind === 'ram' ? region.size : 0), 0);
  if (ram > RAM_MAX || total > LIMIT) throw new ConfigError(`${megabytes(ram)} of guest memory are too much: at most 3G`);
  const memory = createMemory(Math.ceil(total / WASM_PAGE_SIZE), ram);
  const view = new DataView(memory.buffer);
  view.setInt32(GLOBAL_HARTS, hartsAt, true);
  view.setInt32(GLOBAL_HART_COUNT, harts, true);
  return { memory, hartsAt, arenaAt, arenaBytes, space: new AddressSpace(memory, hostStart, regions) };
}

function createMemory(pages: number, ram: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`this host gives no room for ${megabytes(ram)} of guest memory`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}M`;
}
