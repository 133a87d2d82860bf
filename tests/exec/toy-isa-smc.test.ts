import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRELUDE, trapLog } from '../support/toy-isa/handler.js';
import { ALIAS, CAUSE_SYS } from '../support/toy-isa/layout.js';
import { runOnAllPaths, ticksUpTo } from '../support/toy-isa/paths.js';

const test = suite('self-modifying code without any fence');

/** Sum of f(n) for n = count, count - 1, .. 1. */
const sum = (count: number, f: (n: number) => number): bigint => {
  let total = 0;
  for (let n = count; n >= 1; n--) total += f(n);
  return BigInt(total);
};

/** A loop that runs `body` with r5 = count .. 1 and r3 = 1, and then stays at `end`. */
const loop = (count: number, body: string): string => `
            ldi r5, ${count}
            ldi8 r3, 1
            ldi r6, 0x8000
            ldi r2, target
      loop:
            ${body}
            sub r5, r3
            jnz loop
      end:  jmp end`;

test('a store into the next instruction', () => {
  const machine = runOnAllPaths(
    loop(
      100,
      `     stb [r2+2], r5
    target: ldi8 r1, 0
            add r4, r1`,
    ),
    ticksUpTo(520),
  );
  assert.is(
    machine.register(4),
    sum(100, (n) => n),
  );
});

test('a store into an instruction later in the same block', () => {
  const machine = runOnAllPaths(
    loop(
      90,
      `     stb [r2+2], r5
            add r4, r3
            nop
            mov r7, r4
    target: ldi8 r1, 0
            add r4, r1`,
    ),
    ticksUpTo(740),
  );
  assert.is(
    machine.register(4),
    sum(90, (n) => n + 1),
  );
});

test('a store into an instruction in front, in the running loop', () => {
  const machine = runOnAllPaths(
    loop(
      90,
      `
    target: ldi8 r1, 0
            add r4, r1
            stb [r2+2], r5`,
    ),
    ticksUpTo(470),
  );
  // Each round adds what the round before has stored.
  assert.is(
    machine.register(4),
    sum(90, (n) => (n === 90 ? 0 : n + 1)),
  );
});

test('a store that overwrites itself', () => {
  // It stores r4 or r7, and makes itself store the other one next time.
  const machine = runOnAllPaths(
    `       ldi8 r4, 0x27
            ldi8 r7, 0x24
            ${loop(
              40,
              `
    target: stb [r2+1], r4
            ldb r1, [r2+1]
            add r0, r1
            sub r6, r1`,
            )}`,
    ticksUpTo(250),
  );
  assert.is(machine.register(0), 20n * BigInt(0x27 + 0x24));
});

test('an opcode that becomes another one, of another length', () => {
  const machine = runOnAllPaths(
    loop(
      60,
      `     ldi8 r1, 16
            and r1, r5
            jnz put
            ldi8 r1, 1
      put:  stb [r2], r1
            ldi8 r1, 7
    target: .byte 0x01, 0x01, 0x01          ; nop; nop; nop, or: ldi8 r1, 1
            add r4, r1`,
    ),
    ticksUpTo(640),
  );
  assert.is(
    machine.register(4),
    sum(60, (n) => ((n & 16) !== 0 ? 1 : 7)),
  );
});

test('a push into code, whose stack pointer must move too', () => {
  const machine = runOnAllPaths(
    loop(
      50,
      `     ldi r6, target + 10
            ldi r1, 0x100
            add r1, r5
            push r1
    target: ldi r1, 0
            add r4, r1
            ldi r7, target+2
            sub r7, r6
            add r4, r7`,
    ),
    ticksUpTo(580),
  );
  assert.is(
    machine.register(4),
    sum(50, (n) => n + 0x100),
  );
});

test('an increment of an immediate operand', () => {
  const machine = runOnAllPaths(
    loop(
      50,
      `     incm [r2+2]
    target: ldi r1, 0
            add r4, r1
            incm [r2+2]`,
    ),
    ticksUpTo(330),
  );
  assert.is(
    machine.register(4),
    sum(50, (n) => 2 * (50 - n) + 1),
  );
});

test('code at the end of a page and in the next one, overwritten by one store', () => {
  for (const inFirst of [1, 2, 4, 7]) {
    // An instruction across the page end; the 8 bytes of its immediate operand are stored at once.
    const machine = runOnAllPaths(
      `     ldi r5, 40
            ldi8 r3, 1
            ldi r2, target
            ldi r6, 0x1000000000001
            ldi8 r1, 0
            jmp loop
      .org ${0x2000 - inFirst - 8}
      loop: nop
            nop
            st [r2+2], r1
            nop
      target: ldi r1, 0
            add r1, r6
            add r4, r1
            sub r5, r3
            jnz loop
      end:  jmp end`,
      ticksUpTo(380, 10),
    );
    assert.is(machine.register(4), 820n * 0x1000000000001n);
  }
});

test('each half of an instruction across a page end, overwritten alone', () => {
  const machine = runOnAllPaths(
    `       ldi r5, 40
            ldi8 r3, 1
            ldi r2, 0x1fff
            ldi r6, 0x2000
            jmp loop
      .org 0x1ff6
      loop: stb [r2], r5
            stb [r6+6], r5
            nop
      target: ldi r1, 0
            add r4, r1
            sub r5, r3
            jnz loop
      end:  jmp end`,
    ticksUpTo(290),
  );
  // The immediate operand begins at 0x1fff.
  assert.is(machine.program.at('target'), 0x1ffd);
  assert.is(machine.register(4), BigInt.asIntN(64, sum(40, (n) => n) * ((1n << 56n) + 1n)));
});

test('a store through another mapping of the page', () => {
  const machine = runOnAllPaths(
    loop(
      60,
      `     ldi r2, ${ALIAS} + target + 0x1000
            stb [r2+2], r5
    target: ldi8 r1, 0
            add r4, r1`,
    ),
    ticksUpTo(380),
  );
  assert.is(
    machine.register(4),
    sum(60, (n) => n),
  );
});

test('code that runs at two addresses of one page', () => {
  const machine = runOnAllPaths(
    loop(
      60,
      `     ldi r7, back1
            jmp target
      back1: ldi r7, back2
            ldi r1, ${ALIAS} + target + 0x1000
            jr r1
      back2: stb [r2+2], r5
            ldi r7, over
            jmp over
    target: ldi8 r1, 0
            add r4, r1
            ret
      over: nop`,
    ),
    ticksUpTo(1100),
  );
  assert.is(
    machine.register(4),
    sum(60, (n) => (n === 60 ? 0 : 2 * (n + 1))),
  );
});

test('data beside code, and stores that do not change it', () => {
  const machine = runOnAllPaths(
    loop(
      100,
      `     st [r2+8], r5
            ld r1, [r2+8]
            add r4, r1
            ld r1, [r2]
            st [r2], r1
            jmp over
    target: add r0, r3
            jmp over
      .byte 0, 0, 0
      .quad 0
      over: call target2
            jmp next
   target2: add r0, r3
            ret
      next: nop`,
    ),
    ticksUpTo(1300),
  );
  assert.is(
    machine.register(4),
    sum(100, (n) => n),
  );
});

test('a function that is written, called, and written again', () => {
  const machine = runOnAllPaths(
    `       ldi r5, 60
            ldi8 r3, 1
            ldi r2, 0x4000
      loop: ldi r1, 0x464121000110          ; ldi8 r1, 0; sub r4, r1; ret
            ldi r6, 0x10000
            mul r6, r5
            add r1, r6
            st [r2], r1
            ldi r7, back
            jr r2
      back: ldi8 r1, 0x20                   ; add instead of sub
            stb [r2+3], r1
            call far
            sub r5, r3
            jnz loop
      end:  jmp end
      far:  jmp 0x4000`,
    ticksUpTo(1300),
  );
  assert.is(machine.register(5), 0n);
  assert.is(machine.register(4), 0n);
  assert.is(machine.register(1), 1n);
});

test('user mode overwrites code that the supervisor runs', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r5, 30
            ldi8 r3, 1
            ldi r2, handler
            user
      loop: sys 1
            ldb r4, [r2+1]
            stb [r2+1], r4
            sys 2
            sub r5, r3
            jnz loop
      end:  jmp end`,
    ticksUpTo(2000),
  );
  assert.is(trapLog(machine).filter(({ cause }) => cause === CAUSE_SYS).length, 60);
});

test.run();
