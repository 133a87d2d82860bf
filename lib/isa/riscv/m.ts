/** M: after the unprivileged ISA manual, "M" Extension for Integer Multiplication and Division. */
import { extension, R } from './formats.js';

// biome-ignore format: a table
export const M = extension('M', 'Unprivileged ISA, "M Extension for Integer Multiplication and Division"', [
  R('mul',    '0000001 ..... ..... 000 ..... 0110011', (b, o) => b.setX(o.rd, b.mul(b.x(o.rs1), b.x(o.rs2)))),
  R('mulh',   '0000001 ..... ..... 001 ..... 0110011', (b, o) => b.setX(o.rd, b.mulhs(b.x(o.rs1), b.x(o.rs2)))),
  R('mulhsu', '0000001 ..... ..... 010 ..... 0110011', (b, o) => b.setX(o.rd, b.mulhsu(b.x(o.rs1), b.x(o.rs2)))),
  R('mulhu',  '0000001 ..... ..... 011 ..... 0110011', (b, o) => b.setX(o.rd, b.mulhu(b.x(o.rs1), b.x(o.rs2)))),
  R('div',    '0000001 ..... ..... 100 ..... 0110011', (b, o) => b.setX(o.rd, b.divs(b.x(o.rs1), b.x(o.rs2)))),
  R('divu',   '0000001 ..... ..... 101 ..... 0110011', (b, o) => b.setX(o.rd, b.divu(b.x(o.rs1), b.x(o.rs2)))),
  R('rem',    '0000001 ..... ..... 110 ..... 0110011', (b, o) => b.setX(o.rd, b.rems(b.x(o.rs1), b.x(o.rs2)))),
  R('remu',   '0000001 ..... ..... 111 ..... 0110011', (b, o) => b.setX(o.rd, b.remu(b.x(o.rs1), b.x(o.rs2)))),
  R('mulw',   '0000001 ..... ..... 000 ..... 0111011', (b, o) => b.setX(o.rd, b.mulw(b.x(o.rs1), b.x(o.rs2)))),
  R('divw',   '0000001 ..... ..... 100 ..... 0111011', (b, o) => b.setX(o.rd, b.divsw(b.x(o.rs1), b.x(o.rs2)))),
  R('divuw',  '0000001 ..... ..... 101 ..... 0111011', (b, o) => b.setX(o.rd, b.divuw(b.x(o.rs1), b.x(o.rs2)))),
  R('remw',   '0000001 ..... ..... 110 ..... 0111011', (b, o) => b.setX(o.rd, b.remsw(b.x(o.rs1), b.x(o.rs2)))),
  R('remuw',  '0000001 ..... ..... 111 ..... 0111011', (b, o) => b.setX(o.rd, b.remuw(b.x(o.rs1), b.x(o.rs2)))),
]);
