/** Register names for assembly text: ABI names and plain numbers. */
import { F_REGISTERS, X_REGISTERS } from '../../lib/isa/riscv/registers.js';

export const REGISTERS: ReadonlyMap<string, number> = new Map([
  ...[X_REGISTERS, F_REGISTERS].flatMap((bank) =>
    bank.flatMap(({ name, abiName }, i): [string, number][] => [
      [name, i],
      [abiName, i],
    ]),
  ),
  ['fp', 8],
]);

export const xName = (index: number): string => X_REGISTERS[index]!.abiName;
export const fName = (index: number): string => F_REGISTERS[index]!.abiName;
