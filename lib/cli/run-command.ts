/** `hindsight run`: boots a machine and lets it run. */
import { writeFileSync } from 'node:fs';
import { bootMachine, deviceTreeOf, hostInputs, loadMachine, machineConfig } from '../host/boot.js';
import { createEngine } from '../host/create-engine.js';
import { openForWriting } from '../host/output-file.js';
import { RecordableInputs } from '../host/recording.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import type { GuestMachine } from '../system/guest-machine.js';
import { ConfigError, describeSystemError, ImageError } from '../util/errors.js';
import { openConsole } from './console.js';
import type { DebugSession } from './debug-session.js';
import { complain, sayUnless } from './messages.js';
import { MONITOR_COMMANDS, monitorContext } from './monitor.js';
import type { HostNetwork } from './network.js';
import type { RunOptions } from './options.js';
import { run } from './run.js';
import { RunRecording } from './run-recording.js';
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
    // Loaded only where they are wanted: most runs want neither, and start sooner.
    network = options.net && (await (await import('./network.js')).HostNetwork.open(options.net, session));
    for (const forward of network?.forwards ?? []) say(`net: ${forward}`);
    if (options.bios.kind === 'default' && loaded.entry === RAM_BASE)
      say(`${options.kernel} starts at 0x${RAM_BASE.toString(16)}, where firmware belongs; if it is for M-mode, say --bios none`);
    const print = (byte: number) => {
      console.write(byte);
      recording.printed(byte);
    };
    const frame = (bytes: Uint8Array) => network?.send(bytes);
    const machine = bootMachine(loaded, { sinks: { serial: print, virtio: print, frame }, createEngine, engine: options });
    inputs.machine = machine;
    // What is run through again, and what a user changed in the past, is not what happened.
    const isRecordedLine = () => !debug?.timeline || (!debug.timeline.isReplaying && !debug.timeline.isBranch);
    const recording = new RunRecording({ machine, inputs, options, isRecordedLine });
    const isDebugged = options.gdb !== undefined || options.wait;
    const debug: DebugSession | undefined = isDebugged ? await debugging({ machine, session, options, inputs, recording }) : undefined;
    const { record, maxTicks, pace } = options;
    if (record) recording.start(record);
    const quit = () => session.finish({ reason: 'quit' });
    const commands = debug?.commands ?? [...MONITOR_COMMANDS, ...recording.commands];
    console.monitor = { commands, context: () => monitorContext(machine, quit) };
    const startMs = performance.now();
    const end = await run({
      machine,
      ports: [console, ...(network ? [network] : [])],
      session,
      maxTicks,
      pace,
      nowMs: () => performance.now(),
      observer: recording,
      ...debug?.parts,
    });
    await debug?.close();
    const seconds = (performance.now() - startMs) / 1000;
    if (recording.isActive && debug?.timeline) await debug.timeline.seek(debug.timeline.recordedEnd);
    await recording.finish(end);
    await console.close();
    report(end, machine.tick, say);
    if (options.stats !== undefined) await writeStats(statsFile, collectStats(machine, end, seconds, recording.stats));
    return exitCode(end);
  } finally {
    network?.close();
    await console.close();
  }
}

interface DebuggedRun {
  readonly machine: GuestMachine;
  readonly session: Session;
  readonly options: RunOptions;
  readonly inputs: RecordableInputs;
  readonly recording: RunRecording;
}

async function debugging({ machine, session, options, inputs, recording }: DebuggedRun): Promise<DebugSession | undefined> {
  const [{ startDebugging }, { saveHistory }] = await Promise.all([import('./debug-session.js'), import('../host/save-history.js')]);
  return startDebugging({
    machine,
    session,
    options,
    commands: recording.commands,
    keepsHistory: !options.drives.some(({ write }) => write),
    save: (timeline, record) => saveHistory({ timeline, machine, inputs, options, warn: complain }, record),
  });
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
