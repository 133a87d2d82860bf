import { ByteWriter } from '../util/bytes.js';
import { assert } from '../util/errors.js';
import { naturalAlignment, OPCODES, type Opcode, VALUE_TYPES, type ValueType } from './opcodes.js';

type MemoryOpcode = Extract<Opcode, `${string}.load${string}` | `${string}.store${string}`>;
const ALIGNMENT = Object.fromEntries(
  (Object.keys(OPCODES) as Opcode[]).filter((op) => /\.(load|store)/.test(op)).map((op) => [op, naturalAlignment(op)]),
) as Record<MemoryOpcode, number>;

/** The block types a structured instruction may have: no result, or one value. */
export type BlockType = ValueType | 'void';

/**
 * The body of one WebAssembly function, written instruction by instruction.
 *
 * Nesting is tracked: `block`, `loop` and `if_` return a `Label`, and `br`/`brIf` take labels and compute the relative depth themselves.
 */
export class Code {
  readonly out: ByteWriter;
  private readonly localTypes: ValueType[] = [];
  private readonly free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [] };
  private depth = 0;
  /** Offsets in `out` of the branches that are rarely taken. */
  private readonly rare: number[] = [];

  readonly params: readonly ValueType[];

  constructor(params: readonly ValueType[], capacity = 1024) {
    this.params = params;
    this.out = new ByteWriter(capacity);
  }

  /** Declares a local of `type` and returns its index. */
  local(type: ValueType): number {
    this.localTypes.push(type);
    return this.params.length + this.localTypes.length - 1;
  }

  /** Lends a local of `type` to `body`: scratch space that later calls use again. */
  scratch(type: ValueType, body: (local: number) => void): void {
    const local = this.free[type].pop() ?? this.local(type);
    body(local);
    this.free[type].push(local);
  }

  /** Appends a plain opcode without immediates. */
  op(op: Opcode): void {
    const code: number = OPCODES[op];
    if (code > 0xff) {
      this.out.u8(code >> 8);
      this.out.u32(code & 0xff);
      if (op === 'memory.fill') this.out.u8(0);
      if (op === 'memory.copy') {
        this.out.u8(0);
        this.out.u8(0);
      }
    } else this.out.u8(code);
  }

  get(local: number): void {
    this.out.u8(OPCODES['local.get']);
    this.out.u32(local);
  }

  set(local: number): void {
    this.out.u8(OPCODES['local.set']);
    this.out.u32(local);
  }

  tee(local: number): void {
    this.out.u8(OPCODES['local.tee']);
    this.out.u32(local);
  }

  i32(value: number): void {
    this.out.u8(OPCODES['i32.const']);
    this.out.s32(value);
  }

  i64(value: bigint | number): void {
    this.out.u8(OPCODES['i64.const']);
    this.out.s64(value);
  }

  f64(value: number): void {
    this.out.u8(OPCODES['f64.const']);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.out.raw(bytes);
  }

  f32(value: number): void {
    this.out.u8(OPCODES['f32.const']);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.out.raw(bytes);
  }

  /** A load or store at (popped i32 address) + `offset`; `unaligned` drops the alignment hint. */
  mem(op: MemoryOpcode, offset: number, unaligned = false): void {
    this.out.u8(OPCODES[op]);
    this.out.u8(unaligned ? 0 : ALIGNMENT[op]);
    this.out.u32(offset);
  }

  block(type: BlockType = 'void'): Label {
    return this.open(OPCODES.block, type);
  }

  loop(type: BlockType = 'void'): Label {
    return this.open(OPCODES.loop, type);
  }

  if_(type: BlockType = 'void'): Label {
    return this.open(OPCODES.if, type);
  }

  /** An `if` whose condition is rarely true. */
  ifRare(type: BlockType = 'void'): Label {
    this.rare.push(this.out.length);
    return this.if_(type);
  }

  else_(): void {
    this.out.u8(OPCODES.else);
  }

  end(): void {
    assert(this.depth > 0, 'wasm: end without an open block');
    this.depth--;
    this.out.u8(OPCODES.end);
  }

  br(label: Label): void {
    this.out.u8(OPCODES.br);
    this.out.u32(this.depth - label);
  }

  brIf(label: Label): void {
    this.out.u8(OPCODES.br_if);
    this.out.u32(this.depth - label);
  }

  /** A `br_if` that is rarely taken. */
  brIfRare(label: Label): void {
    this.rare.push(this.out.length);
    this.brIf(label);
  }

  /** Jumps to `labels[popped i32]`, or to `fallback` when that is out of range. */
  brTable(labels: readonly Label[], fallback: Label): void {
    this.out.u8(OPCODES.br_table);
    this.out.u32(labels.length);
    for (const label of labels) this.out.u32(this.depth - label);
    this.out.u32(this.depth - fallback);
  }

  call(func: number): void {
    this.out.u8(OPCODES.call);
    this.out.u32(func);
  }

  returnCall(func: number): void {
    this.out.u8(OPCODES.return_call);
    this.out.u32(func);
  }

  /** Calls through table 0 with the popped i32 as index; `type` is a type index of the module. */
  callIndirect(type: number): void {
    this.out.u8(OPCODES.call_indirect);
    this.out.u32(type);
    this.out.u32(0);
  }

  returnCallIndirect(type: number): void {
    this.out.u8(OPCODES.return_call_indirect);
    this.out.u32(type);
    this.out.u32(0);
  }

  private open(opcode: number, type: BlockType): Label {
    this.out.u8(opcode);
    this.out.u8(type === 'void' ? 0x40 : VALUE_TYPES[type]);
    this.depth++;
    return this.depth as Label;
  }

  /** The finished body in the binary format: local declarations, instructions, `end`; and the offsets in it of rarely taken branches. */
  finish(): { body: Uint8Array; rare: readonly number[] } {
    assert(this.depth === 0, 'wasm: a block is still open at the end of a function');
    const body = new ByteWriter(this.out.length + this.localTypes.length * 2 + 16);
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.localTypes) {
      const last = runs[runs.length - 1];
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    body.u32(runs.length);
    for (const run of runs) {
      body.u32(run.count);
      body.u8(VALUE_TYPES[run.type]);
    }
    const start = body.length;
    body.raw(this.out.view());
    body.u8(OPCODES.end);
    return { body: body.view(), rare: this.rare.map((offset) => offset + start) };
  }
}

/** The nesting depth at which a block, loop or if was opened. */
export type Label = number & { readonly __brand: 'Label' };
