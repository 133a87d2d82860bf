/** Pieces of WebAssembly that the interpreter and lowered code share: the TLB's and the jump cache's fast paths. */
import {
  BLOCK_FUNC,
  ENV_CONTEXT,
  ENV_JUMP_CACHE,
  ENV_PC_BASE,
  JC_BLOCK,
  JC_CONTEXT,
  JC_ENTRY_BITS,
  JC_INDEX_BITS,
  JC_PC,
  PAGE_BITS,
  TLB_ADDEND,
  TLB_READ,
  TLB_READ_ENTRY_BITS,
  TLB_READ_INDEX_BITS,
  TLB_TAG,
  TLB_WRITE,
  TLB_WRITE_ENTRY_BITS,
  TLB_WRITE_INDEX_BITS,
} from '../mem/layout.js';
import type { Code, Label } from '../wasm/code.js';
import type { Signature } from '../wasm/module.js';

/** Everything that runs guest code: (env, budget, cell) -> EXIT_*. `cell` holds the address of the block that is entered. */
export const RUN: Signature = { params: ['i32', 'i32', 'i32'], results: ['i32'] };
/** helper(env, a, b, c, arg). */
export const HELPER: Signature = { params: ['i32', 'i64', 'i64', 'i64', 'i32'], results: ['i64'] };
/** codeLoad(env, exact budget, vaddr, size). */
export const CODE_LOAD: Signature = { params: ['i32', 'i32', 'i64', 'i32'], results: ['i64'] };
/** codeStore(env, exact budget, vaddr, value, size). */
export const CODE_STORE: Signature = { params: ['i32', 'i32', 'i64', 'i64', 'i32'], results: [] };
/** depart(env, block, index of the instruction): handles ENV_STATUS, then goes on. */
export const DEPART: Signature = { params: ['i32', 'i32', 'i32'], results: ['i32'] };
/** enterBlock(env): whether the jump cache has the block at ENV_PC now. */
export const ENTER_BLOCK: Signature = { params: ['i32'], results: ['i32'] };
/** blockHead(env, budget, block): the block begins; `budget` is what is left behind it. */
export const BLOCK_HEAD: Signature = { params: ['i32', 'i32', 'i32'], results: [] };

/** Parameters of a RUN function. */
export const ENV = 0;
export const BUDGET = 1;
export const CELL = 2;

/**
 * Leaves the host address (i32) of the `size` bytes at the guest address in `vaddr` (an i64 local), or branches to `slow`: one compare of the
 * tag decides on page, permission, crossing into the next page, device, watchpoint, code and dirty tracking.
 */
export function emitTlbLookup(
  w: Code,
  o: { vaddr: number; entry: number; size: number; access: 'read' | 'write'; tlb: () => void; slow: Label },
): void {
  const read = o.access === 'read';
  const entryBits = read ? TLB_READ_ENTRY_BITS : TLB_WRITE_ENTRY_BITS;
  const indexBits = read ? TLB_READ_INDEX_BITS : TLB_WRITE_INDEX_BITS;
  const table = read ? TLB_READ : TLB_WRITE;
  o.tlb();
  w.get(o.vaddr);
  w.i64(PAGE_BITS - entryBits);
  w.op('i64.shr_u');
  w.op('i32.wrap_i64');
  w.i32(((1 << indexBits) - 1) << entryBits);
  w.op('i32.and');
  w.op('i32.add');
  w.tee(o.entry);
  w.mem('i64.load', table + TLB_TAG);
  w.get(o.vaddr);
  if (o.size > 1) {
    // The last byte's page: a misaligned access is as good as any, but not one that reaches into the next page.
    w.i64(o.size - 1);
    w.op('i64.add');
  }
  w.i64(-(1 << PAGE_BITS));
  w.op('i64.and');
  w.op('i64.ne');
  w.brIfRare(o.slow);
  w.get(o.vaddr);
  w.op('i32.wrap_i64');
  w.get(o.entry);
  w.mem('i32.load', table + TLB_ADDEND);
  w.op('i32.add');
}

/**
 * Finds the block that the jump cache has for the pc in local `pc`, and has `enter` emit how to go on there: local `cell` is the address of the cell that leads to
 * it then. Falls through on a miss. `pcMask` pushes ENV_PC_MASK.
 */
export function emitJumpCacheLookup(w: Code, o: { pc: number; entry: number; cell: number; pcMask: () => void; enter: () => void }): void {
  const miss = w.block();
  w.get(ENV);
  w.get(o.pc);
  w.op('i32.wrap_i64');
  w.i32(JC_ENTRY_BITS - 1);
  w.op('i32.shl');
  w.i32(((1 << JC_INDEX_BITS) - 1) << JC_ENTRY_BITS);
  w.op('i32.and');
  w.op('i32.add');
  w.tee(o.entry);
  w.mem('i64.load', ENV_JUMP_CACHE + JC_PC);
  w.get(o.pc);
  w.op('i64.ne');
  w.brIfRare(miss);
  w.get(o.entry);
  w.mem('i32.load', ENV_JUMP_CACHE + JC_CONTEXT);
  w.get(ENV);
  w.mem('i32.load', ENV_CONTEXT);
  w.op('i32.ne');
  w.brIfRare(miss);
  w.get(ENV);
  w.get(o.pc);
  o.pcMask();
  w.op('i64.and');
  w.mem('i64.store', ENV_PC_BASE);
  w.get(o.entry);
  w.i32(ENV_JUMP_CACHE + JC_BLOCK);
  w.op('i32.add');
  w.set(o.cell);
  o.enter();
  w.end();
}

/** Enters the block that the cell in CELL leads to, through the function table. */
export function emitEnter(w: Code, run: number): void {
  w.get(ENV);
  w.get(BUDGET);
  w.get(CELL);
  w.get(CELL);
  w.mem('i32.load', 0);
  w.mem('i32.load', BLOCK_FUNC);
  w.returnCallIndirect(run);
}

/** Host address of the jump-cache entry for `pc` (its low 32 bits) of the hart at `env`. */
export function jumpCacheEntry(env: number, pcLow: number): number {
  return env + ENV_JUMP_CACHE + ((pcLow << (JC_ENTRY_BITS - 1)) & (((1 << JC_INDEX_BITS) - 1) << JC_ENTRY_BITS));
}
