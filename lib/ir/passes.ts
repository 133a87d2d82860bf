/**
 * The optimiser: passes over the ops of one block, for lowered code only (the interpreter's bytecode stays exact at every instruction).
 *
 * Constant folding and copy propagation run forward in one walk, dead-code and dead-register elimination backward. The guest registers are
 * observable wherever the block can be left: at its end, and at every op that may fault. Since the budget can run out at each block's head, all
 * registers are live between blocks too, so nothing is to be gained across them.
 */
import { ENV_TEMPS, ENV_TEMPS_END } from '../mem/layout.js';
import type { Constant, IrOp } from './decode.js';
import type { LoweringGuest } from './lower.js';
import { isPure, mayLeave, sources, writes } from './operands.js';
import { OPS, type OpName, wrap64 } from './ops.js';

/** Optimises the ops of a block; the result is a new list, the ops themselves are changed. */
export function optimise(ops: readonly IrOp[], guest: LoweringGuest): IrOp[] {
  return eliminateDead(propagate(ops, guest), guest);
}

function isTemp(slot: number): boolean {
  return slot >= ENV_TEMPS && slot < ENV_TEMPS_END;
}

/** Slots that only IR ops access; control state can change in helpers. */
function isTracked(slot: number, guest: LoweringGuest): boolean {
  return isTemp(slot) || guest.registerType(slot) !== undefined;
}

const NOTHING = 0;
const CONSTANT = 1;
const PCREL = 2;
const COPY = 3;
const SLOTS = ENV_TEMPS_END / 8;

/**
 * What is known of each slot's value: a constant, ENV_PC_BASE plus a constant, or a copy of another slot. Made once and used for one
 * block after the other; a version per slot makes a fact about a copy void when its source is written.
 */
class Facts {
  private readonly kind = new Uint8Array(SLOTS);
  private readonly value: Constant[] = new Array(SLOTS).fill(0);
  private readonly source = new Int32Array(SLOTS);
  private readonly sourceVersion = new Int32Array(SLOTS);
  private readonly version = new Int32Array(SLOTS);

  clear(): void {
    this.kind.fill(NOTHING);
  }

  forget(slot: number): void {
    if (slot >= ENV_TEMPS_END) return;
    this.kind[slot >> 3] = NOTHING;
    this.version[slot >> 3]++;
  }

  learn(slot: number, kind: typeof CONSTANT | typeof PCREL, value: Constant): void {
    this.kind[slot >> 3] = kind;
    this.value[slot >> 3] = value;
  }

  learnCopy(slot: number, source: number): void {
    this.kind[slot >> 3] = COPY;
    this.source[slot >> 3] = source;
    this.sourceVersion[slot >> 3] = this.version[source >> 3];
  }

  constant(slot: number): Constant | undefined {
    return slot < ENV_TEMPS_END && this.kind[slot >> 3] === CONSTANT ? this.value[slot >> 3] : undefined;
  }

  pcrel(slot: number): Constant | undefined {
    return slot < ENV_TEMPS_END && this.kind[slot >> 3] === PCREL ? this.value[slot >> 3] : undefined;
  }

  /** The slot that `slot` is a copy of, or itself. */
  original(slot: number): number {
    if (slot >= ENV_TEMPS_END || this.kind[slot >> 3] !== COPY) return slot;
    const source = this.source[slot >> 3];
    return this.version[source >> 3] === this.sourceVersion[slot >> 3] ? source : slot;
  }
}

const facts = new Facts();

/** Constant folding and copy propagation; changes the ops in place. */
export function propagate(ops: readonly IrOp[], guest: LoweringGuest): readonly IrOp[] {
  facts.clear();
  if (guest.zeroSlot >= 0) facts.learn(guest.zeroSlot, CONSTANT, 0);
  for (const op of ops) {
    for (const source of sources(op)) op[source] = facts.original(op[source]);
    fold(op, facts);
    if (!writes(op)) continue;
    facts.forget(op.d);
    if (!isTracked(op.d, guest)) continue;
    if (op.name === 'const') facts.learn(op.d, CONSTANT, op.immediate ?? 0);
    else if (op.name === 'pcrel') facts.learn(op.d, PCREL, op.immediate ?? 0);
    else if (op.name === 'mov' && op.a !== op.d && isTracked(op.a, guest)) facts.learnCopy(op.d, op.a);
  }
  return ops;
}

/** Rewrites `op` in place where its operands are constants. */
function fold(op: IrOp, known: Facts): void {
  const constantAt = (slot: number) => known.constant(slot);
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
  const base = op.name === 'add' ? known.pcrel(op.a) : undefined;
  if (a !== undefined) become(op, 'const', wrap64(info.fold(wrap64(BigInt(a)), wrap64(BigInt(op.immediate)))));
  else if (base !== undefined) become(op, 'pcrel', wrap64(BigInt(base) + BigInt(op.immediate)));
  else if (op.immediate === 0 && RIGHT_IDENTITY.has(op.name)) become(op, 'mov');
}

const RIGHT_IDENTITY: ReadonlySet<OpName> = new Set<OpName>(['add', 'sub', 'or', 'xor', 'shl', 'shr', 'sar', 'rol', 'ror']);

function become(op: IrOp, name: 'const' | 'pcrel' | 'mov' | 'goto', immediate?: Constant): void {
  op.name = name;
  op.info = OPS[name];
  op.immediate =
    typeof immediate === 'bigint' && immediate === BigInt(Number(immediate)) && Number.isSafeInteger(Number(immediate))
      ? Number(immediate)
      : immediate;
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
