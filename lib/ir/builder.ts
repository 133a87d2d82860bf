/**
 * Writes the IR of one translation block as bytecode (see encoding.ts), folding constants on the way.
 *
 * A front end calls it instruction by instruction. At every instruction boundary the guest registers in their slots are exact: nothing is
 * moved across instructions here (the optimiser does that, for lowered code only).
 */
import { BLOCK_CODE, ENV_TEMPS, ENV_TEMPS_END, GLOBAL_FAR_BLOCK, GLOBAL_LINK_BLOCK, PAGE_SIZE } from '../mem/layout.js';
import { assert } from '../util/errors.js';
import {
  BRANCH_SIZE,
  GOTO_SIZE,
  HINT_CALL,
  HINT_NONE,
  INDIRECT_HINT,
  INDIRECT_POSITION,
  INDIRECT_PROFILE,
  INDIRECT_SIZE,
  INNER,
  OPCODE_NUMBER,
} from './encoding.js';
import type { OpInfo } from './op-kinds.js';
import {
  type BinaryName,
  type BranchName,
  type FloatName,
  type LoadName,
  OPS,
  type OpName,
  type StoreName,
  type UnaryName,
  wrap64,
} from './ops.js';

/** An operand: a slot (its byte offset, at least 0) or a constant of the current block (below 0). */
export type Value = number & { readonly __brand: 'Value' };

/** Inputs of a helper call; `arg` is a 16-bit constant that the helper gets as it is. */
export interface CallOperands {
  readonly a?: Value;
  readonly b?: Value;
  readonly c?: Value;
  readonly arg?: number;
}

export interface BuilderOptions {
  /** A slot that always reads as zero and is never written, or -1. */
  readonly zeroSlot: number;
  /** Whether static exits may be linked to their targets; if not they all go through the jump cache. */
  readonly chain: boolean;
}

export class Builder {
  /** Pc of the current instruction less ENV_PC_BASE (so the pc itself where fetches are not translated). */
  pcOffset = 0;
  /** Length of the current instruction in bytes; the front end sets it before it asks for `next`. */
  insnBytes = 0;
  /** Index of the current instruction in its block. */
  insnIndex = 0;
  /** TB flags: the CPU state that this translation may assume. */
  flags = 0;
  /** True once the block's last op is written. */
  ended = false;
  /** Host address of the next record. */
  cursor = 0;
  /** Host addresses of the cells of this block. */
  readonly cells: number[] = [];

  private readonly constants: (number | bigint)[] = [];
  private nextTemp = ENV_TEMPS;
  private lastRecord = -1;
  private lastTemp = -1;
  /** The current instruction's last record that may leave the block, -1 when none; whether any of them has ops behind it. */
  private lastLeaving = -1;
  private unsettled = false;
  private fixedPc = false;
  /** The slot that the record in front of `cursor` has set to the pc at a pcOffset. */
  private readonly place = { slot: -1, pcOffset: 0, cursor: -1 };
  private pageLow = 0;
  private pageHigh = 0;
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;
  private readonly options: BuilderOptions;

  constructor(memory: WebAssembly.Memory, options: BuilderOptions) {
    this.options = options;
    this.u16 = new Uint16Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
  }

  /** Begins the block whose header is at `header`; `pcOffset` is the pc itself if `fixedPc` (fetches are not translated). */
  beginBlock(header: number, options: { pcOffset: number; fixedPc: boolean; flags: number }): void {
    this.cursor = header + BLOCK_CODE;
    this.flags = options.flags;
    this.fixedPc = options.fixedPc;
    this.ended = false;
    this.cells.length = 0;
    this.insnIndex = -1;
    this.place.cursor = -1;
    // Static targets outside this range are reached through the jump cache.
    this.pageLow = options.fixedPc ? Number.NEGATIVE_INFINITY : 0;
    this.pageHigh = options.fixedPc ? Number.POSITIVE_INFINITY : PAGE_SIZE;
  }

  /** In front of the first instruction: the engine's hook is told of the block. */
  blockHead(): void {
    this.lastLeaving = -1;
    this.record('head', 0, 0, 0);
  }

  /** Begins the next instruction. */
  beginInsn(pcOffset: number): void {
    this.pcOffset = pcOffset;
    this.insnIndex++;
    this.nextTemp = ENV_TEMPS;
    this.constants.length = 0;
    this.lastRecord = -1;
    this.lastLeaving = -1;
    this.unsettled = false;
  }

  /** Ends an instruction; a jump does that by itself. */
  endInsn(): void {
    if (this.unsettled && !this.ended) this.settle('settle', 0);
    this.lastLeaving = -1;
    this.unsettled = false;
  }

  /** Takes the current instruction back: its first record is at `cursor`. */
  cancelInsn(cursor: number): void {
    while (this.cells.length > 0 && (this.cells[this.cells.length - 1] as number) >= cursor) this.cells.pop();
    this.cursor = cursor;
    this.insnIndex--;
    this.ended = false;
  }

  /** Ends a block that just goes on: the next instruction is at `pcOffset`. */
  continueAt(pcOffset: number): void {
    this.jumpRel(pcOffset - this.pcOffset);
  }

  /** A constant; numbers must be safe integers, bigints are taken modulo 2^64. */
  imm(value: number | bigint): Value {
    return -this.constants.push(value) as Value;
  }

  /** The slot at byte offset `offset` of the hart's area. */
  slot(offset: number): Value {
    return offset as Value;
  }

  /** The value of a constant operand, undefined for a slot. */
  constantOf(value: Value): number | bigint | undefined {
    return value < 0 ? this.constants[-value - 1] : undefined;
  }

  /** pc of the current instruction plus `delta`. */
  pcRel(delta: number): Value {
    if (this.fixedPc) return this.imm(this.pcOffset + delta);
    const d = this.temp();
    this.record('pcrel', d, 0, 0);
    this.immediate(this.pcOffset + delta);
    this.note(d, this.pcOffset + delta);
    return d;
  }

  /** The place in the code that the slot at `offset` holds, less the pc of the current instruction; undefined unless the record in front has put it there. */
  deltaIn(offset: number): number | undefined {
    const { slot, pcOffset, cursor } = this.place;
    return slot === offset && cursor === this.cursor ? pcOffset - this.pcOffset : undefined;
  }

  /** pc of the next instruction. */
  nextPc(): Value {
    return this.pcRel(this.insnBytes);
  }

  /** Writes `value` to the slot at byte offset `offset`. */
  set(offset: number, value: Value): void {
    if (value >= 0 && value === this.lastTemp && this.lastRecord === this.cursor - 16) {
      this.u16[(this.lastRecord + 2) >> 1] = offset;
      if (this.place.slot === this.lastTemp) this.place.slot = offset;
      this.lastTemp = -1;
      return;
    }
    const constant = this.constantOf(value);
    if (constant !== undefined) {
      this.record('const', offset, 0, 0);
      this.immediate(constant);
      if (this.fixedPc && typeof constant === 'number' && constant >= 0) this.note(offset, constant);
    } else if (value !== offset) this.record('mov', offset, value, 0);
  }

  /** d = op(a, b), folded where the operands are constants. */
  binary(name: BinaryName, a: Value, b: Value): Value {
    const info = OPS[name];
    const [x, y] = [this.constantOf(a), this.constantOf(b)];
    if (x === 0 && info.commutative && RIGHT_IDENTITY.has(name)) return b;
    if (x !== undefined && y !== undefined) return this.imm(narrow(wrap64(info.fold(wrap64(BigInt(x)), wrap64(BigInt(y))))));
    if (x !== undefined && info.commutative) return this.binary(name, b, a);
    if (y === 0 && RIGHT_IDENTITY.has(name)) return a;
    const left = this.materialise(a);
    const d = this.temp();
    if (y !== undefined) {
      this.record(name, d, left, 0, 1);
      this.immediate(y);
    } else this.record(name, d, left, b);
    return d;
  }

  unary(name: UnaryName, a: Value): Value {
    const info: OpInfo = OPS[name];
    const x = this.constantOf(a);
    if (x !== undefined && info.kind === 'unary' && info.fold) return this.imm(narrow(wrap64(info.fold(wrap64(BigInt(x))))));
    const from = this.materialise(a);
    const d = this.temp();
    this.record(name, d, from, 0);
    return d;
  }

  /** condition != 0 ? whenTrue : whenFalse */
  select(condition: Value, whenTrue: Value, whenFalse: Value): Value {
    const [a, b, c] = [this.materialise(condition), this.materialise(whenTrue), this.materialise(whenFalse)];
    const d = this.temp();
    this.record('select', d, a, b);
    this.u16[(this.cursor - 8) >> 1] = c;
    return d;
  }

  load(name: LoadName, address: Value, offset = 0): Value {
    const base = this.materialise(address);
    const d = this.temp();
    this.record(name, d, base, 0);
    this.memoryFields(offset);
    this.lastLeaving = this.lastRecord;
    return d;
  }

  store(name: StoreName, address: Value, value: Value, offset = 0): void {
    const [a, b] = [this.materialise(address), this.materialise(value)];
    this.record(name, 0, a, b);
    this.memoryFields(offset);
    this.lastTemp = -1;
    this.lastLeaving = this.lastRecord;
  }

  /** helper(env, a, b, c, arg); a helper without a result leaves its return value unused. */
  call(helper: number, operands: CallOperands = {}): Value {
    return this.helperRecord('call', helper, operands);
  }

  /** A floating-point op with a fast path; `fastBits` are the FP_FAST_* bits that the fast path needs (0: none). */
  float(name: FloatName, helper: number, operands: CallOperands, fastBits: number): Value {
    return this.helperRecord(name, helper, { ...operands, arg: (operands.arg ?? 0) | (fastBits << 8) });
  }

  /** Ends the block: goes on at pc + delta. `isCall`: the next instruction is where a return comes back to. */
  jumpRel(delta: number, options: { isCall?: boolean } = {}): void {
    this.settleTo(() => this.pcRel(delta));
    const at = this.cursor;
    this.record('goto', 0, 0, 0);
    this.cursor = at + GOTO_SIZE;
    this.i32[(at + 12) >> 2] = options.isCall ? HINT_CALL : HINT_NONE;
    this.offset(at + 16, options.isCall ? this.pcOffset + this.insnBytes : 0);
    this.cell(at + 8, this.pcOffset + delta);
    this.ended = true;
  }

  /** Ends the block: goes on at pc + delta if the comparison holds, else at the next instruction. */
  branchRel(name: BranchName, a: Value, b: Value, delta: number): void {
    const [x, y] = [this.constantOf(a), this.constantOf(b)];
    if (x !== undefined && y !== undefined) {
      this.jumpRel(OPS[name].fold(wrap64(BigInt(x)), wrap64(BigInt(y))) ? delta : this.insnBytes);
      return;
    }
    const left = this.materialise(a);
    this.settleTo(() => this.select(this.comparison(name, left, b), this.pcRel(delta), this.nextPc()));
    const at = this.cursor;
    this.record(name, 0, left, y === undefined ? b : 0, y === undefined ? 0 : 1);
    this.immediate(y ?? 0);
    this.cursor = at + BRANCH_SIZE;
    this.cell(at + 16, this.pcOffset + delta);
    this.cell(at + 24, this.pcOffset + this.insnBytes);
    this.ended = true;
  }

  /** Ends the block: goes on at the pc in `target`; `hint` is one of HINT_*. */
  jumpIndirect(target: Value, hint: number = HINT_NONE): void {
    const a = this.materialise(target);
    this.settleTo(() => a);
    const at = this.cursor;
    this.record('indirect', 0, a, 0);
    this.i32[(at + INDIRECT_HINT) >> 2] = hint;
    this.i32[(at + INDIRECT_POSITION) >> 2] = 0;
    this.i32.fill(-1, (at + INDIRECT_PROFILE) >> 2, (at + INDIRECT_SIZE) >> 2);
    this.cursor = at + INDIRECT_SIZE;
    this.ended = true;
  }

  /** Ends the block: goes on at ENV_PC, which a helper has set (or after a helper that always traps). */
  leave(): void {
    this.record('leave', 0, 0, 0);
    this.ended = true;
  }

  /** Ends the block in front of the current instruction: a breakpoint. */
  debugStop(): void {
    this.record('debug', 0, 0, 0);
    this.immediate(this.pcOffset);
    this.ended = true;
  }

  /** The value in a slot: constants other than zero are written to a temporary. */
  private materialise(value: Value): Value {
    const constant = this.constantOf(value);
    if (constant === undefined) return value;
    if (constant === 0 && this.options.zeroSlot >= 0) return this.options.zeroSlot as Value;
    const d = this.temp();
    this.record('const', d, 0, 0);
    this.immediate(constant);
    return d;
  }

  private temp(): Value {
    const slot = this.nextTemp;
    assert(slot < ENV_TEMPS_END, 'ir: too many temporaries in one instruction');
    this.nextTemp += 8;
    return slot as Value;
  }

  private helperRecord(name: OpName, helper: number, operands: CallOperands): Value {
    const zero = this.options.zeroSlot >= 0 ? this.options.zeroSlot : ENV_TEMPS;
    const slotOf = (value: Value | undefined): number => (value === undefined ? zero : this.materialise(value));
    const [a, b, c] = [slotOf(operands.a), slotOf(operands.b), slotOf(operands.c)];
    const d = this.temp();
    this.record(name, d, a, b);
    const at = (this.cursor - 8) >> 1;
    this.u16[at] = c;
    this.u16[at + 1] = helper;
    this.u16[at + 2] = operands.arg ?? 0;
    this.u16[at + 3] = this.insnIndex;
    this.lastLeaving = this.lastRecord;
    return d;
  }

  /** In front of a jump to the pc that `target` gives: leaves for it if an access in front asked for that. */
  private settleTo(target: () => Value): void {
    this.closeAccess();
    if (this.unsettled) this.settle('settleto', this.materialise(target()));
  }

  private settle(name: 'settle' | 'settleto', target: number): void {
    this.record(name, 0, target, 0);
    this.u16[(this.cursor - 2) >> 1] = this.insnIndex;
    this.lastTemp = -1;
  }

  /** More ops of the instruction follow the last one that may leave the block. */
  private closeAccess(): void {
    if (this.lastLeaving < 0) return;
    this.u16[(this.lastLeaving + 14) >> 1] |= INNER;
    this.lastLeaving = -1;
    this.unsettled = true;
  }

  private comparison(name: BranchName, a: Value, b: Value): Value {
    const [op, negate] = COMPARISON[name];
    const holds = this.binary(op, a, b);
    return negate ? this.binary('xor', holds, this.imm(1)) : holds;
  }

  /** The last record sets `slot` to the pc at `pcOffset`. */
  private note(slot: number, pcOffset: number): void {
    this.place.slot = slot;
    this.place.pcOffset = pcOffset;
    this.place.cursor = this.cursor;
  }

  private record(name: OpName, d: number, a: number, b: number, form: 0 | 1 = 0): void {
    this.closeAccess();
    const at = this.cursor >> 1;
    this.u16[at] = OPCODE_NUMBER[name] + form;
    this.u16[at + 1] = d;
    this.u16[at + 2] = a;
    this.u16[at + 3] = b;
    this.lastRecord = this.cursor;
    this.lastTemp = d;
    this.cursor += 16;
  }

  private immediate(value: number | bigint): void {
    this.offset(this.lastRecord + 8, value);
  }

  private memoryFields(offset: number): void {
    this.i32[(this.cursor - 8) >> 2] = offset;
    this.u16[(this.cursor - 4) >> 1] = 0;
    this.u16[(this.cursor - 2) >> 1] = this.insnIndex;
  }

  /** Writes a 64-bit integer at host address `at`. */
  private offset(at: number, value: number | bigint): void {
    if (typeof value === 'number') {
      this.i32[at >> 2] = value | 0;
      this.i32[(at >> 2) + 1] = Math.floor(value / 0x100000000);
    } else {
      this.i32[at >> 2] = Number(BigInt.asIntN(32, value));
      this.i32[(at >> 2) + 1] = Number(BigInt.asIntN(32, value >> 32n));
    }
  }

  private cell(at: number, target: number): void {
    const near = this.options.chain && target >= this.pageLow && target < this.pageHigh;
    this.i32[at >> 2] = near ? GLOBAL_LINK_BLOCK : GLOBAL_FAR_BLOCK;
    this.offset(at + 16, target);
    this.cells.push(at);
  }
}

/** The value of a branch's condition: an op, and whether its result is negated. */
const COMPARISON: Readonly<Record<BranchName, readonly [op: BinaryName, negate: boolean]>> = {
  breq: ['seteq', false],
  brne: ['setne', false],
  brlts: ['setlts', false],
  brges: ['setlts', true],
  brltu: ['setltu', false],
  brgeu: ['setltu', true],
};

const RIGHT_IDENTITY: ReadonlySet<BinaryName> = new Set<BinaryName>(['add', 'sub', 'or', 'xor', 'shl', 'shr', 'sar', 'rol', 'ror']);

/** A number where that is exact, for cheap later use. */
function narrow(value: bigint): number | bigint {
  return value >= -0x80000000n && value <= 0x7fffffffn ? Number(value) : value;
}
