/** Times what debugging and recording cost, run by hand; `--help` says how. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../support/cli.js';
import { withFolder } from '../support/files.js';
import { haveGdb } from '../support/gdb.js';
import { haveQemu } from '../support/qemu.js';
import { type Arguments, runTool } from '../support/tool.js';
import { FALSE_CONDITION, NOTHING, timeLoop, WATCH_NEIGHBOUR } from './breakpoints.js';
import { kernelFile } from './kernels.js';
import { haveImages, IMAGES, kernelIn, linuxArgs, RUN_ENDED, SIDES, type Side } from './linux.js';
import { hindsightArgs } from './measure.js';
import { canTimeProcessors, launch, type Times } from './process.js';
import { head, report } from './results.js';
import { median, spread, table } from './statistics.js';
import type { StoreLoop } from './store-loop.js';
import { type Guest, type Timed, TimedRuns } from './timed-runs.js';

/** Kernels of little and of much memory that is written. */
const KERNELS = ['sieve', 'memcpy'] as const;
const NAMES = [...KERNELS, 'boot', 'condition', 'watchpoint', 'size'] as const;

const USAGE = `node dist/tests/bench/debugging.js [options] [what...]: times what debugging and recording cost

What (default: all):
    ${KERNELS.join(', ')}, boot
                          that guest plain, with a debugger attached (no history, and the default one), recorded, and replayed; boot (Debian's
                          kernel) also with 1000 breakpoints on code that it never executes
    condition             a breakpoint that is met a million times and whose condition is false
    watchpoint            a watchpoint on a page that is written often, with GDB here and on QEMU
    size                  the sizes of recordings

    --rounds N            rounds, in each of which every way to run a guest has its turn (default 5)
    --idle SECONDS        the idle time whose recording's size is taken (default 20)
    --images FOLDER       where Debian's kernel and the initramfs are (default: tests/guests/cache)
    --write               renew the section in tests/bench/RESULTS.md

Ratios are of runs of the same round, of wall time and of the processor time of all threads. "Running" is from GDB's continue, or from the start less the time
of a run with the same options that ends after one tick, to the guest's last line; "whole" is from the start of the process to its end.`;

const TOOL = { usage: USAGE, options: { rounds: '5', idle: '20', images: IMAGES, write: false }, names: NAMES } as const;

type Way = 'plain' | 'attached' | 'history' | 'breakpoints' | 'record' | 'replay';
type Ways = Partial<Record<Way, () => Promise<Timed>>>;

/** What is compared: the costs of `way`, in proportion to those of `base`. */
interface Comparison {
  readonly title: string;
  readonly base: Way;
  readonly way: Way;
  readonly part: keyof Timed;
  readonly aim: string;
}

const COMPARISONS: readonly Comparison[] = [
  { title: 'debugger attached, no history', base: 'plain', way: 'attached', part: 'running', aim: '1.00 ± 0.02' },
  { title: 'debugger attached, history', base: 'plain', way: 'history', part: 'running', aim: '1.05' },
  { title: 'checkpoints of the history', base: 'attached', way: 'history', part: 'running', aim: '1.05' },
  { title: '1000 breakpoints on cold code', base: 'attached', way: 'breakpoints', part: 'running', aim: '1.02' },
  { title: 'recording, running', base: 'plain', way: 'record', part: 'running', aim: '1.02' },
  { title: 'recording, whole', base: 'plain', way: 'record', part: 'whole', aim: '1.02' },
  { title: 'replay beside recording, whole', base: 'record', way: 'replay', part: 'whole', aim: '1.00' },
];

const waysOf = (runs: TimedRuns, cold: readonly bigint[] | undefined): Ways => ({
  ...(cold && {
    breakpoints: () =>
      runs.attached(['--history', '0'], async (client) => {
        for (const address of cold) await client.breakAt(address);
      }),
  }),
  attached: () => runs.attached(['--history', '0']),
  history: () => runs.attached([]),
  plain: () => runs.plain(),
  record: () => runs.record(),
  replay: () => runs.replay(),
});

/** Takes every way in each round, in every second one in the opposite order; gives the rows of the comparisons. */
async function compare(guest: Guest, ways: Ways, rounds: number): Promise<string[][]> {
  const taken = new Map<Way, Timed[]>();
  const order = Object.keys(ways) as Way[];
  for (let round = 0; round < rounds; round++) {
    for (const way of round % 2 === 0 ? order : [...order].reverse()) {
      console.error(`${guest.title}, round ${round + 1} of ${rounds}, ${way}`);
      taken.set(way, [...(taken.get(way) ?? []), await ways[way]!()]);
    }
  }
  return COMPARISONS.flatMap(({ title, base, way, part, aim }) => {
    const [without, having] = [base, way].map((name) => taken.get(name)?.map((timed) => timed[part]!));
    return without && having ? [[guest.title, title, ...figures(without, having), aim]] : [];
  });
}

function figures(without: readonly Times[], having: readonly Times[]): string[] {
  const ratio = (key: keyof Times): string =>
    spread(
      having.map((times, round) => times[key] / without[round]![key]),
      3,
    );
  const seconds = (times: readonly Times[]): string => median(times.map(({ wall }) => wall)).toFixed(2);
  return [seconds(without), seconds(having), ratio('wall'), ratio('cpu')];
}

/** Where Debian's kernel is when its page tables are, and the part of its image that is surely code, behind the head. */
const KERNEL_BASE = 0xffffffff80000000n;
const [TEXT_START, TEXT_END] = [0x2000, 0x800000];
const BREAKPOINTS = 1000;
const CANDIDATES = 1500;

/** Addresses of instructions all over the kernel's code. */
function candidates(image: string): bigint[] {
  const text = readFileSync(image).subarray(0, TEXT_END);
  const addresses: bigint[] = [];
  const gap = (TEXT_END - TEXT_START) / CANDIDATES;
  for (let at = TEXT_START; at < TEXT_END; at += (text[at]! & 3) === 3 ? 4 : 2) {
    if (at >= TEXT_START + addresses.length * gap) addresses.push(KERNEL_BASE + BigInt(at));
  }
  return addresses;
}

/** Breakpoints that the boot never meets. A run depends on nothing but its options: what was not met in one run is not in another. */
async function coldBreakpoints(runs: TimedRuns, image: string): Promise<bigint[]> {
  const all = candidates(image);
  const cold = await runs.coldOf(all);
  if (cold.length === all.length || cold.length < BREAKPOINTS)
    throw new Error(`of ${all.length} breakpoints the boot met ${all.length - cold.length}`);
  return cold.slice(0, BREAKPOINTS);
}

async function guests({ names, text, number }: Arguments): Promise<string[][]> {
  const [rounds, images] = [number('rounds'), text('images')];
  return withFolder(async (folder) => {
    const rows: string[][] = [];
    for (const kernel of KERNELS.filter((name) => names.includes(name))) {
      const guest: Guest = { title: kernel, args: hindsightArgs(kernelFile(kernel)), done: /^checksum /m };
      rows.push(...(await compare(guest, waysOf(new TimedRuns(guest, folder), undefined), rounds)));
    }
    if (names.includes('boot') && haveImages(images, "the boot of Debian's kernel")) {
      const guest: Guest = { title: 'boot', args: linuxArgs({ images, commands: 'true', append: 'nokaslr' }), done: RUN_ENDED };
      const runs = new TimedRuns(guest, folder);
      const cold = await coldBreakpoints(runs, kernelIn(images));
      rows.push(...(await compare(guest, waysOf(runs, cold), rounds)));
    }
    return rows;
  });
}

const GDB_ROUNDS = 3;

/** The median seconds of the loop, without and with what `commandOf` has GDB do. */
async function medians(side: Side, stores: number, commandOf: (loop: StoreLoop) => string): Promise<{ without: number; having: number }> {
  const [without, having]: [number[], number[]] = [[], []];
  for (let round = 0; round < GDB_ROUNDS; round++) {
    without.push(await timeLoop(side, stores, NOTHING));
    having.push(await timeLoop(side, stores, commandOf));
  }
  return { without: median(without), having: median(having) };
}

const HITS = 1_000_000;
/** QEMU stops at each of them, and GDB looks: enough to see how long that takes. */
const QEMU_HITS = 5000;

async function condition(): Promise<string[]> {
  if (!haveGdb('the breakpoint with a condition')) return [];
  const ours = await medians('hindsight', HITS, FALSE_CONDITION);
  const microseconds = (seconds: number, hits: number): string => `${((seconds / hits) * 1e6).toFixed(2)} µs`;
  const parts = [`hindsight ${ours.having.toFixed(2)} s for 1,000,000, ${microseconds(ours.having - ours.without, HITS)} each (aim: 2 s)`];
  if (haveQemu('the breakpoint with a condition')) {
    const theirs = await medians('QEMU', QEMU_HITS, FALSE_CONDITION);
    parts.push(`QEMU ${microseconds(theirs.having - theirs.without, QEMU_HITS)} each`);
  }
  return [`A breakpoint whose condition is false, with GDB: ${parts.join('; ')}.`, ''];
}

const STORES = 50_000_000;

async function watchpoint(): Promise<string[]> {
  if (!haveGdb('the watchpoint')) return [];
  const parts: string[] = [];
  for (const side of SIDES.filter((name) => name !== 'QEMU' || haveQemu('the watchpoint'))) {
    const { without, having } = await medians(side, STORES, WATCH_NEIGHBOUR);
    parts.push(`${side} ${having.toFixed(2)} s (without it ${without.toFixed(2)} s)`);
  }
  return [
    `50,000,000 stores to a page with a watchpoint of GDB's on another word of it: ${parts.join(', ')}. Aim: no slower than QEMU.`,
    '',
  ];
}

/** What the boot's recording has beyond the images, and how much that is more with some idle time, which passes as on the host. */
async function sizes({ text, number }: Arguments): Promise<string[]> {
  const [images, idleSeconds] = [text('images'), number('idle')];
  if (!haveImages(images, 'the sizes of recordings')) return [];
  return withFolder(async (folder) => {
    const path = join(folder, 'boot.rec');
    const sizeOf = async (args: readonly string[]): Promise<number> => {
      await launch(process.execPath, args, { input: true }).ended();
      return statSync(path).size;
    };
    const run = (commands: string): string[] => linuxArgs({ images, commands, options: ['--record', `${path},ref`] });
    const boot = await sizeOf(run('true'));
    const idle = await sizeOf(run(`sleep ${idleSeconds}`));
    const empty = await sizeOf([MAIN, 'run', kernelFile('empty'), '--bios', 'none', '--record', `${path},ref`]);
    const perMinute = ((idle - boot) * 60) / idleSeconds;
    return [
      `The recording of the boot without its images: ${boot} bytes (aim: 8192), of which ${empty} are there in that of a guest that does nothing. ` +
        `A minute of idle time more: ${perMinute.toFixed(0)} bytes (from ${idleSeconds} s; aim: 1024).`,
      '',
    ];
  });
}

const HEAD = ['guest', 'with', 'without, s', 'with it, s', 'ratio of wall time', 'of user+sys', 'aim'];

async function main(args: Arguments): Promise<void> {
  const { names, has } = args;
  if (has('write') && names.length < NAMES.length) throw new Error('--write needs all of it');
  if (!canTimeProcessors('what debugging costs')) return;
  const rows = await guests(args);
  const sentences = [
    ...(names.includes('condition') ? await condition() : []),
    ...(names.includes('watchpoint') ? await watchpoint() : []),
    ...(names.includes('size') ? await sizes(args) : []),
  ];
  const about =
    'Ratios are medians of those of each round (smallest to largest): with what is named, to without it; "running" and "whole" are told apart by `--help`. ' +
    "Kernels are those above, the boot is that of Debian's kernel to its power-off.";
  report('debugging', [...head('debugging', about), ...table(HEAD, rows), ...sentences], { write: has('write') });
}

await runTool(TOOL, main);
