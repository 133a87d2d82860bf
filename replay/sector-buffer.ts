/** Contents of disks on their way into a recording: collected, sorted, zeros taken out, compressed. */
import { SECTOR_SIZE } from './disk.js';
import { encodePlain } from './plain.js';
import { encodeRuns, type Run, runsOf } from './runs.js';

/** What one chunk holds at most, zeros not counted. */
export const SECTORS_MAX = 512;
/** Sectors of zeros in one chunk. */
export const ZEROS_MAX = 2 ** 20;
const ZERO_SECTOR = new Uint8Array(SECTOR_SIZE);

export class SectorBuffer {
  private readonly put: (payload: Promise<Uint8Array>) => void;
  private readonly pack: (bytes: Uint8Array) => Promise<Uint8Array>;
  private drive = -1;
  private contents = new Map<number, Uint8Array>();
  private zeros: Run[] = [];
  private zeroCount = 0;

  /** `put` takes the payloads of chunks, in order. */
  constructor(put: (payload: Promise<Uint8Array>) => void, pack: (bytes: Uint8Array) => Promise<Uint8Array>) {
    this.put = put;
    this.pack = pack;
  }

  /** `bytes` are copied. No sector comes twice. */
  add(drive: number, first: number, bytes: Uint8Array): void {
    if (drive !== this.drive) this.flush();
    this.drive = drive;
    for (let at = 0; at < bytes.length; at += SECTOR_SIZE) {
      const sector = bytes.subarray(at, at + SECTOR_SIZE);
      const number = first + at / SECTOR_SIZE;
      if (Buffer.compare(sector, ZERO_SECTOR) === 0) this.addZero(number);
      else this.contents.set(number, sector.slice());
      if (this.contents.size >= SECTORS_MAX || this.zeroCount >= ZEROS_MAX) this.flush();
    }
  }

  flush(): void {
    if (this.contents.size === 0 && this.zeroCount === 0) return;
    const { drive, contents } = this;
    const sectors = [...contents.keys()].sort((a, b) => a - b);
    const bytes = Buffer.concat(sectors.map((sector) => contents.get(sector) as Uint8Array));
    const zeros = encodeRuns(joined(this.zeros));
    const runs = encodeRuns(runsOf(sectors));
    this.contents = new Map();
    this.zeros = [];
    this.zeroCount = 0;
    this.put(this.pack(bytes).then((packed) => encodePlain([drive, runs, zeros, packed])));
  }

  private addZero(sector: number): void {
    this.zeroCount++;
    const last = this.zeros.at(-1);
    if (last && last.first + last.count === sector) this.zeros[this.zeros.length - 1] = { first: last.first, count: last.count + 1 };
    else this.zeros.push({ first: sector, count: 1 });
  }
}

/** Sorts runs and joins neighbours. */
function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of [...runs].sort((a, b) => a.first - b.first)) {
    const last = result.at(-1);
    if (last && last.first + last.count === run.first) result[result.length - 1] = { first: last.first, count: last.count + run.count };
    else result.push(run);
  }
  return result;
}
