/** Saving and restoring the engine's state: pages of memory, harts, time and turns. What is derived from them is computed anew, translated code stays. */
import {
  FRAME_CODE,
  FRAME_SIZE,
  GLOBAL_FRAME_COUNT,
  GLOBAL_FRAMES,
  GLOBAL_REGION_COUNT,
  GLOBAL_REGIONS,
  PAGE_SIZE,
  REGION_END,
  REGION_FRAME,
  REGION_HOST,
  REGION_SIZE,
  REGION_START,
} from '../mem/layout.js';
import { ImageError } from '../util/errors.js';
import { HART_STATE } from './digest.js';
import type { DirtyPages } from './dirty-log.js';
import type { DirtyLog, EngineSnapshots, EngineState, GuestPages } from './state.js';
import type { TurnState } from './turns.js';

const GRANULE_BYTES = 64;
const HART_BYTES = HART_STATE.reduce((total, [from, to]) => total + to - from, 0);

interface PageRegion {
  readonly start: number;
  readonly host: number;
  readonly firstFrame: number;
  readonly frames: number;
}

function regionsIn(memory: WebAssembly.Memory): PageRegion[] {
  const view = new DataView(memory.buffer);
  return Array.from({ length: view.getInt32(GLOBAL_REGION_COUNT, true) }, (_, index) => {
    const at = GLOBAL_REGIONS + index * REGION_SIZE;
    const [start, end] = [Number(view.getBigUint64(at + REGION_START, true)), Number(view.getBigUint64(at + REGION_END, true))];
    const [host, firstFrame] = [view.getUint32(at + REGION_HOST, true), view.getInt32(at + REGION_FRAME, true)];
    return { start, host, firstFrame, frames: Math.floor((end - start) / PAGE_SIZE) };
  });
}

/** Drops translated code of `bytes` bytes at `paddr`. */
export type Invalidate = (paddr: number, bytes: number) => void;

export class MemoryPages implements GuestPages {
  readonly count: number;
  private readonly u8: Uint8Array;
  private readonly i32: Int32Array;
  private readonly frameTable: number;
  private readonly regions: readonly PageRegion[];
  private readonly dirty: DirtyPages;
  private readonly invalidate: Invalidate;

  constructor(memory: WebAssembly.Memory, parts: { dirty: DirtyPages; invalidate: Invalidate }) {
    this.u8 = new Uint8Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.count = this.i32[GLOBAL_FRAME_COUNT >> 2];
    this.frameTable = this.i32[GLOBAL_FRAMES >> 2] >>> 0;
    this.regions = regionsIn(memory);
    this.dirty = parts.dirty;
    this.invalidate = parts.invalidate;
  }

  read(frame: number): Uint8Array {
    const region = this.regionOf(frame);
    const host = region.host + (frame - region.firstFrame) * PAGE_SIZE;
    return this.u8.subarray(host, host + PAGE_SIZE);
  }

  write(frame: number, bytes: Uint8Array): void {
    const page = this.read(frame);
    this.dropChangedCode(frame, page, bytes);
    page.set(bytes);
    this.dirty.mark(frame);
  }

  openDirtyLog(): DirtyLog {
    return this.dirty.open();
  }

  paddrOf(frame: number): number {
    const region = this.regionOf(frame);
    return region.start + (frame - region.firstFrame) * PAGE_SIZE;
  }

  frameOf(paddr: number): number {
    for (const { start, firstFrame, frames } of this.regions) {
      const index = Math.floor((paddr - start) / PAGE_SIZE);
      if (index >= 0 && index < frames) return firstFrame + index;
    }
    return -1;
  }

  private regionOf(frame: number): PageRegion {
    for (const region of this.regions) {
      if (frame >= region.firstFrame && frame < region.firstFrame + region.frames) return region;
    }
    throw new RangeError(`no page ${frame}`);
  }

  private dropChangedCode(frame: number, page: Uint8Array, bytes: Uint8Array): void {
    const marks = (this.frameTable + frame * FRAME_SIZE + FRAME_CODE) >>> 2;
    const code = [this.i32[marks], this.i32[marks + 1]];
    if (code[0] === 0 && code[1] === 0) return;
    const paddr = this.paddrOf(frame);
    for (let granule = 0; granule < PAGE_SIZE / GRANULE_BYTES; granule++) {
      if (((code[granule >> 5] >>> (granule & 31)) & 1) === 0) continue;
      const at = granule * GRANULE_BYTES;
      if (differs(page, bytes, at)) this.invalidate(paddr + at, GRANULE_BYTES);
    }
  }
}

function differs(a: Uint8Array, b: Uint8Array, from: number): boolean {
  for (let at = from; at < from + GRANULE_BYTES; at++) if (a[at] !== b[at]) return true;
  return false;
}

/** The engine's own part of the state. */
export interface EngineTimes extends TurnState {
  readonly tick: number;
  readonly skippedNs: number;
}

export interface SnapshotParts {
  readonly memory: WebAssembly.Memory;
  readonly pages: MemoryPages;
  /** Host addresses of the harts' areas. */
  readonly harts: readonly number[];
  getTimes(): EngineTimes;
  /** Sets them and computes anew what is derived from state. */
  restored(times: EngineTimes): void;
}

export class Snapshots implements EngineSnapshots {
  readonly pages: MemoryPages;
  private readonly parts: SnapshotParts;
  private readonly u8: Uint8Array;

  constructor(parts: SnapshotParts) {
    this.parts = parts;
    this.pages = parts.pages;
    this.u8 = new Uint8Array(parts.memory.buffer);
  }

  save(): EngineState {
    return { ...this.parts.getTimes(), harts: this.parts.harts.map((env) => this.saveHart(env)) };
  }

  load(state: EngineState): void {
    const { harts, restored } = this.parts;
    check(state, harts.length);
    for (const [index, env] of harts.entries()) this.loadHart(env, state.harts[index]);
    const { tick, skippedNs, turn, turnEnd, held } = state;
    restored({ tick, skippedNs, turn, turnEnd, held });
  }

  private saveHart(env: number): Uint8Array {
    const bytes = new Uint8Array(HART_BYTES);
    let at = 0;
    for (const [from, to] of HART_STATE) {
      bytes.set(this.u8.subarray(env + from, env + to), at);
      at += to - from;
    }
    return bytes;
  }

  private loadHart(env: number, bytes: Uint8Array): void {
    let at = 0;
    for (const [from, to] of HART_STATE) {
      this.u8.set(bytes.subarray(at, at + to - from), env + from);
      at += to - from;
    }
  }
}

function check(state: EngineState, harts: number): void {
  const { tick, skippedNs, turn, turnEnd, held } = state;
  const isTime = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  const good =
    isTime(tick) &&
    isTime(skippedNs) &&
    isTime(turn) &&
    isTime(held) &&
    held < 2 ** harts &&
    turn < harts &&
    (harts === 1 ? turnEnd === -1 : isTime(turnEnd)) &&
    state.harts.length === harts &&
    state.harts.every((hart) => hart instanceof Uint8Array && hart.length === HART_BYTES);
  if (!good) throw new ImageError('the saved state of the engine is not of this machine, or damaged');
}
