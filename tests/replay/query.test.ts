/** Runs through history see what a machine that never goes back stops at. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Breakpoint, Watchpoint } from '../../lib/exec/debug.js';
import { type Stretch, type Visit, type Visitor, visitInstructions, visitWrites } from '../../replay/query.js';
import { Timeline } from '../../replay/timeline.js';
import { lawsProgram } from '../support/laws-program.js';
import { randomSource } from '../support/random.js';
import { RAM_BASE } from '../support/riscv-machine.js';
import { VirtMachine, type VirtOptions } from '../support/virt-machine.js';

const LAST_TICK = 100_000;
/** In the laws' program: the counter's word that all harts change. */
const WATCHED = { paddr: RAM_BASE + 0x300000 + 1024, length: 8 };
const PCS = [0x180n, 0x1f0n, 0x300n].map((offset) => BigInt(RAM_BASE) + offset);

const test = suite('questions to history');

const fresh = (options: VirtOptions): VirtMachine => VirtMachine.create(lawsProgram(options.harts ?? 1), { hotThreshold: 16, ...options });

/** What a machine stops at on its way to the end. */
function stopsOf(machine: VirtMachine, breakpoints: readonly Breakpoint[], watchpoints: readonly Watchpoint[]): Visit[] {
  machine.debug.setBreakpoints(breakpoints);
  machine.debug.setWatchpoints(watchpoints);
  const found: Visit[] = [];
  for (let passBreakpoint = false; machine.tick < LAST_TICK; ) {
    const stop = machine.run(LAST_TICK, { passBreakpoint });
    passBreakpoint = stop.kind === 'breakpoint';
    const { hart, tick } = { hart: 'hart' in stop ? stop.hart : -1, tick: machine.tick };
    if (stop.kind === 'breakpoint') found.push({ hart, tick, pc: stop.breakpoint.pc });
    if (stop.kind === 'watchpoint') found.push({ hart, tick: tick - 1, pc: stop.pc });
  }
  return found;
}

function timelineOf(options: VirtOptions): Timeline {
  let now = 0;
  const timeline = new Timeline(fresh(options), { nowMs: () => (now += 5), historyBytes: 16 * 2 ** 20 });
  while (timeline.tick < LAST_TICK) timeline.run(Math.min(LAST_TICK, timeline.tick + 3000));
  return timeline;
}

/** Collects visits, up to `limit`. */
function collector(limit = Number.POSITIVE_INFINITY): { visits: Visit[]; visitor: Visitor } {
  const visits: Visit[] = [];
  return { visits, visitor: { visit: (visit) => visits.push(visit) < limit, breathe: async () => true } };
}

for (const harts of [1, 3]) {
  test(`with ${harts} harts, every instruction and every write of a stretch is visited once`, async () => {
    const watchpoint: Watchpoint = { address: BigInt(WATCHED.paddr), length: WATCHED.length, kind: 'write', space: 'physical' };
    const writes = stopsOf(fresh({ harts }), [], [watchpoint]);
    const pcs = [...new Set([...PCS, ...writes.map(({ pc }) => pc)])];
    const breakpoints = pcs.map((pc) => ({ pc }));
    const instructions = stopsOf(fresh({ harts }), breakpoints, []);
    assert.ok(instructions.length > writes.length && writes.length > 1000, `${instructions.length} and ${writes.length}`);
    const timeline = timelineOf({ harts });
    const random = randomSource(harts);
    for (let i = 0; i < 8; i++) {
      const [from, to] = i === 0 ? [0, LAST_TICK] : [random() % LAST_TICK, random() % LAST_TICK].sort((a, b) => a - b);
      const stretch: Stretch = { from: from as number, to: to as number };
      const within = ({ tick }: Visit): boolean => tick >= stretch.from && tick < stretch.to;
      const [code, data] = [collector(), collector()];
      assert.is(await visitInstructions(timeline, pcs, stretch, code.visitor), true);
      assert.equal(code.visits, instructions.filter(within));
      assert.is(timeline.tick, stretch.to);
      assert.is(await visitWrites(timeline, WATCHED, stretch, data.visitor), true);
      assert.equal(data.visits, writes.filter(within));
    }
  });
}

test('a visitor that has seen enough ends it there, and no stop is left behind', async () => {
  const timeline = timelineOf({});
  const all = collector();
  await visitInstructions(timeline, PCS, { from: 0, to: LAST_TICK }, all.visitor);
  const some = collector(5);
  assert.is(await visitInstructions(timeline, PCS, { from: 0, to: LAST_TICK }, some.visitor), false);
  assert.equal(some.visits, all.visits.slice(0, 5));
  assert.is(timeline.tick, some.visits[4].tick);
  const writes = collector(3);
  assert.is(await visitWrites(timeline, WATCHED, { from: 0, to: LAST_TICK }, writes.visitor), false);
  assert.is(timeline.tick, writes.visits[2].tick + 1);
  assert.equal(timeline.run(timeline.tick + 20_000), { kind: 'limit' });
});

test('who ends it between two stops is obeyed', async () => {
  const timeline = timelineOf({ harts: 3 });
  let breaths = 0;
  const visitor: Visitor = { visit: () => true, breathe: async () => ++breaths < 1 };
  // Breaths come by the host's clock: a visit that takes its time makes sure of one.
  const slow: Visitor = { ...visitor, visit: () => busyFor(30) };
  assert.is(await visitWrites(timeline, WATCHED, { from: 0, to: LAST_TICK }, slow), false);
  assert.is(breaths, 1);
  assert.ok(timeline.tick < LAST_TICK);
});

test('what somebody else than a hart writes is visited at the tick where it happened', async () => {
  const timeline = timelineOf({});
  const at = timeline.tick;
  const bytes = Uint8Array.of(1, 2, 3);
  assert.is(timeline.input({ kind: 'memory', paddr: RAM_BASE + 0x3e0000, bytes }), true);
  timeline.run(at + 1000);
  const { visits, visitor } = collector();
  await visitWrites(timeline, { paddr: RAM_BASE + 0x3e0002, length: 1 }, { from: 0, to: at + 1000 }, visitor);
  assert.equal(visits, [{ hart: -1, tick: at, pc: 0n }]);
});

function busyFor(ms: number): true {
  for (const end = performance.now() + ms; performance.now() < end; );
  return true;
}

test.run();
