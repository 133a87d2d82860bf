/**
 * A machine with its past: whatever ran can be gone back to, and run again from there.
 *
 * The recorded line is what really happened: the history of a live session, which grows at its end, the present; or a recording, which ends.
 * In the past, history is replayed. Input there opens a branch, which leaves the recorded line alone: it has the same past and a future of its own, and
 * is forgotten when the user goes back to the recorded line, or to before where it began.
 */
import type { Breakpoint, DebugStop, Watchpoint } from '../lib/exec/debug.js';
import type { RunLimits, StopReason } from '../lib/exec/machine-engine.js';
import { PAGE_SIZE } from '../lib/mem/layout.js';
import { comparePositions, type InputEvent, type Position, type PositionedEvent } from '../lib/system/input-event.js';
import type { Machine, RoomKind } from '../lib/system/machine.js';
import { assert, type ReplayDivergenceError } from '../lib/util/errors.js';
import { Checkpoints } from './checkpoints.js';
import { EventList } from './event-list.js';
import { LineCheck, type RecordedLine } from './line-check.js';
import { loadCheckpoints } from './load-checkpoints.js';
import { type Line, Navigator, type Watch } from './navigator.js';
import { type Hit, lastStop } from './scan.js';

export interface TimelineOptions {
  /** Milliseconds of the host's clock: checkpoints are spaced by it, nothing else depends on it. */
  readonly nowMs: () => number;
  /** Memory for checkpoints (default 512 MiB). */
  readonly historyBytes?: number;
  /** A run that was recorded; live without. */
  readonly recording?: RecordedLine;
  /** The run through the recording is not the recorded one; told once. Without it, that is thrown where it is noticed. */
  readonly onDivergence?: (error: ReplayDivergenceError) => void;
  /** The machine begins, or ends, to run through what happened before: its input is history then. */
  readonly onReplay?: (active: boolean) => void;
  /** Input in the past has opened a branch. */
  readonly onBranch?: () => void;
}

/** Why a move ended. */
export type Move =
  | { readonly kind: 'done' }
  | { readonly kind: 'stop'; readonly stop: DebugStop; readonly at: Position }
  /** The beginning of history. */
  | { readonly kind: 'begin' }
  /** The signal ended it; the machine stands somewhere on the way. */
  | { readonly kind: 'interrupted' };

const HISTORY_BYTES = 512 * 2 ** 20;
/** Events may take this part of the memory for history. */
const EVENTS_PART = 0.125;
/** So may a branch. */
const BRANCH_PART = 0.25;

export class Timeline {
  readonly machine: Machine;
  /** Names for places. */
  readonly marks = new Map<string, Position>();
  private readonly o: TimelineOptions;
  private readonly recorded: Line;
  private readonly navigator: Navigator;
  private readonly eventBytesMax: number;
  private readonly branchBytesMax: number;
  private breakpoints: readonly Breakpoint[] = [];
  private watchpoints: readonly Watchpoint[] = [];
  private seen: readonly number[] = [];
  private replaying = false;
  private moving = false;

  /** `machine`: as it is at the beginning of history. */
  constructor(machine: Machine, options: TimelineOptions) {
    this.machine = machine;
    this.o = options;
    const { recording, nowMs, historyBytes = HISTORY_BYTES } = options;
    this.eventBytesMax = historyBytes * EVENTS_PART;
    this.branchBytesMax = historyBytes * BRANCH_PART;
    const checkpoints = new Checkpoints(machine, { budgetBytes: historyBytes - this.eventBytesMax - this.branchBytesMax });
    const { digests } = recording ?? {};
    const check = digests && new LineCheck(machine, digests, (error) => this.diverged(error));
    const events = new EventList(recording?.events);
    this.recorded = { events, end: recording?.end ?? machine.position, checkpoints, ...(check ? { check } : {}) };
    if (recording) this.setReplaying(true);
    this.navigator = new Navigator(machine, this.recorded, { nowMs });
    if (recording?.checkpoints) loadCheckpoints(machine, checkpoints, recording.checkpoints);
  }

  // --- where it is ---------------------------------------------------------------------------------------------------

  get tick(): number {
    return this.machine.tick;
  }

  get powerOff(): number | undefined {
    return this.machine.powerOff;
  }

  get position(): Position {
    return this.machine.position;
  }

  /** The first place that can be gone to. */
  get beginning(): Position {
    return this.checkpoints.all[0].at;
  }

  /** How far the line goes: the present of a live session. */
  get present(): Position {
    return this.navigator.line.end;
  }

  /** How far the recorded line goes. */
  get recordedEnd(): Position {
    return this.recorded.end;
  }

  /** Runs through what happened before. */
  get isReplaying(): boolean {
    return this.replaying;
  }

  /** At the end of the line. */
  get isAtPresent(): boolean {
    return this.navigator.isAt(this.present);
  }

  /** What comes in and out is new. */
  get isLive(): boolean {
    return this.isAtPresent && (this.o.recording === undefined || this.isBranch);
  }

  /** On a line that the user opened in the past. */
  get isBranch(): boolean {
    return this.navigator.line !== this.recorded;
  }

  /** On its way to another place: `run` and `input` must wait. */
  get isMoving(): boolean {
    return this.moving;
  }

  /** What came in on the line, from the beginning on. */
  get events(): readonly PositionedEvent[] {
    return this.navigator.line.events.all;
  }

  /** Memory that history takes, in bytes. */
  get historyBytes(): number {
    const { line } = this.navigator;
    const bytes = this.checkpoints.bytes + this.recorded.events.bytes;
    return this.isBranch ? bytes + line.checkpoints.bytes + line.events.bytes : bytes;
  }

  get checkpointPositions(): readonly Position[] {
    return this.checkpoints.all.map(({ at }) => at);
  }

  private get checkpoints(): Checkpoints {
    return this.recorded.checkpoints;
  }

  /** The state at the beginning: with `events` and `present`, all that a recording needs. */
  get start() {
    const first = this.checkpoints.all[0];
    return { at: first.at, state: this.checkpoints.stateOf(first), pages: this.checkpoints.pagesOf(first) };
  }

  // --- forward ---------------------------------------------------------------------------------------------------------

  /** Stops of `run` and `reverseContinue`. They survive all moves. */
  setBreakpoints(breakpoints: readonly Breakpoint[]): void {
    this.breakpoints = breakpoints;
    this.machine.debug.setBreakpoints(breakpoints);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.watchpoints = watchpoints;
    this.machine.debug.setWatchpoints(watchpoints);
  }

  /** As a machine's: through history while in the past, where idle time is skipped as it was then; `stopped` at the end of a recording. */
  run(untilTick: number, limits: RunLimits = {}): StopReason {
    const { navigator } = this;
    assert(!this.moving, 'timeline: run in the middle of a move');
    if (!this.isAtPresent) {
      const { until = this.present, passBreakpoint = false, stepHart } = limits;
      const target = comparePositions(until, this.present) < 0 ? until : this.present;
      const stop = navigator.replay(target, untilTick, { passBreakpoint, ...(stepHart === undefined ? {} : { stepHart }) });
      this.afterRun();
      return stop;
    }
    if (!this.isLive) return { kind: 'stopped' };
    const stop = this.machine.run(untilTick, limits);
    navigator.line.end = this.position;
    this.afterRun();
    return stop;
  }

  private afterRun(): void {
    this.navigator.keep();
    this.trim();
    this.setReplaying(!this.isLive);
  }

  /** The machine's door. In the past it opens a branch. */
  input(event: InputEvent): boolean {
    const { navigator } = this;
    assert(!this.moving, 'timeline: input in the middle of a move');
    if (!this.isLive) return this.branch(event);
    const at = this.position;
    if (!this.machine.input(event)) return false;
    navigator.line.events.push(at, event);
    navigator.applied++;
    return true;
  }

  /** How much input the machine takes now: none by itself while history is replayed. */
  room(kind: RoomKind): number {
    return this.isLive ? this.machine.room(kind) : 0;
  }

  private branch(event: InputEvent): boolean {
    const { navigator } = this;
    const at = this.position;
    if (!this.machine.input(event)) return false;
    const { line } = navigator;
    const events = line.events.fork(navigator.applied);
    const from = line.from ?? { at, events: navigator.applied, line: this.recorded };
    if (this.isBranch) line.checkpoints.close();
    else {
      this.seen = this.machine.outputsSeen;
      this.o.onBranch?.();
    }
    this.machine.forgetOutput();
    events.push(at, event);
    const checkpoints = new Checkpoints(this.machine, { budgetBytes: this.branchBytesMax, firstMustFit: true });
    navigator.line = { events, end: at, from, checkpoints };
    navigator.applied++;
    navigator.take();
    this.setReplaying(false);
    return true;
  }

  private leaveBranch(): void {
    const { navigator } = this;
    const { from, checkpoints } = navigator.line;
    if (!from) return;
    checkpoints.close();
    navigator.line = this.recorded;
    const checkpoint = this.checkpoints.before(from.at, from.events) ?? this.checkpoints.all[0];
    navigator.restore({ line: this.recorded, checkpoint });
    this.machine.forgetOutput(this.seen);
  }

  /** A replayed drive: the guest reads a sector that the recorded run never read. */
  reportMissing(drive: number, sector: number): void {
    // A branch may read what it likes.
    if (!this.isBranch) this.recorded.check?.reportMissing(drive, sector);
  }

  private diverged(error: ReplayDivergenceError): void {
    if (!this.o.onDivergence) throw error;
    this.o.onDivergence(error);
  }

  // --- anywhere --------------------------------------------------------------------------------------------------------

  mark(name: string): Position {
    const { position } = this;
    this.marks.set(name, position);
    return position;
  }

  /** Goes to a place of the recorded line: a tick (as soon as it is reached) or a position; at most to the present. */
  seek(place: number | Position, watch: Watch = {}): Promise<Move> {
    const wanted = typeof place === 'number' ? { tick: place, skippedNs: 0 } : place;
    return this.quietly(async () => {
      this.leaveBranch();
      return this.moveTo(wanted, watch);
    });
  }

  /** Goes back by one tick; with `hart`, to before the last tick of that hart. */
  stepBack(hart?: number, watch: Watch = {}): Promise<Move> {
    const { tick } = this;
    const before = { tick: tick - 1, skippedNs: 0 };
    if (comparePositions(this.beginning, this.position) >= 0 || tick === 0) return Promise.resolve({ kind: 'begin' });
    return this.quietly(async () => {
      if (hart === undefined) return this.moveTo(before, watch);
      const taken = this.machine.debug.hartTicks(hart);
      const moved = await this.moveTo(before, watch);
      if (moved.kind !== 'done' || this.machine.debug.hartTicks(hart) < taken) return moved;
      return this.beforeHartTick(hart, taken, watch);
    });
  }

  /** Goes back to the last stop before the present place: in front of the instruction at a breakpoint, or of the one whose access is watched. */
  reverseContinue(watch: Watch = {}): Promise<Move> {
    const { breakpoints, watchpoints } = this;
    return this.quietly(async () => {
      const found = await lastStop(this.navigator, this.position, { breakpoints, watchpoints }, watch);
      if (found.kind === 'interrupted') {
        await this.moveTo(found.searched, {});
        return found;
      }
      if (found.kind === 'begin') {
        await this.moveTo(this.beginning, {});
        return found;
      }
      const { stop, at } = found.hit;
      const moved = await this.moveTo(at, watch);
      return moved.kind === 'done' ? { kind: 'stop', stop, at } : moved;
    });
  }

  /** The last write to any of `length` bytes of physical memory before the present place, undefined when there is none or `watch` ended the search. The machine stays where it is. */
  lastWrite(paddr: number, length: number, watch: Watch = {}): Promise<Hit | undefined> {
    const watchpoint: Watchpoint = { address: BigInt(paddr), length, kind: 'write', space: 'physical' };
    const origin = this.position;
    const { pages } = this.machine;
    const frames: number[] = [];
    for (let at = paddr - (paddr % PAGE_SIZE); at < paddr + length; at += PAGE_SIZE) frames.push(pages.frameOf(at));
    return this.quietly(async () => {
      const found = await lastStop(this.navigator, origin, { breakpoints: [], watchpoints: [watchpoint] }, watch, frames);
      await this.navigator.goTo(origin);
      return found.kind === 'hit' ? found.hit : undefined;
    });
  }

  /** Does `work` with the debugger's stops disarmed, and says when the machine is in its past. */
  private async quietly<T>(work: () => Promise<T>): Promise<T> {
    const { debug } = this.machine;
    assert(!this.moving, 'timeline: two moves at once');
    this.moving = true;
    debug.setBreakpoints([]);
    debug.setWatchpoints([]);
    this.setReplaying(true);
    try {
      return await work();
    } finally {
      this.moving = false;
      debug.setBreakpoints(this.breakpoints);
      debug.setWatchpoints(this.watchpoints);
      this.setReplaying(!this.isLive);
    }
  }

  /** Goes to a place of the line; before where a branch began, that is the recorded one. */
  private async moveTo(wanted: Position, watch: Watch): Promise<Move> {
    const { from } = this.navigator.line;
    // A tick, without idle time, is where the branch began in it.
    const place = from && wanted.tick === from.at.tick && wanted.skippedNs === 0 ? from.at : wanted;
    if (from && comparePositions(place, from.at) < 0) this.leaveBranch();
    const { beginning, present } = this;
    const early = comparePositions(place, beginning) < 0;
    const target = early ? beginning : comparePositions(place, present) > 0 ? present : place;
    if (!(await this.navigator.goTo(target, watch)) && watch.signal?.aborted) return { kind: 'interrupted' };
    return early ? { kind: 'begin' } : { kind: 'done' };
  }

  /** The machine is where the hart has taken `taken` ticks, the last of them long ago: goes to before that. */
  private async beforeHartTick(hart: number, taken: number, watch: Watch): Promise<Move> {
    const { navigator, machine } = this;
    const start = navigator.checkpointBefore(this.position, ({ hartTicks }) => hartTicks[hart] < taken);
    if (!start) return this.moveTo(this.beginning, watch).then(() => ({ kind: 'begin' }));
    navigator.restore(start);
    for (let own = machine.debug.hartTicks(hart); own < taken; ) {
      // So many ticks do not go too far; where others have their turns meanwhile, a step of the hart's own does.
      const missing = taken - own;
      const before = own;
      if (missing > 1) navigator.replayChunk(this.present, machine.tick + missing - 1);
      own = machine.debug.hartTicks(hart);
      if (own === before) navigator.replay(this.present, Number.POSITIVE_INFINITY, { stepHart: hart });
      own = machine.debug.hartTicks(hart);
      if (await navigator.breathe(watch)) return { kind: 'interrupted' };
    }
    return this.moveTo({ tick: machine.tick - 1, skippedNs: 0 }, watch);
  }

  /** Drops the oldest history of a live session while its events take too much memory. */
  private trim(): void {
    if (this.o.recording) return;
    const { events } = this.recorded;
    while (events.bytes > this.eventBytesMax && this.checkpoints.all.length > 1 && !this.isBranch) {
      this.checkpoints.remove(this.checkpoints.all[0]);
      events.drop(this.checkpoints.all[0].events);
    }
  }

  private setReplaying(active: boolean): void {
    if (active === this.replaying) return;
    this.replaying = active;
    this.o.onReplay?.(active);
  }
}
