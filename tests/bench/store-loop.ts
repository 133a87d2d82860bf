/** A bare-metal guest that stores to one page in a loop: the tick of a breakpoint or a watchpoint that is met often, and costs. */
import { asm } from '../support/assembler.js';
import { writeElf } from '../support/elf-writer.js';

const BASE = 0x80000000;
const PAGE = 0x80001000;

export interface StoreLoop {
  readonly elf: Uint8Array;
  /** The store; t0 counts down to 1 there, and is never 0. */
  readonly store: number;
  /** A word on the page that is stored to, which the loop never touches. */
  readonly neighbour: number;
}

/** The guest of `rounds` stores. It prints the lines `@begin` in front of its loop and `@end` behind it, then powers off. */
export function storeLoop(rounds: number): StoreLoop {
  let store = 0;
  const bytes = asm((a) => {
    const print = (text: string): void => {
      for (const char of `${text}\n`) a.text(`li a1, ${char.charCodeAt(0)}; sb a1, 0(a0)`);
    };
    a.li('a0', 0x10000000);
    a.li('s0', PAGE);
    a.li('t0', rounds);
    print('@begin');
    a.label('loop');
    store = a.here;
    a.text('sd t0, 0(s0); addi t0, t0, -1; bnez t0, loop');
    print('@end');
    a.li('t1', 0x100000);
    a.li('t2', 0x5555);
    a.text('sw t2, 0(t1); stop: j stop');
  });
  const elf = writeElf({ entry: BASE, segments: [{ address: BASE, bytes, memorySize: 0x2000 }] });
  return { elf, store, neighbour: PAGE + 0x800 };
}
