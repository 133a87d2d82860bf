/**
 * Physical memory: regions of RAM and ROM, and one record per page ("frame") that says who depends on the page's contents.
 *
 * A frame's write tags (TLB entries through which translated code may store to it) form a doubly linked list through the entries, so
 * that they can be closed without a search. Invariant: a TLB entry's write tag is open if and only if the entry is in its frame's list. A write tag is open
 * (the tag is the page), tracked (the page with TLB_TRACKED: allowed, by the slow path) or TLB_NONE.
 */
import {
  FRAME_CODE,
  FRAME_DIRTY,
  FRAME_FLAGS,
  FRAME_SIZE,
  FRAME_TABLE_EPOCH,
  FRAME_TABLE_LEVEL,
  FRAME_TABLE_VADDR,
  FRAME_WRITER,
  GLOBAL_FRAME_COUNT,
  GLOBAL_FRAMES,
  GLOBAL_REGION_COUNT,
  GLOBAL_REGIONS,
  GLOBAL_TABLE_EPOCH,
  PAGE_BITS,
  PAGE_SIZE,
  REGION_END,
  REGION_FLAGS,
  REGION_FRAME,
  REGION_HOST,
  REGION_SIZE,
  REGION_START,
  TLB_FRAME,
  TLB_NEXT,
  TLB_PREV,
  TLB_TAG,
  TLB_TRACKED,
} from '../layout';

/** The region record that holds `paddr`, or 0. */
export function regionOf(paddr: i64): i32 {
  const end = GLOBAL_REGIONS + load<i32>(GLOBAL_REGION_COUNT) * REGION_SIZE;
  for (let region = GLOBAL_REGIONS; region < end; region += REGION_SIZE) {
    if (<u64>paddr >= load<u64>(region, REGION_START) && <u64>paddr < load<u64>(region, REGION_END)) return region;
  }
  return 0;
}

/** Host address of `paddr`, which lies in `region`. */
export function hostIn(region: i32, paddr: i64): i32 {
  return load<i32>(region, REGION_HOST) + <i32>(paddr - load<i64>(region, REGION_START));
}

/** Index of the frame of `paddr`, which lies in `region`. */
export function frameIn(region: i32, paddr: i64): i32 {
  return load<i32>(region, REGION_FRAME) + <i32>((paddr - load<i64>(region, REGION_START)) >> PAGE_BITS);
}

/** Host address of a frame's record. */
export function frameRecord(frame: i32): i32 {
  return load<i32>(GLOBAL_FRAMES) + frame * FRAME_SIZE;
}

/** Host address of the byte at `paddr`, 0 if that is no memory. */
export function hostAddress(paddr: i64): i32 {
  const region = regionOf(paddr);
  return region ? hostIn(region, paddr) : 0;
}

/** Index of the frame that holds `paddr`, -1 if that is no memory. */
export function frameOf(paddr: i64): i32 {
  const region = regionOf(paddr);
  return region ? frameIn(region, paddr) : -1;
}

/** Whether `paddr` is writable memory. */
export function isRam(paddr: i64): i32 {
  const region = regionOf(paddr);
  return region ? i32(load<i32>(region, REGION_FLAGS) === 0) : 0;
}

/** paddr of a frame's first byte. */
export function paddrOfFrame(frame: i32): i64 {
  return paddrOfHost(frameHost(frame));
}

/** Host address of a frame's first byte. */
export function frameHost(frame: i32): i32 {
  const end = GLOBAL_REGIONS + load<i32>(GLOBAL_REGION_COUNT) * REGION_SIZE;
  for (let region = GLOBAL_REGIONS; region < end; region += REGION_SIZE) {
    const index = frame - load<i32>(region, REGION_FRAME);
    const pages = <i32>((load<i64>(region, REGION_END) - load<i64>(region, REGION_START)) >> PAGE_BITS);
    if (<u32>index < <u32>pages) return load<i32>(region, REGION_HOST) + (index << PAGE_BITS);
  }
  return 0;
}

/** Inverse of `hostAddress`; -1 where `host` is not in guest memory. */
export function paddrOfHost(host: i32): i64 {
  const end = GLOBAL_REGIONS + load<i32>(GLOBAL_REGION_COUNT) * REGION_SIZE;
  for (let region = GLOBAL_REGIONS; region < end; region += REGION_SIZE) {
    const offset = <i64>(<u32>(host - load<i32>(region, REGION_HOST)));
    const paddr = load<i64>(region, REGION_START) + offset;
    if (offset < load<i64>(region, REGION_END) - load<i64>(region, REGION_START)) return paddr;
  }
  return -1;
}

/** Opens the write tag of `entry`, whose TLB_FRAME is that of `record`. */
export function openEntry(entry: i32, page: i64, record: i32): void {
  const head = load<i32>(record, FRAME_WRITER);
  store<i32>(entry, head, TLB_NEXT);
  store<i32>(entry, 0, TLB_PREV);
  if (head) store<i32>(head, entry, TLB_PREV);
  store<i32>(record, entry, FRAME_WRITER);
  store<i64>(entry, page, TLB_TAG);
}

/** Whether the write tag of `entry` is open. */
export function isOpen(entry: i32): bool {
  return !(load<i32>(entry, TLB_TAG) & (PAGE_SIZE - 1));
}

/** Takes `entry`, whose write tag is open, out of its frame's list; the caller writes the tag. */
export function unlinkEntry(entry: i32): void {
  const next = load<i32>(entry, TLB_NEXT);
  const prev = load<i32>(entry, TLB_PREV);
  if (prev) store<i32>(prev, next, TLB_NEXT);
  else store<i32>(frameRecord(load<i32>(entry, TLB_FRAME)), next, FRAME_WRITER);
  if (next) store<i32>(next, prev, TLB_PREV);
}

/** Closes all write tags of the frame with this record: they become tracked. */
export function closeRecord(record: i32): void {
  let entry = load<i32>(record, FRAME_WRITER);
  while (entry) {
    store<i64>(entry, load<i64>(entry, TLB_TAG) | TLB_TRACKED, TLB_TAG);
    entry = load<i32>(entry, TLB_NEXT);
  }
  store<i32>(record, 0, FRAME_WRITER);
}

/** Closes all write tags of a frame: its next store takes the slow path. */
export function closeWriter(frame: i32): void {
  closeRecord(frameRecord(frame));
}

/** Whether cached translations depend on the page-table entries in this frame. */
export function isTable(record: i32): bool {
  return load<i32>(record, FRAME_TABLE_EPOCH) === load<i32>(GLOBAL_TABLE_EPOCH);
}

/** A cached translation depends on page-table entries in `frame`, a table of `level` whose first entry maps `vaddr`. */
export function markTable(frame: i32, level: i32, vaddr: i64): void {
  const record = frameRecord(frame);
  if (!isTable(record)) {
    closeRecord(record);
    store<i32>(record, load<i32>(GLOBAL_TABLE_EPOCH), FRAME_TABLE_EPOCH);
    store<i32>(record, level, FRAME_TABLE_LEVEL);
    store<i64>(record, vaddr, FRAME_TABLE_VADDR);
  } else if (load<i32>(record, FRAME_TABLE_LEVEL) !== level || load<i64>(record, FRAME_TABLE_VADDR) !== vaddr) {
    store<i32>(record, -1, FRAME_TABLE_LEVEL);
  }
}

/** No cached translation depends on this frame any more. */
export function unmarkTable(frame: i32): void {
  store<i32>(frameRecord(frame), 0, FRAME_TABLE_EPOCH);
}

/** For page walks: marks the frame of `paddr` as a table (see `markTable`) and gives the host address of `paddr`, 0 if that is no memory. */
export function tableAddress(paddr: i64, level: i32, vaddr: i64): i32 {
  const region = regionOf(paddr);
  if (!region) return 0;
  markTable(frameIn(region, paddr), level, vaddr);
  return hostIn(region, paddr);
}

/** Translated code was read from `bytes` bytes at `paddr` (within one page). */
export function markCode(paddr: i64, bytes: i32): void {
  const region = regionOf(paddr);
  if (!region) return;
  const record = frameRecord(frameIn(region, paddr));
  const first = (<i32>paddr & (PAGE_SIZE - 1)) >> 6;
  const last = min(((<i32>paddr & (PAGE_SIZE - 1)) + bytes - 1) >> 6, 63);
  const granules = ((<i64>-1) << first) & (<i64>-1 >>> (63 - last));
  const old = load<i64>(record, FRAME_CODE);
  if (!old) closeRecord(record);
  store<i64>(record, old | granules, FRAME_CODE);
}

/** All translated code of a frame was dropped. */
export function unmarkCode(frame: i32): void {
  store<i64>(frameRecord(frame), 0, FRAME_CODE);
}

/** Forgets which pages were stored to: the next store to any page takes the slow path. */
export function cleanPages(): void {
  const end = frameRecord(load<i32>(GLOBAL_FRAME_COUNT));
  for (let record = frameRecord(0); record < end; record += FRAME_SIZE) {
    const flags = load<i32>(record, FRAME_FLAGS);
    if (flags & FRAME_DIRTY) {
      closeRecord(record);
      store<i32>(record, flags & ~FRAME_DIRTY, FRAME_FLAGS);
    }
  }
}
