/**
 * Generates the interpreter: a WebAssembly module whose main function is a loop over IR bytecode with one `br_table`; each case is the
 * op's own emission with operands fetched from the slots. The module also holds the functions of glue.ts.
 */
import {
  BLOCK_CODE,
  BLOCK_COUNT,
  BLOCK_DELTAS,
  BLOCK_FUNC,
  BLOCK_INSNS,
  BLOCK_PC,
  ENV_BLOCK,
  ENV_BUDGET,
  ENV_CURRENT_BLOCK,
  ENV_FP_FAST,
  ENV_PC,
  ENV_PC_BASE,
  ENV_PC_MASK,
  ENV_STAT_INTERPRETED,
  ENV_STATUS,
  ENV_TLB,
  EXIT_BUDGET,
  EXIT_DEBUG,
  EXIT_HOT,
  EXIT_PARTIAL,
  FN_DEAD,
  FN_DISPATCH,
  FN_FAR,
  FN_HELPERS,
  FN_INTERPRET,
  FN_LINK,
  GLOBAL_HOT_COUNT,
  GLOBAL_HOT_LIMIT,
  GLOBAL_HOT_QUEUE,
  STATUS_NONE,
  STATUS_TRAP,
} from '../mem/layout.js';
import { unreachable } from '../util/errors.js';
import { Code, type Label } from '../wasm/code.js';
import { ModuleWriter } from '../wasm/module.js';
import {
  BLOCK_HEAD,
  BUDGET,
  CELL,
  DEPART,
  ENTER_BLOCK,
  ENV,
  emitJumpCacheLookup,
  emitTlbLookup,
  HELPER,
  RUN,
  SLOW_LOAD,
  SLOW_STORE,
} from './access.js';
import {
  BRANCH_FALL,
  BRANCH_TAKEN,
  BYTECODES,
  GOTO_CELL,
  INDIRECT_POSITION,
  INDIRECT_PROFILE,
  INNER,
  type Opcode,
  PROFILE_LENGTH,
  recordSize,
} from './encoding.js';
import { deadFunction, departFunction, dispatchFunction, farFunction, linkFunction, storeBudget, storeInsnPc, storePc } from './glue.js';
import type { Operands, SlotType } from './op-kinds.js';

interface Context {
  readonly w: Code;
  readonly types: { run: number; helper: number };
  readonly functions: { slowLoad: number; slowStore: number; blockHead: number; depart: number; dispatch: number };
  readonly locals: { block: number; ip: number; pc: number; vaddr: number; entry: number; value: number; start: number };
  /** Goes on with the next record. */
  readonly next: Label;
  /** Goes on with the block in local `block`. */
  readonly nextBlock: Label;
}

/** The interpreter module; imports: env.memory, env.table, env.blockHead, mmu.slowLoad, mmu.slowStore, mmu.enterBlock; exports: the functions above and `interpret`. */
export function generateInterpreter(memoryPages: number, tableSize: number): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: memoryPages });
  m.importTable('env', 'table', tableSize);
  const slowLoad = m.importFunction('mmu', 'slowLoad', SLOW_LOAD);
  const slowStore = m.importFunction('mmu', 'slowStore', SLOW_STORE);
  const enterBlock = m.importFunction('mmu', 'enterBlock', ENTER_BLOCK);
  const blockHead = m.importFunction('env', 'blockHead', BLOCK_HEAD);
  const [link, dead, far, depart, dispatch, interpret] = [0, 1, 2, 3, 4, 5].map((i) => m.nextFunction(i)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  m.function(RUN, linkFunction());
  m.function(RUN, deadFunction());
  m.function(RUN, farFunction(dispatch));
  m.function(DEPART, departFunction(m, dispatch));
  m.function(RUN, dispatchFunction(m, enterBlock));
  m.function(RUN, interpretFunction(m, { slowLoad, slowStore, blockHead, depart, dispatch }));
  for (const [name, func, slot] of [
    ['link', link, FN_LINK],
    ['dead', dead, FN_DEAD],
    ['far', far, FN_FAR],
    ['dispatch', dispatch, FN_DISPATCH],
    ['interpret', interpret, FN_INTERPRET],
  ] as const) {
    m.export(name, func);
    m.element(slot, func);
  }
  m.export('depart', depart);
  return m.finish();
}

/** With bit 0 of `cell` set, the block is entered for a part only (its head is skipped; a `stop` record ends it). */
function interpretFunction(m: ModuleWriter, functions: Context['functions']): Code {
  const w = new Code(RUN.params, 65536);
  const types = { run: m.type(RUN), helper: m.type(HELPER) };
  const local = {
    block: w.local('i32'),
    ip: w.local('i32'),
    pc: w.local('i64'),
    vaddr: w.local('i64'),
    entry: w.local('i32'),
    value: w.local('i64'),
    start: w.local('i32'),
  };
  w.get(CELL);
  w.i32(-2);
  w.op('i32.and');
  w.mem('i32.load', 0);
  w.set(local.block);
  w.get(BUDGET);
  w.set(local.start);
  const nextBlock = w.loop();
  blockHead(w, local);
  w.get(local.block);
  w.i32(BLOCK_CODE);
  w.op('i32.add');
  w.set(local.ip);
  const next = w.loop();
  const invalid = w.block();
  const cases = BYTECODES.map(() => w.block());
  w.get(local.ip);
  w.mem('i32.load16_u', 0);
  w.brTable(cases.toReversed(), invalid);
  const context: Context = { w, types, functions, locals: local, next, nextBlock };
  for (const opcode of BYTECODES) {
    w.end();
    emitCase(context, opcode);
  }
  w.end();
  w.op('unreachable');
  w.end();
  w.end();
  w.op('unreachable');
  return w;
}

/** Adds the ticks since the interpreter was entered to its statistics; `left` pushes the ticks that are left. */
function account(w: Code, locals: Context['locals'], left: () => void): void {
  w.get(ENV);
  w.get(ENV);
  w.mem('i64.load', ENV_STAT_INTERPRETED);
  w.get(locals.start);
  left();
  w.op('i32.sub');
  w.op('i64.extend_i32_u');
  w.op('i64.add');
  w.mem('i64.store', ENV_STAT_INTERPRETED);
}

/** Counts the block's instructions and executions, and leaves where the budget does not reach or the hot queue is full. */
function blockHead(w: Code, locals: Context['locals']): void {
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

/** Address of the slot whose offset is the u16 at `field` of the current record. */
function slotAddress({ w, locals }: Context, field: number): void {
  w.get(ENV);
  w.get(locals.ip);
  w.mem('i32.load16_u', field);
  w.op('i32.add');
}

function pushSlot(c: Context, field: number, type: SlotType): void {
  slotAddress(c, field);
  c.w.mem(type === 'f64' ? 'f64.load' : 'i64.load', 0);
}

function pushImmediate({ w, locals }: Context, field = 8): void {
  w.get(locals.ip);
  w.mem('i64.load', field);
}

/** Stores the value that `push` leaves in slot d and goes on. */
function setD(c: Context, type: SlotType, push: () => void): void {
  slotAddress(c, 2);
  push();
  c.w.mem(type === 'f64' ? 'f64.store' : 'i64.store', 0);
}

function advance({ w, locals, next }: Context, bytes: number): void {
  w.get(locals.ip);
  w.i32(bytes);
  w.op('i32.add');
  w.set(locals.ip);
  w.br(next);
}

function operands(c: Context, types: readonly [SlotType, SlotType, SlotType?], immediate: boolean): Operands {
  return {
    a: () => pushSlot(c, 4, types[0]),
    b: () => (immediate ? pushImmediate(c) : pushSlot(c, 6, types[1])),
    c: () => pushSlot(c, 8, types[2] ?? 'i64'),
  };
}

function emitCase(c: Context, opcode: Opcode): void {
  const { w, locals } = c;
  const { info } = opcode;
  switch (info.kind) {
    case 'binary': {
      setD(c, 'i64', () => info.emit(w, operands(c, ['i64', 'i64'], opcode.immediate)));
      return advance(c, recordSize(info));
    }
    case 'unary':
      setD(c, info.types[0], () => info.emit(w, operands(c, [info.types[1], 'i64'], false)));
      return advance(c, recordSize(info));
    case 'const':
      setD(c, 'i64', () => pushImmediate(c));
      return advance(c, recordSize(info));
    case 'pcrel':
      setD(c, 'i64', () => {
        w.get(ENV);
        w.mem('i64.load', ENV_PC_BASE);
        pushImmediate(c);
        w.op('i64.add');
      });
      return advance(c, recordSize(info));
    case 'select':
      setD(c, 'i64', () => {
        pushSlot(c, 6, 'i64');
        pushSlot(c, 8, 'i64');
        pushSlot(c, 4, 'i64');
        w.i64(0);
        w.op('i64.ne');
        w.op('select');
      });
      return advance(c, recordSize(info));
    case 'load':
      return emitLoad(c, info);
    case 'store':
      return emitStore(c, info);
    case 'call':
      return emitCall(c);
    case 'float':
      return emitFloat(c, info);
    case 'goto':
      w.get(locals.ip);
      w.i32(GOTO_CELL);
      w.op('i32.add');
      w.set(CELL);
      return follow(c);
    case 'branch':
      w.get(locals.ip);
      w.i32(BRANCH_TAKEN);
      w.i32(BRANCH_FALL);
      info.emit(w, operands(c, ['i64', 'i64'], opcode.immediate));
      w.op('select');
      w.op('i32.add');
      w.set(CELL);
      return follow(c);
    case 'indirect':
      pushSlot(c, 4, 'i64');
      w.set(locals.pc);
      emitProfile(c);
      return emitIndirect(c);
    case 'settle':
      return emitSettle(c, info);
    case 'leave':
      account(w, locals, () => w.get(BUDGET));
      clearStatus(w);
      w.get(ENV);
      w.get(BUDGET);
      w.i32(0);
      return w.returnCall(c.functions.dispatch);
    case 'debug':
      account(w, locals, () => w.get(BUDGET));
      storePc(w, () => pushImmediate(c));
      storeBudget(w);
      w.i32(EXIT_DEBUG);
      return w.op('return');
    case 'stop':
      return emitStop(c);
    case 'head':
      w.get(ENV);
      w.get(BUDGET);
      w.get(locals.block);
      w.call(c.functions.blockHead);
      return advance(c, recordSize(info));
    default:
      return unreachable(info);
  }
}

/** Enters the block that the cell in CELL points to: here if it is cold, else through the function table. */
function follow({ w, types, locals, nextBlock }: Context): void {
  w.get(CELL);
  w.mem('i32.load', 0);
  w.tee(locals.block);
  w.mem('i32.load', BLOCK_FUNC);
  w.tee(locals.entry);
  w.i32(FN_INTERPRET);
  w.op('i32.eq');
  w.brIf(nextBlock);
  account(w, locals, () => w.get(BUDGET));
  w.get(ENV);
  w.get(BUDGET);
  w.get(CELL);
  w.get(locals.entry);
  w.returnCallIndirect(types.run);
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

function emitIndirect({ w, types, functions, locals }: Context): void {
  account(w, locals, () => w.get(BUDGET));
  emitJumpCacheLookup(w, types.run, {
    pc: locals.pc,
    entry: locals.entry,
    pcMask: () => {
      w.get(ENV);
      w.mem('i64.load', ENV_PC_MASK);
    },
  });
  w.get(ENV);
  w.get(locals.pc);
  w.mem('i64.store', ENV_PC);
  w.get(ENV);
  w.get(BUDGET);
  w.i32(0);
  w.returnCall(functions.dispatch);
}

/** ENV_BUDGET = ticks left before the current instruction, whose index is in the record. */
function storeExactBudget({ w, locals }: Context): void {
  w.get(ENV);
  w.get(BUDGET);
  w.get(locals.block);
  w.mem('i32.load', BLOCK_INSNS);
  w.op('i32.add');
  pushInsn({ w, locals });
  w.op('i32.sub');
  w.mem('i32.store', ENV_BUDGET);
}

/** Pushes the index of the current instruction. */
function pushInsn({ w, locals }: Pick<Context, 'w' | 'locals'>): void {
  w.get(locals.ip);
  w.mem('i32.load16_u', 14);
  w.i32(INNER - 1);
  w.op('i32.and');
}

function clearStatus(w: Code): void {
  w.get(ENV);
  w.i32(STATUS_NONE);
  w.mem('i32.store', ENV_STATUS);
}

/** Leaves by `depart`; the departing instruction takes its tick there. */
function departNow({ w, locals, functions }: Context): void {
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
function emitSettle(c: Context, info: Extract<Opcode['info'], { kind: 'settle' }>): void {
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

/** Leaves by `depart` on a trap, or on any other status unless ops of the same instruction follow. `complete` runs first unless it is a trap. */
function checkStatus(c: Context, complete?: () => void): void {
  const { w, locals } = c;
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.if_();
  if (complete) {
    w.get(ENV);
    w.mem('i32.load', ENV_STATUS);
    w.i32(STATUS_TRAP);
    w.op('i32.ne');
    w.if_();
    complete();
    w.end();
  }
  const inner = w.block();
  w.get(locals.ip);
  w.mem('i32.load16_u', 14);
  w.i32(INNER);
  w.op('i32.ge_u');
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  w.i32(STATUS_TRAP);
  w.op('i32.ne');
  w.op('i32.and');
  w.brIf(inner);
  departNow(c);
  w.end();
  w.end();
}

function emitAddress(c: Context): void {
  const { w, locals } = c;
  pushSlot(c, 4, 'i64');
  w.get(locals.ip);
  w.mem('i64.load32_s', 8);
  w.op('i64.add');
  w.set(locals.vaddr);
}

function pushTlb({ w }: Context): void {
  w.get(ENV);
  w.mem('i32.load', ENV_TLB);
}

function emitLoad(c: Context, info: Extract<Opcode['info'], { kind: 'load' }>): void {
  const { w, locals, functions } = c;
  emitAddress(c);
  const slow = w.block();
  // In a slot, a double and its bits are the same.
  const wasm = info.wasm === 'f64.load' ? 'i64.load' : info.wasm;
  emitTlbLookup(w, { vaddr: locals.vaddr, entry: locals.entry, size: info.size, access: 'read', tlb: () => pushTlb(c), slow });
  w.mem(wasm, 0, true);
  w.set(locals.value);
  setD(c, 'i64', () => w.get(locals.value));
  advance(c, recordSize(info));
  w.end();
  storeExactBudget(c);
  w.get(ENV);
  w.get(locals.vaddr);
  w.i32(info.size);
  w.call(functions.slowLoad);
  if (info.extend && info.type === 'i64') w.op(info.extend);
  w.set(locals.value);
  const complete = () => setD(c, 'i64', () => w.get(locals.value));
  checkStatus(c, complete);
  complete();
  advance(c, recordSize(info));
}

function emitStore(c: Context, info: Extract<Opcode['info'], { kind: 'store' }>): void {
  const { w, locals, functions } = c;
  emitAddress(c);
  const slow = w.block();
  emitTlbLookup(w, { vaddr: locals.vaddr, entry: locals.entry, size: info.size, access: 'write', tlb: () => pushTlb(c), slow });
  pushSlot(c, 6, 'i64');
  w.mem(info.wasm === 'f64.store' ? 'i64.store' : info.wasm, 0, true);
  advance(c, recordSize(info));
  w.end();
  storeExactBudget(c);
  w.get(ENV);
  w.get(locals.vaddr);
  pushSlot(c, 6, 'i64');
  w.i32(info.size);
  w.call(functions.slowStore);
  checkStatus(c);
  advance(c, recordSize(info));
}

function emitCall(c: Context): void {
  const { w, locals, types } = c;
  storeExactBudget(c);
  w.get(ENV);
  pushSlot(c, 4, 'i64');
  pushSlot(c, 6, 'i64');
  pushSlot(c, 8, 'i64');
  w.get(locals.ip);
  w.mem('i32.load16_u', 12);
  w.get(locals.ip);
  w.mem('i32.load16_u', 10);
  w.i32(FN_HELPERS);
  w.op('i32.add');
  w.callIndirect(types.helper);
  w.set(locals.value);
  const complete = () => setD(c, 'i64', () => w.get(locals.value));
  checkStatus(c, complete);
  complete();
  advance(c, 16);
}

function emitFloat(c: Context, info: Extract<Opcode['info'], { kind: 'float' }>): void {
  const { w, locals } = c;
  const fail = w.block();
  w.get(locals.ip);
  w.mem('i32.load8_u', 13);
  w.tee(locals.entry);
  w.get(ENV);
  w.mem('i32.load', ENV_FP_FAST);
  w.op('i32.and');
  w.get(locals.entry);
  w.op('i32.ne');
  w.brIf(fail);
  w.scratch(info.types[0], (result) => {
    info.emit(w, operands(c, [info.types[1], info.types[2], info.types[3]], false), fail);
    w.set(result);
    setD(c, info.types[0], () => w.get(result));
  });
  advance(c, 16);
  w.end();
  emitCall(c);
}

/** The end of a partly run block: ENV_CURRENT_BLOCK holds the index of the next instruction. */
function emitStop({ w, locals }: Context): void {
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
