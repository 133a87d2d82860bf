/** A machine built from a recording, at the start of it, and the replayer that drives it. Nobody sees what it puts out. */
import type { Replay } from '../../replay/bisect.js';
import type { Recording } from '../../replay/log.js';
import { Replayer } from '../../replay/replayer.js';
import { loadSnapshot } from '../../replay/start-state.js';
import { bootMachine, loadMachine } from './boot.js';
import { createEngine } from './create-engine.js';
import type { EngineSettings } from './machine-options.js';
import { recordedOptions } from './recorded-options.js';
import { RecordingInputs } from './recording-inputs.js';

/** Digests are compared if `verify`. Throws `ImageError`. */
export function replayMachine(recording: Recording, engine: EngineSettings, { verify }: { verify: boolean }): Replay {
  const inputs = new RecordingInputs(recording, () => {});
  const loaded = loadMachine(recordedOptions(recording), inputs);
  const print = (byte: number) => replayer.printed(byte);
  const machine = bootMachine(loaded, { sinks: { serial: print, virtio: print, frame: () => {} }, createEngine, engine });
  inputs.machine = machine;
  const snapshot = recording.snapshot();
  if (snapshot) loadSnapshot(machine, snapshot);
  const replayer: Replayer = new Replayer(machine, recording, { verify });
  inputs.replayer = replayer;
  return { machine, replayer };
}
