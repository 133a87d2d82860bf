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
