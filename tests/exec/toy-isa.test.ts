import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRELUDE, skipTo, trapLog } from '../support/toy-isa/handler.js';
import {
  ALIAS,
  CAUSE_FETCH,
  CAUSE_ILLEGAL,
  CAUSE_INTERRUPT,
  CAUSE_LOAD,
  CAUSE_PRIVILEGED,
  CAUSE_STORE,
  CAUSE_SYS,
  USER_END,
} from '../support/toy-isa/layout.js';
import { DEVICE_COUNTER, DEVICE_RAISE, DEVICE_TIMER } from '../support/toy-isa/machine.js';
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

test('recursion through a link register, and through return addresses in memory', () => {
  const body = (name: string, call: string, ret: string, link: boolean): string => `
      ${name}: ldi8 r2, 2
            cmp r1, r2
            jlt ${name}_leaf
            ${link ? 'push r7' : ''}
            push r1
            ldi8 r2, 1
            sub r1, r2
            ${call} ${name}
            pop r1
            push r3
            ldi8 r2, 2
            sub r1, r2
            ${call} ${name}
            pop r2
            add r3, r2
            ${link ? 'pop r7' : ''}
            ${ret}
      ${name}_leaf: mov r3, r1
            ${ret}`;
  const machine = runOnAllPaths(
    `       ldi r6, 0x8000
            ldi8 r1, 12
            call linked
            mov r4, r3
            ldi8 r1, 13
            calls stacked
            mov r5, r3
      end:  jmp end
      ${body('linked', 'call', 'ret', true)}
      ${body('stacked', 'calls', 'rets', false)}`,
    ticksUpTo(19000),
  );
  assert.is(machine.register(4), 144n);
  assert.is(machine.register(5), 233n);
  assert.is(machine.register(6), 0x8000n);
});

test('indirect jumps to many targets', () => {
  const machine = runOnAllPaths(
    `       ldi r1, 600
            ldi r6, 0x8000
            ldi8 r2, 0
            ldi8 r3, 24
      loop: ld r4, [r2+0x70]
            jr r4
      .org 0x70
            .quad one, two, three, one
      one:  ldi8 r4, 1
            add r5, r4
            jmp next
      two:  ldi8 r4, 100
            add r5, r4
            jmp next
      three: calls sub
            jmp next
      sub:  ldi r4, 10000
            add r5, r4
            rets
      next: ldi8 r4, 8
            add r2, r4
            and r2, r3
            ldi8 r4, 1
            sub r1, r4
            jnz loop
      end:  jmp end`,
    ticksUpTo(7500),
  );
  assert.is(machine.register(5), 150n * 10102n);
});

test('the same bytes are other instructions in another mode', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi8 r4, 60
            ldi8 r5, 0
      loop: calls code
            mode 1
            calls code
            mode 0
            ldi8 r2, 1
            sub r4, r2
            jnz loop
      end:  jmp end
      ; ldi with 8 bytes; with 4 bytes the rest is "add r5, r1; rets; nop"
      code: ldi r1, 0x0148512000000007
            add r5, r1
            rets`,
    ticksUpTo(1200),
  );
  assert.is(machine.register(4), 0n);
  assert.is(machine.register(5), 60n * (0x0148512000000007n + 7n));
});

test('more code than the arena holds', () => {
  const functions = Array.from({ length: 48 }, (_, i) => i);
  const machine = runOnAllPaths(
    `       ldi r5, 12
            ldi8 r3, 1
      loop: ldi r2, table
      next: ld r1, [r2]
            ldi8 r7, 8
            add r2, r7
            cmp r1, r6
            jz done
            ldi r7, next
            jr r1
      done: sub r5, r3
            jnz loop
      end:  jmp end
      .org 0x1000
      table: .quad ${functions.map((i) => `f${i}`).join(', ')}, 0
      ${functions.map((i) => `f${i}: ldi8 r0, ${i}\n add r4, r0\n cmp r0, r5\n jlt g${i}\n add r4, r3\n g${i}: jmp h${i}\n h${i}: ret`).join('\n')}`,
    ticksUpTo(8400, 10),
  );
  let expected = 0;
  for (let round = 12; round > 0; round--) for (const i of functions) expected += i + (i < round ? 0 : 1);
  assert.is(machine.register(4), BigInt(expected));
});

test('faults are precise: nothing of the faulting instruction is done', () => {
  const bad = '0x7ffff000';
  const attempt = (name: string, insn: string, r6 = '0x8000'): string => `
            ${skipTo(`${name}_end`)}
            ldi r6, ${r6}
            ldi8 r3, 5
            cmp r3, r4
      ${name}: ${insn}
            ldi8 r5, 66
      ${name}_end: getf r2
            cmp r3, r2
            stb [r6-16], r2`;
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r4, ${bad}
            ldi8 r5, 0
            ${attempt('a', 'ld r3, [r4+8]')}
            ${attempt('b', 'st [r4], r3')}
            ${attempt('c', 'addm r3, [r4]')}
            ${attempt('d', 'incm [r4]')}
            ${attempt('e', 'xchg r3, r4')}
            ${attempt('f', 'jnzm r4, a')}
            ${attempt('g', '.byte 0xff')}
            ${attempt('h', '.byte 0x12, 0x8f')}
            ${skipTo('done')}
            jr r4
      done: ldi8 r1, 77
      end:  jmp end`,
    ticksUpTo(480, 40),
  );
  assert.is(machine.register(1), 77n);
  assert.is(machine.register(3), 5n);
  assert.is(machine.register(5), 0n);
  const log = trapLog(machine);
  assert.equal(
    log.map(({ cause }) => cause),
    [CAUSE_LOAD, CAUSE_STORE, CAUSE_LOAD, CAUSE_LOAD, CAUSE_LOAD, CAUSE_LOAD, CAUSE_ILLEGAL, CAUSE_ILLEGAL, CAUSE_FETCH],
  );
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  assert.equal(
    log.slice(0, 8).map(({ epc }) => epc),
    names.map((name) => BigInt(machine.program.at(name))),
  );
  assert.equal(
    log.slice(0, 3).map(({ tval }) => tval),
    [0x7ffff008n, 0x7ffff000n, 0x7ffff000n],
  );
  assert.equal(
    log.slice(6).map(({ tval }) => tval),
    [0xffn, 0x12n, 0x7ffff000n],
  );
  assert.is(log[8].epc, 0x7ffff000n);
});

test('a stack access that faults leaves the stack pointer alone', () => {
  const attempt = (name: string, insn: string): string => `
            ${skipTo(`${name}_end`)}
            ldi r6, 0x7ffff000
      ${name}: ${insn}
      ${name}_end: st [r5], r6
            add r5, r4`;
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi8 r4, 8
            ldi r5, 0x2000
            ${attempt('a', 'push r4')}
            ${attempt('b', 'pop r4')}
            ${attempt('c', 'calls main')}
            ${attempt('d', 'rets')}
      end:  jmp end`,
    ticksUpTo(240, 40),
  );
  assert.equal(
    [0x2000, 0x2008, 0x2010, 0x2018].map((at) => machine.quad(at)),
    [0x7ffff000n, 0x7ffff000n, 0x7ffff000n, 0x7ffff000n],
  );
  const log = trapLog(machine);
  assert.equal(
    log.map(({ cause }) => cause),
    [CAUSE_STORE, CAUSE_LOAD, CAUSE_STORE, CAUSE_LOAD],
  );
  assert.equal(
    log.map(({ epc }) => epc),
    ['a', 'b', 'c', 'd'].map((name) => BigInt(machine.program.at(name))),
  );
});

test('user mode calls the supervisor, and faults where it must not go', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ${skipTo('end')}
            ldi8 r5, 40
            ldi8 r4, 0
            ldi8 r3, 1
            ldi r2, ${USER_END}
            st [r2], r3
            user
      loop: sys 7
            add r4, r3
            sub r5, r3
            jnz loop
            sys 8
      peek: ld r4, [r2]
      end:  jmp end`,
    ticksUpTo(2000),
  );
  const log = trapLog(machine);
  assert.is(log.filter(({ cause, tval }) => cause === CAUSE_SYS && tval === 7n).length, 40);
  const fault = log.find(({ cause }) => cause === CAUSE_LOAD);
  assert.is(fault?.tval, BigInt(USER_END));
  assert.is(fault?.epc, BigInt(machine.program.at('peek')));
  assert.is(machine.register(4), 40n);
});

test('privileged instructions trap in user mode', () => {
  const attempts = ['iret', 'rdc r3, 2', 'wrc r3, 0', 'user', 'mode 1', 'irq 1', 'wait'];
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r1, next
            wrc r1, 5
            ldi8 r3, 99
            ldi8 r4, 0
            ldi r5, table
            user
      next: ld r2, [r5]
            ldi8 r1, 8
            add r5, r1
            jr r2
      table: .quad ${attempts.map((_, i) => `try${i}`).join(', ')}, end
      ${attempts.map((insn, i) => `try${i}: ${insn}\n ldi8 r4, 1`).join('\n')}
      end:  jmp end`,
    ticksUpTo(320),
  );
  assert.equal(
    trapLog(machine).map(({ cause }) => cause),
    attempts.map(() => CAUSE_PRIVILEGED),
  );
  assert.is(machine.register(3), 99n);
  assert.is(machine.register(4), 0n);
});

test('an instruction across a page end', () => {
  for (let inFirst = 1; inFirst < 10; inFirst++) {
    const machine = runOnAllPaths(
      `     ldi r1, 50
            ldi8 r2, 1
            jmp code
      .org ${0x1000 - inFirst - 3}
      back: add r4, r3
            nop
      code: ldi r3, 0x1234567890abcdef
            sub r1, r2
            jnz back
      end:  jmp end`,
      ticksUpTo(300, 6),
    );
    assert.is(machine.register(4), BigInt.asIntN(64, 49n * 0x1234567890abcdefn));
  }
});

test('the page behind decides by privilege, even where the code in front of it is translated and chained', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi8 r5, 20
            ldi8 r3, 1
            ldi r2, code
            ldi r7, back
      warm: jr r2
      back: sub r5, r3
            jnz warm
            ${skipTo('end')}
            ldi8 r4, 0
            user
            jr r2
      end:  jmp end
      .org ${USER_END - 10}
      code: cmp r4, r3
            jz code
            jmp cross
      cross: ldi r4, 2
            ret`,
    ticksUpTo(330, 30),
  );
  const log = trapLog(machine);
  assert.equal(
    log.map(({ cause }) => cause),
    [CAUSE_FETCH],
  );
  assert.is(log[0].epc, BigInt(machine.program.at('cross')));
  assert.is(log[0].tval, BigInt(USER_END));
  assert.is(machine.register(4), 0n);
});

test('an instruction across a page end has another second half through another mapping', () => {
  // Page 5 follows page 4; in the alias, where neighbours are swapped, page 7 does.
  const machine = runOnAllPaths(
    `       ldi8 r5, 30
            ldi8 r3, 1
      loop: call direct
            ldi r7, back
            ldi r1, ${ALIAS + 0x5ff0n}
            jr r1
      back: sub r5, r3
            jnz loop
      end:  jmp end
      .org 0x4ff0
      direct: cmp r5, r3
            jlt direct
            jmp cross
      .org 0x4ffc
      cross: ldi r1, 0x0000000000000100
            add r4, r1
            ret
      .org 0x7000
            .byte 1, 0, 0, 0, 0, 0
            add r4, r1
            ret`,
    ticksUpTo(700, 12),
  );
  assert.is(machine.register(4), 30n * (0x100n + 0x10100n));
});

test('interrupts land on the same tick on all paths', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r5, ${DEVICE_TIMER}
            ldi8 r4, 0
            ldi8 r3, 1
            irq 1
            ldi r2, 37
      loop: stb [r5], r2
      spin: add r4, r3
            ldi8 r1, 15
            and r1, r4
            jnz spin
            add r2, r3
            jmp loop`,
    ticksUpTo(4000, 40),
  );
  const log = trapLog(machine);
  assert.ok(log.length > 20);
  assert.ok(log.every(({ cause }) => cause === CAUSE_INTERRUPT));
});

test('a waiting hart wakes at the timer: idle time is skipped', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r5, ${DEVICE_TIMER}
            ldi r2, 200
            stb [r5], r2
            irq 1
            wait
            ldi8 r4, 1
      end:  jmp end`,
    ticksUpTo(80, 30),
  );
  assert.is(machine.register(4), 1n);
  assert.equal(
    trapLog(machine).map(({ cause, epc }) => [cause, epc]),
    [[CAUSE_INTERRUPT, BigInt(machine.program.at('end') - 3)]],
  );
});

test('a device access that raises an interrupt completes all of its instruction first', () => {
  const low = BigInt(DEVICE_RAISE & 0xff);
  const high = BigInt((DEVICE_RAISE + 4) & 0xff) << 32n;
  const check = (insn: string, expected: { r4?: bigint; r6?: bigint; z?: boolean }): void => {
    const machine = runOnAllPaths(
      `${PRELUDE}
            ldi r5, ${DEVICE_RAISE}
            ldi r6, ${DEVICE_RAISE}${insn.startsWith('p') && !insn.startsWith('pop') ? '+8' : ''}
            ldi8 r4, 5
            cmp r4, r4
            irq 1
            ${insn}
      here: nop
            getf r3
      end:  jmp end`,
      ticksUpTo(80, 40),
    );
    assert.equal(
      trapLog(machine).map(({ cause, epc }) => [cause, epc]),
      [[CAUSE_INTERRUPT, BigInt(machine.program.at('here'))]],
      insn,
    );
    assert.is(machine.register(4), expected.r4 ?? 5n, insn);
    assert.is(machine.register(6), expected.r6 ?? BigInt(DEVICE_RAISE), insn);
    assert.is(machine.register(3), expected.z === false ? 0n : 1n, insn);
  };
  check('ld r4, [r5]', { r4: high | low });
  check('ldb r4, [r5]', { r4: low });
  check('stb [r5], r4', {});
  check('addm r4, [r5]', { r4: (high | low) + 5n, z: false });
  check('incm [r5]', { z: false });
  check('xchg r4, r5', { r4: high | low });
  check('pop r4', { r4: high | low, r6: BigInt(DEVICE_RAISE + 8) });
  check('push r4', {});
});

test('a call whose return address raises an interrupt arrives first', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r6, ${DEVICE_RAISE + 8}
            irq 1
            calls sub
      end:  jmp end
      sub:  ldi8 r4, 1
            jmp end`,
    ticksUpTo(80, 40),
  );
  assert.equal(
    trapLog(machine).map(({ epc }) => epc),
    [BigInt(machine.program.at('sub'))],
  );
  assert.is(machine.register(6), BigInt(DEVICE_RAISE));
  assert.is(machine.register(4), 1n);
});

test('a branch on device memory that raises an interrupt is taken first', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r5, ${DEVICE_RAISE}
            irq 1
            jnzm r5, there
            ldi8 r4, 1
      end:  jmp end
      there: ldi8 r4, 2
            jmp end`,
    ticksUpTo(80, 40),
  );
  assert.is(machine.register(4), 2n);
  assert.equal(
    trapLog(machine).map(({ epc }) => epc),
    [BigInt(machine.program.at('there'))],
  );
});

test('a return through device memory that raises an interrupt returns first', () => {
  const machine = runOnAllPaths(
    `${PRELUDE}
            ldi r6, ${DEVICE_RAISE}
            irq 1
            rets`,
    ticksUpTo(40, 30),
  );
  // The device gives the low byte of its address in both halves.
  const target = (BigInt((DEVICE_RAISE + 4) & 0xff) << 32n) | BigInt(DEVICE_RAISE & 0xff);
  const [interrupt] = trapLog(machine);
  assert.is(interrupt?.cause, CAUSE_INTERRUPT);
  assert.is(interrupt?.epc, target);
  assert.is(machine.register(6), BigInt(DEVICE_RAISE + 8));
});

test('device reads are neither repeated nor lost', () => {
  const machine = runOnAllPaths(
    `       ldi r5, ${DEVICE_COUNTER}
            ldi r1, 300
            ldi8 r3, 1
      loop: ldb r2, [r5]
            add r4, r2
            sub r1, r3
            jnz loop
      end:  jmp end`,
    ticksUpTo(1300),
  );
  assert.is(machine.register(4), sumOfBytes(300));
});

/** Sum of the low bytes of 1 .. n. */
function sumOfBytes(n: number): bigint {
  let sum = 0n;
  for (let i = 1; i <= n; i++) sum += BigInt(i & 0xff);
  return sum;
}

test.run();
