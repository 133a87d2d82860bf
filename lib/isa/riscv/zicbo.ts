/** Cache-block operations (Zicbom, Zicboz) and prefetches (Zicbop), after the unprivileged ISA manual, "CMO Extensions". */

import { field } from '../table.js';
import { rs1 } from './fields.js';
import { extension, format } from './formats.js';
import type { RiscvBuilder } from './riscv-builder.js';

const CBO = format({ rs1 }, '(rs1)');
const PREFETCH = format({ rs1, imm: field('11:5=31:25', { signed: true }) }, 'imm(rs1)');

function cbo(b: RiscvBuilder, o: { rs1: number }): void {
  b.call('cbo', { a: b.x(o.rs1), b: b.imm(b.bits) });
}

// biome-ignore format: a table
export const ZICBO = extension('Zicbom, Zicboz, Zicbop', 'Unprivileged ISA, "CMO Extensions for Base Cache Management Operation ISA"', [
  CBO('cbo.inval', '000000000000 ..... 010 00000 0001111', cbo),
  CBO('cbo.clean', '000000000001 ..... 010 00000 0001111', cbo),
  CBO('cbo.flush', '000000000010 ..... 010 00000 0001111', cbo),
  CBO('cbo.zero',  '000000000100 ..... 010 00000 0001111', cbo),

  // Hints in the space of ORI with rd = x0, which does nothing either.
  PREFETCH.alias('prefetch.i', '....... 00000 ..... 110 00000 0010011'),
  PREFETCH.alias('prefetch.r', '....... 00001 ..... 110 00000 0010011'),
  PREFETCH.alias('prefetch.w', '....... 00011 ..... 110 00000 0010011'),
]);
