/** Virtual time: ticks times nanoseconds per tick plus the idle time that was skipped; and the events that devices wait for. */
import type { TimerHandle, VirtualClock } from '../util/virtual-clock.js';

interface Event extends TimerHandle {
  readonly callback: () => void;
  /** `fire` number at which it was scheduled: it fires at a later one. */
  readonly round: number;
}

export class EventClock implements VirtualClock {
  /** Idle time that was skipped, in nanoseconds. */
  skippedNs = 0;
  private readonly tickNow: () => number;
  private readonly onEarlier: () => void;
  private readonly nsPerTick: number;
  /** By time; events of the same time in the order of scheduling. */
  private readonly events: Event[] = [];
  /** Counts calls of `fire`. */
  private round = 0;

  /** `tickNow` gives the exact tick at any moment; `onEarlier` is called when an event becomes the next one. */
  constructor(options: { nsPerTick: number; tickNow: () => number; onEarlier: () => void }) {
    this.nsPerTick = options.nsPerTick;
    this.tickNow = options.tickNow;
    this.onEarlier = options.onEarlier;
  }

  nowNs(): number {
    return this.tickNow() * this.nsPerTick + this.skippedNs;
  }

  at(timeNs: number, callback: () => void): TimerHandle {
    const event: Event = { timeNs, callback, round: this.round };
    let index = this.events.length;
    while (index > 0 && this.events[index - 1].timeNs > timeNs) index--;
    this.events.splice(index, 0, event);
    if (index === 0) this.onEarlier();
    return event;
  }

  cancel(handle: TimerHandle): void {
    const index = this.events.indexOf(handle as Event);
    if (index >= 0) this.events.splice(index, 1);
  }

  /** Time of the next event, infinity when there is none. */
  get nextNs(): number {
    return this.events[0]?.timeNs ?? Number.POSITIVE_INFINITY;
  }

  /** The first tick at which the next event is due, infinity when there is none. */
  get nextTick(): number {
    return Math.ceil((this.nextNs - this.skippedNs) / this.nsPerTick);
  }

  /** Fires all events that are due, but not those that their callbacks schedule: even if these are due too, they come a tick later. */
  fire(): void {
    this.round++;
    const now = this.nowNs();
    const isDue = (event: Event): boolean => event.timeNs <= now && event.round < this.round;
    while (this.nextNs <= now) {
      const index = this.events.findIndex(isDue);
      if (index < 0) return;
      this.events.splice(index, 1)[0].callback();
    }
  }
}
