/** Shows on a terminal how far a long operation has come: one line on standard error that is gone at the end. */

/** What takes less is over before anybody asks. */
const SHOWN_AFTER_MS = 1000;
const SHOWN_EVERY_MS = 200;
const ERASE_LINE = '\r\x1b[K';

export interface ProgressOptions {
  /** Where the line goes. */
  readonly stream: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
  readonly quiet: boolean;
  /** Milliseconds of the host's clock. */
  readonly nowMs: () => number;
}

export class Progress {
  private readonly o: ProgressOptions;
  private nextMs: number;
  private shown = false;

  constructor(options: ProgressOptions) {
    this.o = options;
    this.nextMs = options.quiet || !options.stream.isTTY ? Number.POSITIVE_INFINITY : options.nowMs() + SHOWN_AFTER_MS;
  }

  /** `what` is done up to `done` of `total`. */
  at(what: string, done: number, total: number): void {
    const now = this.o.nowMs();
    if (now < this.nextMs) return;
    this.nextMs = now + SHOWN_EVERY_MS;
    const percent = total > 0 ? Math.floor((100 * Math.min(done, total)) / total) : 100;
    this.o.stream.write(`${ERASE_LINE}${what}: ${percent} %`);
    this.shown = true;
  }

  /** Takes the line away, for something else to be written there. */
  clear(): void {
    if (this.shown) this.o.stream.write(ERASE_LINE);
    this.shown = false;
  }
}

/** Progress on standard error. */
export function progressOnStderr(quiet: boolean): Progress {
  return new Progress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
}
