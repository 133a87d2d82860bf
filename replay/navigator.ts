/**
 * Moves a machine along a line of history: forward by running it with the recorded events fed at their positions, back by restoring a checkpoint and
 * running forward from there. Leaves checkpoints on the way.
 */
import type { RunLimits, StopReason } from '../lib/exec/machine-engine.js';
import { comparePositions, type Position } from '../lib/system/input-event.js';
import type { Machine } from '../lib/system/machine.js';
import { ReplayDivergenceError } from '../lib/util/errors.js';
import type { Checkpoint, Checkpoints } from './checkpoints.js';
import type { EventList } from './event-list.js';
import type { LineCheck } from './line-check.js';

/** A course of events. */
export interface Line {
  readonly events: EventList;
  /** How far it goes: the present, or the end of a recording. */
  end: Position;
  /** Those of the recorded line; a branch has its own from where it began. */
  readonly checkpoints: Checkpoints;
  /** Of a recording: whether it is what happens. */
  readonly check?: LineCheck;
  /** Where a branch leaves the recorded line, with so many of the recorded events behind it, and that line. */
  readonly from?: { readonly at: Position; readonly events: number; readonly line: Line };
}

/** A checkpoint, and the line that has it. */
export interface Place {
  readonly line: Line;
  readonly checkpoint: Checkpoint;
}

/** How a long operation is watched and ended. */
export interface Watch {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with where the machine is. */
  readonly onProgress?: ((at: Position) => void) | undefined;
}

export interface NavigatorOptions {
  /** Milliseconds of the host's clock: how often there are checkpoints, which no state depends on. */
  readonly nowMs: () => number;
}

/** At least so long between two checkpoints, and so many times what taking one costs. */
const SPACING_MS = 40;
const SPACING_COSTS = 30;
/** But not longer than this, or any place between them would be far away, unless they cost too much even so: a guest that changes all of its memory. */
const GAP_MS = 250;
const GAP_COSTS = 5;
/** How much the last one counts in the average cost, and how much of it: host processes and garbage collections come between. */
const COST_WEIGHT = 0.2;
const COST_MS_FIRST = 5;
const COST_FACTOR_MAX = 3;
/** A long operation lets others run that often. */
const BREATH_MS = 15;
const CHUNK_TICKS_FIRST = 200_000;
const CHUNK_TICKS_MIN = 10_000;
const CHUNK_MS = 8;
/** On the way to a place in the past, checkpoints are so many times closer to it each, down to so many ticks. */
const DENSE_FACTOR = 6;
const DENSE_TICKS = 1500;

export class Navigator {
  line: Line;
  /** Events of the line that lie behind. */
  applied: number;
  readonly machine: Machine;
  private readonly nowMs: () => number;
  private chunk = CHUNK_TICKS_FIRST;
  private lastMs: number;
  private lastTick: number;
  private costMs = COST_MS_FIRST;
  private breathMs: number;

  constructor(machine: Machine, line: Line, options: NavigatorOptions) {
    this.machine = machine;
    this.line = line;
    this.nowMs = options.nowMs;
    this.applied = line.events.countUpTo({ tick: -1, skippedNs: 0 });
    line.checkpoints.take(this.applied);
    this.applyDue();
    this.lastMs = this.breathMs = this.nowMs();
    this.lastTick = machine.tick;
  }

  /** How many ticks run in a few milliseconds. */
  get chunkTicks(): number {
    return this.chunk;
  }

  get position(): Position {
    return this.machine.position;
  }

  isAt(position: Position): boolean {
    return comparePositions(this.position, position) >= 0;
  }

  /** Runs through history up to `target`, at most to `untilTick`, and stops where the machine does. */
  replay(target: Position, untilTick: number, limits: Pick<RunLimits, 'passBreakpoint' | 'stepHart'> = {}): StopReason {
    const { machine, line } = this;
    let pass = limits.passBreakpoint ?? false;
    const ticksOf = (hart: number | undefined): number => (hart === undefined ? 0 : machine.debug.hartTicks(hart));
    const taken = ticksOf(limits.stepHart);
    for (;;) {
      const until = first(target, line.events.at(this.applied)?.at, line.check?.next);
      const stop = machine.run(untilTick, { ...limits, passBreakpoint: pass, until });
      line.check?.ran(stop, until);
      this.applyDue();
      const isDone = machine.tick >= untilTick || this.isAt(target) || ticksOf(limits.stepHart) !== taken;
      if (stop.kind !== 'limit' || isDone) return stop;
      pass = false;
    }
  }

  /** Feeds the events of the present position, and compares its digests. */
  private applyDue(): void {
    const { machine, line } = this;
    line.check?.compare(this.applied);
    for (let next = line.events.at(this.applied); next && this.isAt(next.at); next = line.events.at(this.applied)) {
      if (comparePositions(next.at, this.position) !== 0 || !machine.input(next.event)) throw this.divergence(next.at);
      this.applied++;
      line.check?.compare(this.applied);
    }
  }

  private divergence(expected: Position): Error {
    const { tick } = this.machine;
    const message = `the run through history differs from the one before: no event at tick ${expected.tick} is possible at tick ${tick}`;
    return new ReplayDivergenceError(message, { tick, expected: `an event at tick ${expected.tick}`, actual: `tick ${tick}` });
  }

  /** Brings the machine to a checkpoint of the line. */
  restore(place: Place): void {
    place.line.checkpoints.restore(place.checkpoint);
    this.applied = place.checkpoint.events;
    this.line.check?.jumped(this.applied);
    this.applyDue();
    this.restart();
  }

  /** The last checkpoint of the line at `target` or before it; one for which `fits` gives true. */
  checkpointBefore(target: Position, fits: (checkpoint: Checkpoint) => boolean = () => true): Place | undefined {
    const { line } = this;
    const own = line.checkpoints.before(target, line.events.countUpTo(target), fits);
    if (own || !line.from) return own && { line, checkpoint: own };
    const { at, events, line: recorded } = line.from;
    const shared =
      comparePositions(at, target) < 0
        ? recorded.checkpoints.before(at, events, fits)
        : recorded.checkpoints.before(target, Math.min(events, line.events.countUpTo(target)), fits);
    return shared && { line: recorded, checkpoint: shared };
  }

  /** Whether any of the pages (frames) may have been stored to from a checkpoint on up to `end`, where no other is between. */
  mayHaveStored({ line, checkpoint }: Place, end: Position, frames: readonly number[]): boolean {
    // What a branch stored is not in the checkpoints of the line that it left.
    const { from } = this.line;
    if (line !== this.line && (!from || comparePositions(end, from.at) > 0)) return true;
    return line.checkpoints.mayHaveStored(checkpoint, end, frames);
  }

  /** Goes to `target` on the line, by the shorter way; gives false where `watch` ended it on the way, or the machine cannot get there. */
  async goTo(target: Position, watch: Watch = {}): Promise<boolean> {
    const start = this.checkpointBefore(target);
    const forward = comparePositions(this.position, target) <= 0;
    if (!start && !forward) return false;
    if (start && (!forward || comparePositions(start.checkpoint.at, this.position) > 0)) this.restore(start);
    while (!this.isAt(target)) {
      const left = target.tick - this.machine.tick;
      const dense = left > DENSE_TICKS ? target.tick - Math.floor(left / DENSE_FACTOR) : target.tick + 1;
      while (this.machine.tick < dense && !this.isAt(target)) {
        if (!this.runChunk(target, dense)) return false;
        if (await this.breathe(watch)) return false;
      }
      if (!this.isAt(target)) this.take();
    }
    return true;
  }

  /** Runs towards `target` for a few milliseconds; false where the machine cannot go on. */
  private runChunk(target: Position, untilTick: number): boolean {
    const before = this.position;
    const stop = this.replayChunk(target, untilTick);
    this.keep();
    const isStuck = comparePositions(this.position, before) === 0 && stop.kind !== 'limit';
    return this.isAt(target) || !(isStuck || this.machine.powerOff !== undefined);
  }

  /** As `replay`, but for a few milliseconds only. */
  replayChunk(target: Position, untilTick: number): StopReason {
    const before = this.nowMs();
    const { tick } = this.machine;
    const stop = this.replay(target, Math.min(untilTick, tick + this.chunk));
    const factor = CHUNK_MS / Math.max(this.nowMs() - before, 0.1);
    if (this.machine.tick - tick >= this.chunk / 2) {
      this.chunk = Math.max(CHUNK_TICKS_MIN, Math.round(this.chunk * Math.min(2, Math.max(0.25, factor))));
    }
    return stop;
  }

  /** Lets others run from time to time; true when the operation shall end. */
  async breathe({ signal, onProgress }: Watch): Promise<boolean> {
    const now = this.nowMs();
    if (now - this.breathMs > BREATH_MS) {
      onProgress?.(this.position);
      await new Promise((resolve) => setImmediate(resolve));
      this.breathMs = this.nowMs();
    }
    return signal?.aborted ?? false;
  }

  // --- checkpoints -----------------------------------------------------------------------------------------------------

  /** To be called between runs: takes a checkpoint when it is time. */
  keep(): void {
    const now = this.nowMs();
    if (now - this.lastMs < this.spacingMs) return;
    // History that was passed through before has its checkpoints.
    const last = this.checkpointBefore(this.position);
    if (last && last.checkpoint.at.tick > this.lastTick) this.restart();
    else this.take();
  }

  /** Keeps the present state. */
  take(): void {
    const before = this.nowMs();
    this.line.checkpoints.take(this.applied);
    this.restart();
    const { costMs } = this;
    this.costMs += (Math.min(this.lastMs - before, costMs * COST_FACTOR_MAX + 1) - costMs) * COST_WEIGHT;
  }

  private get spacingMs(): number {
    const { costMs } = this;
    return Math.max(SPACING_MS, Math.min(costMs * SPACING_COSTS, Math.max(GAP_MS, costMs * GAP_COSTS)));
  }

  private restart(): void {
    this.lastMs = this.nowMs();
    this.lastTick = this.machine.tick;
  }
}

/** The earliest of some positions. */
function first(position: Position, ...others: readonly (Position | undefined)[]): Position {
  return others.reduce<Position>((least, other) => (other && comparePositions(other, least) < 0 ? other : least), position);
}
