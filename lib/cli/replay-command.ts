/** `hindsight replay`: runs a recording again. */
import { findDifference } from '../../replay/bisect.js';
import type { Recording } from '../../replay/log.js';
import { Replayer } from '../../replay/replayer.js';
import { loadSnapshot } from '../../replay/start-state.js';
import { bootMachine, loadMachine } from '../host/boot.js';
import { createEngine } from '../host/create-engine.js';
import { openForWriting } from '../host/output-file.js';
import { recordedOptions } from '../host/recorded-options.js';
import { recordedRun } from '../host/recorded-run.js';
import { openRecording, RecordingInputs } from '../host/recording-inputs.js';
import { replayMachine } from '../host/replay-machine.js';
import { ConfigError, ReplayDivergenceError } from '../util/errors.js';
import { openConsole } from './console.js';
import { startDebugging } from './debug-session.js';
import { complain, sayUnless } from './messages.js';
import { MONITOR_COMMANDS, monitorContext } from './monitor.js';
import { integer, type OptionRow, type ParsedOptions, textOf } from './option-table.js';
import { HOST_ROWS, type HostOptions, hostOptions } from './options.js';
import { type Driven, run } from './run.js';
import { exitCode, type RunEnd, Session, watchSignals } from './session.js';
import { collectStats, writeStats } from './stats.js';

const EXIT_DIVERGED = 3;

export interface ReplayOptions {
  readonly host: HostOptions;
  /** Output in front of it is not shown. */
  readonly fromTick: number;
  /** The replay ends there, if it comes so far. */
  readonly toTick: number;
  readonly verify: boolean;
}

export const REPLAY_OPTIONS = [
  { name: 'from', value: 'TICK', text: 'show only what comes from there on' },
  { name: 'to', value: 'TICK', text: 'stop there' },
  { name: 'no-verify', text: 'do not compare state digests' },
  ...HOST_ROWS,
] as const satisfies readonly OptionRow[];

/** Throws `ConfigError`. */
export function replayOptions(parsed: ParsedOptions): ReplayOptions {
  const tick = (name: 'from' | 'to', absent: number): number => {
    const text = textOf(name, parsed[name]);
    return text === undefined ? absent : integer(name, text);
  };
  const [fromTick, toTick] = [tick('from', 0), tick('to', Number.POSITIVE_INFINITY)];
  if (fromTick > toTick) throw new ConfigError(`--from ${fromTick}: nothing is left in front of tick ${toTick}`);
  return {
    host: hostOptions(parsed),
    fromTick,
    toTick,
    verify: parsed.verify !== false,
  };
}

export async function replayCommand(path: string, options: ReplayOptions): Promise<number> {
  const { host } = options;
  const say = sayUnless(host.quiet);
  const recording = openRecording(path);
  if (!recording.end) say(`${path}: ${recording.damage}: replayed up to tick ${recording.reached.tick}, for which it is complete`);
  const inputs = new RecordingInputs(recording, complain);
  const loaded = loadMachine(recordedOptions(recording), inputs);
  const session = new Session();
  const statsFile = host.stats === undefined || host.stats === '-' ? undefined : openForWriting(host.stats, '--stats');
  watchSignals(session);
  const console = openConsole(host.console, session, say, 'serial');
  try {
    const print = (byte: number) => {
      replayer.printed(byte);
      if (machine.tick >= options.fromTick) console.write(byte);
    };
    const machine = bootMachine(loaded, { sinks: { serial: print, virtio: print, frame: () => {} }, createEngine, engine: host });
    inputs.machine = machine;
    const quit = () => session.finish({ reason: 'quit' });
    console.monitor = { commands: MONITOR_COMMANDS, context: () => monitorContext(machine, quit) };
    const snapshot = recording.snapshot();
    if (snapshot) loadSnapshot(machine, snapshot);
    const onBranch = () => say('the machine was changed: it leaves the recorded line here; the recording stays as it is');
    const replayer: Replayer = new Replayer(machine, recording, { verify: options.verify, onBranch });
    inputs.replayer = replayer;
    const startMs = performance.now();
    const driven = endingWith(replayer, recording, session);
    let hasDiverged = false;
    const onDivergence = (error: ReplayDivergenceError) => {
      hasDiverged = true;
      complain(error.message);
    };
    const line = () => recordedRun(recording, { verify: options.verify, warn: complain });
    const debug = await startDebugging({ machine, driver: driven, session, options: host, recording: line, onDivergence });
    if (debug?.timeline) inputs.replayer = debug.timeline;
    const maxTicks = Math.min(host.maxTicks, options.toTick);
    const end = await run({
      machine: driven,
      ports: [console],
      session,
      maxTicks,
      pace: 'fast',
      nowMs: () => performance.now(),
      ...debug?.parts,
    });
    await debug?.close();
    const seconds = (performance.now() - startMs) / 1000;
    await console.close();
    report(end, machine.tick, say);
    if (host.stats !== undefined) await writeStats(statsFile, collectStats(machine, end, seconds));
    if (hasDiverged) return EXIT_DIVERGED;
    return end.reason === 'limit' && machine.tick >= options.toTick ? 0 : exitCode(end);
  } catch (error) {
    if (!(error instanceof ReplayDivergenceError)) throw error;
    await console.close();
    complain(error.message);
    say(explainDivergence(recording, host, error));
    return EXIT_DIVERGED;
  } finally {
    await console.close();
  }
}

/** Replays up to there on both engines, and says where they part: that, or that they do not, is where to look for the reason. */
function explainDivergence(recording: Recording, host: HostOptions, { agreed, tick }: ReplayDivergenceError): string {
  const mode = host.mode === 'interpret' ? 'translate' : 'interpret';
  const replays = [host, { ...host, mode } as const].map((engine) => replayMachine(recording, engine, { verify: false }));
  const first = findDifference(replays[0], replays[1], { agreed, tick });
  if (first) return `interpreter and translated code differ first at tick ${first.tick}: ${first.what.join('; ')}`;
  return 'interpreter and translated code go the same way: another version of the program recorded, or something on the host reached the guest';
}

/** The replayer, which ends the session where the recording ends. */
function endingWith(replayer: Replayer, recording: Recording, session: Session): Driven {
  return {
    get tick() {
      return replayer.tick;
    },
    get powerOff() {
      return replayer.powerOff;
    },
    run: (untilTick, limits) => {
      const stop = replayer.run(untilTick, limits);
      if (replayer.ended && replayer.powerOff === undefined) session.finish({ reason: 'replayed', recorded: recording.end?.reason });
      return stop;
    },
    input: (event) => replayer.input(event),
    room: (kind) => replayer.room(kind),
  };
}

function report(end: RunEnd, tick: number, say: (message: string) => void): void {
  if (end.reason === 'replayed') say(`the recording ends at tick ${tick}${end.recorded === undefined ? '' : ` (${end.recorded})`}`);
  if (end.reason === 'limit') say(`stopped at tick ${tick}`);
  if (end.reason === 'signal') say(`interrupted at tick ${tick}`);
}
