/** Virtual time as devices see it. The engine implements it; nothing in it depends on the host's clock. */

/** An event that was scheduled and has not fired yet. */
export type TimerHandle = { readonly timeNs: number };

export interface VirtualClock {
  /** Virtual time in nanoseconds, exact at the instruction that asks. */
  nowNs(): number;
  /**
   * Calls `callback` at the first tick whose virtual time is `timeNs` or later, between two instructions; a time in the past means
   * the next tick. Events of the same time fire in the order in which they were scheduled.
   */
  at(timeNs: number, callback: () => void): TimerHandle;
  /** Forgets an event. One that has fired or was cancelled already is ignored. */
  cancel(handle: TimerHandle): void;
}
