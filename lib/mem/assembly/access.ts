/**
 * The slow paths of loads and stores: TLB misses, misaligned accesses, accesses across pages, devices, and stores to pages whose contents
 * something depends on. The fast path is emitted by the engine; see lib/mem/layout.ts.
 */
import {
  ACCESS_READ,
  ACCESS_WRITE,
  ENV_BUDGET,
  ENV_CAUSE,
  ENV_MMIO_HIGH,
  ENV_POLL,
  ENV_STAT_SLOW,
  ENV_STATUS,
  ENV_TLB,
  FN_ACCESS_FAULT,
  FN_TRANSLATE,
  GLOBAL_WATCHING,
  PAGE_BITS,
  PAGE_SIZE,
  STATUS_EXIT,
  STATUS_TRAP,
  TLB_ADDEND,
  TLB_FRAME,
  TLB_TAG,
  TLB_TRACKED,
  TLB_WATCHED,
  TRANSLATE_READ,
  TRANSLATE_UNCACHED,
  TRANSLATE_WRITE,
  WATCH_READ,
  WATCH_WRITE,
} from '../layout';
import { frameIn, frameRecord, hostIn, paddrOfHost, regionOf } from './frames';
import { mmioRead, mmioWrite } from './host';
import { fillRead, fillWrite, permitStores, readEntry, writeEntry } from './tlb';
import { get, markDirty, put, putTracked } from './track';
import { noteMemory, notePhysical, noteVirtual } from './watch';

const OFFSET_MASK = PAGE_SIZE - 1;

/** The guest's `translate`; it gets the size of the access above bit 4 of its `access` argument. */
function translate(env: i32, vaddr: i64, access: i32, size: i32): i64 {
  return call_indirect<i64>(FN_TRANSLATE, env, vaddr, access | (size << 4));
}

function raiseAccessFault(env: i32, vaddr: i64, access: i32): void {
  call_indirect<void>(FN_ACCESS_FAULT, env, vaddr, access);
}

function pageOf(vaddr: i64): i64 {
  return (vaddr >> PAGE_BITS) << PAGE_BITS;
}

/** paddr of `vaddr` for a translation result that is no fault. */
function paddrOf(translation: i64, vaddr: i64): i64 {
  return pageOf(translation) | (vaddr & OFFSET_MASK);
}

/** Puts a translation into the TLB for the kind of access that it was made for, if it may be there. */
function cache(env: i32, vaddr: i64, access: i32, translation: i64, region: i32, host: i32): void {
  if (translation & TRANSLATE_UNCACHED) return;
  const page = host - (<i32>vaddr & OFFSET_MASK);
  const frame = frameIn(region, paddrOf(translation, vaddr));
  if (access === ACCESS_WRITE) {
    if (translation & TRANSLATE_WRITE) fillWrite(env, pageOf(vaddr), page, frame);
  } else if (translation & TRANSLATE_READ) fillRead(env, pageOf(vaddr), page, frame);
}

function watching(): bool {
  return load<i32>(GLOBAL_WATCHING) !== 0;
}

function noteDevice(env: i32, vaddr: i64, paddr: i64, size: i32, kind: i32): void {
  if (!watching()) return;
  noteVirtual(env, vaddr, size, kind);
  notePhysical(env, paddr, size, kind);
}

/** A device's register; 0 with a trap pending if there is none. */
function readDevice(env: i32, vaddr: i64, paddr: i64, size: i32): i64 {
  if (vaddr & (size - 1)) {
    raiseAccessFault(env, vaddr, ACCESS_READ);
    return 0;
  }
  const low = mmioRead(env, <f64>(<u64>paddr), size);
  if (load<i32>(env, ENV_STATUS) === STATUS_TRAP) {
    if (!load<i64>(env, ENV_CAUSE)) raiseAccessFault(env, vaddr, ACCESS_READ);
    return 0;
  }
  if (load<i32>(env, ENV_POLL)) store<i32>(env, STATUS_EXIT, ENV_STATUS);
  noteDevice(env, vaddr, paddr, size, WATCH_READ);
  if (size === 8) return ((<i64>load<i32>(env, ENV_MMIO_HIGH)) << 32) | (<i64>low & 0xffffffff);
  return <i64>low & (((<i64>1) << (size << 3)) - 1);
}

function writeDevice(env: i32, vaddr: i64, paddr: i64, value: i64, size: i32): void {
  if (vaddr & (size - 1)) {
    raiseAccessFault(env, vaddr, ACCESS_WRITE);
    return;
  }
  const leave = mmioWrite(env, <f64>(<u64>paddr), size, <i32>value, <i32>(value >> 32));
  if (load<i32>(env, ENV_STATUS) === STATUS_TRAP) {
    if (!load<i64>(env, ENV_CAUSE)) raiseAccessFault(env, vaddr, ACCESS_WRITE);
    return;
  }
  if (leave) store<i32>(env, 1, ENV_POLL);
  if (load<i32>(env, ENV_POLL)) store<i32>(env, STATUS_EXIT, ENV_STATUS);
  noteDevice(env, vaddr, paddr, size, WATCH_WRITE);
}

/** Host address of `vaddr` in memory for the part of a misaligned access that lies on its page; 0 with a trap pending. */
function memoryPart(env: i32, vaddr: i64, access: i32, size: i32): i32 {
  const translation = translate(env, vaddr, access, size);
  if (translation === -1) return 0;
  const region = regionOf(paddrOf(translation, vaddr));
  if (!region) {
    raiseAccessFault(env, vaddr, access);
    return 0;
  }
  return hostIn(region, paddrOf(translation, vaddr));
}

/** An access across pages: one of virtual addresses, two of physical ones. */
function noteAcross(env: i32, vaddr: i64, first: i64, second: i64, size: i32, kind: i32): void {
  const low = PAGE_SIZE - (<i32>vaddr & OFFSET_MASK);
  noteVirtual(env, vaddr, size, kind);
  notePhysical(env, first, low, kind);
  notePhysical(env, second, size - low, kind);
}

function loadAcross(env: i32, vaddr: i64, size: i32): i64 {
  const low = PAGE_SIZE - (<i32>vaddr & OFFSET_MASK);
  const first = memoryPart(env, vaddr, ACCESS_READ, low);
  if (!first) return 0;
  const second = memoryPart(env, vaddr + low, ACCESS_READ, size - low);
  if (!second) return 0;
  if (watching()) noteAcross(env, vaddr, paddrOfHost(first), paddrOfHost(second), size, WATCH_READ);
  let value: i64 = 0;
  for (let i = 0; i < size; i++) {
    const byte = <i64>(i < low ? load<u8>(first + i) : load<u8>(second + i - low));
    value |= byte << (i << 3);
  }
  return value;
}

function storeAcross(env: i32, vaddr: i64, value: i64, size: i32): void {
  const low = PAGE_SIZE - (<i32>vaddr & OFFSET_MASK);
  const first = translate(env, vaddr, ACCESS_WRITE, low);
  if (first === -1) return;
  const second = translate(env, vaddr + low, ACCESS_WRITE, size - low);
  if (second === -1) return;
  const firstPaddr = paddrOf(first, vaddr);
  const secondPaddr = paddrOf(second, vaddr + low);
  const firstRegion = regionOf(firstPaddr);
  const secondRegion = regionOf(secondPaddr);
  if (!firstRegion || !secondRegion) {
    raiseAccessFault(env, firstRegion ? vaddr + low : vaddr, ACCESS_WRITE);
    return;
  }
  if (watching()) noteAcross(env, vaddr, firstPaddr, secondPaddr, size, WATCH_WRITE);
  for (let i = 0; i < size; i++) {
    const region = i < low ? firstRegion : secondRegion;
    const paddr = i < low ? firstPaddr + i : secondPaddr + i - low;
    putTracked(env, frameIn(region, paddr), hostIn(region, paddr), value >> (i << 3), 1);
  }
}

function countSlow(env: i32): void {
  store<i32>(env, load<i32>(env, ENV_STAT_SLOW) + 1, ENV_STAT_SLOW);
}

/** `slowLoad` for translated code, before an instruction with `budget` ticks left. */
export function codeLoad(env: i32, budget: i32, vaddr: i64, size: i32): i64 {
  store<i32>(env, budget, ENV_BUDGET);
  return slowLoad(env, vaddr, size);
}

/** `slowStore` likewise. */
export function codeStore(env: i32, budget: i32, vaddr: i64, value: i64, size: i32): void {
  store<i32>(env, budget, ENV_BUDGET);
  slowStore(env, vaddr, value, size);
}

/** Loads `size` (1, 2, 4, 8) bytes, zero-extended; 0 with a trap pending on a fault. ENV_BUDGET is exact. */
export function slowLoad(env: i32, vaddr: i64, size: i32): i64 {
  countSlow(env);
  if ((<i32>vaddr & OFFSET_MASK) + size > PAGE_SIZE) return loadAcross(env, vaddr, size);
  const entry = readEntry(load<i32>(env, ENV_TLB), vaddr);
  const tag = load<i64>(entry, TLB_TAG);
  if ((tag & ~TLB_WATCHED) === pageOf(vaddr)) {
    const host = <i32>vaddr + load<i32>(entry, TLB_ADDEND);
    if (tag & TLB_WATCHED) noteMemory(env, vaddr, host, size, WATCH_READ);
    return get(host, size);
  }
  const translation = translate(env, vaddr, ACCESS_READ, size);
  if (translation === -1) return 0;
  const paddr = paddrOf(translation, vaddr);
  const region = regionOf(paddr);
  if (!region) return readDevice(env, vaddr, paddr, size);
  const host = hostIn(region, paddr);
  cache(env, vaddr, ACCESS_READ, translation, region, host);
  if (watching()) noteMemory(env, vaddr, host, size, WATCH_READ);
  return get(host, size);
}

/** A store through an entry whose write tag is tracked: the tag opens if that was the frame's first store only. */
function storeTracked(env: i32, entry: i32, page: i64, host: i32, value: i64, size: i32): void {
  const frame = load<i32>(entry, TLB_FRAME);
  markDirty(frame);
  permitStores(entry, page, frameRecord(frame));
  putTracked(env, frame, host, value, size);
}

/** Stores the low `size` (1, 2, 4, 8) bytes of `value`; a trap is pending on a fault. ENV_BUDGET is exact. */
export function slowStore(env: i32, vaddr: i64, value: i64, size: i32): void {
  countSlow(env);
  if ((<i32>vaddr & OFFSET_MASK) + size > PAGE_SIZE) {
    storeAcross(env, vaddr, value, size);
    return;
  }
  const entry = writeEntry(load<i32>(env, ENV_TLB), vaddr);
  const page = pageOf(vaddr);
  const tag = load<i64>(entry, TLB_TAG);
  if ((tag & ~(TLB_TRACKED | TLB_WATCHED)) === page) {
    const host = <i32>vaddr + load<i32>(entry, TLB_ADDEND);
    if (tag === page) put(host, value, size);
    else if (tag & TLB_WATCHED) {
      noteMemory(env, vaddr, host, size, WATCH_WRITE);
      putTracked(env, load<i32>(entry, TLB_FRAME), host, value, size);
    } else storeTracked(env, entry, page, host, value, size);
    return;
  }
  const translation = translate(env, vaddr, ACCESS_WRITE, size);
  if (translation === -1) return;
  const paddr = paddrOf(translation, vaddr);
  const region = regionOf(paddr);
  if (!region) {
    writeDevice(env, vaddr, paddr, value, size);
    return;
  }
  const host = hostIn(region, paddr);
  const frame = frameIn(region, paddr);
  // Cached before the store, which may void the translation.
  markDirty(frame);
  cache(env, vaddr, ACCESS_WRITE, translation, region, host);
  if (watching()) noteMemory(env, vaddr, host, size, WATCH_WRITE);
  putTracked(env, frame, host, value, size);
}

/**
 * Host address of an aligned operand of an atomic read-modify-write; 0 with a trap pending, or without one where it cannot be modified in place
 * (a device, a watched page, or one that something depends on): then use `slowLoad` and `slowStore`, which cannot fault for want of permission.
 */
export function lookupWrite(env: i32, vaddr: i64, size: i32): i32 {
  const entry = writeEntry(load<i32>(env, ENV_TLB), vaddr);
  const page = pageOf(vaddr);
  const tag = load<i64>(entry, TLB_TAG);
  if (tag === page) return <i32>vaddr + load<i32>(entry, TLB_ADDEND);
  countSlow(env);
  if (tag === (page | TLB_WATCHED)) return 0;
  if (tag === (page | TLB_TRACKED)) permitStores(entry, page, frameRecord(load<i32>(entry, TLB_FRAME)));
  else {
    const translation = translate(env, vaddr, ACCESS_WRITE, size);
    if (translation === -1) return 0;
    const paddr = paddrOf(translation, vaddr);
    const region = regionOf(paddr);
    if (!region) return 0;
    cache(env, vaddr, ACCESS_WRITE, translation, region, hostIn(region, paddr));
  }
  return load<i64>(entry, TLB_TAG) === page ? <i32>vaddr + load<i32>(entry, TLB_ADDEND) : 0;
}

/** Host address of an aligned operand in memory that may be loaded; 0 with a trap pending, or without one for a device. Watchpoints do not hear of it. */
export function lookupRead(env: i32, vaddr: i64, size: i32): i32 {
  const entry = readEntry(load<i32>(env, ENV_TLB), vaddr);
  if ((load<i64>(entry, TLB_TAG) & ~TLB_WATCHED) === pageOf(vaddr)) return <i32>vaddr + load<i32>(entry, TLB_ADDEND);
  countSlow(env);
  const translation = translate(env, vaddr, ACCESS_READ, size);
  if (translation === -1) return 0;
  const paddr = paddrOf(translation, vaddr);
  const region = regionOf(paddr);
  if (!region) return 0;
  const host = hostIn(region, paddr);
  cache(env, vaddr, ACCESS_READ, translation, region, host);
  return host;
}
