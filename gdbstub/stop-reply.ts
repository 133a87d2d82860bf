/** Stop replies, after the GDB manual, "Stop Reply Packets": what happened, to whom, and the registers that GDB wants at once. */
import { hexOf, PROCESS_ID } from './arguments.js';
import { WATCH_REPLIES } from './breakpoints.js';
import { hartOf, type SessionState } from './session-state.js';
import type { TargetStop, TargetWatchpoint } from './target.js';

const [NO_SIGNAL, SIGINT, SIGTRAP] = ['00', '02', '05'];

/** The reply for `stop`; from now on the debugger looks at the hart that stopped. */
export function stopReply(state: SessionState, stop: TargetStop): string {
  if (stop.kind === 'exit' && !state.target.canReverse) return exitReply(state, stop.code);
  state.generalHart = hartOf(stop);
  state.lastStop = stop;
  return threadStopReply(state, stop, state.generalHart);
}

export function exitReply({ features }: SessionState, code: number): string {
  const status = (code & 0xff).toString(16).padStart(2, '0');
  return features.multiprocess ? `W${status};process:${PROCESS_ID.toString(16)}` : `W${status}`;
}

/** What the stop means to `hart`: the reason if it is the one that stopped. */
export function threadStopReply(state: SessionState, stop: TargetStop, hart: number): string {
  const isReason = stop.kind === 'exit' || hartOf(stop) === hart;
  const signal = isReason ? (stop.kind === 'interrupt' ? SIGINT : SIGTRAP) : NO_SIGNAL;
  const { registers, target } = state;
  const expedited = registers.expedited.map(
    (index) => `${target.registers[index].number.toString(16).padStart(2, '0')}:${registers.hex(hart, index)};`,
  );
  return `T${signal}thread:${state.threadId(hart)};${isReason ? reason(state, stop) : ''}${expedited.join('')}${lldbFields(state, stop, isReason)}`;
}

function reason({ features, breakpoints }: SessionState, stop: TargetStop): string {
  switch (stop.kind) {
    case 'breakpoint': {
      const kind = breakpoints.breakpointKind(stop.address);
      return features[kind] ? `${kind}:;` : '';
    }
    case 'watchpoint':
      return `${WATCH_REPLIES[stop.watchpoint.kind]}:${watchedAddress(stop.watchpoint, stop.address).toString(16)};`;
    case 'history':
      return `replaylog:${stop.end};`;
    case 'exit':
      // With a timeline the machine is still there, at the end of its history.
      return 'replaylog:end;';
    case 'step':
    case 'interrupt':
      return '';
  }
}

/** GDB finds its watchpoint by an address inside of the watched range; the access may have begun below. */
const watchedAddress = ({ address }: TargetWatchpoint, access: bigint): bigint => (access < address ? address : access);

const LLDB_REASONS = {
  step: 'trace',
  breakpoint: 'breakpoint',
  watchpoint: 'watchpoint',
  interrupt: 'signal',
  history: 'history boundary',
  exit: 'history boundary',
} as const;

/** The fields that only LLDB knows; GDB never asks for them. */
function lldbFields(state: SessionState, stop: TargetStop, isReason: boolean): string {
  const { features, target } = state;
  if (!features.threadsInStopReply) return '';
  const harts = Array.from({ length: target.harts }, (_, hart) => hart);
  const pcs = harts.map((hart) => BigInt.asUintN(64, target.pc(hart)).toString(16));
  const why = isReason ? `reason:${LLDB_REASONS[stop.kind]};` : '';
  const where =
    isReason && stop.kind === 'watchpoint' ? `description:${hexOf(String(watchedAddress(stop.watchpoint, stop.address)))};` : '';
  return `threads:${harts.map((hart) => state.threadId(hart)).join(',')};thread-pcs:${pcs.join(',')};${why}${where}`;
}
