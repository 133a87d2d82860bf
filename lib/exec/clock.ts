/** Virtual time: ticks times nanoseconds per tick plus the idle time that was skipped; and the events that devices wait for. */
import type { TimerHandle, VirtualClock } from '../util/virtual-clock.js';

interface Event extends TimerHandle {
  readonly callback: () => void;
  readonly rank: number;
}

export class EventClock implements VirtualClock {
  /** Idle time that was skipped, in nanoseconds. */
  skippedNs = 0;
  private readonly tickNow: () => number;
  private readonly onEarlier: () => void;
  private readonly nsPerTick: number;
  /** By time; of the same time by rank; of the same rank in the order of scheduling. */
  private readonly events: Event[] = [];

  /** `tickNow` gives the exact tick at any moment; `onEarlier` is called when an event becomes the next one. */
  constructor(options: { nsPerTick: number; tickNow: () => number; onEarlier: () => void }) {
    this.nsPerTick = options.nsPerTick;
    this.tickNow = options.tickNow;
    this.onEarlier = options.onEarlier;
  }

  nowNs(): number {
    return this.tickNow() * this.nsPerTick + this.skippedNs;
  }

  at(timeNs: number, callback: () => void, rank = 0): TimerHandle {
    const now = this.nowNs();
    const event: Event = { timeNs: timeNs > now ? timeNs : now + this.nsPerTick, callback, rank };
    let index = this.events.length;
    while (index > 0 && comesBefore(event, this.events[index - 1])) index--;
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

  /** Fires all events that are due. What their callbacks schedule comes at the next tick or later. */
  fire(): void {
    const now = this.nowNs();
    while (this.nextNs <= now) this.events.shift()?.callback();
  }
}

function comesBefore(a: Event, b: Event): boolean {
  return a.timeNs < b.timeNs || (a.timeNs === b.timeNs && a.rank < b.rank);
}
