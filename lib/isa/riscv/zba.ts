/** Zba: address generation. After the unprivileged ISA manual, "B Extension for Bit Manipulation". */
import type { Value } from '../../ir/builder.js';
import { rd, rs1 } from './fields.js';
import { extension, format, ISHIFT, R } from './formats.js';
import type { RiscvBuilder } from './riscv-builder.js';

const RD_RS1 = format({ rd, rs1 }, 'rd, rs1');
const word = (b: RiscvBuilder, value: Value): Value => b.and(value, b.imm(0xffffffff));
const shadd = (by: number) => (b: RiscvBuilder, o: { rd: number; rs1: number; rs2: number }) =>
  b.setX(o.rd, b.add(b.shl(b.x(o.rs1), b.imm(by)), b.x(o.rs2)));
const shaddUw = (by: number) => (b: RiscvBuilder, o: { rd: number; rs1: number; rs2: number }) =>
  b.setX(o.rd, b.add(b.shl(word(b, b.x(o.rs1)), b.imm(by)), b.x(o.rs2)));

// biome-ignore format: a table
export const ZBA = extension('Zba', 'Unprivileged ISA, "B Extension for Bit Manipulation", address generation', [
  R('sh1add',       '0010000 ..... ..... 010 ..... 0110011', shadd(1)),
  R('sh2add',       '0010000 ..... ..... 100 ..... 0110011', shadd(2)),
  R('sh3add',       '0010000 ..... ..... 110 ..... 0110011', shadd(3)),
  R('add.uw',       '0000100 ..... ..... 000 ..... 0111011', shaddUw(0)),
  R('sh1add.uw',    '0010000 ..... ..... 010 ..... 0111011', shaddUw(1)),
  R('sh2add.uw',    '0010000 ..... ..... 100 ..... 0111011', shaddUw(2)),
  R('sh3add.uw',    '0010000 ..... ..... 110 ..... 0111011', shaddUw(3)),
  ISHIFT('slli.uw', '000010 ...... ..... 001 ..... 0011011', (b, o) => b.setX(o.rd, b.shl(word(b, b.x(o.rs1)), b.imm(o.shamt)))),

  RD_RS1.alias('zext.w', '0000100 00000 ..... 000 ..... 0111011'),
]);
