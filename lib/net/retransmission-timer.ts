/**
 * When to send again what was not acknowledged: RFC 6298, with a shorter least timeout, since the guest is near.
 *
 * Times are the host's, in milliseconds. The timer runs from when a segment is taken for delivery, so a guest that stands still
 * (in a debugger, or because its queue is full) is not sent more and more.
 */
const FIRST_MS = 1000;
const MIN_MS = 250;
const MAX_MS = 30_000;
/** About a hundred seconds in all. */
const RETRIES_MAX = 10;

export class RetransmissionTimer {
  /** How often the timer has run out since the other end was last heard of. */
  private retries = 0;
  private timeoutMs = FIRST_MS;
  private smoothMs: number | undefined;
  private variationMs = 0;
  private deadlineMs: number | undefined;
  private measured: { readonly sequence: number; readonly sentMs: number } | undefined;

  /** Something that asks for an answer was sent. */
  start(nowMs: number): void {
    this.deadlineMs ??= nowMs + this.timeoutMs;
  }

  /** Nothing is waited for, or something was answered. */
  stop(): void {
    this.deadlineMs = undefined;
  }

  expired(nowMs: number): boolean {
    return this.deadlineMs !== undefined && nowMs >= this.deadlineMs;
  }

  get exhausted(): boolean {
    return this.retries > RETRIES_MAX;
  }

  /** The other end is alive. */
  heard(): void {
    this.retries = 0;
  }

  /** The timer has run out: the next one is longer. */
  backOff(): void {
    this.retries++;
    this.deadlineMs = undefined;
    this.measured = undefined;
    this.timeoutMs = Math.min(this.timeoutMs * 2, MAX_MS);
  }

  /** What ends before `sequence` was sent for the first time. */
  sent(sequence: number, nowMs: number): void {
    this.measured ??= { sequence, sentMs: nowMs };
  }

  /** What was measured is sent again: its answer would tell nothing. */
  forget(): void {
    this.measured = undefined;
  }

  /** All before `sequence` is acknowledged. */
  acknowledged(sequence: number, nowMs: number): void {
    if (!this.measured || ((sequence - this.measured.sequence) | 0) < 0) return;
    const tripMs = nowMs - this.measured.sentMs;
    this.measured = undefined;
    if (this.smoothMs === undefined) {
      this.smoothMs = tripMs;
      this.variationMs = tripMs / 2;
    } else {
      this.variationMs += (Math.abs(this.smoothMs - tripMs) - this.variationMs) / 4;
      this.smoothMs += (tripMs - this.smoothMs) / 8;
    }
    this.timeoutMs = Math.min(MAX_MS, Math.max(MIN_MS, this.smoothMs + 4 * this.variationMs));
  }
}
