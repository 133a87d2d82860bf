/** Finds the block at a hart's pc for the run loop: fetches, looks into the code cache, translates, takes the trap of a failed fetch. */
import { jumpCacheEntry } from '../ir/access.js';
import {
  ENV_BUDGET,
  ENV_CONTEXT,
  ENV_FLAGS,
  ENV_PC,
  ENV_PC_MASK,
  ENV_STATUS,
  JC_BLOCK,
  JC_CONTEXT,
  JC_PC,
  PAGE_BITS,
  PAGE_SIZE,
} from '../mem/layout.js';
import { type Block, PAST_BREAKPOINT } from './block.js';
import type { Breakpoints } from './breakpoints.js';
import type { CodeCache } from './code-cache.js';
import { FetchFault, type Translator } from './translator.js';

export interface BlockFinderOptions {
  readonly memory: WebAssembly.Memory;
  readonly cache: CodeCache;
  readonly translator: Translator;
  readonly breakpoints: Breakpoints;
  /** The guest's; see lib/isa/guest.ts. */
  fetch(env: number, vaddr: bigint): bigint;
  takeTrap(env: number): void;
  /** The soft-MMU's. */
  noteBlock(paddr: number, flags: number, header: number): void;
  /** Whether a debugger wants to stop in front of ENV_PC, where nothing can be fetched. */
  stopsInFront(env: number): boolean;
}

export class BlockFinder {
  private readonly o: BlockFinderOptions;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;

  constructor(options: BlockFinderOptions) {
    this.o = options;
    this.i32 = new Int32Array(options.memory.buffer);
    this.i64 = new BigInt64Array(options.memory.buffer);
  }

  /** Puts the block at ENV_PC into the jump cache, and where misses of the jump cache find it if it depends on no other page. */
  enterJumpCache(env: number): void {
    const { i32, i64 } = this;
    const pc = i64[(env + ENV_PC) >> 3];
    const block = this.find(env);
    if (!block) return;
    const entry = jumpCacheEntry(env, i32[(env + ENV_PC) >> 2]);
    i64[(entry + JC_PC) >> 3] = pc;
    i32[(entry + JC_BLOCK) >> 2] = block.header;
    i32[(entry + JC_CONTEXT) >> 2] = i32[(env + ENV_CONTEXT) >> 2];
    if (block.nextPage < 0) this.o.noteBlock(block.paddr, block.flags, block.header);
  }

  /** The block at ENV_PC, translated if need be; undefined after a fetch fault: its trap was taken, unless a debugger stops in front of it. */
  find(env: number): Block | undefined {
    const pc = this.i64[(env + ENV_PC) >> 3];
    const address = this.o.fetch(env, pc);
    if (address < 0n) return this.o.stopsInFront(env) ? this.forgetFault(env) : this.trapOnFetch(env);
    const paddr = Number(address);
    if (this.o.breakpoints.isArmed) this.o.breakpoints.enter(this.pageOf(env), paddr);
    return this.blockAt(env, pc, paddr, 0);
  }

  /** The same for the exit at a breakpoint where nobody wants to stop: a block that begins with the instruction itself. */
  findPast(env: number): Block | undefined {
    const pc = this.i64[(env + ENV_PC) >> 3];
    const address = this.o.fetch(env, pc);
    if (address < 0n) return this.trapOnFetch(env);
    const paddr = Number(address);
    this.o.breakpoints.retire(paddr);
    return this.blockAt(env, pc, paddr, PAST_BREAKPOINT);
  }

  /** Number of the virtual page of ENV_PC; a bigint would take longer than all the rest. */
  private pageOf(env: number): number {
    const at = (env + ENV_PC) >> 2;
    return this.i32[at + 1] * 2 ** (32 - PAGE_BITS) + (this.i32[at] >>> PAGE_BITS);
  }

  private blockAt(env: number, pc: bigint, paddr: number, past: number): Block | undefined {
    const { cache, translator, breakpoints } = this.o;
    const flags = this.i32[(env + ENV_FLAGS) >> 2] | past;
    const known = cache.find(paddr, flags);
    if (known && (known.nextPage < 0 || this.crossesInto(env, known, pc))) return known;
    if (this.i32[(env + ENV_STATUS) >> 2] !== 0) return this.trapOnFetch(env);
    const fixedPc = this.i64[(env + ENV_PC_MASK) >> 3] === 0n;
    const pcOffset = fixedPc ? Number(pc) : paddr % PAGE_SIZE;
    try {
      return translator.translate({
        paddr,
        pcOffset,
        fixedPc,
        flags,
        nextPage: () => this.fetchNextPage(env, pc),
        isBreakpoint: (offset) => breakpoints.isCandidate(paddr + offset - pcOffset),
      });
    } catch (error) {
      if (error instanceof FetchFault) return this.trapOnFetch(env);
      throw error;
    }
  }

  /** Whether the page that `block` reaches into is still the one behind the page of `pc`; a fault is left pending. */
  private crossesInto(env: number, block: Block, pc: bigint): boolean {
    const next = this.o.fetch(env, (pc | 0xfffn) + 1n);
    return next >= 0n && Number(next) === block.nextPage;
  }

  private fetchNextPage(env: number, pc: bigint): number {
    const paddr = this.o.fetch(env, (pc | 0xfffn) + 1n);
    if (paddr < 0n) throw new FetchFault();
    return Number(paddr);
  }

  /** The fetch will be tried again. */
  private forgetFault(env: number): undefined {
    this.i32[(env + ENV_STATUS) >> 2] = 0;
    return undefined;
  }

  /** Takes the trap that a fetch left pending: one tick. */
  private trapOnFetch(env: number): undefined {
    this.i32[(env + ENV_STATUS) >> 2] = 0;
    this.o.takeTrap(env);
    this.i32[(env + ENV_BUDGET) >> 2]--;
    return undefined;
  }
}
