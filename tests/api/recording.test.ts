import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError, Machine, Recording, ReplayDivergenceError, Timeline } from '../../lib/index.js';
import { cli } from '../support/cli.js';
import { HELLO, withFolder } from '../support/files.js';

const test = suite('recordings and timelines in a program');

const TICKS = 2_000_000;
const create = () => Machine.create({ kernel: HELLO, bios: 'none', harts: 2, memory: '16M', seed: 7 });

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A short run: something is typed, a register is written. */
async function record(folder: string): Promise<{ recording: Recording; machine: Machine; file: string }> {
  const file = join(folder, 'run.rec');
  const machine = create();
  const session = Recording.record(machine, file, { digestTicks: 500_000 });
  machine.run({ until: 'Hello' });
  machine.type('x');
  machine.run({ ticks: 1000 });
  machine.setRegister('s11', 5n);
  machine.run({ ticks: TICKS - machine.tick });
  return { recording: await session.finish(), machine, file };
}

test('a recording is replayed to the same state, by the library and by the command', async () => {
  await withFolder(async (folder) => {
    const { recording, machine, file } = await record(folder);
    assert.is(recording.ticks, TICKS);
    assert.equal(
      recording.events.map(({ event }) => event.kind),
      ['console', 'register'],
    );
    const replay = recording.replay();
    assert.equal(replay.stop, { kind: 'end' });
    assert.ok(replay.verified >= 4);
    assert.equal([replay.machine.stateDigest(), replay.machine.console], [machine.stateDigest(), machine.console]);
    const { stdout } = await cli(['replay', file, '--stats', '-', '--quiet', '--console', 'none']);
    assert.is((JSON.parse(stdout) as { stateDigest: string }).stateDigest, machine.stateDigest());
  });
});

test('a timeline over a recording with checkpoints begins with them', async () => {
  await withFolder(async (folder) => {
    const machine = create();
    const session = Recording.record(machine, join(folder, 'run.rec'), { checkpointTicks: 300_000 });
    machine.run({ ticks: 1_000_000 });
    const [digest, recording] = [machine.stateDigest(), await session.finish()];
    const replay = recording.machine();
    const timeline = Timeline.of(replay);
    await timeline.seek(recording.ticks);
    assert.is(replay.stateDigest(), digest);
    const info = JSON.parse((await cli(['info', join(folder, 'run.rec'), '--json'])).stdout) as { checkpoints: number };
    assert.is(info.checkpoints, 3);
    assert.is(recording.replay().machine.stateDigest(), digest);
  });
});

test('a recording may begin in the middle of a run', async () => {
  await withFolder(async (folder) => {
    const machine = create();
    machine.run({ ticks: 700_000 });
    const session = Recording.record(machine, join(folder, 'middle.rec'));
    machine.run({ ticks: 100_000 });
    const recording = await session.finish();
    const replay = recording.replay();
    assert.equal([replay.machine.tick, replay.machine.stateDigest()], [800_000, machine.stateDigest()]);
  });
});

test('a replay that goes another way says so', async () => {
  await withFolder(async (folder) => {
    const { recording } = await record(folder);
    const other = recording.machine();
    other.run({ ticks: 1000 });
    other.parts.guest.input({ kind: 'register', hart: 0, register: 's11', value: 1n });
    assert.throws(
      () => other.run(),
      (error: unknown) => error instanceof ReplayDivergenceError,
    );
  });
});

test('what a program does to a replay makes it leave the recorded line', async () => {
  await withFolder(async (folder) => {
    const { recording } = await record(folder);
    const machine = recording.machine();
    machine.run({ ticks: 1000 });
    machine.setRegister('s11', 9n);
    assert.equal(machine.run({ ticks: TICKS }), { kind: 'limit' });
    assert.is(machine.tick, TICKS + 1000);
  });
});

test('the timeline of a recording goes to any tick of it, and back', async () => {
  await withFolder(async (folder) => {
    const { recording, machine: recorded } = await record(folder);
    const machine = recording.machine({ symbols: HELLO });
    const timeline = Timeline.of(machine);
    assert.equal([timeline.beginning, timeline.present], [0, TICKS]);
    assert.equal(machine.run(), { kind: 'end' });
    assert.is(machine.stateDigest(), recorded.stateDigest());
    timeline.mark('end');
    machine.breakpoint('main');
    const back = await timeline.reverseContinue();
    assert.is(back.kind, 'stop');
    assert.is(machine.register('pc'), machine.address('main'));
    assert.is(machine.console, '');
    const { tick } = machine;
    await timeline.stepBack();
    assert.is(machine.tick, tick - 1);
    assert.equal([timeline.isAtPresent, timeline.isBranch], [false, false]);
    await timeline.seek('end');
    assert.is(machine.stateDigest(), recorded.stateDigest());
    assert.is(machine.console, recorded.console);
  });
});

test('a live machine goes back, and on: through the past again, then into what is new', async () => {
  const machine = create();
  const plain = create();
  const timeline = Timeline.of(machine);
  machine.run({ ticks: 1_000_000 });
  const write = await timeline.lastWrite(machine.register('sp'), 8);
  assert.ok(write && write.tick < 1_000_000);
  assert.is(machine.tick, 1_000_000);
  await timeline.seek(write.tick);
  assert.is(machine.register('pc', write.hart), write.pc);
  machine.run({ ticks: TICKS - machine.tick });
  plain.run({ ticks: TICKS });
  assert.equal([machine.stateDigest(), machine.console], [plain.stateDigest(), plain.console]);
  assert.throws(() => Recording.record(machine, '/dev/null'), /a machine with a timeline cannot be recorded/);
});

test('what cannot be is refused', async () => {
  await withFolder(async (folder) => {
    const { recording, file } = await record(folder);
    const refused = (error: unknown) => error instanceof ConfigError;
    assert.throws(() => Recording.record(recording.machine(), join(folder, 'again.rec')), refused);
    const late = recording.machine();
    late.run({ ticks: 10 });
    assert.throws(() => Timeline.of(late), refused);
    const machine = create();
    const session = Recording.record(machine, join(folder, 'other.rec'));
    assert.throws(() => Recording.record(machine, join(folder, 'more.rec')), refused);
    assert.throws(() => Timeline.of(machine), refused);
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, new Uint8Array(4096));
    const writing = Machine.create({ kernel: HELLO, bios: 'none', memory: '16M', drives: [{ path: disk, write: true }] });
    assert.throws(() => Timeline.of(writing), refused);
    writing.close();
    await session.finish();
    writeFileSync(file, readFileSync(file).subarray(0, -40));
    assert.is(Recording.open(file).end, undefined);
  });
});

test('a recording that is closed says so, and a machine that is closed has closed its drives', async () => {
  await withFolder(async (folder) => {
    const { recording } = await record(folder);
    recording.close();
    recording.close();
    assert.throws(() => recording.machine(), /the recording is closed/);
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, new Uint8Array(4096));
    const isOpen = (): boolean => readdirSync('/proc/self/fd').some((fd) => linkOf(`/proc/self/fd/${fd}`) === disk);
    const machine = Machine.create({ kernel: HELLO, bios: 'none', memory: '16M', drives: [disk] });
    if (process.platform === 'linux') assert.ok(isOpen());
    machine.close();
    if (process.platform === 'linux') assert.not.ok(isOpen());
  });
});

test.run();
