/**
 * Lowers a region - blocks reached by direct branches from one entry - to ONE WebAssembly function with structured control flow.
 *
 * Guest registers live in locals: loaded on entry, stored on exits where they may have changed. Each block's head counts its instructions down
 * from the budget; below zero the region is left with the count restored. Slow paths and helpers that set ENV_STATUS leave through one common
 * exit (`depart` finds pc and tick from the block and the instruction's index). A return whose caller lies in the region is a
 * guarded jump inside it.
 */
import { assert, unreachable } from '../util/errors.js';
import { Code } from '../wasm/code.js';
import { BUDGET, ENV, RUN } from './access.js';
import type { IrOp, Target } from './decode.js';
import { emitCall, emitFloat, emitLoad, emitStore } from './lowering/accesses.js';
import { type BlockContext, clearStatus, declareLocals, type LoweringImports, operands, pushPc } from './lowering/context.js';
import {
  emitHead,
  emitSettle,
  enterRegion,
  exitDebug,
  exitIndirect,
  exitStatic,
  exitToDispatch,
  leaveExhausted,
  leaveFaulting,
} from './lowering/exits.js';
import { Flow } from './lowering/flow.js';
import { type LoweringGuest, Slots } from './lowering/slots.js';
import { type RegionInput, shapeOf } from './region.js';

export type { LoweringGuest, LoweringImports };

/** Up to so many targets are compared one by one, more by bisection. */
const LINEAR_TARGETS = 3;

/** The function body for `input`: a RUN function. */
export function lowerRegion(input: RegionInput, guest: LoweringGuest, imports: LoweringImports): Code {
  const { blocks, fixedPc } = input;
  const w = new Code(RUN.params, 4096);
  const shape = shapeOf(input);
  const locals = declareLocals(w);
  const slots = new Slots(w, guest, blocks, shape);
  enterRegion({ w, locals, slots, fixedPc });
  const [fault, exhausted] = [w.block(), w.block()];
  const region = { w, imports, fixedPc, slots, locals, fault, exhausted };
  const flow = new Flow(w, shape, (node) => {
    const c = { ...region, node, block: blocks[node], flow, pcOffsetOf: (other: number) => blocks[other].pcOffset };
    emitHead(c);
    for (const op of c.block.ops) emitOp(c, op);
  });
  flow.emitNode(0);
  w.op('unreachable');
  w.end();
  leaveExhausted(region);
  w.end();
  leaveFaulting(region);
  return w;
}

/** A block, and the way to the others. */
interface Lowering extends BlockContext {
  readonly flow: Flow;
  readonly pcOffsetOf: (node: number) => number;
}

function emitOp(c: Lowering, op: IrOp): void {
  const { w, slots } = c;
  const { info } = op;
  switch (info.kind) {
    case 'const':
      return slots.assign(op.d, 'i64', () => w.i64(op.immediate ?? 0));
    case 'pcrel':
      return slots.assign(op.d, 'i64', () => pushPc(c, op.immediate ?? 0));
    case 'unary': {
      if (op.name === 'mov') {
        const type = slots.naturalType(op.a);
        return slots.assign(op.d, type, () => slots.push(op.a, type));
      }
      return slots.assign(op.d, info.types[0], () => info.emit(w, operands(c, op, info.types[1], 'i64')));
    }
    case 'binary':
      return slots.assign(op.d, 'i64', () => info.emit(w, operands(c, op, 'i64', 'i64')));
    case 'select':
      return slots.assign(op.d, 'i64', () => {
        slots.push(op.b, 'i64');
        slots.push(op.c, 'i64');
        slots.push(op.a, 'i64');
        w.i64(0);
        w.op('i64.ne');
        w.op('select');
      });
    case 'load':
      return emitLoad(c, op, info);
    case 'store':
      return emitStore(c, op, info);
    case 'call':
      return emitCall(c, op);
    case 'float':
      return emitFloat(c, op, info);
    case 'goto':
      return follow(c, op.targets[0]);
    case 'branch':
      info.emit(w, operands(c, op, 'i64', 'i64'));
      w.if_();
      follow(c, op.targets[0]);
      w.end();
      return follow(c, op.targets[1]);
    case 'indirect':
      slots.push(op.a, 'i64');
      w.set(c.locals.pc);
      jumpToAny(c, c.flow.successors(c.node));
      return exitIndirect(c);
    case 'settle':
      return emitSettle(c, op, info);
    case 'leave':
      clearStatus(w);
      return exitToDispatch(c);
    case 'debug':
      return exitDebug(c, op);
    case 'head':
      w.get(ENV);
      w.get(BUDGET);
      w.i32(c.block.header);
      return w.call(c.imports.blockHead);
    case 'stop':
      throw assert(false, 'lower: stop is for the interpreter');
    default:
      return unreachable(info);
  }
}

/** Goes on at a static target, in the region or outside. */
function follow(c: Lowering, target: Target): void {
  const to = c.flow.inside(c.node, target.offset);
  if (to === undefined) exitStatic(c, target);
  else c.flow.jump(c.node, to);
}

/** Goes on at the one of `targets` (blocks of the region by ascending pc) that local `pc` names; falls through when it is none. */
function jumpToAny(c: Lowering, targets: readonly number[]): void {
  const { w } = c;
  const compare = (target: number, op: 'i64.eq' | 'i64.lt_u') => {
    w.get(c.locals.pc);
    pushPc(c, c.pcOffsetOf(target));
    w.op(op);
    w.if_();
  };
  if (targets.length > LINEAR_TARGETS) {
    const middle = targets.length >> 1;
    compare(targets[middle], 'i64.lt_u');
    jumpToAny(c, targets.slice(0, middle));
    w.else_();
    jumpToAny(c, targets.slice(middle));
    w.end();
    return;
  }
  for (const target of targets) {
    compare(target, 'i64.eq');
    c.flow.jump(c.node, target);
    w.end();
  }
}
