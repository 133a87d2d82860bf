/** A recording in the place of the host's files. */

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../../replay/codec.js';
import type { FileRole } from '../../replay/header.js';
import { Recording } from '../../replay/log.js';
import { replayedDrive } from '../../replay/replayed-disk.js';
import type { BlockBackend } from '../devices/block-backend.js';
import { readInput } from '../machines/load-kernel.js';
import type { Position } from '../system/input-event.js';
import type { Machine } from '../system/machine.js';
import { describeSystemError, ImageError } from '../util/errors.js';
import type { MachineInputs } from './boot.js';
import type { Warn } from './drive.js';

/** Opens the recording at `path`. Throws `ImageError`. */
export function openRecording(path: string): Recording {
  const source = openSource(path);
  try {
    return new Recording(source);
  } catch (error) {
    source.close?.();
    throw error;
  }
}

function openSource(path: string): ByteSource {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new ImageError(`${path}: ${describeSystemError(error)}`);
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new ImageError(`${path}: is no regular file`);
  }
  const read = (position: number, length: number): Uint8Array => {
    if (fd < 0) throw new ImageError(`${path}: the recording is closed`);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = readSync(fd, bytes, done, length - done, position + done);
      if (count === 0) throw new ImageError(`${path}: was cut off while it was in use`);
      done += count;
    }
    return bytes;
  };
  const close = (): void => {
    if (fd >= 0) closeSync(fd);
    fd = -1;
  };
  return { name: path, sizeBytes: stat.size, read, close };
}

export class RecordingInputs implements MachineInputs {
  /** Set them as soon as there are any. */
  machine: Machine | undefined;
  replayer: { reportMissing(drive: number, sector: number): void } | undefined;
  private readonly recording: Recording;
  private readonly warn: Warn;

  constructor(recording: Recording, warn: Warn) {
    this.recording = recording;
    this.warn = warn;
  }

  readFile(role: FileRole): Uint8Array {
    const { recording } = this;
    const bytes = recording.readFile(role);
    if (bytes) return bytes;
    const path = recording.header.files.find((file) => file.role === role)?.path;
    if (path === undefined) throw new ImageError(`${recording.name}: has no ${role}`);
    return this.readReferred(role, path);
  }

  openDrives(): readonly BlockBackend[] {
    const position = (): Position => this.machine?.position ?? { tick: 0, skippedNs: 0 };
    const onFull = () => this.warn('no memory for what the guest writes; the replay will differ');
    return this.recording.drives.map((drive, index) =>
      replayedDrive(drive, { position, onFull, onMissing: (sector) => this.replayer?.reportMissing(index, sector) }),
    );
  }

  /** A file that the recording only names, and which must be what it was. */
  private readReferred(role: FileRole, path: string): Uint8Array {
    const { recording } = this;
    let bytes: Uint8Array;
    try {
      bytes = readInput(path);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new ImageError(`${recording.name}: needs the ${role} ${error.message}`);
    }
    const hash = createHash('sha256').update(bytes).digest('hex');
    if (hash !== recording.sha256(role))
      throw new ImageError(`${recording.name}: the ${role} ${path} is not the file that was recorded any more`);
    return bytes;
  }
}
