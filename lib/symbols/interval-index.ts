/** Ranges of addresses that may overlap, and which of them contain an address. */

export interface Interval<T> {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly value: T;
}

export class IntervalIndex<T> {
  private readonly sorted: readonly Interval<T>[];
  /** The highest end of the intervals up to that place: where to stop looking. */
  private readonly ends: readonly bigint[];

  constructor(intervals: readonly Interval<T>[]) {
    this.sorted = [...intervals].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    let highest = 0n;
    this.ends = this.sorted.map(({ end }) => {
      if (end > highest) highest = end;
      return highest;
    });
  }

  /** The intervals that contain `address`, the one that begins last first. */
  *containing(address: bigint): Generator<Interval<T>> {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= 0 && this.ends[at]! > address; at--) {
      const interval = this.sorted[at] as Interval<T>;
      if (address < interval.end) yield interval;
    }
  }
}
