/** Code for pages that are neighbours in virtual memory only: an instruction begins at the end of the one and ends in the other. */
import { Assembler } from '../../support/assembler.js';
import { encode } from '../../support/instructions.js';
import { CROSSING_CODE, CROSSING_PAGES } from './layout.js';
import type { Random } from './prng.js';

const PAGE = 4096;
/** Where the code of a first page begins: it is at most this far from the page's end. */
export const CROSSING_ENTRY = PAGE - 10;

/** An instruction whose upper half can be any other one's of these. */
const crossing = (random: Random): number =>
  encode(random.pick(['addi', 'xori', 'ori', 'andi', 'sltiu']), { rd: 5, rs1: random.below(32), imm: random.between(-2048, 2047) });

/** The bytes of the pages at CROSSING_CODE; any of the second half may follow any of the first half. */
export function crossingCode(random: Random): Uint8Array {
  const a = new Assembler(CROSSING_CODE);
  for (let page = 0; page < CROSSING_PAGES; page++) {
    const start = CROSSING_CODE + PAGE * page;
    const bits = crossing(random);
    if (page < CROSSING_PAGES / 2) {
      a.org(start + CROSSING_ENTRY);
      for (let i = 0; i < 4; i++) a.insn('c.addi', 't0', random.between(1, 31));
      a.half(bits & 0xffff);
    } else {
      a.org(start);
      a.half(bits >>> 16);
      a.insn('addi', 't0', 't0', random.between(-2048, 2047));
      a.insn('c.jr', 'ra');
    }
  }
  a.org(CROSSING_CODE + PAGE * CROSSING_PAGES);
  return a.finish();
}
