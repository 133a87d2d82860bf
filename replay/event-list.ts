/** The events of a run, in order. Their numbers stay what they are when the oldest ones are dropped. */
import { comparePositions, type InputEvent, type Position, type PositionedEvent } from '../lib/system/input-event.js';

const EVENT_BYTES = 120;

export class EventList {
  /** Memory that they take. */
  bytes = 0;
  private readonly events: PositionedEvent[];
  private dropped: number;

  /** `dropped`: how many events came before `events`. */
  constructor(events: readonly PositionedEvent[] = [], dropped = 0) {
    this.events = [...events];
    this.dropped = dropped;
    for (const event of events) this.bytes += bytesOf(event.event);
  }

  /** One past the last event's number. */
  get count(): number {
    return this.dropped + this.events.length;
  }

  /** Those that are kept. */
  get all(): readonly PositionedEvent[] {
    return this.events;
  }

  at(number: number): PositionedEvent | undefined {
    return this.events[number - this.dropped];
  }

  push(at: Position, event: InputEvent): void {
    this.events.push({ at, event });
    this.bytes += bytesOf(event);
  }

  /** How many events there are up to a position, those at it included. */
  countUpTo(position: Position): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePositions(this.events[middle].at, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.dropped + low;
  }

  /** A list of its own that begins as the first `count` of these. */
  fork(count: number): EventList {
    return new EventList(this.events.slice(0, count - this.dropped), this.dropped);
  }

  /** Forgets the events before number `count`. */
  drop(count: number): void {
    const gone = this.events.splice(0, Math.max(0, count - this.dropped));
    this.dropped += gone.length;
    for (const { event } of gone) this.bytes -= bytesOf(event);
  }
}

function bytesOf(event: InputEvent): number {
  return EVENT_BYTES + ('bytes' in event ? event.bytes.length : 0);
}
