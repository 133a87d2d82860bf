/**
 * TLB banks and fetch contexts of the harts.
 *
 * A bank holds translations of one data context, named by a 64-bit key of the guest's (never 0); a fetch context is likewise named by a key and has
 * an id that jump-cache entries are tagged with. Banks and ids of recent contexts are kept, so that going back to one finds everything still there.
 * Recycling a bank or an id is never visible to the guest: translations are coherent with the page tables in memory.
 */
import {
  CONTEXT_BUCKET_BITS,
  CONTEXT_BUCKETS,
  CONTEXT_ID,
  CONTEXT_KEY,
  CONTEXT_SIZE,
  CONTEXTS,
  ENV_BANK_CLOCK,
  ENV_BANK_KEYS,
  ENV_BANK_STAMPS,
  ENV_CONTEXT,
  ENV_CONTEXT_CLOCK,
  ENV_CONTEXT_RECORD,
  ENV_CONTEXTS,
  ENV_FETCH_TLB,
  ENV_JUMP_CACHE,
  ENV_STAT_FILLS,
  ENV_TLB,
  ENV_TLB_BANKS,
  FRAME_CODE,
  FRAME_DIRTY,
  FRAME_FLAGS,
  FRAME_READONLY,
  FT_ENTRIES,
  FT_ENTRY_BITS,
  GLOBAL_CONTEXT_NEXT,
  GLOBAL_HART_COUNT,
  GLOBAL_HARTS,
  GLOBAL_TABLE_EPOCH,
  GLOBAL_TABLE_STORES,
  HART_SIZE,
  JC_ENTRIES,
  JC_ENTRY_BITS,
  PAGE_BITS,
  TLB_ADDEND,
  TLB_BANK_SIZE,
  TLB_BANKS,
  TLB_FRAME,
  TLB_NONE,
  TLB_READ,
  TLB_READ_ENTRY_BITS,
  TLB_READ_INDEX_BITS,
  TLB_TAG,
  TLB_TRACKED,
  TLB_WATCHED,
  TLB_WRITE,
  TLB_WRITE_ENTRY_BITS,
  TLB_WRITE_INDEX_BITS,
} from '../layout';
import { frameRecord, isOpen, isTable, openEntry, unlinkEntry } from './frames';
import { isWatchedPage } from './watch';

const WRITE_ENTRY_SIZE = 1 << TLB_WRITE_ENTRY_BITS;
const READ_INDEX_MASK = ((1 << TLB_READ_INDEX_BITS) - 1) << TLB_READ_ENTRY_BITS;
const WRITE_INDEX_MASK = ((1 << TLB_WRITE_INDEX_BITS) - 1) << TLB_WRITE_ENTRY_BITS;

/** The TLB entry for loads from `vaddr` in `bank`. */
export function readEntry(bank: i32, vaddr: i64): i32 {
  return bank + TLB_READ + (<i32>(vaddr >> (PAGE_BITS - TLB_READ_ENTRY_BITS)) & READ_INDEX_MASK);
}

/** The TLB entry for stores to `vaddr` in `bank`. */
export function writeEntry(bank: i32, vaddr: i64): i32 {
  return bank + TLB_WRITE + (<i32>(vaddr >> (PAGE_BITS - TLB_WRITE_ENTRY_BITS)) & WRITE_INDEX_MASK);
}

function emptyBank(bank: i32): void {
  const end = bank + TLB_BANK_SIZE;
  memory.fill(bank + TLB_READ, 0xff, TLB_WRITE - TLB_READ);
  for (let entry = bank + TLB_WRITE; entry < end; entry += WRITE_ENTRY_SIZE) {
    if (isOpen(entry)) unlinkEntry(entry);
    store<i64>(entry, TLB_NONE, TLB_TAG);
  }
}

/** Makes the least recently used bank the one of `key`. */
function recycleBank(env: i32, key: i64): i32 {
  let victim = 0;
  let oldest: u32 = u32.MAX_VALUE;
  for (let i = 0; i < TLB_BANKS; i++) {
    // A bank that holds nothing valid goes first.
    const stamp = load<i64>(env + (i << 3), ENV_BANK_KEYS) ? load<u32>(env + (i << 2), ENV_BANK_STAMPS) : 0;
    if (stamp < oldest) {
      oldest = stamp;
      victim = i;
    }
  }
  const bank = env + ENV_TLB_BANKS + victim * TLB_BANK_SIZE;
  // What was never used has no lists to keep right.
  if (load<u32>(env + (victim << 2), ENV_BANK_STAMPS)) emptyBank(bank);
  else memory.fill(bank, 0xff, TLB_BANK_SIZE);
  store<i64>(env + (victim << 3), key, ENV_BANK_KEYS);
  return victim;
}

/** Stamps wrapped around: all banks count as equally old. */
function restartClock(env: i32): i32 {
  for (let i = 0; i < TLB_BANKS; i++) {
    if (load<u32>(env + (i << 2), ENV_BANK_STAMPS)) store<u32>(env + (i << 2), 1, ENV_BANK_STAMPS);
  }
  return 2;
}

/** Makes the bank of the data context `key` (not 0) the current one. */
export function selectBank(env: i32, key: i64): void {
  let bank = 0;
  while (load<i64>(env + (bank << 3), ENV_BANK_KEYS) !== key) {
    if (++bank === TLB_BANKS) {
      bank = recycleBank(env, key);
      break;
    }
  }
  let clock = load<i32>(env, ENV_BANK_CLOCK) + 1;
  if (!clock) clock = restartClock(env);
  store<i32>(env, clock, ENV_BANK_CLOCK);
  store<i32>(env + (bank << 2), clock, ENV_BANK_STAMPS);
  store<i32>(env, env + ENV_TLB_BANKS + bank * TLB_BANK_SIZE, ENV_TLB);
}

/** Empties, on all harts, the banks whose key is `value` in the bits of `mask`. */
function flushBanksMatching(mask: i64, value: i64): void {
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    const current = load<i32>(env, ENV_TLB);
    for (let i = 0; i < TLB_BANKS; i++) {
      if ((load<i64>(env + (i << 3), ENV_BANK_KEYS) & mask) !== value) continue;
      const bank = env + ENV_TLB_BANKS + i * TLB_BANK_SIZE;
      // Only what translated code looks at must be emptied now.
      if (bank === current) emptyBank(bank);
      else store<i64>(env + (i << 3), 0, ENV_BANK_KEYS);
    }
  }
}

/** Drops all translations of data accesses on all harts; the marks of table pages stay. */
export function flushBanks(): void {
  flushBanksMatching(0, 0);
}

/** Drops, on all harts, the translations of the data and fetch contexts whose key is `value` in the bits of `mask`; true if the current context of a hart was one. */
export function flushMatching(mask: i64, value: i64): i32 {
  flushBanksMatching(mask, value);
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  let renewed = 0;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    for (let i = 0; i < CONTEXTS; i++) {
      const record = env + ENV_CONTEXTS + i * CONTEXT_SIZE;
      if ((load<i64>(record, CONTEXT_KEY) & mask) === value) renewed |= renew(env, record);
    }
  }
  return renewed;
}

/** Drops all translations, of data accesses and of fetches, on all harts; no page counts as a table page afterwards. */
export function flushAll(): void {
  flushBanks();
  const epoch = load<i32>(GLOBAL_TABLE_EPOCH) + 1;
  store<i32>(GLOBAL_TABLE_EPOCH, epoch ? epoch : 1);
  store<i32>(GLOBAL_TABLE_STORES, 0);
  renewContexts();
}

/** Drops the data translation of the page of `vaddr` in all contexts of all harts. */
export function dropPage(vaddr: i64): void {
  const page = (vaddr >> PAGE_BITS) << PAGE_BITS;
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    for (let i = 0; i < TLB_BANKS; i++) {
      if (!load<i64>(env + (i << 3), ENV_BANK_KEYS)) continue;
      const bank = env + ENV_TLB_BANKS + i * TLB_BANK_SIZE;
      const entry = writeEntry(bank, vaddr);
      const tag = load<i64>(entry, TLB_TAG);
      if (tag === page) unlinkEntry(entry);
      if ((tag & ~(TLB_TRACKED | TLB_WATCHED)) === page) store<i64>(entry, TLB_NONE, TLB_TAG);
      const read = readEntry(bank, vaddr);
      if ((load<i64>(read, TLB_TAG) & ~TLB_WATCHED) === page) store<i64>(read, TLB_NONE, TLB_TAG);
    }
  }
}

/** Sets the entry's write tag, which is not open, to open if stores to the frame need no slow path, else to tracked. */
export function permitStores(entry: i32, page: i64, record: i32): void {
  const flags = load<i32>(record, FRAME_FLAGS);
  if ((flags & (FRAME_DIRTY | FRAME_READONLY)) !== FRAME_DIRTY || load<i64>(record, FRAME_CODE) || isTable(record)) {
    store<i64>(entry, page | TLB_TRACKED, TLB_TAG);
  } else openEntry(entry, page, record);
}

/** Puts the translation of the page at `page` to `frame` (first byte at `host`), for loads, into the current bank. */
export function fillRead(env: i32, page: i64, host: i32, frame: i32): void {
  const entry = readEntry(load<i32>(env, ENV_TLB), page);
  store<i32>(env, load<i32>(env, ENV_STAT_FILLS) + 1, ENV_STAT_FILLS);
  store<i64>(entry, isWatchedPage(page, host) ? page | TLB_WATCHED : page, TLB_TAG);
  store<i32>(entry, host - <i32>page, TLB_ADDEND);
  store<i32>(entry, frame, TLB_FRAME);
}

/** The same for stores. */
export function fillWrite(env: i32, page: i64, host: i32, frame: i32): void {
  const entry = writeEntry(load<i32>(env, ENV_TLB), page);
  if (isOpen(entry)) unlinkEntry(entry);
  store<i32>(env, load<i32>(env, ENV_STAT_FILLS) + 1, ENV_STAT_FILLS);
  store<i32>(entry, host - <i32>page, TLB_ADDEND);
  store<i32>(entry, frame, TLB_FRAME);
  if (isWatchedPage(page, host)) store<i64>(entry, page | TLB_WATCHED, TLB_TAG);
  else permitStores(entry, page, frameRecord(frame));
}

/** A context id that no jump-cache entry has. */
function freshId(): i32 {
  const id = load<i32>(GLOBAL_CONTEXT_NEXT) + 1;
  store<i32>(GLOBAL_CONTEXT_NEXT, id);
  if (id) return id;
  // All ids were used once: start over, with nothing tagged by any.
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    memory.fill(env + ENV_JUMP_CACHE, 0, JC_ENTRIES << JC_ENTRY_BITS);
    memory.fill(env + ENV_FETCH_TLB, 0, FT_ENTRIES << FT_ENTRY_BITS);
    for (let i = 0; i < CONTEXTS; i++) store<i64>(env + i * CONTEXT_SIZE, 0, ENV_CONTEXTS + CONTEXT_KEY);
  }
  return freshId();
}

/** Makes the fetch context `key` (not 0) the current one. */
export function selectContext(env: i32, key: i64): void {
  let record = env + ENV_CONTEXTS;
  const end = record + CONTEXTS * CONTEXT_SIZE;
  while (load<i64>(record, CONTEXT_KEY) !== key) {
    record += CONTEXT_SIZE;
    if (record === end) {
      const slot = load<i32>(env, ENV_CONTEXT_CLOCK);
      store<i32>(env, (slot + 1) % CONTEXTS, ENV_CONTEXT_CLOCK);
      record = env + ENV_CONTEXTS + slot * CONTEXT_SIZE;
      store<i32>(record, freshId(), CONTEXT_ID);
      store<i64>(record, key, CONTEXT_KEY);
      store<i64>(record, 0, CONTEXT_BUCKETS);
      break;
    }
  }
  store<i32>(env, record, ENV_CONTEXT_RECORD);
  store<i32>(env, load<i32>(record, CONTEXT_ID), ENV_CONTEXT);
}

/** The current context fetched code at `vaddr`. */
export function noteFetch(env: i32, vaddr: i64): void {
  const record = load<i32>(env, ENV_CONTEXT_RECORD);
  const bucket = (<i64>1) << ((vaddr >> CONTEXT_BUCKET_BITS) & 63);
  if (record) store<i64>(record, load<i64>(record, CONTEXT_BUCKETS) | bucket, CONTEXT_BUCKETS);
}

/** Makes what jump caches hold for the context in `record` void; true if it is the current one. */
function renew(env: i32, record: i32): i32 {
  store<i64>(record, 0, CONTEXT_BUCKETS);
  if (record !== load<i32>(env, ENV_CONTEXT_RECORD)) {
    store<i64>(record, 0, CONTEXT_KEY);
    return 0;
  }
  const id = freshId();
  store<i32>(record, id, CONTEXT_ID);
  store<i32>(env, id, ENV_CONTEXT);
  return 1;
}

/** Gives fresh ids to the contexts that fetched code from any of `buckets`; true if the current context of a hart was one. */
export function renewBuckets(buckets: i64): i32 {
  let renewed = 0;
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    for (let i = 0; i < CONTEXTS; i++) {
      const record = env + ENV_CONTEXTS + i * CONTEXT_SIZE;
      if (load<i64>(record, CONTEXT_BUCKETS) & buckets) renewed |= renew(env, record);
    }
  }
  return renewed;
}

/** Gives fresh ids to all contexts of all harts: what jump caches hold is void. */
export function renewContexts(): void {
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    for (let i = 0; i < CONTEXTS; i++) renew(env, env + ENV_CONTEXTS + i * CONTEXT_SIZE);
  }
}
