/** D, after the unprivileged ISA manual, "D" Extension for Double-Precision Floating-Point. */
import {
  arithmetic,
  arithmetic1,
  choice,
  classification,
  comparison,
  exactly,
  fromInteger,
  fromUnsigned,
  fused,
  signedWord,
  toInteger,
  unsignedWord,
  whole,
} from './floating.js';
import { extension, FCOMPARE, FEXACT, FLOAD, FR, FR4, FRM, FRM2, FSAME, FSTORE, FTOX, FTOXRM, XTOF, XTOFEXACT, XTOFRM } from './formats.js';
import { RM_DYN } from './riscv-builder.js';

const isSame = { when: (o: { rs1: number; rs2: number }) => o.rs1 === o.rs2 };
const SIGN = 1n << 63n;
const MAGNITUDE = SIGN - 1n;

// biome-ignore format: a table
export const D = extension('D', 'Unprivileged ISA, "D Extension for Double-Precision Floating-Point"', [
  FLOAD('fld',           '............ ..... 011 ..... 0000111',   (b, o) => b.setF(o.rd, b.ldf64(b.x(o.rs1), o.imm))),
  FSTORE('fsd',          '....... ..... ..... 011 ..... 0100111',  (b, o) => b.stf64(b.x(o.rs1), b.f(o.rs2), o.imm)),

  FR4('fmadd.d',         '..... 01 ..... ..... ... ..... 1000011', fused('fmadd64', 'fmadd_d')),
  FR4('fmsub.d',         '..... 01 ..... ..... ... ..... 1000111', fused('fmsub64', 'fmsub_d')),
  FR4('fnmsub.d',        '..... 01 ..... ..... ... ..... 1001011', fused('fnmsub64', 'fnmsub_d')),
  FR4('fnmadd.d',        '..... 01 ..... ..... ... ..... 1001111', fused('fnmadd64', 'fnmadd_d')),
  FRM('fadd.d',          '0000001 ..... ..... ... ..... 1010011',  arithmetic('fadd64', 'fadd_d')),
  FRM('fsub.d',          '0000101 ..... ..... ... ..... 1010011',  arithmetic('fsub64', 'fsub_d')),
  FRM('fmul.d',          '0001001 ..... ..... ... ..... 1010011',  arithmetic('fmul64', 'fmul_d')),
  FRM('fdiv.d',          '0001101 ..... ..... ... ..... 1010011',  arithmetic('fdiv64', 'fdiv_d')),
  FRM2('fsqrt.d',        '0101101 00000 ..... ... ..... 1010011',  arithmetic1('fsqrt64', 'fsqrt_d')),
  FR('fmin.d',           '0010101 ..... ..... 000 ..... 1010011',  choice('fmin_d')),
  FR('fmax.d',           '0010101 ..... ..... 001 ..... 1010011',  choice('fmax_d')),

  FR('fsgnj.d',          '0010001 ..... ..... 000 ..... 1010011',  (b, o) => {
    if (o.rs1 === o.rs2) b.setF(o.rd, b.f(o.rs1));
    else b.setF(o.rd, b.or(b.and(b.f(o.rs1), b.imm(MAGNITUDE)), b.and(b.f(o.rs2), b.imm(SIGN))));
  }),
  FR('fsgnjn.d',         '0010001 ..... ..... 001 ..... 1010011',  (b, o) => {
    if (o.rs1 === o.rs2) b.setF(o.rd, b.fneg64(b.f(o.rs1)));
    else b.setF(o.rd, b.or(b.and(b.f(o.rs1), b.imm(MAGNITUDE)), b.and(b.xor(b.f(o.rs2), b.imm(-1)), b.imm(SIGN))));
  }),
  FR('fsgnjx.d',         '0010001 ..... ..... 010 ..... 1010011',  (b, o) => {
    if (o.rs1 === o.rs2) b.setF(o.rd, b.fabs64(b.f(o.rs1)));
    else b.setF(o.rd, b.xor(b.f(o.rs1), b.and(b.f(o.rs2), b.imm(SIGN))));
  }),

  FCOMPARE('fle.d',      '1010001 ..... ..... 000 ..... 1010011',  comparison('fle64', 'fle_d')),
  FCOMPARE('flt.d',      '1010001 ..... ..... 001 ..... 1010011',  comparison('flt64', 'flt_d')),
  FCOMPARE('feq.d',      '1010001 ..... ..... 010 ..... 1010011',  comparison('feq64', 'feq_d')),
  FTOX('fclass.d',       '1110001 00000 ..... 001 ..... 1010011',  classification('fclass_d')),
  FTOX('fmv.x.d',        '1110001 00000 ..... 000 ..... 1010011',  (b, o) => b.setX(o.rd, b.f(o.rs1))),
  XTOF('fmv.d.x',        '1111001 00000 ..... 000 ..... 1010011',  (b, o) => b.setF(o.rd, b.x(o.rs1))),

  FTOXRM('fcvt.w.d',     '1100001 00000 ..... ... ..... 1010011',  toInteger('fcvt_w_d', { nearest: 'i32_f64_nearest', trunc: 'i32_f64_trunc' })),
  FTOXRM('fcvt.wu.d',    '1100001 00001 ..... ... ..... 1010011',  toInteger('fcvt_wu_d', {})),
  FTOXRM('fcvt.l.d',     '1100001 00010 ..... ... ..... 1010011',  toInteger('fcvt_l_d', { nearest: 'i64_f64_nearest', trunc: 'i64_f64_trunc' })),
  FTOXRM('fcvt.lu.d',    '1100001 00011 ..... ... ..... 1010011',  toInteger('fcvt_lu_d', {})),
  XTOFEXACT('fcvt.d.w',  '1101001 00000 ..... ... ..... 1010011',  (b, o) => {
    if (o.rm === RM_DYN) exactly('f64_i64s', 'fcvt_d_w', signedWord)(b, o);
    else b.setF(o.rd, b.f64_i32s(b.x(o.rs1)));
  }),
  XTOFEXACT('fcvt.d.wu', '1101001 00001 ..... ... ..... 1010011',  (b, o) => {
    if (o.rm === RM_DYN) exactly('f64_i64s', 'fcvt_d_wu', unsignedWord)(b, o);
    else b.setF(o.rd, b.f64_i32u(b.x(o.rs1)));
  }),
  XTOFRM('fcvt.d.l',     '1101001 00010 ..... ... ..... 1010011',  fromInteger('f64_i64s', 'fcvt_d_l', whole)),
  XTOFRM('fcvt.d.lu',    '1101001 00011 ..... ... ..... 1010011',  fromUnsigned('fcvt_d_lu')),
  FRM2('fcvt.s.d',       '0100000 00001 ..... ... ..... 1010011',  arithmetic1('fdemote', 'fcvt_s_d')),
  FEXACT('fcvt.d.s',     '0100001 00000 ..... ... ..... 1010011',  exactly('fpromote', 'fcvt_d_s', (b, index) => b.f(index))),

  FSAME.alias('fmv.d',  '0010001 ..... ..... 000 ..... 1010011', isSame),
  FSAME.alias('fneg.d', '0010001 ..... ..... 001 ..... 1010011', isSame),
  FSAME.alias('fabs.d', '0010001 ..... ..... 010 ..... 1010011', isSame),
]);
