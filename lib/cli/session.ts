/** How a run ends, and what the run loop waits for meanwhile. */

export type RunEnd =
  /** The guest powered off. */
  | { readonly reason: 'poweroff'; readonly code: number }
  /** The user ended it (Ctrl-A x). */
  | { readonly reason: 'quit' }
  /** Nobody reads the console's output any more. */
  | { readonly reason: 'closed' }
  | { readonly reason: 'signal'; readonly signal: Signal }
  /** --max-ticks. */
  | { readonly reason: 'limit' }
  /** All harts wait and nothing can wake them. */
  | { readonly reason: 'idle' }
  /** The recording ends here; `recorded`: why the recorded run did, unless the recording was cut off. */
  | { readonly reason: 'replayed'; readonly recorded: string | undefined };

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type Signal = keyof typeof SIGNALS;
export const SIGNAL_NAMES = Object.keys(SIGNALS) as Signal[];

const EXIT_LIMIT = 4;

/** The exit code of the process, as in the contract of the command line. A guest's nonzero code stays nonzero in 8 bits. */
export function exitCode(end: RunEnd): number {
  switch (end.reason) {
    case 'poweroff':
      return end.code & 0xff || (end.code === 0 ? 0 : 0xff);
    case 'quit':
    case 'closed':
    case 'replayed':
      return 0;
    case 'signal':
      return SIGNALS[end.signal];
    case 'limit':
    case 'idle':
      return EXIT_LIMIT;
  }
}

/** What happened to a run from outside the engine; wakes a sleeping run loop. */
export class Session {
  end: RunEnd | undefined;
  /** Output failed: to be reported. */
  failure: Error | undefined;
  private waker: (() => void) | undefined;

  /** Ends the run; the first reason counts. */
  finish(end: RunEnd): void {
    this.end ??= end;
    this.wake();
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  /** Ends a `sleep` early: something happened. */
  wake(): void {
    this.waker?.();
  }

  /** Waits for `wake`, but at most `milliseconds` (without limit when absent). */
  sleep(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(() => this.waker?.(), milliseconds);
      // Keeps the process alive while nothing but a signal could end the wait.
      const alive = milliseconds === undefined ? setInterval(() => {}, 0x7fffffff) : undefined;
      this.waker = () => {
        this.waker = undefined;
        clearTimeout(timer);
        clearInterval(alive);
        resolve();
      };
    });
  }
}

/** Lets signals end the run in good order; a second one does not wait for anything. */
export function watchSignals(session: Session): void {
  for (const signal of SIGNAL_NAMES) {
    process.on(signal, () => {
      const end: RunEnd = { reason: 'signal', signal };
      if (session.end) process.exit(exitCode(end));
      session.finish(end);
    });
  }
}
