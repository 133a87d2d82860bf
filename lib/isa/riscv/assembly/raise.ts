/** How a helper reports a trap. */
import { ENV_CAUSE, ENV_STATUS, ENV_TVAL, STATUS_TRAP } from '../../../mem/layout';
import { CAUSE_ILLEGAL } from '../layout';

/** Makes a trap pending: the instruction must not change anything more. */
export function setTrap(env: i32, cause: i64, tval: i64): void {
  store<i64>(env, cause, ENV_CAUSE);
  store<i64>(env, tval, ENV_TVAL);
  store<i32>(env, STATUS_TRAP, ENV_STATUS);
}

/** The instruction is illegal; its trap value is read from memory when the trap is taken. */
export function setIllegal(env: i32): i64 {
  setTrap(env, CAUSE_ILLEGAL, 0);
  return 0;
}

export function trapPending(env: i32): bool {
  return load<i32>(env, ENV_STATUS) === STATUS_TRAP;
}
