/** What differs between two recordings of what should be the same run, and between two machines at the same position. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { digestDevice, type PlainData } from '../lib/devices/device.js';
import { comparePositions, type Position } from '../lib/system/input-event.js';
import type { Machine } from '../lib/system/machine.js';
import type { LogEntry } from './entry.js';
import type { Header } from './header.js';
import type { Recording } from './log.js';

export type RecordingDifference =
  | { readonly kind: 'same'; readonly digests: number; readonly tick: number }
  /**
   * `agreed`: the last place at which state digests agree, if any; `tick`: the first at which something differs; `sides`: what the two have there.
   */
  | {
      readonly kind: 'different';
      readonly agreed: Position | undefined;
      readonly tick: number;
      readonly what: string;
      readonly sides?: readonly [string, string];
    };

const BYTES_SHOWN_MAX = 20;

type Step = { readonly at: Position; readonly text: string; readonly digest: boolean };

/** Where two recordings part: the first event or state digest that only one of them has. */
export function compareDigests(a: Recording, b: Recording): RecordingDifference {
  const setting = differentSetting(a.header.machine, b.header.machine);
  if (setting) return different(undefined, 0, `they are of different machines (${setting.name})`, setting.sides);
  const other = a.header.files.find(({ role }) => a.sha256(role) !== b.sha256(role));
  if (other || a.header.files.length !== b.header.files.length) {
    return different(undefined, 0, `they are of different files${other ? `: ${other.role}` : ''}`);
  }
  const end = comparePositions(a.reached, b.reached) <= 0 ? a.reached : b.reached;
  // Where one of them begins later, what the other has at that very position may have come before.
  const order = comparePositions(a.start, b.start);
  const start = order === 0 ? undefined : order < 0 ? b.start : a.start;
  const [left, right] = [since(start, steps(a, b)), since(start, steps(b, a))];
  let [digests, agreed] = [0, undefined as Position | undefined];
  for (;;) {
    const [x, y]: (Step | undefined)[] = [left.next().value, right.next().value];
    const first = !x || (y && comparePositions(y.at, x.at) < 0) ? y : x;
    if (!first || comparePositions(first.at, end) > 0) break;
    if (x?.text !== y?.text || (x && y && comparePositions(x.at, y.at) !== 0)) {
      const isDigest = x?.digest === true && y?.digest === true;
      const sides = [x, y].map((step) => (step === first || step?.at.tick === first.at.tick ? step.text : 'nothing')) as [string, string];
      return different(agreed, first.at.tick, isDigest ? 'another state' : 'another event', sides);
    }
    if (first.digest) {
      digests++;
      agreed = first.at;
    }
  }
  return { kind: 'same', digests, tick: end.tick };
}

function different(agreed: Position | undefined, tick: number, what: string, sides?: readonly [string, string]): RecordingDifference {
  return { kind: 'different', agreed, tick, what, ...(sides ? { sides } : {}) };
}

/** The first thing in which the machines differ. */
function differentSetting(a: Header['machine'], b: Header['machine']): { name: string; sides: [string, string] } | undefined {
  const fieldsOf = (machine: Header['machine']): Readonly<Record<string, unknown>> => ({ ...(machine as object) });
  const [left, right] = [fieldsOf(a), fieldsOf(b)];
  const name = Object.keys({ ...left, ...right }).find((key) => !isDeepStrictEqual(left[key], right[key]));
  return name === undefined ? undefined : { name, sides: [String(left[name]), String(right[name])] };
}

/** The steps behind `start`, or all. */
function* since(start: Position | undefined, all: Generator<Step>): Generator<Step> {
  for (const step of all) if (!start || comparePositions(step.at, start) > 0) yield step;
}

/** The events of a recording, and those digests that `other` has at the same tick, and the end. */
function* steps(recording: Recording, other: Recording): Generator<Step> {
  const wanted = new Set<number>();
  for (const entry of other.entries()) if (entry.kind === 'digest') wanted.add(entry.at.tick);
  if (other.end) wanted.add(other.end.at.tick);
  for (const entry of recording.entries()) {
    const text = stepText(entry);
    if (text !== undefined && (entry.kind !== 'digest' || wanted.has(entry.at.tick)))
      yield { at: entry.at, text, digest: entry.kind === 'digest' };
  }
  const { end } = recording;
  if (end && wanted.has(end.at.tick)) yield { at: end.at, text: `state digest ${end.digest}`, digest: true };
}

function stepText(entry: LogEntry): string | undefined {
  if (entry.kind === 'digest') return `state digest ${entry.digest}`;
  if (entry.kind !== 'event') return undefined;
  const { event } = entry;
  const shown = Object.entries(event).map(([name, value]) => `${name} ${value instanceof Uint8Array ? showBytes(value) : value}`);
  return `event ${shown.join(' ')}`;
}

/** Long bytes by their beginning and a hash, so that two that differ look different. */
function showBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  if (bytes.length <= BYTES_SHOWN_MAX) return hex;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return `${hex.slice(0, BYTES_SHOWN_MAX)}... (${bytes.length} bytes, sha256 ${hash}...)`;
}

/** What differs between two machines: positions, registers by name, devices by name, the first pages. Empty where their states are the same. */
export function compareMachines(a: Machine, b: Machine, pagesMax = 4): string[] {
  const found: string[] = [];
  if (comparePositions(a.position, b.position) !== 0) found.push(`position: ${show(a.position)} and ${show(b.position)}`);
  for (let hart = 0; hart < a.debug.harts; hart++) {
    for (const [index, { name }] of a.debug.registers.entries()) {
      const [x, y] = [a.debug.readRegister(hart, index), b.debug.readRegister(hart, index)];
      if (x !== y) found.push(`hart ${hart}, ${name}: 0x${x.toString(16)} and 0x${y.toString(16)}`);
    }
  }
  for (const [index, device] of a.devices.entries()) {
    const [x, y] = [digestDevice(device), digestDevice(b.devices[index])];
    if (!isDeepStrictEqual(x, y)) found.push(`device ${device.name}: ${fieldDifferences(x.data, y.data)}`);
  }
  return [...found, ...comparePages(a, b, pagesMax)];
}

/** The fields that differ, or all of what has none. */
function fieldDifferences(x: PlainData, y: PlainData): string {
  if (!isRecord(x) || !isRecord(y)) return `${JSON.stringify(x)} and ${JSON.stringify(y)}`;
  const names = Object.keys({ ...x, ...y }).filter((name) => !isDeepStrictEqual(x[name], y[name]));
  return names.map((name) => `${name} ${JSON.stringify(x[name])} and ${JSON.stringify(y[name])}`).join(', ');
}

const isRecord = (data: PlainData): data is { readonly [name: string]: PlainData } =>
  typeof data === 'object' && data !== null && !Array.isArray(data) && !ArrayBuffer.isView(data);

function comparePages(a: Machine, b: Machine, pagesMax: number): string[] {
  const found: string[] = [];
  for (let frame = 0; frame < a.pages.count && found.length < pagesMax; frame++) {
    const [x, y] = [a.pages.read(frame), b.pages.read(frame)];
    if (Buffer.compare(x, y) === 0) continue;
    const at = x.findIndex((byte, index) => byte !== y[index]);
    found.push(`memory at 0x${(a.pages.paddrOf(frame) + at).toString(16)}: 0x${x[at].toString(16)} and 0x${y[at].toString(16)}`);
  }
  return found;
}

function show({ tick, skippedNs }: Position): string {
  return `tick ${tick} (${skippedNs} ns skipped)`;
}
