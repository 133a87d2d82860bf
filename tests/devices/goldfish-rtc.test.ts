import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../lib/devices/device.js';
import { GoldfishRtc } from '../../lib/devices/goldfish-rtc.js';
import { ImageError } from '../../lib/util/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { Line } from '../support/ports.js';

const [TIME_LOW, TIME_HIGH, ALARM_LOW, ALARM_HIGH, IRQ_ENABLED, CLEAR_ALARM, ALARM_STATUS, CLEAR_INTERRUPT] = [
  0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c,
] as const;
const START_NS = 1_798_761_600_000_000_000n;

class Bench {
  readonly clock = new FakeClock();
  readonly irq = new Line();
  readonly rtc = new GoldfishRtc({ irq: this.irq, clock: this.clock, startNs: START_NS });

  read(offset: number): number {
    return this.rtc.read(offset, 4);
  }

  write(offset: number, value: number): void {
    this.rtc.write(offset, 4, value);
  }

  get time(): bigint {
    const low = this.read(TIME_LOW);
    return (BigInt(this.read(TIME_HIGH)) << 32n) | BigInt(low);
  }

  setAlarm(time: bigint): void {
    this.write(ALARM_HIGH, Number(time >> 32n));
    this.write(ALARM_LOW, Number(time & 0xffffffffn));
  }
}

const test = suite('goldfish-rtc');

test('it shows its start plus virtual time, to the nanosecond', () => {
  const bench = new Bench();
  assert.is(bench.time, START_NS);
  bench.clock.advanceTo(12_345_678_901);
  assert.is(bench.time, START_NS + 12_345_678_901n);
});

test('reading the low half latches the high half', () => {
  const bench = new Bench();
  const untilCarry = Number(0x100000000n - (START_NS & 0xffffffffn));
  bench.clock.advanceTo(untilCarry - 1);
  assert.is(bench.read(TIME_LOW), 0xffffffff);
  bench.clock.advanceTo(untilCarry);
  assert.is(bench.read(TIME_HIGH), Number(START_NS >> 32n));
  assert.is(bench.time, START_NS + BigInt(untilCarry));
});

test('the time can be set, half by half', () => {
  const bench = new Bench();
  bench.write(TIME_HIGH, 5);
  bench.write(TIME_LOW, 7);
  bench.clock.advanceTo(100);
  assert.is(bench.time, (5n << 32n) + 107n);
});

test('the alarm interrupts at its time if enabled, until it is cleared', () => {
  const bench = new Bench();
  bench.write(IRQ_ENABLED, 1);
  bench.setAlarm(START_NS + 1000n);
  assert.is(bench.read(ALARM_STATUS), 1);
  bench.clock.advanceTo(999);
  assert.not(bench.irq.level);
  bench.clock.advanceTo(1000);
  assert.ok(bench.irq.level);
  assert.is(bench.read(ALARM_STATUS), 0);
  bench.write(CLEAR_INTERRUPT, 1);
  assert.not(bench.irq.level);
});

test('an alarm that went off unseen interrupts when interrupts are enabled', () => {
  const bench = new Bench();
  bench.setAlarm(START_NS + 5n);
  bench.clock.advanceTo(5);
  assert.not(bench.irq.level);
  bench.write(IRQ_ENABLED, 1);
  assert.ok(bench.irq.level);
});

test('an alarm in the past goes off at once; a cleared one never', () => {
  const bench = new Bench();
  bench.write(IRQ_ENABLED, 1);
  bench.setAlarm(START_NS + 5n);
  bench.write(CLEAR_ALARM, 1);
  bench.clock.advanceTo(10);
  assert.equal([bench.irq.level, bench.clock.nextNs], [false, undefined]);
  bench.setAlarm(START_NS);
  assert.ok(bench.irq.level);
});

test('setting the time moves the alarm with it', () => {
  const bench = new Bench();
  bench.write(IRQ_ENABLED, 1);
  bench.setAlarm(0x100n);
  assert.ok(bench.irq.level);
  bench.write(CLEAR_INTERRUPT, 1);
  bench.write(TIME_HIGH, 0);
  bench.write(TIME_LOW, 0);
  bench.setAlarm(0x100n);
  assert.not(bench.irq.level);
  bench.write(TIME_LOW, 0xf0);
  bench.clock.advanceTo(15);
  assert.not(bench.irq.level);
  bench.clock.advanceTo(16);
  assert.ok(bench.irq.level);
});

test('a restored clock goes on exactly as the saved one', () => {
  const [one, two] = [new Bench(), new Bench()];
  one.write(TIME_LOW, 77);
  one.write(IRQ_ENABLED, 1);
  one.clock.advanceTo(500);
  one.setAlarm(one.time + 1000n);
  const saved = JSON.parse(JSON.stringify(saveDevice(one.rtc)));
  two.clock.advanceTo(500);
  two.setAlarm(two.time + 1n);
  loadDevice(two.rtc, saved);
  assert.equal(saveDevice(two.rtc), saved);
  assert.is(two.time, one.time);
  two.clock.advanceTo(1499);
  assert.not(two.irq.level);
  two.clock.advanceTo(1500);
  assert.ok(two.irq.level);
});

test('bad saved state changes nothing', () => {
  const { rtc } = new Bench();
  const before = saveDevice(rtc);
  const data = before.data as Record<string, unknown>;
  for (const bad of [
    [],
    { ...data, alarm: '-1' },
    { ...data, offset: `${1n << 64n}` },
    { ...data, enabled: 1 },
    { ...data, timeHigh: 0.5 },
  ]) {
    assert.throws(
      () => loadDevice(rtc, { ...before, data: bad as never }),
      (error: unknown) => error instanceof ImageError,
    );
  }
  assert.equal(saveDevice(rtc), before);
});

test.run();
