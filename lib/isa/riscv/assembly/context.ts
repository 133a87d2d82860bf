/**
 * What follows from the architectural state: the TB flags, the fetch context, the TLB bank, the floating-point shortcuts.
 *
 * A context is named by a key: satp's mode (bits 63..60) and root page (43..0), the effective privilege, and what else matters.
 */

import { selectBank, selectContext } from '../../../mem/assembly/tlb';
import {
  ENV_CONTEXT,
  ENV_EXIT,
  ENV_FLAGS,
  ENV_FP_FAST,
  ENV_PC_MASK,
  ENV_POLL,
  ENV_STATUS,
  FP_FAST_DYNAMIC,
  FP_FAST_NEAREST,
  STATUS_EXIT,
} from '../../../mem/layout';
import {
  FFLAGS,
  FLAG_FIXED_PC,
  FLAG_MACHINE,
  FRM,
  MIE,
  MSTATUS,
  PRIV,
  PRIV_M,
  PRIV_S,
  SATP,
  STATUS_MPP,
  STATUS_MPRV,
  STATUS_MXR,
  STATUS_SUM,
} from '../layout';
import { pendingBits } from './interrupt';

export const SATP_PPN: i64 = (1 << 44) - 1;
const SATP_MODE: i64 = -1 << 60;
const KEY_USED: i64 = 1 << 59;
const KEY_PRIV_SHIFT: i64 = 44;
const KEY_SUM: i64 = 1 << 46;
const KEY_MXR: i64 = 1 << 47;
const KEY_FLAGS_SHIFT: i64 = 48;

/** The instruction completes, then translated code is left. */
export function requestExit(env: i32): void {
  if (!load<i32>(env, ENV_STATUS)) store<i32>(env, STATUS_EXIT, ENV_STATUS);
}

/** Looks for an interrupt after this instruction if one may have become deliverable. */
export function requestPoll(env: i32): void {
  if (!(pendingBits(env) & load<i64>(env, MIE))) return;
  store<i32>(env, 1, ENV_POLL);
  requestExit(env);
}

/** The time of the next timer interrupt changed: the run loop must look. */
export function requestRunLoop(env: i32): void {
  store<i32>(env, 1, ENV_POLL);
  store<i32>(env, 1, ENV_EXIT);
  requestExit(env);
}

/** What of satp the translations of `priv` depend on, mode and root; 0 when there are none. */
export function addressSpace(env: i32, priv: i64): i64 {
  const satp = load<i64>(env, SATP);
  return priv === PRIV_M || !(satp & SATP_MODE) ? 0 : satp & (SATP_MODE | SATP_PPN);
}

/** Privilege of loads and stores. */
export function dataPrivilege(env: i32): i64 {
  const status = load<i64>(env, MSTATUS);
  return status & STATUS_MPRV ? (status & STATUS_MPP) >> 11 : load<i64>(env, PRIV);
}

/** Selects the TLB bank after a change of privilege, satp or mstatus. */
export function refreshData(env: i32): void {
  const priv = dataPrivilege(env);
  let key = KEY_USED | (priv << KEY_PRIV_SHIFT);
  if (priv !== PRIV_M) {
    const space = addressSpace(env, priv);
    const status = load<i64>(env, MSTATUS);
    if (space) {
      key |= space;
      if (status & STATUS_MXR) key |= KEY_MXR;
      if (priv === PRIV_S && status & STATUS_SUM) key |= KEY_SUM;
    }
  }
  selectBank(env, key);
}

/** Selects the fetch context after a change of privilege, satp or mstatus.FS. */
export function refreshFetch(env: i32): void {
  const priv = load<i64>(env, PRIV);
  const space = addressSpace(env, priv);
  const bare = priv === PRIV_M ? FLAG_FIXED_PC | FLAG_MACHINE : FLAG_FIXED_PC;
  const flags = ((load<i64>(env, MSTATUS) >> 13) & 3) | (space ? 0 : bare);
  store<i32>(env, <i32>flags, ENV_FLAGS);
  store<i64>(env, space ? ~0xfff : 0, ENV_PC_MASK);
  selectContext(env, KEY_USED | space | (priv << KEY_PRIV_SHIFT) | (flags << KEY_FLAGS_SHIFT));
}

/** Both, and leaves translated code if that changed the fetch context. */
export function refreshContext(env: i32): void {
  refreshData(env);
  // Not the record: a new context may have taken over the old one's.
  const before = load<i32>(env, ENV_CONTEXT);
  refreshFetch(env);
  if (load<i32>(env, ENV_CONTEXT) !== before) requestExit(env);
}

/** Recomputes ENV_FP_FAST after a change of fcsr. */
export function refreshFloat(env: i32): void {
  let fast = 0;
  if (load<i64>(env, FFLAGS) & 1) fast = load<i64>(env, FRM) ? FP_FAST_NEAREST : FP_FAST_NEAREST | FP_FAST_DYNAMIC;
  store<i32>(env, fast, ENV_FP_FAST);
}
