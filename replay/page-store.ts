/**
 * Versions of pages of memory, for checkpoints: a checkpoint owns a version of each page that differs from the checkpoint before it, and shares all others.
 *
 * A version is a slot of 4096 bytes in a slab, and a row of the tables below; no object is made for it. The versions of a page are a list from the
 * newest checkpoint to the oldest. A page without any is zeros.
 */
import { PAGE_SIZE } from '../lib/mem/layout.js';
import { ZERO_PAGE } from './zero-page.js';

const SLAB_SLOTS = 1024;
const NONE = -1;
/** What a slot costs: its bytes, its rows, its place in its owner's list. */
export const SLOT_BYTES = PAGE_SIZE + 16 + 8;

/** A checkpoint as the store knows it. */
export interface PageOwner {
  /** Ascends along the timeline; changes when another one is inserted. */
  order: number;
  /** Its versions. */
  slots: number[];
}

/** Rows of the tables, by slot. */
interface Rows {
  frame: Int32Array;
  older: Int32Array;
  newer: Int32Array;
}

export class PageStore {
  /** Slots in use. */
  used = 0;
  private readonly slabs: Uint8Array[] = [];
  private readonly free: number[] = [];
  private readonly newest: Int32Array;
  private readonly owners: (PageOwner | undefined)[] = [];
  private rows: Rows = { frame: new Int32Array(0), older: new Int32Array(0), newer: new Int32Array(0) };

  /** For pages numbered from 0 to `pages` - 1. */
  constructor(pages: number) {
    this.newest = new Int32Array(pages).fill(NONE);
  }

  /** The contents of a page at a checkpoint: a view. */
  read(frame: number, owner: PageOwner): Uint8Array {
    const slot = this.slotAt(frame, owner.order);
    return slot === NONE ? ZERO_PAGE : this.bytes(slot);
  }

  /** Gives `owner`, which has none yet, a version of the page. */
  add(frame: number, owner: PageOwner, contents: Uint8Array): void {
    const slot = this.allocate();
    this.slabs[Math.floor(slot / SLAB_SLOTS)].set(contents, (slot % SLAB_SLOTS) * PAGE_SIZE);
    const { rows } = this;
    let newer = NONE;
    let older = this.newest[frame];
    while (older !== NONE && this.ownerOf(older).order > owner.order) {
      newer = older;
      older = rows.older[older];
    }
    rows.frame[slot] = frame;
    this.link(frame, newer, slot);
    this.link(frame, slot, older);
    this.owners[slot] = owner;
    owner.slots.push(slot);
    this.used++;
  }

  /** Whether `owner` has a version of its own. */
  has(frame: number, owner: PageOwner): boolean {
    const slot = this.slotAt(frame, owner.order);
    return slot !== NONE && this.owners[slot] === owner;
  }

  /** The pages of which `owner` has versions. */
  *framesOf(owner: PageOwner): Generator<number> {
    for (const slot of owner.slots) yield this.rows.frame[slot];
  }

  /** Takes `owner` out of the timeline: its versions become those of `next`, where that has no newer ones; without `next` they go. */
  merge(owner: PageOwner, next: PageOwner | undefined): void {
    const { rows } = this;
    for (const slot of owner.slots) {
      const newer = rows.newer[slot];
      if (next && (newer === NONE || this.owners[newer] !== next)) {
        this.owners[slot] = next;
        next.slots.push(slot);
      } else this.release(slot);
    }
    owner.slots = [];
  }

  private slotAt(frame: number, order: number): number {
    let slot = this.newest[frame];
    while (slot !== NONE && this.ownerOf(slot).order > order) slot = this.rows.older[slot];
    return slot;
  }

  private ownerOf(slot: number): PageOwner {
    return this.owners[slot] as PageOwner;
  }

  /** Makes `older` the version behind `newer` in the page's list. */
  private link(frame: number, newer: number, older: number): void {
    if (newer === NONE) this.newest[frame] = older;
    else this.rows.older[newer] = older;
    if (older !== NONE) this.rows.newer[older] = newer;
  }

  private bytes(slot: number): Uint8Array {
    const at = (slot % SLAB_SLOTS) * PAGE_SIZE;
    return this.slabs[Math.floor(slot / SLAB_SLOTS)].subarray(at, at + PAGE_SIZE);
  }

  private release(slot: number): void {
    const { rows } = this;
    this.link(rows.frame[slot], rows.newer[slot], rows.older[slot]);
    this.owners[slot] = undefined;
    this.free.push(slot);
    this.used--;
  }

  private allocate(): number {
    if (this.free.length === 0) {
      const first = this.slabs.length * SLAB_SLOTS;
      this.slabs.push(new Uint8Array(SLAB_SLOTS * PAGE_SIZE));
      for (let slot = first + SLAB_SLOTS - 1; slot >= first; slot--) this.free.push(slot);
      if (this.rows.frame.length < first + SLAB_SLOTS) this.growRows((first + SLAB_SLOTS) * 2);
    }
    return this.free.pop() as number;
  }

  private growRows(length: number): void {
    const grow = (old: Int32Array): Int32Array => {
      const rows = new Int32Array(length);
      rows.set(old);
      return rows;
    };
    const { frame, older, newer } = this.rows;
    this.rows = { frame: grow(frame), older: grow(older), newer: grow(newer) };
  }
}
