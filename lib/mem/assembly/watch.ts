/**
 * Watchpoints: which accesses a debugger wants to hear of. Pages with watched bytes never have an open tag in a TLB (TLB_WATCHED), so that each access to
 * them comes through the slow paths, which ask here, exactly, and note the hit. TypeScript looks at the notes when the instruction is complete.
 */
import {
  ENV_EXIT,
  ENV_POLL,
  ENV_STATUS,
  ENV_TRAPS,
  GLOBAL_HART_COUNT,
  GLOBAL_HARTS,
  GLOBAL_WATCH_HITS,
  GLOBAL_WATCH_NOTES,
  GLOBAL_WATCH_PHYSICAL,
  GLOBAL_WATCH_RANGES_PHYSICAL,
  GLOBAL_WATCH_RANGES_VIRTUAL,
  GLOBAL_WATCH_VIRTUAL,
  GLOBAL_WATCHING,
  HART_SIZE,
  LEAVE_WATCH,
  PAGE_SIZE,
  STATUS_EXIT,
  WATCH_ANY,
  WATCH_HITS_MAX,
  WATCH_NOTE_ADDRESS,
  WATCH_NOTE_ENV,
  WATCH_NOTE_KIND,
  WATCH_NOTE_SIZE,
  WATCH_NOTE_SIZE_BYTES,
  WATCH_NOTE_SPACE,
  WATCH_NOTE_TRAPS,
  WATCH_RANGE_FIRST,
  WATCH_RANGE_KINDS,
  WATCH_RANGE_LAST,
  WATCH_RANGE_SIZE,
  WATCH_SPACE_PHYSICAL,
  WATCH_SPACE_VIRTUAL,
} from '../layout';
import { paddrOfHost } from './frames';

/** Whether any byte from `address` on is watched for accesses of `kinds`. The ranges ascend and are disjoint. */
function overlaps(table: i32, count: i32, address: i64, size: i32, kinds: i32): bool {
  const first = <u64>address;
  let last = first + <u64>(size - 1);
  if (last < first) last = u64.MAX_VALUE;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u64>(table + middle * WATCH_RANGE_SIZE, WATCH_RANGE_LAST) < first) low = middle + 1;
    else high = middle;
  }
  for (; low < count; low++) {
    const range = table + low * WATCH_RANGE_SIZE;
    if (load<u64>(range, WATCH_RANGE_FIRST) > last) return false;
    if (load<i32>(range, WATCH_RANGE_KINDS) & kinds) return true;
  }
  return false;
}

function virtualHit(vaddr: i64, size: i32, kinds: i32): bool {
  const count = load<i32>(GLOBAL_WATCH_VIRTUAL);
  return count !== 0 && overlaps(GLOBAL_WATCH_RANGES_VIRTUAL, count, vaddr, size, kinds);
}

function physicalHit(paddr: i64, size: i32, kinds: i32): bool {
  const count = load<i32>(GLOBAL_WATCH_PHYSICAL);
  return count !== 0 && overlaps(GLOBAL_WATCH_RANGES_PHYSICAL, count, paddr, size, kinds);
}

/** Whether accesses to the page at `page`, whose first byte is at `host`, must not go through an open tag. */
export function isWatchedPage(page: i64, host: i32): bool {
  if (!load<i32>(GLOBAL_WATCHING)) return false;
  return (
    virtualHit(page, PAGE_SIZE, WATCH_ANY) ||
    (load<i32>(GLOBAL_WATCH_PHYSICAL) !== 0 && physicalHit(paddrOfHost(host), PAGE_SIZE, WATCH_ANY))
  );
}

/** Notes a hit; `env` is 0 for a device's. Translated code is left behind the instruction. */
function note(env: i32, address: i64, size: i32, kind: i32, space: i32): void {
  const hits = load<i32>(GLOBAL_WATCH_HITS);
  if (hits < WATCH_HITS_MAX) {
    const at = GLOBAL_WATCH_NOTES + hits * WATCH_NOTE_SIZE_BYTES;
    store<i64>(at, address, WATCH_NOTE_ADDRESS);
    store<i32>(at, size, WATCH_NOTE_SIZE);
    store<i32>(at, kind, WATCH_NOTE_KIND);
    store<i32>(at, space, WATCH_NOTE_SPACE);
    store<i32>(at, env, WATCH_NOTE_ENV);
    store<i64>(at, env ? load<i64>(env, ENV_TRAPS) : 0, WATCH_NOTE_TRAPS);
    store<i32>(GLOBAL_WATCH_HITS, hits + 1);
  }
  if (env) {
    store<i32>(env, load<i32>(env, ENV_EXIT) | LEAVE_WATCH, ENV_EXIT);
    if (!load<i32>(env, ENV_STATUS)) store<i32>(env, STATUS_EXIT, ENV_STATUS);
    return;
  }
  // Whichever hart runs looks at ENV_POLL when its access to the device is done.
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let hart = load<i32>(GLOBAL_HARTS); hart < end; hart += HART_SIZE) {
    store<i32>(hart, load<i32>(hart, ENV_EXIT) | LEAVE_WATCH, ENV_EXIT);
    store<i32>(hart, 1, ENV_POLL);
  }
}

/** An access of virtual address `vaddr` will complete, or has. */
export function noteVirtual(env: i32, vaddr: i64, size: i32, kind: i32): void {
  if (virtualHit(vaddr, size, kind)) note(env, vaddr, size, kind, WATCH_SPACE_VIRTUAL);
}

/** The same of physical addresses; `env` is 0 for a device's. */
export function notePhysical(env: i32, paddr: i64, size: i32, kind: i32): void {
  if (physicalHit(paddr, size, kind)) note(env, paddr, size, kind, WATCH_SPACE_PHYSICAL);
}

/** Both, of an access to memory at host address `host`, within a page. */
export function noteMemory(env: i32, vaddr: i64, host: i32, size: i32, kind: i32): void {
  noteVirtual(env, vaddr, size, kind);
  if (load<i32>(GLOBAL_WATCH_PHYSICAL)) notePhysical(env, paddrOfHost(host), size, kind);
}
