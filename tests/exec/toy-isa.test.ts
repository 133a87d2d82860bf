import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CAUSE_ILLEGAL, CAUSE_LOAD, CAUSE_STORE, CAUSE_SYS } from '../support/toy-isa/layout.js';
import { runOnAllPaths, ticksUpTo } from '../support/toy-isa/paths.js';

const test = suite('a second guest on the same engine');

test('a loop with arithmetic, flags and memory', () => {
  const machine = runOnAllPaths(
    `       ldi r1, 1000
            ldi r2, data
            ldi8 r3, 1
            ldi8 r4, 0
      loop: add r4, r1
            st [r2], r4
            ld r5, [r2]
            xor r5, r1
            stb [r2+9], r5
            sub r1, r3
            jnz loop
      end:  jmp end
      .org 0x2000
      data: .quad 0, 0`,
    ticksUpTo(7600),
  );
  assert.is(machine.register(4), 500500n);
  assert.is(machine.quad(0x2000), 500500n);
});
test.run();
