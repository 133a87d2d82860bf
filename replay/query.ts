/** Runs through a stretch of history and shows each stop on the way to a visitor: what questions about a whole run are answered with. */
import type { Breakpoint, DebugStop, Watchpoint } from '../lib/exec/debug.js';
import { comparePositions } from '../lib/system/input-event.js';
import type { Timeline } from './timeline.js';

/** Ticks of a recording: `from` belongs to them, `to` does not. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Visit {
  readonly hart: number;
  /** The machine stands in front of the instruction there; for a write, it stands behind, and this is the tick before. */
  readonly tick: number;
  /** Of the instruction, 0 where there is none: a device wrote by itself. */
  readonly pc: bigint;
}

export interface Visitor {
  /** False: it has seen enough. It may read registers and memory. */
  visit(visit: Visit): boolean;
  /** Called every few milliseconds between two stops, with where the machine is. False ends the scan. */
  breathe(tick: number): Promise<boolean>;
}

/** How long the machine runs between two breaths. */
const BREATH_MS = 20;
const TICKS_FIRST = 100_000;
const TICKS_MIN = 10_000;
const TICKS_MAX = 100_000_000;

/**
 * Visits each moment at which a hart is about to execute one of the instructions at `pcs` (virtual addresses). The machine stands at the end of the stretch
 * afterwards, or where the visitor had seen enough. True: all of the stretch was looked through.
 */
export async function visitInstructions(timeline: Timeline, pcs: readonly bigint[], stretch: Stretch, visitor: Visitor): Promise<boolean> {
  await timeline.seek(stretch.from);
  let enough = false;
  // The visit is the breakpoint's condition: nothing stops, and the scan is nearly as fast as a run.
  const breakpoints = pcs.map((pc): Breakpoint => {
    const condition = (hart: number): boolean => {
      enough ||= !visitor.visit({ hart, tick: timeline.tick, pc });
      return enough;
    };
    return { pc, condition };
  });
  timeline.setBreakpoints(breakpoints);
  try {
    return await run(timeline, stretch.to, visitor, () => !enough);
  } finally {
    timeline.setBreakpoints([]);
  }
}

/** Visits each write to any of `length` bytes at a physical address, behind the instruction that did it, or the device. Otherwise as `visitInstructions`. */
export async function visitWrites(
  timeline: Timeline,
  { paddr, length }: { readonly paddr: number; readonly length: number },
  stretch: Stretch,
  visitor: Visitor,
): Promise<boolean> {
  await timeline.seek(stretch.from);
  const watchpoint: Watchpoint = { address: BigInt(paddr), length, kind: 'write', space: 'physical' };
  timeline.setWatchpoints([watchpoint]);
  try {
    return await run(timeline, stretch.to, visitor, (stop) => visitor.visit(writeAt(timeline.tick, stop)));
  } finally {
    timeline.setWatchpoints([]);
  }
}

/** The write that the machine, at `tick`, has just stopped behind. */
export function writeAt(tick: number, stop: DebugStop): Visit {
  const pc = stop.kind === 'watchpoint' ? stop.pc : stop.breakpoint.pc;
  const isInstruction = stop.hart >= 0 || pc !== 0n;
  return { hart: stop.hart, tick: isInstruction ? tick - 1 : tick, pc };
}

/** Runs up to the tick `to`; `onStop` says whether to go on. */
async function run(timeline: Timeline, to: number, visitor: Visitor, onStop: (stop: DebugStop) => boolean): Promise<boolean> {
  let chunk = TICKS_FIRST;
  let until = 0;
  for (let before = performance.now(); timeline.tick < to && !timeline.isAtPresent; ) {
    const { tick, position } = timeline;
    if (until <= tick) until = Math.min(to, tick + chunk);
    const stop = timeline.run(until);
    if ((stop.kind === 'breakpoint' || stop.kind === 'watchpoint') && !onStop(stop)) return false;
    // The guest has powered off, or waits for ever.
    if ((stop.kind === 'stopped' || stop.kind === 'idle') && comparePositions(position, timeline.position) === 0) return true;
    const tookMs = performance.now() - before;
    if (stop.kind === 'limit') chunk = nextChunk(chunk, tookMs);
    if (tookMs < BREATH_MS) continue;
    if (!(await visitor.breathe(timeline.tick))) return false;
    before = performance.now();
  }
  return true;
}

function nextChunk(ticks: number, tookMs: number): number {
  const factor = Math.min(2, Math.max(0.25, BREATH_MS / Math.max(tookMs, 0.1)));
  return Math.round(Math.min(TICKS_MAX, Math.max(TICKS_MIN, ticks * factor)));
}
