/**
 * The RISC-V front end: RV64IMAFDC (G with C), Zicsr, Zifencei, Zicntr, Zba, Zbb, Zbs, Zicbom, Zicboz, privileged modes M, S and U.
 *
 * Instructions are rows of one file per extension; traps, control registers, the page walk and everything else that does not go well in
 * IR is in `assembly`. C is always on, so that targets of jumps need no check of their alignment.
 */
import { readFileSync } from 'node:fs';
import type { Builder } from '../../ir/builder.js';
import type { CodeReader, Guest } from '../guest.js';
import { InstructionTable, type Row } from '../table.js';
import { A } from './a.js';
import { C } from './c.js';
import { D } from './d.js';
import { F } from './f.js';
import { HELPERS } from './helpers.js';
import { X0 } from './layout.js';
import { M } from './m.js';
import { PRIVILEGED } from './privileged.js';
import { F_REGISTERS, X_REGISTERS } from './registers.js';
import { RiscvBuilder } from './riscv-builder.js';
import { RV64I } from './rv64i.js';
import { ZBA } from './zba.js';
import { ZBB } from './zbb.js';
import { ZBS } from './zbs.js';
import { ZICBO } from './zicbo.js';
import { ZICSR } from './zicsr.js';
import { ZIFENCEI } from './zifencei.js';

export const EXTENSIONS = [RV64I, M, A, F, D, C, ZICSR, ZIFENCEI, ZBA, ZBB, ZBS, ZICBO, PRIVILEGED];

/** All instructions. */
export const TABLE = new InstructionTable<RiscvBuilder>(EXTENSIONS);

const isLong = (bits: number): boolean => (bits & 3) === 3;

/** The row of an instruction of 16 or 32 bits (its low two bits tell), undefined if it is illegal. */
export function decode(bits: number): Row<RiscvBuilder> | undefined {
  return isLong(bits) ? TABLE.decode(32, bits) : TABLE.decode(16, bits & 0xffff);
}

/** The bits of an instruction; operands are named as in its format. Throws RangeError. */
export function encode(name: string, operands: Readonly<Record<string, number>> = {}): number {
  return TABLE.encode(name, operands);
}

/** The text of the instruction `bits` at `pc`; data directives for what is illegal. */
export function disassemble(bits: number, pc = 0n, options: { aliases?: boolean } = {}): string {
  const width = isLong(bits) ? 32 : 16;
  const data = `.${width / 8}byte 0x${(width === 32 ? bits >>> 0 : bits & 0xffff).toString(16)}`;
  return TABLE.disassemble(width, width === 32 ? bits : bits & 0xffff, { pc }, options) ?? data;
}

/** The instruction's bits, read unit by unit so that nothing behind it is touched. */
function readInsn(code: CodeReader): number {
  const low = code.unit(0);
  return isLong(low) ? low | (code.unit(1) << 16) : low;
}

const riscvBuilder = new RiscvBuilder();

function translateInsn(ir: Builder, code: CodeReader): void {
  const bits = readInsn(code);
  riscvBuilder.begin(ir, bits >>> 0, isLong(bits) ? 4 : 2);
  const row = decode(bits);
  if (row) row.translate(riscvBuilder, bits);
  else riscvBuilder.illegal();
}

function instantiate(imports: Parameters<Guest['instantiate']>[0]): WebAssembly.Exports {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(new URL('./assembly.wasm', import.meta.url))));
  const { memory, table, mmu } = imports;
  return new WebAssembly.Instance(module, { env: { memory, table }, mmu }).exports;
}

export const riscv: Guest = {
  name: 'riscv64',
  registers: [...X_REGISTERS.slice(1), ...F_REGISTERS],
  zeroSlot: X0,
  helpers: HELPERS,
  maxInsnBytes: 4,
  insnAlignment: 2,
  instantiate,
  translateInsn,
  disassemble: (code, pc) => {
    const bits = readInsn(code);
    return { text: disassemble(bits, pc), length: isLong(bits) ? 4 : 2 };
  },
};
