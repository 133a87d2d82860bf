/** The `pause` hint, after the unprivileged ISA manual, "Zihintpause": a hart that spins lets the others go on. */
import { ENV_EXIT, ENV_STOPPED, ENV_WFI, ENV_YIELD, GLOBAL_HART_COUNT, GLOBAL_HARTS, HART_SIZE } from '../../../mem/layout';
import { MIE } from '../layout';
import { requestExit } from './context';
import { pendingAt, timeNow } from './interrupt';

/** Whether a hart other than `env` would do something with its turn. */
function anotherCanRun(env: i32): bool {
  const now = timeNow(env);
  const first = load<i32>(GLOBAL_HARTS);
  const end = first + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let hart = first; hart < end; hart += HART_SIZE) {
    if (hart === env || load<i32>(hart, ENV_STOPPED)) continue;
    if (!load<i32>(hart, ENV_WFI) || pendingAt(hart, now) & load<i64>(hart, MIE)) return true;
  }
  return false;
}

/**
 * Helper: the pause instruction. Ends the hart's turn, unless all others wait: then a delay loop would only ask them over and over. It depends on
 * nothing but machine state.
 */
export function pause(env: i32, _a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  if (!anotherCanRun(env)) return 0;
  store<i32>(env, 1, ENV_YIELD);
  store<i32>(env, 1, ENV_EXIT);
  requestExit(env);
  return 0;
}
