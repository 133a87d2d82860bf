/** The state that a recording begins with when it was started in the middle of a run: pages that are not zero, then everything else. */
import { PAGE_SIZE } from '../lib/mem/layout.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { ImageError } from '../lib/util/errors.js';
import { pack, unpack } from './compress.js';
import { putPieces } from './inputs.js';
import { decodePlain, encodePlain, Fields } from './plain.js';
import { decodeRuns, encodeRuns, runsOf } from './runs.js';
import type { RecordingWriter } from './writer.js';

/** Pages in one chunk. */
const PAGES_MAX = 256;
const HARTS_MAX = 32;
const DEVICES_MAX = 64;
/** Disks that were written to are part of the state. */
const STATE_VALUES_MAX = 2 ** 26;

/** Writes the machine's present state. Memory is copied at once, and compressed while the run goes on. */
export function putSnapshot(writer: RecordingWriter, machine: Machine): void {
  const { pages } = machine;
  const state = encodePlain(machine.save());
  let frames: number[] = [];
  const flush = () => {
    if (frames.length === 0) return;
    const runs = encodeRuns(runsOf(frames));
    const contents = Buffer.concat(frames.map((frame) => pages.read(frame)));
    writer.add(
      'M',
      pack(contents).then((packed) => encodePlain([runs, packed])),
    );
    frames = [];
  };
  for (let frame = 0; frame < pages.count; frame++) {
    if (isZero(pages.read(frame))) continue;
    frames.push(frame);
    if (frames.length === PAGES_MAX) flush();
  }
  flush();
  writer.addAll(async (put) => {
    await putPieces(put, state);
    put('S', encodePlain({ sizeBytes: state.length }));
  });
}

export interface Page {
  readonly frame: number;
  readonly bytes: Uint8Array;
}

/** Puts `machine` into the state that a recording began with. Throws `ImageError` when it is not of such a machine. */
export function loadSnapshot(machine: Machine, snapshot: { readonly state: MachineState; readonly pages: Iterable<Page> }): void {
  const { pages } = machine;
  const zeros = new Uint8Array(PAGE_SIZE);
  const written = new Set<number>();
  for (const { frame, bytes } of snapshot.pages) {
    if (frame >= pages.count) throw new ImageError(`the recorded state has a page ${frame}, the machine has ${pages.count}`);
    pages.write(frame, bytes);
    written.add(frame);
  }
  for (let frame = 0; frame < pages.count; frame++) if (!written.has(frame) && !isZero(pages.read(frame))) pages.write(frame, zeros);
  machine.load(snapshot.state);
}

/** The pages in a memory chunk. Throws `ImageError`, whose message begins with `where`. */
export function decodePages(payload: Uint8Array, where: string): Page[] {
  const fields = new Fields(decodePlain(payload, where), where);
  const runs = decodeRuns(fields, 0, { limit: 2 ** 32 / PAGE_SIZE, countMax: PAGES_MAX });
  const frames = runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
  const bytes = unpack(fields.bytes(1), frames.length * PAGE_SIZE, where);
  return frames.map((frame, index) => ({ frame, bytes: bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE) }));
}

/** A machine's state from what `encodePlain` made of it; the devices check their parts when they load it. Throws `ImageError`. */
export function decodeState(bytes: Uint8Array, where: string): MachineState {
  const fields = new Fields(decodePlain(bytes, where, STATE_VALUES_MAX), where);
  const engine = fields.nested('engine');
  const harts = engine.list('harts');
  const devices = fields.list('devices');
  if (harts.length > HARTS_MAX || harts.some((hart) => !(hart instanceof Uint8Array))) throw engine.bad('harts');
  if (devices.length > DEVICES_MAX) throw fields.bad('devices');
  for (const device of devices) {
    const saved = new Fields(device, where);
    saved.text('name');
    saved.integer('version');
  }
  engine.integer('tick');
  engine.integer('skippedNs');
  const outputs = fields.list('outputs');
  const counts = new Fields(outputs, where);
  for (const index of outputs.keys()) counts.integer(index);
  const powerOff = fields.any('powerOff');
  if (typeof powerOff !== 'number' || !Number.isInteger(powerOff)) throw fields.bad('powerOff');
  return { engine: fields.any('engine'), devices, powerOff, outputs } as MachineState;
}

function isZero(page: Uint8Array): boolean {
  const words = new BigUint64Array(page.buffer, page.byteOffset, page.length / 8);
  return words.every((word) => word === 0n);
}
