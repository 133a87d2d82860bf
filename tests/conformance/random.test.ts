/**
 * Random instruction streams, on QEMU and on hindsight: the same traps, registers and memory, whatever they do. Fixed seeds, so that a failure
 * stays; `random/main.js` runs other ones. By its `--coverage` these programs execute 1.09 million instructions, each of the table at least 250
 * times without a trap, but those that always trap, wfi and the cache-block operations.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { haveQemu } from '../support/qemu.js';
import { KINDS, type KindName } from './random/kinds.js';
import { locate } from './random/locate.js';
import { makeProgram, type Program, type ProgramOptions } from './random/program.js';
import { firstDifference, isComplete, runBoth } from './random/run.js';

const SEED = 20;
const kinds = Object.keys(KINDS) as KindName[];
/** Many blocks a few times, and few blocks often enough to be translated. */
const SHAPES: readonly Pick<ProgramOptions, 'blocks' | 'rounds' | 'seed'>[] = [
  { seed: SEED, blocks: 80, rounds: 8 },
  { seed: SEED + 1, blocks: 8, rounds: 80 },
];
/** So that what runs often is translated. */
const HINDSIGHT = { hindsightOptions: ['--hot-threshold', '8'] };

async function agrees(program: Program): Promise<void> {
  const outputs = await runBoth(program.elf(), HINDSIGHT);
  if (firstDifference(outputs) >= 0) assert.unreachable((await locate(program))?.report ?? `not repeated with a full log: ${program.kind}`);
  assert.ok(isComplete(outputs.qemu), `the program comes to its end: ${outputs.qemu.at(-1)}`);
  assert.is(outputs.qemu.filter((line) => line.startsWith('R ')).length, program.options.rounds);
}

const random = suite('random instruction streams');

if (haveQemu('the comparison of random instruction streams')) {
  for (const kind of kinds) {
    for (const shape of SHAPES) {
      random(`${shape.blocks} blocks of ${kind} instructions, ${shape.rounds} times, do what they do on QEMU`, () =>
        agrees(makeProgram({ kind, ...shape })),
      );
    }
  }

  random('a program with one other bit prints something else', async () => {
    const program = makeProgram({ kind: 'integer', seed: SEED, blocks: 4, rounds: 2 });
    const elf = program.elf();
    const before = await runBoth(elf);
    elf[elf.length - 1]! ^= 1;
    const after = await runBoth(elf);
    assert.ok(firstDifference({ qemu: before.qemu, hindsight: after.qemu }) >= 0);
    assert.ok(firstDifference({ qemu: before.hindsight, hindsight: after.hindsight }) >= 0);
  });
}

random.run();
