/**
 * Times going back in the boot of Debian's kernel, run by hand: `node dist/tests/bench/timeline.js [--ticks N] [--smp N] [--history BYTES] [--rounds N] [--verify]`.
 *
 * The images are those of tests/guests. `--verify` also compares the states that are gone to with those of a run that is never taken back.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bootMachine, hostInputs, loadMachine } from '../../lib/host/boot.js';
import { createEngine } from '../../lib/host/create-engine.js';
import { type MachineOptions, machineNamed } from '../../lib/host/machine-options.js';
import type { GuestMachine } from '../../lib/system/guest-machine.js';
import { Timeline } from '../../replay/timeline.js';
import { randomSource } from '../support/random.js';

const CACHE = fileURLToPath(new URL('../../../tests/guests/cache/', import.meta.url));
const SLICE = 400_000;

const { values } = parseArgs({
  options: {
    ticks: { type: 'string', default: '1000000000' },
    smp: { type: 'string', default: '1' },
    history: { type: 'string', default: String(512 * 2 ** 20) },
    rounds: { type: 'string', default: '1' },
    verify: { type: 'boolean', default: false },
  },
});
const [LAST, HISTORY] = [Number(values.ticks), Number(values.history)];

function boot(): GuestMachine {
  const append = 'console=ttyS0 cryptomgr.notests quiet hindsight.run="while true; do ls -lR / | md5sum; done"';
  const options: MachineOptions = {
    kernel: `${CACHE}kernel/Image`,
    machine: machineNamed('riscv-virt'),
    memoryBytes: 128 * 2 ** 20,
    harts: Number(values.smp),
    bios: { kind: 'default' },
    initrd: `${CACHE}initramfs.cpio.gz`,
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

/** Seconds of processor time that running to LAST takes. */
async function forward(target: Pick<Timeline, 'tick' | 'run'>): Promise<number> {
  const start = cpuMs();
  for (let i = 0; target.tick < LAST; i++) {
    target.run(Math.min(LAST, target.tick + SLICE));
    if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return (cpuMs() - start) / 1000;
}

/** Times `work`, `count` times, and prints the median and the 99th percentile in milliseconds of processor time, and of the clock. */
async function time(name: string, count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  const [cpu, wall]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const start = [cpuMs(), performance.now()] as const;
    await work(i);
    cpu.push(cpuMs() - start[0]);
    wall.push(performance.now() - start[1]);
  }
  const show = (took: number[]): string => {
    took.sort((a, b) => a - b);
    const at = (part: number): string => (took[Math.min(took.length - 1, Math.floor(took.length * part))] as number).toFixed(1);
    return `median ${at(0.5)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`;
  };
  console.log(`${name.padEnd(34)} ${show(cpu)}; by the clock ${show(wall)}`);
}

const rounds = Number(values.rounds);
const plains: number[] = [];
const withHistory: number[] = [];
let machine = boot();
let timeline = new Timeline(machine, { nowMs: () => performance.now(), historyBytes: HISTORY });
for (let i = 0; i < rounds; i++) {
  plains.push(await forward(boot()));
  machine = boot();
  timeline = new Timeline(machine, { nowMs: () => performance.now(), historyBytes: HISTORY });
  withHistory.push(await forward(timeline));
}
const median = (times: number[]): number => times.sort((a, b) => a - b)[rounds >> 1] as number;
const [plain, kept] = [median(plains), median(withHistory)];
console.log(
  `forward: ${plain.toFixed(2)} s plain, ${kept.toFixed(2)} s with history (+${((kept / plain - 1) * 100).toFixed(1)} %), ${(LAST / kept / 1e6).toFixed(0)} M ticks/s`,
);
console.log(
  `history: ${timeline.checkpointPositions.length} checkpoints, ${(timeline.historyBytes / 2 ** 20).toFixed(1)} MiB of ${(HISTORY / 2 ** 20).toFixed(0)}`,
);

const random = randomSource(1);
const visited: { tick: number; digest: string }[] = [];
const note = (): void => {
  if (values.verify) visited.push({ tick: timeline.tick, digest: machine.stateDigest() });
};
await time('reverse-stepi at the present', 500, () => timeline.stepBack());
note();
await time('seek anywhere', 40, () => timeline.seek(Math.floor((random() / 2 ** 32) * LAST)).then(note));
for (const part of [0.25, 0.5, 0.9]) {
  await timeline.seek(Math.floor(LAST * part));
  await time(`reverse-stepi at ${part * 100} %`, 300, () => timeline.stepBack());
  note();
}
await timeline.seek(LAST - 500_000_000);
const paddr = 0x80000000 + 0x1800000;
const pc = machine.debug.pc(0);
await timeline.seek(LAST);
timeline.setBreakpoints([{ pc, condition: () => timeline.tick <= LAST - 500_000_000 }]);
await time('reverse-continue, 500 M ticks', 1, () => timeline.reverseContinue());
console.log(`  now at tick ${timeline.tick}`);
timeline.setBreakpoints([]);
await timeline.seek(LAST);
await time('last-write of a word never written', 1, () => timeline.lastWrite(paddr, 8));
console.log(`history: ${timeline.checkpointPositions.length} checkpoints, ${(timeline.historyBytes / 2 ** 20).toFixed(1)} MiB`);
if (values.verify) {
  visited.sort((a, b) => a.tick - b.tick);
  const straight = boot();
  for (const { tick, digest } of visited) {
    straight.run(tick);
    if (straight.stateDigest() !== digest) throw new Error(`another state at tick ${tick}`);
  }
  console.log(`${visited.length} states are those of a run that was never taken back`);
}
