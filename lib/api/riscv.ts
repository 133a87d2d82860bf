/** `hindsight/riscv`: what instructions of one's own are made with: rows as those of the built-in extensions, for which see lib/isa/riscv. */
import { EXTENSIONS, type RiscvExtension } from '../isa/riscv/index.js';
import type { RiscvBuilder } from '../isa/riscv/riscv-builder.js';
import { InstructionTable } from '../isa/table.js';

export type { Value } from '../ir/builder.js';
export * as fields from '../isa/riscv/fields.js';
export * from '../isa/riscv/formats.js';
export type { RiscvExtension } from '../isa/riscv/index.js';
export type { RiscvBuilder } from '../isa/riscv/riscv-builder.js';
export { type Field, type FieldOptions, field, type InstructionTable } from '../isa/table.js';

/** Encoder, decoder and disassembler for all instructions and those of `extensions`. Throws `InternalError` where two overlap. */
export function instructions(extensions: readonly RiscvExtension[] = []): InstructionTable<RiscvBuilder> {
  return new InstructionTable<RiscvBuilder>([...EXTENSIONS, ...extensions]);
}

/** An instruction and its operands, by the names of its format's fields: `['addi', { rd: 10, rs1: 10, imm: -1 }]`. */
export type CodeLine = readonly [name: string, operands?: Readonly<Record<string, number>>];

/** The bytes of a short program, one instruction after the other. Throws RangeError for what cannot be encoded. */
export function machineCode(lines: readonly CodeLine[], extensions: readonly RiscvExtension[] = []): Uint8Array {
  const table = instructions(extensions);
  return Uint8Array.from(
    lines.flatMap(([name, operands]) => {
      const bits = table.encode(name, operands);
      return [0, 8, 16, 24].slice(0, (bits & 3) === 3 ? 4 : 2).map((shift) => bits >>> shift);
    }),
  );
}
