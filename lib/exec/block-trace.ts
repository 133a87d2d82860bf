/**
 * Tells a hook of each block that was executed, and of exactly so many instructions as were.
 *
 * Blocks are translated with a call at their head only where there is a hook. The call comes before the block, which may be left anywhere (a trap,
 * an interrupt, the end of the slice): how much of it was executed follows from the instructions retired when the next block begins, or the slice
 * ends.
 */
import { BLOCK_INSNS, BLOCK_PC, ENV_HART, ENV_PC_BASE, ENV_TRAPS } from '../mem/layout.js';
import type { BlockHook } from './machine-engine.js';

/** What the head of a block calls: (host address of the hart's area, ticks left behind the block, host address of its header). */
export type BlockHead = (env: number, budget: number, block: number) => void;

export interface BlockTraceParts {
  readonly onBlock: BlockHook;
  /** The tick at which the slice ends: less the ticks left, it is the present one. */
  sliceEnd(): number;
}

export class BlockTrace {
  private readonly o: BlockTraceParts;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  /** The block that is being executed; instructions that had been retired in front of it, modulo 2^32. */
  private inBlock = false;
  private pc = 0n;
  private before = 0;

  constructor(memory: WebAssembly.Memory, parts: BlockTraceParts) {
    this.o = parts;
    this.i32 = new Int32Array(memory.buffer);
    this.i64 = new BigInt64Array(memory.buffer);
  }

  readonly blockHead: BlockHead = (env, budget, block) => {
    const retired = this.retired(env, this.o.sliceEnd() - budget - this.i32[(block + BLOCK_INSNS) >> 2]);
    this.report(env, retired);
    this.inBlock = true;
    this.pc = BigInt.asUintN(64, this.i64[(env + ENV_PC_BASE) >> 3] + this.i64[(block + BLOCK_PC) >> 3]);
    this.before = retired;
  };

  /** The hart's slice is over: `sliceEnd` is the present tick. */
  end(env: number): void {
    this.report(env, this.retired(env, this.o.sliceEnd()));
    this.inBlock = false;
  }

  private report(env: number, retired: number): void {
    const instructions = (retired - this.before) | 0;
    if (this.inBlock && instructions > 0) this.o.onBlock(this.i32[(env + ENV_HART) >> 2], this.pc, instructions);
  }

  /** Modulo 2^32: a block is short. */
  private retired(env: number, tick: number): number {
    return (tick - this.i32[(env + ENV_TRAPS) >> 2]) | 0;
  }
}
