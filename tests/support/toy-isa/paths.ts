/** Runs toy programs on all paths through the engine. */
import { runOnPaths } from '../paths.js';
import { assembleToy } from './assembler.js';
import { ToyMachine } from './machine.js';

export { ticksUpTo } from '../paths.js';

/** Runs `source` on all paths, which must agree at each of `ticks`; returns one of the machines, at the last tick. */
export function runOnAllPaths(source: string, ticks: readonly number[]): ToyMachine {
  const program = assembleToy(source);
  return runOnPaths((options) => new ToyMachine(program, options), ticks);
}
