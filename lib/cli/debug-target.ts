/**
 * The machine as a debugger's target: stops and resumes it inside the run loop, and goes back in time with the timeline.
 *
 * Going forward is the run loop's work: the target only says what the next slice must heed (`RunControl`). Going back is done beside the loop,
 * which stands still meanwhile.
 */
import type {
  DebugTarget,
  HartInfo,
  MemoryArea,
  ResumeRequest,
  TargetBreakpoint,
  TargetStop,
  TargetWatchpoint,
} from '../../gdbstub/target.js';
import type { Move, Timeline } from '../../replay/timeline.js';
import type { DebugStop, EngineDebug, Watchpoint } from '../exec/debug.js';
import type { RunLimits, StopReason } from '../exec/machine-engine.js';
import type { DebugRegister } from '../isa/guest.js';
import { memoryMap, readGuest, regionAround, writeEvents } from '../system/guest-memory.js';
import type { Position } from '../system/input-event.js';
import type { Machine } from '../system/machine.js';
import { unreachable } from '../util/errors.js';
import { HandlerSkip } from './handler-skip.js';
import type { Driven, RunControl } from './run.js';
import type { Session } from './session.js';

/** Host time that steps take at most before the loop gets its turn. */
const STEP_SLICE_MS = 5;
const PROGRESS_MS = 1000;

export interface TargetParts {
  readonly machine: Machine;
  /** What drives it, without a timeline. */
  readonly driver: Driven;
  /** Absent: the run cannot go back. */
  readonly timeline?: Timeline;
  readonly session: Session;
  /** Does a `monitor` command. */
  monitor(command: string): Promise<string>;
}

type StepAction = ResumeRequest['action'] & { readonly kind: 'step' };

export class MachineTarget implements DebugTarget, RunControl {
  readonly triple = 'riscv64-unknown-none';
  onOutput: ((text: string) => void) | undefined;
  stepsHideInterrupts = true;
  stopReason: TargetStop = { kind: 'interrupt', hart: 0 };
  private readonly parts: TargetParts;
  private state: 'stopped' | 'running' | 'travelling';
  private step: StepAction | undefined;
  private isStepDone = false;
  private interruptRequested = false;
  private held = 0;
  private breakpoints: readonly TargetBreakpoint[] = [];
  private readonly watchpoints = new Map<Watchpoint, TargetWatchpoint>();
  private listener: ((stop: TargetStop) => void) | undefined;
  /** An interrupt handler that runs unseen while stepping. */
  private skip: HandlerSkip | undefined;
  private abort: AbortController | undefined;

  constructor(parts: TargetParts, options: { stopped: boolean }) {
    this.parts = parts;
    this.state = options.stopped ? 'stopped' : 'running';
  }

  get onStop(): ((stop: TargetStop) => void) | undefined {
    return this.listener;
  }

  /** Who went away from a guest that has powered off leaves nothing to do. */
  set onStop(listener: ((stop: TargetStop) => void) | undefined) {
    this.listener = listener;
    const { machine, session } = this.parts;
    if (!listener && machine.powerOff !== undefined) session.finish({ reason: 'poweroff', code: machine.powerOff });
  }

  // --- what GDB asks ------------------------------------------------------------------------------------------------------

  get architecture(): string {
    return this.parts.machine.debug.architecture;
  }

  get registers(): readonly DebugRegister[] {
    return this.parts.machine.debug.registers;
  }

  get harts(): number {
    return this.parts.machine.debug.harts;
  }

  get isRunning(): boolean {
    return this.state !== 'stopped';
  }

  get canReverse(): boolean {
    return this.parts.timeline !== undefined;
  }

  hartInfo(hart: number): HartInfo {
    const waiting = this.parts.machine.debug.isWaiting(hart);
    return { name: `hart ${hart}`, state: waiting ? 'waiting for an interrupt' : 'running' };
  }

  pc(hart: number): bigint {
    return this.parts.machine.debug.pc(hart);
  }

  readRegister(hart: number, index: number): bigint {
    return this.parts.machine.debug.readRegister(hart, index);
  }

  writeRegister(hart: number, index: number, value: bigint): boolean {
    const { name } = this.registers[index];
    return this.driven.input({ kind: 'register', hart, register: name, value });
  }

  readMemory(hart: number, address: bigint, length: number, options: { physical: boolean }): Uint8Array {
    return readGuest(this.parts.machine, address, length, { hart, ...options });
  }

  writeMemory(hart: number, address: bigint, bytes: Uint8Array, options: { physical: boolean }): boolean {
    const events = writeEvents(this.parts.machine, address, bytes, { hart, ...options });
    return events?.every((event) => this.driven.input(event)) ?? false;
  }

  memoryMap(): readonly MemoryArea[] {
    return memoryMap(this.parts.machine);
  }

  region(hart: number, address: bigint): ReturnType<DebugTarget['region']> {
    return regionAround(this.parts.machine, hart, address);
  }

  setBreakpoints(breakpoints: readonly TargetBreakpoint[]): void {
    this.breakpoints = breakpoints;
    this.arm();
  }

  setWatchpoints(watchpoints: readonly TargetWatchpoint[]): void {
    this.watchpoints.clear();
    for (const watchpoint of watchpoints) this.watchpoints.set({ ...watchpoint, space: 'virtual' }, watchpoint);
    this.stops.setWatchpoints([...this.watchpoints.keys()]);
  }

  monitor(command: string): Promise<string> {
    return this.parts.monitor(command);
  }

  restart(): void {
    this.driven.input({ kind: 'reset' });
    this.stopReason = { kind: 'interrupt', hart: 0 };
  }

  kill(): void {
    this.parts.session.finish({ reason: 'quit' });
  }

  interrupt(): void {
    if (this.state === 'travelling') this.abort?.abort();
    else if (this.state === 'running') {
      this.interruptRequested = true;
      this.parts.session.wake();
    }
  }

  resume(request: ResumeRequest): void {
    const { timeline, session } = this.parts;
    this.interruptRequested = false;
    if (request.direction === 'reverse') {
      if (timeline) void this.goBack(timeline, request.action);
      else this.finish({ kind: 'history', end: 'begin', hart: this.someHart });
      return;
    }
    this.hold(request.harts);
    this.step = request.action.kind === 'step' ? request.action : undefined;
    this.isStepDone = false;
    this.state = 'running';
    session.wake();
  }

  // --- what the run loop asks -----------------------------------------------------------------------------------------------

  get paused(): boolean {
    return this.state !== 'running';
  }

  get hurry(): boolean {
    return this.parts.timeline?.isLive === false;
  }

  run(untilTick: number, limits: RunLimits): StopReason {
    const { machine } = this.parts;
    const { driven } = this;
    if (!this.step || this.skip) return driven.run(untilTick, limits);
    const { hart, range } = this.step;
    const deadline = performance.now() + STEP_SLICE_MS;
    for (;;) {
      const ticks = machine.debug.hartTicks(hart);
      const before = HandlerSkip.before(machine.debug, hart);
      const stop = driven.run(untilTick, { ...limits, stepHart: hart, passBreakpoint: true });
      if (machine.debug.hartTicks(hart) === ticks || stop.kind !== 'limit') return stop;
      if (this.stepsHideInterrupts && before.tookInterrupt()) {
        this.setSkip(before);
        return stop;
      }
      const pc = machine.debug.pc(hart);
      this.isStepDone = !range || pc < range.from || pc >= range.to;
      if (this.isStepDone || driven.tick >= untilTick || performance.now() >= deadline) return stop;
    }
  }

  onSlice(stop: StopReason): boolean {
    if (this.state !== 'running') return true;
    const reported = this.stopFor(stop);
    if (!reported || (reported.kind === 'exit' && !this.listener)) return false;
    this.finish(reported);
    return true;
  }

  /** What a slice's end means for GDB; undefined: the run goes on. */
  private stopFor(stop: StopReason): TargetStop | undefined {
    const { powerOff } = this.parts.machine;
    if (powerOff !== undefined) return { kind: 'exit', code: powerOff };
    if (stop.kind === 'watchpoint') return this.watchStop(stop);
    if (stop.kind === 'breakpoint' && stop.breakpoint === this.skip?.breakpoint) this.setSkip(undefined);
    else if (stop.kind === 'breakpoint') return { kind: 'breakpoint', hart: stop.hart, address: stop.breakpoint.pc };
    const { timeline } = this.parts;
    if (timeline && !timeline.isLive && timeline.isAtPresent) return { kind: 'history', end: 'end', hart: this.someHart };
    if (this.step && this.isStepDone) return { kind: 'step', hart: this.step.hart };
    return this.interruptRequested ? { kind: 'interrupt', hart: this.someHart } : undefined;
  }

  private watchStop({ hart, watchpoint, address }: DebugStop & { readonly kind: 'watchpoint' }): TargetStop | undefined {
    const target = this.watchpoints.get(watchpoint);
    return target && { kind: 'watchpoint', hart: Math.max(hart, 0), address, watchpoint: target };
  }

  // --- how it is done -------------------------------------------------------------------------------------------------------

  private finish(stop: TargetStop): void {
    this.setSkip(undefined);
    this.step = undefined;
    this.state = 'stopped';
    this.stopReason = stop;
    this.listener?.(stop);
  }

  private async goBack(timeline: Timeline, action: ResumeRequest['action']): Promise<void> {
    this.abort = new AbortController();
    this.state = 'travelling';
    const watch = { signal: this.abort.signal, onProgress: this.progress() };
    try {
      const move = await (action.kind === 'step' ? timeline.stepBack(action.hart, watch) : timeline.reverseContinue(watch));
      this.finish(this.stopAfter(move, action));
    } catch (error) {
      this.parts.session.fail(error as Error);
    }
  }

  /** Says where a long way back has come to, once a second. */
  private progress(): (at: Position) => void {
    let lastMs = performance.now();
    return ({ tick }) => {
      if (performance.now() - lastMs < PROGRESS_MS) return;
      lastMs = performance.now();
      this.onOutput?.(`going back, at tick ${tick}\n`);
    };
  }

  private stopAfter(move: Move, action: ResumeRequest['action']): TargetStop {
    switch (move.kind) {
      case 'done':
        return { kind: 'step', hart: action.kind === 'step' ? action.hart : this.someHart };
      case 'begin':
        return { kind: 'history', end: 'begin', hart: this.someHart };
      case 'interrupted':
        return { kind: 'interrupt', hart: this.someHart };
      case 'stop': {
        const { stop } = move;
        if (stop.kind === 'breakpoint') return { kind: 'breakpoint', hart: stop.hart, address: stop.breakpoint.pc };
        return this.watchStop(stop) ?? { kind: 'interrupt', hart: this.someHart };
      }
      default:
        return unreachable(move);
    }
  }

  /** What stands before the machine. */
  private get driven(): Driven {
    return this.parts.timeline ?? this.parts.driver;
  }

  /** Who heeds the stops. */
  private get stops(): Pick<EngineDebug, 'setBreakpoints' | 'setWatchpoints'> {
    return this.parts.timeline ?? this.parts.machine.debug;
  }

  private setSkip(skip: HandlerSkip | undefined): void {
    if (skip === this.skip) return;
    this.skip = skip;
    this.arm();
  }

  private arm(): void {
    const user = this.breakpoints.map(({ address, ...rest }) => ({ pc: address, ...rest }));
    this.stops.setBreakpoints(this.skip ? [this.skip.breakpoint, ...user] : user);
  }

  /** Holds back the harts that are not in the mask. That is input, so only changes count. */
  private hold(running: number): void {
    const held = ~running & ((1 << this.harts) - 1);
    if (held === this.held) return;
    this.held = held;
    this.driven.input({ kind: 'hold', harts: held });
  }

  /** The hart that GDB shows where none is the reason. */
  private get someHart(): number {
    return this.parts.machine.debug.currentHart;
  }
}
