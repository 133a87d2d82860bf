/** Reads IR bytecode (encoding.ts) back as objects, for the optimiser, the lowering and the printer. */
import { BLOCK_CODE, BLOCK_DELTAS, BLOCK_FLAGS, BLOCK_INSNS, BLOCK_PC } from '../mem/layout.js';
import {
  BRANCH_FALL,
  BRANCH_TAKEN,
  BYTECODES,
  CELL_TARGET,
  endsBlock,
  GOTO_CELL,
  GOTO_HINT,
  GOTO_RETURN,
  INDIRECT_HINT,
  INDIRECT_PROFILE,
  INNER,
  PROFILE_LENGTH,
  recordSize,
} from './encoding.js';
import type { OpInfo } from './op-kinds.js';
import type { OpName } from './ops.js';

/** A 64-bit constant: a number where it is a safe integer, else a bigint; signed either way. */
export type Constant = number | bigint;

/** A static target: the cell's host address and the pcOffset it leads to. */
export interface Target {
  readonly cell: number;
  readonly offset: number;
}

/** One IR op. Fields that the op's kind does not have are 0. */
export interface IrOp {
  name: OpName;
  info: OpInfo;
  /** Slots (byte offsets). */
  d: number;
  a: number;
  b: number;
  c: number;
  /** The constant that takes the place of operand b (immediate form), or the op's own constant (const, pcrel, debug). */
  immediate: Constant | undefined;
  /** Byte offset of a load or store, added to the address in a. */
  offset: number;
  helper: number;
  arg: number;
  /** Index in its block of the instruction that a fault in this op belongs to. */
  insn: number;
  /** A load, store or helper that other ops of its instruction follow: see INNER. */
  inner: boolean;
  /** HINT_* of goto and indirect. */
  hint: number;
  /** Low 32 bits (unsigned) of the pcOffsets that an indirect exit has gone to. */
  profile: readonly number[];
  /** pcOffset that a calling goto returns to. */
  returnOffset: number;
  /** Targets: one for goto; taken, not taken for branch. */
  targets: readonly Target[];
}

export interface IrBlock {
  /** Host address of its header. */
  readonly header: number;
  readonly pcOffset: number;
  readonly insns: number;
  readonly flags: number;
  readonly ops: IrOp[];
}

export class Decoder {
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;

  constructor(memory: WebAssembly.Memory) {
    this.u16 = new Uint16Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.i64 = new BigInt64Array(memory.buffer);
  }

  /** The block whose header is at `header`. */
  block(header: number): IrBlock {
    const ops: IrOp[] = [];
    for (let at = header + BLOCK_CODE; ; ) {
      const op = this.op(at);
      ops.push(op);
      if (endsBlock(op.info)) break;
      at += recordSize(op.info);
    }
    return {
      header,
      pcOffset: Number(this.constant(header + BLOCK_PC)),
      insns: this.i32[(header + BLOCK_INSNS) >> 2],
      flags: this.i32[(header + BLOCK_FLAGS) >> 2],
      ops,
    };
  }

  /** pc of instruction `index` less that of the block's first. */
  delta(header: number, index: number): number {
    return this.u16[(this.i32[(header + BLOCK_DELTAS) >> 2] >> 1) + index];
  }

  private op(at: number): IrOp {
    const h = at >> 1;
    const { name, info, immediate } = BYTECODES[this.u16[h]];
    const op: IrOp = {
      name,
      info,
      d: this.u16[h + 1],
      a: this.u16[h + 2],
      b: this.u16[h + 3],
      c: 0,
      immediate: undefined,
      offset: 0,
      helper: 0,
      arg: 0,
      insn: this.u16[h + 7] & ~INNER,
      inner: (this.u16[h + 7] & INNER) !== 0 && mayBeInner(info),
      hint: 0,
      profile: NO_PROFILE,
      returnOffset: 0,
      targets: NONE,
    };
    if (immediate || info.kind === 'const' || info.kind === 'pcrel' || info.kind === 'debug') op.immediate = this.constant(at + 8);
    switch (info.kind) {
      case 'load':
      case 'store':
        op.offset = this.i32[(at + 8) >> 2];
        break;
      case 'select':
      case 'call':
      case 'float':
        op.c = this.u16[h + 4];
        op.helper = this.u16[h + 5];
        op.arg = this.u16[h + 6];
        break;
      case 'goto':
        op.hint = this.i32[(at + GOTO_HINT) >> 2];
        op.returnOffset = Number(this.constant(at + GOTO_RETURN));
        op.targets = [this.target(at + GOTO_CELL)];
        break;
      case 'branch':
        op.targets = [this.target(at + BRANCH_TAKEN), this.target(at + BRANCH_FALL)];
        break;
      case 'indirect':
        op.hint = this.i32[(at + INDIRECT_HINT) >> 2];
        op.profile = this.profile(at + INDIRECT_PROFILE);
        break;
    }
    return op;
  }

  private profile(at: number): number[] {
    const seen = new Set(this.i32.subarray(at >> 2, (at >> 2) + PROFILE_LENGTH));
    seen.delete(-1);
    return [...seen].map((offset) => offset >>> 0).sort((x, y) => x - y);
  }

  private target(cell: number): Target {
    return { cell, offset: Number(this.constant(cell + CELL_TARGET)) };
  }

  private constant(at: number): Constant {
    const low = this.i32[at >> 2];
    const high = this.i32[(at >> 2) + 1];
    if (high === low >> 31) return low;
    return high >= -0x200000 && high < 0x200000 ? high * 0x100000000 + (low >>> 0) : this.i64[at >> 3];
  }
}

function mayBeInner(info: OpInfo): boolean {
  return info.kind === 'load' || info.kind === 'store' || info.kind === 'call' || info.kind === 'float';
}

const NONE: readonly Target[] = [];
const NO_PROFILE: readonly number[] = [];
