/**
 * Stores to memory, with everything that depends on a page's contents told: dirty pages, page tables, translated code.
 */
import {
  ENV_POLL,
  ENV_STATUS,
  FN_TABLE_STORE,
  FRAME_CODE,
  FRAME_DIRTY,
  FRAME_FLAGS,
  FRAME_READONLY,
  GLOBAL_HART_COUNT,
  GLOBAL_HARTS,
  GLOBAL_TABLE_STORES,
  HART_SIZE,
  PAGE_SIZE,
  STATUS_EXIT,
} from '../layout';
import { frameRecord, isTable, paddrOfHost } from './frames';
import { codeWritten } from './host';
import { flushAll } from './tlb';

/** A page that is no table any more stays marked until then, and stores to it are slow. */
const TABLE_STORES_MAX = 1 << 17;

/** The low `size` bytes of `value` at host address `host`. */
export function put(host: i32, value: i64, size: i32): void {
  if (size === 8) store<i64>(host, value);
  else if (size === 4) store<i32>(host, <i32>value);
  else if (size === 2) store<i16>(host, <i16>value);
  else store<i8>(host, <i8>value);
}

/** `size` bytes at host address `host`, zero-extended. */
export function get(host: i32, size: i32): i64 {
  if (size === 8) return load<i64>(host);
  if (size === 4) return load<u32>(host);
  if (size === 2) return load<u16>(host);
  return load<u8>(host);
}

/** The running block, the translation of the next instruction or an interrupt line may have changed. */
function requestExit(env: i32): void {
  if (env) {
    if (!load<i32>(env, ENV_STATUS)) store<i32>(env, STATUS_EXIT, ENV_STATUS);
    return;
  }
  // A device stored: whichever hart runs looks at ENV_POLL when the device access is done.
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let hart = load<i32>(GLOBAL_HARTS); hart < end; hart += HART_SIZE) store<i32>(hart, 1, ENV_POLL);
}

/** A store of at most 8 bytes to page-table entries: tells the guest per 8-byte word. */
function putTable(env: i32, frame: i32, host: i32, value: i64, size: i32): void {
  const first = host & ~7;
  const last = (host + size - 1) & ~7;
  const oldFirst = load<i64>(first);
  const oldLast = load<i64>(last);
  put(host, value, size);
  const hart = env ? env : load<i32>(GLOBAL_HARTS);
  const newFirst = load<i64>(first);
  let leave = 0;
  if (newFirst !== oldFirst) leave = call_indirect<i32>(FN_TABLE_STORE, hart, oldFirst, newFirst, frame, first & (PAGE_SIZE - 1));
  if (last !== first && load<i64>(last) !== oldLast) {
    leave |= call_indirect<i32>(FN_TABLE_STORE, hart, oldLast, load<i64>(last), frame, last & (PAGE_SIZE - 1));
  }
  const count = load<i32>(GLOBAL_TABLE_STORES) + 1;
  store<i32>(GLOBAL_TABLE_STORES, count);
  if (count === TABLE_STORES_MAX) {
    flushAll();
    leave = 1;
  }
  if (leave) requestExit(env);
}

/** A store to this frame is about to happen. */
export function markDirty(frame: i32): void {
  const record = frameRecord(frame);
  const flags = load<i32>(record, FRAME_FLAGS);
  if (!(flags & (FRAME_DIRTY | FRAME_READONLY))) store<i32>(record, flags | FRAME_DIRTY, FRAME_FLAGS);
}

/** Stores `size` bytes within one frame; `env` is 0 when a device or the debugger does it. A store to ROM has no effect. */
export function putTracked(env: i32, frame: i32, host: i32, value: i64, size: i32): void {
  const record = frameRecord(frame);
  if (load<i32>(record, FRAME_FLAGS) & FRAME_READONLY) return;
  markDirty(frame);
  if (isTable(record)) putTable(env, frame, host, value, size);
  else put(host, value, size);
  const code = load<i64>(record, FRAME_CODE);
  if (!code) return;
  const offset = host & (PAGE_SIZE - 1);
  const granules = ((<i64>1) << (offset >> 6)) | ((<i64>1) << ((offset + size - 1) >> 6));
  if (!(code & granules)) return;
  codeWritten(env ? env : load<i32>(GLOBAL_HARTS), <f64>(<u64>paddrOfHost(host)), size);
  requestExit(env);
}
