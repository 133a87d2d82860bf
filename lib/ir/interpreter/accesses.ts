/** The interpreter's cases that may go wrong: loads, stores, helper calls, and floating point, whose slow path is a helper. */
import { ENV_BUDGET, ENV_FP_FAST, ENV_STATUS, ENV_TLB, FN_HELPERS, STATUS_TRAP } from '../../mem/layout.js';
import { ENV, emitTlbLookup } from '../access.js';
import { INNER, recordSize } from '../encoding.js';
import { advance, type Context, type InfoOf, operands, pushExactBudget, pushSlot, setD } from './context.js';
import { departNow } from './exits.js';

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

export function emitLoad(c: Context, info: InfoOf<'load'>): void {
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
  w.get(ENV);
  pushExactBudget(c);
  w.get(locals.vaddr);
  w.i32(info.size);
  w.call(functions.codeLoad);
  if (info.extend && info.type === 'i64') w.op(info.extend);
  w.set(locals.value);
  const complete = () => setD(c, 'i64', () => w.get(locals.value));
  checkStatus(c, complete);
  complete();
  advance(c, recordSize(info));
}

export function emitStore(c: Context, info: InfoOf<'store'>): void {
  const { w, locals, functions } = c;
  emitAddress(c);
  const slow = w.block();
  emitTlbLookup(w, { vaddr: locals.vaddr, entry: locals.entry, size: info.size, access: 'write', tlb: () => pushTlb(c), slow });
  pushSlot(c, 6, 'i64');
  w.mem(info.wasm === 'f64.store' ? 'i64.store' : info.wasm, 0, true);
  advance(c, recordSize(info));
  w.end();
  w.get(ENV);
  pushExactBudget(c);
  w.get(locals.vaddr);
  pushSlot(c, 6, 'i64');
  w.i32(info.size);
  w.call(functions.codeStore);
  checkStatus(c);
  advance(c, recordSize(info));
}

export function emitCall(c: Context): void {
  const { w, locals, types } = c;
  w.get(ENV);
  pushExactBudget(c);
  w.mem('i32.store', ENV_BUDGET);
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

export function emitFloat(c: Context, info: InfoOf<'float'>): void {
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
