/**
 * The recorder's side of a disk: notes what the guest sees of the host.
 *
 * That is the contents of sectors that it reads before it has written to them, once each, and what the host could not do. An image that something
 * else changes during the run is not noticed.
 */
import type { BlockBackend } from '../lib/devices/block-backend.js';
import type { PlainData } from '../lib/devices/device.js';
import type { Position } from '../lib/system/input-event.js';
import type { DiskFailure } from './entry.js';

export const SECTOR_SIZE = 512;
/** What overlays are made of: they read the whole of what is written in part. */
const BLOCK_SIZE = 4096;
/** Zeros are written in pieces, each of which can fail. */
export const ZERO_PIECE_BYTES = 2 ** 20;

/** Who writes down what disks did. */
export interface DiskJournal {
  /** `bytes` (whole sectors, to be copied) are what the drive holds from sector `first` on. */
  sectors(drive: number, first: number, bytes: Uint8Array): void;
  failure(failure: DiskFailure): void;
  /** The recording cannot go on. */
  abandon(reason: string): void;
}

/** Numbers the operations that a drive is asked for at the same position. */
export class OperationCounter {
  private readonly position: () => Position;
  private last: Position = { tick: -1, skippedNs: 0 };
  private count = 0;

  constructor(position: () => Position) {
    this.position = position;
  }

  next(): { readonly at: Position; readonly operation: number } {
    const at = this.position();
    this.count = at.tick === this.last.tick && at.skippedNs === this.last.skippedNs ? this.count + 1 : 0;
    this.last = at;
    return { at, operation: this.count };
  }

  /** The machine's state was replaced. */
  restart(): void {
    this.last = { tick: -1, skippedNs: 0 };
  }
}

export class RecordedDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private readonly inner: BlockBackend;
  private readonly drive: number;
  private readonly operations: OperationCounter;
  private journal: DiskJournal | undefined;
  private known = new SectorSet();

  /** `position`: the machine's, exact at any moment. */
  constructor(inner: BlockBackend, options: { drive: number; position: () => Position }) {
    this.inner = inner;
    this.drive = options.drive;
    this.sizeBytes = inner.sizeBytes;
    this.readOnly = inner.readOnly;
    this.operations = new OperationCounter(options.position);
  }

  /** From now on `journal` is told; nobody when absent. Between two instructions only. */
  record(journal: DiskJournal | undefined): void {
    this.journal = journal;
    this.known = new SectorSet();
    this.operations.restart();
  }

  read(position: number, into: Uint8Array): boolean {
    return this.attempt(() => {
      if (!this.inner.read(position, into)) return false;
      this.note(position, into);
      return true;
    });
  }

  write(position: number, bytes: Uint8Array): boolean {
    this.noteEdges(position, bytes.length);
    return this.attempt(() => this.inner.write(position, bytes), { position, length: bytes.length });
  }

  zero(position: number, length: number): boolean {
    this.noteEdges(position, length);
    for (let done = 0; done < length; done += ZERO_PIECE_BYTES) {
      const piece = { position: position + done, length: Math.min(ZERO_PIECE_BYTES, length - done) };
      if (!this.attempt(() => this.inner.zero(piece.position, piece.length), piece)) return false;
    }
    return true;
  }

  discard(position: number, length: number): boolean {
    return this.attempt(() => this.inner.discard(position, length));
  }

  flush(): boolean {
    return this.attempt(() => this.inner.flush());
  }

  save(): PlainData {
    return this.inner.save();
  }

  load(data: PlainData): void {
    this.inner.load(data);
  }

  digest(): PlainData {
    return this.inner.digest();
  }

  /** Does `work`; a failure is written down, with what a failed write has left at `range`. */
  private attempt(work: () => boolean, range?: { position: number; length: number }): boolean {
    if (!this.journal) return work();
    const { operation } = this.operations.next();
    const done = work();
    if (!done) this.journal.failure({ drive: this.drive, operation, ...(range ? { left: this.readBack(range) } : {}) });
    if (range) this.known.add(range.position / SECTOR_SIZE, range.length / SECTOR_SIZE);
    return done;
  }

  private readBack({ position, length }: { position: number; length: number }): { position: number; bytes: Uint8Array } {
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
