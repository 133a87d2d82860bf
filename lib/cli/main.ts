#!/usr/bin/env node
/** The `hindsight` command: reads the command line, joins the parts, and turns every end into an exit code. */
import { readFileSync, writeFileSync } from 'node:fs';
import sade from 'sade';
import { ConfigError, describeSystemError, ImageError, UnimplementedError } from '../util/errors.js';
import { suggest } from '../util/suggest.js';
import { bootMachine, hostInputs, loadMachine, machineConfig } from './boot.js';
import { openConsole, openForWriting } from './console.js';
import { createEngine } from './create-engine.js';
import { joinValues, parserSettings, RUN_OPTIONS, type RunOptions, runOptions } from './options.js';
import { run } from './run.js';
import { exitCode, type RunEnd, Session, SIGNAL_NAMES } from './session.js';
import { collectStats, writeStats } from './stats.js';

const EXIT_USER_ERROR = 2;
const EXIT_INTERNAL_ERROR = 70;
const COMMANDS = ['run'];
/** Stands for a missing argument: no argument of a process can have a NUL in it. Two are added, as an option without value takes one. */
const NO_ARGUMENT = '\0';

/** Does what the command line `args` (without interpreter and script) says, and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  checkCommand(args[0]);
  let result = Promise.resolve(0);
  const program = sade('hindsight').version(packageVersion()).describe('A full-system emulator that can be debugged backwards.');
  program.command('run <kernel>', 'Boot a machine. The kernel: an ELF file, a RISC-V Linux Image (plain or gzip), or a flat binary.');
  for (const row of RUN_OPTIONS) {
    program.option(`--${row.name}`, 'value' in row ? `${row.value}: ${row.text}` : row.text, 'default' in row ? row.default : undefined);
  }
  for (const example of ['hello.elf --bios none', 'kernel.elf --memory 1G --append "console=ttyS0"', 'test.elf --console none --stats -']) {
    program.example(`run ${example}`);
  }
  program.action((kernel: string, parsed: Record<string, unknown>) => {
    result = runCommand(checkedOptions(kernel, parsed));
  });
  const missing = COMMANDS.includes(args[0] ?? '') ? [NO_ARGUMENT, NO_ARGUMENT] : [];
  program.parse([...process.argv.slice(0, 2), ...joinValues(args), ...missing], parserSettings());
  return result;
}

function checkCommand(word: string | undefined): void {
  if (word === undefined) throw new ConfigError('no command; see hindsight --help');
  if (/^(-h|-v|--help|--version)$/.test(word) || COMMANDS.includes(word)) return;
  if (word.startsWith('-')) throw new ConfigError(`${word}: options go behind the command; see hindsight --help`);
  const nearest = suggest(word, COMMANDS);
  throw new ConfigError(`unknown command ${word}; ${nearest ? `did you mean ${nearest}?` : 'see hindsight --help'}`);
}

/** The options, after a check of what is missing and what is too much. */
function checkedOptions(kernel: string, parsed: Record<string, unknown>): RunOptions {
  const missing = Object.entries(parsed).find(([, value]) => value === NO_ARGUMENT);
  if (missing) throw new ConfigError(`--${missing[0]} needs a value`);
  if (kernel === NO_ARGUMENT) throw new ConfigError('run: no kernel given; see hindsight run --help');
  const extra = (parsed._ as readonly unknown[]).find((argument) => argument !== NO_ARGUMENT);
  if (extra !== undefined) throw new ConfigError(`run: unexpected argument ${extra}`);
  return runOptions(String(kernel), parsed);
}

async function runCommand(options: RunOptions): Promise<number> {
  if (options.dumpDtb !== undefined) return dumpDeviceTree(options, options.dumpDtb);
  const loaded = loadMachine(options, hostInputs(complain));
  const session = new Session();
  const say = (message: string) => {
    if (!options.quiet) complain(message);
  };
  const statsFile = options.stats === undefined || options.stats === '-' ? undefined : openForWriting(options.stats, '--stats');
  for (const signal of SIGNAL_NAMES) process.on(signal, () => onSignal(session, signal));
  const console = openConsole(options.console, session, say);
  try {
    const machine = bootMachine(loaded, { sinks: { serial: (byte) => console.write(byte) }, createEngine });
    const startMs = performance.now();
    const { maxTicks, pace } = options;
    const end = await run({ machine, ports: [console], session, maxTicks, pace, nowMs: () => performance.now() });
    const seconds = (performance.now() - startMs) / 1000;
    await console.close();
    report(end, machine.tick, say);
    if (options.stats !== undefined) await writeStats(statsFile, collectStats(machine, end, seconds));
    return exitCode(end);
  } finally {
    await console.close();
  }
}

function dumpDeviceTree(options: RunOptions, path: string): number {
  try {
    writeFileSync(path, options.machine.deviceTree(machineConfig(options)));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`--dump-dtb ${path}: ${describeSystemError(error)}`);
  }
  return 0;
}

/** Ends the run in good order; a second signal does not wait for anything. */
function onSignal(session: Session, signal: (typeof SIGNAL_NAMES)[number]): void {
  const end: RunEnd = { reason: 'signal', signal };
  if (session.end) process.exit(exitCode(end));
  session.finish(end);
}

function report(end: RunEnd, tick: number, say: (message: string) => void): void {
  if (end.reason === 'limit') say(`stopped at tick ${tick} (--max-ticks)`);
  if (end.reason === 'signal') say(`interrupted at tick ${tick}`);
  if (end.reason === 'idle') complain(`the guest waits for an interrupt that cannot come any more (tick ${tick})`);
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** One line on standard error. */
function complain(message: string): void {
  process.stderr.write(`hindsight: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
}

/** The exit code that an error means, after saying it. Only a bug in hindsight gets further than the first line. */
function onError(error: unknown): number {
  const known = error instanceof ConfigError || error instanceof ImageError || error instanceof UnimplementedError;
  if (known) {
    complain(error.message);
    return EXIT_USER_ERROR;
  }
  complain(`internal error: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env.HINDSIGHT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT_INTERNAL_ERROR;
}

// A reader that went away (`hindsight --help | head`) is no error.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => process.exit(onError(error)));
main(process.argv.slice(2))
  .catch(onError)
  .then((code) => {
    // Standard output may still be on its way; standard input may still be open.
    process.stdout.write('', () => process.exit(code));
  });
