/** Zifencei, after the unprivileged ISA manual. Nothing to do: stores to code take effect at the next instruction in any case. */

import { ignoredImm, ignoredRd, ignoredRs1 } from './fields.js';
import { extension, format } from './formats.js';

const FENCEI = format({ rd: ignoredRd, rs1: ignoredRs1, imm: ignoredImm }, '');

export const ZIFENCEI = extension('Zifencei', 'Unprivileged ISA, "Zifencei Extension for Instruction-Fetch Fence"', [
  FENCEI('fence.i', '............ ..... 001 ..... 0001111', () => {}),
]);
