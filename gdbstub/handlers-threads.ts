/** Harts as threads: packets that list, choose and describe them. After the GDB manual, "Packets" and "General Query Packets". */
import { ESRCH, hexOf, type PacketArguments, ProtocolError } from './arguments.js';
import type { Reply, SessionState } from './session-state.js';
import { threadStopReply } from './stop-reply.js';

/** `Hc THREAD`, `Hg THREAD`. */
export function selectThread(state: SessionState, args: PacketArguments): Reply {
  const forRegisters = args.skip('g');
  if (!forRegisters) args.expect('c');
  const thread = args.thread();
  args.end();
  const hart = state.hart(thread, state.generalHart);
  if (forRegisters) state.generalHart = hart;
  else state.continueThread = thread;
  return 'OK';
}

/** `T THREAD`: is it alive? */
export function isAlive(state: SessionState, args: PacketArguments): Reply {
  state.hart(args.thread(), 0);
  return 'OK';
}

export const currentThread = (state: SessionState): Reply => `QC${state.threadId(state.generalHart)}`;

/** The whole list fits into one packet. */
export const allThreads = (state: SessionState): Reply =>
  state.isKilled
    ? 'l'
    : `m${harts(state)
        .map((hart) => state.threadId(hart))
        .join(',')}`;

export const noMoreThreads = (): Reply => 'l';

export function threadExtraInfo(state: SessionState, args: PacketArguments): Reply {
  const { name, state: text } = state.target.hartInfo(state.hart(args.thread(), state.generalHart));
  return hexOf(`${name}: ${text}`);
}

/** LLDB's: the stop reply as that thread sees it. */
export function threadStopInfo(state: SessionState, args: PacketArguments): Reply {
  const hart = state.hart(args.thread(), state.generalHart);
  return threadStopReply(state, state.target.stopReason, hart);
}

/** `vAttach;PID`. */
export function attach(state: SessionState, args: PacketArguments): Reply {
  const id = args.hex();
  if (id !== 1n) throw new ProtocolError(ESRCH, 'there is no such process');
  state.isKilled = false;
  return threadStopReply(state, state.target.stopReason, state.generalHart);
}

export const harts = ({ target }: SessionState): number[] => Array.from({ length: target.harts }, (_, hart) => hart);
