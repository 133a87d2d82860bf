/**
 * Cache-block operations (Zicbom, Zicboz), blocks of 64 bytes. After "RISC-V Base Cache Management Operation ISA Extensions". There are no caches: clean, flush and
 * inval check that the block may be accessed and do nothing; inval done as flush is the same.
 */

import { hostAddress } from '../../../mem/assembly/frames';
import { ACCESS_WRITE, ENV_CAUSE, ENV_STATUS, PAGE_SIZE, STATUS_NONE } from '../../../mem/layout';
import {
  CAUSE_LOAD_PAGE,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_PAGE,
  MENVCFG,
  OPTION_CBO,
  OPTIONS,
  PRIV,
  PRIV_M,
  PRIV_U,
  SENVCFG,
} from '../layout';
import { lookupRead, lookupWrite, slowStore } from './mmu';
import { setIllegal, setTrap, trapPending } from './raise';
import { accessFault, translate } from './walk';

const BLOCK = 64;
const CBO_INVAL = 0;
const CBO_ZERO = 4;
const CBIE: i64 = 0x30;
const CBCFE: i64 = 0x40;
const CBZE: i64 = 0x80;

/** Whether the envcfg registers let the current privilege do it: some bit of `enable` must be set at each level above. */
function enabled(env: i32, enable: i64): bool {
  const priv = load<i64>(env, PRIV);
  if (priv === PRIV_M) return true;
  if (!(load<i64>(env, MENVCFG) & enable)) return false;
  return priv !== PRIV_U || (load<i64>(env, SENVCFG) & enable) !== 0;
}

/** Clean, flush and inval need read permission; faults are reported as a store's. */
function manage(env: i32, vaddr: i64): void {
  lookupRead(env, vaddr, 1);
  if (!trapPending(env)) return;
  const cause = load<i64>(env, ENV_CAUSE);
  setTrap(env, cause === CAUSE_LOAD_PAGE ? CAUSE_STORE_PAGE : CAUSE_STORE_ACCESS, vaddr);
}

function zero(env: i32, vaddr: i64): void {
  const block = vaddr & ~(BLOCK - 1);
  const host = lookupWrite(env, block, 8);
  if (host) {
    memory.fill(host, 0, <i32>BLOCK);
    return;
  }
  store<i32>(env, STATUS_NONE, ENV_STATUS);
  // The fault's address is the operand, not the block's.
  const translation = translate(env, vaddr, ACCESS_WRITE);
  if (translation === -1) return;
  if (!hostAddress(translation & ~(PAGE_SIZE - 1))) {
    accessFault(env, vaddr, ACCESS_WRITE);
    return;
  }
  for (let offset = 0; offset < BLOCK; offset += 8) {
    slowStore(env, block + offset, 0, 8);
    if (trapPending(env)) return;
  }
}

/** Helper: cbo.inval, cbo.clean, cbo.flush, cbo.zero. `a` is the address, `b` the instruction. */
export function cbo(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  const operation = <i32>b >>> 20;
  const enable = operation === CBO_ZERO ? CBZE : operation === CBO_INVAL ? CBIE : CBCFE;
  if (!(load<i64>(env, OPTIONS) & OPTION_CBO) || operation > CBO_ZERO || operation === 3 || !enabled(env, enable)) return setIllegal(env);
  if (operation === CBO_ZERO) zero(env, a);
  else manage(env, a);
  return 0;
}
