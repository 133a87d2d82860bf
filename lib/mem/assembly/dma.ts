/** Bulk stores by devices: whatever depends on a page's contents is told first, then TypeScript copies. */
import {
  ENV_POLL,
  ENV_RESERVATION,
  FRAME_CODE,
  GLOBAL_HART_COUNT,
  GLOBAL_HARTS,
  GLOBAL_WATCHING,
  HART_SIZE,
  PAGE_SIZE,
  REGION_FLAGS,
  WATCH_WRITE,
} from '../layout';
import { frameIn, frameRecord, hostIn, isTable, regionOf } from './frames';
import { codeWritten } from './host';
import { markDirty } from './track';
import { notePhysical } from './watch';

/** What `beforeStore` gives for a page that holds live page-table entries: each must be stored by `storePhysical`. */
const STORE_TRACKED: i32 = -1;
/** Most bytes that a load-reserved covers. */
const RESERVATION_MAX: i64 = 8;

/** A device's store breaks the reservations that it overlaps; `poll`: the hart that runs now leaves its block after this instruction. */
function tellHarts(paddr: i64, bytes: i32, poll: bool): void {
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let hart = load<i32>(GLOBAL_HARTS); hart < end; hart += HART_SIZE) {
    const reserved = load<i64>(hart, ENV_RESERVATION);
    if (reserved < paddr + bytes && reserved + RESERVATION_MAX > paddr) store<i64>(hart, -1, ENV_RESERVATION);
    if (poll) store<i32>(hart, 1, ENV_POLL);
  }
}

/**
 * A device is about to store `bytes` bytes (at least one) at `paddr`, within one page: marks the page dirty and drops the code that
 * was translated from these bytes. Gives the host address to copy to; 0 where there is no writable memory; STORE_TRACKED.
 */
export function beforeStore(paddr: f64, bytes: i32): i32 {
  const address = <i64>paddr;
  const region = regionOf(address);
  if (!region || load<i32>(region, REGION_FLAGS)) return 0;
  if (load<i32>(GLOBAL_WATCHING)) notePhysical(0, address, bytes, WATCH_WRITE);
  const frame = frameIn(region, address);
  const record = frameRecord(frame);
  if (isTable(record)) {
    tellHarts(address, bytes, false);
    return STORE_TRACKED;
  }
  markDirty(frame);
  const code = load<i64>(record, FRAME_CODE);
  const first = (<i32>address & (PAGE_SIZE - 1)) >> 6;
  const last = ((<i32>address & (PAGE_SIZE - 1)) + bytes - 1) >> 6;
  const hit = (code & ((<i64>-1) << first) & (<i64>-1 >>> (63 - last))) !== 0;
  if (hit) codeWritten(load<i32>(GLOBAL_HARTS), paddr, bytes);
  tellHarts(address, bytes, hit);
  return hostIn(region, address);
}
