/** The stations of the guided tour: each really runs what it shows. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Timeline } from '../../../replay/timeline.js';
import { describePlace } from '../../symbols/location.js';
import { openSymbols, type Symbols } from '../../symbols/symbols.js';
import { InternalError } from '../../util/errors.js';
import { GuestRun, optionsFor } from './guest-run.js';
import { replayToEnd, timelineOf } from './replayed-run.js';
import type { Screen } from './screen.js';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/', import.meta.url));
const LINUX = join(EXAMPLES, 'linux/Image.gz');
const INITRD = join(EXAMPLES, 'linux/initramfs.cpio.lz4');
const HEISENBUG = join(EXAMPLES, 'heisenbug/heisenbug.elf');
const APPEND = 'console=ttyS0 quiet';
const PROMPT = '# ';
/** Ticks from power-on to the shell, about: for the bar. */
const BOOT_TICKS = 70_000_000;
const TYPED = ['uname -srm\n', 'cat /proc/uptime\n', 'ls /\n'];
/** The variable that the heisenbug damages. */
const VARIABLE = 'filter_task';
/** The first seed that is tried; the tour must not take all day. */
const SEED_FIRST = 20;
const SEED_LAST = 1199;

export interface Tour {
  readonly screen: Screen;
  /** For recordings; removed afterwards. */
  readonly folder: string;
}

/** Calls `work` with a folder of its own. */
export async function withTour(screen: Screen, work: (tour: Tour) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-demo-'));
  try {
    await work({ screen, folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Boots Linux under recording, types into it, and runs the recording again. */
export async function linuxStation({ screen, folder }: Tour): Promise<void> {
  screen.title('1. A whole machine, recorded');
  const path = join(folder, 'linux.rec');
  const run = new GuestRun(optionsFor(LINUX, { initrd: INITRD, append: APPEND, record: path, smp: '2' }));
  const boot = await screen.timed('booting Linux', async (progress) => run.until(PROMPT, (tick) => progress(tick / BOOT_TICKS)));
  if (!boot.result) throw new InternalError(`demo: Linux did not come up: ${run.output.slice(-500)}`);
  screen.say(`Linux with 2 harts is at its shell: ${run.machine.tick.toLocaleString('en')} instructions in ${boot.seconds.toFixed(2)} s.`);
  screen.say('Now somebody types:');
  const session = await screen.timed('the guest works', async (progress) => {
    for (const line of TYPED) {
      await run.type(line);
      await run.until(PROMPT, () => progress(0.5));
    }
    await run.type('poweroff\n');
    await run.toEnd(() => progress(0.9));
  });
  const digest = await run.finish();
  screen.quote(run.output, 12);
  const kilobytes = Math.ceil(statSync(path).size / 1024);
  screen.say(`It ran on for ${session.seconds.toFixed(2)} s. All of it is in one file of ${kilobytes} KB, kernel and disk included.`);

  screen.title('2. The same run again, bit for bit');
  const again = await screen.timed('replaying', (progress) => replayToEnd(path, progress));
  const equal = again.result === digest;
  screen.say(`state of the machine at the end, recorded   ${digest}`);
  screen.say(`state of the machine at the end, replayed   ${again.result}`);
  screen.say(
    `${equal ? screen.styled('green', 'equal') : screen.styled('red', 'DIFFERENT')}, after ${run.machine.tick.toLocaleString('en')} instructions in ${again.seconds.toFixed(2)} s.`,
  );
  if (!equal) throw new InternalError('demo: the replay differs');
}

/** Looks for a run in which the heisenbug shows, and goes back from the failure to its cause. */
export async function heisenbugStation({ screen, folder }: Tour): Promise<void> {
  screen.title('3. A bug that shows once in hundreds of runs');
  screen.say(
    'A small kernel with a race: an interrupt handler against a read-modify-write. Most runs pass; here are those of the seeds from 20 on.',
  );
  const path = join(folder, 'heisenbug.rec');
  const hunt = await screen.timed('running it with one seed after the other', (progress) => findFailure(path, progress));
  const { seed, run } = hunt.result;
  screen.say(
    `Runs ${SEED_FIRST} to ${seed - 1} passed; run ${screen.styled('bold', String(seed))} failed (${hunt.seconds.toFixed(2)} s for all of them), and it was recorded:`,
  );
  screen.quote(run.output, 2);

  screen.title('4. Back from the failure to its cause');
  const { result: timeline } = await screen.timed('replaying to the failure', () => timelineOf(path));
  const symbols = openSymbols(HEISENBUG);
  const end = timeline.tick;
  screen.say(
    `The panic is the last thing that happened, at tick ${end.toLocaleString('en')}. Who wrote ${VARIABLE}.flags last, and before that?`,
  );
  for (let i = 0; i < 2; i++) {
    const found = await screen.timed('searching backwards', () => lastWriter(timeline, symbols));
    await timeline.seek(found.result.at);
    const back = end - found.result.at;
    screen.say(
      `  tick ${found.result.at.toLocaleString('en')} (${back.toLocaleString('en')} before the end), found in ${(found.seconds * 1000).toFixed(0)} ms:`,
    );
    screen.say(`    ${screen.styled('bold', found.result.place)}   ${found.result.before} -> ${found.result.after}`);
    screen.say(`    ${screen.styled('cyan', found.result.source)}`);
  }
  symbols.close();
  screen.say('The handler set the flag; a store of an older value, on its way when the interrupt came, wiped it out.');
  screen.say(`What it is about: ${shown('heisenbug/README.md')}`);
}

/** The commands for doing all this by hand. */
export function byHand({ screen }: Tour): void {
  const [linux, initrd, bug] = [shown('linux/Image.gz'), shown('linux/initramfs.cpio.lz4'), shown('heisenbug/heisenbug.elf')];
  screen.title('By hand');
  for (const line of [
    `npx hindsight run ${linux} --initrd ${initrd} --append console=ttyS0 --record my.rec`,
    'npx hindsight replay my.rec',
    '',
    `npx hindsight run ${bug} --bios none --seed 33 --record bug.rec`,
    'npx hindsight replay bug.rec --gdb --wait',
    `gdb-multiarch -d ${dirname(bug)} ${bug} -ex 'target remote :1234' -ex 'break panic' -ex continue \\`,
    `    -ex 'watch ${VARIABLE}.flags' -ex reverse-continue -ex bt`,
  ])
    screen.say(line === '' ? '' : `  ${line}`);
}

/** A file of the examples, as one would type it. */
function shown(path: string): string {
  const from = relative(process.cwd(), join(EXAMPLES, path));
  return from.startsWith('..') ? join(EXAMPLES, path) : from;
}

async function findFailure(path: string, progress: (part: number) => void): Promise<{ seed: number; run: GuestRun }> {
  for (let seed = SEED_FIRST; seed <= SEED_LAST; seed++) {
    const run = new GuestRun(optionsFor(HEISENBUG, { bios: 'none', memory: '4M', seed: String(seed), record: path }));
    await run.toEnd(() => {});
    await run.finish();
    if (run.machine.powerOff !== 0) return { seed, run };
    progress((seed - SEED_FIRST) / 14);
  }
  throw new InternalError('demo: the heisenbug does not show');
}

interface Write {
  readonly at: number;
  /** The line of the source, as far as the file is here. */
  readonly source: string;
  readonly place: string;
  readonly before: string;
  readonly after: string;
}

/** The last write to the variable before here. */
async function lastWriter(timeline: Timeline, symbols: Symbols): Promise<Write> {
  const variable = symbols.variable(VARIABLE);
  const hit = variable && (await timeline.lastWrite(Number(variable.address), 4));
  if (!variable || hit?.stop.kind !== 'watchpoint') throw new InternalError('demo: nobody wrote the variable');
  const value = (): string =>
    `0x${new DataView((timeline.machine.memory.read(Number(variable.address), 4) as Uint8Array).slice().buffer).getUint32(0, true).toString(16)}`;
  await timeline.seek(hit.behind);
  const after = value();
  await timeline.seek(hit.at);
  return { at: hit.at.tick, source: sourceLine(symbols, hit.stop.pc), place: describePlace(symbols, hit.stop.pc), before: value(), after };
}

function sourceLine(symbols: Symbols, pc: bigint): string {
  const line = symbols.lineAt(pc);
  const path = line && join(dirname(HEISENBUG), basename(line.path));
  return path && existsSync(path) ? (readFileSync(path, 'utf8').split('\n')[line.line - 1] ?? '').trim() : '';
}
