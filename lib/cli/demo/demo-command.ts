/** `hindsight demo`: a guided tour that really runs, without a debugger. */
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../util/errors.js';
import { suggest } from '../../util/suggest.js';
import { runCommand } from '../run-command.js';
import { optionsFor } from './guest-run.js';
import { Screen } from './screen.js';
import { byHand, heisenbugStation, linuxStation, type Tour, withTour } from './tour.js';

const LINUX = fileURLToPath(new URL('../../../../examples/linux/Image.gz', import.meta.url));
const HEISENBUG = fileURLToPath(new URL('../../../../examples/heisenbug/heisenbug.elf', import.meta.url));
const INITRD = fileURLToPath(new URL('../../../../examples/linux/initramfs.cpio.lz4', import.meta.url));

const DEMOS: Readonly<Record<string, readonly ((tour: Tour) => Promise<void> | void)[]>> = {
  tour: [linuxStation, heisenbugStation, byHand],
  linux: [linuxStation],
  heisenbug: [heisenbugStation],
};

/** Throws `ConfigError` for an unknown name. */
export async function demoCommand(name = 'tour'): Promise<number> {
  const stations = Object.hasOwn(DEMOS, name) ? DEMOS[name] : undefined;
  if (!stations) {
    const nearest = suggest(name, Object.keys(DEMOS));
    throw new ConfigError(`demo ${name}: ${nearest ? `did you mean ${nearest}?` : `there are ${Object.keys(DEMOS).join(', ')}`}`);
  }
  if (!existsSync(HEISENBUG)) throw new ConfigError('demo: the examples are not there');
  const output = process.stdout;
  const colours = output.isTTY === true && !process.env.NO_COLOR;
  const screen = new Screen({ output, isTerminal: output.isTTY === true, colours, nowMs: () => performance.now() });
  screen.say(`${screen.styled('bold', 'hindsight')}: whole machines that can be debugged backwards.`);
  await withTour(screen, async (tour) => {
    for (const station of stations) await station(tour);
  });
  return process.stdin.isTTY && output.isTTY ? menu(screen) : 0;
}

/** What next? Only for somebody who can answer. */
async function menu(screen: Screen): Promise<number> {
  screen.say();
  const questions = createInterface({ input: process.stdin, output: process.stdout });
  const answer = (await questions.question("  l: Linux' shell   q: end   > ")).trim().toLowerCase();
  questions.close();
  if (!answer.startsWith('l')) return 0;
  return runCommand(optionsFor(LINUX, { initrd: INITRD, append: 'console=ttyS0' }));
}
