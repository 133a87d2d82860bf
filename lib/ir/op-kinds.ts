/** The kinds of ops of the intermediate representation: what a row of the op table (ops.ts) holds. */
import type { Code, Label } from '../wasm/code.js';
import type { Opcode } from '../wasm/opcodes.js';

export type SlotType = 'i64' | 'f64';

/** Pushes of an op's operands; each may be used more than once. */
export interface Operands {
  a(): void;
  b(): void;
  c(): void;
}

export type Emit = (w: Code, o: Operands) => void;

/** d = f(a, b): also encodable with a 64-bit immediate as b. */
export interface BinaryOp {
  readonly kind: 'binary';
  readonly commutative: boolean;
  readonly fold: (a: bigint, b: bigint) => bigint;
  readonly emit: Emit;
}

/** d = f(a). */
export interface UnaryOp {
  readonly kind: 'unary';
  readonly types: readonly [d: SlotType, a: SlotType];
  readonly fold?: (a: bigint) => bigint;
  readonly emit: Emit;
}

/** d = a != 0 ? b : c. */
export interface SelectOp {
  readonly kind: 'select';
}

/** d = imm; `pcrel`: d = ENV_PC_BASE + imm. */
export interface ConstOp {
  readonly kind: 'const' | 'pcrel';
}

/** d = memory[a + offset]. */
export interface LoadOp {
  readonly kind: 'load';
  readonly type: SlotType;
  readonly size: 1 | 2 | 4 | 8;
  readonly wasm: Extract<Opcode, `${string}.load${string}`>;
  /** Turns the slow path's zero-extended i64 into the result. */
  readonly extend?: Opcode;
}

/** memory[a + offset] = b. */
export interface StoreOp {
  readonly kind: 'store';
  readonly type: SlotType;
  readonly size: 1 | 2 | 4 | 8;
  readonly wasm: Extract<Opcode, `${string}.store${string}`>;
}

/** d = helper(env, a, b, c, arg), a function of the guest. */
export interface CallOp {
  readonly kind: 'call';
}

/**
 * A floating-point operation with a fast path on the host's arithmetic: `emit` leaves the result, or branches to `fail` where the
 * host's result could differ (flags, NaN payloads). Then, or when ENV_FP_FAST lacks the bits in `arg >> 8`, the helper does it.
 */
export interface FloatOp {
  readonly kind: 'float';
  readonly types: readonly [d: SlotType, a: SlotType, b: SlotType, c: SlotType];
  readonly emit: (w: Code, o: Operands, fail: Label) => void;
}

/** A static exit; ends the block. */
export interface GotoOp {
  readonly kind: 'goto';
}

/** Exit to the pc in a; ends the block. */
export interface IndirectOp {
  readonly kind: 'indirect';
}

/** Exit to one of two static targets by comparing a and b; ends the block. `emit` leaves the i32 condition. */
export interface BranchOp {
  readonly kind: 'branch';
  readonly fold: (a: bigint, b: bigint) => boolean;
  readonly emit: Emit;
}

/**
 * Leaves translated code if a slow path or helper in front of it, in the same instruction, asked for that (STATUS_EXIT): such an exit waits
 * until the instruction is complete. `settle` goes on behind the instruction, `settleto` at the pc in a (in front of a jump).
 */
export interface SettleOp {
  readonly kind: 'settle';
  readonly hasTarget: boolean;
}

/** `leave`: exit to ENV_PC as it stands (a helper set it). `debug`: stop in front of ENV_PC_BASE + imm. `stop`: interpreter only. */
export interface LeaveOp {
  readonly kind: 'leave' | 'debug' | 'stop';
}

/** Tells the engine's hook that a block begins; only in front of a block's first instruction, and only where somebody wants to know. */
export interface HeadOp {
  readonly kind: 'head';
}

export type OpInfo =
  | BinaryOp
  | UnaryOp
  | SelectOp
  | ConstOp
  | LoadOp
  | StoreOp
  | CallOp
  | FloatOp
  | GotoOp
  | IndirectOp
  | BranchOp
  | SettleOp
  | LeaveOp
  | HeadOp;
