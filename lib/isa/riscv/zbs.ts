/** Zbs: single bits. After the unprivileged ISA manual, "B Extension for Bit Manipulation". */
import type { Value } from '../../ir/builder.js';
import { extension, ISHIFT, R } from './formats.js';
import type { RiscvBuilder } from './riscv-builder.js';

type B = RiscvBuilder;
type Single = (b: B, value: Value, index: Value) => Value;

/** Shifts take their amount modulo 64. */
const bit = (b: B, index: Value): Value => b.shl(b.imm(1), index);
const bclr: Single = (b, value, index) => b.and(value, b.xor(bit(b, index), b.imm(-1)));
const bext: Single = (b, value, index) => b.and(b.shr(value, index), b.imm(1));
const binv: Single = (b, value, index) => b.xor(value, bit(b, index));
const bset: Single = (b, value, index) => b.or(value, bit(b, index));
const register = (op: Single) => (b: B, o: { rd: number; rs1: number; rs2: number }) => b.setX(o.rd, op(b, b.x(o.rs1), b.x(o.rs2)));
const immediate = (op: Single) => (b: B, o: { rd: number; rs1: number; shamt: number }) => b.setX(o.rd, op(b, b.x(o.rs1), b.imm(o.shamt)));

// biome-ignore format: a table
export const ZBS = extension('Zbs', 'Unprivileged ISA, "B Extension for Bit Manipulation", single-bit instructions', [
  R('bclr',       '0100100 ..... ..... 001 ..... 0110011', register(bclr)),
  ISHIFT('bclri', '010010 ...... ..... 001 ..... 0010011', immediate(bclr)),
  R('bext',       '0100100 ..... ..... 101 ..... 0110011', register(bext)),
  ISHIFT('bexti', '010010 ...... ..... 101 ..... 0010011', immediate(bext)),
  R('binv',       '0110100 ..... ..... 001 ..... 0110011', register(binv)),
  ISHIFT('binvi', '011010 ...... ..... 001 ..... 0010011', immediate(binv)),
  R('bset',       '0010100 ..... ..... 001 ..... 0110011', register(bset)),
  ISHIFT('bseti', '001010 ...... ..... 001 ..... 0010011', immediate(bset)),
]);
