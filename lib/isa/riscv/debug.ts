/**
 * The registers that debuggers see. Numbers, names and features are those of GDB's RISC-V target ("RISC-V Features" of the GDB manual, and QEMU's descriptions):
 * x0-31, pc, f0-31 from 33 on, control registers from 65 on by their number, and the privilege mode as a virtual register.
 */
import { ENV_PC, ENV_WFI } from '../../mem/layout.js';
import type { DebugRegister, HartInspector } from '../guest.js';
import { CSR_NUMBERS, csrName } from './csr-names.js';
import { PRIV } from './layout.js';
import { F_REGISTERS, type RiscvRegister, X_REGISTERS } from './registers.js';

const FEATURE = 'org.gnu.gdb.riscv.';
const PC_NUMBER = 32;
const F_NUMBER = 33;
const CSR_NUMBER = 65;
const PRIV_NUMBER = CSR_NUMBER + 4096;
/** fflags, frm, fcsr: GDB has them beside f0-31. */
const FLOAT_CSR_LAST = 3;

/** The registers of x whose values are addresses. */
const TYPES: Readonly<Record<string, string>> = { ra: 'code_ptr', sp: 'data_ptr', gp: 'data_ptr', tp: 'data_ptr', fp: 'data_ptr' };
/** What GDB calls x8. */
const GDB_NAMES: Readonly<Record<string, string>> = { s0: 'fp' };

const general = ({ name, abiName }: RiscvRegister, number: number): DebugRegister => {
  const gdbName = GDB_NAMES[abiName] ?? abiName;
  const aliases = gdbName === abiName ? [name] : [name, abiName];
  return { name: gdbName, aliases, bits: 64, type: TYPES[gdbName] ?? 'int', group: 'general', feature: `${FEATURE}cpu`, number };
};

const float = ({ name, abiName }: RiscvRegister, index: number): DebugRegister => ({
  name: abiName,
  aliases: [name],
  bits: 64,
  type: 'ieee_double',
  group: 'float',
  feature: `${FEATURE}fpu`,
  number: F_NUMBER + index,
});

const control = (csr: number): DebugRegister => {
  const isFloat = csr <= FLOAT_CSR_LAST;
  return {
    name: csrName(csr),
    aliases: [`csr${csr}`],
    bits: isFloat ? 32 : 64,
    type: 'int',
    group: isFloat ? 'float' : 'system',
    feature: `${FEATURE}${isFloat ? 'fpu' : 'csr'}`,
    number: CSR_NUMBER + csr,
  };
};

const PC: DebugRegister = {
  name: 'pc',
  aliases: [],
  bits: 64,
  type: 'code_ptr',
  group: 'general',
  feature: `${FEATURE}cpu`,
  number: PC_NUMBER,
};
const PRIVILEGE: DebugRegister = {
  name: 'priv',
  aliases: [],
  bits: 64,
  type: 'int',
  group: 'system',
  feature: `${FEATURE}virtual`,
  number: PRIV_NUMBER,
};

interface DebugExports {
  debugHasCsr(env: number, csr: number): number;
  debugReadCsr(env: number, csr: number): bigint;
  debugWriteCsr(env: number, csr: number, value: bigint): number;
  debugWritePrivilege(env: number, priv: bigint): number;
  debugTranslate(env: number, vaddr: bigint): bigint;
}

/** The inspector of the harts of one instance; `env`: any of them, by which to see what they have. */
export function inspectRiscv(memory: WebAssembly.Memory, instance: WebAssembly.Exports, env: number): HartInspector {
  const calls = instance as unknown as DebugExports;
  const i64 = new BigInt64Array(memory.buffer);
  const i32 = new Int32Array(memory.buffer);
  const csrs = CSR_NUMBERS.filter((csr) => calls.debugHasCsr(env, csr) !== 0);
  const slots = new Map([...X_REGISTERS.entries()].map(([i, { offset }]) => [i, offset]));
  for (const [i, { offset }] of F_REGISTERS.entries()) slots.set(F_NUMBER + i, offset);
  slots.set(PC_NUMBER, ENV_PC);
  slots.set(PRIV_NUMBER, PRIV);

  const writePlace = (hart: number, number: number, slot: number, value: bigint): boolean => {
    if (number === PRIV_NUMBER) return calls.debugWritePrivilege(hart, value) !== 0;
    // x0 takes every value and stays zero.
    if (number !== 0) i64[(hart + slot) >> 3] = number === PC_NUMBER ? value & ~1n : value;
    // A hart that is sent elsewhere does not wait any more.
    if (number === PC_NUMBER) i32[(hart + ENV_WFI) >> 2] = 0;
    return true;
  };
  return {
    architecture: 'riscv:rv64',
    registers: [...X_REGISTERS.map(general), PC, ...F_REGISTERS.map(float), ...csrs.map(control), PRIVILEGE],
    read: (hart, { number }) => {
      const slot = slots.get(number);
      return BigInt.asUintN(64, slot === undefined ? calls.debugReadCsr(hart, number - CSR_NUMBER) : i64[(hart + slot) >> 3]);
    },
    write: (hart, { number }, value) => {
      const slot = slots.get(number);
      if (slot !== undefined) return writePlace(hart, number, slot, value);
      return calls.debugWriteCsr(hart, number - CSR_NUMBER, BigInt.asIntN(64, value)) !== 0;
    },
    translate: (hart, vaddr) => {
      const paddr = calls.debugTranslate(hart, BigInt.asIntN(64, vaddr));
      return paddr < 0n ? undefined : Number(paddr);
    },
  };
}
