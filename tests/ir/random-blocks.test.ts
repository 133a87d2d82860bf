import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Path, type PathOptions, runOnPaths } from '../support/paths.js';
import { randomRegisters, randomScript } from '../support/random-script.js';
import { ScriptMachine } from '../support/script-guest.js';

const test = suite('random IR: lowered and optimised code does as the interpreter');

const PATHS: readonly Path[] = [
  { name: 'translator in one go', mode: 'translate', pace: 'straight' },
  { name: 'threshold 3', hotThreshold: 3, pace: 'random' },
];
const TICKS = [40, 41, 160, 420, 1600];
const SEEDS = Number(process.env.SEEDS ?? 8);
const FIRST_SEED = Number(process.env.SEED ?? 1);

for (const fixedPc of [false, true]) {
  test(`${SEEDS} programs, ${fixedPc ? 'fetches not translated' : 'fetches translated'}`, () => {
    let traps = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const script = randomScript(fixedPc ? seed + 10_000 : seed);
      const create = (options: PathOptions): ScriptMachine => {
        const machine = new ScriptMachine(script, { ...options, fixedPc });
        for (const [slot, value] of randomRegisters(seed)) machine.setSlot(slot, value);
        return machine;
      };
      try {
        const { engine } = runOnPaths(create, TICKS, PATHS);
        traps += engine.tick - engine.stats().instructions;
      } catch (error) {
        if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
    assert.ok(traps > 0, 'the programs fault now and then');
  });
}

test.run();
