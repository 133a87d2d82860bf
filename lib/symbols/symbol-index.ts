/** Symbols by address and by name, over the columns of whatever table they come from. */
import type { GuestSymbol, SymbolKind, SymbolPlace } from './answers.js';

/** Symbols as columns; names are made when they are asked for, since most never are. */
export interface SymbolColumns {
  readonly count: number;
  readonly addresses: BigUint64Array;
  readonly sizes: Float64Array;
  /** Of each symbol, its place in KINDS. */
  readonly kinds: Uint8Array;
  /** 1: global. */
  readonly globals: Uint8Array;
  nameOf(index: number): string;
  /** The symbols that have exactly that name. */
  named(name: string): readonly number[];
  /** How far a symbol without a size reaches that is at `address`: to the end of its section (exclusive). */
  limitOf(address: bigint): bigint;
}

export const KINDS: readonly SymbolKind[] = ['function', 'object', 'label', 'constant'];
const [LABEL, CONSTANT] = [KINDS.indexOf('label'), KINDS.indexOf('constant')];

export class SymbolIndex {
  private readonly columns: SymbolColumns;
  private order: Uint32Array | undefined;
  /** No symbol up to that place of `order` ends behind it (roughly): where to stop looking for one that encloses an address. */
  private ends: Float64Array | undefined;

  constructor(columns: SymbolColumns) {
    this.columns = columns;
  }

  get count(): number {
    return this.columns.count;
  }

  /** All symbols of that name, global ones first, functions and objects before labels. */
  named(name: string): GuestSymbol[] {
    return [...this.columns.named(name)].sort((a, b) => this.rank(b) - this.rank(a)).map((index) => this.symbol(index));
  }

  /** All names, in the order of the table. */
  names(): string[] {
    return Array.from({ length: this.count }, (_, index) => this.columns.nameOf(index));
  }

  /**
   * The symbol that an address belongs to: the nearest one at or below it whose size reaches so far; if there is none, the nearest
   * without a size. As GDB does, which also prefers a function to a label inside of it.
   */
  at(address: bigint): SymbolPlace | undefined {
    const { addresses, sizes } = this.columns;
    const order = this.sorted();
    const last = upperBound(order, addresses, address) - 1;
    const rounded = Number(address);
    for (let place = last; place >= 0 && (this.ends as Float64Array)[place]! > rounded; place--) {
      const index = order[place] as number;
      if (address - addresses[index]! < BigInt(sizes[index] as number)) return this.place(this.bestName(place), address);
    }
    const nearest = order[last];
    if (nearest === undefined || sizes[nearest]! > 0) return undefined;
    return address < this.columns.limitOf(addresses[nearest] as bigint) ? this.place(nearest, address) : undefined;
  }

  /** Of equally good symbols at one address, the one whose name is not internal (C: begins with an underscore). */
  private bestName(place: number): number {
    const { addresses, sizes, nameOf } = this.columns;
    const order = this.order as Uint32Array;
    const best = order[place] as number;
    for (let at = place; at >= 0; at--) {
      const index = order[at] as number;
      if (addresses[index] !== addresses[best] || sizes[index] !== sizes[best]) break;
      if (!nameOf(index).startsWith('_')) return index;
    }
    return best;
  }

  private place(index: number, address: bigint): SymbolPlace {
    const symbol = this.symbol(index);
    return { symbol, offset: address - symbol.address };
  }

  private symbol(index: number): GuestSymbol {
    const { addresses, sizes, kinds, globals, nameOf } = this.columns;
    return {
      name: nameOf(index),
      address: addresses[index] as bigint,
      sizeBytes: sizes[index] as number,
      kind: KINDS[kinds[index] as number] as SymbolKind,
      isGlobal: globals[index] === 1,
    };
  }

  /** Which of several symbols at one address, or of one name, people mean: larger is better. */
  private rank(index: number): number {
    const { sizes, kinds, globals } = this.columns;
    return (sizes[index] ? 4 : 0) + ((kinds[index] as number) < LABEL ? 2 : 0) + (globals[index] as number);
  }

  /** The symbols by address; of those at one address the best one last. */
  private sorted(): Uint32Array {
    if (this.order) return this.order;
    const { count, addresses, sizes, kinds } = this.columns;
    const words = new Uint32Array(addresses.buffer, addresses.byteOffset, count * 2);
    const order = sortByAddress(count, words, (index) => kinds[index] !== CONSTANT);
    this.sortEqual(order, words);
    this.ends = new Float64Array(order.length);
    let end = 0;
    for (let place = 0; place < order.length; place++) {
      const index = order[place] as number;
      const start = words[2 * index]! + HIGH_WORD * words[2 * index + 1]!;
      end = Math.max(end, start + sizes[index]! + ROUNDING);
      this.ends[place] = end;
    }
    this.order = order;
    return order;
  }

  /** Brings symbols at one address into the order of their ranks. */
  private sortEqual(order: Uint32Array, words: Uint32Array): void {
    const { addresses } = this.columns;
    for (let from = 0, to = 1; to <= order.length; to++) {
      if (to < order.length && words[2 * order[to]!] === words[2 * order[from]!] && addresses[order[to]!] === addresses[order[from]!])
        continue;
      if (to - from > 1) order.subarray(from, to).sort((a, b) => this.rank(a) - this.rank(b) || b - a);
      from = to;
    }
  }
}

const HIGH_WORD = 2 ** 32;
/** More than an address of 64 bits loses as a floating-point number. */
const ROUNDING = 4096;
/** Positions that fit beside 32 bits in the 53 of a floating-point number. */
const POSITIONS = 2 ** 21;

/**
 * Sorts symbols by address, of which `words` has the low and the high 32 bits. A kernel has hundreds of thousands, which typed arrays sort
 * ten times faster without a function that compares: the keys are the low word with the position below it, for each high word.
 */
function sortByAddress(count: number, words: Uint32Array, isPlace: (index: number) => boolean): Uint32Array {
  const groups = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    if (!isPlace(index)) continue;
    const high = words[2 * index + 1] as number;
    const group = groups.get(high);
    if (group) group.push(index);
    else groups.set(high, [index]);
  }
  const order = new Uint32Array([...groups.values()].reduce((sum, group) => sum + group.length, 0));
  let at = 0;
  for (const high of [...groups.keys()].sort((a, b) => a - b)) {
    const group = groups.get(high) as number[];
    const low = (index: number): number => words[2 * index] as number;
    if (group.length > POSITIONS)
      order.set(
        group.sort((a, b) => low(a) - low(b)),
        at,
      );
    else {
      const keys = new Float64Array(group.length);
      for (let i = 0; i < keys.length; i++) keys[i] = low(group[i] as number) * POSITIONS + i;
      keys.sort();
      for (let i = 0; i < keys.length; i++) order[at + i] = group[keys[i]! % POSITIONS] as number;
    }
    at += group.length;
  }
  return order;
}

/** The first place of `order` whose address is above `address`. */
function upperBound(order: Uint32Array, addresses: BigUint64Array, address: bigint): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (addresses[order[middle] as number]! <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}
