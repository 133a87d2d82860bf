/** What one client has told about itself and has selected: the state that the handlers of packets share. */
import { ESRCH, PROCESS_ID, ProtocolError, type ThreadId } from './arguments.js';
import { BreakpointTable } from './breakpoints.js';
import { RegisterFile } from './register-file.js';
import type { DebugTarget, ResumeRequest, TargetStop } from './target.js';

/** What is sent back; nothing (undefined) when the answer comes later, or never. */
export type Reply = string | undefined | Promise<string>;

/** What the client says in `qSupported` or with packets of its own. */
export interface ClientFeatures {
  multiprocess: boolean;
  swbreak: boolean;
  hwbreak: boolean;
  errorMessages: boolean;
  /** LLDB's QThreadSuffixSupported: registers are asked for with `;thread:TID;`. */
  threadSuffix: boolean;
  /** LLDB's QListThreadsInStopReply. */
  threadsInStopReply: boolean;
  /** LLDB's QEnableErrorStrings. */
  errorStrings: boolean;
  /** LLDB without the target description numbers registers as `qRegisterInfo` listed them. */
  registersByIndex: boolean;
  /** LLDB before `binary-upload`: the answer to `x` has no `b` in front. */
  bareBinaryReads: boolean;
}

/** What a handler may do to the session that called it. */
export interface SessionActions {
  /** Lets the machine go; the answer is the stop. */
  resume(request: ResumeRequest): void;
  /** Text for the client's console; lost when the client does not read. */
  print(text: string): void;
  /** Runs `action` once the reply to this packet is on its way. */
  afterReply(action: () => void): void;
  /** Gives the debugger up: no breakpoints, no more stops until the next packet. */
  detach(): void;
  /** Whether the client wants the present packet's work to end (^C), or is gone. */
  isCancelled(): boolean;
}

export class SessionState {
  readonly target: DebugTarget;
  readonly actions: SessionActions;
  readonly registers: RegisterFile;
  readonly breakpoints: BreakpointTable;
  readonly features: ClientFeatures = {
    multiprocess: false,
    swbreak: false,
    hwbreak: false,
    errorMessages: false,
    threadSuffix: false,
    threadsInStopReply: false,
    errorStrings: false,
    registersByIndex: false,
    bareBinaryReads: false,
  };
  /** Hg: whose registers and memory are meant. */
  generalHart = 0;
  /** Hc: who goes on with c, s, bs. */
  continueThread: ThreadId = 'any';
  /** QEMU's PhyMemMode: addresses of memory packets are physical. */
  physical = false;
  isExtended = false;
  /** For a client in extended mode the process is gone, until it runs or attaches again. */
  isKilled = false;
  direction: 'forward' | 'reverse' = 'forward';
  /** The stop that the client was told last; undefined once it went on. */
  lastStop: TargetStop | undefined;
  /** Saved by LLDB's QSaveRegisterState: values by the index of the register. */
  readonly savedRegisters = new Map<number, { readonly hart: number; readonly values: readonly bigint[] }>();

  constructor(target: DebugTarget, actions: SessionActions) {
    this.target = target;
    this.actions = actions;
    this.registers = new RegisterFile(target);
    this.breakpoints = new BreakpointTable({
      readRegister: (hart, number) => this.registers.readNumber(hart, number),
      readMemory: (hart, address, length) => target.readMemory(hart, address, length, { physical: false }),
      // A scan back meets places that are not on the way the user goes.
      print: (text) => {
        if (this.direction === 'forward') actions.print(text);
      },
    });
    this.generalHart = hartOf(target.stopReason);
  }

  /** Threads are numbered from 1. */
  threadId(hart: number): string {
    const thread = (hart + 1).toString(16);
    return this.features.multiprocess ? `p${PROCESS_ID.toString(16)}.${thread}` : thread;
  }

  /** The hart that `id` names; `otherwise` for any and all. */
  hart(id: ThreadId, otherwise: number): number {
    if (typeof id !== 'number') return otherwise;
    if (id >= this.target.harts) throw new ProtocolError(ESRCH, `there is no thread ${id + 1}`);
    return id;
  }
}

/** Where the debugger looks after a stop. */
export const hartOf = (stop: TargetStop): number => ('hart' in stop && stop.hart >= 0 ? stop.hart : 0);
