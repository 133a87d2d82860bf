/** How the interpreter gets from block to block: a block's head, the ends of blocks, and leaving in the middle of one. */
import {
  BLOCK_COUNT,
  BLOCK_DELTAS,
  BLOCK_FUNC,
  BLOCK_INSNS,
  BLOCK_PC,
  ENV_BLOCK,
  ENV_BUDGET,
  ENV_CURRENT_BLOCK,
  ENV_PC,
  ENV_PC_BASE,
  ENV_PC_MASK,
  ENV_STATUS,
  EXIT_BUDGET,
  EXIT_DEBUG,
  EXIT_HOT,
  EXIT_PARTIAL,
  FN_FAR,
  FN_INTERPRET,
  GLOBAL_HOT_COUNT,
  GLOBAL_HOT_LIMIT,
  GLOBAL_HOT_QUEUE,
} from '../../mem/layout.js';
import type { Code } from '../../wasm/code.js';
import { BUDGET, CELL, ENV, emitJumpCacheLookup } from '../access.js';
import { CELL_TARGET, INDIRECT_POSITION, INDIRECT_PROFILE, PROFILE_LENGTH, recordSize } from '../encoding.js';
import { goTo, storeBudget, storeInsnPc, storePc } from '../glue.js';
import { account, advance, type Context, clearStatus, type InfoOf, pushImmediate, pushInsn, pushSlot } from './context.js';

/** Counts the block's instructions and executions, and leaves where the budget does not reach or the hot queue is full. */
export function blockHead(w: Code, locals: Context['locals']): void {
  const { block } = locals;
  const insns = () => {
    w.get(block);
    w.mem('i32.load', BLOCK_INSNS);
  };
  const leave = (code: number) => {
    w.get(BUDGET);
    insns();
    w.op('i32.add');
    w.set(BUDGET);
    account(w, locals, () => w.get(BUDGET));
    storePc(w, () => {
      w.get(block);
      w.mem('i64.load', BLOCK_PC);
    });
    storeBudget(w);
    w.get(ENV);
    w.get(block);
    w.mem('i32.store', ENV_BLOCK);
    w.i32(code);
    w.op('return');
  };
  w.get(BUDGET);
  insns();
  w.op('i32.sub');
  w.set(BUDGET);
  const counted = w.block();
  w.get(CELL);
  w.i32(1);
  w.op('i32.and');
  w.brIf(counted);
  w.get(BUDGET);
  w.i32(0);
  w.op('i32.lt_s');
  w.if_();
  leave(EXIT_PARTIAL);
  w.end();
  w.scratch('i32', (count) => {
    w.get(block);
    w.get(block);
    w.mem('i32.load', BLOCK_COUNT);
    w.i32(1);
    w.op('i32.sub');
    w.tee(count);
    w.mem('i32.store', BLOCK_COUNT);
    w.get(count);
    w.brIf(counted);
    w.i32(0);
    w.mem('i32.load', GLOBAL_HOT_COUNT);
    w.tee(count);
    w.i32(2);
    w.op('i32.shl');
    w.get(block);
    w.mem('i32.store', GLOBAL_HOT_QUEUE);
    w.i32(0);
    w.get(count);
    w.i32(1);
    w.op('i32.add');
    w.tee(count);
    w.mem('i32.store', GLOBAL_HOT_COUNT);
    w.get(count);
    w.i32(0);
    w.mem('i32.load', GLOBAL_HOT_LIMIT);
    w.op('i32.lt_u');
    w.brIf(counted);
    leave(EXIT_HOT);
  });
  w.end();
}

/** Goes on with the block that the cell in CELL points to, if it is cold. Else its function is in local `entry`. */
function enterCold({ w, locals, nextBlock }: Context): void {
  w.get(CELL);
  w.mem('i32.load', 0);
  w.tee(locals.block);
  w.mem('i32.load', BLOCK_FUNC);
  w.tee(locals.entry);
  w.i32(FN_INTERPRET);
  w.op('i32.eq');
  w.brIf(nextBlock);
}

/** Leaves for the function in local `entry`. */
function enterFunction({ w, types, locals }: Context): void {
  account(w, locals, () => w.get(BUDGET));
  w.get(ENV);
  w.get(BUDGET);
  w.get(CELL);
  w.get(locals.entry);
  w.returnCallIndirect(types.run);
}

/** What is behind the label `follow`. Falls through to `lookUp` for a target in another page. */
export function followCell(c: Context): void {
  const { w, locals } = c;
  enterCold(c);
  w.get(locals.entry);
  w.i32(FN_FAR);
  w.op('i32.ne');
  w.if_();
  enterFunction(c);
  w.end();
  w.get(ENV);
  w.mem('i64.load', ENV_PC_BASE);
  w.get(CELL);
  w.mem('i64.load', CELL_TARGET);
  w.op('i64.add');
  w.set(locals.pc);
}

/** What is behind the label `lookUp`. */
export function lookUpPc(c: Context): void {
  const { w, locals } = c;
  emitJumpCacheLookup(w, {
    pc: locals.pc,
    entry: locals.entry,
    cell: CELL,
    pcMask: () => {
      w.get(ENV);
      w.mem('i64.load', ENV_PC_MASK);
    },
    enter: () => {
      enterCold(c);
      enterFunction(c);
    },
  });
  account(w, locals, () => w.get(BUDGET));
  goTo(w, locals.pc, c.functions.dispatch);
}

/** Notes the target of an indirect exit in its record's ring. */
function emitProfile({ w, locals }: Context): void {
  const position = locals.entry;
  w.get(locals.ip);
  w.get(locals.ip);
  w.mem('i32.load', INDIRECT_POSITION);
  w.tee(position);
  w.i32(4);
  w.op('i32.add');
  w.mem('i32.store', INDIRECT_POSITION);
  w.get(locals.ip);
  w.get(position);
  w.i32((PROFILE_LENGTH - 1) * 4);
  w.op('i32.and');
  w.op('i32.add');
  w.get(locals.pc);
  w.get(ENV);
  w.mem('i64.load', ENV_PC_BASE);
  w.op('i64.sub');
  w.mem('i64.store32', INDIRECT_PROFILE);
}

export function emitIndirect(c: Context): void {
  const { w, locals } = c;
  pushSlot(c, 4, 'i64');
  w.set(locals.pc);
  emitProfile(c);
  w.br(c.lookUp);
}

/** Leaves by `depart`; the departing instruction takes its tick there. */
export function departNow({ w, locals, functions }: Context): void {
  account(w, locals, () => {
    w.get(ENV);
    w.mem('i32.load', ENV_BUDGET);
    w.i32(1);
    w.op('i32.sub');
  });
  w.get(ENV);
  w.get(locals.block);
  pushInsn({ w, locals });
  w.returnCall(functions.depart);
}

/** Leaves if an access of this instruction has asked for that. */
export function emitSettle(c: Context, info: InfoOf<'settle'>): void {
  const { w, locals, functions } = c;
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.if_();
  if (info.hasTarget) {
    account(w, locals, () => w.get(BUDGET));
    clearStatus(w);
    storeInsnPc(
      w,
      () => w.get(locals.block),
      () => pushInsn(c),
    );
    w.get(ENV);
    pushSlot(c, 4, 'i64');
    w.mem('i64.store', ENV_PC);
    w.get(ENV);
    w.get(BUDGET);
    w.i32(0);
    w.returnCall(functions.dispatch);
  } else departNow(c);
  w.end();
  advance(c, recordSize(info));
}

/** Goes on at ENV_PC. */
export function emitLeave({ w, locals, functions }: Context): void {
  account(w, locals, () => w.get(BUDGET));
  clearStatus(w);
  w.get(ENV);
  w.get(BUDGET);
  w.i32(0);
  w.returnCall(functions.dispatch);
}

/** Leaves in front of a breakpoint. */
export function emitDebug(c: Context): void {
  const { w, locals } = c;
  account(w, locals, () => w.get(BUDGET));
  storePc(w, () => pushImmediate(c));
  storeBudget(w);
  w.i32(EXIT_DEBUG);
  w.op('return');
}

/** The end of a partly run block: ENV_CURRENT_BLOCK holds the index of the next instruction. */
export function emitStop({ w, locals }: Context): void {
  account(w, locals, () => w.i32(0));
  storePc(w, () => {
    w.get(locals.block);
    w.mem('i64.load', BLOCK_PC);
    w.get(locals.block);
    w.mem('i32.load', BLOCK_DELTAS);
    w.get(ENV);
    w.mem('i32.load', ENV_CURRENT_BLOCK);
    w.i32(1);
    w.op('i32.shl');
    w.op('i32.add');
    w.mem('i64.load16_u', 0);
    w.op('i64.add');
  });
  w.get(ENV);
  w.i32(0);
  w.mem('i32.store', ENV_BUDGET);
  w.i32(EXIT_BUDGET);
  w.op('return');
}
