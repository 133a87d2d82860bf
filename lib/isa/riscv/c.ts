/**
 * C for RV64 with D, after the unprivileged ISA manual, "C" Extension for Compressed Instructions: each row is the base instruction it expands
 * to. Encodings that the manual calls HINTs fall out of the expansions as instructions without effect.
 */

import { D } from './d.js';
import * as format from './formats.js';
import { RA, SP } from './registers.js';
import { RV64I } from './rv64i.js';

const { CR, CJR, CI, CNOP, CLUI, CI16SP, CISHIFT, CIW, CA, CBI, CBSHIFT, CB, CJ, NONE } = format;
const { CLW, CLD, CSW, CSD, CLWSP, CLDSP, CSWSP, CSDSP } = format;
const { CFLD, CFSD, CFLDSP, CFSDSP } = format;
const rv64i = RV64I.emit;
const d = D.emit;

// biome-ignore format: a table
export const C = format.extension('C', 'Unprivileged ISA, "C Extension for Compressed Instructions"', [
  CIW('c.addi4spn',    '000 ........ ... 00',    (b, o) => rv64i.addi(b, { rd: o.rd, rs1: SP, imm: o.imm }), { reserved: (o) => o.imm === 0 }),
  CFLD('c.fld',        '001 ... ... .. ... 00',  d.fld),
  CLW('c.lw',          '010 ... ... .. ... 00',  rv64i.lw),
  CLD('c.ld',          '011 ... ... .. ... 00',  rv64i.ld),
  CFSD('c.fsd',        '101 ... ... .. ... 00',  d.fsd),
  CSW('c.sw',          '110 ... ... .. ... 00',  rv64i.sw),
  CSD('c.sd',          '111 ... ... .. ... 00',  rv64i.sd),

  CI('c.addi',         '000 . ..... ..... 01',   (b, o) => rv64i.addi(b, { rd: o.rd, rs1: o.rd, imm: o.imm })),
  CNOP('c.nop',        '000 . 00000 ..... 01',   () => {}, { within: ['c.addi'] }),
  CI('c.addiw',        '001 . ..... ..... 01',   (b, o) => rv64i.addiw(b, { rd: o.rd, rs1: o.rd, imm: o.imm }), { reserved: (o) => o.rd === 0 }),
  CI('c.li',           '010 . ..... ..... 01',   (b, o) => rv64i.addi(b, { rd: o.rd, rs1: 0, imm: o.imm })),
  CLUI('c.lui',        '011 . ..... ..... 01',   (b, o) => rv64i.lui(b, { rd: o.rd, imm: o.imm }), { reserved: (o) => o.imm === 0 }),
  CI16SP('c.addi16sp', '011 . 00010 ..... 01',   (b, o) => rv64i.addi(b, { rd: SP, rs1: SP, imm: o.imm }), { within: ['c.lui'], reserved: (o) => o.imm === 0 }),
  CBSHIFT('c.srli',    '100 . 00 ... ..... 01',  (b, o) => rv64i.srli(b, { rd: o.rd, rs1: o.rd, shamt: o.shamt })),
  CBSHIFT('c.srai',    '100 . 01 ... ..... 01',  (b, o) => rv64i.srai(b, { rd: o.rd, rs1: o.rd, shamt: o.shamt })),
  CBI('c.andi',        '100 . 10 ... ..... 01',  (b, o) => rv64i.andi(b, { rd: o.rd, rs1: o.rd, imm: o.imm })),
  CA('c.sub',          '100 0 11 ... 00 ... 01', (b, o) => rv64i.sub(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CA('c.xor',          '100 0 11 ... 01 ... 01', (b, o) => rv64i.xor(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CA('c.or',           '100 0 11 ... 10 ... 01', (b, o) => rv64i.or(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CA('c.and',          '100 0 11 ... 11 ... 01', (b, o) => rv64i.and(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CA('c.subw',         '100 1 11 ... 00 ... 01', (b, o) => rv64i.subw(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CA('c.addw',         '100 1 11 ... 01 ... 01', (b, o) => rv64i.addw(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CJ('c.j',            '101 ........... 01',     (b, o) => rv64i.jal(b, { rd: 0, imm: o.imm })),
  CB('c.beqz',         '110 ... ... ..... 01',   (b, o) => rv64i.beq(b, { rs1: o.rs1, rs2: 0, imm: o.imm })),
  CB('c.bnez',         '111 ... ... ..... 01',   (b, o) => rv64i.bne(b, { rs1: o.rs1, rs2: 0, imm: o.imm })),

  CISHIFT('c.slli',    '000 . ..... ..... 10',   (b, o) => rv64i.slli(b, { rd: o.rd, rs1: o.rd, shamt: o.shamt })),
  CFLDSP('c.fldsp',    '001 . ..... ..... 10',   (b, o) => d.fld(b, { rd: o.rd, rs1: SP, imm: o.imm })),
  CLWSP('c.lwsp',      '010 . ..... ..... 10',   (b, o) => rv64i.lw(b, { rd: o.rd, rs1: SP, imm: o.imm }), { reserved: (o) => o.rd === 0 }),
  CLDSP('c.ldsp',      '011 . ..... ..... 10',   (b, o) => rv64i.ld(b, { rd: o.rd, rs1: SP, imm: o.imm }), { reserved: (o) => o.rd === 0 }),
  CR('c.mv',           '100 0 ..... ..... 10',   (b, o) => rv64i.add(b, { rd: o.rd, rs1: 0, rs2: o.rs2 })),
  CJR('c.jr',          '100 0 ..... 00000 10',   (b, o) => rv64i.jalr(b, { rd: 0, rs1: o.rs1, imm: 0 }), { within: ['c.mv'], reserved: (o) => o.rs1 === 0 }),
  CR('c.add',          '100 1 ..... ..... 10',   (b, o) => rv64i.add(b, { rd: o.rd, rs1: o.rd, rs2: o.rs2 })),
  CJR('c.jalr',        '100 1 ..... 00000 10',   (b, o) => rv64i.jalr(b, { rd: RA, rs1: o.rs1, imm: 0 }), { within: ['c.add'] }),
  NONE('c.ebreak',     '100 1 00000 00000 10',   (b) => rv64i.ebreak(b, {}), { within: ['c.add', 'c.jalr'] }),
  CFSDSP('c.fsdsp',    '101 ...... ..... 10',    (b, o) => d.fsd(b, { rs1: SP, rs2: o.rs2, imm: o.imm })),
  CSWSP('c.swsp',      '110 ...... ..... 10',    (b, o) => rv64i.sw(b, { rs1: SP, rs2: o.rs2, imm: o.imm })),
  CSDSP('c.sdsp',      '111 ...... ..... 10',    (b, o) => rv64i.sd(b, { rs1: SP, rs2: o.rs2, imm: o.imm })),
]);
