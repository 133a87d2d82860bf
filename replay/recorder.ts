/**
 * Writes a run down while it happens.
 *
 * The machine tells it of every input, disks of what they read, the run loop of every pause between two slices. Entries are collected and written
 * at the latest half a second later, disk contents first: what a recording says to have reached can be replayed with what is in front of it.
 */
import { comparePositions, type InputEvent, type Position } from '../lib/system/input-event.js';
import type { Machine } from '../lib/system/machine.js';
import { given } from '../lib/util/given.js';
import { CheckpointRecorder, type CheckpointSpacing } from './checkpoint-recorder.js';
import { pack } from './compress.js';
import type { DiskJournal, RecordedDisk } from './disk.js';
import { type DiskFailure, encodeLog, type LogEntry } from './entry.js';
import { encodeEnd, encodeHeader, type Header } from './header.js';
import { type CollectedFile, putFile } from './inputs.js';
import { OutputHash } from './output-hash.js';
import { Pace } from './pace.js';
import { SectorBuffer } from './sector-buffer.js';
import { putSnapshot } from './start-state.js';
import type { RecordingWriter } from './writer.js';

const FLUSH_MS = 500;
const ENTRIES_MAX = 4096;
/** Bytes of input, and of a debugger's write, in one entry. */
const ENTRY_BYTES_MAX = 2 ** 16;
const LOG_BYTES_MAX = 2 ** 18;

export interface RecorderParts {
  readonly machine: Machine;
  readonly writer: RecordingWriter;
  readonly header: Header;
  /** Those that the header lists. */
  readonly files: readonly CollectedFile[];
  /** All drives, in order. */
  readonly disks: readonly RecordedDisk[];
  /**
   * Whether what happens now is what the recording is about (always, if absent): not while a machine that went back in time runs through its past
   * again, or goes another way from there.
   */
  readonly isRecordedLine?: () => boolean;
  /** The host's clock in milliseconds: digests are left out where they would take more than their share of the time. Absent: none is. */
  readonly nowMs?: () => number;
  /** Where checkpoints are. Absent: there are none. With them, what the guest writes to the file of a drive stays in memory, too. */
  readonly checkpoints?: CheckpointSpacing;
}

/** Part of the time that may go into state digests. What follows from one, pages that are tracked anew, costs about as much again. */
const DIGEST_SHARE = 1 / 100;

export class Recorder implements DiskJournal {
  private readonly pace: Pace;
  private readonly checkpoints: CheckpointRecorder | undefined;
  private events = 0;
  private digests = 0;
  private readonly parts: RecorderParts;
  private readonly output = new OutputHash();
  private readonly sectorBuffer: SectorBuffer;
  private entries: LogEntry[] = [];
  private entryBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  /** Begins the recording: between two calls of `run`. At tick 0 without a snapshot, else with one if the header says so. */
  constructor(parts: RecorderParts) {
    const { machine, writer, header, files, disks, checkpoints, nowMs } = parts;
    this.parts = parts;
    writer.add('H', encodeHeader(header));
    for (const file of header.files) {
      const { bytes } = files.find(({ role }) => role === file.role) as CollectedFile;
      writer.addAll((put) => putFile(put, file, bytes));
    }
    if (header.snapshot) putSnapshot(writer, machine);
    this.sectorBuffer = new SectorBuffer((payload) => writer.add('B', payload), pack);
    for (const [index, disk] of disks.entries())
      disk.record(this, { keepsWrites: checkpoints !== undefined && header.drives[index].write });
    this.pace = new Pace(machine, { ticks: header.digestTicks, share: DIGEST_SHARE, ...given({ nowMs }) });
    this.takeDigest();
    this.flush();
    const isRecordedLine = () => this.isRecordedLine;
    this.checkpoints = checkpoints && new CheckpointRecorder(machine, writer, { ...checkpoints, isRecordedLine });
  }

  /** The next tick at which `betweenSlices` wants to be called. */
  get nextTick(): number {
    return Math.min(this.pace.nextTick, this.checkpoints?.nextTick ?? Number.POSITIVE_INFINITY);
  }

  get stats(): { readonly bytes: number; readonly events: number; readonly digests: number; readonly checkpoints: number } {
    return { bytes: this.parts.writer.bytes, events: this.events, digests: this.digests, checkpoints: this.checkpoints?.count ?? 0 };
  }

  /** The machine takes `event` now, at `at`. */
  input(at: Position, event: InputEvent): void {
    if (!this.isRecordedLine) return;
    for (const part of splitEvent(event)) {
      this.add({ kind: 'event', at, event: part }, 'bytes' in part ? part.bytes.length : 0);
      this.events++;
    }
  }

  /** The guest printed a byte. */
  printed(byte: number): void {
    if (this.isRecordedLine) this.output.write(byte);
  }

  /** Between two calls of `run`: takes a state digest, and a checkpoint, if it is time for one. */
  betweenSlices(): void {
    if (!this.isRecordedLine) return;
    if (this.pace.isDue()) this.takeDigest();
    if (this.checkpoints?.isDue()) this.takeCheckpoint(this.checkpoints);
  }

  sectors(drive: number, first: number, bytes: Uint8Array): void {
    this.sectorBuffer.add(drive, first, bytes);
    this.startTimer();
  }

  failure(failure: DiskFailure): void {
    if (this.isRecordedLine) this.add({ kind: 'failure', at: this.parts.machine.position, failure }, failure.left?.bytes.length ?? 0);
  }

  abandon(reason: string): void {
    this.parts.writer.abandon(reason);
  }

  /** The run is over, at the end of the recorded line. Resolves when the recording is complete and closed. `exitCode`: the guest's, where it powered off. */
  async finish(end: { readonly reason: string; readonly exitCode?: number }): Promise<void> {
    const { writer, disks } = this.parts;
    for (const disk of disks) disk.record(undefined);
    this.checkpoints?.close();
    if (!writer.ended) {
      this.flush();
      if (this.isRecordedLine) writer.add('E', this.endChunk(end));
    }
    clearTimeout(this.timer);
    await writer.close();
  }

  private endChunk(end: { readonly reason: string; readonly exitCode?: number }): Uint8Array {
    const { machine } = this.parts;
    const output = { outputBytes: this.output.bytes, outputSha256: this.output.digest() };
    return encodeEnd({ ...end, ...output, at: machine.position, digest: machine.stateDigest() });
  }

  private get isRecordedLine(): boolean {
    return this.parts.isRecordedLine?.() ?? true;
  }

  private takeDigest(): void {
    const { machine, writer } = this.parts;
    if (writer.ended) return;
    this.digests++;
    this.pace.run(() => this.add({ kind: 'digest', at: machine.position, digest: machine.stateDigest() }, 0));
  }

  /** The digest in front of a checkpoint proves it. */
  private takeCheckpoint(checkpoints: CheckpointRecorder): void {
    const { machine, writer } = this.parts;
    if (writer.ended) return;
    const last = this.entries.at(-1);
    if (last?.kind !== 'digest' || comparePositions(last.at, machine.position) !== 0) this.takeDigest();
    this.flush();
    checkpoints.take();
  }

  private add(entry: LogEntry, bytes: number): void {
    if (this.parts.writer.ended) return;
    this.entries.push(entry);
    this.entryBytes += bytes;
    this.startTimer();
    if (this.entries.length >= ENTRIES_MAX || this.entryBytes >= LOG_BYTES_MAX) this.writeEntries();
  }

  private startTimer(): void {
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** Between two calls of `run`: writes what was collected, and how far the run came. */
  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { machine, writer } = this.parts;
    if (writer.ended) return;
    if (this.isRecordedLine) this.entries.push({ kind: 'mark', at: machine.position });
    this.writeEntries();
    writer.sync();
  }

  private writeEntries(): void {
    this.sectorBuffer.flush();
    if (this.entries.length > 0) this.parts.writer.add('L', encodeLog(this.entries));
    this.entries = [];
    this.entryBytes = 0;
  }
}

/** Long input as several events, one behind the other: the same to the guest, and each chunk stays small. */
function splitEvent(event: InputEvent): InputEvent[] {
  const divisible = event.kind === 'console' || event.kind === 'memory';
  if (!divisible || event.bytes.length <= ENTRY_BYTES_MAX) return [event];
  const parts: InputEvent[] = [];
  for (let at = 0; at < event.bytes.length; at += ENTRY_BYTES_MAX) {
    const bytes = event.bytes.subarray(at, at + ENTRY_BYTES_MAX);
    parts.push(event.kind === 'memory' ? { ...event, paddr: event.paddr + at, bytes } : { ...event, bytes });
  }
  return parts;
}
