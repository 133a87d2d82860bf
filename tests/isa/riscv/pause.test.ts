import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asm } from '../../support/assembler.js';
import { type PathOptions, runOnPaths } from '../../support/paths.js';
import { RiscvMachine } from '../../support/riscv-machine.js';

const test = suite('pause');

/** Hart 0 counts to `work`, then sets the flag that the others spin on with `spin` in the loop, and all of them go to sleep. */
const program = (spin: string, work: number): Uint8Array =>
  asm((a) => {
    a.text('csrr t0, mhartid');
    a.la('s0', 'flag');
    a.text('bnez t0, wait');
    a.li('t1', work);
    a.text('count: addi t1, t1, -1; bnez t1, count; li t2, 1; sw t2, 0(s0); j sleep');
    a.text(`wait: ${spin}; addi s1, s1, 1; lw t2, 0(s0); beqz t2, wait`);
    a.text('sleep: csrw mie, zero; wfi; j sleep');
    a.label('flag');
    a.dword(0);
  });

const machineWith = (harts: number, spin: string, work = 50_000) => {
  const bytes = program(spin, work);
  return (options: PathOptions) => new RiscvMachine(bytes, { ...options, harts });
};

const LAST = 10_000_000;

test('gives the turn to the next hart, so that a spinning hart takes few ticks', () => {
  for (const spin of ['pause', 'nop']) {
    const machine = machineWith(2, spin)({});
    machine.run(LAST);
    const spent = machine.hartTicks(1);
    assert.ok(machine.hartTicks(0) > 100_000);
    assert.ok(spin === 'pause' ? spent < 100 : spent > 50_000, `${spin}: ${spent}`);
  }
});

/** Hart 0 pauses between load-reserved and store-conditional; the end of a turn ends a reservation. a0: whether the store failed. */
const reserved = (others: string): Uint8Array =>
  asm((a) => {
    a.la('s0', 'word');
    a.text(`csrr t0, mhartid; bnez t0, other`);
    // The others have had a turn when this is over.
    a.li('t1', 10_000);
    a.text('delay: addi t1, t1, -1; bnez t1, delay');
    a.text('lr.w t2, 0(s0); pause; sc.w a0, t1, 0(s0)');
    a.text(`sleep: csrw mie, zero; wfi; j sleep; other: ${others}; j other`);
    a.label('word');
    a.text('nop');
  });

test('does nothing with one hart, nor while all others wait', () => {
  const cases = [
    { harts: 1, others: 'nop', failed: 0n },
    { harts: 4, others: 'wfi', failed: 0n },
    { harts: 4, others: 'nop', failed: 1n },
  ];
  for (const { harts, others, failed } of cases) {
    const machine = new RiscvMachine(reserved(others), { harts });
    machine.run(200_000);
    assert.is(machine.register('a0'), failed, `${harts} ${others}`);
  }
});

test('ends turns at the same ticks on every path', () => {
  runOnPaths(machineWith(4, 'pause', 30_000), [10, 100, 1000, 20_003, 40_000, 60_040]);
});

test.run();
