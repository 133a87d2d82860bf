/** Looks for stops in the past: runs through history with break- and watchpoints armed, stretch by stretch from the present back, and keeps the last one. */
import type { Breakpoint, DebugStop, Watchpoint } from '../lib/exec/debug.js';
import { comparePositions, type Position } from '../lib/system/input-event.js';
import type { Navigator, Place, Watch } from './navigator.js';

export interface Stops {
  readonly breakpoints: readonly Breakpoint[];
  readonly watchpoints: readonly Watchpoint[];
}

export interface Hit {
  readonly stop: DebugStop;
  /** In front of the instruction at the breakpoint, or of the one whose access is watched. */
  readonly at: Position;
  /** Behind it, for an access. */
  readonly behind: Position;
}

export type ScanResult =
  | { readonly kind: 'hit'; readonly hit: Hit }
  /** None since the beginning of history. */
  | { readonly kind: 'begin' }
  /** The operation was ended; nothing was found from there on. */
  | { readonly kind: 'interrupted'; readonly searched: Position };

/** Stretches of history, in what runs in a few milliseconds: the first one back is as short as checkpoints allow, since stops are mostly near; the next ones grow. */
const CHUNKS_FIRST = 1 / 64;
const CHUNKS_MAX = 16;

/**
 * The last stop before `origin`. The machine is somewhere in the past afterwards, without stops. `frames`: a stop is at a store to one of these pages,
 * so that stretches in which none of them was stored to are passed over.
 */
export async function lastStop(
  navigator: Navigator,
  origin: Position,
  stops: Stops,
  watch: Watch,
  frames?: readonly number[],
): Promise<ScanResult> {
  const { debug } = navigator.machine;
  try {
    for (let [end, chunks] = [origin, 0]; ; chunks = Math.min(CHUNKS_MAX, Math.max(CHUNKS_FIRST, chunks * 2))) {
      const stretch = stretchBefore(navigator, end, { ticks: chunks * navigator.chunkTicks, frames });
      if (!stretch) return { kind: 'begin' };
      debug.setBreakpoints(stops.breakpoints);
      debug.setWatchpoints(stops.watchpoints);
      navigator.restore(stretch.start);
      const hit = await scan(navigator, { end: stretch.end, origin, watch });
      if (hit === 'interrupted') return { kind: 'interrupted', searched: stretch.end };
      if (hit) return { kind: 'hit', hit };
      end = stretch.start.checkpoint.at;
      if (await navigator.breathe(watch)) return { kind: 'interrupted', searched: end };
    }
  } finally {
    debug.setBreakpoints([]);
    debug.setWatchpoints([]);
  }
}

/** The last stretch up to `limit` that may have a stop, of at most `ticks` ticks if checkpoints are so close together. A restore costs what some 100,000 ticks do, so neighbours are joined. */
function stretchBefore(
  navigator: Navigator,
  limit: Position,
  { ticks, frames }: { ticks: number; frames: readonly number[] | undefined },
): { readonly start: Place; readonly end: Position } | undefined {
  const mayStop = (start: Place, end: Position): boolean => frames === undefined || navigator.mayHaveStored(start, end, frames);
  let end = limit;
  let start = checkpointBefore(navigator, end);
  while (start && !mayStop(start, end)) {
    end = start.checkpoint.at;
    start = checkpointBefore(navigator, end);
  }
  if (!start) return undefined;
  for (;;) {
    const { at }: { at: Position } = start.checkpoint;
    const before = checkpointBefore(navigator, at);
    if (!before || end.tick - before.checkpoint.at.tick > ticks || !mayStop(before, at)) return { start, end };
    start = before;
  }
}

/** The last checkpoint that is truly before `end`. */
function checkpointBefore(navigator: Navigator, end: Position): Place | undefined {
  const before =
    end.skippedNs > 0 ? { tick: end.tick, skippedNs: end.skippedNs - 1 } : { tick: end.tick - 1, skippedNs: Number.MAX_SAFE_INTEGER };
  return navigator.checkpointBefore(before);
}

/** Runs from here to `end`; gives the last stop before `origin`. */
async function scan(
  navigator: Navigator,
  { end, origin, watch }: { end: Position; origin: Position; watch: Watch },
): Promise<Hit | 'interrupted' | undefined> {
  let last: Hit | undefined;
  let passBreakpoint = false;
  for (;;) {
    const before = navigator.position;
    const stop = navigator.replayChunk(end, Number.POSITIVE_INFINITY, { passBreakpoint });
    passBreakpoint = stop.kind === 'breakpoint';
    if (stop.kind === 'breakpoint' || stop.kind === 'watchpoint') {
      const hit = hitOf(stop, navigator.position);
      if (comparePositions(hit.at, origin) < 0) last = hit;
    } else if (comparePositions(before, navigator.position) === 0) return last;
    if (navigator.isAt(end)) return last;
    navigator.keep();
    if (await navigator.breathe(watch)) return 'interrupted';
  }
}

function hitOf(stop: DebugStop, behind: Position): Hit {
  // What a device did between two instructions is part of the position itself.
  const isInstruction = stop.kind === 'watchpoint' && !(stop.hart < 0 && stop.pc === 0n);
  return { stop, behind, at: isInstruction ? { tick: behind.tick - 1, skippedNs: behind.skippedNs } : behind };
}
