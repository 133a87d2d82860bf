/** What is said where a replay is not the recorded run any more. */
import type { Position } from '../lib/system/input-event.js';
import { ReplayDivergenceError } from '../lib/util/errors.js';

/** What a recording is called, and the version of the program that made it. */
export interface RecordingName {
  readonly name: string;
  readonly program: string;
}

export interface Difference {
  readonly tick: number;
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  /** Where the states were the same for the last time. */
  readonly agreed: Position | undefined;
}

export function divergence({ name, program }: RecordingName, { tick, what, expected, actual, agreed }: Difference): ReplayDivergenceError {
  const since = agreed ? `, after the state agreed at tick ${agreed.tick}` : '';
  const message = `${name}: the replay differs from the recording (recorded by version ${program}) at tick ${tick}${since}: ${what} is ${actual}, recorded was ${expected}`;
  return new ReplayDivergenceError(message, { tick, expected, actual, agreed });
}

export function describePosition({ tick, skippedNs }: Position): string {
  return skippedNs === 0 ? `tick ${tick}` : `tick ${tick} with ${skippedNs} ns skipped`;
}
