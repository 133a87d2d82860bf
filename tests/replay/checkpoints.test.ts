import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Machine } from '../../lib/system/machine.js';
import { type Checkpoint, Checkpoints } from '../../replay/checkpoints.js';
import { SLOT_BYTES } from '../../replay/page-store.js';
import { stateBytes } from '../../replay/state-bytes.js';
import { randomSource } from '../support/random.js';

const PAGE = 4096;
const FRAMES = 40;

/** A machine that is memory and a tick: tests write pages and say when it is. */
class MemoryMachine {
  tick = 0;
  readonly memory = Array.from({ length: FRAMES }, () => new Uint8Array(PAGE));
  /** Pages that were restored. */
  restored = 0;
  private readonly logs = new Set<Set<number>>();
  private readonly stored = new Set<number>();

  get position() {
    return { tick: this.tick, skippedNs: 0 };
  }

  readonly debug = { harts: 1, hartTicks: () => this.tick };

  readonly pages = {
    count: FRAMES,
    read: (frame: number) => this.memory[frame] as Uint8Array,
    write: (frame: number, bytes: Uint8Array) => {
      this.restored++;
      this.store(frame, bytes);
    },
    openDirtyLog: () => {
      const log = new Set(this.stored);
      this.logs.add(log);
      const take = () => {
        const frames = Int32Array.from(log).sort();
        log.clear();
        return frames;
      };
      return { take, close: () => void this.logs.delete(log) };
    },
  };

  store(frame: number, bytes: Uint8Array): void {
    (this.memory[frame] as Uint8Array).set(bytes);
    this.stored.add(frame);
    for (const log of this.logs) log.add(frame);
  }

  save() {
    return { tick: this.tick };
  }

  load(state: { tick: number }): void {
    this.tick = state.tick;
  }

  copy(): Uint8Array[] {
    return this.memory.map((page) => page.slice());
  }
}

const asMachine = (machine: MemoryMachine): Machine => machine as unknown as Machine;
const test = suite('checkpoints');

/** What the run does at a tick: the same each time it passes there. Few values, so that pages change back and become zeros. */
function pass(machine: MemoryMachine): void {
  const random = randomSource(machine.tick + 1);
  for (let i = random() % 4; i > 0; i--) machine.store(random() % FRAMES, new Uint8Array(PAGE).fill(random() % 3));
  machine.tick++;
}

test('any of them can be brought back, in any order, whichever were added between others or removed', () => {
  const machine = new MemoryMachine();
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes: 2 ** 30 });
  const memories = new Map<number, Uint8Array[]>();
  const random = randomSource(3);
  checkpoints.take(0);
  memories.set(0, machine.copy());
  for (let step = 0; step < 3000; step++) {
    const { all } = checkpoints;
    const chosen = all[random() % all.length] as Checkpoint;
    const kind = random() % 6;
    if (kind === 0) {
      checkpoints.restore(chosen);
      assert.is(machine.tick, chosen.at.tick);
    } else if (kind === 1 && chosen !== all[0] && random() % 3 === 0) checkpoints.remove(chosen);
    else if (kind === 2) {
      memories.set(machine.tick, memories.get(machine.tick) ?? machine.copy());
      assert.is(checkpoints.take(0)?.at.tick, machine.tick);
    } else for (let i = random() % 9; i >= 0 && machine.tick < 400; i--) pass(machine);
    const expected = memories.get(machine.tick);
    if (expected)
      assert.equal(
        machine.memory.map((page) => page[0]),
        expected.map((page) => page[0]),
        `step ${step}`,
      );
  }
  assert.ok(checkpoints.all.length > 20);
  assert.equal(
    checkpoints.all.map(({ at }) => at.tick),
    checkpoints.all.map(({ at }) => at.tick).sort((a, b) => a - b),
  );
  for (const kept of checkpoints.all) {
    const pages = new Map([...checkpoints.pagesOf(kept)].map(({ frame, bytes }) => [frame, bytes[0]]));
    assert.equal(
      memories.get(kept.at.tick)?.map((page) => page[0]),
      machine.memory.map((_, frame) => pages.get(frame) ?? 0),
    );
  }
});

test('a page that was stored to between two checkpoints is known, though its contents may be the same; many others are ruled out', () => {
  const machine = new MemoryMachine();
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes: 2 ** 30 });
  const storedAt = new Map<number, Set<number>>();
  const random = randomSource(8);
  checkpoints.take(0);
  const store = machine.store.bind(machine);
  machine.store = (frame, bytes) => {
    storedAt.set(machine.tick, (storedAt.get(machine.tick) ?? new Set()).add(frame));
    store(frame, bytes);
  };
  machine.pages.write = (frame, bytes) => store(frame, bytes);
  for (let step = 0; step < 3000; step++) {
    const { all } = checkpoints;
    const chosen = all[random() % all.length] as Checkpoint;
    const kind = random() % 8;
    if (kind === 0) checkpoints.restore(chosen);
    else if (kind === 1 && all.length > 2 && random() % 2 === 0) checkpoints.remove(chosen);
    else if (kind === 2) checkpoints.take(0);
    else for (let i = random() % 9; i >= 0 && machine.tick < 400; i--) pass(machine);
    if (checkpoints.all.indexOf(chosen) < 0) continue;
    const next = checkpoints.all[checkpoints.all.indexOf(chosen) + 1];
    for (let tick = chosen.at.tick; next && tick < next.at.tick; tick++) {
      for (const frame of storedAt.get(tick) ?? []) assert.ok(checkpoints.mayHaveStored(chosen, next.at, [frame]), `step ${step}`);
    }
  }
  const { all } = checkpoints;
  let possible = 0;
  for (const [index, { at }] of all.slice(1).entries()) {
    for (let frame = 0; frame < FRAMES; frame++) if (checkpoints.mayHaveStored(all[index] as Checkpoint, at, [frame])) possible++;
  }
  assert.ok(all.length > 20);
  assert.ok(possible < all.length * FRAMES * 0.7, `${possible} of ${all.length * FRAMES}`);
});

test('going to a checkpoint writes the pages that differ and no others', () => {
  const machine = new MemoryMachine();
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes: 2 ** 30 });
  const first = checkpoints.take(0) as Checkpoint;
  machine.store(3, new Uint8Array(PAGE).fill(1));
  machine.store(5, new Uint8Array(PAGE));
  machine.tick = 10;
  const second = checkpoints.take(0) as Checkpoint;
  machine.store(7, new Uint8Array(PAGE).fill(2));
  checkpoints.restore(first);
  assert.is(machine.restored, 2);
  checkpoints.restore(second);
  assert.is(machine.restored, 3);
  checkpoints.restore(second);
  assert.is(machine.restored, 3);
});

test('what they take is what they count, and never more than the budget', () => {
  const machine = new MemoryMachine();
  const budgetBytes = 100 * SLOT_BYTES;
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes });
  const state = stateBytes(machine.save());
  checkpoints.take(0);
  assert.is(checkpoints.bytes, state);
  machine.store(1, new Uint8Array(PAGE).fill(1));
  machine.tick = 1;
  checkpoints.take(0);
  // And the number of the page that was stored to.
  assert.is(checkpoints.bytes, 2 * state + SLOT_BYTES + 4);
  for (const tick of Array.from({ length: 500 }, (_, i) => i + 2)) {
    machine.tick = tick;
    for (let frame = 0; frame < 30; frame++) machine.store(frame, new Uint8Array(PAGE).fill(tick + frame));
    assert.ok(checkpoints.take(0));
    assert.ok(checkpoints.bytes <= budgetBytes);
  }
  assert.is(checkpoints.all.length, 4);
  for (const kept of [...checkpoints.all].slice(1)) checkpoints.remove(kept);
  assert.is(checkpoints.bytes, state);
});

test('the spacing grows with the distance', () => {
  const machine = new MemoryMachine();
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes: 60 * SLOT_BYTES });
  for (machine.tick = 0; machine.tick < 100_000; machine.tick += 100) {
    machine.store(machine.tick % FRAMES, new Uint8Array(PAGE).fill(machine.tick));
    checkpoints.take(0);
  }
  const ticks = checkpoints.all.map(({ at }) => at.tick);
  const gaps = ticks.slice(1).map((tick, index) => tick - (ticks[index] as number));
  assert.ok(ticks.length > 20);
  assert.is(ticks[0], 0);
  assert.is(gaps.at(-1), 100);
  const distance = (index: number): number => 100_000 - (ticks[index] as number);
  for (const [index, gap] of gaps.entries()) assert.ok(gap <= Math.max(300, distance(index) * 0.6), `${gap} at ${ticks[index]}`);
});

test('without room for a second one there is the first', () => {
  const machine = new MemoryMachine();
  for (let frame = 0; frame < FRAMES; frame++) machine.store(frame, new Uint8Array(PAGE).fill(9));
  const checkpoints = new Checkpoints(asMachine(machine), { budgetBytes: 45 * SLOT_BYTES });
  const first = checkpoints.take(0) as Checkpoint;
  const before = machine.copy();
  machine.tick = 5;
  for (let frame = 0; frame < FRAMES; frame++) machine.store(frame, new Uint8Array(PAGE).fill(8));
  assert.is(checkpoints.take(0), undefined);
  checkpoints.restore(first);
  assert.equal(machine.memory, before);
  const optional = new Checkpoints(asMachine(machine), { budgetBytes: 20 * SLOT_BYTES, firstMustFit: true });
  assert.is(optional.take(0), undefined);
});

test('state that shares parts with the state before counts the rest', () => {
  const shared = [new Uint8Array(100_000), { text: 'abc' }];
  const one = { shared, own: [1, 2, 3] };
  const two = { shared, own: [1, 2, 3] };
  assert.ok(stateBytes(one) > 100_000);
  assert.ok(stateBytes(two, one) < 200);
  assert.is(stateBytes(two, { shared: structuredClone(shared), own: [] }), stateBytes(two));
});

test.run();
