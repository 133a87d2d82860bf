/** The ways to execute the same program. All must go through the same states: the laws of ARCHITECTURE.md. */
import * as assert from 'uvu/assert';
import { assembleToy } from './assembler.js';
import { ToyMachine, type ToyOptions } from './machine.js';

/** So small that blocks are evicted all the time. */
export const TINY_ARENA = 0x80000;

const PATHS: readonly (ToyOptions & { readonly name: string; readonly step?: boolean })[] = [
  { name: 'interpreter, chained', mode: 'interpret' },
  { name: 'interpreter, single-stepped', mode: 'interpret', step: true },
  { name: 'translator', mode: 'translate' },
  { name: 'translator, unchained', mode: 'translate', chain: false },
  { name: 'translator, single-stepped', mode: 'translate', step: true },
  { name: 'auto, threshold 2', hotThreshold: 2 },
  { name: 'auto, threshold 8', hotThreshold: 8 },
  { name: 'auto, threshold 8, unchained', hotThreshold: 8, chain: false },
  { name: 'translator, tiny arena', mode: 'translate', arenaBytes: TINY_ARENA },
  { name: 'auto, threshold 2, tiny arena', hotThreshold: 2, arenaBytes: TINY_ARENA },
];

/** Runs `source` on all paths, which must agree at each of `ticks`; returns the machine of the first path, at the last tick. */
export function runOnAllPaths(source: string, ticks: readonly number[]): ToyMachine {
  const program = assembleToy(source);
  const reference = new ToyMachine(program, { mode: 'interpret', chain: false });
  const expected = ticks.map((tick) => {
    reference.run(tick);
    return summary(reference);
  });
  for (const { name, step = false, ...options } of PATHS) {
    const machine = new ToyMachine(program, options);
    for (const [i, tick] of ticks.entries()) {
      machine.run(tick, { step });
      assert.equal(summary(machine), expected[i], `${name}, tick ${tick}`);
    }
  }
  return reference;
}

/** The digest decides; the rest tells what is different. */
function summary(machine: ToyMachine) {
  const registers = Array.from({ length: 8 }, (_, i) => machine.register(i).toString(16)).join(' ');
  return { tick: machine.engine.tick, pc: machine.pc.toString(16), registers, flags: machine.flags, trap: machine.trap, digest: machine.engine.stateDigest() };
}

/** `count` ticks up to `last`, denser at the beginning. */
export function ticksUpTo(last: number, count = 24): number[] {
  const ticks = Array.from({ length: count }, (_, i) => Math.max(1, Math.round(last * ((i + 1) / count) ** 2)));
  return [...new Set(ticks)];
}
