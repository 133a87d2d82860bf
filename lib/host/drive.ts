/**
 * Disks in files of the host: raw images of any size, read where and when the guest reads.
 *
 * An image that is no multiple of 512 bytes is filled up with zeros, as the guest sees it. A guest's writes stay in an overlay, or go to
 * the file: then its contents are no state of the machine, and the state digest does not cover them.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { BlockBackend } from '../devices/block-backend.js';
import type { PlainData } from '../devices/device.js';
import { OverlayDisk } from '../devices/overlay-disk.js';
import { ConfigError, describeSystemError } from '../util/errors.js';
import type { DriveOption } from './machine-options.js';

const SECTOR_SIZE = 512;
const ZEROS = new Uint8Array(0x10000);

/** Tells the user something that went wrong. */
export type Warn = (message: string) => void;

export class FileDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private fd: number;
  private readonly name: string;
  private readonly warn: Warn;
  /** Bytes behind it are zeros. */
  private fileBytes: number;
  private reported = false;

  /** `fd`: the open file, whose size is `fileBytes`; `name`: what errors call it. */
  constructor(file: { fd: number; fileBytes: number; name: string; readOnly: boolean }, warn: Warn) {
    this.fd = file.fd;
    this.fileBytes = file.fileBytes;
    this.name = file.name;
    this.readOnly = file.readOnly;
    this.warn = warn;
    this.sizeBytes = Math.ceil(file.fileBytes / SECTOR_SIZE) * SECTOR_SIZE;
  }

  read(position: number, into: Uint8Array): boolean {
    const inFile = Math.max(0, Math.min(into.length, this.fileBytes - position));
    into.fill(0, inFile);
    return this.attempt(() => {
      for (let done = 0; done < inFile; ) {
        const count = readSync(this.fd, into, done, inFile - done, position + done);
        if (count === 0) throw new Error('the file was cut off while it was in use');
        done += count;
      }
    });
  }

  write(position: number, bytes: Uint8Array): boolean {
    return this.attempt(() => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, position + done);
        this.fileBytes = Math.max(this.fileBytes, position + done);
      }
    });
  }

  zero(position: number, length: number): boolean {
    for (let done = 0; done < length; done += ZEROS.length) {
      if (!this.write(position + done, ZEROS.subarray(0, length - done))) return false;
    }
    return true;
  }

  /** The file keeps the bytes. */
  discard(_position: number, _length: number): boolean {
    return true;
  }

  flush(): boolean {
    return this.readOnly || this.attempt(() => fdatasyncSync(this.fd));
  }

  save(): PlainData {
    return null;
  }

  load(_data: PlainData): void {}

  digest(): PlainData {
    return null;
  }

  /** From here on the guest sees input/output errors. */
  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  /** False, and the user is told once, when the host refuses. */
  private attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!this.reported) this.warn(`${this.name}: ${describeSystemError(error)}; the guest sees an input/output error`);
      this.reported = true;
      return false;
    }
  }
}

/** Puts something between the file of drive `index` and the guest. */
export type WrapDisk = (disk: FileDisk, index: number) => BlockBackend;

/** Opens the disks that the user chose. Throws `ConfigError` for a file that cannot be one. */
export function openDrives(drives: readonly DriveOption[], warn: Warn, wrap: WrapDisk = (disk) => disk): BlockBackend[] {
  const seen = new Map<string, DriveOption>();
  return drives.map((drive, index) => {
    const name = `--drive ${drive.path}`;
    const { fd, fileBytes, identity } = openImage(drive, name);
    const other = seen.get(identity);
    if (other && (other.write || drive.write)) throw new ConfigError(`${name}: the same file as --drive ${other.path}, and written to`);
    seen.set(identity, drive);
    const disk = wrap(new FileDisk({ fd, fileBytes, name, readOnly: !drive.write }, warn), index);
    return drive.write ? disk : overlayOf(disk, name, warn);
  });
}

function overlayOf(base: BlockBackend, name: string, warn: Warn): BlockBackend {
  let reported = false;
  const onFull = () => {
    if (!reported) warn(`${name}: no memory for what the guest writes; the guest sees an input/output error`);
    reported = true;
  };
  return new OverlayDisk({ base, onFull });
}

function openImage({ path, write }: DriveOption, name: string): { fd: number; fileBytes: number; identity: string } {
  let fd: number;
  try {
    fd = openSync(path, write ? 'r+' : 'r');
  } catch (error) {
    throw new ConfigError(`${name}: ${describeSystemError(error)}`);
  }
  const stat = fstatSync(fd);
  const problem = stat.isDirectory() ? 'is a directory' : !stat.isFile() ? 'is no regular file' : stat.size === 0 ? 'is empty' : undefined;
  if (problem === undefined) return { fd, fileBytes: stat.size, identity: `${stat.dev}:${stat.ino}` };
  closeSync(fd);
  throw new ConfigError(`${name}: ${problem}`);
}
