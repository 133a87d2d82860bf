import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Breakpoint, Watchpoint } from '../../lib/exec/debug.js';
import { comparePositions, type Position, type PositionedEvent } from '../../lib/system/input-event.js';
import { type Move, Timeline } from '../../replay/timeline.js';
import { lawsProgram } from '../support/laws-program.js';
import { randomSource } from '../support/random.js';
import { RAM_BASE } from '../support/riscv-machine.js';
import { countRuns } from '../support/run-counter.js';
import { sleepersProgram } from '../support/sleepers.js';
import { VirtMachine, type VirtOptions } from '../support/virt-machine.js';

const test = suite('timeline');

// By hand: HINDSIGHT_MOVES=10000.
const MOVES = Number(process.env.HINDSIGHT_MOVES ?? 600);
const LAST_TICK = 200_000;
/** In the laws' program: the counter's word that all harts change, and the code that changes itself. */
const WATCHED = RAM_BASE + 0x300000 + 1024;

/** A host clock that makes checkpoints as frequent as they should be: each look at it is a step of time. */
function steadyClock(stepMs: number): () => number {
  let now = 0;
  return () => (now += stepMs);
}

interface Stop {
  readonly at: Position;
  readonly pc: bigint;
}

/** All stops of a run that is never taken back, as going back must find them: in front of the instruction. */
function stopsOf(machine: VirtMachine, stops: { breakpoints: readonly Breakpoint[]; watchpoints: readonly Watchpoint[] }): Stop[] {
  machine.debug.setBreakpoints(stops.breakpoints);
  machine.debug.setWatchpoints(stops.watchpoints);
  const found: Stop[] = [];
  for (let passBreakpoint = false; machine.tick < LAST_TICK; ) {
    const stop = machine.run(LAST_TICK, { passBreakpoint });
    passBreakpoint = stop.kind === 'breakpoint';
    const { position } = machine;
    if (stop.kind === 'breakpoint') found.push({ at: position, pc: stop.breakpoint.pc });
    if (stop.kind === 'watchpoint') found.push({ at: { ...position, tick: position.tick - 1 }, pc: stop.pc });
  }
  return found;
}

/** Random moves; every stop is where it must be, and the states are those of a run that is never taken back. */
async function oracle(program: Uint8Array, options: VirtOptions): Promise<void> {
  const fresh = (): VirtMachine => VirtMachine.create(program, { hotThreshold: 16, ...options });
  const machine = fresh();
  const timeline = new Timeline(machine, { nowMs: steadyClock(5), historyBytes: 16 * 2 ** 20 });
  while (timeline.tick < LAST_TICK) timeline.run(Math.min(LAST_TICK, timeline.tick + 3000));
  const present = timeline.position;
  const watchpoints: Watchpoint[] = [{ address: BigInt(WATCHED), length: 8, kind: 'write', space: 'physical' }];
  const breakpoints = [0x180n, 0x1f0n, 0x300n].map((offset) => ({ pc: BigInt(RAM_BASE) + offset }));
  const reference = stopsOf(fresh(), { breakpoints, watchpoints });
  assert.ok(reference.length > 100);
  timeline.setBreakpoints(breakpoints);
  timeline.setWatchpoints(watchpoints);
  const visited: { at: Position; digest: string }[] = [];
  const random = randomSource(options.harts ?? 1);
  const lastBefore = (at: Position): Stop | undefined => reference.findLast((stop) => comparePositions(stop.at, at) < 0);
  for (let i = 0; i < MOVES; i++) {
    const { position: from } = timeline;
    switch (random() % 8) {
      case 0: {
        const tick = random() % LAST_TICK;
        assert.equal(await timeline.seek(tick), { kind: 'done' });
        assert.is(timeline.tick, tick);
        break;
      }
      case 1:
      case 2: {
        const move = await timeline.stepBack();
        assert.is(move.kind, from.tick === 0 ? 'begin' : 'done');
        assert.is(timeline.tick, Math.max(0, from.tick - 1));
        break;
      }
      case 3: {
        const move = await timeline.reverseContinue();
        const expected = lastBefore(from);
        assert.equal(
          move.kind === 'stop' ? { kind: move.kind, at: move.at } : move,
          expected ? { kind: 'stop', at: expected.at } : { kind: 'begin' },
          `from ${JSON.stringify(from)}`,
        );
        assert.equal(timeline.position, expected?.at ?? { tick: 0, skippedNs: 0 });
        break;
      }
      case 4: {
        const hart = random() % (options.harts ?? 1);
        const before = machine.debug.hartTicks(hart);
        const move = await timeline.stepBack(hart);
        assert.is(machine.debug.hartTicks(hart), move.kind === 'begin' ? 0 : before - 1);
        break;
      }
      case 5: {
        const stop = timeline.run(from.tick + 1, { passBreakpoint: true });
        assert.ok(stop.kind === 'limit' || stop.kind === 'watchpoint');
        assert.is(timeline.tick, Math.min(LAST_TICK + MOVES, from.tick + 1));
        break;
      }
      case 6: {
        const next = reference.find((stop) => comparePositions(stop.at, from) >= 0);
        for (let stop = timeline.run(LAST_TICK); stop.kind === 'limit' && timeline.tick < LAST_TICK; stop = timeline.run(LAST_TICK));
        if (next) assert.ok(timeline.tick - next.at.tick === 0 || timeline.tick - next.at.tick === 1);
        break;
      }
      default: {
        const hit = await timeline.lastWrite(WATCHED, 8);
        assert.equal(timeline.position, from);
        const expected = reference.findLast((stop) => comparePositions(stop.at, from) < 0 && !breakpoints.some(({ pc }) => pc === stop.pc));
        assert.equal(hit?.at, expected?.at);
      }
    }
    visited.push({ at: timeline.position, digest: machine.stateDigest() });
    // Some moves begin at the present, where new ticks are added for good: not here.
    if (comparePositions(timeline.position, present) > 0) await timeline.seek(present);
  }
  const straight = fresh();
  visited.sort((a, b) => comparePositions(a.at, b.at));
  for (const { at, digest } of visited) {
    straight.run(Number.POSITIVE_INFINITY, { until: at });
    assert.is(straight.stateDigest(), digest, `tick ${at.tick}`);
  }
}

test('any walk through the past passes the states of the one run: one hart', () => oracle(lawsProgram(), { harts: 1 }));
test('any walk through the past passes the states of the one run: three harts', () => oracle(lawsProgram(3), { harts: 3 }));

/** A live run with input now and then, in slices that skip idle time in pieces. */
function liveRun(timeline: Timeline, untilTick: number, seed: number): void {
  const random = randomSource(seed);
  while (timeline.tick < untilTick) {
    timeline.run(timeline.tick + 1 + (random() % 2000), { skipUntilNs: timeline.machine.nowNs + (random() % 9000) });
    if (random() % 3 === 0) timeline.input({ kind: 'console', port: 'serial', bytes: Uint8Array.of(random() & 0x7f) });
  }
}

const sleepers = (): VirtMachine => VirtMachine.create(sleepersProgram(), { harts: 3, hotThreshold: 16 });

test('live history: back, forth again with the same input, and on; output appears once', async () => {
  const replays: boolean[] = [];
  const machine = sleepers();
  const timeline = new Timeline(machine, { nowMs: steadyClock(3), onReplay: (active) => replays.push(active) });
  liveRun(timeline, 40_000, 1);
  const { present, events } = timeline;
  assert.ok(events.length > 10);
  const [digest, output] = [machine.stateDigest(), machine.output.length];
  for (const tick of [20_000, 3, 39_999]) {
    await timeline.seek(tick);
    assert.not(timeline.isLive);
    assert.is(timeline.room('serial'), 0);
    while (!timeline.isAtPresent) timeline.run(timeline.tick + 1000, { skipUntilNs: 0 });
    assert.equal(timeline.position, present);
    assert.is(machine.stateDigest(), digest);
    assert.is(machine.output.length, output);
    assert.ok(timeline.isLive);
  }
  assert.equal(replays, [true, false, true, false, true, false]);
  liveRun(timeline, 60_000, 2);
  assert.ok(machine.output.length > output);
  const twin = new Timeline(sleepers(), { nowMs: () => 0 });
  liveRun(twin, 40_000, 1);
  liveRun(twin, 60_000, 2);
  assert.is(machine.stateDigest(), twin.machine.stateDigest());
  assert.equal(machine.output, (twin.machine as VirtMachine).output);
});

test('a recording ends where it ended, and is gone through from any place', async () => {
  const live = new Timeline(sleepers(), { nowMs: () => 0 });
  liveRun(live, 40_000, 7);
  const digest = live.machine.stateDigest();
  const events: readonly PositionedEvent[] = live.events;
  const timeline = new Timeline(sleepers(), { nowMs: steadyClock(3), recording: { events, end: live.present } });
  for (const tick of [0, 30_000, 100]) {
    await timeline.seek(tick);
    while (timeline.run(timeline.tick + 5000).kind !== 'stopped');
    assert.equal(timeline.position, live.present);
    assert.not(timeline.isLive);
    assert.is(timeline.machine.stateDigest(), digest);
  }
});

test('input in the past opens a branch that leaves the recorded line alone', async () => {
  const machine = sleepers();
  let branches = 0;
  const timeline = new Timeline(machine, { nowMs: steadyClock(3), onBranch: () => branches++ });
  liveRun(timeline, 40_000, 3);
  const { present } = timeline;
  const [digest, output, count] = [machine.stateDigest(), [...machine.output], timeline.events.length];
  await timeline.seek(20_000);
  const fork = machine.stateDigest();
  assert.ok(timeline.input({ kind: 'memory', paddr: RAM_BASE + 0x10000, bytes: Uint8Array.of(1, 2, 3) }));
  assert.ok(timeline.isBranch && timeline.isLive);
  const changed = machine.stateDigest();
  assert.is.not(changed, fork);
  liveRun(timeline, 20_700, 4);
  const branchEnd = timeline.present;
  const branchDigest = machine.stateDigest();
  assert.ok(machine.output.length > output.length);
  await timeline.stepBack();
  assert.is(timeline.tick, branchEnd.tick - 1);
  while (!timeline.isAtPresent) timeline.run(branchEnd.tick + 1);
  assert.is(machine.stateDigest(), branchDigest);
  while (timeline.tick > 20_000) await timeline.stepBack();
  assert.is(machine.stateDigest(), changed);
  assert.ok(timeline.isBranch);
  await timeline.stepBack();
  assert.not(timeline.isBranch);
  assert.is(timeline.tick, 19_999);
  await timeline.seek(20_000);
  assert.is(machine.stateDigest(), fork);
  const before = machine.output.length;
  await timeline.seek(present);
  assert.is(machine.stateDigest(), digest);
  assert.is(timeline.events.length, count);
  assert.is(machine.output.length, before);
  assert.is(branches, 1);
  liveRun(timeline, 50_000, 5);
  const twin = new Timeline(sleepers(), { nowMs: () => 0 });
  liveRun(twin, 40_000, 3);
  liveRun(twin, 50_000, 5);
  assert.is(machine.stateDigest(), twin.machine.stateDigest());
});

test('the last write is looked for only where its page was stored to, and found though it changed nothing', async () => {
  const { asm } = await import('../support/assembler.js');
  const program = asm((a) =>
    a.text(`
      li s0, ${RAM_BASE + 0x20000}
      li s1, ${RAM_BASE + 0x30000}
      li s2, 60000
    first:
      addi s2, s2, -1
      bnez s2, first
      sd zero, 8(s0)
    again:
      sd s2, 0(s1)
      addi s2, s2, 1
      j again
    `),
  );
  const machine = VirtMachine.create(program, { hotThreshold: 16 });
  const timeline = new Timeline(machine, { nowMs: steadyClock(5) });
  while (timeline.tick < 600_000) timeline.run(timeline.tick + 3000);
  assert.ok(timeline.checkpointPositions.length > 5);
  const counter = countRuns(machine);
  const hit = await timeline.lastWrite(RAM_BASE + 0x20008, 8);
  assert.ok(hit && hit.at.tick > 120_000 && hit.at.tick < 120_010, JSON.stringify(hit?.at));
  assert.ok(counter.ticks < 300_000, `${counter.ticks}`);
  assert.is(await timeline.lastWrite(RAM_BASE + 0x20010, 8), undefined);
  await timeline.seek(300_000);
  assert.equal((await timeline.lastWrite(RAM_BASE + 0x1fffe, 16))?.at, hit.at);
  assert.is((await timeline.lastWrite(RAM_BASE + 0x30000, 1))?.at.tick, 299_997);
});

test('going back past a breakpoint that is met all the time stops nowhere on the way', async () => {
  const { asm } = await import('../support/assembler.js');
  const program = asm((a) => a.text('again:\naddi s2, s2, 1\naddi s3, s3, 2\nj again'));
  const machine = VirtMachine.create(program, { hotThreshold: 16 });
  const timeline = new Timeline(machine, { nowMs: steadyClock(5) });
  while (timeline.tick < 300_000) timeline.run(timeline.tick + 3000);
  const counter = countRuns(machine);
  const seldom = { pc: BigInt(RAM_BASE), condition: () => timeline.tick <= 100_000 };
  const second = { pc: BigInt(RAM_BASE), condition: () => timeline.tick <= 99_999 };
  timeline.setBreakpoints([second, seldom]);
  const move = await timeline.reverseContinue();
  assert.equal(move, { kind: 'stop', stop: { kind: 'breakpoint', hart: 0, breakpoint: second }, at: { tick: 99_999, skippedNs: 0 } });
  assert.is(timeline.tick, 99_999);
  assert.ok(counter.runs < 500, `${counter.runs}`);
});

test('one checkpoint that took long does not make those behind it rare', () => {
  let now = 0;
  const machine = VirtMachine.create(lawsProgram(), { hotThreshold: 16 });
  const timeline = new Timeline(machine, { nowMs: () => now });
  const save = machine.save.bind(machine);
  let saves = 0;
  machine.save = () => {
    now += ++saves === 3 ? 3000 : 2;
    return save();
  };
  while (timeline.tick < 1_000_000) {
    timeline.run(timeline.tick + 1000);
    now += 5;
  }
  const ticks = timeline.checkpointPositions.map(({ tick }) => tick);
  for (const [index, tick] of ticks.slice(1).entries()) assert.ok(tick - (ticks[index] as number) <= 55_000, `${ticks}`);
});

test('a long move can be ended, and tells where it is', async () => {
  const timeline = new Timeline(VirtMachine.create(lawsProgram(), { mode: 'interpret' }), { nowMs: steadyClock(4) });
  while (timeline.tick < 400_000) timeline.run(timeline.tick + 2000);
  timeline.setBreakpoints([{ pc: 0x1234n }]);
  const control = new AbortController();
  const places: number[] = [];
  const onProgress = ({ tick }: Position): void => {
    places.push(tick);
    if (places.length === 2) control.abort();
  };
  assert.is((await timeline.reverseContinue({ signal: control.signal, onProgress })).kind, 'interrupted');
  assert.is(places.length, 2);
  assert.ok(timeline.tick > 0 && timeline.tick < 400_000);
  assert.equal(await timeline.reverseContinue(), { kind: 'begin' } satisfies Move);
  assert.is(timeline.tick, 0);
});

test('history stays within its memory while the guest changes all of it, and is whole', async () => {
  const { asm } = await import('../support/assembler.js');
  const program = asm((a) =>
    a.text(`
      li s0, ${RAM_BASE + 0x10000}
      li s1, ${RAM_BASE + 0x3f0000}
      li s3, 64
    again:
      mv t0, s0
    fill:
      sd s2, 0(t0)
      add t0, t0, s3
      addi s2, s2, 1
      bltu t0, s1, fill
      j again
    `),
  );
  const historyBytes = 10 * 2 ** 20;
  const machine = VirtMachine.create(program, { hotThreshold: 16 });
  const timeline = new Timeline(machine, { nowMs: steadyClock(10), historyBytes });
  const digests: { tick: number; digest: string }[] = [];
  while (timeline.tick < 3_000_000) {
    timeline.run(timeline.tick + 50_000);
    assert.ok(timeline.historyBytes <= historyBytes, `${timeline.historyBytes}`);
    digests.push({ tick: timeline.tick, digest: machine.stateDigest() });
  }
  assert.ok(timeline.checkpointPositions.length < 10);
  for (const { tick, digest } of [...digests].reverse().filter((_, i) => i % 6 === 0)) {
    await timeline.seek(tick);
    assert.is(machine.stateDigest(), digest);
    assert.ok(timeline.historyBytes <= historyBytes);
  }
});

test('where input takes too much memory the oldest history goes, and the rest is right', async () => {
  const historyBytes = 4 * 2 ** 20;
  const machine = sleepers();
  const timeline = new Timeline(machine, { nowMs: steadyClock(10), historyBytes });
  const digests = new Map<number, string>();
  for (let i = 0; i < 400; i++) {
    timeline.run(timeline.tick + 100);
    const bytes = new Uint8Array(4000).fill(i);
    assert.ok(timeline.input({ kind: 'memory', paddr: RAM_BASE + 0x20000, bytes }));
    digests.set(timeline.tick, machine.stateDigest());
    assert.ok(timeline.historyBytes <= historyBytes);
  }
  const { beginning, events, present } = timeline;
  assert.ok(beginning.tick > 0);
  assert.ok(events.length < 200);
  assert.equal(await timeline.seek(0), { kind: 'begin' });
  assert.equal(timeline.position, beginning);
  timeline.run(present.tick + 1);
  assert.equal(timeline.position, present);
  for (const { at } of events.filter((_, i) => i % 10 === 9)) {
    await timeline.seek(at);
    assert.is(machine.stateDigest(), digests.get(at.tick));
  }
});

test.run();
