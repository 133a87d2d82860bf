/**
 * The RISC-V front end: RV64IMAFDC (G with C), Zicsr, Zifencei, Zicntr, Zba, Zbb, Zbs, Zicbom, Zicboz, privileged modes M, S and U.
 *
 * Instructions are rows of one file per extension; traps, control registers, the page walk and everything else that does not go well in
 * IR is in `assembly`. C is always on, so that targets of jumps need no check of their alignment.
 */
import { readFileSync } from 'node:fs';
import type { Builder } from '../../ir/builder.js';
import { GLOBAL_HART_COUNT, GLOBAL_HARTS, HART_SIZE } from '../../mem/layout.js';
import type { CodeReader, Guest, GuestImports } from '../guest.js';
import { type Extension, InstructionTable, type Row } from '../table.js';
import { A } from './a.js';
import { C } from './c.js';
import { D } from './d.js';
import { inspectRiscv } from './debug.js';
import { F } from './f.js';
import { HELPERS } from './helpers.js';
import { OPTION_CBO, OPTION_SBI, OPTION_SSTC, OPTION_SVADU, OPTIONS, X0 } from './layout.js';
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

/** Instructions beyond those of EXTENSIONS. */
export type RiscvExtension = Extension<RiscvBuilder>;

/** The row of an instruction of 16 or 32 bits (its low two bits tell), undefined if it is illegal. */
export function decode(bits: number, table = TABLE): Row<RiscvBuilder> | undefined {
  return isLong(bits) ? table.decode(32, bits) : table.decode(16, bits & 0xffff);
}

/** The bits of an instruction; operands are named as in its format. Throws RangeError. */
export function encode(name: string, operands: Readonly<Record<string, number>> = {}): number {
  return TABLE.encode(name, operands);
}

/** The text of the instruction `bits` at `pc`; data directives for what is illegal. */
export function disassemble(bits: number, pc = 0n, options: { aliases?: boolean } = {}, table = TABLE): string {
  const width = isLong(bits) ? 32 : 16;
  const data = `.${width / 8}byte 0x${(width === 32 ? bits >>> 0 : bits & 0xffff).toString(16)}`;
  return table.disassemble(width, width === 32 ? bits : bits & 0xffff, { pc }, options) ?? data;
}

/** The instruction's bits, read unit by unit so that nothing behind it is touched. */
function readInsn(code: CodeReader): number {
  const low = code.unit(0);
  return isLong(low) ? low | (code.unit(1) << 16) : low;
}

const riscvBuilder = new RiscvBuilder();

function translateInsn(ir: Builder, code: CodeReader, table: InstructionTable<RiscvBuilder>): void {
  const bits = readInsn(code);
  riscvBuilder.begin(ir, bits >>> 0, isLong(bits) ? 4 : 2);
  const row = decode(bits, table);
  if (row) row.translate(riscvBuilder, bits);
  else riscvBuilder.illegal();
}

let compiled: WebAssembly.Module | undefined;

/** What can be chosen of the harts. */
export interface RiscvOptions {
  /** Instructions that the harts have besides their own. An encoding that is taken already is an `InternalError`. */
  readonly extensions?: readonly RiscvExtension[];
  /** Svadu: hardware may update the A and D bits of page-table entries (menvcfg.ADUE). */
  readonly svadu?: boolean;
  /** The machine's SBI, where no firmware runs in M-mode. */
  readonly sbi?: {
    /** Gets the module's exports, before anything runs. */
    attach(exports: WebAssembly.Exports): void;
    /** Handles the environment call of the hart at host address `env`. */
    call(env: number): void;
  };
}

function instantiate({ memory, table, mmu }: GuestImports, options: RiscvOptions): WebAssembly.Exports {
  compiled ??= new WebAssembly.Module(new Uint8Array(readFileSync(new URL('./assembly.wasm', import.meta.url))));
  const environmentCall = (env: number) => options.sbi?.call(env);
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory, table }, mmu, host: { environmentCall } });
  const i32 = new Int32Array(memory.buffer);
  const bits = OPTION_SSTC | OPTION_CBO | (options.svadu ? OPTION_SVADU : 0) | (options.sbi ? OPTION_SBI : 0);
  for (let hart = 0; hart < i32[GLOBAL_HART_COUNT >> 2]; hart++) i32[(i32[GLOBAL_HARTS >> 2] + hart * HART_SIZE + OPTIONS) >> 2] = bits;
  options.sbi?.attach(exports);
  return exports;
}

/** The RISC-V guest with these options. */
export function riscvGuest(options: RiscvOptions = {}): Guest {
  const { extensions = [] } = options;
  const table = extensions.length === 0 ? TABLE : new InstructionTable<RiscvBuilder>([...EXTENSIONS, ...extensions]);
  return {
    ...GUEST,
    instantiate: (imports) => instantiate(imports, options),
    translateInsn: (ir, code) => translateInsn(ir, code, table),
    disassemble: (code, pc) => {
      const bits = readInsn(code);
      return { text: disassemble(bits, pc, {}, table), length: isLong(bits) ? 4 : 2 };
    },
  };
}

const GUEST: Omit<Guest, 'instantiate' | 'translateInsn' | 'disassemble'> = {
  name: 'riscv64',
  registers: [...X_REGISTERS.slice(1), ...F_REGISTERS],
  zeroSlot: X0,
  helpers: HELPERS,
  maxInsnBytes: 4,
  insnAlignment: 2,
  inspect: (memory, exports) => inspectRiscv(memory, exports, new Int32Array(memory.buffer)[GLOBAL_HARTS >> 2]),
};

export const riscv: Guest = riscvGuest();
