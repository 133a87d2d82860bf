/** F, after the unprivileged ISA manual, "F" Extension for Single-Precision Floating-Point. */
import {
  arithmetic,
  arithmetic1,
  choice,
  classification,
  comparison,
  fromInteger,
  fromUnsigned,
  fused,
  signedWord,
  toInteger,
  unsignedWord,
  whole,
} from './floating.js';
import { extension, FCOMPARE, FLOAD, FR, FR4, FRM, FRM2, FSAME, FSTORE, FTOX, FTOXRM, XTOF, XTOFRM } from './formats.js';

const isSame = { when: (o: { rs1: number; rs2: number }) => o.rs1 === o.rs2 };
const SIGN = 0x80000000;
const MAGNITUDE = -0x80000001;

// biome-ignore format: a table
export const F = extension('F', 'Unprivileged ISA, "F Extension for Single-Precision Floating-Point"', [
  FLOAD('flw',        '............ ..... 010 ..... 0000111',   (b, o) => b.setF(o.rd, b.box(b.ld32u(b.x(o.rs1), o.imm)))),
  FSTORE('fsw',       '....... ..... ..... 010 ..... 0100111',  (b, o) => b.st32(b.x(o.rs1), b.f(o.rs2), o.imm)),

  FR4('fmadd.s',      '..... 00 ..... ..... ... ..... 1000011', fused('fmadd32', 'fmadd_s')),
  FR4('fmsub.s',      '..... 00 ..... ..... ... ..... 1000111', fused('fmsub32', 'fmsub_s')),
  FR4('fnmsub.s',     '..... 00 ..... ..... ... ..... 1001011', fused('fnmsub32', 'fnmsub_s')),
  FR4('fnmadd.s',     '..... 00 ..... ..... ... ..... 1001111', fused('fnmadd32', 'fnmadd_s')),
  FRM('fadd.s',       '0000000 ..... ..... ... ..... 1010011',  arithmetic('fadd32', 'fadd_s')),
  FRM('fsub.s',       '0000100 ..... ..... ... ..... 1010011',  arithmetic('fsub32', 'fsub_s')),
  FRM('fmul.s',       '0001000 ..... ..... ... ..... 1010011',  arithmetic('fmul32', 'fmul_s')),
  FRM('fdiv.s',       '0001100 ..... ..... ... ..... 1010011',  arithmetic('fdiv32', 'fdiv_s')),
  FRM2('fsqrt.s',     '0101100 00000 ..... ... ..... 1010011',  arithmetic1('fsqrt32', 'fsqrt_s')),
  FR('fmin.s',        '0010100 ..... ..... 000 ..... 1010011',  choice('fmin_s')),
  FR('fmax.s',        '0010100 ..... ..... 001 ..... 1010011',  choice('fmax_s')),

  FR('fsgnj.s',       '0010000 ..... ..... 000 ..... 1010011',  (b, o) => {
    const value = b.single(o.rs1);
    if (o.rs1 === o.rs2) b.setF(o.rd, value);
    else b.setF(o.rd, b.or(b.and(value, b.imm(MAGNITUDE)), b.and(b.single(o.rs2), b.imm(SIGN))));
  }),
  FR('fsgnjn.s',      '0010000 ..... ..... 001 ..... 1010011',  (b, o) => {
    const value = b.single(o.rs1);
    if (o.rs1 === o.rs2) b.setF(o.rd, b.xor(value, b.imm(SIGN)));
    else b.setF(o.rd, b.or(b.and(value, b.imm(MAGNITUDE)), b.and(b.xor(b.single(o.rs2), b.imm(SIGN)), b.imm(SIGN))));
  }),
  FR('fsgnjx.s',      '0010000 ..... ..... 010 ..... 1010011',  (b, o) => {
    const value = b.single(o.rs1);
    if (o.rs1 === o.rs2) b.setF(o.rd, b.and(value, b.imm(MAGNITUDE)));
    else b.setF(o.rd, b.xor(value, b.and(b.single(o.rs2), b.imm(SIGN))));
  }),

  FCOMPARE('fle.s',   '1010000 ..... ..... 000 ..... 1010011',  comparison('fle32', 'fle_s')),
  FCOMPARE('flt.s',   '1010000 ..... ..... 001 ..... 1010011',  comparison('flt32', 'flt_s')),
  FCOMPARE('feq.s',   '1010000 ..... ..... 010 ..... 1010011',  comparison('feq32', 'feq_s')),
  FTOX('fclass.s',    '1110000 00000 ..... 001 ..... 1010011',  classification('fclass_s')),
  FTOX('fmv.x.w',     '1110000 00000 ..... 000 ..... 1010011',  (b, o) => b.setX(o.rd, b.ext32s(b.f(o.rs1)))),
  XTOF('fmv.w.x',     '1111000 00000 ..... 000 ..... 1010011',  (b, o) => b.setF(o.rd, b.box(b.x(o.rs1)))),

  FTOXRM('fcvt.w.s',  '1100000 00000 ..... ... ..... 1010011',  toInteger('fcvt_w_s', { trunc: 'i32_f32_trunc' })),
  FTOXRM('fcvt.wu.s', '1100000 00001 ..... ... ..... 1010011',  toInteger('fcvt_wu_s', {})),
  FTOXRM('fcvt.l.s',  '1100000 00010 ..... ... ..... 1010011',  toInteger('fcvt_l_s', { trunc: 'i64_f32_trunc' })),
  FTOXRM('fcvt.lu.s', '1100000 00011 ..... ... ..... 1010011',  toInteger('fcvt_lu_s', {})),
  XTOFRM('fcvt.s.w',  '1101000 00000 ..... ... ..... 1010011',  fromInteger('f32_i64s', 'fcvt_s_w', signedWord)),
  XTOFRM('fcvt.s.wu', '1101000 00001 ..... ... ..... 1010011',  fromInteger('f32_i64s', 'fcvt_s_wu', unsignedWord)),
  XTOFRM('fcvt.s.l',  '1101000 00010 ..... ... ..... 1010011',  fromInteger('f32_i64s', 'fcvt_s_l', whole)),
  XTOFRM('fcvt.s.lu', '1101000 00011 ..... ... ..... 1010011',  fromUnsigned('fcvt_s_lu')),

  FSAME.alias('fmv.s',  '0010000 ..... ..... 000 ..... 1010011', isSame),
  FSAME.alias('fneg.s', '0010000 ..... ..... 001 ..... 1010011', isSame),
  FSAME.alias('fabs.s', '0010000 ..... ..... 010 ..... 1010011', isSame),
]);
