/** Privileged instructions, after the privileged ISA manual, "Machine-Mode Privileged Instructions" and "Supervisor Instructions". */

import { rs1, rs2 } from './fields.js';
import { extension, format, NONE } from './formats.js';

const SFENCE = format({ rs1, rs2 }, 'rs1, rs2');
const RS1 = format({ rs1 }, 'rs1');

// biome-ignore format: a table
export const PRIVILEGED = extension('Privileged', 'Privileged ISA, "Machine-Level ISA" and "Supervisor-Level ISA"', [
  NONE('sret',         '0001000 00010 00000 000 00000 1110011', (b) => { b.call('sret'); b.ir.leave(); }),
  NONE('mret',         '0011000 00010 00000 000 00000 1110011', (b) => { b.call('mret'); b.ir.leave(); }),
  NONE('wfi',          '0001000 00101 00000 000 00000 1110011', (b) => { b.call('wfi'); }),
  // Cached translations are coherent with the page tables, so that only the privilege is to be checked.
  SFENCE('sfence.vma', '0001001 ..... ..... 000 00000 1110011', (b, o) => { b.call('sfence', { a: b.x(o.rs1), b: b.imm(b.bits) }); }),

  NONE.alias('sfence.vma', '0001001 00000 00000 000 00000 1110011'),
  RS1.alias('sfence.vma',  '0001001 00000 ..... 000 00000 1110011'),
]);
