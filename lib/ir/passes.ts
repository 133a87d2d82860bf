/**
 * The optimiser: passes over the ops of one block, for lowered code only (the interpreter's bytecode stays exact at every instruction).
 *
 * Constant folding and copy propagation run forward in one walk, dead-code and dead-register elimination backward. The guest registers are
 * observable wherever the block can be left: at its end, and at every op that may fault. Since the budget can run out at each block's head, all
 * registers are live between blocks too, so nothing is to be gained across them.
 */
import { ENV_TEMPS, ENV_TEMPS_END } from '../mem/layout.js';
import type { Constant, IrOp } from './decode.js';
import { isPure, mayLeave, sources, writes } from './operands.js';
import { type OpName, OPS, wrap64 } from './ops.js';
import type { LoweringGuest } from './lower.js';

/** Optimises the ops of a block; the result is a new list, the ops themselves may be changed. */
export function optimise(ops: readonly IrOp[], guest: LoweringGuest): IrOp[] {
  return eliminateDead(propagate(ops, guest), guest);
}

/** What is known of a slot's value: a constant, ENV_PC_BASE plus a constant, or a copy of another slot. */
type Known =
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'pcrel'; readonly value: Constant }
  | { readonly kind: 'copy'; readonly slot: number };

function isTemp(slot: number): boolean {
  return slot >= ENV_TEMPS && slot < ENV_TEMPS_END;
}

/** Slots that only IR ops access; control state can change in helpers. */
function isTracked(slot: number, guest: LoweringGuest): boolean {
  return isTemp(slot) || guest.registerType(slot) !== undefined;
}

/** Constant folding and copy propagation. */
export function propagate(ops: readonly IrOp[], guest: LoweringGuest): IrOp[] {
  const known = new Map<number, Known>();
  const copiesOf = new Map<number, Set<number>>();
  if (guest.zeroSlot >= 0) known.set(guest.zeroSlot, { kind: 'constant', value: 0 });

  const forget = (slot: number): void => {
    known.delete(slot);
    for (const copy of copiesOf.get(slot) ?? []) known.delete(copy);
    copiesOf.delete(slot);
  };
  const learn = (slot: number, fact: Known): void => {
    if (!isTracked(slot, guest) || (fact.kind === 'copy' && !isTracked(fact.slot, guest))) return;
    known.set(slot, fact);
    if (fact.kind !== 'copy') return;
    const copies = copiesOf.get(fact.slot) ?? new Set();
    copiesOf.set(fact.slot, copies.add(slot));
  };
  const constantAt = (slot: number): Constant | undefined => {
    const fact = known.get(slot);
    return fact?.kind === 'constant' ? fact.value : undefined;
  };

  return ops.map((original) => {
    const op = { ...original };
    for (const source of sources(op)) {
      const fact = known.get(op[source]);
      if (fact?.kind === 'copy') op[source] = fact.slot;
    }
    fold(op, constantAt, (slot) => {
      const fact = known.get(slot);
      return fact?.kind === 'pcrel' ? fact.value : undefined;
    });
    if (writes(op)) {
      forget(op.d);
      if (op.name === 'const') learn(op.d, { kind: 'constant', value: op.immediate ?? 0 });
      else if (op.name === 'pcrel') learn(op.d, { kind: 'pcrel', value: op.immediate ?? 0 });
      else if (op.name === 'mov' && op.a !== op.d) learn(op.d, { kind: 'copy', slot: op.a });
    }
    return op;
  });
}

type Lookup = (slot: number) => Constant | undefined;

/** Rewrites `op` in place where its operands are constants. */
function fold(op: IrOp, constantAt: Lookup, pcrelAt: Lookup): void {
  const { info } = op;
  if (info.kind === 'unary') {
    const a = constantAt(op.a);
    if (a !== undefined && info.fold) become(op, 'const', wrap64(info.fold(BigInt(a))));
    return;
  }
  if (info.kind === 'select') {
    const a = constantAt(op.a);
    if (a === undefined) return;
    op.a = Number(a) === 0 ? op.c : op.b;
    become(op, 'mov');
    const value = constantAt(op.a);
    if (value !== undefined) become(op, 'const', value);
    return;
  }
  if (info.kind === 'branch') {
    op.immediate ??= constantAt(op.b);
    const a = constantAt(op.a);
    if (a === undefined || op.immediate === undefined) return;
    const taken = info.fold(wrap64(BigInt(a)), wrap64(BigInt(op.immediate)));
    op.targets = [op.targets[taken ? 0 : 1]];
    become(op, 'goto');
    return;
  }
  if (info.kind !== 'binary') return;
  if (op.immediate === undefined && info.commutative && constantAt(op.a) !== undefined) [op.a, op.b] = [op.b, op.a];
  op.immediate ??= constantAt(op.b);
  if (op.immediate === undefined) return;
  const a = constantAt(op.a);
  const base = op.name === 'add' ? pcrelAt(op.a) : undefined;
  if (a !== undefined) become(op, 'const', wrap64(info.fold(wrap64(BigInt(a)), wrap64(BigInt(op.immediate)))));
  else if (base !== undefined) become(op, 'pcrel', wrap64(BigInt(base) + BigInt(op.immediate)));
  else if (op.immediate === 0 && RIGHT_IDENTITY.has(op.name)) become(op, 'mov');
}

const RIGHT_IDENTITY: ReadonlySet<OpName> = new Set<OpName>(['add', 'sub', 'or', 'xor', 'shl', 'shr', 'sar', 'rol', 'ror']);

function become(op: IrOp, name: 'const' | 'pcrel' | 'mov' | 'goto', immediate?: Constant): void {
  op.name = name;
  op.info = OPS[name];
  op.immediate = typeof immediate === 'bigint' && immediate === BigInt(Number(immediate)) && Number.isSafeInteger(Number(immediate)) ? Number(immediate) : immediate;
  op.hint = 0;
}

/** Drops pure ops whose result nobody can see. */
export function eliminateDead(ops: readonly IrOp[], guest: LoweringGuest): IrOp[] {
  const kept: IrOp[] = [];
  // Slots that will be overwritten before anything can see them; temporaries are dead unless read.
  const overwritten = new Set<number>();
  const liveTemps = new Set<number>();
  for (const op of ops.toReversed()) {
    const dead = writes(op) && (isTemp(op.d) ? !liveTemps.has(op.d) : overwritten.has(op.d));
    if (dead && isPure(op)) continue;
    if (op.name === 'mov' && op.a === op.d) continue;
    kept.push(op);
    if (writes(op)) {
      if (isTemp(op.d)) liveTemps.delete(op.d);
      else if (isTracked(op.d, guest) && isPure(op)) overwritten.add(op.d);
    }
    if (mayLeave(op)) overwritten.clear();
    for (const source of sources(op)) {
      if (isTemp(op[source])) liveTemps.add(op[source]);
      else overwritten.delete(op[source]);
    }
  }
  return kept.reverse();
}
