/** The replay's side of a disk: serves what a recording holds, and fails where the host did. No file of the host is read. */
import type { BlockBackend } from '../lib/devices/block-backend.js';
import type { PlainData } from '../lib/devices/device.js';
import { OverlayDisk, type OverlayPorts } from '../lib/devices/overlay-disk.js';
import { ReadOnlyDisk } from '../lib/devices/read-only-disk.js';
import type { Position } from '../lib/system/input-event.js';
import { SECTOR_SIZE } from './disk.js';
import type { DiskFailure } from './entry.js';
import { NumberedDisk } from './numbered-disk.js';

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

class RecordedSectors extends ReadOnlyDisk {
  private readonly drive: RecordedDrive;
  private readonly onMissing: (sector: number) => void;

  constructor(drive: RecordedDrive, onMissing: (sector: number) => void) {
    super(drive.sizeBytes);
    this.drive = drive;
    this.onMissing = onMissing;
  }

  read(position: number, into: Uint8Array): boolean {
    if (!this.drive.readSectors(position / SECTOR_SIZE, into)) this.onMissing(position / SECTOR_SIZE);
    return true;
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
class FailingDisk extends NumberedDisk {
  private readonly drive: RecordedDrive;

  constructor(inner: BlockBackend, drive: RecordedDrive, position: () => Position) {
    super(inner, position);
    this.drive = drive;
  }

  override load(data: PlainData): void {
    super.load(data);
    this.operations.restart();
  }

  protected attempt(work: () => boolean): boolean {
    const { at, operation } = this.operations.next();
    const failure = this.drive.failureAt(at, operation);
    if (!failure) return work();
    if (failure.left) this.inner.write(failure.left.position, failure.left.bytes);
    return false;
  }
}
