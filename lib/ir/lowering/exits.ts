/** How a region is entered and left: registers are loaded and stored, and pc and budget are put where the rest of the engine finds them. */
import {
  BLOCK_FUNC,
  BLOCK_INSNS,
  BLOCK_PC,
  ENV_BLOCK,
  ENV_PC,
  ENV_PC_BASE,
  ENV_STATUS,
  EXIT_DEBUG,
  EXIT_PARTIAL,
  PAGE_SIZE,
  STATUS_TRAP,
} from '../../mem/layout.js';
import { BUDGET, CELL, ENV, emitEnter, emitJumpCacheLookup } from '../access.js';
import type { IrOp, Target } from '../decode.js';
import { goTo, storeBudget, storeInsnPc } from '../glue.js';
import { type BlockContext, clearStatus, type InfoOf, LEFT_SLOT_SHIFT, loadTlb, pushPc, type RegionContext, storePc } from './context.js';

export function enterRegion(c: Pick<RegionContext, 'w' | 'locals' | 'slots' | 'fixedPc'>): void {
  const { w } = c;
  c.slots.load();
  loadTlb(c);
  if (c.fixedPc) return;
  w.get(ENV);
  w.mem('i64.load', ENV_PC_BASE);
  w.set(c.locals.pcBase);
}

/** What is behind the label `exhausted`: takes back what the block's head has counted. */
export function leaveExhausted(c: RegionContext): void {
  const { w, locals, slots } = c;
  w.get(BUDGET);
  w.get(locals.leftBlock);
  w.mem('i32.load', BLOCK_INSNS);
  w.op('i32.add');
  w.set(BUDGET);
  slots.store(slots.dirty);
  storePc(c, () => {
    w.get(locals.leftBlock);
    w.mem('i64.load', BLOCK_PC);
  });
  storeBudget(w);
  w.get(ENV);
  w.get(locals.leftBlock);
  w.mem('i32.store', ENV_BLOCK);
  w.i32(EXIT_PARTIAL);
  w.op('return');
}

/** What is behind the label `fault`: an instruction that completes has its result, one that traps has none. */
export function leaveFaulting({ w, locals, slots, imports }: RegionContext): void {
  slots.store(slots.dirty);
  w.get(locals.left);
  w.i32(LEFT_SLOT_SHIFT);
  w.op('i32.shr_u');
  w.tee(locals.entry);
  w.if_();
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.i32(STATUS_TRAP);
  w.op('i32.ne');
  w.if_();
  w.get(ENV);
  w.get(locals.entry);
  w.op('i32.add');
  w.get(locals.value);
  w.mem('i64.store', 0);
  w.end();
  w.end();
  w.get(ENV);
  w.get(locals.leftBlock);
  w.get(locals.left);
  w.i32((1 << LEFT_SLOT_SHIFT) - 1);
  w.op('i32.and');
  w.returnCall(imports.depart);
}

/** Counts the block's instructions down from the budget, and leaves where it does not reach. */
export function emitHead({ w, locals, block, exhausted }: BlockContext): void {
  w.get(BUDGET);
  w.i32(block.insns);
  w.op('i32.sub');
  w.tee(BUDGET);
  w.i32(0);
  w.op('i32.lt_s');
  w.ifRare();
  w.i32(block.header);
  w.set(locals.leftBlock);
  w.br(exhausted);
  w.end();
}

export function exitStatic(c: BlockContext, target: Target): void {
  const { w } = c;
  c.slots.store(c.slots.dirtyAt[c.node]);
  if (!c.fixedPc && (target.offset < 0 || target.offset >= PAGE_SIZE)) {
    pushPc(c, target.offset);
    w.set(c.locals.pc);
    return lookUp(c);
  }
  w.get(ENV);
  w.get(BUDGET);
  w.i32(target.cell);
  w.i32(0);
  w.mem('i32.load', target.cell);
  w.mem('i32.load', BLOCK_FUNC);
  w.returnCallIndirect(c.imports.run);
}

/** Goes on at the pc in local `pc`. */
export function exitIndirect(c: BlockContext): void {
  c.slots.store(c.slots.dirtyAt[c.node]);
  lookUp(c);
}

/** Goes on at the pc in local `pc`, in the same context; the registers are stored. */
function lookUp({ w, locals, imports, fixedPc }: RegionContext): void {
  emitJumpCacheLookup(w, {
    pc: locals.pc,
    entry: locals.entry,
    cell: CELL,
    pcMask: () => w.i64(fixedPc ? 0 : -PAGE_SIZE),
    enter: () => emitEnter(w, imports.run),
  });
  goTo(w, locals.pc, imports.dispatch);
}

/** Goes on at ENV_PC. */
export function exitToDispatch({ w, slots, node, imports }: BlockContext): void {
  slots.store(slots.dirtyAt[node]);
  w.get(ENV);
  w.get(BUDGET);
  w.i32(0);
  w.returnCall(imports.dispatch);
}

/** Leaves in front of a breakpoint. */
export function exitDebug(c: BlockContext, op: IrOp): void {
  const { w } = c;
  c.slots.store(c.slots.dirtyAt[c.node]);
  storePc(c, () => w.i64(op.immediate ?? 0));
  storeBudget(w);
  w.i32(EXIT_DEBUG);
  w.op('return');
}

/** Leaves at the instruction of `op`: the status says why. Unless that is a trap, `slot`, if not 0, gets what is in local `value`. */
export function depart({ w, locals, block, fault }: BlockContext, op: IrOp, slot: number): void {
  w.i32(block.header);
  w.set(locals.leftBlock);
  w.i32(op.insn | (slot << LEFT_SLOT_SHIFT));
  w.set(locals.left);
  w.br(fault);
}

/** Leaves if an access of this instruction has asked for that. */
export function emitSettle(c: BlockContext, op: IrOp, info: InfoOf<'settle'>): void {
  const { w } = c;
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.ifRare();
  if (info.hasTarget) {
    clearStatus(w);
    storeInsnPc(
      w,
      () => w.i32(c.block.header),
      () => w.i32(op.insn),
    );
    w.get(ENV);
    c.slots.push(op.a, 'i64');
    w.mem('i64.store', ENV_PC);
    exitToDispatch(c);
  } else depart(c, op, 0);
  w.end();
}
