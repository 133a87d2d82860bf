/** Operand fields of RISC-V instructions, after the unprivileged ISA manual, "Base Instruction Formats" and the formats of the extensions. */
import { type Field, field, type Printer } from '../table.js';
import { csrName } from './csr-names.js';
import { F_REGISTERS, X_REGISTERS } from './registers.js';
import { RM_DYN, RM_RNE } from './riscv-builder.js';

const xName: Printer = (index) => X_REGISTERS[index]!.abiName;
const fName: Printer = (index) => F_REGISTERS[index]!.abiName;
const hex: Printer = (value) => `0x${(value >>> 0).toString(16)}`;
/** An address relative to the instruction's. */
const target: Printer = (value, { pc }) => `0x${BigInt.asUintN(64, pc + BigInt(value)).toString(16)}`;
/** The operand of LUI and C.LUI as assemblers write it. */
const upper: Printer = (value) => `0x${(value >>> 12).toString(16)}`;
const ROUNDING_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '?', '?', 'dyn'] as const;
const ORDERINGS = ['', '.rl', '.aq', '.aqrl'] as const;

const x = (spec: string): Field => field(spec, { print: xName });
const f = (spec: string): Field => field(spec, { print: fName });

export const rd = x('11:7');
export const rs1 = x('19:15');
export const rs2 = x('24:20');
export const frd = f('11:7');
export const frs1 = f('19:15');
export const frs2 = f('24:20');
export const frs3 = f('31:27');

export const immI = field('31:20', { signed: true });
export const immS = field('11:5=31:25 4:0=11:7', { signed: true });
export const immB = field('12=31 11=7 10:5=30:25 4:1=11:8', { signed: true, print: target });
/** The value is the sign-extended constant itself: 0x12345000 for `lui a0, 0x12345`. */
export const immU = field('31:12=31:12', { signed: true, print: upper });
export const immJ = field('20=31 19:12=19:12 11=20 10:1=30:21', { signed: true, print: target });
export const shamt = field('25:20', { print: hex });
export const shamtW = field('24:20', { print: hex });
export const uimm = field('19:15');
export const csr = field('31:20', { print: csrName });

const fenceSet: Printer = (value) => [...'iorw'].filter((_, i) => value & (8 >> i)).join('') || 'unknown';
export const fm = field('31:28', { print: () => '', default: 0 });
export const pred = field('27:24', { print: fenceSet, default: 15 });
export const succ = field('23:20', { print: fenceSet, default: 15 });
/** Fields that are to be ignored. */
export const ignoredRd = field('11:7', { print: () => '', default: 0 });
export const ignoredRs1 = field('19:15', { print: () => '', default: 0 });
export const ignoredImm = field('31:20', { print: () => '', default: 0 });

export const aqrl = field('26:25', { print: (value) => ORDERINGS[value]!, default: 0 });
export const rm = field('14:12', { print: (value) => (value === RM_DYN ? '' : ROUNDING_MODES[value]!), default: RM_DYN });
/** Where the rounding mode makes no difference. */
export const rmExact = field('14:12', { print: (value) => (value === RM_RNE ? '' : ROUNDING_MODES[value]!), default: RM_RNE });

// Compressed instructions. A prime is a register number in three bits: x8 .. x15.
const xPrime = (spec: string): Field => field(spec, { bias: 8, print: xName });
const fPrime = (spec: string): Field => field(spec, { bias: 8, print: fName });
export const cRd = rd;
export const cRs2 = x('6:2');
export const cFrs2 = f('6:2');
export const cRdPrime = xPrime('4:2');
export const cRs1Prime = xPrime('9:7');
export const cRs2Prime = xPrime('4:2');
export const cFrdPrime = fPrime('4:2');
export const cFrs2Prime = fPrime('4:2');
export const cImm = field('5=12 4:0=6:2', { signed: true });
export const cShamt = field('5=12 4:0=6:2', { print: hex });
export const cImmLui = field('17=12 16:12=6:2', { signed: true, print: upper });
export const cImm16Sp = field('9=12 8:7=4:3 6=5 5=2 4=6', { signed: true });
export const cImm4Spn = field('9:6=10:7 5:4=12:11 3=5 2=6');
export const cOffsetW = field('6=5 5:3=12:10 2=6');
export const cOffsetD = field('7:6=6:5 5:3=12:10');
export const cOffsetLwsp = field('7:6=3:2 5=12 4:2=6:4');
export const cOffsetLdsp = field('8:6=4:2 5=12 4:3=6:5');
export const cOffsetSwsp = field('7:6=8:7 5:2=12:9');
export const cOffsetSdsp = field('8:6=9:7 5:3=12:10');
export const cOffsetB = field('8=12 7:6=6:5 5=2 4:3=11:10 2:1=4:3', { signed: true, print: target });
export const cOffsetJ = field('11=12 10=8 9:8=10:9 7=6 6=7 5=2 4=11 3:1=5:3', { signed: true, print: target });
