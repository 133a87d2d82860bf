/**
 * A second, tiny guest: it proves that `exec`, `mem` and `ir` know nothing of RISC-V, and has what x86 will need (see instructions.ts).
 *
 * Eight registers, flags Z and N, supervisor and user mode, one trap vector, one interrupt. Fetches are translated, by a fixed map.
 */
import type { Builder } from '../../../lib/ir/builder.js';
import type { CodeReader, Guest, GuestRegister } from '../../../lib/isa/guest.js';
import { slotInspector } from '../slot-inspector.js';
import { findPhysical, HELPERS, instantiateToy } from './helpers.js';
import { type OperandKind, type Operands, operandBytes, ROW_BY_OPCODE, raise, slotOf } from './instructions.js';
import { CAUSE_ILLEGAL, FLAG_N, FLAG_Z, STATE_NARROW } from './layout.js';

const REGISTERS = 8;

interface Decoded {
  readonly operands: Operands;
  readonly length: number;
}

const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

/** The operands behind the opcode byte; undefined if a register does not exist. */
function readOperands(code: CodeReader, kinds: readonly OperandKind[], narrow: boolean): Decoded | undefined {
  const operands: Operands = { rd: 0, rs: 0, imm: 0, wide: 0n };
  let at = 1;
  for (const kind of kinds) {
    let value = 0n;
    const bytes = operandBytes(kind, narrow);
    for (let i = 0; i < bytes; i++) value |= BigInt(code.byte(at + i)) << BigInt(8 * i);
    at += bytes;
    const number = Number(value);
    if (kind === 'wide') operands.wide = value;
    else if (kind === 'byte') operands.imm = number;
    else if (kind === 'disp' || kind === 'rel') operands.imm = signed(number, 8 * bytes);
    else [operands.rd, operands.rs] = kind === 'pair' ? [number >> 4, number & 15] : [number, 0];
  }
  return operands.rd < REGISTERS && operands.rs < REGISTERS ? { operands, length: at } : undefined;
}

function translateInsn(b: Builder, code: CodeReader): void {
  const opcode = code.byte(0);
  const row = ROW_BY_OPCODE.get(opcode);
  const decoded = row && readOperands(code, row.operands, (b.flags & STATE_NARROW) !== 0);
  b.insnBytes = decoded?.length ?? 1;
  if (row && decoded) row.emit(b, decoded.operands);
  else raise(b, CAUSE_ILLEGAL, opcode);
}

const SLOTS: readonly GuestRegister[] = [
  ...Array.from({ length: REGISTERS }, (_, i) => ({ name: `r${i}`, offset: slotOf(i), type: 'i64' as const })),
  { name: 'z', offset: FLAG_Z, type: 'i64' },
  { name: 'n', offset: FLAG_N, type: 'i64' },
];

export const toy: Guest = {
  name: 'toy',
  registers: SLOTS,
  zeroSlot: -1,
  helpers: HELPERS,
  maxInsnBytes: 10,
  insnAlignment: 1,
  instantiate: instantiateToy,
  translateInsn,
  inspect: (memory) => slotInspector(memory, SLOTS, (_, vaddr) => findPhysical(vaddr)),
  disassemble: (code) => {
    const row = ROW_BY_OPCODE.get(code.byte(0));
    const decoded = row && readOperands(code, row.operands, false);
    return row && decoded ? { text: row.name, length: decoded.length } : { text: '?', length: 1 };
  },
};
