import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { optionsFor } from '../../lib/cli/demo/guest-run.js';
import { bootMachine, loadMachine } from '../../lib/host/boot.js';
import { createEngine } from '../../lib/host/create-engine.js';
import { openRecordedMachine } from '../../lib/host/recorded-machine.js';
import { RecordableInputs } from '../../lib/host/recording.js';
import { openRecording } from '../../lib/host/recording-inputs.js';
import { saveHistory } from '../../lib/host/save-history.js';
import { ConfigError } from '../../lib/util/errors.js';
import { Timeline } from '../../replay/timeline.js';
import { cli } from '../support/cli.js';
import { ROOT } from '../support/files.js';

const LAST = 3_000_000;

const folder = mkdtempSync(join(tmpdir(), 'hindsight-test-'));
const test = suite('saving history');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const warn = (message: string) => {
  throw new Error(message);
};

/** The heisenbug guest, `startTick` ticks after power-on, with a timeline from there. */
function session(startTick: number) {
  const options = optionsFor(join(ROOT, 'examples/heisenbug/heisenbug.elf'), { bios: 'none', memory: '4M', append: 'samples=0' });
  const inputs = new RecordableInputs(warn);
  const sinks = { serial: () => {}, virtio: () => {}, frame: () => {} };
  const machine = bootMachine(loadMachine(options, inputs), { sinks, createEngine, engine: options });
  inputs.machine = machine;
  if (startTick > 0) machine.run(startTick);
  return { options, inputs, machine, warn, timeline: new Timeline(machine, { nowMs: () => performance.now() }) };
}

for (const startTick of [0, 400_000]) {
  test(`history from tick ${startTick} on becomes a recording that replays to the same state, and the machine stays where it was`, async () => {
    const parts = session(startTick);
    const { timeline, machine } = parts;
    const type = (text: string) => timeline.input({ kind: 'console', port: 'serial', bytes: new TextEncoder().encode(text) });
    assert.ok(type('s'));
    timeline.run(LAST / 2);
    assert.ok(type('s'));
    timeline.run(LAST);
    const digest = machine.stateDigest();
    await timeline.seek(LAST / 3);
    const [here, there] = [machine.stateDigest(), timeline.position];
    const path = join(folder, `from-${startTick}.rec`);
    await saveHistory(parts, { path, reference: false, digestTicks: undefined, checkpointTicks: LAST / 4 });
    assert.equal([machine.stateDigest(), timeline.position], [here, there]);
    const { code, stdout, stderr } = await cli(['replay', path, '--console', 'none', '--stats', '-']);
    assert.is(code, 0, stderr);
    const stats = JSON.parse(stdout) as { stateDigest: string; ticks: number };
    assert.equal([stats.stateDigest, stats.ticks], [digest, LAST]);
    const saved = openRecordedMachine(openRecording(path), { warn });
    assert.is(saved.timeline.checkpointPositions.length, 1 + 4);
    await saved.timeline.seek(saved.timeline.recordedEnd);
    assert.is(saved.machine.stateDigest(), digest);
  });
}

test('a branch of the past cannot be saved, nor a run that is being recorded', async () => {
  const parts = session(0);
  const { timeline, machine } = parts;
  const refused = (error: unknown) => error instanceof ConfigError;
  const attempt = () =>
    saveHistory(parts, { path: join(folder, 'none.rec'), reference: false, digestTicks: undefined }).then(
      () => assert.unreachable(),
      (error) => assert.ok(refused(error)),
    );
  timeline.run(500_000);
  machine.onInput = () => {};
  await attempt();
  machine.onInput = undefined;
  await timeline.seek(200_000);
  timeline.input({ kind: 'register', hart: 0, register: 'a0', value: 1n });
  await attempt();
});

test.run();
