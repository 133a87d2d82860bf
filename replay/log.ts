/**
 * A recording as it is read: looked through once from the beginning, with every checksum and every entry of the log checked; contents are read again
 * when they are wanted. What is behind the first damage does not exist.
 */
import { comparePositions, type Position } from '../lib/system/input-event.js';
import type { MachineState } from '../lib/system/machine.js';
import { ImageError } from '../lib/util/errors.js';
import { type ByteSource, type Chunk, ChunkReader, payloadAt, placeOf } from './codec.js';
import { DriveContents, sectorsIn } from './drive-contents.js';
import { type DiskFailure, decodeLog, inOrder, type LogEntry } from './entry.js';
import { FileContents, type Piece, pieceLength } from './file-contents.js';
import { decodeEnd, decodeHeader, type End, type FileRole, type Header } from './header.js';
import { decodePlain, Fields } from './plain.js';
import { decodePages, decodeState, type Page } from './start-state.js';
import { CheckpointChunks, type StoredCheckpoint } from './stored-checkpoints.js';

interface LogChunk {
  readonly offset: number;
  /** How many entries are in front of it, and in it. */
  readonly before: number;
  readonly count: number;
  readonly last: Position;
}

const START: Position = { tick: 0, skippedNs: 0 };

export class Recording {
  readonly name: string;
  readonly header: Header;
  readonly sizeBytes: number;
  readonly drives: readonly DriveContents[];
  /** Per kind of entry or event, how many there are. */
  readonly counts = new Map<string, number>();
  /** Absent when the recording was not finished. */
  end: End | undefined;
  /** Why it is not finished, as far as the file shows it. */
  damage: string | undefined;
  private readonly source: ByteSource;
  private readonly files = new Map<FileRole, FileContents>();
  private readonly log: LogChunk[] = [];
  private readonly memory: number[] = [];
  private readonly checkpointChunks: CheckpointChunks;
  private events = 0;
  private pieces: Piece[] = [];
  private state: { pieces: readonly Piece[]; sizeBytes: number; offset: number } | undefined;
  private startAt: Position | undefined;

  /** Reads all of it. Throws `ImageError` for what is no recording, holds what no recorder writes, or ends before the start of the run is complete. */
  constructor(source: ByteSource) {
    this.source = source;
    this.name = source.name;
    this.sizeBytes = source.sizeBytes;
    this.checkpointChunks = new CheckpointChunks(source);
    const reader = new ChunkReader(source);
    const first = reader.next();
    if (first?.kind !== 'H') throw new ImageError(`${source.name}: ${reader.damage ?? 'empty'}, in front of the header`);
    this.header = decodeHeader(first.payload, placeOf(source, first.offset));
    this.drives = this.header.drives.map((drive) => new DriveContents(source, drive));
    for (let chunk = reader.next(); chunk; chunk = reader.next()) this.take(chunk);
    this.damage = reader.damage ?? (this.end ? undefined : 'not finished');
    if (!this.complete || this.log.length === 0) {
      throw new ImageError(`${source.name}: ${this.damage ?? 'ends'}, before the start of the run is complete: it cannot be replayed`);
    }
    for (const drive of this.drives) drive.check();
  }

  /** Nothing is read any more, also by whom it gave its drives. */
  close(): void {
    this.source.close?.();
  }

  /** Where the run began. */
  get start(): Position {
    return this.startAt ?? START;
  }

  /** Up to where the run can be replayed. */
  get reached(): Position {
    return this.end?.at ?? this.log.at(-1)?.last ?? START;
  }

  /** In order. */
  get checkpoints(): readonly StoredCheckpoint[] {
    return this.checkpointChunks.list;
  }

  /** The log, without the first `skip` entries. */
  *entries(skip = 0): Generator<LogEntry> {
    for (const { offset, before, count } of this.log) {
      if (before + count > skip) yield* this.decode(offset).slice(Math.max(0, skip - before));
    }
  }

  /** The contents of an embedded file; undefined when it is only referred to. Throws `ImageError` when they are not what was recorded. */
  readFile(role: FileRole): Uint8Array | undefined {
    return this.files.get(role)?.read();
  }

  /** Of a file that was recorded: 64 hexadecimal digits. */
  sha256(role: FileRole): string | undefined {
    return this.files.get(role)?.sha256;
  }

  /** What the run began with, if not with power-on. */
  snapshot(): { readonly state: MachineState; readonly pages: Iterable<Page> } | undefined {
    if (!this.state) return undefined;
    const { pieces, sizeBytes, offset } = this.state;
    const where = placeOf(this.source, offset);
    const state = decodeState(new FileContents(this.source, { pieces, sizeBytes, where }).read() ?? new Uint8Array(), where);
    return { state, pages: this.pages() };
  }

  private *pages(): Generator<Page> {
    for (const offset of this.memory) yield* decodePages(payloadAt(this.source, offset), placeOf(this.source, offset));
  }

  private get complete(): boolean {
    return this.files.size === this.header.files.length && this.header.snapshot === (this.state !== undefined);
  }

  private take(chunk: Chunk): void {
    if (this.end) throw this.misplaced(chunk);
    // What is behind the first entries of the log and is of a checkpoint's kind belongs to one.
    const isOfCheckpoint = this.log.length > 0 && (chunk.kind === 'M' || chunk.kind === 'P' || chunk.kind === 'C');
    if (isOfCheckpoint) this.takeCheckpoint(chunk);
    else if (this.checkpointChunks.isOpen) throw this.misplaced(chunk);
    else this.takeOther(chunk);
  }

  private takeCheckpoint(chunk: Chunk): void {
    const { checkpointChunks, log, events } = this;
    if (chunk.kind === 'M') checkpointChunks.addMemory(chunk);
    else if (chunk.kind === 'P') checkpointChunks.addPiece(chunk);
    else checkpointChunks.complete(chunk, log.at(-1)?.last ?? START, events);
  }

  private takeOther(chunk: Chunk): void {
    switch (chunk.kind) {
      case 'P':
        if (this.complete) throw this.misplaced(chunk);
        this.pieces.push({ offset: chunk.offset, length: pieceLength(chunk.payload, this.place(chunk)) });
        break;
      case 'F':
        this.takeFile(chunk);
        break;
      case 'M':
        if (!this.header.snapshot || this.state) throw this.misplaced(chunk);
        decodePages(chunk.payload, this.place(chunk));
        this.memory.push(chunk.offset);
        break;
      case 'S':
        this.takeState(chunk);
        break;
      case 'B':
        this.takeSectors(chunk);
        break;
      case 'L':
        this.takeLog(chunk);
        break;
      case 'E':
        this.takeEnd(chunk);
        break;
      default:
        throw this.misplaced(chunk);
    }
  }

  private takeFile(chunk: Chunk): void {
    const where = this.place(chunk);
    const fields = new Fields(decodePlain(chunk.payload, where), where);
    const header = this.header.files[this.files.size];
    if (!header || fields.text('role') !== header.role) throw this.misplaced(chunk);
    const sha256 = Buffer.from(fields.bytes('sha256', 32)).toString('hex');
    const { sizeBytes, path } = header;
    const pieces = path === undefined ? { pieces: this.takePieces(sizeBytes, where) } : {};
    this.files.set(header.role, new FileContents(this.source, { ...pieces, sizeBytes, sha256, where }));
  }

  private takeState(chunk: Chunk): void {
    const where = this.place(chunk);
    if (!this.header.snapshot || this.state || this.files.size < this.header.files.length) throw this.misplaced(chunk);
    const sizeBytes = new Fields(decodePlain(chunk.payload, where), where).integer('sizeBytes');
    this.state = { pieces: this.takePieces(sizeBytes, where), sizeBytes, offset: chunk.offset };
  }

  private takePieces(sizeBytes: number, where: string): Piece[] {
    const { pieces } = this;
    this.pieces = [];
    if (pieces.reduce((sum, { length }) => sum + length, 0) !== sizeBytes) throw new ImageError(`${where}: a file of another size`);
    return pieces;
  }

  private takeSectors(chunk: Chunk): void {
    if (!this.complete) throw this.misplaced(chunk);
    const sectors = sectorsIn(chunk, this.place(chunk), this.header.drives);
    this.drives[sectors.drive]?.add(sectors);
  }

  private takeLog(chunk: Chunk): void {
    if (!this.complete) throw this.misplaced(chunk);
    const entries = decodeLog(chunk.payload, this.place(chunk));
    const [first, last] = [entries[0], entries.at(-1)];
    if (!first || !last || !inOrder(entries, this.log.at(-1)?.last ?? START)) throw this.misplaced(chunk);
    this.startAt ??= first.at;
    const before = this.log.at(-1);
    this.log.push({ offset: chunk.offset, before: before ? before.before + before.count : 0, count: entries.length, last: last.at });
    for (const entry of entries) {
      const kind = entry.kind === 'event' ? entry.event.kind : entry.kind;
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      if (entry.kind === 'event') this.events++;
      if (entry.kind === 'failure') this.takeFailure(chunk, entry.at, entry.failure);
    }
  }

  private takeFailure(chunk: Chunk, at: Position, failure: DiskFailure): void {
    const drive = this.drives[failure.drive];
    const { left } = failure;
    if (!drive || (left && left.position + left.bytes.length > drive.sizeBytes)) throw this.misplaced(chunk);
    drive.addFailure(at, failure);
  }

  private takeEnd(chunk: Chunk): void {
    const end = decodeEnd(chunk.payload, this.place(chunk));
    const last = this.log.at(-1)?.last;
    if (!this.complete || !last || comparePositions(end.at, last) < 0) throw this.misplaced(chunk);
    this.end = end;
  }

  private decode(offset: number): LogEntry[] {
    return decodeLog(payloadAt(this.source, offset), placeOf(this.source, offset));
  }

  private place(chunk: Chunk): string {
    return placeOf(this.source, chunk.offset);
  }

  private misplaced(chunk: Chunk): ImageError {
    return new ImageError(`${this.place(chunk)}: what cannot be in this place of a recording`);
  }
}
