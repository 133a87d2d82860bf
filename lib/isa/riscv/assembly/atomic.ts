/**
 * Load-reserved, store-conditional and atomic memory operations. After the unprivileged ISA, "A" extension.
 *
 * A reservation names a physical address and a size. Harts take turns, and whoever switches between them clears the reservations, so that no store of
 * another hart can come between a load-reserved and the store-conditional that succeeds. Traps and returns from them clear it, as QEMU does.
 */

import { paddrOfHost } from '../../../mem/assembly/frames';
import { noteMemory } from '../../../mem/assembly/watch';
import { ACCESS_READ, ACCESS_WRITE, ENV_RESERVATION, GLOBAL_WATCHING, WATCH_READ } from '../../../mem/layout';
import { CAUSE_MISALIGNED_LOAD, CAUSE_MISALIGNED_STORE, RESERVATION_SIZE, RESERVATION_VADDR } from '../layout';
import { lookupRead, lookupWrite, slowLoad, slowStore } from './mmu';
import { setTrap, trapPending } from './raise';
import { accessFault } from './walk';

function read(host: i32, size: i32): i64 {
  return size === 8 ? load<i64>(host) : <i64>load<i32>(host);
}

/** Helper: lr.w, lr.d. `a` is the address, `arg` the size. */
export function lr(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  if (a & (arg - 1)) {
    setTrap(env, CAUSE_MISALIGNED_LOAD, a);
    return 0;
  }
  const host = lookupRead(env, a, arg);
  if (!host) {
    if (!trapPending(env)) accessFault(env, a, ACCESS_READ);
    return 0;
  }
  if (load<i32>(GLOBAL_WATCHING)) noteMemory(env, a, host, arg, WATCH_READ);
  store<i64>(env, paddrOfHost(host), ENV_RESERVATION);
  store<i64>(env, a, RESERVATION_VADDR);
  store<i64>(env, arg, RESERVATION_SIZE);
  return read(host, arg);
}

/** Whether the reservation is for this address and size. */
function reserved(env: i32, vaddr: i64, size: i32): bool {
  return load<i64>(env, ENV_RESERVATION) !== -1 && load<i64>(env, RESERVATION_VADDR) === vaddr && load<i64>(env, RESERVATION_SIZE) === size;
}

/** Helper: sc.w, sc.d. `a` is the address, `b` the value, `arg` the size; 0 when it stored. Fails without an access where nothing is reserved. */
export function sc(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  if (a & (arg - 1)) {
    setTrap(env, CAUSE_MISALIGNED_STORE, a);
    return 0;
  }
  const paddr = reserved(env, a, arg) ? load<i64>(env, ENV_RESERVATION) : -1;
  let host = paddr === -1 ? 0 : lookupWrite(env, a, arg);
  if (trapPending(env)) return 0;
  store<i64>(env, -1, ENV_RESERVATION);
  if (paddr === -1) return 1;
  const direct = host !== 0;
  if (!direct) host = lookupRead(env, a, arg);
  if (!host || paddrOfHost(host) !== paddr) return 1;
  if (!direct) slowStore(env, a, b, arg);
  else if (arg === 8) store<i64>(host, b);
  else store<i32>(host, <i32>b);
  return 0;
}

/** The new value of an AMO; words come sign-extended. */
function combine(funct5: i32, old: i64, operand: i64, size: i32): i64 {
  const x = size === 8 ? operand : <i64>(<i32>operand);
  switch (funct5) {
    case 0x00:
      return old + x;
    case 0x01:
      return x;
    case 0x04:
      return old ^ x;
    case 0x08:
      return old | x;
    case 0x0c:
      return old & x;
    case 0x10:
      return min<i64>(old, x);
    case 0x14:
      return max<i64>(old, x);
    case 0x18:
      return <u64>old < <u64>x ? old : x;
  }
  return <u64>old > <u64>x ? old : x;
}

/** Helper: AMOs. `a` is the address, `b` the operand, `arg` = funct5 << 4 | size; gives the old value. */
export function amo(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  const size = arg & 15;
  if (a & (size - 1)) {
    setTrap(env, CAUSE_MISALIGNED_STORE, a);
    return 0;
  }
  const host = lookupWrite(env, a, size);
  if (host) {
    const old = read(host, size);
    const now = combine(arg >> 4, old, b, size);
    if (size === 8) store<i64>(host, now);
    else store<i32>(host, <i32>now);
    return old;
  }
  if (trapPending(env)) return 0;
  // A device, or a page whose stores are tracked.
  let old = slowLoad(env, a, size);
  if (trapPending(env)) {
    accessFault(env, a, ACCESS_WRITE);
    return 0;
  }
  if (size === 4) old = <i64>(<i32>old);
  slowStore(env, a, combine(arg >> 4, old, b, size), size);
  return old;
}
