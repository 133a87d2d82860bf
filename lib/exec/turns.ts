/**
 * Whose turn it is: harts take turns of TURN_TICKS ticks, in order, on one thread. Machine state.
 *
 * A turn that passes on while no tick is taken (to find a hart that does not wait) is no state yet: `run` takes it back, so that what a state is does
 * not depend on how often somebody looked.
 */
import { ENV_RESERVATION } from '../mem/layout.js';

const TURN_TICKS = 20_000;

/** Plain data. */
export interface TurnState {
  readonly turn: number;
  /** The tick at which it ends, -1: never. */
  readonly turnEnd: number;
  /** Harts that are held back, one bit each. */
  readonly held: number;
}

export class Turns {
  /** The hart, and the tick at which its turn ends: never, where it is alone. */
  hart = 0;
  end: number;
  /** Harts that are held back, one bit each. */
  held = 0;
  private readonly i64: BigInt64Array;
  private readonly areas: readonly number[];
  /** As they were when the last tick was taken. */
  private settledHart = 0;
  private settledEnd: number;

  /** `areas`: host addresses of the harts' areas. */
  constructor(memory: WebAssembly.Memory, areas: readonly number[]) {
    this.i64 = new BigInt64Array(memory.buffer);
    this.areas = areas;
    this.end = this.settledEnd = this.endFrom(0);
  }

  /** Gives the turn to the next hart at tick `now`. */
  pass(now: number): void {
    this.hart = (this.hart + 1) % this.areas.length;
    this.end = this.endFrom(now);
  }

  /** Takes back what was passed on since the last tick that was taken. */
  unpass(): void {
    this.hart = this.settledHart;
    this.end = this.settledEnd;
  }

  /** The hart took ticks, up to `now`. What others do behind the end of its turn may break its reservation: that is given up without looking. */
  settle(now: number): void {
    if (now >= this.end) this.dropReservation(this.hart);
    // The same for one that waited, or was held back, in the middle of its turn.
    if (this.hart !== this.settledHart) this.dropReservation(this.settledHart);
    this.settledHart = this.hart;
    this.settledEnd = this.end;
  }

  isHeld(hart: number): boolean {
    return Math.floor(this.held / 2 ** hart) % 2 === 1;
  }

  get state(): TurnState {
    return { turn: this.hart, turnEnd: Number.isFinite(this.end) ? this.end : -1, held: this.held };
  }

  set state({ turn, turnEnd, held }: TurnState) {
    this.hart = this.settledHart = turn;
    this.end = this.settledEnd = turnEnd < 0 ? Number.POSITIVE_INFINITY : turnEnd;
    this.held = held;
  }

  private endFrom(now: number): number {
    return this.areas.length > 1 ? now + TURN_TICKS : Number.POSITIVE_INFINITY;
  }

  private dropReservation(hart: number): void {
    this.i64[(this.areas[hart] + ENV_RESERVATION) >> 3] = -1n;
  }
}
