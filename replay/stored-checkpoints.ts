/** The checkpoints in a recording: which there are is known when the file was looked through, contents are read when they are wanted. */
import { comparePositions, type Position } from '../lib/system/input-event.js';
import type { MachineState } from '../lib/system/machine.js';
import { ImageError } from '../lib/util/errors.js';
import { type ByteSource, type Chunk, payloadAt, placeOf } from './codec.js';
import { FileContents, type Piece, pieceLength } from './file-contents.js';
import { decodePlain, Fields } from './plain.js';
import { TEXT_BYTES_MAX } from './serial-text.js';
import { decodeLaterState, decodePages, type Page, packedPages } from './start-state.js';

/** Unpacked, a state is in one piece of memory. */
const STATE_BYTES_MAX = 2 ** 31 - 1;

export interface StoredCheckpoint {
  /** What errors about it begin with. */
  readonly where: string;
  readonly at: Position;
  /** How many events of the recording lie behind it. */
  readonly events: number;
  /** Of the state, as it is in the file. */
  readonly sizeBytes: number;
  /** How many bytes the serial line had put out, and the last of them: those since the checkpoint before. Throws `ImageError`. */
  text(): { readonly printed: number; readonly output: Uint8Array };
  /** The pages that were stored to since the checkpoint before, or since the start, ascending (as the chunks were checked to be). Throws `ImageError`. */
  frames(): Iterable<number>;
  /** The same with their contents, chunk by chunk from the last to the first. Throws `ImageError`. */
  pagesBackwards(): Iterable<Page>;
  /** `earlier`: that of the checkpoint before. Throws `ImageError`. */
  state(earlier: MachineState | undefined): MachineState;
}

/** Collects checkpoints from the chunks of a recording, and refuses what no recorder writes. */
export class CheckpointChunks {
  /** Those that are complete. */
  readonly list: StoredCheckpoint[] = [];
  private readonly source: ByteSource;
  private memory: number[] = [];
  private lastFrame = -1;
  private pieces: Piece[] = [];

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** In the middle of one: no other chunk can come. */
  get isOpen(): boolean {
    return this.memory.length > 0 || this.pieces.length > 0;
  }

  /** A chunk of kind `M`. Throws `ImageError`. */
  addMemory(chunk: Chunk): void {
    const where = placeOf(this.source, chunk.offset);
    const frames = framesIn(chunk.payload, where);
    const [first, last] = [frames[0], frames.at(-1)];
    if (first === undefined || last === undefined || first <= this.lastFrame || this.pieces.length > 0) {
      throw new ImageError(`${where}: pages that cannot be in this place of a recording`);
    }
    this.lastFrame = last;
    this.memory.push(chunk.offset);
  }

  /** A chunk of kind `P`. Throws `ImageError`. */
  addPiece(chunk: Chunk): void {
    this.pieces.push({ offset: chunk.offset, length: pieceLength(chunk.payload, placeOf(this.source, chunk.offset)) });
  }

  /** A chunk of kind `C`, behind a log that ends at `last` with so many events. Throws `ImageError`. */
  complete(chunk: Chunk, last: Position, events: number): void {
    const { source, memory, pieces } = this;
    const where = placeOf(source, chunk.offset);
    const fields = new Fields(decodePlain(chunk.payload, where), where);
    const at = { tick: fields.integer('tick'), skippedNs: fields.integer('skippedNs') };
    const sizeBytes = fields.integer('sizeBytes', STATE_BYTES_MAX);
    textIn(fields);
    if (comparePositions(at, last) !== 0) throw new ImageError(`${where}: a checkpoint that is not where the log ends`);
    if (pieces.reduce((sum, { length }) => sum + length, 0) !== sizeBytes) throw new ImageError(`${where}: a state of another size`);
    this.list.push(storedCheckpoint(source, { at, events, sizeBytes, memory, pieces, where, offset: chunk.offset }));
    [this.memory, this.pieces, this.lastFrame] = [[], [], -1];
  }
}

/** The pages in a memory chunk, ascending. Throws `ImageError`. */
function framesIn(payload: Uint8Array, where: string): Int32Array {
  const { frames, zeros } = packedPages(payload, where);
  return Int32Array.from([...frames, ...zeros]).sort();
}

function textIn(fields: Fields): { readonly printed: number; readonly output: Uint8Array } {
  const output = fields.bytes('output');
  const printed = fields.integer('printed');
  if (output.length > TEXT_BYTES_MAX || output.length > printed) throw fields.bad('output');
  return { printed, output };
}

interface Places extends Pick<StoredCheckpoint, 'at' | 'events' | 'sizeBytes' | 'where'> {
  /** Offsets of its memory chunks. */
  readonly memory: readonly number[];
  readonly pieces: readonly Piece[];
  /** Of the chunk that completes it. */
  readonly offset: number;
}

function storedCheckpoint(source: ByteSource, { at, events, sizeBytes, memory, pieces, where, offset }: Places): StoredCheckpoint {
  return {
    where,
    at,
    events,
    sizeBytes,
    text: () => textIn(new Fields(decodePlain(payloadAt(source, offset), where), where)),
    *frames() {
      for (const chunk of memory) yield* framesIn(payloadAt(source, chunk), placeOf(source, chunk));
    },
    *pagesBackwards() {
      for (const chunk of memory.toReversed()) yield* decodePages(payloadAt(source, chunk), placeOf(source, chunk));
    },
    state(earlier) {
      const contents = new FileContents(source, { pieces, sizeBytes, where });
      return decodeLaterState(contents.read() ?? new Uint8Array(), earlier, where);
    },
  };
}
