/** What is done at multiples of so many ticks while a run goes on, but no more often than its share of the time allows. */
import type { Machine } from '../lib/system/machine.js';

export interface PaceOptions {
  readonly ticks: number;
  /** Part of the time that may go into it. */
  readonly share: number;
  /** The host's clock in milliseconds. Absent: nothing is left out. */
  readonly nowMs?: () => number;
}

export class Pace {
  /** Where it is due next. */
  nextTick: number;
  private readonly machine: Pick<Machine, 'tick'>;
  private readonly o: PaceOptions;
  private isFirst = true;
  /** When it was last done, and how long that took. */
  private endMs = 0;
  private tookMs = 0;

  constructor(machine: Pick<Machine, 'tick'>, options: PaceOptions) {
    this.machine = machine;
    this.o = options;
    this.nextTick = this.afterNow();
  }

  /** Whether it is time, and there is time; only asked once for each multiple. */
  isDue(): boolean {
    if (this.machine.tick < this.nextTick) return false;
    this.nextTick = this.afterNow();
    const { nowMs, share } = this.o;
    return !nowMs || nowMs() - this.endMs >= this.tookMs / share;
  }

  /** Does it. The first time has all of memory to look at, others what changed since: it does not count. */
  run(work: () => void): void {
    const { nowMs } = this.o;
    const startMs = nowMs?.() ?? 0;
    work();
    this.endMs = nowMs?.() ?? 0;
    this.tookMs = this.isFirst ? 0 : this.endMs - startMs;
    this.isFirst = false;
  }

  /** It is never due again. */
  stop(): void {
    this.nextTick = Number.POSITIVE_INFINITY;
  }

  private afterNow(): number {
    const { ticks } = this.o;
    return (Math.floor(this.machine.tick / ticks) + 1) * ticks;
  }
}
