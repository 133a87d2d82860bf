/** A machine with its past that comes from a recording: is it the recorded run? */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { comparePositions } from '../../lib/system/input-event.js';
import { ReplayDivergenceError } from '../../lib/util/errors.js';
import { type RecordedDigest, type RecordedLine, recordedLine } from '../../replay/line-check.js';
import { Recording } from '../../replay/log.js';
import { Timeline, type TimelineOptions } from '../../replay/timeline.js';
import { randomSource } from '../support/random.js';
import { recordSample, sourceOf, withOtherDigest } from '../support/recordings.js';
import { sleepersProgram } from '../support/sleepers.js';
import { VirtMachine } from '../support/virt-machine.js';

const test = suite('a recording against its digests');

const sleepers = (): VirtMachine => VirtMachine.create(sleepersProgram(), { harts: 3, hotThreshold: 16 });
const SOURCE = { name: 'a.rec', program: '1.2.3' };
const key = (byte: number) => ({ kind: 'console', port: 'serial', bytes: Uint8Array.of(byte) }) as const;

/** A run with keys, and digests in front of, between and behind those of the same position. */
function record(): RecordedLine & { readonly digests: { readonly list: RecordedDigest[] } } {
  const live = new Timeline(sleepers(), { nowMs: () => 0 });
  const list: RecordedDigest[] = [];
  const digest = () => list.push({ at: live.position, events: live.events.length, digest: live.machine.stateDigest() });
  const random = randomSource(5);
  digest();
  while (live.tick < 30_000) {
    live.run(live.tick + 1 + (random() % 3000), { skipUntilNs: live.machine.nowNs + (random() % 9000) });
    for (let keys = random() % 3; keys > 0; keys--) {
      if (random() % 2) digest();
      live.input(key(random() & 0x7f));
    }
    if (random() % 2) digest();
  }
  digest();
  return { events: live.events, end: live.present, digests: { source: SOURCE, list } };
}

interface Opened {
  readonly timeline: Timeline;
  readonly machine: VirtMachine;
  /** How many digests were computed. */
  computed(): number;
}

function open(recording: RecordedLine, options: Partial<TimelineOptions> = {}): Opened {
  const machine = sleepers();
  const stateDigest = machine.stateDigest.bind(machine);
  let count = 0;
  machine.stateDigest = () => {
    count++;
    return stateDigest();
  };
  let now = 0;
  const nowMs = () => {
    now += 3;
    return now;
  };
  return { timeline: new Timeline(machine, { nowMs, recording, ...options }), machine, computed: () => count };
}

/** `recording` with the digest number `index` changed. */
function changed(recording: ReturnType<typeof record>, index: number): RecordedLine {
  const list = recording.digests.list.map((digest, i) => (i === index ? { ...digest, digest: 'other' } : digest));
  return { ...recording, digests: { source: SOURCE, list } };
}

async function errorOf(move: () => unknown): Promise<ReplayDivergenceError> {
  try {
    await move();
  } catch (error) {
    if (error instanceof ReplayDivergenceError) return error;
    throw error;
  }
  throw new Error('no divergence');
}

test('each digest is compared the first time that its place is passed, and never again', async () => {
  const recording = record();
  const { list } = recording.digests;
  assert.ok(list.length > 15);
  assert.ok(list.some(({ at, events }, i) => list[i + 1]?.at.tick === at.tick && list[i + 1].events > events));
  const { timeline, computed } = open(recording);
  for (const tick of [10_000, 100, 9000, 20_000, 5, 30_000]) await timeline.seek(tick);
  await timeline.reverseContinue();
  while (timeline.run(timeline.tick + 700).kind !== 'stopped');
  assert.ok(timeline.isAtPresent);
  assert.is(computed(), list.length);
});

test('digests that were jumped over are compared when their places are come to after all', async () => {
  const recording = record();
  const { list } = recording.digests;
  const { machine: other, timeline: straight } = open(recording);
  const middle = list[Math.floor(list.length / 2)];
  await straight.seek(middle.at);
  const [state, touched] = [other.save(), Int32Array.from({ length: other.pages.count }, (_, frame) => frame)];
  const { events } = recording;
  const stored = {
    where: 'a.rec',
    at: straight.position,
    events: events.filter(({ at }) => comparePositions(at, middle.at) <= 0).length,
    sizeBytes: 1000,
    text: () => ({ printed: 0, output: new Uint8Array() }),
    frames: () => touched,
    pagesBackwards: () => [...touched].map((frame) => ({ frame, bytes: other.pages.read(frame) })),
    state: () => state,
  };
  const checkpoints = { list: [stored], warn: assert.unreachable };
  const { timeline, computed } = open({ ...recording, checkpoints });
  await timeline.seek(recording.end);
  const late = computed();
  assert.ok(late < list.length - 3, `${late} of ${list.length}`);
  await timeline.seek(100);
  await timeline.seek(recording.end);
  assert.is(computed(), late + list.filter(({ at }) => at.tick > 0 && at.tick <= 100).length);
  await timeline.seek(timeline.beginning);
  while (timeline.run(timeline.tick + 700).kind !== 'stopped');
  assert.is(computed(), list.length);
  const wrong = open({ ...changed(recording, 3), checkpoints });
  await wrong.timeline.seek(recording.end);
  const error = await errorOf(() => wrong.timeline.seek(list[4].at));
  assert.equal([error.tick, error.agreed], [list[3].at.tick, list[2].at]);
});

test('where the state is another one the move ends with an error, once, and the user can look around', async () => {
  const recording = record();
  const { list } = recording.digests;
  for (const index of [1, 7, list.length - 1]) {
    const { timeline } = open(changed(recording, index));
    const error = await errorOf(() => timeline.seek(recording.end));
    assert.is(timeline.tick, list[index].at.tick);
    assert.equal([error.tick, error.agreed], [list[index].at.tick, list[index - 1].at]);
    assert.match(
      error.message,
      /^a\.rec: the replay differs from the recording \(recorded by version 1\.2\.3\) at tick \d+, after the state agreed at/,
    );
    assert.equal(await timeline.seek(100), { kind: 'done' });
    assert.equal(await timeline.seek(recording.end), { kind: 'done' });
  }
  assert.is((await errorOf(() => open(changed(recording, 0)))).tick, 0);
});

test('who wants to hear of it is told once, and the run goes on', () => {
  const recording = record();
  const told: ReplayDivergenceError[] = [];
  const { timeline } = open(changed(recording, 4), { onDivergence: (error) => told.push(error) });
  while (timeline.run(timeline.tick + 500).kind !== 'stopped');
  assert.ok(timeline.isAtPresent);
  assert.equal(
    told.map(({ tick }) => tick),
    [recording.digests.list[4].at.tick],
  );
});

test('what a branch does is compared with nothing', async () => {
  const recording = record();
  const { timeline, machine } = open(recording);
  await timeline.seek(8000);
  assert.ok(timeline.input(key(0x20)));
  while (timeline.tick < 25_000) timeline.run(timeline.tick + 1000);
  timeline.reportMissing(0, 1);
  timeline.run(timeline.tick + 100);
  await timeline.seek(recording.end);
  assert.is(machine.stateDigest(), recording.digests.list.at(-1)?.digest);
});

test('a read of what the recorded run has not read is a divergence', async () => {
  const recording = record();
  const { timeline } = open(recording);
  await timeline.seek(1000);
  timeline.reportMissing(2, 77);
  assert.match((await errorOf(() => timeline.run(5000))).message, /what the guest reads is sector 77 of drive 2, recorded was/);
});

test('a run that ends before the recording does is a divergence', async () => {
  const recording = record();
  const { timeline, machine } = open(recording);
  await timeline.seek(1000);
  machine.run = () => ({ kind: 'idle' });
  assert.match((await errorOf(() => timeline.seek(2000))).message, /how far the run goes is waiting at tick 1000.*, recorded was tick \d+/);
});

test('a file gives the digests of its log, each with the events in front of it, and the one at its end', async () => {
  const { bytes, digest } = await recordSample({ seed: 3, digestTicks: 1000 });
  const recording = new Recording(sourceOf(bytes));
  const { events, end, digests } = recordedLine(recording, { verify: true });
  const entries = [...recording.entries()];
  assert.ok(events.length > 5 && events.length === entries.filter(({ kind }) => kind === 'event').length);
  assert.is(digests?.list.length, entries.filter(({ kind }) => kind === 'digest').length + 1);
  assert.equal(digests?.list.at(-1), { at: end, events: events.length, digest });
  for (const { at, events: before } of digests?.list ?? []) {
    assert.ok(events.slice(0, before).every((event) => event.at.tick <= at.tick));
    assert.ok(events.slice(before).every((event) => event.at.tick >= at.tick));
  }
  assert.is(recordedLine(recording, { verify: false }).digests, undefined);
  const other = recordedLine(new Recording(sourceOf(withOtherDigest(bytes, 2))), { verify: true });
  assert.equal(
    other.digests?.list.flatMap((each, i) => (each.digest === digests?.list[i].digest ? [] : [i])),
    [2],
  );
});

test.run();
