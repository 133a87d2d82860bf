import { ByteWriter } from '../util/bytes.js';
import type { Code } from './code.js';
import { VALUE_TYPES, type ValueType } from './opcodes.js';

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface Import {
  readonly module: string;
  readonly name: string;
}

/**
 * A WebAssembly module in the binary format (core specification 2.0, chapter 5), with one imported memory of a fixed size and, if asked for, one imported table.
 *
 * Declare all imports before the first function: the function index space starts with them.
 */
export class ModuleWriter {
  private readonly types: Signature[] = [];
  private readonly typeIndex = new Map<string, number>();
  private readonly imported: (Import & { type: number })[] = [];
  private readonly functions: { type: number; body: Uint8Array; rare: readonly number[] }[] = [];
  private readonly exported: { name: string; func: number }[] = [];
  private readonly elements: { slot: number; func: number }[] = [];
  private table: (Import & { minimum: number }) | undefined;

  private readonly memory: Import & { pages: number };

  constructor(memory: Import & { pages: number }) {
    this.memory = memory;
  }

  /** The index of a function type, added on first use. */
  type(signature: Signature): number {
    const key = `${signature.params.join()}>${signature.results.join()}`;
    const known = this.typeIndex.get(key);
    if (known !== undefined) return known;
    this.typeIndex.set(key, this.types.length);
    return this.types.push(signature) - 1;
  }

  importFunction(module: string, name: string, signature: Signature): number {
    return this.imported.push({ module, name, type: this.type(signature) }) - 1;
  }

  importTable(module: string, name: string, minimum: number): void {
    this.table = { module, name, minimum };
  }

  /** Adds a function and returns its index. */
  function(signature: Signature, code: Code): number {
    return this.imported.length + this.functions.push({ type: this.type(signature), ...code.finish() }) - 1;
  }

  /** The index that the next call of `function` will return, plus `ahead`. */
  nextFunction(ahead = 0): number {
    return this.imported.length + this.functions.length + ahead;
  }

  export(name: string, func: number): void {
    this.exported.push({ name, func });
  }

  /** Puts `func` into the imported table at `slot` when the module is instantiated. */
  element(slot: number, func: number): void {
    this.elements.push({ slot, func });
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(4096 + this.functions.reduce((sum, f) => sum + f.body.length + 8, 0));
    out.raw(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    this.section(out, 1, this.types, (s, type) => {
      s.u8(0x60);
      for (const list of [type.params, type.results]) {
        s.u32(list.length);
        for (const value of list) s.u8(VALUE_TYPES[value]);
      }
    });
    this.importSection(out);
    this.section(out, 3, this.functions, (s, f) => s.u32(f.type));
    this.section(out, 7, this.exported, (s, e) => {
      s.name(e.name);
      s.u8(0);
      s.u32(e.func);
    });
    this.section(out, 9, this.elements, (s, e) => {
      s.u8(0);
      s.u8(0x41);
      s.s32(e.slot);
      s.u8(0x0b);
      s.u32(1);
      s.u32(e.func);
    });
    this.branchHints(out);
    this.section(out, 10, this.functions, (s, f) => {
      s.u32(f.body.length);
      s.raw(f.body);
    });
    return out.bytes.slice(0, out.length) as Uint8Array<ArrayBuffer>;
  }

  /** The custom section of the branch-hinting proposal: engines keep code behind rare branches out of the way. */
  private branchHints(out: ByteWriter): void {
    const hinted = this.functions.map((f, i) => ({ index: this.imported.length + i, rare: f.rare })).filter((f) => f.rare.length > 0);
    if (hinted.length === 0) return;
    const body = new ByteWriter(64);
    body.name('metadata.code.branch_hint');
    body.u32(hinted.length);
    for (const { index, rare } of hinted) {
      body.u32(index);
      body.u32(rare.length);
      for (const offset of rare) {
        body.u32(offset);
        body.u32(1);
        body.u8(0);
      }
    }
    out.u8(0);
    out.u32(body.length);
    out.raw(body.view());
  }

  private importSection(out: ByteWriter): void {
    const writers: ((s: ByteWriter) => void)[] = this.imported.map((f) => (s) => {
      s.name(f.module);
      s.name(f.name);
      s.u8(0);
      s.u32(f.type);
    });
    const { memory, table } = this;
    writers.push((s) => {
      s.name(memory.module);
      s.name(memory.name);
      // A memory that cannot grow keeps its base in a register.
      s.u8(2);
      s.u8(1);
      s.u32(memory.pages);
      s.u32(memory.pages);
    });
    if (table) {
      writers.push((s) => {
        s.name(table.module);
        s.name(table.name);
        s.u8(1);
        s.u8(0x70);
        s.u8(0);
        s.u32(table.minimum);
      });
    }
    this.section(out, 2, writers, (s, write) => write(s));
  }

  private section<T>(out: ByteWriter, id: number, items: readonly T[], write: (s: ByteWriter, item: T) => void): void {
    if (items.length === 0) return;
    const body = new ByteWriter(64 + items.length * 8);
    body.u32(items.length);
    for (const item of items) write(body, item);
    out.u8(id);
    out.u32(body.length);
    out.raw(body.view());
  }
}
