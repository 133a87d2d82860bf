/**
 * The function table that lowered regions are in, with the interpreter that enters them.
 *
 * An instance of a module costs memory for each place of a table that it imports, and on Node 20 lives as long as the table: what a long run compiled
 * and dropped again is given back only with the table. So that is replaced as a whole from time to time.
 */
import { FN_REGIONS } from '../mem/layout.js';

/** Places times instances, of one table: on Node 20 about 20 bytes each. */
const CELLS_MAX = 2 ** 23;
/** What an instance costs by itself, in places. */
const INSTANCE_CELLS = 1024;

export interface FunctionTableOptions {
  /** Its size at first. */
  readonly size: number;
  /** Puts in what lies in front of FN_REGIONS; returns the exports of the interpreter that belongs to `table`. */
  readonly fill: (table: WebAssembly.Table) => WebAssembly.Exports;
  /** Most places times instances. */
  readonly cellsMax?: number;
}

export class FunctionTable {
  table: WebAssembly.Table;
  interpreter: WebAssembly.Exports;
  private readonly o: FunctionTableOptions;
  private instances = 0;
  private free: number[] = [];

  constructor(options: FunctionTableOptions) {
    this.o = options;
    [this.table, this.interpreter] = this.create();
  }

  private create(): [table: WebAssembly.Table, interpreter: WebAssembly.Exports] {
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: this.o.size });
    this.instances = 0;
    this.free = [];
    this.addFree(FN_REGIONS, table.length);
    return [table, this.o.fill(table)];
  }

  private addFree(from: number, end: number): void {
    for (let slot = end - 1; slot >= from; slot--) this.free.push(slot);
  }

  /** A free place for a region. */
  allocate(): number {
    const { table, free } = this;
    if (free.length === 0) {
      const start = table.length;
      table.grow(start);
      this.addFree(start, start * 2);
    }
    return free.pop() as number;
  }

  release(slot: number): void {
    this.table.set(slot, null);
    this.free.push(slot);
  }

  /** A module that imports the table was instantiated. */
  addInstance(): void {
    this.instances++;
  }

  get isWornOut(): boolean {
    return this.instances * (this.table.length + INSTANCE_CELLS) > (this.o.cellsMax ?? CELLS_MAX);
  }

  /** Begins anew, without any region. Not while code of this table runs. */
  renew(): void {
    [this.table, this.interpreter] = this.create();
  }
}
