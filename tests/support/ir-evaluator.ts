/**
 * Runs the ops of one block in TypeScript and notes what an observer could see: the operands of everything that may leave the block, with all
 * registers at that moment, and how the block ends. What loads and helpers give is made up from their place in the order.
 */
import type { IrOp } from '../../lib/ir/decode.js';
import { wrap64 } from '../../lib/ir/ops.js';
import { ENV_TEMPS, ENV_TEMPS_END } from '../../lib/mem/layout.js';
import { unreachable } from '../../lib/util/errors.js';

export type Slots = ReadonlyMap<number, bigint>;

const PC_BASE = 0x7fff_0000_1000n;

const view = new DataView(new ArrayBuffer(8));
const fromDouble = (value: number): bigint => {
  view.setFloat64(0, value);
  return view.getBigInt64(0);
};

/** Unary ops without a folding rule. */
const UNARY: Readonly<Record<string, (bits: bigint) => bigint>> = {
  fneg64: (bits) => wrap64(bits ^ (1n << 63n)),
  fabs64: (bits) => bits & ((1n << 63n) - 1n),
  f64_i32s: (bits) => fromDouble(Number(BigInt.asIntN(32, bits))),
  f64_i32u: (bits) => fromDouble(Number(BigInt.asUintN(32, bits))),
};

export function evaluate(ops: readonly IrOp[], initial: Slots, zeroSlot: number): string[] {
  const slots = new Map(initial);
  const events: string[] = [];
  const get = (slot: number): bigint => (slot === zeroSlot ? 0n : (slots.get(slot) ?? 0n));
  const registers = (): string =>
    [...slots]
      .filter(([slot, value]) => (slot < ENV_TEMPS || slot >= ENV_TEMPS_END) && value !== 0n)
      .sort(([a], [b]) => a - b)
      .map(([slot, value]) => `${slot}:${value}`)
      .join(' ');
  const note = (...parts: (string | number | bigint)[]): void => void events.push(`${parts.join(' ')} | ${registers()}`);
  const madeUp = (): bigint => wrap64(BigInt(events.length + 1) * 0x9e3779b97f4a7c15n);
  for (const op of ops) {
    const b = op.immediate === undefined ? get(op.b) : wrap64(BigInt(op.immediate));
    const { info } = op;
    switch (info.kind) {
      case 'const':
        slots.set(op.d, wrap64(BigInt(op.immediate ?? 0)));
        break;
      case 'pcrel':
        slots.set(op.d, wrap64(PC_BASE + BigInt(op.immediate ?? 0)));
        break;
      case 'unary':
        slots.set(op.d, info.fold ? wrap64(info.fold(get(op.a))) : UNARY[op.name]!(get(op.a)));
        break;
      case 'binary':
        slots.set(op.d, wrap64(info.fold(get(op.a), b)));
        break;
      case 'select':
        slots.set(op.d, get(op.a) !== 0n ? get(op.b) : get(op.c));
        break;
      case 'load':
        note(op.name, get(op.a) + BigInt(op.offset), op.insn, `${op.inner}`);
        slots.set(op.d, madeUp());
        break;
      case 'store':
        note(op.name, get(op.a) + BigInt(op.offset), b, op.insn, `${op.inner}`);
        break;
      case 'call':
      case 'float':
        note(op.name, get(op.a), get(op.b), get(op.c), op.helper, op.arg, op.insn, `${op.inner}`);
        slots.set(op.d, madeUp());
        break;
      case 'settle':
        note(op.name, info.hasTarget ? get(op.a) : '', op.insn);
        break;
      case 'goto':
        note('to', op.targets[0]!.offset);
        break;
      case 'branch':
        note('to', op.targets[info.fold(get(op.a), b) ? 0 : 1]!.offset);
        break;
      case 'indirect':
        note('indirect', get(op.a), op.hint);
        break;
      case 'leave':
      case 'debug':
      case 'stop':
      case 'head':
        note(op.name);
        break;
      default:
        unreachable(info);
    }
  }
  return events;
}
