import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../lib/util/errors.js';
import { asm } from '../support/assembler.js';
import { type FullState, loadAll, saveAll } from '../support/full-state.js';
import { lawsProgram } from '../support/laws-program.js';
import { randomSource } from '../support/random.js';
import { RAM_BASE } from '../support/riscv-machine.js';
import { sleepersProgram } from '../support/sleepers.js';
import { VirtMachine, type VirtOptions } from '../support/virt-machine.js';

const test = suite('saving and restoring the state');

const MEMORY = 0x100000 * 4;
const PROGRAMS: readonly (readonly [name: string, program: Uint8Array, options: VirtOptions])[] = [
  ['one hart', lawsProgram(), { harts: 1, hotThreshold: 16 }],
  ['three harts', lawsProgram(3), { harts: 3, hotThreshold: 16 }],
  ['three harts that sleep', sleepersProgram(), { harts: 3, hotThreshold: 16 }],
  ['three harts that sleep, 7 ns per tick', sleepersProgram(), { harts: 3, nsPerTick: 7, mode: 'interpret' }],
];

/** Runs by random steps, with idle time in pieces and input; notes the whole state after each step. */
function journey(machine: VirtMachine, steps: number, seed: number): { states: FullState[]; inputs: Uint8Array[] } {
  const random = randomSource(seed);
  const states: FullState[] = [];
  const inputs: Uint8Array[] = [];
  for (let i = 0; i < steps; i++) {
    machine.run(machine.tick + 1 + (random() % 4000), { skipUntilNs: machine.nowNs + (random() % 20_000) });
    const bytes = Uint8Array.from({ length: random() % 3 }, () => random() & 0x7f);
    machine.input({ kind: 'console', port: 'serial', bytes });
    inputs.push(bytes);
    states.push(saveAll(machine));
  }
  return { states, inputs };
}

for (const [name, program, options] of PROGRAMS) {
  test(`a restored machine goes on as the one that was never interrupted: ${name}`, () => {
    const { states, inputs } = journey(VirtMachine.create(program, options), 30, 5);
    const used = VirtMachine.create(program, options);
    used.run(7777, { skipUntilNs: 50_000 });
    const random = randomSource(6);
    for (let round = 0; round < 40; round++) {
      const from = random() % states.length;
      const machine = round % 8 === 0 ? VirtMachine.create(new Uint8Array(8), options) : used;
      loadAll(machine, states[from]);
      assert.is(machine.stateDigest(), states[from].digest, `restored step ${from}`);
      for (let step = from + 1; step < Math.min(from + 1 + (random() % 6), states.length); step++) {
        const { engine } = states[step].state;
        machine.run(Number.POSITIVE_INFINITY, { until: engine });
        machine.input({ kind: 'console', port: 'serial', bytes: inputs[step] });
        assert.is(machine.stateDigest(), states[step].digest, `from step ${from} to ${step}`);
      }
    }
  });
}

test('translated code survives where it is the same, and goes where it is not', () => {
  const program = (addend: number): Uint8Array => asm((a) => a.text(`li a0, 0; loop: addi a0, a0, ${addend}; j loop`));
  const machine = VirtMachine.create(program(1), { hotThreshold: 8, memoryBytes: MEMORY });
  machine.run(10_000);
  const { regions } = machine.stats().engine;
  assert.ok(regions > 0);
  const before = saveAll(machine);
  machine.run(20_000);
  loadAll(machine, before);
  const { translatedTicks, invalidated } = machine.stats().engine;
  machine.run(20_000);
  const after = machine.stats().engine;
  assert.is(after.regions, regions);
  assert.is(after.invalidated, invalidated);
  assert.ok(after.translatedTicks - translatedTicks > 9000);
  const digest = machine.stateDigest();
  const other = VirtMachine.create(program(3), { hotThreshold: 8, memoryBytes: MEMORY });
  other.run(10_001);
  const there = saveAll(other);
  loadAll(machine, there);
  assert.ok(machine.stats().engine.invalidated > invalidated);
  other.run(20_000);
  machine.run(20_000);
  assert.is(machine.stateDigest(), other.stateDigest());
  assert.is.not(machine.stateDigest(), digest);
});

test('several dirty logs each see every page that was stored to, by harts, devices and restores', () => {
  const machine = VirtMachine.create(asm((a) => a.text(`li t0, ${RAM_BASE + 0x5000}; loop: sd t0, 0(t0); j loop`)));
  const { pages } = machine;
  const [first, second] = [pages.openDirtyLog(), pages.openDirtyLog()];
  const frame = (offset: number): number => pages.frameOf(RAM_BASE + offset);
  assert.equal(first.take(), second.take(), 'what the loader wrote');
  machine.run(100);
  assert.equal([...first.take()], [frame(0x5000)]);
  machine.stateDigest();
  machine.memory.write(RAM_BASE + 0x9000, Uint8Array.of(1));
  pages.write(frame(0x7000), new Uint8Array(4096).fill(7));
  machine.run(200);
  assert.equal([...first.take()], [frame(0x5000), frame(0x7000), frame(0x9000)]);
  assert.equal([...second.take()], [frame(0x5000), frame(0x7000), frame(0x9000)]);
  assert.equal([...second.take()], []);
  first.close();
  machine.run(300);
  assert.equal([...second.take()], [frame(0x5000)]);
  const stored = [...pages.openDirtyLog().take()];
  for (const offset of [0, 0x5000, 0x7000, 0x9000]) assert.ok(stored.includes(frame(offset)), `${offset}`);
  const others = Array.from({ length: pages.count }, (_, page) => page).filter((page) => !stored.includes(page));
  assert.ok(others.length > pages.count / 2);
  assert.ok(others.every((page) => pages.read(page).every((byte) => byte === 0)));
  assert.is(pages.paddrOf(frame(0x5000)), RAM_BASE + 0x5000);
  assert.is(pages.frameOf(0), -1);
  assert.is(pages.read(frame(0x7000))[5], 7);
});

test('what is no state of this machine is refused, and nothing changes', () => {
  const machine = VirtMachine.create(lawsProgram(), {});
  machine.run(1000);
  const digest = machine.stateDigest();
  const { engine } = machine.save();
  const bad = [{ tick: -1 }, { skippedNs: 0.5 }, { turn: 1 }, { turnEnd: 5 }, { harts: [] }, { harts: [new Uint8Array(8)] }];
  for (const part of bad) {
    assert.throws(
      () => machine.engine.snapshots.load({ ...engine, ...part }),
      (error: unknown) => error instanceof ImageError,
    );
  }
  assert.is(machine.stateDigest(), digest);
});

test.run();
