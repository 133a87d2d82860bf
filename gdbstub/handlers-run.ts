/** Packets that let the machine go, and those that say how it stands. After the GDB manual, "Packets", "vCont packet", "Reverse Execution". */
import { EINVAL, type PacketArguments, ProtocolError, type ThreadId } from './arguments.js';
import type { Reply, SessionState } from './session-state.js';
import { exitReply, stopReply } from './stop-reply.js';
import type { ResumeRequest } from './target.js';

const ALL_HARTS = -1;

/** `?`, and what follows a restart. */
export const stopReason = (state: SessionState): Reply =>
  state.isKilled ? exitReply(state, 0) : stopReply(state, state.target.stopReason);

export function restart(state: SessionState): Reply {
  state.target.restart();
  return undefined;
}

/** `vRun;FILE;ARGUMENTS`: the machine's own kernel, whatever the name. */
export function run(state: SessionState): Reply {
  state.isKilled = false;
  state.target.restart();
  return stopReason(state);
}

export function kill({ target }: SessionState): Reply {
  target.kill();
  return undefined;
}

/** `!`: the client outlives the process, and may run it again. */
export function extendedMode(state: SessionState): Reply {
  state.isExtended = true;
  return 'OK';
}

/** `vKill;PID`. GDB's `run` in extended mode begins with it: the machine must be there for the `vRun` that follows. */
export function killProcess(state: SessionState): Reply {
  state.isKilled = state.isExtended;
  if (!state.isExtended) state.actions.afterReply(() => state.target.kill());
  return 'OK';
}

/** `D`: the machine goes on without a debugger. */
export function detach({ target, actions }: SessionState): Reply {
  actions.afterReply(() => {
    actions.detach();
    if (target.stopReason.kind !== 'exit') target.resume({ action: { kind: 'continue' }, direction: 'forward', harts: ALL_HARTS });
  });
  return 'OK';
}

/** `c[ADDRESS]`, `s[ADDRESS]`. */
export function resumeAt(state: SessionState, args: PacketArguments, kind: 'continue' | 'step'): Reply {
  const hart = state.hart(state.continueThread, state.generalHart);
  if (!args.isAtEnd) {
    const { registers, target } = state;
    if (!target.writeRegister(hart, registers.pcIndex, args.hex())) throw new ProtocolError(EINVAL, 'the pc cannot be written');
    args.end();
  }
  const harts = typeof state.continueThread === 'number' ? 2 ** hart : ALL_HARTS;
  return resume(state, { action: kind === 'step' ? { kind, hart } : { kind }, direction: 'forward', harts });
}

/** `CSIGNAL[;ADDRESS]`, `SSIGNAL[;ADDRESS]`: a machine has no signals. */
export function resumeWithSignal(state: SessionState, args: PacketArguments, kind: 'continue' | 'step'): Reply {
  args.hex();
  args.skip(';');
  return resumeAt(state, args, kind);
}

/** `bs`, `bc`. History cannot be changed: nobody is held while going back. */
export function resumeBack(state: SessionState, kind: 'continue' | 'step'): Reply {
  if (!state.target.canReverse) return '';
  const hart = state.hart(state.continueThread, state.generalHart);
  return resume(state, { action: kind === 'step' ? { kind, hart } : { kind }, direction: 'reverse', harts: ALL_HARTS });
}

function resume(state: SessionState, request: ResumeRequest): Reply {
  const { target, actions } = state;
  const isDone = isStepOfWatchpoint(state, request);
  state.lastStop = undefined;
  if (isDone) return stopReply(state, { kind: 'step', hart: state.generalHart });
  // It has powered off, the user was told so and wants to go on: that is the end.
  if (request.direction === 'forward' && target.stopReason.kind === 'exit') return exitReply(state, target.stopReason.code);
  actions.resume(request);
  return undefined;
}

/** Architectures of which GDB believes that a watchpoint stops them in front of the access: its property `have_nonsteppable_watchpoint`. */
const STOPS_BEFORE_ACCESS = /^riscv/;

/**
 * Whether GDB wants the access done that a watchpoint has just reported: it takes the watchpoint away and steps, forward or back, before it compares
 * values. Our access is done (or undone) already, so that step is over before it begins. LLDB asks, and is told that we stop behind the access.
 */
function isStepOfWatchpoint({ lastStop, direction, target, features, breakpoints }: SessionState, request: ResumeRequest): boolean {
  return (
    lastStop?.kind === 'watchpoint' &&
    request.action.kind === 'step' &&
    request.action.hart === lastStop.hart &&
    request.direction === direction &&
    STOPS_BEFORE_ACCESS.test(target.architecture) &&
    !features.threadSuffix &&
    !breakpoints.hasWatchpoint(lastStop.watchpoint)
  );
}

interface ThreadAction {
  readonly verb: string;
  readonly thread: ThreadId;
  readonly range: { readonly from: bigint; readonly to: bigint } | undefined;
}

/** `vCont;ACTION[:THREAD][;...]`: of each thread the leftmost action that names it counts; threads without one are held. */
export function vCont(state: SessionState, args: PacketArguments): Reply {
  const actions: ThreadAction[] = [];
  do actions.push(threadAction(args));
  while (args.skip(';'));
  args.end();
  const harts = Array.from({ length: state.target.harts }, (_, hart) => hart);
  for (const { thread } of actions) state.hart(thread, 0);
  const chosen = harts.map((hart) => actions.find(({ thread }) => typeof thread !== 'number' || thread === hart));
  const moving = harts.filter((hart) => chosen[hart] !== undefined && chosen[hart].verb !== 't');
  if (moving.length === 0) throw new ProtocolError(EINVAL, 'no thread would run');
  const stepping = moving.filter((hart) => chosen[hart]?.verb !== 'c');
  const stepper = stepping.includes(state.generalHart) ? state.generalHart : stepping[0];
  const range = stepper === undefined ? undefined : chosen[stepper]?.range;
  const mask = moving.length === harts.length ? ALL_HARTS : moving.reduce((bits, hart) => bits + 2 ** hart, 0);
  return resume(state, {
    action: stepper === undefined ? { kind: 'continue' } : { kind: 'step', hart: stepper, ...(range && { range }) },
    direction: 'forward',
    harts: mask,
  });
}

/** `c`, `CSIGNAL`, `s`, `SSIGNAL`, `t`, `rFROM,TO`; a signal means nothing. */
function threadAction(args: PacketArguments): ThreadAction {
  const letter = ['c', 'C', 's', 'S', 't', 'r'].find((verb) => args.skip(verb));
  if (letter === undefined) throw new ProtocolError(EINVAL, 'no such action');
  let range: ThreadAction['range'];
  if (letter === 'C' || letter === 'S') args.hex();
  if (letter === 'r') {
    const from = args.hex();
    range = { from, to: args.expect(',').hex() };
  }
  return { verb: letter.toLowerCase(), range, thread: args.skip(':') ? args.thread() : 'all' };
}
