/** Reset, and what follows from state that was written from outside. After the RISC-V privileged architecture, "Reset". */

import { ENV_PC, ENV_PC_BASE, ENV_POLL, ENV_RESERVATION, ENV_STATUS, ENV_STOPPED, ENV_WFI, STATUS_NONE } from '../../../mem/layout';
import { FFLAGS, MENVCFG, MSTATUS, OPTION_SVADU, OPTIONS, PRIV, PRIV_M } from '../layout';
import { refreshContext, refreshFloat } from './context';
import { refreshPmp } from './pmp';
import { ADUE } from './walk';

const MSTATUS_RESET: i64 = 0xa00000000;

/** Recomputes what is derived from the state, which was written from outside. Translated code survives where what may be fetched is the same as before. */
export function refresh(env: i32): void {
  refreshPmp(env);
  refreshFloat(env);
  refreshContext(env);
  store<i32>(env, STATUS_NONE, ENV_STATUS);
  store<i32>(env, 1, ENV_POLL);
}

/** Puts the hart into the state after a reset, with execution to begin at `pc` in M-mode. */
export function resetHart(env: i32, pc: i64): void {
  const options = load<i64>(env, OPTIONS);
  memory.fill(env, 0, 0x200);
  memory.fill(env + FFLAGS, 0, OPTIONS - FFLAGS);
  store<i64>(env, options, OPTIONS);
  store<i64>(env, MSTATUS_RESET, MSTATUS);
  store<i64>(env, PRIV_M, PRIV);
  if (options & OPTION_SVADU) store<i64>(env, ADUE, MENVCFG);
  store<i64>(env, pc, ENV_PC);
  store<i64>(env, 0, ENV_PC_BASE);
  store<i64>(env, -1, ENV_RESERVATION);
  store<i32>(env, 0, ENV_WFI);
  store<i32>(env, 0, ENV_STOPPED);
  refresh(env);
}
