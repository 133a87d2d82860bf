/** The ways to execute the same program. All must go through the same states: the laws of ARCHITECTURE.md. */
import * as assert from 'uvu/assert';
import { BLOCK_IR_MAX } from '../../../lib/exec/translator.js';
import { PAGE_SIZE } from '../../../lib/mem/layout.js';
import { assembleToy } from './assembler.js';
import { ToyMachine, type ToyOptions } from './machine.js';

/** Room for few blocks: they are evicted all the time. */
export const TINY_ARENA = Math.ceil((BLOCK_IR_MAX * 16 + 2048) / PAGE_SIZE) * PAGE_SIZE;

interface Path extends ToyOptions {
  readonly name: string;
  /** Stops at each of the ticks, goes straight to the last one, or does every tick as a run of its own. */
  readonly pace: 'ticks' | 'straight' | 'steps';
}

const PATHS: readonly Path[] = [
  { name: 'interpreter, chained', mode: 'interpret', pace: 'ticks' },
  { name: 'interpreter in one go', mode: 'interpret', pace: 'straight' },
  { name: 'translator', mode: 'translate', pace: 'ticks' },
  { name: 'translator in one go', mode: 'translate', pace: 'straight' },
  { name: 'translator, unchained', mode: 'translate', chain: false, pace: 'straight' },
  { name: 'translator, single-stepped', mode: 'translate', pace: 'steps' },
  { name: 'auto, threshold 2', hotThreshold: 2, pace: 'ticks' },
  { name: 'auto, threshold 2, single-stepped', hotThreshold: 2, pace: 'steps' },
  { name: 'auto, threshold 8, in one go', hotThreshold: 8, pace: 'straight' },
  { name: 'auto, threshold 8, unchained', hotThreshold: 8, chain: false, pace: 'ticks' },
  { name: 'translator, tiny arena', mode: 'translate', arenaBytes: TINY_ARENA, pace: 'ticks' },
  { name: 'auto, threshold 2, tiny arena', hotThreshold: 2, arenaBytes: TINY_ARENA, pace: 'straight' },
];

/** Runs `source` on all paths, which must agree at each of `ticks`; returns the machine of the first path, at the last tick. */
export function runOnAllPaths(source: string, ticks: readonly number[]): ToyMachine {
  const program = assembleToy(source);
  const reference = new ToyMachine(program, { mode: 'interpret', chain: false });
  const expected = new Map(ticks.map((tick) => [tick, (reference.run(tick), summary(reference))]));
  for (const { name, pace, ...options } of PATHS) {
    const machine = new ToyMachine(program, options);
    for (const tick of pace === 'straight' ? ticks.slice(-1) : ticks) {
      machine.run(tick, { step: pace === 'steps' });
      assert.equal(summary(machine), expected.get(tick), `${name}, tick ${tick}`);
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
