/** What a recording holds of a drive: the sectors that the guest read before it wrote to them, and what went wrong. */
import type { Position } from '../lib/system/input-event.js';
import { ImageError } from '../lib/util/errors.js';
import { type ByteSource, type Chunk, payloadAt, placeOf } from './codec.js';
import { unpack } from './compress.js';
import { SECTOR_SIZE } from './disk.js';
import type { DiskFailure } from './entry.js';
import type { DriveHeader } from './header.js';
import { decodePlain, Fields } from './plain.js';
import type { RecordedDrive } from './replayed-disk.js';
import { countOf, decodeRuns, type Run } from './runs.js';
import { SECTORS_MAX, ZEROS_MAX } from './sector-buffer.js';

/** Chunks that are kept unpacked. */
const CACHED_CHUNKS = 8;

interface SectorRun extends Run {
  /** Of the chunk that holds the contents, absent for zeros, and the first sector's place among those in it. */
  readonly chunk?: { readonly offset: number; readonly sectors: number; readonly at: number };
}

export interface Sectors {
  readonly drive: number;
  readonly runs: readonly SectorRun[];
}

/** The sectors in a chunk. Throws `ImageError`, whose message begins with `where`. */
export function sectorsIn(chunk: Chunk, where: string, drives: readonly DriveHeader[]): Sectors {
  const fields = new Fields(decodePlain(chunk.payload, where), where);
  const drive = fields.integer(0, drives.length - 1);
  const limit = (drives[drive] as DriveHeader).sizeBytes / SECTOR_SIZE;
  const contents = decodeRuns(fields, 1, { limit, countMax: SECTORS_MAX });
  const zeros = decodeRuns(fields, 2, { limit, countMax: ZEROS_MAX });
  const sectors = countOf(contents);
  unpack(fields.bytes(3), sectors * SECTOR_SIZE, where);
  let at = 0;
  const withPlace = contents.map((run) => {
    at += run.count;
    return { ...run, chunk: { offset: chunk.offset, sectors, at: at - run.count } };
  });
  return { drive, runs: [...withPlace, ...zeros] };
}

export class DriveContents implements RecordedDrive {
  readonly sizeBytes: number;
  readonly write: boolean;
  private readonly source: ByteSource;
  /** By first sector. */
  private readonly runs: SectorRun[] = [];
  private readonly failures = new Map<string, DiskFailure>();
  private readonly cache = new Map<number, Uint8Array>();

  constructor(source: ByteSource, header: DriveHeader) {
    this.source = source;
    this.sizeBytes = header.sizeBytes;
    this.write = header.write;
  }

  /** How much of the drive is recorded, in bytes. */
  get recordedBytes(): number {
    return countOf(this.runs) * SECTOR_SIZE;
  }

  add({ runs }: Sectors): void {
    for (const run of runs) this.runs.push(run);
  }

  /** When all is added. Throws `ImageError` where a sector was added twice. */
  check(): void {
    const { runs } = this;
    runs.sort((a, b) => a.first - b.first);
    if (runs.some((run, index) => index > 0 && runs[index - 1].first + runs[index - 1].count > run.first)) {
      throw new ImageError(`${this.source.name}: contents of a drive are recorded twice`);
    }
  }

  addFailure(at: Position, failure: DiskFailure): void {
    this.failures.set(keyOf(at, failure.operation), failure);
  }

  failureAt(at: Position, operation: number): DiskFailure | undefined {
    return this.failures.size === 0 ? undefined : this.failures.get(keyOf(at, operation));
  }

  readSectors(first: number, into: Uint8Array): boolean {
    const end = first + into.length / SECTOR_SIZE;
    let complete = true;
    for (let sector = first; sector < end; ) {
      const run = this.runAt(sector);
      const to = run ? Math.min(end, run.first + run.count) : sector + 1;
      const part = into.subarray((sector - first) * SECTOR_SIZE, (to - first) * SECTOR_SIZE);
      if (run?.chunk) part.set(this.contentsOf(run, sector, to));
      else part.fill(0);
      complete &&= run !== undefined;
      sector = to;
    }
    return complete;
  }

  private contentsOf({ chunk, first }: SectorRun, from: number, to: number): Uint8Array {
    const { offset, sectors, at } = chunk as NonNullable<SectorRun['chunk']>;
    let bytes = this.cache.get(offset);
    if (!bytes) {
      const where = placeOf(this.source, offset);
      bytes = unpack(new Fields(decodePlain(payloadAt(this.source, offset), where), where).bytes(3), sectors * SECTOR_SIZE, where);
      for (const oldest of this.cache.keys()) if (this.cache.size >= CACHED_CHUNKS) this.cache.delete(oldest);
      this.cache.set(offset, bytes);
    }
    return bytes.subarray((at + from - first) * SECTOR_SIZE, (at + to - first) * SECTOR_SIZE);
  }

  private runAt(sector: number): SectorRun | undefined {
    let [low, high] = [0, this.runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const run = this.runs[middle];
      if (sector < run.first) high = middle;
      else if (sector < run.first + run.count) return run;
      else low = middle + 1;
    }
    return undefined;
  }
}

function keyOf({ tick, skippedNs }: Position, operation: number): string {
  return `${tick} ${skippedNs} ${operation}`;
}
