/**
 * Generates the interpreter: a WebAssembly module whose main function is a loop over IR bytecode with one `br_table`; each case is the
 * op's own emission with operands fetched from the slots. The module also holds the functions of glue.ts.
 */
import { BLOCK_CODE, ENV_PC_BASE, FN_DEAD, FN_DISPATCH, FN_FAR, FN_INTERPRET, FN_LINK } from '../mem/layout.js';
import { unreachable } from '../util/errors.js';
import { Code } from '../wasm/code.js';
import { ModuleWriter } from '../wasm/module.js';
import { BLOCK_HEAD, BUDGET, CELL, CODE_LOAD, CODE_STORE, DEPART, ENTER_BLOCK, ENV, HELPER, RUN } from './access.js';
import { BRANCH_FALL, BRANCH_TAKEN, BYTECODES, GOTO_CELL, type Opcode, recordSize } from './encoding.js';
import { deadFunction, departFunction, dispatchFunction, farFunction, linkFunction } from './glue.js';
import { emitCall, emitFloat, emitLoad, emitStore } from './interpreter/accesses.js';
import { advance, type Context, operands, pushImmediate, pushSlot, setD } from './interpreter/context.js';
import { blockHead, emitDebug, emitIndirect, emitLeave, emitSettle, emitStop, followCell, lookUpPc } from './interpreter/exits.js';

/** The interpreter module; imports: env.memory, env.table, env.blockHead, mmu.codeLoad, mmu.codeStore, mmu.enterBlock; exports: the functions above and `interpret`. */
export function generateInterpreter(memoryPages: number, tableSize: number): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: memoryPages });
  m.importTable('env', 'table', tableSize);
  const codeLoad = m.importFunction('mmu', 'codeLoad', CODE_LOAD);
  const codeStore = m.importFunction('mmu', 'codeStore', CODE_STORE);
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
  m.function(RUN, interpretFunction(m, { codeLoad, codeStore, blockHead, depart, dispatch }));
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
  const lookUp = w.block();
  const follow = w.block();
  const next = w.loop();
  const invalid = w.block();
  const cases = BYTECODES.map(() => w.block());
  w.get(local.ip);
  w.mem('i32.load16_u', 0);
  w.brTable(cases.toReversed(), invalid);
  const context: Context = { w, types, functions, locals: local, next, nextBlock, follow, lookUp };
  for (const opcode of BYTECODES) {
    w.end();
    emitCase(context, opcode);
  }
  w.end();
  w.op('unreachable');
  w.end();
  w.end();
  followCell(context);
  w.end();
  lookUpPc(context);
  w.end();
  w.op('unreachable');
  return w;
}

function emitCase(c: Context, opcode: Opcode): void {
  const { w, locals } = c;
  const { info } = opcode;
  switch (info.kind) {
    case 'binary':
      setD(c, 'i64', () => info.emit(w, operands(c, ['i64', 'i64'], opcode.immediate)));
      return advance(c, recordSize(info));
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
      return w.br(c.follow);
    case 'branch':
      w.get(locals.ip);
      w.i32(BRANCH_TAKEN);
      w.i32(BRANCH_FALL);
      info.emit(w, operands(c, ['i64', 'i64'], opcode.immediate));
      w.op('select');
      w.op('i32.add');
      w.set(CELL);
      return w.br(c.follow);
    case 'indirect':
      return emitIndirect(c);
    case 'settle':
      return emitSettle(c, info);
    case 'leave':
      return emitLeave(c);
    case 'debug':
      return emitDebug(c);
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
