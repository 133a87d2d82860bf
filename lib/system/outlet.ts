/**
 * Where output leaves the machine. A machine that went back in time runs through its past again, and then what it puts out is no news:
 * an outlet counts what passes, and hands on only what the world has not seen yet.
 */
export class Outlet<T> {
  /** What the machine has put out up to where it is. Goes back when the machine does. */
  count = 0;
  /** Gets what is news. Nobody at first. */
  sink: (item: T) => void = () => {};
  /** What the world has seen of it. */
  seen = 0;

  /** Are told of everything, news or not, with how many items were in front of it. */
  readonly taps = new Set<(item: T, before: number) => void>();

  put(item: T): void {
    for (const tap of this.taps) tap(item, this.count);
    this.count++;
    if (this.count <= this.seen) return;
    this.seen = this.count;
    this.sink(item);
  }

  /** From here on everything is news: the future that the world has seen is not the one that comes now. Or, with `seen`, that one is meant again. */
  forget(seen = this.count): void {
    this.seen = seen;
  }
}
