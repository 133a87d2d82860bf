/**
 * States of a machine in a recording: the one that it begins with when it was started in the middle of a run (pages that are not zero, then everything
 * else), and what its checkpoints have in common with that.
 */
import type { GuestPages } from '../lib/exec/state.js';
import { PAGE_SIZE } from '../lib/mem/layout.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { ImageError } from '../lib/util/errors.js';
import { pack, unpack } from './compress.js';
import { putPieces } from './inputs.js';
import { decodePlain, encodePlain, Fields } from './plain.js';
import { decodeRuns, encodeRuns, runsOf } from './runs.js';
import { applyDelta } from './state-delta.js';
import type { RecordingWriter } from './writer.js';
import { isZeroPage, ZERO_PAGE } from './zero-page.js';

/** Pages in one chunk, with contents and of zeros. */
const PAGES_MAX = 256;
const ZERO_PAGES_MAX = 4096;
const HARTS_MAX = 32;
const DEVICES_MAX = 64;
/** Disks that were written to are part of the state. */
const STATE_VALUES_MAX = 2 ** 26;

/** Writes the machine's present state. Memory is copied at once, and compressed while the run goes on. */
export function putSnapshot(writer: RecordingWriter, machine: Machine): void {
  const { pages } = machine;
  const state = encodePlain(machine.save());
  const frames = [...everStored(pages)].filter((frame) => !isZeroPage(pages.read(frame)));
  for (const copy of copyPages(pages, frames)) writer.add('M', packPages(copy));
  writer.addAll(async (put) => {
    await putPieces(put, state);
    put('S', encodePlain({ sizeBytes: state.length }));
  });
}

/** All other pages are zero. */
function everStored(pages: GuestPages): Int32Array {
  const log = pages.openDirtyLog();
  const frames = log.take();
  log.close();
  return frames;
}

/** Pages as they are at a moment: at most `PAGES_MAX` that are not zero. */
export interface PagesCopy {
  readonly frames: readonly number[];
  readonly contents: Uint8Array;
  /** Pages that are. */
  readonly zeros: readonly number[];
}

/** What memory chunks hold of the pages `frames`, which ascend. */
export function copyPages(pages: GuestPages, frames: Iterable<number>): PagesCopy[] {
  const copies: PagesCopy[] = [];
  let [contents, zeros]: number[][] = [[], []];
  const flush = () => {
    if (contents.length + zeros.length === 0) return;
    copies.push({ frames: contents, contents: Buffer.concat(contents.map((frame) => pages.read(frame))), zeros });
    [contents, zeros] = [[], []];
  };
  for (const frame of frames) {
    (isZeroPage(pages.read(frame)) ? zeros : contents).push(frame);
    if (contents.length === PAGES_MAX || zeros.length === ZERO_PAGES_MAX) flush();
  }
  flush();
  return copies;
}

/** The payload of a memory chunk. */
export async function packPages({ frames, contents, zeros }: PagesCopy): Promise<Uint8Array> {
  const packed = frames.length > 0 ? await pack(contents) : contents;
  const runs = encodeRuns(runsOf(frames));
  return encodePlain(zeros.length > 0 ? [runs, packed, encodeRuns(runsOf(zeros))] : [runs, packed]);
}

export interface Page {
  readonly frame: number;
  readonly bytes: Uint8Array;
}

/** Puts `machine` into the state that a recording began with. Throws `ImageError` when it is not of such a machine. */
export function loadSnapshot(machine: Machine, snapshot: { readonly state: MachineState; readonly pages: Iterable<Page> }): void {
  const { pages } = machine;
  const written = new Set<number>();
  for (const { frame, bytes } of snapshot.pages) {
    if (frame >= pages.count) throw new ImageError(`the recorded state has a page ${frame}, the machine has ${pages.count}`);
    pages.write(frame, bytes);
    written.add(frame);
  }
  for (const frame of everStored(pages)) if (!written.has(frame) && !isZeroPage(pages.read(frame))) pages.write(frame, ZERO_PAGE);
  machine.load(snapshot.state);
}

/** The pages in a memory chunk. Throws `ImageError`, whose message begins with `where`. */
export function decodePages(payload: Uint8Array, where: string): Page[] {
  const { frames, zeros, packed } = packedPages(payload, where);
  const bytes = unpack(packed, frames.length * PAGE_SIZE, where);
  const pages = frames.map((frame, index) => ({ frame, bytes: bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE) }));
  return [...pages, ...zeros.map((frame) => ({ frame, bytes: ZERO_PAGE }))];
}

export interface PackedPages {
  /** Those with contents, and those of zeros, each ascending. */
  readonly frames: readonly number[];
  readonly zeros: readonly number[];
  readonly packed: Uint8Array;
}

/** Which pages are in a memory chunk, and their contents, unseen. Throws `ImageError`, whose message begins with `where`. */
export function packedPages(payload: Uint8Array, where: string): PackedPages {
  const fields = new Fields(decodePlain(payload, where), where);
  const framesIn = (field: number, countMax: number): number[] => {
    const runs = decodeRuns(fields, field, { limit: 2 ** 32 / PAGE_SIZE, countMax });
    return runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
  };
  return { frames: framesIn(0, PAGES_MAX), zeros: fields.has(2) ? framesIn(2, ZERO_PAGES_MAX) : [], packed: fields.bytes(1) };
}

/** A machine's state from what `encodePlain` made of it; the devices check their parts when they load it. Throws `ImageError`. */
export function decodeState(bytes: Uint8Array, where: string): MachineState {
  return checkedState(decodePlain(bytes, where, STATE_VALUES_MAX), where);
}

/** The same from what changed since an earlier state, or with undefined from all of it. Throws `ImageError`. */
export function decodeLaterState(bytes: Uint8Array, earlier: MachineState | undefined, where: string): MachineState {
  return checkedState(applyDelta(decodePlain(bytes, where, STATE_VALUES_MAX), earlier, where), where);
}

function checkedState(state: unknown, where: string): MachineState {
  const fields = new Fields(state, where);
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
