/** A machine that a program drives: it waits for what the guest prints, types, and lets others run meanwhile. */
import type { Recorder } from '../../../replay/recorder.js';
import { bootMachine, loadMachine } from '../../host/boot.js';
import { createEngine } from '../../host/create-engine.js';
import { RecordableInputs, startRecording } from '../../host/recording.js';
import type { GuestMachine } from '../../system/guest-machine.js';
import { InternalError } from '../../util/errors.js';
import { RUN_OPTIONS, type RunOptions, runOptions } from '../options.js';

const SLICE_TICKS = 2_000_000;
/** Idle time in one slice: what waits for the guest's prompt must not come minutes later, by the guest's clock. */
const SLICE_IDLE_NS = 20_000_000;

/** The options of `hindsight run` for `kernel`, with `given` beside the defaults. */
export function optionsFor(kernel: string, given: Readonly<Record<string, string>>): RunOptions {
  const defaults = Object.fromEntries(RUN_OPTIONS.flatMap((row) => ('default' in row ? [[row.name, row.default]] : [])));
  return runOptions(kernel, { ...defaults, ...given });
}

export class GuestRun {
  readonly machine: GuestMachine;
  /** All that the guest has printed. */
  output = '';
  private readonly recorder: Recorder | undefined;

  /** Built, not run yet. Records where the options say so. */
  constructor(options: RunOptions) {
    const warn = (message: string) => {
      throw new InternalError(`demo: ${message}`);
    };
    const inputs = new RecordableInputs(warn);
    const serial = (byte: number) => {
      this.output += String.fromCharCode(byte);
      this.recorder?.printed(byte);
    };
    const sinks = { serial, virtio: () => {}, frame: () => {} };
    this.machine = bootMachine(loadMachine(options, inputs), { sinks, createEngine, engine: options });
    inputs.machine = this.machine;
    const { record } = options;
    const always = () => true;
    this.recorder =
      record && startRecording({ machine: this.machine, inputs, options, record, snapshot: false, isRecordedLine: always, warn });
  }

  /** Runs until the guest's output since now contains `text`; false where it powers off, or waits for ever, before. */
  async until(text: string, onSlice: (tick: number) => void): Promise<boolean> {
    const from = this.output.length;
    return this.run(() => this.output.indexOf(text, from) >= 0, onSlice);
  }

  /** Runs until the guest powers off. */
  async toEnd(onSlice: (tick: number) => void): Promise<void> {
    await this.run(() => false, onSlice);
  }

  /** Types `text`, as far as the guest's device takes it at once. */
  async type(text: string): Promise<void> {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0; ) {
      const count = Math.min(bytes.length, this.machine.room('serial'));
      if (count > 0) this.machine.input({ kind: 'console', port: 'serial', bytes: bytes.slice(0, count) });
      else this.machine.run(this.machine.tick + SLICE_TICKS / 100);
      bytes = bytes.slice(count);
    }
  }

  /** Ends the recording; gives the digest of the machine's state. */
  async finish(): Promise<string> {
    const { powerOff } = this.machine;
    await this.recorder?.finish({ reason: 'poweroff', ...(powerOff === undefined ? {} : { exitCode: powerOff }) });
    return this.machine.stateDigest();
  }

  private async run(isDone: () => boolean, onSlice: (tick: number) => void): Promise<boolean> {
    const { machine } = this;
    for (;;) {
      const stop = machine.run(machine.tick + SLICE_TICKS, { skipUntilNs: machine.nowNs + SLICE_IDLE_NS });
      this.recorder?.betweenSlices();
      onSlice(machine.tick);
      if (isDone()) return true;
      if (machine.powerOff !== undefined || (stop.kind === 'idle' && stop.wakeNs === undefined)) return false;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
