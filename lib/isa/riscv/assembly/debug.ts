/** What debuggers do to a hart between instructions: control registers and translations without privilege checks and side effects. */

import { ENV_CAUSE, ENV_POLL, ENV_STATUS, ENV_TVAL, PAGE_SIZE, STATUS_NONE } from '../../../mem/layout';
import { MCOUNTINHIBIT, MSTATUS, PRIV, PRIV_M, SATP, STATUS_FS } from '../layout';
import { addressSpace, dataPrivilege, refreshContext } from './context';
import { INHIBIT_CY, INHIBIT_IR } from './counters';
import { readCsr, writeCsr } from './csr';
import { trapPending } from './raise';
import { findLeaf } from './walk';

const CSR_FCSR = 3;
const CSR_MCYCLE = 0xb00;
const CSR_MINSTRET = 0xb02;
/** Set in a read-only register's number. */
const CSR_READ_ONLY = 0xc00;
const PHYSICAL_BITS: i64 = 56;

/** Whether the last `debugReadCsr` found a register. */
let exists: bool = false;

/** What M-mode would read from a control register with the floating-point unit on; 0 where there is none. */
export function debugReadCsr(env: i32, csr: i32): i64 {
  const cause = load<i64>(env, ENV_CAUSE);
  const tval = load<i64>(env, ENV_TVAL);
  const runStatus = load<i32>(env, ENV_STATUS);
  const priv = load<i64>(env, PRIV);
  const status = load<i64>(env, MSTATUS);
  store<i64>(env, PRIV_M, PRIV);
  if (csr <= CSR_FCSR) store<i64>(env, status | STATUS_FS, MSTATUS);
  const value = readCsr(env, csr);
  exists = !trapPending(env);
  store<i64>(env, status, MSTATUS);
  store<i64>(env, priv, PRIV);
  store<i32>(env, runStatus, ENV_STATUS);
  store<i64>(env, tval, ENV_TVAL);
  store<i64>(env, cause, ENV_CAUSE);
  return value;
}

/** Whether there is a control register of this number. */
export function debugHasCsr(env: i32, csr: i32): i32 {
  debugReadCsr(env, csr);
  return i32(exists);
}

/** The counters take the write's own tick into account, but a debugger's write is none. */
function beforeTick(env: i32, csr: i32, value: i64): i64 {
  const inhibited = load<i64>(env, MCOUNTINHIBIT);
  if (csr === CSR_MCYCLE && !(inhibited & INHIBIT_CY)) return value + 1;
  if (csr === CSR_MINSTRET && !(inhibited & INHIBIT_IR)) return value + 1;
  return value;
}

/** Writes a control register, by its own rules of what is writable and legal; 0 where it is read-only. Floating-point registers leave mstatus alone. */
export function debugWriteCsr(env: i32, csr: i32, value: i64): i32 {
  if ((csr & CSR_READ_ONLY) === CSR_READ_ONLY) return 0;
  const status = load<i64>(env, MSTATUS);
  writeCsr(env, csr, beforeTick(env, csr, value));
  if (csr <= CSR_FCSR) {
    store<i64>(env, status, MSTATUS);
    refreshContext(env);
  }
  store<i32>(env, STATUS_NONE, ENV_STATUS);
  store<i32>(env, 1, ENV_POLL);
  return 1;
}

/** Sets the privilege mode; 0 for a value that is none. */
export function debugWritePrivilege(env: i32, priv: i64): i32 {
  if (<u64>priv > <u64>PRIV_M || priv === 2) return 0;
  store<i64>(env, priv, PRIV);
  refreshContext(env);
  store<i32>(env, STATUS_NONE, ENV_STATUS);
  store<i32>(env, 1, ENV_POLL);
  return 1;
}

/** paddr of `vaddr` as loads of the hart would find it, whatever it may access; -1 where nothing is mapped. */
export function debugTranslate(env: i32, vaddr: i64): i64 {
  if (!addressSpace(env, dataPrivilege(env))) return vaddr >>> PHYSICAL_BITS ? -1 : vaddr;
  const page = findLeaf(load<i64>(env, SATP), vaddr);
  return page === -1 ? -1 : page | (vaddr & (PAGE_SIZE - 1));
}
