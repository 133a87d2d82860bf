/** Joins the recorder with a machine: what it was built from, its disks, its door and its output. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CheckpointSpacing } from '../../replay/checkpoint-recorder.js';
import { RecordedDisk } from '../../replay/disk.js';
import type { FileHeader, FileRole, Header } from '../../replay/header.js';
import type { CollectedFile } from '../../replay/inputs.js';
import { Recorder } from '../../replay/recorder.js';
import { RecordingWriter } from '../../replay/writer.js';
import type { BlockBackend } from '../devices/block-backend.js';
import type { Position } from '../system/input-event.js';
import type { Machine } from '../system/machine.js';
import { ConfigError } from '../util/errors.js';
import { given } from '../util/given.js';
import { hostInputs, type MachineInputs } from './boot.js';
import type { FileDisk, Warn } from './drive.js';
import type { DriveOption, MachineOptions } from './machine-options.js';
import { openForWriting } from './output-file.js';
import { machineValues } from './recorded-options.js';
import { packageVersion } from './version.js';

export interface RecordOption {
  readonly path: string;
  /** Kernel, firmware and the like stay where they are; the recording names them, and their hashes. */
  readonly reference: boolean;
  /** Ticks from one state digest to the next; undefined: 100,000,000, or a multiple of that where digests take long. */
  readonly digestTicks: number | undefined;
  /** Ticks from one checkpoint to the next; `spaced`: 100,000,000, or a multiple of that where they take long. Absent: there are none. */
  readonly checkpointTicks?: number | 'spaced' | undefined;
}

const DIGEST_TICKS = 100_000_000;
/** In Debian's boot they take a twentieth more of the file than with 500,000,000 between them, and what is behind one is replayed in a fifth of a second. */
const CHECKPOINT_TICKS = 100_000_000;

/** The host's files, remembered; a recording may begin at any time. */
export class RecordableInputs implements MachineInputs {
  readonly files: (CollectedFile & { readonly path: string })[] = [];
  readonly disks: RecordedDisk[] = [];
  /** Set it as soon as there is one. */
  machine: Machine | undefined;
  private readonly openFiles: FileDisk[] = [];
  private readonly host: MachineInputs;
  private readonly contents: ReadonlyMap<FileRole, Uint8Array>;

  /** `contents`: what is given as bytes instead of a file. */
  constructor(warn: Warn, contents: ReadonlyMap<FileRole, Uint8Array> = new Map()) {
    this.contents = contents;
    this.host = hostInputs(warn, (disk, drive) => this.wrap(disk, drive));
  }

  readFile(role: FileRole, path: string): Uint8Array {
    const bytes = this.contents.get(role) ?? this.host.readFile(role, path);
    this.files.push({ role, path, bytes });
    return bytes;
  }

  openDrives(drives: readonly DriveOption[]): readonly BlockBackend[] {
    return this.host.openDrives(drives);
  }

  /** Closes the drives' files: the machine runs no more. */
  close(): void {
    for (const disk of this.openFiles) disk.close();
  }

  private wrap(inner: FileDisk, drive: number): RecordedDisk {
    const position = (): Position => this.machine?.position ?? { tick: 0, skippedNs: 0 };
    const disk = new RecordedDisk(inner, { drive, position });
    this.disks.push(disk);
    this.openFiles.push(inner);
    return disk;
  }
}

export interface RecordingParts {
  readonly machine: Machine;
  readonly inputs: RecordableInputs;
  readonly options: MachineOptions;
  readonly record: RecordOption;
  /** The machine is not as it was at power-on. */
  readonly snapshot: boolean;
  /** What happens now belongs to the recording. */
  readonly isRecordedLine: () => boolean;
  /** Told once, when the recording cannot go on; the run can. */
  readonly warn: Warn;
}

/** Begins to record: between two calls of `run`. Throws `ConfigError` when the file cannot be written. */
export function startRecording(parts: RecordingParts): Recorder {
  const { machine, inputs, options, record, snapshot, isRecordedLine, warn } = parts;
  refuseInputs(
    record.path,
    [...inputs.files, ...options.drives].map(({ path }) => path),
  );
  refusePipe(record.path);
  const fd = openForWriting(record.path, '--record');
  const writer = new RecordingWriter(fd, (reason) => warn(`--record ${record.path}: ${reason}; the recording ends here, the run goes on`));
  const header: Header = {
    program: packageVersion(),
    machine: machineValues(options),
    drives: inputs.disks.map(({ sizeBytes }, index) => ({ sizeBytes, write: options.drives[index]?.write ?? false })),
    files: inputs.files.map((file) => fileHeader(file, record)),
    digestTicks: record.digestTicks ?? DIGEST_TICKS,
    snapshot,
  };
  const nowMs = record.digestTicks === undefined ? { nowMs: () => performance.now() } : {};
  const { files, disks } = inputs;
  const recorder = new Recorder({
    machine,
    writer,
    header,
    files,
    disks,
    isRecordedLine,
    ...nowMs,
    ...given({ checkpoints: checkpointSpacing(record) }),
  });
  machine.onInput = (at, event) => recorder.input(at, event);
  return recorder;
}

function checkpointSpacing({ checkpointTicks }: RecordOption): CheckpointSpacing | undefined {
  if (checkpointTicks === undefined) return undefined;
  return checkpointTicks === 'spaced' ? { ticks: CHECKPOINT_TICKS, nowMs: () => performance.now() } : { ticks: checkpointTicks };
}

function fileHeader({ role, path, bytes }: RecordableInputs['files'][number], { reference }: RecordOption): FileHeader {
  const header = { role, name: path, sizeBytes: bytes.length };
  return reference ? { ...header, path: resolve(path) } : header;
}

/** Throws `ConfigError` when `path` is one of the machine's own files: it would be emptied. */
function refuseInputs(path: string, inputs: readonly string[]): void {
  const identity = identityOf(path);
  const same = identity && inputs.find((input) => identityOf(input) === identity);
  if (same) throw new ConfigError(`--record ${path}: is the same file as ${same}`);
}

/** Throws `ConfigError` for what cannot be written at a position, and what would be waited for until somebody reads it. */
function refusePipe(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFIFO() || stat?.isSocket()) throw new ConfigError(`--record ${path}: is a pipe; a recording needs a file`);
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
}
