/** Recordings with checkpoints: whatever place is gone to from them, its state is that of the one run. */
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Watchpoint } from '../../lib/exec/debug.js';
import { comparePositions, type InputEvent, type Position } from '../../lib/system/input-event.js';
import { ReplayDivergenceError } from '../../lib/util/errors.js';
import { CheckpointRecorder } from '../../replay/checkpoint-recorder.js';
import { unpack } from '../../replay/compress.js';
import { recordedLine } from '../../replay/line-check.js';
import { Recording } from '../../replay/log.js';
import { decodePlain, encodePlain } from '../../replay/plain.js';
import { Recorder } from '../../replay/recorder.js';
import { Timeline, type TimelineOptions } from '../../replay/timeline.js';
import { RecordingWriter } from '../../replay/writer.js';
import { FailingMemoryDisk } from '../support/failing-disk.js';
import { FakeMachine } from '../support/fake-machine.js';
import { withFolder } from '../support/files.js';
import { lawsProgram } from '../support/laws-program.js';
import { randomSource } from '../support/random.js';
import { openSample, openSampleTimeline, recordSample, replaySample, sourceOf, withOtherChunks } from '../support/recordings.js';
import { RAM_BASE } from '../support/riscv-machine.js';
import { countRuns } from '../support/run-counter.js';
import { sleepersProgram } from '../support/sleepers.js';
import { VirtMachine } from '../support/virt-machine.js';

const test = suite('checkpoints in recordings');

// By hand: HINDSIGHT_MOVES=3000.
const MOVES = Number(process.env.HINDSIGHT_MOVES ?? 200);
const LAST_TICK = 150_000;
const SPACING = 20_000;
/** In the laws' program: the counter's word that all harts change. */
const WATCHED = RAM_BASE + 0x300000 + 1024;
/** Behind what the program uses. */
const QUEUE = RAM_BASE + 0x400000;
const DISK = 0x10001000;

const machineWith = (harts: number): VirtMachine =>
  VirtMachine.create(lawsProgram(harts), { harts, memoryBytes: 0x500000, hotThreshold: 16 });

const memory = (paddr: number, bytes: Uint8Array): InputEvent => ({ kind: 'memory', paddr, bytes });
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** What a driver does to bring up the disk (virtio 1.2, 4.2.3), as a debugger would do it. */
function diskSetup(): InputEvent[] {
  const registers: readonly (readonly [number, number])[] = [
    ...[0, 1, 3].map((status) => [0x70, status] as const),
    ...[0x24, 0, 0x20, 0, 0x24, 1, 0x20, 1].flatMap((value, i, all) => (i % 2 === 0 ? [[value, all[i + 1] as number] as const] : [])),
    ...([
      [0x70, 0x0b],
      [0x30, 0],
      [0x38, 4],
    ] as const),
    ...([
      [0x80, QUEUE],
      [0x84, 0],
      [0x90, QUEUE + 0x1000],
      [0x94, 0],
      [0xa0, QUEUE + 0x2000],
      [0xa4, 0],
    ] as const),
    ...([
      [0x44, 1],
      [0x70, 0x0f],
    ] as const),
  ];
  return registers.map(([offset, value]) => memory(DISK + offset, words(value)));
}

/** Writes a sector: request number `index`, from 1. */
function diskWrite(index: number, sector: number, byte: number): InputEvent[] {
  const [header, data, status] = [QUEUE + 0x3000, QUEUE + 0x4000, QUEUE + 0x5000];
  const descriptors = words(header, 0, 16, 1 | (1 << 16), data, 0, 512, 1 | (2 << 16), status, 0, 1, 2);
  return [
    memory(header, words(1, 0, sector, 0)),
    memory(data, new Uint8Array(512).fill(byte)),
    memory(QUEUE, descriptors),
    memory(QUEUE + 0x1000, words(index << 16, 0, 0)),
    memory(DISK + 0x50, words(0)),
  ];
}

interface Run {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly present: Position;
}

/** Runs the laws' program with input at random positions and at those of checkpoints, in front of them and behind, and disk writes among it. */
function record(harts: number, spacing = SPACING): Promise<Run> {
  return withFolder(async (folder) => {
    const path = join(folder, 'laws.rec');
    const machine = machineWith(harts);
    const header = { program: '1.0.0', machine: {}, drives: [], files: [], digestTicks: 30_000, snapshot: false };
    const writer = new RecordingWriter(openSync(path, 'w'), assert.unreachable);
    const recorder = new Recorder({ machine, writer, header, files: [], disks: [], checkpoints: { ticks: spacing } });
    machine.onInput = (at, event) => recorder.input(at, event);
    const random = randomSource(harts);
    const input = (...events: InputEvent[]) => {
      for (const event of events) assert.ok(machine.input(event));
    };
    let requests = 0;
    const something = (): void => {
      if (random() % 2) input(...diskWrite(++requests, random() % 512, random()));
      else input(memory(QUEUE + 0x8000 + (random() % 0x8000), Uint8Array.of(random(), random())));
    };
    input(...diskSetup());
    while (machine.tick < LAST_TICK) {
      machine.run(Math.min(LAST_TICK, recorder.nextTick, machine.tick + 1 + (random() % 4000)));
      if (machine.tick % spacing === 0 && random() % 2) something();
      recorder.betweenSlices();
      if (random() % 3 === 0) something();
    }
    assert.ok(requests > 10);
    assert.ok(machine.devices.some((device) => device.name.includes('blk') && JSON.stringify(device.save()).length > 10_000));
    const run = { digest: machine.stateDigest(), present: machine.position };
    await recorder.finish({ reason: 'limit' });
    return { ...run, bytes: new Uint8Array(readFileSync(path)) };
  });
}

interface Opened {
  readonly recording: Recording;
  readonly machine: VirtMachine;
  readonly timeline: Timeline;
  /** Ticks that the machine has run. */
  ran(): number;
}

function open(
  bytes: Uint8Array,
  harts: number,
  { states = true, ...options }: Partial<TimelineOptions> & { states?: boolean } = {},
): Opened {
  const recording = new Recording(sourceOf(bytes));
  const machine = machineWith(harts);
  const counter = countRuns(machine);
  let now = 0;
  const line = recordedLine(recording, { verify: true, ...(states ? { onUnusable: assert.unreachable } : {}) });
  const timeline = new Timeline(machine, { nowMs: () => (now += 5), historyBytes: 32 * 2 ** 20, recording: line, ...options });
  return { recording, machine, timeline, ran: () => counter.ticks };
}

/** Random moves from the recording's checkpoints; each place is compared with the same one in a replay without them. */
async function walk({ bytes, present, digest }: Run, harts: number, historyBytes: number): Promise<void> {
  const { machine, timeline } = open(bytes, harts, { historyBytes });
  const visited: { at: Position; digest: string; hit?: Position | undefined }[] = [];
  const random = randomSource(harts + 10);
  const watchpoints: Watchpoint[] = [{ address: BigInt(WATCHED), length: 8, kind: 'write', space: 'physical' }];
  timeline.setWatchpoints(watchpoints);
  await timeline.seek(present);
  assert.is(machine.stateDigest(), digest);
  for (let i = 0; i < MOVES; i++) {
    const kind = random() % 6;
    let hit: Position | undefined;
    if (kind === 0) await timeline.seek(random() % LAST_TICK);
    else if (kind === 1) await timeline.seek((random() % (LAST_TICK / SPACING)) * SPACING);
    else if (kind === 2) await timeline.stepBack(random() % 2 ? random() % harts : undefined);
    else if (kind === 3) await timeline.reverseContinue();
    else if (kind === 4) timeline.run(timeline.tick + (random() % 3000), { passBreakpoint: true });
    else hit = (await timeline.lastWrite(WATCHED, 8))?.at;
    assert.ok(timeline.historyBytes <= historyBytes, `${timeline.historyBytes}`);
    visited.push({ at: timeline.position, digest: machine.stateDigest(), ...(kind === 5 ? { hit } : {}) });
  }
  const plain = open(bytes, harts, { states: false });
  visited.sort((a, b) => comparePositions(a.at, b.at));
  for (const { at, digest: expected, ...write } of visited) {
    await plain.timeline.seek(at);
    assert.is(plain.machine.stateDigest(), expected, `tick ${at.tick}`);
    if ('hit' in write) assert.equal((await plain.timeline.lastWrite(WATCHED, 8))?.at, write.hit);
  }
}

for (const harts of [1, 3]) {
  test(`from loaded checkpoints any walk passes the states of the one run, harts: ${harts}`, async () => {
    const run = await record(harts);
    const { recording } = open(run.bytes, harts);
    assert.is(recording.checkpoints.length, Math.floor(LAST_TICK / SPACING));
    const eventsThere = [...recording.entries()].filter(
      ({ kind, at }) => kind === 'event' && recording.checkpoints.some((c) => c.at.tick === at.tick),
    );
    assert.ok(eventsThere.length > 5);
    await walk(run, harts, 64 * 2 ** 20);
  });
}

test('where memory is short some of them are left out, or all, and the walk is right', async () => {
  const run = await record(1);
  const all = open(run.bytes, 1).timeline.checkpointPositions.length;
  const counts = [32, 1, 0.3].map(
    (mebibytes) => open(run.bytes, 1, { historyBytes: mebibytes * 2 ** 20 }).timeline.checkpointPositions.length,
  );
  assert.is(counts[0], all);
  assert.ok(counts[1] < all && counts[1] > 1, `${counts}`);
  assert.is(counts[2], 1);
  await walk(run, 1, 2 ** 20);
});

test('a late place is reached from the nearest of them, and so is a write', async () => {
  const run = await record(1);
  const { timeline, machine, recording, ran } = open(run.bytes, 1);
  await timeline.seek(run.present);
  assert.is(machine.stateDigest(), run.digest);
  assert.ok(ran() <= SPACING, `${ran()}`);
  // Nothing was written there since the program began.
  const before = ran();
  assert.is(await timeline.lastWrite(RAM_BASE + 0x3f0000, 8), undefined);
  assert.ok(ran() - before <= 2 * SPACING, `${ran() - before}`);
  await timeline.seek(SPACING + 10);
  assert.ok(ran() - before <= 3 * SPACING);
  assert.is(recording.checkpoints[0].at.tick, SPACING);
});

test('a replay that executes everything compares the state at each of them', async () => {
  const { bytes, digest } = await recordSample({ seed: 6, digestTicks: 1_000_000, checkpoints: { ticks: 3000 } });
  const replay = openSample(bytes);
  replaySample(replay, 700);
  assert.is(replay.machine.stateDigest(), digest);
  // At the start, at each checkpoint, and at the end.
  assert.is(replay.replayer.verified, 2 + replay.recording.checkpoints.length);
  assert.is(replay.recording.checkpoints.length, 6);
});

test('they change nothing of the run, and one that begins in its middle can have them', async () => {
  for (const fromTick of [0, 5000]) {
    const common = { seed: 8, fromTick, digestTicks: 2500 };
    const [plain, states] = [await recordSample(common), await recordSample({ ...common, checkpoints: { ticks: 2500 } })];
    assert.equal([states.digest, states.printed], [plain.digest, plain.printed]);
    const { timeline, machine, recording } = openSampleTimeline(states.bytes);
    assert.is(timeline.checkpointPositions.length, 1 + recording.checkpoints.length);
    await timeline.seek(timeline.recordedEnd);
    assert.is(machine.stateDigest(), plain.digest);
    await timeline.seek(timeline.beginning);
    assert.is(machine.tick, fromTick);
  }
});

for (const write of [false, true]) {
  test(`what a guest wrote to a drive${write ? ' and its file' : ''} is there behind a checkpoint, failures too`, async () => {
    let written = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const backend = new FailingMemoryDisk(2 ** 20, seed);
      const sample = await recordSample({ seed, disk: { backend, write }, digestTicks: 2000, checkpoints: { ticks: 2000 } });
      assert.equal(sample.failures, []);
      const { machine, timeline, recording } = openSampleTimeline(sample.bytes);
      assert.is(timeline.checkpointPositions.length, 1 + recording.checkpoints.length);
      written += recording.checkpoints.at(-1)?.sizeBytes ?? 0;
      await timeline.seek(timeline.recordedEnd);
      assert.is(machine.stateDigest(), sample.digest);
      for (const { at } of recording.checkpoints.toReversed()) await timeline.seek(at);
      await timeline.seek(timeline.recordedEnd);
      assert.is(machine.stateDigest(), sample.digest);
    }
    assert.ok(written > 100_000, `${written}`);
  });
}

test('they hold what the serial line printed on the way, each byte once', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'sleepers.rec');
    const machine = VirtMachine.create(sleepersProgram(), { harts: 3, hotThreshold: 16 });
    const header = { program: '1.0.0', machine: {}, drives: [], files: [], digestTicks: 5000, snapshot: false };
    const writer = new RecordingWriter(openSync(path, 'w'), assert.unreachable);
    let isLine = true;
    const isRecordedLine = () => isLine;
    const recorder = new Recorder({ machine, writer, header, files: [], disks: [], checkpoints: { ticks: 3000 }, isRecordedLine });
    const timeline = new Timeline(machine, { nowMs: () => 0, onReplay: (active) => (isLine = !active) });
    while (timeline.tick < 30_000) {
      timeline.run(Math.min(recorder.nextTick, timeline.tick + 1000));
      recorder.betweenSlices();
      if (timeline.tick % 9000 !== 0) continue;
      // Through the past once more: nothing of that is news.
      await timeline.seek(timeline.tick - 5000);
      while (!timeline.isAtPresent) timeline.run(timeline.tick + 700);
    }
    const { output } = machine;
    await recorder.finish({ reason: 'limit' });
    const { checkpoints } = new Recording(sourceOf(new Uint8Array(readFileSync(path))));
    const texts = checkpoints.map((checkpoint) => checkpoint.text());
    assert.is(texts.length, 10);
    const all = texts.flatMap((text) => [...text.output]);
    assert.ok(all.length > 20);
    assert.equal(all, output.slice(0, all.length));
    assert.is(texts.at(-1)?.printed, all.length);
  }));

test('what would take more memory than any history has is not copied, and nothing behind it', () => {
  const machine = new FakeMachine();
  const all = new Int32Array(2 ** 18 + 1).map((_, frame) => frame);
  const read = () => assert.unreachable();
  Object.defineProperty(machine, 'pages', { value: { read, openDirtyLog: () => ({ take: () => all, close: () => {} }) } });
  const chunks: string[] = [];
  const writer = { add: (kind: string) => chunks.push(kind), addAll: () => chunks.push('some') } as unknown as RecordingWriter;
  const recorder = new CheckpointRecorder(machine, writer, { ticks: 10, isRecordedLine: () => true });
  machine.tick = 10;
  assert.ok(recorder.isDue());
  recorder.take();
  machine.tick = 1e9;
  assert.equal([recorder.count, recorder.isDue(), chunks.length], [0, false, 0]);
});

test('they are left out where they would take more than their share of the time', async () => {
  let now = 0;
  const dear = await recordSample({ seed: 9, checkpoints: { ticks: 1000, nowMs: () => (now += 10) } });
  const { recording } = openSample(dear.bytes);
  assert.ok(recording.checkpoints.length >= 2 && recording.checkpoints.length < 15, `${recording.checkpoints.length}`);
});

/** The recording with the state of each checkpoint changed. */
function withOtherStates(
  bytes: Uint8Array,
  change: (state: { devices: { version: number; data: { value: number } }[] }) => void,
): Uint8Array {
  let isLog = false;
  const sizes: number[] = [];
  return withOtherChunks(bytes, ({ kind, payload }) => {
    isLog ||= kind === 'L';
    if (isLog && kind === 'P') {
      const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
      const state = decodePlain(unpack(payload.subarray(4), length, 'state'), 'state');
      change(state as Parameters<typeof change>[0]);
      const plain = encodePlain(state);
      sizes.push(plain.length);
      return Buffer.concat([words(plain.length), plain]);
    }
    return kind === 'C' ? encodePlain({ ...(decodePlain(payload, 'checkpoint') as object), sizeBytes: sizes.at(-1) }) : payload;
  });
}

/** A recording whose checkpoints have one memory chunk each, with these fields. */
async function withOtherPages(fields: readonly unknown[]): Promise<Uint8Array> {
  const { bytes } = await recordSample({ seed: 10, checkpoints: { ticks: 100 } });
  return withOtherChunks(bytes, ({ kind, payload }) => (kind === 'M' ? encodePlain(fields) : payload));
}

test('pages that the machine does not have are refused, and many that are only claimed take no memory', async () => {
  const beyond = await withOtherPages([[], new Uint8Array(), [5, 1]]);
  assert.throws(() => openSampleTimeline(beyond), /^sample\.rec: at offset 0x[0-9a-f]+: has a page 5, the machine has 4$/);
  const backwards = await withOtherPages([[], new Uint8Array(), [4, 0]]);
  assert.throws(() => openSample(backwards), /^sample\.rec: at offset 0x[0-9a-f]+: bad field 2$/);
  const none = await withOtherPages([[], new Uint8Array()]);
  assert.throws(() => openSample(none), /^sample\.rec: at offset 0x[0-9a-f]+: pages that cannot be in this place of a recording$/);
  const claimed = await withOtherPages([[], new Uint8Array(), [0, 4]]);
  const { timeline } = openSampleTimeline(claimed, 100_000);
  assert.ok(timeline.historyBytes < 100_000 && timeline.checkpointPositions.length < 10, `${timeline.checkpointPositions.length}`);
});

test('contents that are none are found out when they are wanted', async () => {
  const other = await withOtherPages([[0, 2], new Uint8Array(100)]);
  replaySample(openSample(other));
  assert.throws(() => openSampleTimeline(other), /^sample\.rec: at offset 0x[0-9a-f]+: bad compressed data$/);
});

test('states that do not load are passed over with a warning, and everything is replayed', async () => {
  const { bytes, digest } = await recordSample({ seed: 10, checkpoints: { ticks: 3000 } });
  const other = withOtherStates(bytes, ({ devices }) => {
    (devices[0] as { data: unknown }).data = 'of another version';
  });
  const { timeline, machine, warnings } = openSampleTimeline(other);
  assert.equal(timeline.checkpointPositions.length, 1);
  assert.is(warnings.length, 1);
  assert.match(
    warnings[0],
    /^6 of 6 checkpoints are not used \(saved state of device "value" is no object\); what is behind them is replayed$/,
  );
  await timeline.seek(timeline.recordedEnd);
  assert.is(machine.stateDigest(), digest);
});

test('one of them that does not load is stepped over by those behind it', async () => {
  const { bytes, digest } = await recordSample({ seed: 10, checkpoints: { ticks: 3000 } });
  let index = 0;
  const other = withOtherStates(bytes, ({ devices }) => {
    if (index++ % 2 === 1) (devices[0] as { data: unknown }).data = 5;
  });
  const { timeline, machine, warnings, recording } = openSampleTimeline(other);
  assert.is(timeline.checkpointPositions.length, 4);
  assert.match(warnings[0], /^3 of 6 /);
  const [, , third, fourth] = recording.checkpoints;
  for (const { at } of [fourth, third]) await timeline.seek(at);
  await timeline.seek(timeline.recordedEnd);
  assert.is(machine.stateDigest(), digest);
});

test('a state that is another one than that of the run is found out by its digest', async () => {
  const { bytes, digest } = await recordSample({ seed: 10, checkpoints: { ticks: 3000 } });
  const other = withOtherStates(bytes, ({ devices }) => {
    devices[0].data.value = (devices[0].data.value ^ 5) >>> 0;
  });
  const { timeline, machine } = openSampleTimeline(other);
  try {
    await timeline.seek(timeline.recordedEnd);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ReplayDivergenceError);
    assert.is((error as ReplayDivergenceError).tick, 18_000);
  }
  const replay = openSample(other);
  replaySample(replay);
  assert.equal([replay.machine.stateDigest(), machine.tick], [digest, 18_000]);
});

test.run();
