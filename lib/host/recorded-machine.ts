/** A recording as a machine with its past: what queries and pictures run through. */
import type { Recording } from '../../replay/log.js';
import { loadSnapshot } from '../../replay/start-state.js';
import { Timeline } from '../../replay/timeline.js';
import type { Machine } from '../system/machine.js';
import { bootMachine, loadMachine, type MachineSinks } from './boot.js';
import { createEngine } from './create-engine.js';
import type { Warn } from './drive.js';
import type { EngineSettings } from './machine-options.js';
import { recordedOptions } from './recorded-options.js';
import { recordedRun } from './recorded-run.js';
import { RecordingInputs } from './recording-inputs.js';

const ENGINE: EngineSettings = { mode: 'auto', chain: true, hotThreshold: undefined };
const NOWHERE: MachineSinks = { serial: () => {}, virtio: () => {}, frame: () => {} };

export interface RecordedMachine {
  readonly machine: Machine;
  /** Its moves throw `ReplayDivergenceError` where the states are not the recorded ones, once. */
  readonly timeline: Timeline;
  /** What the recording was made from, by role. Throws `ImageError`. */
  readonly inputs: RecordingInputs;
}

export interface RecordedMachineOptions {
  readonly warn: Warn;
  /** Gets what the guest puts out, each item once. Nobody, if absent. */
  readonly sinks?: MachineSinks;
}

/** The machine at the recording's beginning, and what it was made from. Throws `ImageError` and `ConfigError`. */
export function bootRecorded(recording: Recording, { warn, sinks }: RecordedMachineOptions): Pick<RecordedMachine, 'machine' | 'inputs'> {
  const inputs = new RecordingInputs(recording, warn);
  const loaded = loadMachine(recordedOptions(recording), inputs);
  const machine = bootMachine(loaded, { sinks: sinks ?? NOWHERE, createEngine, engine: ENGINE });
  inputs.machine = machine;
  const snapshot = recording.snapshot();
  if (snapshot) loadSnapshot(machine, snapshot);
  return { machine, inputs };
}

/** The same with its past, and its future up to the recording's end. */
export function openRecordedMachine(recording: Recording, options: RecordedMachineOptions): RecordedMachine {
  const { machine, inputs } = bootRecorded(recording, options);
  const timeline = new Timeline(machine, {
    nowMs: () => performance.now(),
    recording: recordedRun(recording, { verify: true, warn: options.warn }),
  });
  inputs.replayer = timeline;
  return { machine, timeline, inputs };
}
