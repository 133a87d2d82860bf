/** What the parts of the harness share: saved registers and header words. */
import type { Assembler } from '../../support/assembler.js';
import type { Header } from './layout.js';

/** Registers that the handlers save: all from x1 on but tp. */
export const saved = (from = 1): number[] => Array.from({ length: 32 - from }, (_, i) => i + from).filter((i) => i !== 4);

/** Offset in the context of a saved register. */
export const slot = (base: number, index: number): number => base + 8 * index;

/** Loads a header word; clobbers only `rd`. */
export function loadHeader(a: Assembler, rd: string, name: keyof Header): void {
  a.la(rd, `header.${name}`);
  a.insn('ld', rd, `0(${rd})`);
}
