/**
 * Physical memory protection: 16 entries, granularity 4 bytes. After the RISC-V privileged architecture, "Physical Memory Protection".
 * The address ranges of the entries are kept decoded in PMP_RANGES.
 */

import { flushAll } from '../../../mem/assembly/tlb';
import { GLOBAL_DROP_CODE } from '../../../mem/layout';
import { PMP_BYTES, PMP_COUNT, PMP_RANGES, PMP_SEEN, PMPADDR, PMPCFG, PRIV_M } from '../layout';
import { requestRunLoop } from './context';

const ENTRIES = 16;
const ADDRESS_MASK: i64 = (1 << 54) - 1;
const PMP_R = 1;
const PMP_W = 2;
const PMP_X = 4;
const PMP_ALL = PMP_R | PMP_W | PMP_X;
const PMP_LOCKED = 0x80;
const MATCH_TOR = 1;
const MATCH_NA4 = 2;
const MATCH_NAPOT = 3;

function configOf(env: i32, entry: i32): i32 {
  return load<u8>(env + entry, PMPCFG);
}

function matchOf(env: i32, entry: i32): i32 {
  return (configOf(env, entry) >> 3) & 3;
}

/** Decodes one entry into its range. */
function decode(env: i32, entry: i32): void {
  const address = load<i64>(env + (entry << 3), PMPADDR);
  let start: i64 = 0;
  let end: i64 = 0;
  switch (matchOf(env, entry)) {
    case MATCH_TOR: {
      if (entry) start = load<i64>(env + ((entry - 1) << 3), PMPADDR) << 2;
      end = address << 2;
      break;
    }
    case MATCH_NA4: {
      start = address << 2;
      end = start + 4;
      break;
    }
    case MATCH_NAPOT: {
      // Trailing ones say the size: 8 bytes with none of them.
      const ones = ctz<i64>(~address);
      start = (address & ~(((<i64>1) << ones) - 1)) << 2;
      end = start + ((<i64>8) << ones);
      break;
    }
  }
  if (<u64>end <= <u64>start) {
    start = 0;
    end = 0;
  }
  store<i64>(env + (entry << 4), start, PMP_RANGES);
  store<i64>(env + (entry << 4), end, PMP_RANGES + 8);
}

/** Whether the registers are what was seen last; they are from now on. */
function seen(env: i32): bool {
  let same = true;
  for (let at = 0; at < PMP_BYTES; at += 8) {
    if (load<i64>(env + at, PMPCFG) !== load<i64>(env + at, PMP_SEEN)) same = false;
  }
  memory.copy(env + PMP_SEEN, env + PMPCFG, PMP_BYTES);
  return same;
}

/** After a change of PMP registers: recomputes what is derived from them, and drops all translations that were made before. */
export function refreshPmp(env: i32): void {
  if (seen(env)) return;
  let count = 0;
  for (let entry = 0; entry < ENTRIES; entry++) {
    decode(env, entry);
    if (matchOf(env, entry)) count = entry + 1;
  }
  store<i32>(env, count, PMP_COUNT);
  flushAll();
  // Where fetches are not translated, code is chained across pages.
  store<i32>(GLOBAL_DROP_CODE, 1);
  requestRunLoop(env);
}

/** What an entry lets `priv` do: the R, W, X bits. */
function permissions(env: i32, entry: i32, priv: i64): i32 {
  const config = configOf(env, entry);
  return priv === PRIV_M && !(config & PMP_LOCKED) ? PMP_ALL : config & PMP_ALL;
}

/** R, W, X bits that `priv` has on all `size` bytes at `paddr`; -1 where they differ between the bytes. */
export function pmpRange(env: i32, paddr: i64, size: i64, priv: i64): i32 {
  const count = load<i32>(env, PMP_COUNT);
  for (let entry = 0; entry < count; entry++) {
    const start = load<u64>(env + (entry << 4), PMP_RANGES);
    const end = load<u64>(env + (entry << 4), PMP_RANGES + 8);
    if (<u64>paddr >= end || <u64>(paddr + size) <= start) continue;
    return <u64>paddr >= start && <u64>(paddr + size) <= end ? permissions(env, entry, priv) : -1;
  }
  return priv === PRIV_M ? PMP_ALL : 0;
}

/** Whether `priv` may do `access` (0 read, 1 write, 2 fetch) on all `size` bytes: an access that an entry matches only in part fails. */
export function pmpAllows(env: i32, paddr: i64, size: i64, priv: i64, access: i32): bool {
  const allowed = pmpRange(env, paddr, size, priv);
  return allowed >= 0 && (allowed & (PMP_R << access)) !== 0;
}

export function readPmpConfig(env: i32, first: i32): i64 {
  return load<i64>(env + first, PMPCFG);
}

/** Writes the configuration of eight entries; locked ones keep theirs. */
export function writePmpConfig(env: i32, first: i32, value: i64): void {
  for (let i = 0; i < 8; i++) {
    if (configOf(env, first + i) & PMP_LOCKED) continue;
    let config = <i32>(value >> (i << 3)) & 0x9f;
    // W without R is reserved.
    if (!(config & PMP_R)) config &= ~PMP_W;
    store<u8>(env + first + i, config, PMPCFG);
  }
  refreshPmp(env);
}

/** Writes an entry's address, unless it or the range above it that it bounds is locked. */
export function writePmpAddress(env: i32, entry: i32, value: i64): void {
  if (configOf(env, entry) & PMP_LOCKED) return;
  if (entry + 1 < ENTRIES && configOf(env, entry + 1) & PMP_LOCKED && matchOf(env, entry + 1) === MATCH_TOR) return;
  store<i64>(env + (entry << 3), value & ADDRESS_MASK, PMPADDR);
  refreshPmp(env);
}
