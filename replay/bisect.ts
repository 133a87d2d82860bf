/** Finds the first tick at which two replays of what should be the same run differ, and what differs there. */
import type { Position } from '../lib/system/input-event.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { ReplayDivergenceError } from '../lib/util/errors.js';
import { compareMachines } from './compare.js';
import type { Replayer } from './replayer.js';

/** A machine and who replays a recording on it, without comparing digests. */
export interface Replay {
  readonly machine: Machine;
  readonly replayer: Replayer;
}

export interface Difference {
  /** The first tick at which the states differ; at the one before they are the same. */
  readonly tick: number;
  readonly what: readonly string[];
}

/**
 * Looks for the first difference behind `agreed`, up to `tick`; undefined when the states are the same there as well. Both machines are at their start,
 * or anywhere in front of `agreed`.
 */
export function findDifference(
  a: Replay,
  b: Replay,
  range: { readonly agreed: Position | undefined; readonly tick: number },
): Difference | undefined {
  const both = [a, b];
  const same = (): boolean => a.machine.stateDigest() === b.machine.stateDigest();
  const { agreed } = range;
  if (agreed) for (const one of both) runTo(one, agreed.tick, agreed);
  const start = a.machine.tick;
  if (!same()) return { tick: start, what: compareMachines(a.machine, b.machine) };
  let places = both.map(placeOf);
  let [low, high] = [start, undefined as number | undefined];
  for (let tick = range.tick; high === undefined || high - low > 1; ) {
    for (const one of both) runTo(one, tick);
    if (same()) {
      if (high === undefined) return undefined;
      low = tick;
      places = both.map(placeOf);
    } else {
      high = tick;
      for (const [index, one] of both.entries()) restore(one, places[index]);
    }
    tick = low + Math.floor((high - low) / 2);
  }
  for (const one of both) runTo(one, high);
  return { tick: high, what: compareMachines(a.machine, b.machine) };
}

interface Place {
  readonly state: MachineState;
  readonly cursor: number;
  readonly pages: readonly Uint8Array[];
}

function placeOf({ machine, replayer }: Replay): Place {
  const { pages } = machine;
  return {
    state: machine.save(),
    cursor: replayer.cursor,
    pages: Array.from({ length: pages.count }, (_, frame) => pages.read(frame).slice()),
  };
}

function restore({ machine, replayer }: Replay, { state, cursor, pages }: Place): void {
  for (const [frame, bytes] of pages.entries())
    if (Buffer.compare(machine.pages.read(frame), bytes) !== 0) machine.pages.write(frame, bytes);
  machine.load(state);
  replayer.cursor = cursor;
}

/** Runs to the tick, or to where the replay cannot go on. */
function runTo({ machine, replayer }: Replay, tick: number, until?: Position): void {
  while (!replayer.ended && machine.tick < tick) {
    const before = machine.position;
    try {
      replayer.run(tick, until ? { until } : {});
    } catch (error) {
      // It has left the recorded run so far that it cannot be fed: its state shows that.
      if (error instanceof ReplayDivergenceError) return;
      throw error;
    }
    if (machine.tick === before.tick && machine.position.skippedNs === before.skippedNs) return;
  }
}
