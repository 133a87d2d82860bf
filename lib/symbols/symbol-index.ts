/** Symbols by address and by name, over the columns of whatever table they come from. */

export type SymbolKind = 'function' | 'object' | 'label' | 'constant';

/** A named place in the guest's memory. */
export interface GuestSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 if the table does not say. */
  readonly sizeBytes: number;
  /** `label`: a name without a type, as of most code in assembly language; `constant`: a number, no place. */
  readonly kind: SymbolKind;
  /** Not confined to one source file. */
  readonly isGlobal: boolean;
}

/** An address as people write it: a symbol and what is to be added. */
export interface SymbolPlace {
  readonly symbol: GuestSymbol;
  readonly offset: bigint;
}

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
  /** The highest end of the symbols up to that place of `order`: where to stop looking for one that encloses an address. */
  private ends: BigUint64Array | undefined;

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
    for (let place = last; place >= 0 && (this.ends as BigUint64Array)[place]! > address; place--) {
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
    const [high, low] = [new Uint32Array(count), new Uint32Array(count)];
    const words = new Uint32Array(addresses.buffer, addresses.byteOffset, count * 2);
    for (let i = 0; i < count; i++) {
      low[i] = words[2 * i] as number;
      high[i] = words[2 * i + 1] as number;
    }
    const rank = Uint8Array.from({ length: count }, (_, index) => this.rank(index));
    const compare = (a: number, b: number): number => high[a]! - high[b]! || low[a]! - low[b]! || rank[a]! - rank[b]! || b - a;
    const all = Uint32Array.from({ length: count }, (_, index) => index);
    this.order = all.filter((index) => kinds[index] !== CONSTANT).sort(compare);
    this.ends = new BigUint64Array(this.order.length);
    let end = 0n;
    for (const [place, index] of this.order.entries()) {
      const own = (addresses[index] as bigint) + BigInt(sizes[index] as number);
      if (own > end) end = own;
      // An end of 2^64 or more is above all addresses.
      this.ends[place] = end > MAX ? MAX : end;
    }
    return this.order;
  }
}

const MAX = 2n ** 64n - 1n;

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
