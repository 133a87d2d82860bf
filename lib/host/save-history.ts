/** Writes the history of a live session out as a recording, by running through it once more with a recorder attached. */
import type { Timeline } from '../../replay/timeline.js';
import { ConfigError } from '../util/errors.js';
import { DIGEST_TICKS, type RecordingParts, startRecording } from './recording.js';

export interface SaveParts extends Pick<RecordingParts, 'machine' | 'inputs' | 'options' | 'warn'> {
  readonly timeline: Timeline;
}

/** Saves all of history, from where it begins to the present, as `path`; the machine is where it was afterwards. Throws `ConfigError`. */
export async function saveHistory(parts: SaveParts, path: string): Promise<void> {
  const { timeline, machine, options } = parts;
  if (timeline.isBranch)
    throw new ConfigError('this is a branch of the past, which cannot be saved; `seek end` goes back to the recorded line');
  if (options.drives.some(({ write }) => write))
    throw new ConfigError('a drive with ,write is not what it was: such a run can only be recorded from the start (--record)');
  const [here, { onInput }] = [timeline.position, machine];
  await timeline.seek(timeline.beginning);
  const record = { path, reference: false, digestTicks: DIGEST_TICKS };
  try {
    const recorder = startRecording({ ...parts, record, snapshot: timeline.beginning.tick > 0, isRecordedLine: () => true });
    const untap = machine.tapConsole((byte) => recorder.printed(byte));
    // What came in at the very beginning has come in already, and is part of a snapshot.
    if (timeline.beginning.tick === 0)
      for (const { at, event } of timeline.events) if (at.tick === 0 && at.skippedNs === 0) recorder.input(at, event);
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
    machine.onInput = onInput;
    // Arms the stops again, too.
    await timeline.seek(here);
  }
}
