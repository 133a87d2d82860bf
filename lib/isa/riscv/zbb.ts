/** Zbb: basic bit manipulation. After the unprivileged ISA manual, "B Extension for Bit Manipulation". */
import { extension, ISHIFT, ISHIFTW, R, R2 } from './formats.js';

// biome-ignore format: a table
export const ZBB = extension('Zbb', 'Unprivileged ISA, "B Extension for Bit Manipulation", basic bit manipulation', [
  R('andn',        '0100000 ..... ..... 111 ..... 0110011', (b, o) => b.setX(o.rd, b.and(b.x(o.rs1), b.xor(b.x(o.rs2), b.imm(-1))))),
  R('orn',         '0100000 ..... ..... 110 ..... 0110011', (b, o) => b.setX(o.rd, b.or(b.x(o.rs1), b.xor(b.x(o.rs2), b.imm(-1))))),
  R('xnor',        '0100000 ..... ..... 100 ..... 0110011', (b, o) => b.setX(o.rd, b.xor(b.xor(b.x(o.rs1), b.x(o.rs2)), b.imm(-1)))),

  R2('clz',        '0110000 00000 ..... 001 ..... 0010011', (b, o) => b.setX(o.rd, b.clz(b.x(o.rs1)))),
  R2('ctz',        '0110000 00001 ..... 001 ..... 0010011', (b, o) => b.setX(o.rd, b.ctz(b.x(o.rs1)))),
  R2('cpop',       '0110000 00010 ..... 001 ..... 0010011', (b, o) => b.setX(o.rd, b.popcnt(b.x(o.rs1)))),
  R2('clzw',       '0110000 00000 ..... 001 ..... 0011011', (b, o) => b.setX(o.rd, b.clzw(b.x(o.rs1)))),
  R2('ctzw',       '0110000 00001 ..... 001 ..... 0011011', (b, o) => b.setX(o.rd, b.ctzw(b.x(o.rs1)))),
  R2('cpopw',      '0110000 00010 ..... 001 ..... 0011011', (b, o) => b.setX(o.rd, b.popcnt(b.and(b.x(o.rs1), b.imm(0xffffffff))))),

  R('min',         '0000101 ..... ..... 100 ..... 0110011', (b, o) => b.setX(o.rd, b.mins(b.x(o.rs1), b.x(o.rs2)))),
  R('minu',        '0000101 ..... ..... 101 ..... 0110011', (b, o) => b.setX(o.rd, b.minu(b.x(o.rs1), b.x(o.rs2)))),
  R('max',         '0000101 ..... ..... 110 ..... 0110011', (b, o) => b.setX(o.rd, b.maxs(b.x(o.rs1), b.x(o.rs2)))),
  R('maxu',        '0000101 ..... ..... 111 ..... 0110011', (b, o) => b.setX(o.rd, b.maxu(b.x(o.rs1), b.x(o.rs2)))),

  R2('sext.b',     '0110000 00100 ..... 001 ..... 0010011', (b, o) => b.setX(o.rd, b.ext8s(b.x(o.rs1)))),
  R2('sext.h',     '0110000 00101 ..... 001 ..... 0010011', (b, o) => b.setX(o.rd, b.ext16s(b.x(o.rs1)))),
  R2('zext.h',     '0000100 00000 ..... 100 ..... 0111011', (b, o) => b.setX(o.rd, b.and(b.x(o.rs1), b.imm(0xffff)))),

  R('rol',         '0110000 ..... ..... 001 ..... 0110011', (b, o) => b.setX(o.rd, b.rol(b.x(o.rs1), b.x(o.rs2)))),
  R('ror',         '0110000 ..... ..... 101 ..... 0110011', (b, o) => b.setX(o.rd, b.ror(b.x(o.rs1), b.x(o.rs2)))),
  ISHIFT('rori',   '011000 ...... ..... 101 ..... 0010011', (b, o) => b.setX(o.rd, b.ror(b.x(o.rs1), b.imm(o.shamt)))),
  R('rolw',        '0110000 ..... ..... 001 ..... 0111011', (b, o) => b.setX(o.rd, b.rolw(b.x(o.rs1), b.x(o.rs2)))),
  R('rorw',        '0110000 ..... ..... 101 ..... 0111011', (b, o) => b.setX(o.rd, b.rorw(b.x(o.rs1), b.x(o.rs2)))),
  ISHIFTW('roriw', '0110000 ..... ..... 101 ..... 0011011', (b, o) => b.setX(o.rd, b.rorw(b.x(o.rs1), b.imm(o.shamt)))),

  R2('orc.b',      '0010100 00111 ..... 101 ..... 0010011', (b, o) => b.setX(o.rd, b.orcb(b.x(o.rs1)))),
  R2('rev8',       '0110101 11000 ..... 101 ..... 0010011', (b, o) => b.setX(o.rd, b.bswap(b.x(o.rs1)))),
]);
