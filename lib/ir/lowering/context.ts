/** What the parts of lowering share: the function being written, its locals, and how it keeps pc and budget. */
import { ENV_PC, ENV_STATUS, ENV_TLB, STATUS_NONE } from '../../mem/layout.js';
import type { Code, Label } from '../../wasm/code.js';
import { BUDGET, ENV } from '../access.js';
import type { Constant, IrBlock, IrOp } from '../decode.js';
import type { Operands, SlotType } from '../op-kinds.js';
import type { Slots } from './slots.js';

/** Function and type indices of the module that the region goes into. */
export interface LoweringImports {
  readonly run: number;
  readonly codeLoad: number;
  readonly codeStore: number;
  readonly depart: number;
  readonly dispatch: number;
  /** BLOCK_HEAD, -1 where no block has a `head`. */
  readonly blockHead: number;
  /** Function index of a helper of the guest. */
  helper(index: number): number;
  /** Whether the helper may set ENV_STATUS. */
  mayLeave(index: number): boolean;
}

/** See `RegionContext.fault`. */
export const LEFT_SLOT_SHIFT = 8;

export type Locals = ReturnType<typeof declareLocals>;

/** The locals of every region, besides those of its slots. */
export function declareLocals(w: Code) {
  return {
    tlb: w.local('i32'),
    entry: w.local('i32'),
    leftBlock: w.local('i32'),
    left: w.local('i32'),
    pcBase: w.local('i64'),
    pc: w.local('i64'),
    vaddr: w.local('i64'),
    value: w.local('i64'),
  };
}

/** A region that is being lowered. */
export interface RegionContext {
  readonly w: Code;
  readonly imports: LoweringImports;
  readonly fixedPc: boolean;
  readonly slots: Slots;
  readonly locals: Locals;
  /** Leaves by `depart`, out of `leftBlock`; local `left` is the instruction's index | the slot that local `value` is for << LEFT_SLOT_SHIFT, 0 for none. */
  readonly fault: Label;
  /** Leaves in front of `leftBlock`: the budget does not reach. */
  readonly exhausted: Label;
}

/** One block of it. */
export interface BlockContext extends RegionContext {
  readonly node: number;
  readonly block: IrBlock;
}

/** An op of one kind. */
export type InfoOf<K extends IrOp['info']['kind']> = Extract<IrOp['info'], { kind: K }>;

export function operands({ w, slots }: RegionContext, op: IrOp, a: SlotType, b: SlotType, c: SlotType = 'i64'): Operands {
  return {
    a: () => slots.push(op.a, a),
    b: () => (op.immediate === undefined ? slots.push(op.b, b) : w.i64(op.immediate)),
    c: () => slots.push(op.c, c),
  };
}

/** The data context's TLB bank; a helper may select another one. */
export function loadTlb({ w, locals }: Pick<RegionContext, 'w' | 'locals'>): void {
  w.get(ENV);
  w.mem('i32.load', ENV_TLB);
  w.set(locals.tlb);
}

/** Pushes ENV_PC_BASE + offset. */
export function pushPc({ w, fixedPc, locals }: RegionContext, offset: Constant): void {
  if (fixedPc) return w.i64(offset);
  w.get(locals.pcBase);
  w.i64(offset);
  w.op('i64.add');
}

/** Stores pc = ENV_PC_BASE + the i64 that `offset` pushes. */
export function storePc({ w, fixedPc, locals }: RegionContext, offset: () => void): void {
  w.get(ENV);
  offset();
  if (!fixedPc) {
    w.get(locals.pcBase);
    w.op('i64.add');
  }
  w.mem('i64.store', ENV_PC);
}

/** Pushes the ticks left before the instruction of `op`. */
export function pushExactBudget({ w, block }: BlockContext, op: IrOp): void {
  w.get(BUDGET);
  w.i32(block.insns - op.insn);
  w.op('i32.add');
}

export function clearStatus(w: Code): void {
  w.get(ENV);
  w.i32(STATUS_NONE);
  w.mem('i32.store', ENV_STATUS);
}
