/**
 * The random comparison by hand: `node dist/tests/conformance/random/main.js --seed N --count M --kind fp[,memory] --rounds R --blocks B
 * [--keep-going] [--engine translate] [--write FILE]`. Prints one line per program, and where the two sides part. With `--coverage` only QEMU
 * runs, and how often each instruction was executed is printed.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { qemuVersion } from '../../support/qemu.js';
import { Coverage } from './coverage.js';
import { KINDS, type KindName } from './kinds.js';
import { locate } from './locate.js';
import { makeProgram, type Program } from './program.js';
import { firstDifference, isComplete, runBoth } from './run.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
    kind: { type: 'string', default: Object.keys(KINDS).join(',') },
    rounds: { type: 'string', default: '4' },
    blocks: { type: 'string', default: '40' },
    engine: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    write: { type: 'string' },
    coverage: { type: 'boolean', default: false },
  },
});

const hindsightOptions = values.engine ? ['--engine', values.engine] : [];

function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name);
}

/** Compares both sides; true if they agree. */
async function compare(program: Program): Promise<boolean> {
  const start = performance.now();
  const outputs = await runBoth(program.elf(), { hindsightOptions });
  const same = firstDifference(outputs) < 0 && isComplete(outputs.qemu);
  console.log(
    `${program.kind} ${program.seed}: ${same ? 'same' : 'DIFFERENT'} ${Math.round(performance.now() - start)} ms ${outputs.qemu.at(-1)}`,
  );
  if (same) return true;
  const difference = await locate(program, { hindsightOptions, instruction: true });
  console.log(difference?.report ?? '  not repeated with a full log');
  return false;
}

async function main(): Promise<number> {
  const kinds = values.kind.split(',').filter(isKind);
  if (kinds.length === 0 || qemuVersion() === undefined) throw new Error(kinds.length === 0 ? `no kind ${values.kind}` : 'no QEMU');
  const first = Number(values.seed);
  const coverage = new Coverage();
  let failures = 0;
  for (let seed = first; seed < first + Number(values.count); seed++) {
    for (const kind of kinds) {
      const program = makeProgram({ kind, seed, rounds: Number(values.rounds), blocks: Number(values.blocks) });
      if (values.write) writeFileSync(values.write, program.elf());
      if (values.coverage) {
        await coverage.add(program);
        continue;
      }
      if (await compare(program)) continue;
      failures++;
      if (!values['keep-going']) return 1;
    }
  }
  if (values.coverage) console.log(coverage.report());
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
