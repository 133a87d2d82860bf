/**
 * Writes checkpoints into a recording while the run goes on: what memory was stored to since the one before, then everything else as far as it is
 * another object than there.
 *
 * Pages are copied at once, and compressed on the host's other threads. A place where too much still waits to be written has none.
 */
import type { DirtyLog } from '../lib/exec/state.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { putPieces } from './inputs.js';
import { Pace } from './pace.js';
import { encodePlain } from './plain.js';
import { SerialText } from './serial-text.js';
import { copyPages, packPages } from './start-state.js';
import { deltaOf } from './state-delta.js';
import type { RecordingWriter } from './writer.js';

/** Memory that waiting pages may take: a guest that changes all of its memory is faster than what compresses it. */
const WAITING_BYTES_MAX = 256 * 2 ** 20;
/** More pages than these (1 GiB) are not copied: no history would take them either. */
const PAGES_MAX = 2 ** 18;
/** Part of the run's time that may go into them; to go to a place in the past takes twenty times what a checkpoint does, then. What was copied is compressed beside the run. */
const SHARE = 1 / 20;

export interface CheckpointSpacing {
  /** They lie at multiples of so many ticks. */
  readonly ticks: number;
  /** The host's clock in milliseconds: they are left out where they would take more than their share of the time. Absent: only for want of memory. */
  readonly nowMs?: () => number;
}

export class CheckpointRecorder {
  count = 0;
  private readonly machine: Machine;
  private readonly writer: RecordingWriter;
  private readonly pace: Pace;
  private readonly log: DirtyLog;
  private readonly text: SerialText;
  private previous: MachineState | undefined;
  private waitingBytes = 0;

  /** At the start of a recording. `isRecordedLine`: whether what happens now belongs to it. */
  constructor(
    machine: Machine,
    writer: RecordingWriter,
    { isRecordedLine, ...spacing }: CheckpointSpacing & { readonly isRecordedLine: () => boolean },
  ) {
    this.machine = machine;
    this.writer = writer;
    this.pace = new Pace(machine, { ...spacing, share: SHARE });
    this.text = new SerialText(machine, isRecordedLine);
    this.log = machine.pages.openDirtyLog();
    // What memory holds at the start is known to who replays.
    this.log.take();
  }

  /** Where the next one is due. */
  get nextTick(): number {
    return this.pace.nextTick;
  }

  /** Whether it is time for one, and there is room; only asked once for each. */
  isDue(): boolean {
    return this.pace.isDue() && this.waitingBytes < WAITING_BYTES_MAX;
  }

  /** Between two calls of `run`: writes the present state. The log's entries in front of it must have been written. */
  take(): void {
    this.pace.run(() => this.write());
  }

  private write(): void {
    const { machine, writer, log } = this;
    const frames = log.take();
    if (frames.length > PAGES_MAX) return this.giveUp();
    const copies = copyPages(machine.pages, frames);
    const state = machine.save();
    const bytes = encodePlain(deltaOf(state, this.previous));
    const end = encodePlain({ ...machine.position, sizeBytes: bytes.length, ...this.text.take() });
    this.previous = state;
    this.count++;
    const waiting = copies.reduce((sum, { contents }) => sum + contents.length, bytes.length);
    this.waitingBytes += waiting;
    for (const copy of copies) writer.add('M', packPages(copy));
    writer.addAll(async (put) => {
      await putPieces(put, bytes);
      put('C', end);
      this.waitingBytes -= waiting;
    });
  }

  /** What is behind the last one can only be replayed. */
  private giveUp(): void {
    this.pace.stop();
    this.close();
  }

  close(): void {
    this.log.close();
    this.text.close();
  }
}
