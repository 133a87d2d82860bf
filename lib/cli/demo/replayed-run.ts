/** A recording that a program runs again, to its end or back and forth. */
import { Replayer } from '../../../replay/replayer.js';
import { Timeline } from '../../../replay/timeline.js';
import { bootMachine, loadMachine } from '../../host/boot.js';
import { createEngine } from '../../host/create-engine.js';
import { recordedOptions } from '../../host/recorded-options.js';
import { openRecording, RecordingInputs } from '../../host/recording-inputs.js';
import type { GuestMachine } from '../../system/guest-machine.js';
import { hostDefaults } from './defaults.js';

const SLICE_TICKS = 2_000_000;

function open(path: string, print: (byte: number) => void) {
  const recording = openRecording(path);
  const inputs = new RecordingInputs(recording, () => {});
  const host = hostDefaults();
  const sinks = { serial: print, virtio: print, frame: () => {} };
  const machine: GuestMachine = bootMachine(loadMachine(recordedOptions(recording), inputs), { sinks, createEngine, engine: host });
  inputs.machine = machine;
  return { recording, inputs, machine };
}

/** Runs the recording at `path` again, every digest compared; gives the digest of the last state. Throws `ReplayDivergenceError`. */
export async function replayToEnd(path: string, progress: (part: number) => void): Promise<string> {
  const { recording, inputs, machine } = open(path, (byte) => replayer.printed(byte));
  const replayer: Replayer = new Replayer(machine, recording, { verify: true });
  inputs.replayer = replayer;
  while (!replayer.ended && machine.powerOff === undefined) {
    replayer.run(machine.tick + SLICE_TICKS);
    progress(machine.tick / recording.reached.tick);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return machine.stateDigest();
}

/** The recording with its whole past, at its end. */
export async function timelineOf(path: string): Promise<Timeline> {
  const { recording, machine } = open(path, () => {});
  const events = [...recording.entries()].flatMap((entry) => (entry.kind === 'event' ? [entry] : []));
  const timeline = new Timeline(machine, { nowMs: () => performance.now(), recording: { events, end: recording.reached } });
  await timeline.seek(timeline.recordedEnd);
  return timeline;
}
