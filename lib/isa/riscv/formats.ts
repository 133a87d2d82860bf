/** Instruction formats: the operands of an instruction and how assemblers write them. */
import { type Fields, instructionSet, type Values } from '../table.js';
import * as operand from './fields.js';
import type { RiscvBuilder } from './riscv-builder.js';

export const { format, extension } = instructionSet<RiscvBuilder>();

const { rd, rs1, rs2, frd, frs1, frs2, frs3, rm, rmExact, aqrl } = operand;

export const NONE = format({}, '');
export const R = format({ rd, rs1, rs2 }, 'rd, rs1, rs2');
export const R2 = format({ rd, rs1 }, 'rd, rs1');
export const I = format({ rd, rs1, imm: operand.immI }, 'rd, rs1, imm');
export const ISHIFT = format({ rd, rs1, shamt: operand.shamt }, 'rd, rs1, shamt');
export const ISHIFTW = format({ rd, rs1, shamt: operand.shamtW }, 'rd, rs1, shamt');
export const LOAD = format({ rd, rs1, imm: operand.immI }, 'rd, imm(rs1)');
export const STORE = format({ rs1, rs2, imm: operand.immS }, 'rs2, imm(rs1)');
export const BRANCH = format({ rs1, rs2, imm: operand.immB }, 'rs1, rs2, imm');
export const U = format({ rd, imm: operand.immU }, 'rd, imm');
export const J = format({ rd, imm: operand.immJ }, 'rd, imm');

export const CSR = format({ rd, csr: operand.csr, rs1 }, 'rd, csr, rs1');
export const CSRI = format({ rd, csr: operand.csr, uimm: operand.uimm }, 'rd, csr, uimm');

export const LR = format({ rd, rs1, aqrl }, 'rd, (rs1)', { suffix: 'aqrl' });
export const AMO = format({ rd, rs1, rs2, aqrl }, 'rd, rs2, (rs1)', { suffix: 'aqrl' });

/** Floating-point instructions are illegal while the unit is off, and with the reserved static rounding modes. */
const fp = { guard: (b: RiscvBuilder) => b.requireFp() };
const fpRounded = { ...fp, reserved: (o: Values<Fields & { rm: typeof rm }>) => o.rm === 5 || o.rm === 6 };
export const FLOAD = format({ rd: frd, rs1, imm: operand.immI }, 'rd, imm(rs1)', fp);
export const FSTORE = format({ rs1, rs2: frs2, imm: operand.immS }, 'rs2, imm(rs1)', fp);
export const FR = format({ rd: frd, rs1: frs1, rs2: frs2 }, 'rd, rs1, rs2', fp);
/** Prints the aliases of sign injections with one source. */
export const FSAME = format({ rd: frd, rs1: frs1, rs2: frs2 }, 'rd, rs1', fp);
export const FRM = format({ rd: frd, rs1: frs1, rs2: frs2, rm }, 'rd, rs1, rs2, rm', fpRounded);
export const FRM2 = format({ rd: frd, rs1: frs1, rm }, 'rd, rs1, rm', fpRounded);
export const FEXACT = format({ rd: frd, rs1: frs1, rm: rmExact }, 'rd, rs1, rm', fpRounded);
export const FR4 = format({ rd: frd, rs1: frs1, rs2: frs2, rs3: frs3, rm }, 'rd, rs1, rs2, rs3, rm', fpRounded);
export const FCOMPARE = format({ rd, rs1: frs1, rs2: frs2 }, 'rd, rs1, rs2', fp);
export const FTOX = format({ rd, rs1: frs1 }, 'rd, rs1', fp);
export const FTOXRM = format({ rd, rs1: frs1, rm }, 'rd, rs1, rm', fpRounded);
export const XTOF = format({ rd: frd, rs1 }, 'rd, rs1', fp);
export const XTOFRM = format({ rd: frd, rs1, rm }, 'rd, rs1, rm', fpRounded);
export const XTOFEXACT = format({ rd: frd, rs1, rm: rmExact }, 'rd, rs1, rm', fpRounded);

export const CR = format({ rd: operand.cRd, rs2: operand.cRs2 }, 'rd, rs2');
export const CJR = format({ rs1: operand.cRd }, 'rs1');
export const CI = format({ rd: operand.cRd, imm: operand.cImm }, 'rd, imm');
export const CNOP = format({ imm: operand.cImm }, 'imm');
export const CLUI = format({ rd: operand.cRd, imm: operand.cImmLui }, 'rd, imm');
export const CI16SP = format({ imm: operand.cImm16Sp }, 'sp, imm');
export const CISHIFT = format({ rd: operand.cRd, shamt: operand.cShamt }, 'rd, shamt');
export const CIW = format({ rd: operand.cRdPrime, imm: operand.cImm4Spn }, 'rd, sp, imm');
export const CA = format({ rd: operand.cRs1Prime, rs2: operand.cRs2Prime }, 'rd, rs2');
export const CBI = format({ rd: operand.cRs1Prime, imm: operand.cImm }, 'rd, imm');
export const CBSHIFT = format({ rd: operand.cRs1Prime, shamt: operand.cShamt }, 'rd, shamt');
export const CB = format({ rs1: operand.cRs1Prime, imm: operand.cOffsetB }, 'rs1, imm');
export const CJ = format({ imm: operand.cOffsetJ }, 'imm');

const cLoad = { rd: operand.cRdPrime, rs1: operand.cRs1Prime };
const cStore = { rs2: operand.cRs2Prime, rs1: operand.cRs1Prime };
export const CLW = format({ ...cLoad, imm: operand.cOffsetW }, 'rd, imm(rs1)');
export const CLD = format({ ...cLoad, imm: operand.cOffsetD }, 'rd, imm(rs1)');
export const CFLD = format({ ...cLoad, rd: operand.cFrdPrime, imm: operand.cOffsetD }, 'rd, imm(rs1)', fp);
export const CSW = format({ ...cStore, imm: operand.cOffsetW }, 'rs2, imm(rs1)');
export const CSD = format({ ...cStore, imm: operand.cOffsetD }, 'rs2, imm(rs1)');
export const CFSD = format({ ...cStore, rs2: operand.cFrs2Prime, imm: operand.cOffsetD }, 'rs2, imm(rs1)', fp);
export const CLWSP = format({ rd: operand.cRd, imm: operand.cOffsetLwsp }, 'rd, imm(sp)');
export const CLDSP = format({ rd: operand.cRd, imm: operand.cOffsetLdsp }, 'rd, imm(sp)');
export const CFLDSP = format({ rd: frd, imm: operand.cOffsetLdsp }, 'rd, imm(sp)', fp);
export const CSWSP = format({ rs2: operand.cRs2, imm: operand.cOffsetSwsp }, 'rs2, imm(sp)');
export const CSDSP = format({ rs2: operand.cRs2, imm: operand.cOffsetSdsp }, 'rs2, imm(sp)');
export const CFSDSP = format({ rs2: operand.cFrs2, imm: operand.cOffsetSdsp }, 'rs2, imm(sp)', fp);
