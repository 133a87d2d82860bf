/** Accesses to physical memory that do not come from an instruction: page walks, devices, the debugger. */
import { PAGE_SIZE, REGION_FLAGS } from '../layout';
import { frameIn, hostIn, regionOf } from './frames';
import { get, putTracked } from './track';

/** `size` (1, 2, 4, 8) bytes at `paddr`, zero-extended; 0 where there is no memory. Must not cross a page. */
export function loadPhysical(paddr: i64, size: i32): i64 {
  const region = regionOf(paddr);
  if (!region || (<i32>paddr & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return 0;
  return get(hostIn(region, paddr), size);
}

/** Stores `size` bytes at `paddr`, with all the tracking of a guest's store; 0 where there is no writable memory. Must not cross a page. */
export function storePhysical(paddr: i64, value: i64, size: i32): i32 {
  const region = regionOf(paddr);
  if (!region || load<i32>(region, REGION_FLAGS) || (<i32>paddr & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return 0;
  putTracked(0, frameIn(region, paddr), hostIn(region, paddr), value, size);
  return 1;
}
