/** The registers of RV64GC: the one table of names and places. After the unprivileged ISA manual and the RISC-V ABIs specification. */
import type { SlotType } from '../../ir/op-kinds.js';
import type { GuestRegister } from '../guest.js';
import { F0, X0 } from './layout.js';

export interface RiscvRegister extends GuestRegister {
  readonly abiName: string;
}

const X_ABI_NAMES = 'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(' ');
const F_ABI_NAMES =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  );

const bank = (letter: string, abiNames: readonly string[], base: number, type: SlotType): readonly RiscvRegister[] =>
  abiNames.map((abiName, i) => ({ name: `${letter}${i}`, abiName, offset: base + 8 * i, type }));

export const X_REGISTERS: readonly RiscvRegister[] = bank('x', X_ABI_NAMES, X0, 'i64');
export const F_REGISTERS: readonly RiscvRegister[] = bank('f', F_ABI_NAMES, F0, 'f64');

export const RA = 1;
export const SP = 2;
export const T0 = 5;
