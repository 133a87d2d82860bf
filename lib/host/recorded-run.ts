/** A recording as a timeline goes through it. */
import { type RecordedLine, recordedLine } from '../../replay/line-check.js';
import type { Recording } from '../../replay/log.js';
import type { Warn } from './drive.js';
import { packageVersion } from './version.js';

/** `warn`: told of checkpoints that cannot be used. A state belongs to the version of the program that saved it, while a run can be replayed by any that agrees with its digests. */
export function recordedRun(recording: Recording, { verify, warn }: { readonly verify: boolean; readonly warn: Warn }): RecordedLine {
  const [theirs, ours] = [recording.header.program, packageVersion()];
  if (theirs === ours) return recordedLine(recording, { verify, onUnusable: (problem) => warn(`${recording.name}: ${problem}`) });
  if (recording.checkpoints.length > 0)
    warn(`${recording.name}: its checkpoints are of version ${theirs}, this one is ${ours}: they are not used, everything is replayed`);
  return recordedLine(recording, { verify });
}
