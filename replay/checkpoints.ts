/**
 * Checkpoints of a machine: any of its states that were kept can be brought back in a time that depends on how much differs.
 *
 * They share what did not change between them, and stay within a budget of memory: when it is used up, those go that are close together for their
 * distance from where the user is, so that the spacing grows with the distance. The first one never goes: everything behind it can be
 * computed from it. Where the first one alone takes more than the budget, there is no other.
 */

import type { DirtyLog } from '../lib/exec/state.js';
import type { Position } from '../lib/system/input-event.js';
import { comparePositions } from '../lib/system/input-event.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { type PageOwner, PageStore, SLOT_BYTES } from './page-store.js';
import type { Page } from './start-state.js';
import { stateBytes } from './state-bytes.js';
import { isZeroPage } from './zero-page.js';

/** More checkpoints than this are thinned out, whatever they cost. */
const COUNT_MAX = 2000;

export interface Checkpoint {
  readonly at: Position;
  /** How many events of the history lie behind: events at the same position may or may not. */
  readonly events: number;
  /** Ticks that each hart took. */
  readonly hartTicks: readonly number[];
}

interface Kept extends Checkpoint, PageOwner {
  readonly state: MachineState;
  /** Of the state, without what it shares with the checkpoint before, and of `touched`. */
  stateBytes: number;
  /** Frames of the pages that were stored to since the checkpoint before, and perhaps others: contents may be the same. Undefined: any. */
  touched: Int32Array | undefined;
}

export class Checkpoints {
  readonly budgetBytes: number;
  private readonly machine: Machine;
  private readonly firstFits: boolean;
  private readonly store: PageStore;
  private readonly log: DirtyLog;
  private readonly list: Kept[] = [];
  /** Memory is that of `base`, but for the pages in `pending` and in the log. */
  private base: Kept | undefined;
  private readonly pending = new Set<number>();
  /** A page that was stored to since `base` and has the contents from there may be missing in `pending`. */
  private forgetful = false;
  private stateTotal = 0;

  /** The first checkpoint may take more than the budget, unless `firstMustFit`. */
  constructor(machine: Machine, options: { readonly budgetBytes: number; readonly firstMustFit?: boolean }) {
    this.machine = machine;
    this.firstFits = !options.firstMustFit;
    this.budgetBytes = options.budgetBytes;
    this.store = new PageStore(machine.pages.count);
    this.log = machine.pages.openDirtyLog();
  }

  /** In the order of the timeline. */
  get all(): readonly Checkpoint[] {
    return this.list;
  }

  /** Memory that they take. */
  get bytes(): number {
    return this.store.used * SLOT_BYTES + this.stateTotal;
  }

  /** The last one at `at` or before it, with at most `events` events behind it, for which `fits` gives true. */
  before(at: Position, events: number, fits: (checkpoint: Checkpoint) => boolean = () => true): Checkpoint | undefined {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at: there, events: behind } = this.list[middle];
      if (comparePositions(there, at) <= 0 && behind <= events) low = middle + 1;
      else high = middle;
    }
    while (low > 0 && !fits(this.list[low - 1])) low--;
    return this.list[low - 1];
  }

  /** Keeps the present state, with `events` events behind it; undefined where there is no room. */
  take(events: number): Checkpoint | undefined {
    const at = this.machine.position;
    const previous = this.before(at, events) as Kept | undefined;
    if (previous && previous.events === events && comparePositions(previous.at, at) === 0) return previous;
    const changed = previous ? this.differing(previous) : this.notZero();
    const state = this.machine.save();
    // In front of others, each changed page may need a version there too.
    const slots = previous && previous.order + 1 < this.list.length ? changed.length * 2 : changed.length;
    const touched = this.touchedSince(previous);
    const bytes = stateBytes(state, previous?.state) + (touched?.byteLength ?? 0);
    if (!this.makeRoom(slots, bytes, previous)) return undefined;
    const { debug } = this.machine;
    const hartTicks = Array.from({ length: debug.harts }, (_, hart) => debug.hartTicks(hart));
    const kept: Kept = { at, events, hartTicks, state, touched, stateBytes: 0, order: 0, slots: [] };
    this.insert(kept, previous);
    this.addPages(kept, previous, changed);
    this.setBase(kept);
    return kept;
  }

  /**
   * Adds a state that is known from elsewhere, behind all others. `pages`: at least those that are not what they were at the checkpoint before, each once;
   * `touched`: those that may have been stored to since.
   */
  append(known: Checkpoint & { readonly state: MachineState; readonly touched: Int32Array }, pages: Iterable<Page>): void {
    const previous = this.list.at(-1);
    const kept: Kept = { ...known, stateBytes: 0, order: 0, slots: [] };
    this.insert(kept, previous);
    const { store } = this;
    for (const { frame, bytes } of pages) if (Buffer.compare(bytes, store.read(frame, kept)) !== 0) store.add(frame, kept, bytes);
  }

  /** Brings the machine back to a checkpoint. */
  restore(checkpoint: Checkpoint): void {
    const kept = checkpoint as Kept;
    const { pages } = this.machine;
    for (const frame of this.differing(kept)) pages.write(frame, this.store.read(frame, kept));
    this.machine.load(kept.state);
    this.log.take();
    this.setBase(kept);
  }

  /** Forgets a checkpoint. */
  remove(checkpoint: Checkpoint): void {
    const kept = checkpoint as Kept;
    const index = this.list.indexOf(kept);
    const [previous, next] = [this.list[index - 1], this.list[index + 1]];
    if (this.base === kept) this.rebase(kept, previous ?? next);
    if (next) next.touched = union(kept.touched, next.touched);
    this.store.merge(kept, next);
    this.list.splice(index, 1);
    this.renumber(index);
    this.stateTotal -= kept.stateBytes;
    if (next) this.weigh(next, previous);
  }

  /** Whether any of the pages may have been stored to from the checkpoint on up to `end`, which is not behind the next one. */
  mayHaveStored(checkpoint: Checkpoint, end: Position, frames: readonly number[]): boolean {
    const next: Kept | undefined = this.list[(checkpoint as Kept).order + 1];
    if (!next?.touched || comparePositions(next.at, end) < 0) return true;
    const { touched } = next;
    return frames.some((frame) => touched.includes(frame));
  }

  stateOf(checkpoint: Checkpoint): MachineState {
    return (checkpoint as Kept).state;
  }

  /** The pages at a checkpoint that are not zero: views, good until checkpoints change. */
  *pagesOf(checkpoint: Checkpoint): Generator<{ readonly frame: number; readonly bytes: Uint8Array }> {
    for (let frame = 0; frame < this.machine.pages.count; frame++) {
      const bytes = this.store.read(frame, checkpoint as Kept);
      if (!isZeroPage(bytes)) yield { frame, bytes };
    }
  }

  close(): void {
    this.log.close();
  }

  // --- pages ---------------------------------------------------------------------------------------------------------

  /** The pages whose live contents differ from those at `kept`. */
  private differing(kept: Kept): number[] {
    const candidates = this.collect();
    const { base, store, machine } = this;
    if (base && base !== kept) {
      const [from, to] = base.order < kept.order ? [base.order, kept.order] : [kept.order, base.order];
      for (let order = from + 1; order <= to; order++) for (const frame of store.framesOf(this.list[order])) candidates.add(frame);
    }
    return [...candidates].filter((frame) => Buffer.compare(machine.pages.read(frame), store.read(frame, kept)) !== 0);
  }

  /** What was stored to from `previous` up to here, as far as it is known; `differing` has just collected it. */
  private touchedSince(previous: Kept | undefined): Int32Array | undefined {
    const { base } = this;
    if (!previous || !base || this.forgetful || base.order > previous.order) return undefined;
    return Int32Array.from(this.pending);
  }

  private setBase(kept: Kept): void {
    this.base = kept;
    this.pending.clear();
    this.forgetful = false;
  }

  /** What was stored to since `base`; a copy. */
  private collect(): Set<number> {
    for (const frame of this.log.take()) this.pending.add(frame);
    return new Set(this.pending);
  }

  private notZero(): number[] {
    const { pages } = this.machine;
    return [...this.log.take()].filter((frame) => !isZeroPage(pages.read(frame)));
  }

  private addPages(kept: Kept, previous: Kept | undefined, changed: readonly number[]): void {
    const { store, machine } = this;
    const next = this.list[kept.order + 1];
    for (const frame of changed) {
      // A page that is the same at the checkpoints before and behind has no version there, and now needs one.
      if (next && previous && !store.has(frame, next)) store.add(frame, next, store.read(frame, previous));
      store.add(frame, kept, machine.pages.read(frame));
    }
  }

  /** `kept` is the base and goes; its neighbour takes over. */
  private rebase(kept: Kept, neighbour: Kept | undefined): void {
    this.collect();
    const later = neighbour && neighbour.order > kept.order ? neighbour : kept;
    for (const frame of this.store.framesOf(later)) this.pending.add(frame);
    if (later === kept && kept.touched) for (const frame of kept.touched) this.pending.add(frame);
    else this.forgetful = true;
    this.base = neighbour;
  }

  // --- the list ------------------------------------------------------------------------------------------------------

  private insert(kept: Kept, previous: Kept | undefined): void {
    const index = previous ? previous.order + 1 : 0;
    this.list.splice(index, 0, kept);
    this.renumber(index);
    this.weigh(kept, previous);
    const next = this.list[index + 1];
    if (next) this.weigh(next, kept);
  }

  private renumber(from: number): void {
    for (let index = from; index < this.list.length; index++) this.list[index].order = index;
  }

  /** Counts the state's bytes anew, as `previous` comes before it now. */
  private weigh(kept: Kept, previous: Kept | undefined): void {
    const bytes = stateBytes(kept.state, previous?.state) + (kept.touched?.byteLength ?? 0);
    this.stateTotal += bytes - kept.stateBytes;
    kept.stateBytes = bytes;
  }

  // --- the budget ------------------------------------------------------------------------------------------------------

  /** Thins out until `slots` more pages and a state of `state` bytes fit; `keep` must stay. */
  private makeRoom(slots: number, state: number, keep: Kept | undefined): boolean {
    if (this.list.length === 0 && this.firstFits) return true;
    while (this.bytes + slots * SLOT_BYTES + state > this.budgetBytes || this.list.length >= COUNT_MAX) {
      const victim = this.victim(keep);
      if (!victim) return false;
      this.remove(victim);
    }
    return true;
  }

  /** The checkpoint that is missed least: its neighbours are close for their distance from the present. */
  private victim(keep: Kept | undefined): Kept | undefined {
    const { list } = this;
    const { tick } = this.machine.position;
    let [best, least] = [undefined as Kept | undefined, Number.POSITIVE_INFINITY];
    for (let index = 1; index < list.length; index++) {
      const kept = list[index];
      if (kept === keep) continue;
      const next = list[index + 1]?.at.tick ?? Math.max(tick, kept.at.tick);
      const distance = Math.abs(tick - kept.at.tick) + 1;
      const score = (next - list[index - 1].at.tick) / distance;
      if (score < least) [best, least] = [kept, score];
    }
    return best;
  }
}

/** Of two sets of frames; undefined is the set of all. */
function union(a: Int32Array | undefined, b: Int32Array | undefined): Int32Array | undefined {
  return a && b && Int32Array.from(new Set([...a, ...b]));
}
