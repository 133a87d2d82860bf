/** A (Zalrsc, Zaamo): after the unprivileged ISA manual, "A" Extension for Atomic Instructions. Every access is sequentially consistent anyway. */
import { AMO, extension, LR } from './formats.js';
import type { RiscvBuilder } from './riscv-builder.js';

type Operands = { rd: number; rs1: number; rs2: number };

const lr = (size: 4 | 8) => (b: RiscvBuilder, o: { rd: number; rs1: number }) => b.setX(o.rd, b.call('lr', { a: b.x(o.rs1), arg: size }));
const sc = (size: 4 | 8) => (b: RiscvBuilder, o: Operands) => b.setX(o.rd, b.call('sc', { a: b.x(o.rs1), b: b.x(o.rs2), arg: size }));
/** The helper is told which operation by the instruction's bits 31..27. */
const amo = (size: 4 | 8) => (b: RiscvBuilder, o: Operands) =>
  b.setX(o.rd, b.call('amo', { a: b.x(o.rs1), b: b.x(o.rs2), arg: ((b.bits >>> 27) << 4) | size }));

// biome-ignore format: a table
export const A = extension('A', 'Unprivileged ISA, "A Extension for Atomic Instructions"', [
  LR('lr.w',       '00010 .. 00000 ..... 010 ..... 0101111', lr(4)),
  AMO('sc.w',      '00011 .. ..... ..... 010 ..... 0101111', sc(4)),
  AMO('amoswap.w', '00001 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amoadd.w',  '00000 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amoxor.w',  '00100 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amoand.w',  '01100 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amoor.w',   '01000 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amomin.w',  '10000 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amomax.w',  '10100 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amominu.w', '11000 .. ..... ..... 010 ..... 0101111', amo(4)),
  AMO('amomaxu.w', '11100 .. ..... ..... 010 ..... 0101111', amo(4)),
  LR('lr.d',       '00010 .. 00000 ..... 011 ..... 0101111', lr(8)),
  AMO('sc.d',      '00011 .. ..... ..... 011 ..... 0101111', sc(8)),
  AMO('amoswap.d', '00001 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amoadd.d',  '00000 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amoxor.d',  '00100 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amoand.d',  '01100 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amoor.d',   '01000 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amomin.d',  '10000 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amomax.d',  '10100 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amominu.d', '11000 .. ..... ..... 011 ..... 0101111', amo(8)),
  AMO('amomaxu.d', '11100 .. ..... ..... 011 ..... 0101111', amo(8)),
]);
