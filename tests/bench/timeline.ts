/** Times going back in the boot of Debian's kernel, run by hand; `--help` says how. */
import { bootMachine, hostInputs, loadMachine } from '../../lib/host/boot.js';
import { createEngine } from '../../lib/host/create-engine.js';
import { type MachineOptions, machineNamed } from '../../lib/host/machine-options.js';
import { PAGE_SIZE } from '../../lib/mem/layout.js';
import type { GuestMachine } from '../../lib/system/guest-machine.js';
import { Timeline } from '../../replay/timeline.js';
import { randomSource } from '../support/random.js';
import { type Arguments, runTool } from '../support/tool.js';
import { haveImages, IMAGES, initramfsIn, kernelIn } from './linux.js';
import { head, report } from './results.js';
import { median, quantile, table } from './statistics.js';

const SLICE = 400_000;
const MIB = 2 ** 20;
/** How far back a breakpoint is looked for. */
const FAR = 500_000_000;

const USAGE = `node dist/tests/bench/timeline.js [options]: times going back in the boot of Debian's kernel

    --ticks N             how long the history is (default 1000000000; at least 600 million)
    --smp N               harts (default 1)
    --history BYTES       memory for checkpoints (default 512 MiB)
    --rounds N            forward runs, for the speed; medians count (default 3)
    --verify              compares the states that are gone to with those of a run that is never taken back
    --images FOLDER       where the kernel and the initramfs are (default: tests/guests/cache)
    --write               renew the section in tests/bench/RESULTS.md

All of it happens inside one process, without GDB. Processor time is that of all threads.`;

const TOOL = {
  usage: USAGE,
  options: {
    ticks: '1000000000',
    smp: '1',
    history: String(512 * MIB),
    rounds: '3',
    verify: false,
    images: IMAGES,
    write: false,
  },
} as const;

interface Setting {
  readonly images: string;
  readonly harts: number;
  /** The last tick. */
  readonly last: number;
  readonly historyBytes: number;
}

function boot({ images, harts }: Setting): GuestMachine {
  const append = 'console=ttyS0 cryptomgr.notests quiet hindsight.run="while true; do ls -lR / | md5sum; done"';
  const options: MachineOptions = {
    kernel: kernelIn(images),
    machine: machineNamed('riscv-virt'),
    memoryBytes: 128 * MIB,
    harts: harts,
    bios: { kind: 'default' },
    initrd: initramfsIn(images),
    bootArgs: append,
    dtb: undefined,
    svadu: false,
    seed: 1n,
    net: undefined,
    virtioConsole: false,
    drives: [],
    startTimeMs: 1_700_000_000_000,
  };
  const loaded = loadMachine(
    options,
    hostInputs(() => {}),
  );
  const sink = (): void => {};
  return bootMachine(loaded, {
    sinks: { serial: sink, virtio: sink, frame: sink },
    createEngine,
    engine: { mode: 'auto', chain: true, hotThreshold: undefined },
  });
}

/** Processor time of this process in milliseconds: what counts where others use the machine too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Seconds of processor time. */
interface ForwardTimes {
  readonly all: number;
  /** Of the last `FAR` ticks. */
  readonly end: number;
}

/** What running to `last` takes. */
async function forward(target: Pick<Timeline, 'tick' | 'run'>, last: number): Promise<ForwardTimes> {
  const start = cpuMs();
  let far = start;
  for (let i = 0; target.tick < last; i++) {
    const goal = target.tick < last - FAR ? last - FAR : last;
    target.run(Math.min(goal, target.tick + SLICE));
    if (target.tick === last - FAR) far = cpuMs();
    if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { all: (cpuMs() - start) / 1000, end: (cpuMs() - far) / 1000 };
}

interface Past {
  readonly machine: GuestMachine;
  readonly timeline: Timeline;
}

interface Forward extends Past {
  /** Seconds that the last `FAR` ticks take with history. */
  readonly end: number;
  readonly sentences: readonly string[];
}

const size = (timeline: Timeline): string =>
  `${timeline.checkpointPositions.length} checkpoints, ${(timeline.historyBytes / MIB).toFixed(1)} MiB`;

/** Runs to the end of history, some times; gives the last machine. What a history costs is for debugging.ts to say: in one process V8 knows the modules of runs before. */
async function forwards(setting: Setting, rounds: number): Promise<Forward> {
  const { last, historyBytes } = setting;
  const times: ForwardTimes[] = [];
  let past: Past | undefined;
  // The first run in a process also translates the emulator's own code.
  for (let i = -1; i < rounds; i++) {
    const machine = boot(setting);
    past = { machine, timeline: new Timeline(machine, { nowMs: () => performance.now(), historyBytes }) };
    const time = await forward(past.timeline, last);
    if (i >= 0) times.push(time);
  }
  const all = median(times.map((time) => time.all));
  const end = median(times.map((time) => time.end));
  const speed = `${(last / all / 1e6).toFixed(0)} million ticks/s`;
  return {
    ...past!,
    end,
    sentences: [`Forward, with history: ${all.toFixed(2)} s (${speed}). ${size(past!.timeline)} of ${historyBytes / MIB}.`, ''],
  };
}

interface Took {
  readonly row: readonly string[];
  /** The median of processor time. */
  readonly seconds: number;
}

/** Times `work`, `count` times; gives a row of the table. */
async function time(title: string, aim: string, count: number, work: () => Promise<unknown>): Promise<Took> {
  const [cpu, wall]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const [cpuStart, wallStart] = [cpuMs(), performance.now()];
    await work();
    cpu.push(cpuMs() - cpuStart);
    wall.push(performance.now() - wallStart);
  }
  const cells = (taken: readonly number[]): string[] => [0.5, 0.99, 1].map((part) => quantile(taken, part).toFixed(1));
  const row = [title, String(count), ...cells(wall), ...cells(cpu), aim];
  console.error(row.join('  '));
  return { row, seconds: median(cpu) / 1000 };
}

const HEAD = ['what', 'times', 'median, ms', '99 %', 'worst', 'median of user+sys', '99 %', 'worst', 'aim'];
const STEP_AIM = 'median 10, 99 % 100';
/** A word of the kernel's memory that is never written. */
const UNWRITTEN = 0x80000000 + 0x1800000;

const SAMPLES = [0.1, 0.3, 0.5, 0.7, 0.9];
const SAMPLE_TICKS = 5_000_000;

/** Words that keep their contents, as far as samples show, in the pages that are stored to all the time: their physical addresses. */
async function quietWords({ machine, timeline }: Past, last: number): Promise<number[]> {
  const { pages } = machine;
  const log = pages.openDirtyLog();
  const samples: Map<number, Buffer>[] = [];
  for (const part of SAMPLES) {
    await timeline.seek(Math.floor(last * part));
    log.take();
    timeline.run(timeline.tick + SAMPLE_TICKS);
    samples.push(new Map([...log.take()].map((frame) => [frame, Buffer.from(pages.read(frame))])));
  }
  log.close();
  const [first, ...others] = samples as [Map<number, Buffer>, ...Map<number, Buffer>[]];
  return [...first].flatMap(([frame, page]) => {
    const isQuiet = (at: number): boolean => others.every((sample) => sample.get(frame)?.readBigUInt64LE(at) === page.readBigUInt64LE(at));
    const offset = Array.from({ length: PAGE_SIZE / 8 }, (_, word) => word * 8).find(isQuiet);
    return offset === undefined ? [] : [pages.paddrOf(frame) + offset];
  });
}

interface Backwards {
  readonly rows: readonly (readonly string[])[];
  /** Seconds of processor time for the scan of the last `FAR` ticks. */
  readonly scan: number;
}

/** Goes back in all ways; calls `note` where it got to. */
async function backwards({ machine, timeline }: Past, last: number, note: () => void): Promise<Backwards> {
  const random = randomSource(1);
  const took: Took[] = [];
  took.push(await time('reverse-stepi at the present', STEP_AIM, 500, () => timeline.stepBack()));
  note();
  took.push(await time('seek anywhere', '500', 40, () => timeline.seek(Math.floor((random() / 2 ** 32) * last)).then(note)));
  for (const part of [0.25, 0.5, 0.9]) {
    await timeline.seek(Math.floor(last * part));
    took.push(await time(`reverse-stepi at ${part * 100} %`, STEP_AIM, 300, () => timeline.stepBack()));
    note();
  }
  await timeline.seek(last - FAR);
  const { currentHart } = machine.debug;
  const pc = machine.debug.pc(currentHart);
  await timeline.seek(last);
  timeline.setBreakpoints([{ pc, condition: (hart) => hart === currentHart && timeline.tick <= last - FAR }]);
  const scan = await time('reverse-continue to a breakpoint 500 M ticks ago', '3000', 1, () => timeline.reverseContinue());
  took.push(scan);
  if (timeline.tick !== last - FAR) throw new Error(`reverse-continue stopped at tick ${timeline.tick}`);
  note();
  timeline.setBreakpoints([]);
  await timeline.seek(last);
  took.push(await time('last-write of a word never written', '3000', 1, () => timeline.lastWrite(UNWRITTEN, 8)));
  const words = await quietWords({ machine, timeline }, last);
  await timeline.seek(last);
  let next = 0;
  const busy = 'last-write of words that are seldom written, in pages that always are';
  took.push(await time(busy, '3000', words.length, () => timeline.lastWrite(words[next++]!, 8)));
  return { rows: took.map(({ row }) => row), scan: scan.seconds };
}

interface Visit {
  readonly tick: number;
  readonly digest: string;
}

/** Throws if a run that is never taken back has another state at one of the ticks. */
function verify(visited: readonly Visit[], setting: Setting): string {
  const straight = boot(setting);
  for (const { tick, digest } of [...visited].sort((a, b) => a.tick - b.tick)) {
    straight.run(tick);
    if (straight.stateDigest() !== digest) throw new Error(`another state at tick ${tick}`);
  }
  return `${visited.length} states were those of a run that was never taken back.`;
}

async function main({ number, text, has }: Arguments): Promise<void> {
  const setting: Setting = {
    images: text('images'),
    harts: number('smp'),
    last: number('ticks', 600_000_000),
    historyBytes: number('history'),
  };
  const rounds = number('rounds');
  if (!haveImages(setting.images, 'going back in time')) return;
  const past = await forwards(setting, rounds);
  const visited: Visit[] = [];
  const { machine, timeline } = past;
  const { rows, scan } = await backwards(past, setting.last, () => {
    if (has('verify')) visited.push({ tick: timeline.tick, digest: machine.stateDigest() });
  });
  const speed = `That scan of 500 M ticks runs at ${(past.end / scan).toFixed(2)} of the forward speed with history; aim: 0.8.`;
  const about = `${setting.last / 1e6} million ticks of Debian's boot and a shell's work, harts: ${setting.harts}; forward times are processor time, medians of ${rounds}.`;
  const end = [`Afterwards: ${size(timeline)}.${has('verify') ? ` ${verify(visited, setting)}` : ''}`, ''];
  report('timeline', [...head('timeline', about), ...table(HEAD, rows), ...past.sentences, speed, '', ...end], { write: has('write') });
}

await runTool(TOOL, main);
