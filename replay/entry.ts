/** Entries of a recording's log: input events, state digests, failures of disks, and marks, each with its position. */
import { comparePositions, type InputEvent, type Position } from '../lib/system/input-event.js';
import { eventValues, readEvent } from './event.js';
import { decodePlain, encodePlain, Fields } from './plain.js';

/** The host could not do something with a disk. */
export interface DiskFailure {
  readonly drive: number;
  /** Which of the operations that the drive was asked for at this position, from 0. */
  readonly operation: number;
  /** Of a write that failed: what the drive holds there since. */
  readonly left?: { readonly position: number; readonly bytes: Uint8Array };
}

export type LogEntry = { readonly at: Position } & (
  | { readonly kind: 'event'; readonly event: InputEvent }
  /** `digest`: 32 hexadecimal digits. */
  | { readonly kind: 'digest'; readonly digest: string }
  | { readonly kind: 'failure'; readonly failure: DiskFailure }
  /** The run came to here. */
  | { readonly kind: 'mark' }
);

// Codes of the other kinds; 1 to 15 are for events.
const MARK = 0;
const DIGEST = 16;
const FAILURE = 17;
const DIGEST_BYTES = 16;
const DRIVES_MAX = 255;

/** The payload of a log chunk: the position of its first entry, then the entries, each with its distance from the one before. */
export function encodeLog(entries: readonly LogEntry[]): Uint8Array {
  const base = entries[0]?.at ?? { tick: 0, skippedNs: 0 };
  let before = base;
  const rows = entries.map((entry) => {
    const { code, values } = entryValues(entry);
    const row = [code, entry.at.tick - before.tick, entry.at.skippedNs - before.skippedNs, ...values];
    before = entry.at;
    return row;
  });
  return encodePlain([base.tick, base.skippedNs, rows]);
}

/** Reads what `encodeLog` wrote. Throws `ImageError` whose message begins with `where` for anything else. */
export function decodeLog(payload: Uint8Array, where: string): LogEntry[] {
  const fields = new Fields(decodePlain(payload, where), where);
  let at: Position = { tick: fields.integer(0), skippedNs: fields.integer(1) };
  return fields.list(2).map((row, index) => {
    const entry = new Fields(row, `${where}: entry ${index}`);
    const next = { tick: at.tick + entry.integer(1), skippedNs: at.skippedNs + entry.integer(2) };
    if (!Number.isSafeInteger(next.tick) || !Number.isSafeInteger(next.skippedNs)) throw entry.bad(1);
    at = next;
    return readEntry(entry, at);
  });
}

function entryValues(entry: LogEntry): { code: number; values: readonly unknown[] } {
  switch (entry.kind) {
    case 'event':
      return eventValues(entry.event);
    case 'digest':
      return { code: DIGEST, values: [Buffer.from(entry.digest, 'hex')] };
    case 'failure': {
      const { drive, operation, left } = entry.failure;
      return { code: FAILURE, values: [drive, operation, ...(left ? [left.position, left.bytes] : [])] };
    }
    case 'mark':
      return { code: MARK, values: [] };
  }
}

function readEntry(fields: Fields, at: Position): LogEntry {
  const code = fields.integer(0);
  switch (code) {
    case MARK:
      return { kind: 'mark', at };
    case DIGEST:
      return { kind: 'digest', at, digest: Buffer.from(fields.bytes(3, DIGEST_BYTES)).toString('hex') };
    case FAILURE: {
      const failure = { drive: fields.integer(3, DRIVES_MAX), operation: fields.integer(4) };
      if (!fields.has(5)) return { kind: 'failure', at, failure };
      return { kind: 'failure', at, failure: { ...failure, left: { position: fields.integer(5), bytes: fields.bytes(6) } } };
    }
    default: {
      const event = readEvent(code, fields, 3);
      if (!event) throw fields.bad(0);
      return { kind: 'event', at, event };
    }
  }
}

/** Whether the positions of `entries` never go back, beginning at `from`. */
export function inOrder(entries: readonly LogEntry[], from: Position): boolean {
  let before = from;
  return entries.every(({ at }) => {
    const good = comparePositions(before, at) <= 0 && before.skippedNs <= at.skippedNs;
    before = at;
    return good;
  });
}
