/** Writes the history of a live session out as a recording, by running through it once more with a recorder attached. */
import type { Timeline } from '../../replay/timeline.js';
import { ConfigError } from '../util/errors.js';
import { type RecordingParts, type RecordOption, startRecording } from './recording.js';

export interface SaveParts extends Pick<RecordingParts, 'machine' | 'inputs' | 'options' | 'warn'> {
  readonly timeline: Timeline;
}

/** Saves all of history, from where it begins to the present, as `record` says; the machine is where it was afterwards. Throws `ConfigError`. */
export async function saveHistory(parts: SaveParts, record: RecordOption): Promise<void> {
  const { timeline, machine } = parts;
  if (timeline.isBranch)
    throw new ConfigError('this is a branch of the past, which cannot be saved; `seek end` goes back to the recorded line');
  if (machine.onInput) throw new ConfigError('this run is being recorded already');
  const here = timeline.position;
  await timeline.seek(timeline.beginning);
  // What came in at power-on has come in already: then that, too, is a state to begin with.
  const snapshot = timeline.beginning.tick > 0 || timeline.events.some(({ at }) => at.tick === 0);
  try {
    const recorder = startRecording({ ...parts, record, snapshot, isRecordedLine: () => true });
    const untap = machine.tapConsole((byte) => recorder.printed(byte));
    machine.debug.setBreakpoints([]);
    machine.debug.setWatchpoints([]);
    while (!timeline.isAtPresent) {
      timeline.run(recorder.nextTick);
      recorder.betweenSlices();
      await new Promise((resolve) => setImmediate(resolve));
    }
    untap();
    const { powerOff } = machine;
    await recorder.finish(powerOff === undefined ? { reason: 'saved' } : { reason: 'poweroff', exitCode: powerOff });
  } finally {
    machine.onInput = undefined;
    // Arms the stops again, too.
    await timeline.seek(here);
  }
}
