/** The recording of a run: from the beginning (--record), or from where the monitor is told so. */
import type { Recorder } from '../../replay/recorder.js';
import { type RecordableInputs, type RecordOption, startRecording } from '../host/recording.js';
import type { Machine } from '../system/machine.js';
import { ConfigError } from '../util/errors.js';
import { deferBackgroundThreads } from './background-threads.js';
import { complain } from './messages.js';
import type { MonitorCommand } from './monitor.js';
import type { RunOptions } from './options.js';
import { recordOption } from './record-option.js';
import type { RunObserver } from './run.js';
import type { RunEnd } from './session.js';

export interface RunRecordingParts {
  readonly machine: Machine;
  readonly inputs: RecordableInputs;
  readonly options: RunOptions;
  /** What happens now is what really happens: no run through the past, no branch of it. */
  readonly isRecordedLine: () => boolean;
}

export class RunRecording implements RunObserver {
  private readonly parts: RunRecordingParts;
  private recorder: Recorder | undefined;

  constructor(parts: RunRecordingParts) {
    this.parts = parts;
  }

  get isActive(): boolean {
    return this.recorder !== undefined;
  }

  /** Begins: between two calls of the machine's `run`. Throws `ConfigError`. */
  start(record: RecordOption): void {
    const { machine, inputs, options, isRecordedLine } = this.parts;
    if (this.recorder) throw new ConfigError('this run is being recorded already');
    if (!isRecordedLine()) throw new ConfigError('the machine is in its past; `seek end` goes to the present');
    this.recorder = startRecording({ machine, inputs, options, record, snapshot: machine.tick > 0, isRecordedLine, warn: complain });
    // Those that compress have just started.
    deferBackgroundThreads();
  }

  /** The guest printed a byte. */
  printed(byte: number): void {
    this.recorder?.printed(byte);
  }

  get nextTick(): number {
    return this.recorder?.nextTick ?? Number.POSITIVE_INFINITY;
  }

  betweenSlices(): void {
    this.recorder?.betweenSlices();
  }

  get stats(): Recorder['stats'] | undefined {
    return this.recorder?.stats;
  }

  /** The run is over. */
  async finish(end: RunEnd): Promise<void> {
    await this.recorder?.finish({ reason: end.reason, ...(end.reason === 'poweroff' ? { exitCode: end.code >>> 0 } : {}) });
  }

  readonly commands: readonly MonitorCommand[] = [
    { name: 'record', usage: 'FILE[,ref][,digest=N][,checkpoints[=N]]', help: 'record from here on', run: ([file]) => this.record(file) },
    { name: 'info recording', usage: '', help: 'what was recorded so far', run: () => this.describe() },
  ];

  private record(file: string | undefined): string {
    if (file === undefined) throw new ConfigError('needs the name of a file');
    const option = recordOption(file);
    this.start(option);
    return `recording to ${option.path} from tick ${this.parts.machine.tick}\n`;
  }

  private describe(): string {
    const { stats } = this;
    if (!stats) return 'this run is not recorded\n';
    const checkpoints = stats.checkpoints > 0 ? `, ${stats.checkpoints} checkpoints` : '';
    return `${stats.bytes} bytes, ${stats.events} events, ${stats.digests} digests${checkpoints}\n`;
  }
}
