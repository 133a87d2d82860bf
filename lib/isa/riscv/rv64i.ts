/** RV64I, after the unprivileged ISA manual, "RV32I Base Integer Instruction Set" and "RV64I Base Integer Instruction Set". */
import { HINT_CALL, HINT_NONE, HINT_RETURN } from '../../ir/encoding.js';
import type { BinaryName, BranchName, LoadName, StoreName } from '../../ir/ops.js';
import * as operand from './fields.js';
import { BRANCH, extension, format, I, ISHIFT, ISHIFTW, J, LOAD, NONE, R, STORE, U } from './formats.js';
import { RA, T0 } from './registers.js';
import { BREAKPOINT, type RiscvBuilder } from './riscv-builder.js';

type B = RiscvBuilder;
type Register = { rd: number; rs1: number; rs2: number };
type Immediate = { rd: number; rs1: number; imm: number };

const register = (op: BinaryName) => (b: B, o: Register) => b.setX(o.rd, b.ir.binary(op, b.x(o.rs1), b.x(o.rs2)));
const load = (op: LoadName) => (b: B, o: Immediate) => b.setX(o.rd, b.ir.load(op, b.x(o.rs1), o.imm));
const store = (op: StoreName) => (b: B, o: { rs1: number; rs2: number; imm: number }) => b.ir.store(op, b.x(o.rs1), b.x(o.rs2), o.imm);
const branch = (op: BranchName) => (b: B, o: { rs1: number; rs2: number; imm: number }) =>
  b.ir.branchRel(op, b.x(o.rs1), b.x(o.rs2), o.imm);
/** The registers that the manual's return-address-stack hints take for links. */
const isLink = (index: number): boolean => index === RA || index === T0;

function jal(b: B, o: { rd: number; imm: number }): void {
  if (o.rd !== 0) b.setX(o.rd, b.nextPc());
  b.ir.jumpRel(o.imm, { isCall: isLink(o.rd) });
}

/** Behind the `auipc` of a far call the target is known. */
function jalr(b: B, o: Immediate): void {
  const known = b.deltaIn(o.rs1);
  if (known !== undefined) {
    const delta = known + o.imm;
    return jal(b, { rd: o.rd, imm: delta - (delta & 1) });
  }
  const target = b.and(b.add(b.x(o.rs1), b.imm(o.imm)), b.imm(-2));
  if (o.rd !== 0) b.setX(o.rd, b.nextPc());
  b.ir.jumpIndirect(target, isLink(o.rd) ? HINT_CALL : isLink(o.rs1) ? HINT_RETURN : HINT_NONE);
}

/** `pause` (Zihintpause) is the fence that orders stores before nothing. */
const PAUSE = 0x0100000f;

function fence(b: B): void {
  if (b.bits === PAUSE) b.call('pause');
}

const { fm, pred, succ, ignoredRs1, ignoredRd, rd, rs1, rs2, immI, immJ, immB } = operand;
const FENCE = format({ fm, pred, succ, rs1: ignoredRs1, rd: ignoredRd }, 'pred, succ');
const RD_IMM = format({ rd, imm: immI }, 'rd, imm');
const RD_RS1 = format({ rd, rs1 }, 'rd, rs1');
const RD_RS2 = format({ rd, rs2 }, 'rd, rs2');
const RS1 = format({ rs1 }, 'rs1');
const RS1_OFFSET = format({ rs1, imm: immI }, 'imm(rs1)');
const BRANCH_RS1 = format({ rs1, imm: immB }, 'rs1, imm');
const BRANCH_RS2 = format({ rs2, imm: immB }, 'rs2, imm');
const TARGET = format({ imm: immJ }, 'imm');

// biome-ignore format: a table
export const RV64I = extension('RV64I', 'Unprivileged ISA, "RV32I" and "RV64I Base Integer Instruction Set"', [
  U('lui',         '.................... ..... 0110111',     (b, o) => b.setX(o.rd, b.imm(o.imm))),
  U('auipc',       '.................... ..... 0010111',     (b, o) => { if (o.rd !== 0) b.setX(o.rd, b.pcRel(o.imm)); }),

  J('jal',         '.................... ..... 1101111',     jal),
  LOAD('jalr',     '............ ..... 000 ..... 1100111',   jalr),
  BRANCH('beq',    '....... ..... ..... 000 ..... 1100011',  branch('breq')),
  BRANCH('bne',    '....... ..... ..... 001 ..... 1100011',  branch('brne')),
  BRANCH('blt',    '....... ..... ..... 100 ..... 1100011',  branch('brlts')),
  BRANCH('bge',    '....... ..... ..... 101 ..... 1100011',  branch('brges')),
  BRANCH('bltu',   '....... ..... ..... 110 ..... 1100011',  branch('brltu')),
  BRANCH('bgeu',   '....... ..... ..... 111 ..... 1100011',  branch('brgeu')),

  LOAD('lb',       '............ ..... 000 ..... 0000011',   load('ld8s')),
  LOAD('lh',       '............ ..... 001 ..... 0000011',   load('ld16s')),
  LOAD('lw',       '............ ..... 010 ..... 0000011',   load('ld32s')),
  LOAD('ld',       '............ ..... 011 ..... 0000011',   load('ld64')),
  LOAD('lbu',      '............ ..... 100 ..... 0000011',   load('ld8u')),
  LOAD('lhu',      '............ ..... 101 ..... 0000011',   load('ld16u')),
  LOAD('lwu',      '............ ..... 110 ..... 0000011',   load('ld32u')),
  STORE('sb',      '....... ..... ..... 000 ..... 0100011',  store('st8')),
  STORE('sh',      '....... ..... ..... 001 ..... 0100011',  store('st16')),
  STORE('sw',      '....... ..... ..... 010 ..... 0100011',  store('st32')),
  STORE('sd',      '....... ..... ..... 011 ..... 0100011',  store('st64')),

  I('addi',        '............ ..... 000 ..... 0010011',   (b, o) => b.setX(o.rd, b.add(b.x(o.rs1), b.imm(o.imm)))),
  I('slti',        '............ ..... 010 ..... 0010011',   (b, o) => b.setX(o.rd, b.setlts(b.x(o.rs1), b.imm(o.imm)))),
  I('sltiu',       '............ ..... 011 ..... 0010011',   (b, o) => b.setX(o.rd, b.setltu(b.x(o.rs1), b.imm(o.imm)))),
  I('xori',        '............ ..... 100 ..... 0010011',   (b, o) => b.setX(o.rd, b.xor(b.x(o.rs1), b.imm(o.imm)))),
  I('ori',         '............ ..... 110 ..... 0010011',   (b, o) => b.setX(o.rd, b.or(b.x(o.rs1), b.imm(o.imm)))),
  I('andi',        '............ ..... 111 ..... 0010011',   (b, o) => b.setX(o.rd, b.and(b.x(o.rs1), b.imm(o.imm)))),
  ISHIFT('slli',   '000000 ...... ..... 001 ..... 0010011',  (b, o) => b.setX(o.rd, b.shl(b.x(o.rs1), b.imm(o.shamt)))),
  ISHIFT('srli',   '000000 ...... ..... 101 ..... 0010011',  (b, o) => b.setX(o.rd, b.shr(b.x(o.rs1), b.imm(o.shamt)))),
  ISHIFT('srai',   '010000 ...... ..... 101 ..... 0010011',  (b, o) => b.setX(o.rd, b.sar(b.x(o.rs1), b.imm(o.shamt)))),
  I('addiw',       '............ ..... 000 ..... 0011011',   (b, o) => b.setX(o.rd, b.addw(b.x(o.rs1), b.imm(o.imm)))),
  ISHIFTW('slliw', '0000000 ..... ..... 001 ..... 0011011',  (b, o) => b.setX(o.rd, b.shlw(b.x(o.rs1), b.imm(o.shamt)))),
  ISHIFTW('srliw', '0000000 ..... ..... 101 ..... 0011011',  (b, o) => b.setX(o.rd, b.shrw(b.x(o.rs1), b.imm(o.shamt)))),
  ISHIFTW('sraiw', '0100000 ..... ..... 101 ..... 0011011',  (b, o) => b.setX(o.rd, b.sarw(b.x(o.rs1), b.imm(o.shamt)))),

  R('add',         '0000000 ..... ..... 000 ..... 0110011',  register('add')),
  R('sub',         '0100000 ..... ..... 000 ..... 0110011',  register('sub')),
  R('sll',         '0000000 ..... ..... 001 ..... 0110011',  register('shl')),
  R('slt',         '0000000 ..... ..... 010 ..... 0110011',  register('setlts')),
  R('sltu',        '0000000 ..... ..... 011 ..... 0110011',  register('setltu')),
  R('xor',         '0000000 ..... ..... 100 ..... 0110011',  register('xor')),
  R('srl',         '0000000 ..... ..... 101 ..... 0110011',  register('shr')),
  R('sra',         '0100000 ..... ..... 101 ..... 0110011',  register('sar')),
  R('or',          '0000000 ..... ..... 110 ..... 0110011',  register('or')),
  R('and',         '0000000 ..... ..... 111 ..... 0110011',  register('and')),
  R('addw',        '0000000 ..... ..... 000 ..... 0111011',  register('addw')),
  R('subw',        '0100000 ..... ..... 000 ..... 0111011',  register('subw')),
  R('sllw',        '0000000 ..... ..... 001 ..... 0111011',  register('shlw')),
  R('srlw',        '0000000 ..... ..... 101 ..... 0111011',  register('shrw')),
  R('sraw',        '0100000 ..... ..... 101 ..... 0111011',  register('sarw')),

  // Harts run one after the other and each sees its own stores, so that memory is always ordered.
  FENCE('fence',   '.... .... .... ..... 000 ..... 0001111', fence),
  NONE('ecall',    '000000000000 00000 000 00000 1110011',   (b) => { b.call('ecall'); b.ir.leave(); }),
  NONE('ebreak',   '000000000001 00000 000 00000 1110011',   (b) => b.raise(BREAKPOINT, b.pcRel(0))),

  NONE.alias('nop',        '000000000000 00000 000 00000 0010011'),
  RD_IMM.alias('li',       '............ 00000 000 ..... 0010011'),
  RD_RS1.alias('mv',       '000000000000 ..... 000 ..... 0010011'),
  RD_RS1.alias('not',      '111111111111 ..... 100 ..... 0010011'),
  RD_RS1.alias('sext.w',   '000000000000 ..... 000 ..... 0011011'),
  RD_RS1.alias('seqz',     '000000000001 ..... 011 ..... 0010011'),
  RD_RS2.alias('neg',      '0100000 ..... 00000 000 ..... 0110011'),
  RD_RS2.alias('negw',     '0100000 ..... 00000 000 ..... 0111011'),
  RD_RS2.alias('snez',     '0000000 ..... 00000 011 ..... 0110011'),
  RD_RS1.alias('sltz',     '0000000 00000 ..... 010 ..... 0110011'),
  RD_RS2.alias('sgtz',     '0000000 ..... 00000 010 ..... 0110011'),
  BRANCH_RS1.alias('beqz', '....... 00000 ..... 000 ..... 1100011'),
  BRANCH_RS1.alias('bnez', '....... 00000 ..... 001 ..... 1100011'),
  BRANCH_RS1.alias('bltz', '....... 00000 ..... 100 ..... 1100011'),
  BRANCH_RS2.alias('blez', '....... ..... 00000 101 ..... 1100011'),
  BRANCH_RS1.alias('bgez', '....... 00000 ..... 101 ..... 1100011'),
  BRANCH_RS2.alias('bgtz', '....... ..... 00000 100 ..... 1100011'),
  TARGET.alias('j',        '.................... 00000 1101111'),
  TARGET.alias('jal',      '.................... 00001 1101111'),
  NONE.alias('ret',        '000000000000 00001 000 00000 1100111'),
  RS1.alias('jr',          '000000000000 ..... 000 00000 1100111'),
  RS1.alias('jalr',        '000000000000 ..... 000 00001 1100111'),
  RS1_OFFSET.alias('jr',   '............ ..... 000 00000 1100111'),
  RS1_OFFSET.alias('jalr', '............ ..... 000 00001 1100111'),
  NONE.alias('fence',      '0000 1111 1111 00000 000 00000 0001111'),
  NONE.alias('fence.tso',  '1000 0011 0011 00000 000 00000 0001111'),
  NONE.alias('pause',      '0000 0001 0000 00000 000 00000 0001111'),
]);
