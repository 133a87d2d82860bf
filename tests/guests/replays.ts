/**
 * Records a session in Debian's kernel and replays it again and again: the same state and the same output every time, whatever runs it.
 * By hand, not in CI; takes some minutes: `node dist/tests/guests/replays.js --help`.
 *
 * Prints a line for each run; the status is 1 if something differs. Needs what fetch-debian.sh and make-initramfs.sh make.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MAIN } from '../support/cli.js';
import { type Arguments, runTool } from '../support/tool.js';
import { INITRAMFS, KERNEL, recordSession } from './recorded-session.js';

interface Options {
  readonly harts: readonly number[];
  readonly replays: number;
  readonly nodes: readonly string[];
  readonly engines: readonly string[];
  readonly load: number;
  readonly seed: number;
  readonly keep: string | undefined;
}

/** What must be the same in every run. */
interface Outcome {
  readonly ticks: number;
  readonly stateDigest: string;
  readonly outputSha256: string;
}

const BUFFER_BYTES = 2 ** 26;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const USAGE = `node dist/tests/guests/replays.js [options]: records a session in Debian's kernel and replays it again and again

    --harts LIST       a recording with each number of harts (default 1,4)
    --replays N        of each recording, at least; every engine is used on every node (default 10)
    --nodes LIST       node binaries (default: this one)
    --engines LIST     engines (default auto,interpret,translate)
    --load N           busy threads beside it all (default 2)
    --seed N           what moments keys come at depends on it (default: the clock)
    --keep FOLDER      keeps the recordings there, as HARTS/session.rec

The status is 1 if a replay differs.`;

const TOOL = {
  usage: USAGE,
  options: {
    harts: '1,4',
    replays: '10',
    nodes: process.execPath,
    engines: 'auto,interpret,translate',
    load: '2',
    seed: String(Date.now()),
    keep: '',
  },
} as const;

function optionsOf({ text, number }: Arguments): Options {
  const list = (option: string): string[] =>
    text(option)
      .split(',')
      .filter((item) => item !== '');
  const harts = list('harts').map(Number);
  if (!harts.every((count) => Number.isInteger(count) && count > 0)) throw new Error('--harts takes a list of numbers');
  return {
    harts,
    replays: number('replays'),
    nodes: list('nodes'),
    engines: list('engines'),
    load: number('load', 0),
    seed: number('seed', 0),
    keep: text('keep') || undefined,
  };
}

function outcomeOf(output: Uint8Array, statsFile: string): Outcome {
  const { ticks, stateDigest } = JSON.parse(readFileSync(statsFile, 'utf8')) as { ticks: number; stateDigest: string };
  return { ticks, stateDigest, outputSha256: sha256(output) };
}

const show = ({ ticks, stateDigest, outputSha256 }: Outcome): string =>
  `${ticks} ticks, state ${stateDigest}, output ${outputSha256.slice(0, 16)}`;

async function record(harts: number, folder: string, { seed }: Options): Promise<Outcome> {
  const stats = join(folder, 'run.json');
  const { code, output, stderr, missing } = await recordSession({ harts, folder, seed, options: ['--stats', stats] });
  if (missing || code !== 0)
    throw new Error(`the session with ${harts} harts ended with ${code}; not said: ${missing}\n${output}${stderr}`);
  return outcomeOf(Buffer.from(output, 'latin1'), stats);
}

/** A problem, or what the replay ended with. */
function replay(folder: string, node: string, engine: string): Outcome | string {
  const stats = join(folder, 'replay.json');
  const args = [MAIN, 'replay', join(folder, 'session.rec'), '--engine', engine, '--stats', stats];
  const { status, stdout, stderr } = spawnSync(node, args, { maxBuffer: BUFFER_BYTES, stdio: ['ignore', 'pipe', 'pipe'] });
  return status === 0 ? outcomeOf(stdout, stats) : `status ${status}: ${stderr}`;
}

/** All replays of one recording; the number of those that differ. */
function replayAll(folder: string, expected: Outcome, { nodes, engines, replays }: Options): number {
  const ways = nodes.flatMap((node) => engines.map((engine) => ({ node, engine })));
  let different = 0;
  for (let count = 0; count < Math.max(replays, ways.length); count++) {
    const { node, engine } = ways[count % ways.length]!;
    const startMs = performance.now();
    const actual = replay(folder, node, engine);
    const same = typeof actual !== 'string' && show(actual) === show(expected);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    const found = typeof actual === 'string' ? actual : show(actual);
    console.log(`replay ${count + 1} (${version}, ${engine}, ${seconds} s): ${same ? 'the same' : `DIFFERENT: ${found}`}`);
    if (!same) different++;
  }
  return different;
}

async function main(args: Arguments): Promise<void> {
  const options = optionsOf(args);
  if (!existsSync(KERNEL) || !existsSync(INITRAMFS)) throw new Error('first run fetch-debian.sh and make-initramfs.sh');
  const workers = Array.from({ length: options.load }, () => new Worker('for (;;);', { eval: true }));
  const root = options.keep ?? mkdtempSync(join(tmpdir(), 'hindsight-replays-'));
  let different = 0;
  try {
    for (const harts of options.harts) {
      const folder = join(root, String(harts));
      mkdirSync(folder, { recursive: true });
      const startMs = performance.now();
      const expected = await record(harts, folder, options);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      const { size } = statSync(join(folder, 'session.rec'));
      console.log(`harts ${harts}, seed ${options.seed}: recorded in ${seconds} s, ${size} bytes: ${show(expected)}`);
      different += replayAll(folder, expected, options);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    if (options.keep === undefined) rmSync(root, { recursive: true });
  }
  console.log(different === 0 ? 'replays: all the same' : `replays: ${different} DIFFERENT`);
  if (different > 0) process.exitCode = 1;
}

await runTool(TOOL, main);
