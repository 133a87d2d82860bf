import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplayDivergenceError } from '../../lib/util/errors.js';
import { Recording } from '../../replay/log.js';
import { Recorder } from '../../replay/recorder.js';
import { RecordingWriter } from '../../replay/writer.js';
import { FailingMemoryDisk } from '../support/failing-disk.js';
import { FakeMachine } from '../support/fake-machine.js';
import { withFolder } from '../support/files.js';
import { MemoryDisk } from '../support/memory-disk.js';
import { openSample, recordSample, replaySample, sourceOf } from '../support/recordings.js';

const test = suite('record and replay');

for (let seed = 1; seed <= 20; seed++) {
  test(`a run with random input at random positions is the same again, seed ${seed}`, async () => {
    const sample = await recordSample({ seed });
    for (const slice of [1 + seed * 7, 1000, Number.POSITIVE_INFINITY]) {
      const replay = openSample(sample.bytes);
      replaySample(replay, slice);
      assert.is(replay.machine.stateDigest(), sample.digest);
      assert.equal(replay.printed, sample.printed);
      assert.is(replay.replayer.verified, 6);
    }
  });
}

test('a recording that began in the middle of a run begins with a snapshot', async () => {
  const sample = await recordSample({ seed: 3, fromTick: 7000 });
  const replay = openSample(sample.bytes);
  assert.is(replay.machine.tick, 7000);
  replaySample(replay);
  assert.is(replay.machine.stateDigest(), sample.digest);
  assert.equal(replay.printed, sample.printed);
});

test('a machine that powers off does so at the same tick', async () => {
  const sample = await recordSample({ seed: 4, offTick: 9000 });
  const replay = openSample(sample.bytes, { offTick: 9000 });
  replaySample(replay);
  assert.equal([replay.machine.tick, replay.machine.powerOff, replay.recording.end?.reason], [9000, 7, 'poweroff']);
});

for (const write of [false, true]) {
  test(`what a guest reads from a drive${write ? ' that it writes to' : ''} comes from the recording, failures too`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const backend = new FailingMemoryDisk(2 ** 20, seed);
      const before = backend.bytes.slice();
      const sample = await recordSample({ seed, disk: { backend, write } });
      assert.is(write, Buffer.compare(before, backend.bytes) !== 0);
      assert.equal(sample.failures, []);
      const replay = openSample(sample.bytes);
      assert.ok((replay.recording.counts.get('failure') ?? 0) > 0);
      replaySample(replay, 500);
      assert.is(replay.machine.stateDigest(), sample.digest);
    }
  });
}

/** Fails now and then; of a write, half is done. Whole blocks, which are what the recorder itself reads, it can always read. */
test('a machine that does something else is stopped at the next state digest or earlier, and the error says since when', async () => {
  const sample = await recordSample({ seed: 5 });
  const replay = openSample(sample.bytes, { faultTick: 11_000 });
  const error = divergence(() => replaySample(replay));
  assert.ok(error.tick > 11_000 && error.tick <= 15_000);
  assert.match(error.message, /after the state agreed at tick 10000: .* is .*, recorded was /);
  assert.is(replay.replayer.verified, 3);
});

test('a power-off too early, and one that does not come, are divergences', async () => {
  const sample = await recordSample({ seed: 6, offTick: 9000 });
  assert.match(
    divergence(() => replaySample(openSample(sample.bytes, { offTick: 8000, verify: false }))).message,
    /power-off at tick 8000/,
  );
  assert.match(divergence(() => replaySample(openSample(sample.bytes, { offTick: 9500 }))).message, /recorded was/);
});

test('a read of what the recorded run has not read is a divergence', async () => {
  const backend = new MemoryDisk(2 ** 20);
  const sample = await recordSample({ seed: 7, lastTick: 3000, disk: { backend, write: false } });
  const replay = openSample(sample.bytes, { faultTick: 1000, verify: false });
  assert.match(
    divergence(() => replaySample(replay)).message,
    /what the guest reads is sector \d+ of drive 0, recorded was a sector that the recording holds/,
  );
});

test('without verification digests are not compared', async () => {
  const sample = await recordSample({ seed: 5, lastTick: 12_000 });
  const replay = openSample(sample.bytes, { faultTick: 11_999, verify: false });
  replaySample(replay);
  assert.equal([replay.replayer.ended, replay.replayer.verified], [true, 0]);
});

test('input of others opens a branch, and the recorded line goes on from a state that was saved on it', async () => {
  const sample = await recordSample({ seed: 8 });
  const replay = openSample(sample.bytes);
  const { machine, replayer } = replay;
  replayer.run(6000);
  const [state, memory, cursor] = [machine.save(), machine.memoryBytes.slice(), replayer.cursor];
  assert.is(replayer.room('serial'), 0);
  assert.ok(replayer.input({ kind: 'console', port: 'serial', bytes: Uint8Array.of(1) }));
  assert.ok(replayer.room('serial') > 0);
  replayer.run(30_000);
  assert.not(replayer.ended);
  machine.memoryBytes.set(memory);
  machine.load(state);
  replayer.cursor = cursor;
  const again = openSample(sample.bytes);
  again.replayer.run(15_000);
  replayer.run(15_000);
  assert.is(machine.stateDigest(), again.machine.stateDigest());
});

test('what happens while the machine is in its past, or on another way from there, is not recorded', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'line.rec');
    const printed: number[] = [];
    let onLine = true;
    const print = (byte: number) => {
      recorder.printed(byte);
      if (onLine) printed.push(byte);
    };
    const machine: FakeMachine = new FakeMachine({ print });
    const header = {
      program: '0',
      machine: {},
      drives: [],
      files: [{ role: 'kernel', name: 'k', sizeBytes: 1 }],
      digestTicks: 500,
      snapshot: false,
    } as const;
    const writer = new RecordingWriter(openSync(path, 'w'), () => {});
    const files = [{ role: 'kernel', bytes: Uint8Array.of(1) }] as const;
    const recorder: Recorder = new Recorder({ machine, writer, header, files, disks: [], isRecordedLine: () => onLine });
    machine.onInput = (at, event) => recorder.input(at, event);
    const run = (until: number) => {
      while (machine.tick < until) {
        if (machine.run(Math.min(until, machine.tick + 100)).kind === 'idle') machine.input({ kind: 'resize', columns: 1, lines: 1 });
        recorder.betweenSlices();
      }
    };
    run(2000);
    const [past, pastMemory] = [machine.save(), machine.memoryBytes.slice()];
    run(4000);
    const [present, presentMemory] = [machine.save(), machine.memoryBytes.slice()];
    onLine = false;
    machine.memoryBytes.set(pastMemory);
    machine.load(past);
    machine.input({ kind: 'reset' });
    run(7000);
    await new Promise((resolve) => setTimeout(resolve, 600));
    machine.memoryBytes.set(presentMemory);
    machine.load(present);
    onLine = true;
    run(6000);
    const digest = machine.stateDigest();
    await recorder.finish({ reason: 'limit' });
    const replay = openSample(new Uint8Array(readFileSync(path)));
    replaySample(replay);
    assert.equal([replay.machine.stateDigest(), replay.printed, replay.recording.counts.get('reset')], [digest, printed, undefined]);
  }));

test('digests that take long are fewer, at the same ticks', async () => {
  let nowMs = 0;
  const digestsWith = async (clock: () => number): Promise<number[]> => {
    const { bytes } = await recordSample({ seed: 9, digestTicks: 100, nowMs: clock });
    const sample = openSample(bytes);
    replaySample(sample);
    return [...sample.recording.entries()].flatMap((entry) => (entry.kind === 'digest' ? entry.at.tick : []));
  };
  const all = await digestsWith(() => 0);
  // A digest takes 0.2 ms, and looking at the clock: 20 ms must go by. The first one, of all memory, does not count.
  const some = await digestsWith(() => (nowMs += 0.2));
  assert.is(all.length, 201);
  assert.is(some[1], all[1]);
  assert.ok(some.length > 2 && some.length < 6, String(some.length));
  assert.ok(some.every((tick) => all.includes(tick)));
});

test('a recording says what is in it', async () => {
  const { bytes } = await recordSample({ seed: 9, digestTicks: 1000 });
  const recording = new Recording(sourceOf(bytes));
  assert.is(recording.counts.get('digest'), 21);
  assert.equal([recording.start, recording.reached.tick, recording.damage], [{ tick: 0, skippedNs: 0 }, 20_000, undefined]);
  assert.is(
    [...recording.entries()].length,
    [...recording.counts.values()].reduce((a, b) => a + b),
  );
  const all = [...recording.entries()];
  for (const skip of [0, 1, 17, all.length]) assert.equal([...recording.entries(skip)], all.slice(skip));
});

function divergence(work: () => void): ReplayDivergenceError {
  try {
    work();
  } catch (error) {
    if (error instanceof ReplayDivergenceError) return error;
    throw error;
  }
  throw new Error('no divergence');
}

test.run();
