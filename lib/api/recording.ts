/** A run in a file: made while a machine runs, and run again as often as one likes. */
import type { RecordedLine } from '../../replay/line-check.js';
import type { Recording as RecordingFile } from '../../replay/log.js';
import { Replayer } from '../../replay/replayer.js';
import { loadSnapshot } from '../../replay/start-state.js';
import { loadMachine } from '../host/boot.js';
import { recordedOptions } from '../host/recorded-options.js';
import { recordedRun as recordedRunOf } from '../host/recorded-run.js';
import { startRecording } from '../host/recording.js';
import { openRecording, RecordingInputs } from '../host/recording-inputs.js';
import { withRows } from '../machines/machine.js';
import type { Position, PositionedEvent } from '../system/input-event.js';
import { ConfigError } from '../util/errors.js';
import { assemble, type MachineParts, warn } from './assemble.js';
import { directDriver } from './driver.js';
import { Machine, type Stop } from './machine.js';
import type { PluginOptions } from './options.js';

export interface RecordOptions {
  /** Ticks from one state digest, which a replay checks, to the next. Default: 100,000,000, or a multiple of that where digests take long. */
  readonly digestTicks?: number;
  /** Ticks from one checkpoint to the next: states with which a timeline over the recording goes to late places at once. Default: none. */
  readonly checkpointTicks?: number;
}

/** A recording that goes on. */
export interface RecordingSession {
  /** Ends it, where the machine is now. Rejects when something could not be written. */
  finish(): Promise<Recording>;
}

export interface ReplayOptions extends PluginOptions {
  /** Whether state digests are compared. Default: true. */
  readonly verify?: boolean;
}

/** What a replay came to. */
export interface Replay {
  /** At the end of the recording. */
  readonly machine: Machine;
  readonly stop: Stop;
  /** State digests that agreed. */
  readonly verified: number;
}

/** What a timeline needs to know of the recording that a machine comes from. */
export interface RecordedRun {
  readonly start: Position;
  /** Looks through the recording. */
  line(): RecordedLine;
  /** Gets to know of the timeline, which drives the machine from now on. */
  driveBy(timeline: NonNullable<RecordingInputs['replayer']>): void;
}

const runs = new WeakMap<Machine, RecordedRun>();

/** The recording that `machine` is a replay of. */
export function recordedRun(machine: Machine): RecordedRun | undefined {
  return runs.get(machine);
}

export class Recording {
  private readonly file: RecordingFile;

  private constructor(file: RecordingFile) {
    this.file = file;
  }

  /** Reads and checks a recording: what is behind the first damage does not exist. Throws `ImageError`. */
  static open(path: string): Recording {
    return new Recording(openRecording(path));
  }

  /** Begins to write down what `machine` does from here on. Throws `ConfigError`. */
  static record(machine: Machine, path: string, { digestTicks, checkpointTicks }: RecordOptions = {}): RecordingSession {
    const { parts } = machine;
    const { inputs, options, guest } = parts;
    if (!inputs) throw new ConfigError(`${path}: the machine is a replay, which is recorded already`);
    if (parts.recorder) throw new ConfigError(`${path}: the machine is being recorded already`);
    if (parts.driver.goesBack) throw new ConfigError(`${path}: a machine with a timeline cannot be recorded`);
    let failure: string | undefined;
    const recorder = startRecording({
      machine: guest,
      inputs,
      options,
      record: { path, reference: false, digestTicks, checkpointTicks },
      snapshot: machine.tick > 0,
      isRecordedLine: () => true,
      warn: (message) => {
        failure = message;
      },
    });
    parts.recorder = recorder;
    const finish = async (): Promise<Recording> => {
      const { powerOff } = machine;
      parts.recorder = undefined;
      guest.onInput = undefined;
      await recorder.finish(powerOff === undefined ? { reason: 'stopped' } : { reason: 'poweroff', exitCode: powerOff >>> 0 });
      if (failure !== undefined) throw new ConfigError(failure);
      return Recording.open(path);
    };
    return { finish };
  }

  get path(): string {
    return this.file.name;
  }

  /** Where the recorded run ends: the tick of the last state that can be replayed. */
  get ticks(): number {
    return this.file.reached.tick;
  }

  /** Why the recorded run ended, and the guest's exit code where it powered off; undefined for a recording that was cut off. */
  get end(): { readonly reason: string; readonly exitCode?: number } | undefined {
    return this.file.end;
  }

  /** What was done to the machine from outside, and when. */
  get events(): readonly PositionedEvent[] {
    return [...this.file.entries()].flatMap((entry) => (entry.kind === 'event' ? [entry] : []));
  }

  /**
   * The machine at the start of the recording. It runs as it did then; what a program does to it makes it leave the recorded line. Plug-ins that the
   * guest can see must be those of the recorded machine. Throws `ImageError` and `ConfigError`; its `run`, `ReplayDivergenceError`.
   */
  machine(options: ReplayOptions = {}): Machine {
    return this.begin(options).machine;
  }

  /** Runs all of it again. Throws `ReplayDivergenceError` where the states are not the recorded ones. */
  replay(options: ReplayOptions = {}): Replay {
    const { machine, replayer } = this.begin(options);
    let stop = machine.run();
    while (!replayer.ended) stop = machine.run();
    return { machine, stop, verified: replayer.verified };
  }

  /** Closes the file: for programs that open many. Its machines run no more. */
  close(): void {
    this.file.close();
  }

  private begin(options: ReplayOptions): { machine: Machine; replayer: Replayer } {
    const { file } = this;
    const inputs = new RecordingInputs(file, options.onWarning ?? warn);
    const recorded = recordedOptions(file);
    const loaded = loadMachine({ ...recorded, machine: withRows(recorded.machine, options.devices ?? []) }, inputs);
    const assembled = assemble(loaded, options, (byte) => replayer.printed(byte));
    const { guest } = assembled;
    inputs.machine = guest;
    const snapshot = file.snapshot();
    if (snapshot) loadSnapshot(guest, snapshot);
    const { verify = true } = options;
    const replayer: Replayer = new Replayer(guest, file, { verify });
    inputs.replayer = replayer;
    const parts: MachineParts = { ...assembled, driver: directDriver(guest, replayer) };
    const machine = new Machine(parts);
    const driveBy = (timeline: NonNullable<RecordingInputs['replayer']>) => {
      inputs.replayer = timeline;
    };
    runs.set(machine, { start: file.start, line: () => recordedRunOf(file, { verify, warn: options.onWarning ?? warn }), driveBy });
    return { machine, replayer };
  }
}
