import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Clint } from '../../lib/devices/clint.js';
import { loadDevice, saveDevice } from '../../lib/devices/device.js';
import { ImageError } from '../../lib/util/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { Line } from '../support/ports.js';

const MTIMECMP = 0x4000;
const MTIME = 0xbff8;

function bench() {
  const clock = new FakeClock();
  const lines = [0, 1].map(() => ({ msip: new Line(), mtip: new Line() }));
  const clint = new Clint({ clock, harts: lines });
  const setTimer = (hart: number, low: number, high = 0) => {
    clint.write(MTIMECMP + hart * 8, 4, low);
    clint.write(MTIMECMP + hart * 8 + 4, 4, high);
  };
  return { clock, clint, setTimer, hart0: lines[0] as (typeof lines)[0], hart1: lines[1] as (typeof lines)[0] };
}

const test = suite('clint');

test('mtime counts virtual time at 10 MHz, in two halves', () => {
  const { clock, clint } = bench();
  clock.advanceTo(199);
  assert.is(clint.read(MTIME, 4), 1);
  clock.advanceTo((2 ** 32 + 5) * 100);
  assert.equal([clint.read(MTIME, 4), clint.read(MTIME + 4, 4)], [5, 1]);
});

test('mtime cannot be set', () => {
  const { clock, clint } = bench();
  clock.advanceTo(1000);
  clint.write(MTIME, 4, 77);
  assert.is(clint.read(MTIME, 4), 10);
});

test('msip has one bit and drives its own hart only', () => {
  const { clint, hart0, hart1 } = bench();
  clint.write(4, 4, 0xffffffff);
  assert.equal([clint.read(0, 4), clint.read(4, 4)], [0, 1]);
  assert.equal([hart0.msip.level, hart1.msip.level], [false, true]);
  clint.write(4, 4, 2);
  assert.not(hart1.msip.level);
});

test('the timer line rises exactly when mtime reaches mtimecmp, and falls when it is moved away', () => {
  const { clock, hart0, hart1, setTimer } = bench();
  setTimer(0, 50);
  clock.advanceTo(4999);
  assert.not(hart0.mtip.level);
  clock.advanceTo(5000);
  assert.ok(hart0.mtip.level);
  assert.not(hart1.mtip.level);
  setTimer(0, 60);
  assert.not(hart0.mtip.level);
  setTimer(0, 50);
  assert.ok(hart0.mtip.level);
});

test('a timer that is moved fires only at its new time', () => {
  const { clock, hart0, setTimer } = bench();
  setTimer(0, 50);
  setTimer(0, 80);
  clock.advanceTo(7999);
  assert.is(hart0.mtip.changes, 0);
  clock.advanceTo(8000);
  assert.ok(hart0.mtip.level);
});

test('mtimecmp of all ones never fires, and is what reset sets', () => {
  const { clock, clint, hart0, setTimer } = bench();
  setTimer(0, 1);
  clock.advanceTo(1000);
  clint.reset();
  assert.not(hart0.mtip.level);
  assert.equal([clint.read(MTIMECMP, 4), clint.read(MTIMECMP + 4, 4)], [0xffffffff, 0xffffffff]);
  assert.is(clock.nextNs, undefined);
});

test('registers of absent harts read as zero and ignore writes', () => {
  const { clint } = bench();
  clint.write(8, 4, 1);
  clint.write(MTIMECMP + 16, 4, 1);
  assert.equal([clint.read(8, 4), clint.read(MTIMECMP + 16, 4), clint.read(0xc000, 4)], [0, 0, 0]);
});

test('a restored device arms its timers again', () => {
  const [one, two] = [bench(), bench()];
  one.setTimer(0, 50);
  one.setTimer(1, 3);
  one.clint.write(0, 4, 1);
  one.clock.advanceTo(1000);
  two.clock.advanceTo(1000);
  loadDevice(two.clint, JSON.parse(JSON.stringify(saveDevice(one.clint))));
  assert.equal([two.hart0.msip.level, two.hart0.mtip.level, two.hart1.mtip.level], [true, false, true]);
  two.clock.advanceTo(5000);
  assert.ok(two.hart0.mtip.level);
});

test('bad saved state changes nothing', () => {
  const { clint } = bench();
  const before = saveDevice(clint);
  for (const data of [null, {}, [], [{ msip: 1, mtimecmpLow: 0, mtimecmpHigh: 0 }], [{ msip: 2 }, {}]]) {
    assert.throws(
      () => loadDevice(clint, { ...before, data }),
      (error: unknown) => error instanceof ImageError,
    );
  }
  assert.equal(saveDevice(clint), before);
});

test.run();
