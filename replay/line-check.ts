/**
 * Whether a run through a recording is the recorded one: compares the state at each digest of the log the first time that a machine with its past
 * comes there, and tells once where it is another.
 */
import type { StopReason } from '../lib/exec/machine-engine.js';
import { comparePositions, type Position, type PositionedEvent } from '../lib/system/input-event.js';
import type { Machine } from '../lib/system/machine.js';
import type { ReplayDivergenceError } from '../lib/util/errors.js';
import { describePosition, divergence, type RecordingName } from './divergence.js';
import type { StoredCheckpoints } from './load-checkpoints.js';
import type { Recording } from './log.js';

export interface RecordedDigest {
  readonly at: Position;
  /** How many events come before it. */
  readonly events: number;
  readonly digest: string;
}

/** A recording as a timeline goes through it. */
export interface RecordedLine {
  readonly events: readonly PositionedEvent[];
  readonly end: Position;
  /** What the states are compared with; absent, they are not. */
  readonly digests?: { readonly source: RecordingName; readonly list: readonly RecordedDigest[] };
  readonly checkpoints?: StoredCheckpoints;
}

/** `onUnusable`: told of checkpoints that cannot be used; without it, none is. */
export function recordedLine(
  recording: Recording,
  { verify, onUnusable }: { readonly verify: boolean; readonly onUnusable?: (message: string) => void },
): RecordedLine {
  const events: PositionedEvent[] = [];
  const list: RecordedDigest[] = [];
  for (const entry of recording.entries()) {
    if (entry.kind === 'event') events.push(entry);
    if (entry.kind === 'digest') list.push({ at: entry.at, events: events.length, digest: entry.digest });
  }
  const { end, reached } = recording;
  if (end) list.push({ at: end.at, events: events.length, digest: end.digest });
  const source = { name: recording.name, program: recording.header.program };
  const stored = onUnusable && { checkpoints: { list: recording.checkpoints, warn: onUnusable } };
  return { events, end: reached, ...(verify ? { digests: { source, list } } : {}), ...stored };
}

export class LineCheck {
  private readonly machine: Machine;
  private readonly source: RecordingName;
  private readonly list: readonly RecordedDigest[];
  private readonly report: (error: ReplayDivergenceError) => void;
  /** Per digest, whether it agreed. */
  private readonly agreed: Uint8Array;
  /** The first digest that is not behind the machine, and has not agreed yet. */
  private index = 0;
  private told = false;
  private missing: string | undefined;

  /** `report` may throw. */
  constructor(machine: Machine, digests: NonNullable<RecordedLine['digests']>, report: (error: ReplayDivergenceError) => void) {
    this.machine = machine;
    this.source = digests.source;
    this.list = digests.list;
    this.report = report;
    this.agreed = new Uint8Array(digests.list.length);
  }

  /** Where the machine must be stopped next. */
  get next(): Position | undefined {
    return this.told ? undefined : this.list[this.index]?.at;
  }

  /** The machine was brought to another place of the line, with so many events behind it. */
  jumped(applied: number): void {
    const { list, machine } = this;
    const { position } = machine;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at, events } = list[middle];
      const order = comparePositions(at, position);
      if (order < 0 || (order === 0 && events < applied)) low = middle + 1;
      else high = middle;
    }
    this.index = low;
    this.passAgreed();
  }

  /** Compares what there is to compare where the machine stands, with so many events behind it. */
  compare(applied: number): void {
    for (let next = this.due(); next && next.events === applied; next = this.due()) {
      const actual = this.machine.stateDigest();
      if (actual !== next.digest) return this.tell('the state digest', next.digest, actual);
      this.agreed[this.index] = 1;
      this.passAgreed();
    }
  }

  /** The machine has run towards `target`, and ended for this reason. */
  ran(stop: StopReason, target: Position): void {
    if (this.told) return;
    const { machine, missing } = this;
    if (missing !== undefined) return this.tell('what the guest reads', 'a sector that the recording holds', missing);
    const { position, powerOff } = machine;
    if (comparePositions(position, target) >= 0) return;
    const [expected, where] = [describePosition(this.next ?? target), describePosition(position)];
    if (powerOff !== undefined) this.tell('how far the run goes', expected, `power-off at ${where}`);
    else if (stop.kind === 'idle') this.tell('how far the run goes', expected, `waiting at ${where}`);
  }

  /** The guest reads a sector that the recorded run never read. */
  reportMissing(drive: number, sector: number): void {
    if (this.told) return;
    this.missing ??= `sector ${sector} of drive ${drive}`;
    this.machine.requestStop();
  }

  /** The digest of this place, if it is the next one. */
  private due(): RecordedDigest | undefined {
    const next = this.told ? undefined : this.list[this.index];
    if (!next) return undefined;
    const { position } = this.machine;
    const order = comparePositions(next.at, position);
    if (order < 0) this.tell('the position of the next event', describePosition(next.at), describePosition(position));
    return order === 0 ? next : undefined;
  }

  private passAgreed(): void {
    while (this.agreed[this.index]) this.index++;
  }

  private tell(what: string, expected: string, actual: string): void {
    this.told = true;
    const agreed = this.list[this.agreed.subarray(0, this.index).lastIndexOf(1)]?.at;
    this.report(divergence(this.source, { tick: this.machine.tick, what, expected, actual, agreed }));
  }
}
