/** The host's scheduling of this process's threads. */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Added to the nice value: against a busy main thread, about a tenth of a processor. */
const NICER = 10;
const NICE_MAX = 19;

/**
 * Lets all other threads that there are now (V8's, which compile and collect, Node's, which compress and hash) give way to the thread that runs the guest, where there are too few
 * processors for all: booting Debian takes a tenth less time on two. Only Linux has priorities for threads (setpriority(2)); elsewhere nothing happens.
 */
export function deferBackgroundThreads(): void {
  if (process.platform !== 'linux') return;
  try {
    const nice = Math.min(NICE_MAX, getPriority(process.pid) + NICER);
    for (const thread of readdirSync('/proc/self/task')) if (Number(thread) !== process.pid) setPriority(Number(thread), nice);
  } catch {
    // No /proc, or a host that forbids it: it is a little slower.
  }
}
