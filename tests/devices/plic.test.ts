import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../lib/devices/device.js';
import { Plic } from '../../lib/devices/plic.js';
import { ImageError } from '../../lib/util/errors.js';
import { Line } from '../support/ports.js';

const PENDING = 0x1000;
const UART = 10;
const enableOf = (context: number, word = 0) => 0x2000 + context * 0x80 + word * 4;
const thresholdOf = (context: number) => 0x200000 + context * 0x1000;
const claimOf = (context: number) => thresholdOf(context) + 4;

class Bench {
  /** M and S of two harts. */
  readonly lines = [new Line(), new Line(), new Line(), new Line()];
  readonly plic = new Plic({ contexts: this.lines });

  read(offset: number): number {
    return this.plic.read(offset, 4);
  }

  write(offset: number, value: number): void {
    this.plic.write(offset, 4, value);
  }

  /** Gives `source` a priority and enables it for `contexts`. */
  enable(source: number, priority: number, contexts: readonly number[] = [1]): void {
    this.write(source * 4, priority);
    for (const context of contexts) {
      const register = enableOf(context, source >> 5);
      this.write(register, this.read(register) | (1 << (source & 31)));
    }
  }

  raise(source: number, level = true): void {
    this.plic.input(source).set(level);
  }

  get levels(): boolean[] {
    return this.lines.map(({ level }) => level);
  }
}

const test = suite('plic');

test('an interrupt goes to the contexts that enable it, and is claimed once', () => {
  const bench = new Bench();
  bench.enable(UART, 1, [1, 3]);
  bench.raise(UART);
  assert.equal(bench.levels, [false, true, false, true]);
  assert.is(bench.read(PENDING), 1 << UART);
  assert.is(bench.read(claimOf(3)), UART);
  assert.equal(bench.levels, [false, false, false, false]);
  assert.equal([bench.read(PENDING), bench.read(claimOf(1))], [0, 0]);
});

test('what a device drives while its interrupt is served counts after completion', () => {
  const bench = new Bench();
  bench.enable(UART, 1);
  bench.raise(UART);
  bench.read(claimOf(1));
  bench.raise(UART);
  assert.equal([bench.lines[1]?.level, bench.read(claimOf(1))], [false, 0]);
  bench.write(claimOf(1), UART);
  assert.ok(bench.lines[1]?.level);
  bench.raise(UART, false);
  assert.not(bench.lines[1]?.level);
});

test('a line that stays high without a word from its device interrupts once', () => {
  const bench = new Bench();
  bench.enable(UART, 1);
  bench.raise(UART);
  bench.read(claimOf(1));
  bench.write(claimOf(1), UART);
  assert.equal([bench.lines[1]?.level, bench.read(PENDING)], [false, 0]);
});

test('an interrupt that falls before it is claimed is gone', () => {
  const bench = new Bench();
  bench.enable(UART, 1);
  bench.raise(UART);
  bench.raise(UART, false);
  assert.equal([bench.lines[1]?.level, bench.read(claimOf(1))], [false, 0]);
});

test('the highest priority is claimed first, the lowest source among equals', () => {
  const bench = new Bench();
  for (const [source, priority] of [
    [40, 3],
    [7, 2],
    [33, 7],
    [12, 3],
    [95, 7],
  ] as const) {
    bench.enable(source, priority);
    bench.raise(source);
  }
  assert.equal(
    Array.from({ length: 6 }, () => bench.read(claimOf(1))),
    [33, 95, 12, 40, 7, 0],
  );
});

test('priority 0 never interrupts', () => {
  const bench = new Bench();
  bench.enable(UART, 0);
  bench.raise(UART);
  assert.equal([bench.lines[1]?.level, bench.read(claimOf(1)), bench.read(PENDING)], [false, 0, 1 << UART]);
});

test('the threshold holds back interrupts of its priority and below, but not a claim', () => {
  const bench = new Bench();
  bench.enable(UART, 3);
  bench.write(thresholdOf(1), 3);
  bench.raise(UART);
  assert.not(bench.lines[1]?.level);
  bench.write(thresholdOf(1), 2);
  assert.ok(bench.lines[1]?.level);
  bench.write(thresholdOf(1), 7);
  assert.not(bench.lines[1]?.level);
  assert.is(bench.read(claimOf(1)), UART);
});

test('priorities and thresholds have three bits, and source 0 cannot be enabled', () => {
  const bench = new Bench();
  bench.write(4, 0xff);
  bench.write(0, 7);
  bench.write(thresholdOf(0), 0x19);
  bench.write(enableOf(0), 0xffffffff);
  assert.equal([bench.read(4), bench.read(0), bench.read(thresholdOf(0)), bench.read(enableOf(0))], [7, 0, 1, 0xfffffffe]);
});

test('disabling a source lowers the line', () => {
  const bench = new Bench();
  bench.enable(UART, 1);
  bench.raise(UART);
  bench.write(enableOf(1), 0);
  assert.not(bench.lines[1]?.level);
});

test('registers of absent sources and contexts read as zero and ignore writes', () => {
  const { plic } = new Bench();
  const before = saveDevice(plic);
  for (const offset of [
    96 * 4,
    0x0ffc,
    PENDING,
    PENDING + 12,
    enableOf(0, 3),
    enableOf(4),
    thresholdOf(4),
    claimOf(4),
    0x200008,
    0x5ffffc,
  ]) {
    plic.write(offset, 4, 0xffffffff);
    assert.is(plic.read(offset, 4), 0, `${offset}`);
  }
  plic.write(claimOf(0), 4, 0xffffffff);
  plic.input(0).set(true);
  plic.input(96).set(true);
  assert.equal(saveDevice(plic), before);
});

test('a restored controller drives the lines that the saved one drove', () => {
  const [one, two] = [new Bench(), new Bench()];
  one.enable(UART, 1, [0, 1]);
  one.enable(8, 2, [3]);
  one.raise(UART);
  one.raise(8);
  one.read(claimOf(3));
  two.enable(5, 1, [2]);
  two.raise(5);
  const saved = JSON.parse(JSON.stringify(saveDevice(one.plic)));
  loadDevice(two.plic, saved);
  assert.equal(saveDevice(two.plic), saved);
  assert.equal(two.levels, [true, true, false, false]);
  assert.is(two.read(claimOf(1)), UART);
});

test('bad saved state changes nothing', () => {
  const { plic } = new Bench();
  const before = saveDevice(plic);
  const data = before.data as Record<string, unknown>;
  for (const bad of [
    null,
    {},
    { ...data, priority: [1] },
    { ...data, claimed: [1, 0, 0] },
    { ...data, contexts: [] },
    { ...data, requests: [-1, 0, 0] },
  ]) {
    assert.throws(
      () => loadDevice(plic, { ...before, data: bad as never }),
      (error: unknown) => error instanceof ImageError,
    );
  }
  assert.equal(saveDevice(plic), before);
});

test('reset forgets everything and lowers the lines', () => {
  const bench = new Bench();
  bench.enable(UART, 1, [0, 1, 2, 3]);
  bench.raise(UART);
  bench.plic.reset();
  assert.equal(bench.levels, [false, false, false, false]);
  assert.equal(saveDevice(bench.plic), saveDevice(new Bench().plic));
});

test.run();
