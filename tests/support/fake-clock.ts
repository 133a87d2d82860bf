/** A virtual clock that tests move by hand. */
import type { TimerHandle, VirtualClock } from '../../lib/util/virtual-clock.js';

interface Event extends TimerHandle {
  readonly callback: () => void;
}

export class FakeClock implements VirtualClock {
  private now = 0;
  private events: Event[] = [];

  nowNs(): number {
    return this.now;
  }

  at(timeNs: number, callback: () => void): TimerHandle {
    const event = { timeNs, callback };
    this.events.push(event);
    return event;
  }

  cancel(handle: TimerHandle): void {
    this.events = this.events.filter((event) => event !== handle);
  }

  /** The earliest event that is pending. */
  get nextNs(): number | undefined {
    return this.events.length ? Math.min(...this.events.map((event) => event.timeNs)) : undefined;
  }

  /** Moves time to `timeNs`, firing what is due on the way, in order. */
  advanceTo(timeNs: number): void {
    for (let next = this.nextNs; next !== undefined && next <= timeNs; next = this.nextNs) {
      const event = this.events.find((candidate) => candidate.timeNs === next) as Event;
      this.cancel(event);
      this.now = Math.max(this.now, next);
      event.callback();
    }
    this.now = Math.max(this.now, timeNs);
  }
}
