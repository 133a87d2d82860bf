/** Zicsr, after the unprivileged ISA manual; the counters of Zicntr are read by it. The helper decodes which access it is. */

import * as operand from './fields.js';
import { CSR, CSRI, extension, format } from './formats.js';
import type { RiscvBuilder } from './riscv-builder.js';

const register = (b: RiscvBuilder, o: { rd: number; rs1: number }) => b.setX(o.rd, b.call('csr', { a: b.x(o.rs1), b: b.imm(b.bits) }));
const immediate = (b: RiscvBuilder, o: { rd: number; uimm: number }) => b.setX(o.rd, b.call('csr', { a: b.imm(o.uimm), b: b.imm(b.bits) }));

const { rd, rs1, csr, uimm } = operand;
const READ = format({ rd, csr }, 'rd, csr');
const WRITE = format({ csr, rs1 }, 'csr, rs1');
const WRITE_IMM = format({ csr, uimm }, 'csr, uimm');
const RD = format({ rd }, 'rd');
const RS1 = format({ rs1 }, 'rs1');
const RD_RS1 = format({ rd, rs1 }, 'rd, rs1');

// biome-ignore format: a table
export const ZICSR = extension('Zicsr', 'Unprivileged ISA, "Zicsr Extension for Control and Status Register (CSR) Instructions"', [
  CSR('csrrw',   '............ ..... 001 ..... 1110011', register),
  CSR('csrrs',   '............ ..... 010 ..... 1110011', register),
  CSR('csrrc',   '............ ..... 011 ..... 1110011', register),
  CSRI('csrrwi', '............ ..... 101 ..... 1110011', immediate),
  CSRI('csrrsi', '............ ..... 110 ..... 1110011', immediate),
  CSRI('csrrci', '............ ..... 111 ..... 1110011', immediate),

  RD.alias('rdcycle',      '110000000000 00000 010 ..... 1110011'),
  RD.alias('rdtime',       '110000000001 00000 010 ..... 1110011'),
  RD.alias('rdinstret',    '110000000010 00000 010 ..... 1110011'),
  RD.alias('frflags',      '000000000001 00000 010 ..... 1110011'),
  RD.alias('frrm',         '000000000010 00000 010 ..... 1110011'),
  RD.alias('frcsr',        '000000000011 00000 010 ..... 1110011'),
  RS1.alias('fsflags',     '000000000001 ..... 001 00000 1110011'),
  RS1.alias('fsrm',        '000000000010 ..... 001 00000 1110011'),
  RS1.alias('fscsr',       '000000000011 ..... 001 00000 1110011'),
  RD_RS1.alias('fsflags',  '000000000001 ..... 001 ..... 1110011'),
  RD_RS1.alias('fsrm',     '000000000010 ..... 001 ..... 1110011'),
  RD_RS1.alias('fscsr',    '000000000011 ..... 001 ..... 1110011'),
  READ.alias('csrr',       '............ 00000 010 ..... 1110011'),
  WRITE.alias('csrw',      '............ ..... 001 00000 1110011'),
  WRITE.alias('csrs',      '............ ..... 010 00000 1110011'),
  WRITE.alias('csrc',      '............ ..... 011 00000 1110011'),
  WRITE_IMM.alias('csrwi', '............ ..... 101 00000 1110011'),
  WRITE_IMM.alias('csrsi', '............ ..... 110 00000 1110011'),
  WRITE_IMM.alias('csrci', '............ ..... 111 00000 1110011'),
]);
