/**
 * The small functions between blocks, through which both engines go on:
 *
 *     link      an unlinked cell: leaves with EXIT_LINK          dead      a dropped block: leaves with EXIT_MISS
 *     far       a static exit to another page: dispatch          dispatch  goes on at ENV_PC, after polling interrupts
 *     depart    handles ENV_STATUS after a slow path or helper
 */
import {
  BLOCK_DELTAS,
  BLOCK_PC,
  ENV_BUDGET,
  ENV_CELL,
  ENV_EXIT,
  ENV_INSN_PC,
  ENV_PC,
  ENV_PC_BASE,
  ENV_PC_MASK,
  ENV_POLL,
  ENV_STATUS,
  EXIT_BUDGET,
  EXIT_LINK,
  EXIT_MISS,
  EXIT_REQUEST,
  EXIT_WFI,
  FN_POLL,
  FN_TAKE_TRAP,
  STATUS_NONE,
  STATUS_TRAP,
} from '../mem/layout.js';
import { Code } from '../wasm/code.js';
import type { ModuleWriter } from '../wasm/module.js';
import { BUDGET, CELL, DEPART, ENV, emitEnter, emitJumpCacheLookup, RUN } from './access.js';
import { CELL_TARGET } from './encoding.js';

const HOOK_POLL = { params: ['i32'], results: ['i32'] } as const;
const HOOK_TRAP = { params: ['i32'], results: [] } as const;
const POLL_TAKEN = 1;
const POLL_WAIT = 2;

/** Stores pc = ENV_PC_BASE + the i64 that `offset` pushes. */
export function storePc(w: Code, offset: () => void): void {
  w.get(ENV);
  w.get(ENV);
  w.mem('i64.load', ENV_PC_BASE);
  offset();
  w.op('i64.add');
  w.mem('i64.store', ENV_PC);
}

/** Leaves for the pc in local `pc`, by way of `dispatch`. */
export function goTo(w: Code, pc: number, dispatch: number): void {
  w.get(ENV);
  w.get(pc);
  w.mem('i64.store', ENV_PC);
  w.get(ENV);
  w.get(BUDGET);
  w.i32(0);
  w.returnCall(dispatch);
}

export function storeBudget(w: Code): void {
  w.get(ENV);
  w.get(BUDGET);
  w.mem('i32.store', ENV_BUDGET);
}

/** Stores ENV_INSN_PC: the pc of instruction `index` of the block whose header `block` pushes. */
export function storeInsnPc(w: Code, block: () => void, index: () => void): void {
  w.get(ENV);
  w.get(ENV);
  w.mem('i64.load', ENV_PC_BASE);
  block();
  w.mem('i64.load', BLOCK_PC);
  w.op('i64.add');
  block();
  w.mem('i32.load', BLOCK_DELTAS);
  index();
  w.i32(1);
  w.op('i32.shl');
  w.op('i32.add');
  w.mem('i64.load16_u', 0);
  w.op('i64.add');
  w.mem('i64.store', ENV_INSN_PC);
}

export function linkFunction(): Code {
  const w = new Code(RUN.params);
  storePc(w, () => {
    w.get(CELL);
    w.mem('i64.load', CELL_TARGET);
  });
  storeBudget(w);
  w.get(ENV);
  w.get(CELL);
  w.mem('i32.store', ENV_CELL);
  w.i32(EXIT_LINK);
  return w;
}

export function deadFunction(): Code {
  const w = new Code(RUN.params);
  storePc(w, () => {
    w.get(CELL);
    w.mem('i32.load', 0);
    w.mem('i64.load', BLOCK_PC);
  });
  storeBudget(w);
  w.i32(EXIT_MISS);
  return w;
}

export function farFunction(dispatch: number): Code {
  const w = new Code(RUN.params);
  storePc(w, () => {
    w.get(CELL);
    w.mem('i64.load', CELL_TARGET);
  });
  w.get(ENV);
  w.get(BUDGET);
  w.get(CELL);
  w.returnCall(dispatch);
  return w;
}

/** ENV_BUDGET is exact: the instruction at `index` is not yet counted. Trap or not, it takes one tick. */
export function departFunction(m: ModuleWriter, dispatch: number): Code {
  const [BLOCK, INDEX] = [1, 2];
  const w = new Code(DEPART.params);
  const status = w.local('i32');
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.set(status);
  w.get(ENV);
  w.i32(STATUS_NONE);
  w.mem('i32.store', ENV_STATUS);
  storeInsnPc(
    w,
    () => w.get(BLOCK),
    () => w.get(INDEX),
  );
  storePc(w, () => {
    w.get(BLOCK);
    w.mem('i64.load', BLOCK_PC);
    w.get(BLOCK);
    w.mem('i32.load', BLOCK_DELTAS);
    w.get(INDEX);
    w.get(status);
    w.i32(STATUS_TRAP);
    w.op('i32.ne');
    w.op('i32.add');
    w.i32(1);
    w.op('i32.shl');
    w.op('i32.add');
    w.mem('i64.load16_u', 0);
    w.op('i64.add');
  });
  w.get(status);
  w.i32(STATUS_TRAP);
  w.op('i32.eq');
  w.if_();
  w.get(ENV);
  w.i32(FN_TAKE_TRAP);
  w.callIndirect(m.type(HOOK_TRAP));
  w.end();
  w.get(ENV);
  w.get(ENV);
  w.mem('i32.load', ENV_BUDGET);
  w.i32(1);
  w.op('i32.sub');
  w.i32(0);
  w.returnCall(dispatch);
  return w;
}

/** `enterBlock`: the soft-MMU's function that fills the jump cache for ENV_PC. */
export function dispatchFunction(m: ModuleWriter, enterBlock: number): Code {
  const w = new Code(RUN.params);
  const [pc, entry, polled] = [w.local('i64'), w.local('i32'), w.local('i32')];
  const again = w.loop();
  storeBudget(w);
  const exit = (condition: () => void, code: number) => {
    condition();
    w.if_();
    w.i32(code);
    w.op('return');
    w.end();
  };
  exit(() => {
    w.get(ENV);
    w.mem('i32.load', ENV_EXIT);
  }, EXIT_REQUEST);
  exit(() => {
    w.get(BUDGET);
    w.op('i32.eqz');
  }, EXIT_BUDGET);
  w.get(ENV);
  w.mem('i32.load', ENV_POLL);
  w.if_();
  w.get(ENV);
  w.i32(0);
  w.mem('i32.store', ENV_POLL);
  w.get(ENV);
  w.i32(FN_POLL);
  w.callIndirect(m.type(HOOK_POLL));
  w.set(polled);
  exit(() => {
    w.get(polled);
    w.i32(POLL_WAIT);
    w.op('i32.eq');
  }, EXIT_WFI);
  w.get(polled);
  w.i32(POLL_TAKEN);
  w.op('i32.eq');
  w.if_();
  w.get(BUDGET);
  w.i32(1);
  w.op('i32.sub');
  w.set(BUDGET);
  w.br(again);
  w.end();
  w.end();
  w.get(ENV);
  w.mem('i64.load', ENV_PC);
  w.set(pc);
  emitJumpCacheLookup(w, {
    pc,
    entry,
    cell: CELL,
    enter: () => emitEnter(w, m.type(RUN)),
    pcMask: () => {
      w.get(ENV);
      w.mem('i64.load', ENV_PC_MASK);
    },
  });
  w.get(ENV);
  w.call(enterBlock);
  w.brIf(again);
  w.end();
  w.i32(EXIT_MISS);
  return w;
}
