/** The replay's side of a disk: serves what a recording holds, and fails where the host did. No file of the host is read. */
import type { BlockBackend } from '../lib/devices/block-backend.js';
import type { PlainData } from '../lib/devices/device.js';
import { OverlayDisk, type OverlayPorts } from '../lib/devices/overlay-disk.js';
import type { Position } from '../lib/system/input-event.js';
import { OperationCounter, SECTOR_SIZE, ZERO_PIECE_BYTES } from './disk.js';
import type { DiskFailure } from './entry.js';

/** What a recording knows of a drive. */
export interface RecordedDrive {
  readonly sizeBytes: number;
  /** The guest's writes went to the file. */
  readonly write: boolean;
  /** Fills `into` from sector `first` on; false when the recorded run never read one of them. */
  readSectors(first: number, into: Uint8Array): boolean;
  failureAt(at: Position, operation: number): DiskFailure | undefined;
}

export interface ReplayedDrivePorts {
  readonly position: () => Position;
  /** The guest reads what the recorded run has not read. */
  readonly onMissing: (sector: number) => void;
  readonly onFull: () => void;
}

/** The disk that takes the place of the recorded `drive`. */
export function replayedDrive(drive: RecordedDrive, ports: ReplayedDrivePorts): BlockBackend {
  const recorded = new RecordedSectors(drive, ports.onMissing);
  // Failures were noted at the file: below the overlay of a drive that is not written to, above what stands for the file of one that is.
  if (drive.write) return new FailingDisk(new KeptOverlay({ base: recorded, onFull: ports.onFull }), drive, ports.position);
  return new RestartingOverlay({ base: new FailingDisk(recorded, drive, ports.position), onFull: ports.onFull });
}

class RecordedSectors implements BlockBackend {
  readonly readOnly = true;
  readonly sizeBytes: number;
  private readonly drive: RecordedDrive;
  private readonly onMissing: (sector: number) => void;

  constructor(drive: RecordedDrive, onMissing: (sector: number) => void) {
    this.drive = drive;
    this.sizeBytes = drive.sizeBytes;
    this.onMissing = onMissing;
  }

  read(position: number, into: Uint8Array): boolean {
    if (!this.drive.readSectors(position / SECTOR_SIZE, into)) this.onMissing(position / SECTOR_SIZE);
    return true;
  }

  write(): boolean {
    return false;
  }

  zero(): boolean {
    return false;
  }

  discard(): boolean {
    return true;
  }

  flush(): boolean {
    return true;
  }

  save(): PlainData {
    return null;
  }

  load(_data: PlainData): void {}

  digest(): PlainData {
    return null;
  }
}

/** Stands for a file that was written to: what is discarded stays, and the state digest does not cover it. */
class KeptOverlay extends OverlayDisk {
  private readonly empty = this.save();

  override discard(): boolean {
    return true;
  }

  /** Nothing, at the start of a recording: what the guest had written before is in the file. */
  override load(data: PlainData): void {
    super.load(data ?? this.empty);
  }

  override digest(): PlainData {
    return null;
  }
}

/** Tells its base when its state is replaced. */
class RestartingOverlay extends OverlayDisk {
  private readonly below: BlockBackend;

  constructor(ports: OverlayPorts) {
    super(ports);
    this.below = ports.base;
  }

  override load(data: PlainData): void {
    super.load(data);
    this.below.load(null);
  }
}

/** Fails where the recorded drive failed. */
class FailingDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private readonly inner: BlockBackend;
  private readonly drive: RecordedDrive;
  private readonly operations: OperationCounter;

  constructor(inner: BlockBackend, drive: RecordedDrive, position: () => Position) {
    this.inner = inner;
    this.drive = drive;
    this.sizeBytes = inner.sizeBytes;
    this.readOnly = inner.readOnly;
    this.operations = new OperationCounter(position);
  }

  read(position: number, into: Uint8Array): boolean {
    return this.attempt(() => this.inner.read(position, into));
  }

  write(position: number, bytes: Uint8Array): boolean {
    return this.attempt(() => this.inner.write(position, bytes));
  }

  zero(position: number, length: number): boolean {
    for (let done = 0; done < length; done += ZERO_PIECE_BYTES) {
      if (!this.attempt(() => this.inner.zero(position + done, Math.min(ZERO_PIECE_BYTES, length - done)))) return false;
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
    this.operations.restart();
  }

  digest(): PlainData {
    return this.inner.digest();
  }

  private attempt(work: () => boolean): boolean {
    const { at, operation } = this.operations.next();
    const failure = this.drive.failureAt(at, operation);
    if (!failure) return work();
    if (failure.left) this.inner.write(failure.left.position, failure.left.bytes);
    return false;
  }
}
