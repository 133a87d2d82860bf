/** `hindsight run`: boots a machine and lets it run. */
import { writeFileSync } from 'node:fs';
import { bootMachine, deviceTreeOf, hostInputs, loadMachine, machineConfig } from '../host/boot.js';
import { createEngine } from '../host/create-engine.js';
import { openForWriting } from '../host/output-file.js';
import { RecordableInputs, startRecording } from '../host/recording.js';
import { saveHistory } from '../host/save-history.js';
import { ConfigError, describeSystemError, ImageError } from '../util/errors.js';
import { openConsole } from './console.js';
import { startDebugging } from './debug-session.js';
import { complain, sayUnless } from './messages.js';
import { MONITOR_COMMANDS, monitorContext } from './monitor.js';
import { HostNetwork } from './network.js';
import type { RunOptions } from './options.js';
import { run } from './run.js';
import { exitCode, type RunEnd, Session, watchSignals } from './session.js';
import { collectStats, writeStats } from './stats.js';

export async function runCommand(options: RunOptions): Promise<number> {
  if (options.dumpDtb !== undefined) return dumpDeviceTree(options, options.dumpDtb);
  const inputs = new RecordableInputs(complain);
  const loaded = loadMachine(options, inputs);
  const session = new Session();
  const say = sayUnless(options.quiet);
  const statsFile = options.stats === undefined || options.stats === '-' ? undefined : openForWriting(options.stats, '--stats');
  watchSignals(session);
  const console = openConsole(options.console, session, say, options.virtioConsole ? 'virtio' : 'serial');
  let network: HostNetwork | undefined;
  try {
    network = options.net && (await HostNetwork.open(options.net, session));
    for (const forward of network?.forwards ?? []) say(`net: ${forward}`);
    const print = (byte: number) => {
      console.write(byte);
      recorder?.printed(byte);
    };
    const frame = (bytes: Uint8Array) => network?.send(bytes);
    const machine = bootMachine(loaded, { sinks: { serial: print, virtio: print, frame }, createEngine, engine: options });
    inputs.machine = machine;
    const debug = await startDebugging({
      machine,
      session,
      options,
      save: (history, path) => saveHistory({ timeline: history, machine, inputs, options, warn: complain }, path),
    });
    const timeline = debug?.timeline;
    // What is run through again, and what a user changed in the past, is not what happened.
    const isRecordedLine = () => !timeline || (!timeline.isReplaying && !timeline.isBranch);
    const { record, maxTicks, pace } = options;
    const recorder = record && startRecording({ machine, inputs, options, record, snapshot: false, isRecordedLine, warn: complain });
    const quit = () => session.finish({ reason: 'quit' });
    console.monitor = { commands: debug?.commands ?? MONITOR_COMMANDS, context: () => monitorContext(machine, quit) };
    const startMs = performance.now();
    const end = await run({
      machine,
      ports: [console, ...(network ? [network] : [])],
      session,
      maxTicks,
      pace,
      nowMs: () => performance.now(),
      ...(recorder ? { observer: recorder } : {}),
      ...debug?.parts,
    });
    await debug?.close();
    const seconds = (performance.now() - startMs) / 1000;
    if (recorder && timeline) await timeline.seek(timeline.recordedEnd);
    await recorder?.finish({ reason: end.reason, ...(end.reason === 'poweroff' ? { exitCode: end.code >>> 0 } : {}) });
    await console.close();
    report(end, machine.tick, say);
    if (options.stats !== undefined) await writeStats(statsFile, collectStats(machine, end, seconds, recorder?.stats));
    return exitCode(end);
  } finally {
    network?.close();
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

function report(end: RunEnd, tick: number, say: (message: string) => void): void {
  if (end.reason === 'limit') say(`stopped at tick ${tick} (--max-ticks)`);
  if (end.reason === 'signal') say(`interrupted at tick ${tick}`);
  if (end.reason === 'idle') complain(`the guest waits for an interrupt that cannot come any more (tick ${tick})`);
}
