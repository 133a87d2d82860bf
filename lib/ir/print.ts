/** IR as text, for logs, dumps and tests. */
import { ENV_GUEST, ENV_TEMPS, ENV_TEMPS_END } from '../mem/layout.js';
import { unreachable } from '../util/errors.js';
import type { IrBlock, IrOp } from './decode.js';

/** Gives a slot its name: the guest's register names, `t0`.. for temporaries. */
export type SlotNames = (slot: number) => string;

/** Names for slots: `registers` maps byte offsets to names. */
export function slotNames(registers: readonly { readonly name: string; readonly offset: number }[]): SlotNames {
  const names = new Map(registers.map((register) => [register.offset, register.name]));
  return (slot) => {
    const name = names.get(slot);
    if (name !== undefined) return name;
    if (slot >= ENV_TEMPS && slot < ENV_TEMPS_END) return `t${(slot - ENV_TEMPS) / 8}`;
    return slot >= ENV_GUEST ? `guest[0x${(slot - ENV_GUEST).toString(16)}]` : `slot[0x${slot.toString(16)}]`;
  };
}

/** One line per op: `add a0, a1, 5`. */
export function printOp(op: IrOp, name: SlotNames): string {
  const { info } = op;
  const list = (...parts: (string | number | bigint)[]): string => `${op.name} ${parts.join(', ')}`;
  const b = (): string => (op.immediate === undefined ? name(op.b) : String(op.immediate));
  switch (info.kind) {
    case 'const':
    case 'pcrel':
      return list(name(op.d), String(op.immediate));
    case 'unary':
      return list(name(op.d), name(op.a));
    case 'binary':
      return list(name(op.d), name(op.a), b());
    case 'select':
      return list(name(op.d), name(op.a), name(op.b), name(op.c));
    case 'load':
      return `${list(name(op.d))}, [${name(op.a)} + ${op.offset}]  ; insn ${op.insn}`;
    case 'store':
      return `${op.name} [${name(op.a)} + ${op.offset}], ${name(op.b)}  ; insn ${op.insn}`;
    case 'call':
    case 'float':
      return `${list(name(op.d), name(op.a), name(op.b), name(op.c))}, helper ${op.helper}, arg ${op.arg}  ; insn ${op.insn}`;
    case 'goto':
      return list(hex(op.targets[0].offset)) + (op.hint ? `  ; call, returns to ${hex(op.returnOffset)}` : '');
    case 'branch':
      return list(name(op.a), b(), hex(op.targets[0].offset), hex(op.targets[1].offset));
    case 'indirect':
      return list(name(op.a)) + (op.hint ? `  ; hint ${op.hint}` : '');
    case 'debug':
      return list(String(op.immediate));
    case 'settle':
      return `${info.hasTarget ? list(name(op.a)) : op.name}  ; insn ${op.insn}`;
    case 'leave':
    case 'stop':
    case 'head':
      return op.name;
    default:
      return unreachable(info);
  }
}

/** A block: a head line, then its ops. */
export function printBlock(block: IrBlock, name: SlotNames): string {
  const head = `block ${hex(block.pcOffset)}: ${block.insns} instructions, flags ${block.flags}`;
  return [head, ...block.ops.map((op) => `  ${printOp(op, name)}`)].join('\n');
}

function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
