/** The end of virtual time: nanoseconds are exact numbers for 104 days, and no machine waits for longer. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asm } from '../support/assembler.js';
import { VirtMachine } from '../support/virt-machine.js';

const END_NS = Number.MAX_SAFE_INTEGER;
/** Nanoseconds of a unit of mtime and stimecmp. */
const UNIT_NS = 100;
const LAST_UNIT = Math.floor(END_NS / UNIT_NS);
const ENOUGH_TICKS = 1000;

/** Programs that sleep until the timer's time in s0, and then spin. */
const SLEEPERS = {
  mtimecmp: asm((a) => a.text('li t0, 0x2004000; sd s0, 0(t0); li t1, 0x80; csrw mie, t1; wfi; spin: addi a0, a0, 1; j spin')),
  stimecmp: asm((a) =>
    a.text('li t0, 1; slli t0, t0, 63; csrw menvcfg, t0; csrw stimecmp, s0; li t1, 0x20; csrw mie, t1; wfi; spin: addi a0, a0, 1; j spin'),
  ),
};

function sleeperUntil(timer: keyof typeof SLEEPERS, time: number): VirtMachine {
  const machine = VirtMachine.create(SLEEPERS[timer]);
  const s0 = machine.debug.registers.findIndex(({ name, aliases }) => name === 's0' || aliases.includes('s0'));
  machine.debug.writeRegister(0, s0, BigInt(time));
  return machine;
}

const test = suite('the end of virtual time');

for (const timer of ['mtimecmp', 'stimecmp'] as const) {
  test(`${timer} wakes a hart at the last moment of virtual time`, () => {
    const machine = sleeperUntil(timer, LAST_UNIT);
    const stop = machine.run(ENOUGH_TICKS);
    assert.is(stop.kind, 'limit');
    assert.is(machine.tick, ENOUGH_TICKS);
    assert.ok(machine.nowNs >= LAST_UNIT * UNIT_NS, `${machine.nowNs}`);
  });

  test(`a ${timer} behind the end of virtual time wakes nobody: the machine is idle for good`, () => {
    for (const time of [LAST_UNIT + 1, 2 ** 60]) {
      const machine = sleeperUntil(timer, time);
      assert.equal(machine.run(ENOUGH_TICKS), { kind: 'idle' });
      const { tick } = machine;
      assert.ok(tick < ENOUGH_TICKS);
      assert.ok(machine.nowNs < UNIT_NS, 'no time was skipped');
      assert.equal(machine.run(ENOUGH_TICKS), { kind: 'idle' });
      assert.is(machine.tick, tick);
    }
  });
}

test.run();
