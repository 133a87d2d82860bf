import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { comparePositions, type Position } from '../../lib/system/input-event.js';
import { lawsProgram } from '../support/laws-program.js';
import { type Path, type PathMachine, type PathOptions, runOnPaths, TINY_ARENA, ticksUpTo } from '../support/paths.js';
import { randomSource } from '../support/random.js';
import { sleepersProgram } from '../support/sleepers.js';
import { VirtMachine } from '../support/virt-machine.js';

const HARTS = 3;
const test = suite('several harts: the state is a function of the position alone');

/** The machine as the path tests drive it. */
function onPath(program: Uint8Array, options: PathOptions): PathMachine {
  const machine = VirtMachine.create(program, { ...options, harts: HARTS });
  return {
    get tick() {
      return machine.tick;
    },
    run(tick, { step = false } = {}) {
      while (machine.tick < tick) machine.run(step ? machine.tick + 1 : tick);
    },
    summary: () => ({ ...machine.position, digest: machine.stateDigest(), output: machine.output.length }),
  };
}

const PATHS: readonly Path[] = [
  { name: 'interpreter, chained', mode: 'interpret', pace: 'ticks' },
  { name: 'interpreter, random runs', mode: 'interpret', pace: 'random' },
  { name: 'threshold 3', hotThreshold: 3, pace: 'ticks' },
  { name: 'threshold 64, random runs', hotThreshold: 64, pace: 'random' },
  { name: 'threshold 16, in one go', hotThreshold: 16, pace: 'straight' },
  { name: 'threshold 8, tiny arena', hotThreshold: 8, arenaBytes: TINY_ARENA, pace: 'ticks' },
];

test('three harts that do a little of everything, on all paths', () => {
  runOnPaths((options) => onPath(lawsProgram(HARTS), options), ticksUpTo(130_000, 50), PATHS);
  runOnPaths((options) => onPath(lawsProgram(HARTS), options), ticksUpTo(45_000, 20), [
    { name: 'single-stepped', hotThreshold: 4, pace: 'steps' },
  ]);
});

test('three harts that sleep, on all paths', () => {
  runOnPaths((options) => onPath(sleepersProgram(), options), ticksUpTo(60_000, 60), [
    ...PATHS,
    { name: 'single-stepped', mode: 'interpret', pace: 'steps' },
  ]);
});

interface Stop {
  readonly at: Position;
  /** What comes in there, if anything. */
  readonly bytes: Uint8Array | undefined;
  /** Behind it. */
  readonly digest: string;
}

function enter(machine: VirtMachine, bytes: Uint8Array | undefined): string {
  if (bytes) assert.ok(machine.input({ kind: 'console', port: 'serial', bytes }));
  return machine.stateDigest();
}

/** Runs to `end`, noting the digest at every position where a run of a random length in ticks and idle time ended, with input at some of them. */
function stopsOf(machine: VirtMachine, end: number, seed: number): Stop[] {
  const random = randomSource(seed);
  const stops: Stop[] = [];
  while (machine.tick < end) {
    const skipUntilNs = machine.nowNs + (random() % 3000);
    machine.run(machine.tick + 1 + (random() % (random() % 4 === 0 ? 30_000 : 300)), { skipUntilNs });
    const bytes = random() % 5 === 0 ? Uint8Array.of(65, 66, 67).subarray(0, 1 + (random() % 3)) : undefined;
    stops.push({ at: machine.position, bytes, digest: enter(machine, bytes) });
  }
  return stops;
}

test('positions in the middle of idle time are reached again, whatever the way, and input has the same effect there', () => {
  const program = sleepersProgram();
  const expected = stopsOf(VirtMachine.create(program, { harts: HARTS, mode: 'interpret' }), 60_000, 1);
  assert.ok(expected.length > 300);
  assert.ok(expected.some(({ at, bytes }, i) => i > 0 && bytes && at.tick === expected[i - 1].at.tick));
  const direct = VirtMachine.create(program, { harts: HARTS, hotThreshold: 16 });
  const wandering = VirtMachine.create(program, { harts: HARTS, mode: 'interpret' });
  const random = randomSource(2);
  for (const { at, bytes, digest } of expected) {
    assert.is(direct.run(Number.POSITIVE_INFINITY, { until: at }).kind, 'limit');
    assert.equal(direct.position, at);
    assert.is(enter(direct, bytes), digest);
    while (comparePositions(wandering.position, at) < 0) {
      wandering.run(wandering.tick + 1 + (random() % 100), { skipUntilNs: wandering.nowNs + (random() % 500), until: at });
    }
    assert.is(enter(wandering, bytes), digest);
  }
});

test('a run that finds all harts waiting changes nothing, however often', () => {
  const machine = VirtMachine.create(sleepersProgram(), { harts: HARTS });
  let idles = 0;
  while (machine.tick < 10_000) {
    const stop = machine.run(10_000, { skipUntilNs: machine.nowNs });
    if (stop.kind !== 'idle') continue;
    const digest = machine.stateDigest();
    for (let i = 0; i < 4; i++) assert.is(machine.run(10_000, { skipUntilNs: machine.nowNs }).kind, 'idle');
    assert.is(machine.stateDigest(), digest);
    idles++;
    machine.run(machine.tick + 1, { skipUntilNs: stop.wakeNs as number });
  }
  assert.ok(idles > 20);
});

test.run();
