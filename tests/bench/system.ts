/** Times Debian's kernel as a whole system under QEMU and under hindsight, run by hand; `--help` says how. */
import { join } from 'node:path';
import { withFolder } from '../support/files.js';
import { haveQemu } from '../support/qemu.js';
import { type Arguments, runTool } from '../support/tool.js';
import { haveImages, IMAGES, INIT_REACHED, type LinuxRun, launchLinux, MEMORY_MIB, RUN_ENDED, SIDES, type Side } from './linux.js';
import { readStats } from './measure.js';
import { between, canTimeProcessors, peakBytes, type Times } from './process.js';
import { head, report } from './results.js';
import { median, spread, table } from './statistics.js';
import {
  type Amounts,
  BEGIN,
  END,
  GROUPS,
  type Group,
  MIB,
  makeDisk,
  scriptOf,
  type Workload,
  withServers,
  workloadsOf,
} from './workloads.js';

const NAMES = ['boot', ...GROUPS, 'idle', 'memory'] as const;

const USAGE = `node dist/tests/bench/system.js [options] [what...]: times Debian's kernel under QEMU and under hindsight, in turn

What (default: all): ${NAMES.join(', ')}

    --rounds N            runs on each side, alternating; medians count (default 3)
    --disk MIB            what is read from and written to a disk (default 256)
    --net MIB             what is sent each way through the network (default 128)
    --idle SECONDS        how long a guest at its prompt is watched, on each side (default 20)
    --images FOLDER       where the kernel and the initramfs are (default: tests/guests/cache)
    --write               renew the section in tests/bench/RESULTS.md

Times of workloads are between two lines on the guest's console, by the host's clock. user+sys is that of the whole process, all threads.`;

const TOOL = {
  usage: USAGE,
  options: { rounds: '3', disk: '256', net: '128', idle: '20', images: IMAGES, write: false },
  names: NAMES,
} as const;

/** What one thing took on one side, round by round. */
type Measured = Readonly<Record<Side, Times[]>>;

interface Row {
  readonly title: string;
  readonly times: Measured;
  readonly bytes?: number | undefined;
}

const newRow = (title: string, bytes?: number): Row => ({ title, times: { QEMU: [], hindsight: [] }, bytes });

/** Calls `run` for both sides in turn, in every round in the other order. */
async function alternate(rounds: number, run: (side: Side) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? SIDES : [...SIDES].reverse()) {
      console.error(`round ${round + 1} of ${rounds}, ${side}`);
      await run(side);
    }
  }
}

async function boots(images: string, rounds: number): Promise<Row[]> {
  const [init, whole] = [newRow('start to /init'), newRow('start to power-off')];
  await alternate(rounds, async (side) => {
    const machine = launchLinux(side, { images, commands: 'true' });
    init.times[side].push(await machine.printed(INIT_REACHED));
    whole.times[side].push(await machine.ended());
  });
  return [init, whole];
}

/** Runs the workloads in one boot, and gives what each took. */
async function work(side: Side, run: LinuxRun, workloads: readonly Workload[]): Promise<Times[]> {
  const machine = launchLinux(side, run);
  const times: Times[] = [];
  for (const _ of workloads) {
    const begin = await machine.printed(BEGIN);
    times.push(between(begin, await machine.printed(END)));
  }
  await machine.ended();
  return times;
}

function works(images: string, groups: readonly Group[], rounds: number, amounts: Amounts): Promise<Row[]> {
  return withFolder((folder) =>
    withServers(amounts, async (servers) => {
      const workloads = groups.flatMap((group) => workloadsOf(group, amounts, servers));
      const rows = workloads.map(({ title, bytes }) => newRow(title, bytes));
      const net = groups.includes('network');
      const commands = scriptOf(workloads, net);
      await alternate(rounds, async (side) => {
        const drive = groups.includes('disk') ? makeDisk(folder, amounts.diskMib) : undefined;
        const times = await work(side, { images, commands, append: 'quiet', drive, net }, workloads);
        for (const [index, row] of rows.entries()) row.times[side].push(times[index]!);
      });
      return rows;
    }),
  );
}

const PROMPT = /\/ # /;
const SETTLE_MS = 3000;

/** The part of a core that a guest at its prompt takes. */
async function idle(side: Side, images: string, seconds: number): Promise<string> {
  const machine = launchLinux(side, { images, append: 'quiet' });
  await machine.printed(PROMPT);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const begin = machine.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { wall, cpu } = between(begin, machine.now());
  machine.child.stdin?.write('poweroff -f\n');
  await machine.ended();
  return `${side} ${((cpu / wall) * 100).toFixed(1)} %`;
}

/** Fills most of the guest's memory, forks, and gives the process's peak of memory beyond the guest's. */
function memory(side: Side, images: string): Promise<string> {
  return withFolder(async (folder) => {
    const stats = join(folder, 'stats.json');
    const fill = `mount -t tmpfs -o size=100% none /mnt&&dd if=/dev/zero of=/mnt/x bs=1M count=${Math.floor(MEMORY_MIB / 2)}&&rm /mnt/x`;
    const commands = `${fill}&&bench fork 500&&bench exec 50`;
    const machine = launchLinux(side, { images, commands, append: 'quiet', options: ['--stats', stats] });
    await machine.printed(RUN_ENDED);
    const peak = peakBytes(machine);
    await machine.ended();
    const bytes = side === 'hindsight' ? readStats(stats)('peakRssBytes') : peak;
    return `${side} ${(bytes / MIB - MEMORY_MIB).toFixed(0)} MiB`;
  });
}

/** A sentence with what `measure` says about either side. */
async function sentence(subject: string, measure: (side: Side) => Promise<string>): Promise<string[]> {
  const parts: string[] = [];
  for (const side of SIDES) parts.push(await measure(side));
  return [`${subject}: ${parts.join(', ')}.`, ''];
}

const HEAD = ['what', 'QEMU s', 'user+sys', 'hindsight s', 'user+sys', 'QEMU / hindsight', 'of user+sys', 'QEMU MiB/s', 'hindsight MiB/s'];

function cells({ title, times, bytes }: Row): string[] {
  const of = (side: Side, key: keyof Times): number[] => times[side].map((time) => time[key]);
  const both = (side: Side): string[] => [median(of(side, 'wall')).toFixed(2), median(of(side, 'cpu')).toFixed(2)];
  const ratio = (key: keyof Times): string =>
    spread(
      of('QEMU', key).map((value, round) => value / of('hindsight', key)[round]!),
      2,
    );
  const rate = (side: Side): string => (bytes === undefined ? '' : (bytes / MIB / median(of(side, 'wall'))).toFixed(0));
  return [title, ...both('QEMU'), ...both('hindsight'), ratio('wall'), ratio('cpu'), rate('QEMU'), rate('hindsight')];
}

async function main({ names, number, text, has }: Arguments): Promise<void> {
  if (has('write') && names.length < NAMES.length) throw new Error('--write needs all of it');
  const [images, rounds] = [text('images'), number('rounds')];
  const amounts = { diskMib: number('disk'), netMib: number('net') };
  const seconds = number('idle');
  const what = 'the comparison of whole systems';
  if (!canTimeProcessors(what) || !haveQemu(what) || !haveImages(images, what)) return;
  const groups = GROUPS.filter((group) => names.includes(group));
  const rows = [
    ...(names.includes('boot') ? await boots(images, rounds) : []),
    ...(groups.length > 0 ? await works(images, groups, rounds, amounts) : []),
  ];
  const isIdle = `A core's time that a guest at its prompt takes, over ${seconds} s`;
  const peak = `Peak memory of the process beyond the guest's ${MEMORY_MIB} MiB, of which it filled more than half`;
  const sentences = [
    ...(names.includes('idle') ? await sentence(isIdle, (side) => idle(side, images, seconds)) : []),
    ...(names.includes('memory') ? await sentence(peak, (side) => memory(side, images)) : []),
  ];
  const about =
    `Debian's kernel (tests/guests) with 1 hart, the built-in SBI here and OpenSBI there. Medians of ${rounds}; ratios are medians of those of each round ` +
    '(smallest to largest), and above 1 where hindsight is the faster one. The disk is written through to a file in the cache of the host.';
  report('system', [...head('system', about), ...table(HEAD, rows.map(cells)), ...sentences], { write: has('write') });
}

await runTool(TOOL, main);
