/** Loads, stores, helper calls and floating point: a fast path in line, and a slow path that may leave the region. */
import { ENV_BUDGET, ENV_FP_FAST, ENV_STATUS, STATUS_TRAP } from '../../mem/layout.js';
import { ENV, emitTlbLookup } from '../access.js';
import type { IrOp } from '../decode.js';
import type { SlotType } from '../op-kinds.js';
import { type BlockContext, type InfoOf, loadTlb, operands, pushExactBudget } from './context.js';
import { depart } from './exits.js';

export function emitLoad(c: BlockContext, op: IrOp, info: InfoOf<'load'>): void {
  const { w, locals, slots } = c;
  setAddress(c, op);
  const done = w.block();
  const slow = w.block();
  emitTlbLookup(w, { vaddr: locals.vaddr, entry: locals.entry, size: info.size, access: 'read', tlb: () => w.get(locals.tlb), slow });
  w.scratch(info.type, (loaded) => {
    w.mem(info.wasm, 0, true);
    w.set(loaded);
    slots.assign(op.d, info.type, () => w.get(loaded));
  });
  w.br(done);
  w.end();
  w.get(ENV);
  pushExactBudget(c, op);
  w.get(locals.vaddr);
  w.i32(info.size);
  w.call(c.imports.codeLoad);
  if (info.extend && info.type === 'i64') w.op(info.extend);
  w.set(locals.value);
  finishSlow(c, op, info.type);
  w.end();
}

export function emitStore(c: BlockContext, op: IrOp, info: InfoOf<'store'>): void {
  const { w, locals, slots } = c;
  setAddress(c, op);
  const done = w.block();
  const slow = w.block();
  emitTlbLookup(w, { vaddr: locals.vaddr, entry: locals.entry, size: info.size, access: 'write', tlb: () => w.get(locals.tlb), slow });
  slots.push(op.b, info.type);
  w.mem(info.wasm, 0, true);
  w.br(done);
  w.end();
  w.get(ENV);
  pushExactBudget(c, op);
  w.get(locals.vaddr);
  slots.push(op.b, 'i64');
  w.i32(info.size);
  w.call(c.imports.codeStore);
  leaveIfAsked(c, op, 0);
  w.end();
}

export function emitCall(c: BlockContext, op: IrOp, type: SlotType = c.slots.registerType(op.d) ?? 'i64'): void {
  const { w, locals, slots, imports } = c;
  w.get(ENV);
  pushExactBudget(c, op);
  w.mem('i32.store', ENV_BUDGET);
  w.get(ENV);
  slots.push(op.a, 'i64');
  slots.push(op.b, 'i64');
  slots.push(op.c, 'i64');
  w.i32(op.arg);
  w.call(imports.helper(op.helper));
  w.set(locals.value);
  if (imports.mayLeave(op.helper)) finishSlow(c, op, type);
  else slots.assignBits(op.d, type, locals.value);
  if (op.info.kind === 'call') loadTlb(c);
}

export function emitFloat(c: BlockContext, op: IrOp, info: InfoOf<'float'>): void {
  const { w, slots } = c;
  const bits = op.arg >> 8;
  const type = info.types[0];
  const done = w.block();
  const fail = w.block();
  if (bits !== 0) {
    w.get(ENV);
    w.mem('i32.load', ENV_FP_FAST);
    w.i32(bits);
    w.op('i32.and');
    w.op('i32.eqz');
    w.brIfRare(fail);
  }
  const inLine = () => {
    w.scratch(type, (result) => {
      info.emit(w, operands(c, op, info.types[1], info.types[2], info.types[3]), fail);
      w.set(result);
      slots.assign(op.d, type, () => w.get(result));
    });
    w.br(done);
    w.end();
  };
  slots.eitherWay(op.d, inLine, () => emitCall(c, op, type));
  w.end();
}

function setAddress({ w, locals, slots }: BlockContext, op: IrOp): void {
  slots.push(op.a, 'i64');
  if (op.offset !== 0) {
    w.i64(op.offset);
    w.op('i64.add');
  }
  w.set(locals.vaddr);
}

/** Leaves the block if the status makes `op` do so, be it with a trap or, for the last op of an instruction, at its end: with the result in `value` for `slot`, if not 0. */
function leaveIfAsked(c: BlockContext, op: IrOp, slot: number): void {
  const { w } = c;
  w.get(ENV);
  w.mem('i32.load', ENV_STATUS);
  if (op.inner) {
    w.i32(STATUS_TRAP);
    w.op('i32.eq');
  }
  w.ifRare();
  depart(c, op, slot);
  w.end();
}

/** The result of a slow path or helper is in `value`: leaves if the status says so, else assigns it. */
function finishSlow(c: BlockContext, op: IrOp, type: SlotType): void {
  leaveIfAsked(c, op, op.d);
  c.slots.assignBits(op.d, type, c.locals.value);
}
