/**
 * The recorder's side of a disk: notes what the guest sees of the host.
 *
 * That is the contents of sectors that it reads before it has written to them, once each, and what the host could not do. An image that something
 * else changes during the run is not noticed.
 */
import type { BlockBackend } from '../lib/devices/block-backend.js';
import type { PlainData } from '../lib/devices/device.js';
import { OverlayDisk } from '../lib/devices/overlay-disk.js';
import type { Position } from '../lib/system/input-event.js';
import type { DiskFailure } from './entry.js';
import { type DiskRange, NumberedDisk } from './numbered-disk.js';

export const SECTOR_SIZE = 512;
/** What overlays are made of: they read the whole of what is written in part. */
const BLOCK_SIZE = 4096;

/** Who writes down what disks did. */
export interface DiskJournal {
  /** `bytes` (whole sectors, to be copied) are what the drive holds from sector `first` on. */
  sectors(drive: number, first: number, bytes: Uint8Array): void;
  failure(failure: DiskFailure): void;
  /** The recording cannot go on. */
  abandon(reason: string): void;
}

export class RecordedDisk extends NumberedDisk {
  private readonly drive: number;
  private journal: DiskJournal | undefined;
  private known = new SectorSet();
  /** What the guest has written since the recording began, where its file is written to: the state that a replay's disk has. */
  private written: OverlayDisk | undefined;

  /** `position`: the machine's, exact at any moment. */
  constructor(inner: BlockBackend, options: { drive: number; position: () => Position }) {
    super(inner, options.position);
    this.drive = options.drive;
  }

  /** From now on `journal` is told; nobody when absent. `keepsWrites`: what the guest writes becomes part of the saved state. Between two instructions only. */
  record(journal: DiskJournal | undefined, { keepsWrites = false }: { readonly keepsWrites?: boolean } = {}): void {
    this.journal = journal;
    this.known = new SectorSet();
    const onFull = () => journal?.abandon(`no memory for what the guest writes to drive ${this.drive}`);
    this.written = keepsWrites ? new OverlayDisk({ base: this.inner, onFull }) : undefined;
    this.operations.restart();
  }

  override save(): PlainData {
    return this.written ? this.written.save() : super.save();
  }

  override read(position: number, into: Uint8Array): boolean {
    const done = super.read(position, into);
    if (done) this.note(position, into);
    return done;
  }

  override write(position: number, bytes: Uint8Array): boolean {
    this.noteEdges(position, bytes.length);
    return super.write(position, bytes);
  }

  override zero(position: number, length: number): boolean {
    this.noteEdges(position, length);
    return super.zero(position, length);
  }

  /** Does `work`; a failure is written down, with what a failed write has left at `range`. */
  protected attempt(work: () => boolean, range?: DiskRange): boolean {
    if (!this.journal) return work();
    const { operation } = this.operations.next();
    const done = work();
    const left = range && !done ? this.readBack(range) : undefined;
    if (!done) this.journal.failure({ drive: this.drive, operation, ...(left ? { left } : {}) });
    if (range) this.keep(left ? { ...range, ...left } : range);
    if (range) this.known.add(range.position / SECTOR_SIZE, range.length / SECTOR_SIZE);
    return done;
  }

  /** Notes what is at a part of the drive now. */
  private keep({ position, length, bytes }: DiskRange): void {
    const kept = bytes ? this.written?.write(position, bytes) : this.written?.zero(position, length);
    if (kept === false) this.journal?.abandon(`drive ${this.drive} cannot be read where the guest writes`);
  }

  private readBack({ position, length }: DiskRange): { position: number; bytes: Uint8Array } {
    const bytes = new Uint8Array(length);
    if (!this.inner.read(position, bytes)) this.journal?.abandon(`drive ${this.drive} could neither be written to nor read back`);
    return { position, bytes };
  }

  /** Writes down those of the sectors in `bytes` that the guest has not seen before. */
  private note(position: number, bytes: Uint8Array): void {
    if (!this.journal) return;
    const first = position / SECTOR_SIZE;
    const count = bytes.length / SECTOR_SIZE;
    for (let from = 0; from < count; ) {
      if (this.known.has(first + from)) {
        from++;
        continue;
      }
      let to = from + 1;
      while (to < count && !this.known.has(first + to)) to++;
      this.journal.sectors(this.drive, first + from, bytes.subarray(from * SECTOR_SIZE, to * SECTOR_SIZE));
      from = to;
    }
    this.known.add(first, count);
  }

  /** Writes down the blocks that a write covers only in part, as they were before: a replay keeps what was written block by block. */
  private noteEdges(position: number, length: number): void {
    if (!this.journal || length === 0) return;
    const end = position + length;
    const edges = [position, end].filter((edge) => edge % BLOCK_SIZE !== 0).map((edge) => Math.floor(edge / BLOCK_SIZE) * BLOCK_SIZE);
    for (const at of new Set(edges)) {
      const block = new Uint8Array(Math.min(BLOCK_SIZE, this.sizeBytes - at));
      if (this.inner.read(at, block)) this.note(at, block);
      else this.journal.abandon(`drive ${this.drive} cannot be read where the guest writes`);
    }
  }
}

const SET_PAGE_BITS = 15;
const SET_PAGE = 2 ** SET_PAGE_BITS;

/** A set of sectors: a bitmap in pages, of which only those in use take room. */
class SectorSet {
  private readonly pages = new Map<number, Uint8Array>();

  has(sector: number): boolean {
    const page = this.pages.get(Math.floor(sector / SET_PAGE));
    const bit = sector % SET_PAGE;
    return page !== undefined && (page[bit >> 3] & (1 << (bit & 7))) !== 0;
  }

  add(first: number, count: number): void {
    for (let sector = first; sector < first + count; sector++) {
      const index = Math.floor(sector / SET_PAGE);
      let page = this.pages.get(index);
      if (!page) this.pages.set(index, (page = new Uint8Array(SET_PAGE / 8)));
      const bit = sector % SET_PAGE;
      page[bit >> 3] |= 1 << (bit & 7);
    }
  }
}
