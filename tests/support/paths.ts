/** The ways to execute the same program. All must go through the same states: the laws of ARCHITECTURE.md. */
import * as assert from 'uvu/assert';
import type { Engine, EngineMode } from '../../lib/exec/machine-engine.js';
import { BLOCK_IR_MAX } from '../../lib/exec/translator.js';
import { PAGE_SIZE } from '../../lib/mem/layout.js';
import { randomSource } from './random.js';

/** What a path may choose about the engine. */
export interface PathOptions {
  readonly mode?: EngineMode;
  readonly hotThreshold?: number;
  readonly chain?: boolean;
  readonly arenaBytes?: number;
  readonly tableCellsMax?: number;
}

/** A machine that is executed on one path. */
export interface PathMachine {
  readonly tick: number;
  /** Executes up to `tick`; in single steps with `step`. */
  run(tick: number, options?: { step?: boolean }): void;
  /** The state: a digest of all of it, and what helps to see a difference. */
  summary(): Readonly<Record<string, unknown>>;
}

/** Executes up to `tick`, in single steps with `step`, or until nothing can happen any more. */
export function runUntil(engine: Pick<Engine, 'tick' | 'run'>, tick: number, { step = false }: { step?: boolean } = {}): void {
  while (engine.tick < tick) if (engine.run(step ? engine.tick + 1 : tick).kind === 'idle') return;
}

export interface Path extends PathOptions {
  readonly name: string;
  /** Stops at each of the ticks, goes straight to the last one, does every tick as a run of its own, or runs of random lengths. */
  readonly pace: 'ticks' | 'straight' | 'steps' | 'random';
}

/** The function table is replaced after a few modules. */
export const TINY_TABLE = 10_000;

/** Room for few blocks: they are evicted all the time. */
export const TINY_ARENA = Math.ceil((BLOCK_IR_MAX * 16 + 2048) / PAGE_SIZE) * PAGE_SIZE;

export const PATHS: readonly Path[] = [
  { name: 'interpreter, chained', mode: 'interpret', pace: 'ticks' },
  { name: 'interpreter in one go', mode: 'interpret', pace: 'straight' },
  { name: 'translator in one go', mode: 'translate', pace: 'straight' },
  { name: 'translator, unchained', mode: 'translate', chain: false, pace: 'ticks' },
  { name: 'auto, threshold 2', hotThreshold: 2, pace: 'ticks' },
  { name: 'auto, threshold 2, single-stepped', hotThreshold: 2, pace: 'steps' },
  { name: 'auto, threshold 8, in one go', hotThreshold: 8, pace: 'straight' },
  { name: 'auto, threshold 8, unchained', hotThreshold: 8, chain: false, pace: 'random' },
  { name: 'translator, tables replaced', mode: 'translate', tableCellsMax: TINY_TABLE, pace: 'ticks' },
  { name: 'auto, threshold 2, tiny arena', hotThreshold: 2, arenaBytes: TINY_ARENA, pace: 'straight' },
];

/**
 * Runs what `create` makes on all `paths`, which must agree with the unchained interpreter at each of `ticks`; returns the machine of the
 * latter, at the last tick.
 */
export function runOnPaths<M extends PathMachine>(
  create: (options: PathOptions) => M,
  ticks: readonly number[],
  paths: readonly Path[] = PATHS,
): M {
  const reference = create({ mode: 'interpret', chain: false });
  const expected = new Map<number, unknown>();
  for (const tick of ticks) {
    reference.run(tick);
    expected.set(tick, reference.summary());
  }
  for (const { name, pace, ...options } of paths) {
    const machine = create(options);
    for (const tick of pace === 'straight' ? ticks.slice(-1) : ticks) {
      if (pace === 'random') runRandomly(machine, tick);
      else machine.run(tick, { step: pace === 'steps' });
      assert.equal(machine.summary(), expected.get(tick), `${name}, tick ${tick}`);
    }
  }
  return reference;
}

/** Runs to `tick` in runs of 1 to 1000 ticks, most of them short. */
function runRandomly(machine: PathMachine, tick: number): void {
  const random = randomSource(tick);
  for (let at = machine.tick; at < tick; at = machine.tick) machine.run(Math.min(tick, at + 1 + (random() % (1 + (random() % 1000)))));
}

/** At most `count` ticks up to `last`, denser at the beginning. */
export function ticksUpTo(last: number, count = 24): number[] {
  const ticks = Array.from({ length: count }, (_, i) => Math.max(1, Math.round(last * ((i + 1) / count) ** 2)));
  return [...new Set(ticks)];
}
