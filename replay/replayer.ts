/**
 * Drives a machine as the recorded one was driven: the same input at the same positions; compares state digests, and ends where the recording does.
 *
 * To whoever runs it, it looks like a machine that takes no input.
 */
import type { RunLimits, StopReason } from '../lib/exec/machine-engine.js';
import { comparePositions, type InputEvent, type Position } from '../lib/system/input-event.js';
import type { Machine, RoomKind } from '../lib/system/machine.js';
import type { ReplayDivergenceError } from '../lib/util/errors.js';
import { describePosition as describe, divergence } from './divergence.js';
import type { LogEntry } from './entry.js';
import type { Recording } from './log.js';
import { OutputHash } from './output-hash.js';

type EventEntry = Extract<LogEntry, { kind: 'event' }>;
type DigestEntry = Extract<LogEntry, { kind: 'digest' }>;

export interface ReplayerOptions {
  /** Whether state digests are compared. */
  readonly verify: boolean;
  /** The machine was changed by something that is not in the recording: it goes its own way from here. Told once. */
  readonly onBranch?: () => void;
}

export class Replayer {
  /** Digests that agreed. */
  verified = 0;
  /** The recording's end is reached. */
  ended = false;
  private readonly machine: Machine;
  private readonly recording: Recording;
  private readonly options: ReplayerOptions;
  private readonly output = new OutputHash();
  private entries: Iterator<LogEntry>;
  private next: EventEntry | DigestEntry | undefined;
  private done = 0;
  private branched = false;
  private lastGood: Position | undefined;
  private missing: { readonly drive: number; readonly sector: number } | undefined;

  /** `machine`: as it was when the recording began. */
  constructor(machine: Machine, recording: Recording, options: ReplayerOptions) {
    this.machine = machine;
    this.recording = recording;
    this.options = options;
    this.entries = recording.entries();
    this.advance();
  }

  get tick(): number {
    return this.machine.tick;
  }

  get powerOff(): number | undefined {
    return this.machine.powerOff;
  }

  /** How many entries of the log lie behind. Set it after the machine's state was replaced, to what it was at that state. */
  get cursor(): number {
    return this.done;
  }

  set cursor(done: number) {
    this.done = done;
    this.entries = this.recording.entries(done);
    this.advance();
    this.ended = this.branched = false;
    this.missing = undefined;
  }

  /** As a machine's; `stopped` at the end of the recording. Throws `ReplayDivergenceError`. */
  run(untilTick: number, limits: RunLimits = {}): StopReason {
    if (this.branched) return this.machine.run(untilTick, limits);
    for (;;) {
      this.feed();
      if (this.ended) return { kind: 'stopped' };
      const target = this.next?.at ?? this.recording.reached;
      const until = limits.until && comparePositions(limits.until, target) < 0 ? limits.until : target;
      const stop = this.machine.run(untilTick, { ...limits, until });
      this.check(stop, target, limits);
      const position = this.machine.position;
      const asked = position.tick >= untilTick || (limits.until !== undefined && comparePositions(position, limits.until) >= 0);
      if (stop.kind !== 'limit' || asked) {
        this.feed();
        return stop;
      }
    }
  }

  /** Input that is not in the recording opens a branch: the rest of the recording does not count any more. */
  input(event: InputEvent): boolean {
    if (!this.machine.input(event)) return false;
    if (!this.branched) this.options.onBranch?.();
    this.branched = true;
    return true;
  }

  room(kind: RoomKind): number {
    return this.branched ? this.machine.room(kind) : 0;
  }

  /** The guest printed a byte. */
  printed(byte: number): void {
    this.output.write(byte);
  }

  /** The guest reads a sector that the recorded run never read. */
  reportMissing(drive: number, sector: number): void {
    this.missing ??= { drive, sector };
    this.machine.requestStop();
  }

  /** Does what the recording has for the present position. */
  private feed(): void {
    if (this.ended || this.branched) return;
    const position = this.machine.position;
    while (this.next && comparePositions(this.next.at, position) === 0) {
      this.apply(this.next);
      this.done++;
      this.advance();
    }
    const { next, recording } = this;
    const target = next?.at ?? recording.reached;
    if (comparePositions(target, position) < 0)
      throw this.divergence('the position of the next event', describe(target), describe(position));
    if (!next && comparePositions(target, position) === 0) this.finish();
  }

  /** Looks for the next entry that is something to do here: failures are the disks' business. */
  private advance(): void {
    for (;;) {
      const entry: LogEntry | undefined = this.entries.next().value;
      this.next = entry?.kind === 'event' || entry?.kind === 'digest' ? entry : undefined;
      if (this.next || !entry) return;
      this.done++;
    }
  }

  private apply(entry: EventEntry | DigestEntry): void {
    if (entry.kind === 'digest') this.compareDigest(entry.digest);
    else if (!this.machine.input(entry.event)) {
      throw this.divergence('what the machine takes', `an event: ${entry.event.kind}`, 'no room for it');
    }
  }

  private compareDigest(expected: string): void {
    if (!this.options.verify) return;
    const actual = this.machine.stateDigest();
    if (actual !== expected) throw this.divergence('the state digest', expected, actual);
    this.verified++;
    this.lastGood = this.machine.position;
  }

  private finish(): void {
    this.ended = true;
    const { end } = this.recording;
    if (!end) return;
    this.compareDigest(end.digest);
    const off = (code: number | undefined): string => (code === undefined ? 'no power-off' : `power-off with exit code ${code}`);
    if (this.machine.powerOff !== end.exitCode) throw this.divergence('the end', off(end.exitCode), off(this.machine.powerOff));
    const { bytes } = this.output;
    if (!this.options.verify) return;
    if (bytes !== end.outputBytes) throw this.divergence('the length of the output', `${end.outputBytes}`, `${bytes}`);
    const hash = this.output.digest();
    if (hash !== end.outputSha256) throw this.divergence('the output', end.outputSha256, hash);
  }

  /** Whether the machine may have stopped for this reason, on its way to `target`. */
  private check(stop: StopReason, target: Position, { until, skipUntilNs = Number.POSITIVE_INFINITY }: RunLimits): void {
    const { missing, machine } = this;
    if (missing) {
      const what = `sector ${missing.sector} of drive ${missing.drive}`;
      throw this.divergence('what the guest reads', 'a sector that the recording holds', what);
    }
    const early = comparePositions(machine.position, target) < 0;
    if (early && machine.powerOff !== undefined)
      throw this.divergence('how far the run goes', describe(target), `power-off at ${describe(machine.position)}`);
    // Only those who drive it may have limited how long it waits.
    const limited = machine.nowNs >= skipUntilNs || (until !== undefined && comparePositions(until, target) < 0);
    if (early && stop.kind === 'idle' && !limited) {
      throw this.divergence('how far the run goes', describe(target), `waiting at ${describe(machine.position)}`);
    }
  }

  private divergence(what: string, expected: string, actual: string): ReplayDivergenceError {
    const { tick } = this.machine;
    const { name, header } = this.recording;
    return divergence({ name, program: header.program }, { tick, what, expected, actual, agreed: this.lastGood });
  }
}
