/** How much a machine is made to run. */
import type { Machine } from '../../lib/system/machine.js';

export interface RunCounter {
  /** Ticks that it has run since. */
  ticks: number;
  /** Calls of `run` since. */
  runs: number;
}

/** Counts from here on. */
export function countRuns(machine: Pick<Machine, 'run' | 'tick'>): RunCounter {
  const counter = { ticks: 0, runs: 0 };
  const run = machine.run.bind(machine);
  machine.run = (untilTick, limits) => {
    const { tick } = machine;
    const stop = run(untilTick, limits);
    counter.ticks += machine.tick - tick;
    counter.runs++;
    return stop;
  };
  return counter;
}
