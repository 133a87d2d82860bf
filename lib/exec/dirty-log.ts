/** Which pages were stored to, for several askers: the soft-MMU keeps one bit per page, and whoever asks first passes the news on to the others. */
import { FRAME_DIRTY, FRAME_FLAGS, FRAME_SIZE, GLOBAL_FRAME_COUNT, GLOBAL_FRAMES } from '../mem/layout.js';
import type { DirtyLog } from './state.js';

const FRAME_WORDS = FRAME_SIZE >> 2;

/** What one asker has not been told yet. */
class Log implements DirtyLog {
  private readonly hub: DirtyPages;
  private readonly marks: Uint8Array;
  frames: number[] = [];

  constructor(hub: DirtyPages, count: number) {
    this.hub = hub;
    this.marks = new Uint8Array(count);
  }

  mark(frame: number): void {
    if (this.marks[frame]) return;
    this.marks[frame] = 1;
    this.frames.push(frame);
  }

  take(): Int32Array {
    this.hub.collect();
    const taken = Int32Array.from(this.frames).sort();
    for (const frame of taken) this.marks[frame] = 0;
    this.frames = [];
    return taken;
  }

  close(): void {
    this.hub.forget(this);
  }
}

export class DirtyPages {
  readonly count: number;
  private readonly i32: Int32Array;
  private readonly flagsAt: number;
  private readonly cleanPages: () => void;
  private readonly logs = new Set<Log>();
  /** Every page that was ever stored to: all others are zero. */
  private readonly all: Log;

  /** `cleanPages`: forgets all bits, and makes each page's next store set its bit again. */
  constructor(memory: WebAssembly.Memory, cleanPages: () => void) {
    this.i32 = new Int32Array(memory.buffer);
    this.count = this.i32[GLOBAL_FRAME_COUNT >> 2];
    this.flagsAt = (this.i32[GLOBAL_FRAMES >> 2] + FRAME_FLAGS) >>> 2;
    this.cleanPages = cleanPages;
    this.all = new Log(this, this.count);
    this.logs.add(this.all);
  }

  /** Begins with every page that was ever stored to. */
  open(): DirtyLog {
    this.collect();
    const log = new Log(this, this.count);
    for (const frame of this.all.frames) log.mark(frame);
    this.logs.add(log);
    return log;
  }

  forget(log: Log): void {
    this.logs.delete(log);
  }

  /** The page was written to from outside. */
  mark(frame: number): void {
    for (const log of this.logs) log.mark(frame);
  }

  /** Tells all logs of the pages that were stored to since the last time. */
  collect(): void {
    const { i32, flagsAt, count } = this;
    let any = false;
    for (let frame = 0, at = flagsAt; frame < count; frame++, at += FRAME_WORDS) {
      if ((i32[at] & FRAME_DIRTY) === 0) continue;
      this.mark(frame);
      any = true;
    }
    if (any) this.cleanPages();
  }
}
