/** Virtual time as devices see it. The engine implements it; nothing in it depends on the host's clock. */

/** An event that was scheduled and has not fired yet. */
export type TimerHandle = { readonly timeNs: number };

export interface VirtualClock {
  /** Virtual time in nanoseconds, exact at the instruction that asks. */
  nowNs(): number;
  /**
   * Calls `callback` at the first tick whose virtual time is `timeNs` or later, between two instructions; a time that is not in the future
   * means the next tick's. Events of the same time fire by rank, the lowest first, whatever the order in which they were scheduled: a restored
   * device schedules anew. So timers of one device that may be due together have ranks of their own (default 0, at most RANKS - 1).
   */
  at(timeNs: number, callback: () => void, rank?: number): TimerHandle;
  /** Forgets an event. One that has fired or was cancelled already is ignored. */
  cancel(handle: TimerHandle): void;
}

/** So many ranks each device has. */
export const RANKS = 0x10000;

/** The clock as the device with the number `device` in the machine sees it: of events of different devices at the same time, the lower device's come first. */
export function clockOfDevice(clock: VirtualClock, device: number): VirtualClock {
  return {
    nowNs: () => clock.nowNs(),
    at: (timeNs, callback, rank = 0) => clock.at(timeNs, callback, device * RANKS + rank),
    cancel: (handle) => clock.cancel(handle),
  };
}
