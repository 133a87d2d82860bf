/** `hindsight run`: boots a machine and lets it run. */
import { writeFileSync } from 'node:fs';
import { ConfigError, describeSystemError, ImageError } from '../util/errors.js';
import { bootMachine, deviceTreeOf, hostInputs, loadMachine, machineConfig } from './boot.js';
import { openConsole, openForWriting } from './console.js';
import { createEngine } from './create-engine.js';
import { complain, sayUnless } from './messages.js';
import type { RunOptions } from './options.js';
import { run } from './run.js';
import { exitCode, type RunEnd, Session, SIGNAL_NAMES } from './session.js';
import { collectStats, writeStats } from './stats.js';

export async function runCommand(options: RunOptions): Promise<number> {
  if (options.dumpDtb !== undefined) return dumpDeviceTree(options, options.dumpDtb);
  const loaded = loadMachine(options, hostInputs(complain));
  const session = new Session();
  const say = sayUnless(options.quiet);
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
    writeFileSync(path, deviceTreeOf(options, machineConfig(options), hostInputs(complain)));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof ImageError) throw error;
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
