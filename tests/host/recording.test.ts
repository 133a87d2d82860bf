/** Recordings of real machines, made with the parts of the program. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bootMachine, loadMachine } from '../../lib/host/boot.js';
import { createEngine } from '../../lib/host/create-engine.js';
import { type MachineOptions, machineNamed } from '../../lib/host/machine-options.js';
import { RecordableInputs, startRecording } from '../../lib/host/recording.js';
import { openRecording } from '../../lib/host/recording-inputs.js';
import { replayMachine } from '../../lib/host/replay-machine.js';
import { findDifference } from '../../replay/bisect.js';
import { compareDigests, compareMachines } from '../../replay/compare.js';
import type { Recorder } from '../../replay/recorder.js';
import { file, HELLO, withFolder } from '../support/files.js';

const test = suite('recordings of machines');

const ENGINE = { mode: 'auto', chain: true, hotThreshold: undefined } as const;
const LAST = 3_000_000;

function options(drives: MachineOptions['drives'] = []): MachineOptions {
  return {
    kernel: HELLO,
    machine: machineNamed('riscv-virt'),
    memoryBytes: 16 * 2 ** 20,
    harts: 2,
    bios: { kind: 'none' },
    initrd: undefined,
    bootArgs: '',
    dtb: undefined,
    svadu: false,
    seed: 5n,
    net: undefined,
    virtioConsole: false,
    drives,
    startTimeMs: 0,
  };
}

/** Runs hello.elf from `fromTick` on with a recorder, changing register a7, which it does not use, at `changeTick`; gives the final digest. */
async function record(path: string, run: { fromTick?: number; changeTick?: number; drives?: MachineOptions['drives'] }): Promise<string> {
  const inputs = new RecordableInputs(() => {});
  const chosen = options(run.drives);
  const print = (byte: number) => recorder?.printed(byte);
  const sinks = { serial: print, virtio: print, frame: () => {} };
  const machine = bootMachine(loadMachine(chosen, inputs), { sinks, createEngine, engine: ENGINE });
  inputs.machine = machine;
  const { fromTick = 0, changeTick = 1_000_000 } = run;
  let recorder: Recorder | undefined;
  machine.run(fromTick);
  const started = startRecording({
    machine,
    inputs,
    options: chosen,
    record: { path, reference: false, digestTicks: 500_000 },
    snapshot: fromTick > 0,
    isRecordedLine: () => true,
    warn: assert.unreachable,
  });
  recorder = started;
  for (const stop of [changeTick, LAST]) {
    while (machine.tick < stop) {
      machine.run(Math.min(stop, started.nextTick));
      started.betweenSlices();
    }
    if (stop === changeTick) machine.input({ kind: 'memory', paddr: 0x80800000, bytes: Uint8Array.of(changeTick & 0xff, 1) });
  }
  await started.finish({ reason: 'limit' });
  return machine.stateDigest();
}

test('a recording that begins in the middle of a run is complete in itself, with what a disk holds', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'middle.rec');
    const drives = ['a.img', 'b.img'].map((name, index) => ({
      path: file(folder, name, new Uint8Array(8192).fill(7)),
      write: index === 1,
    }));
    const digest = await record(path, { fromTick: 400_000, drives });
    for (const drive of drives) writeFileSync(drive.path, '');
    for (const mode of ['interpret', 'auto'] as const) {
      const { machine, replayer } = replayMachine(openRecording(path), { ...ENGINE, mode }, { verify: true });
      assert.is(machine.tick, 400_000);
      while (!replayer.ended) replayer.run(machine.tick + 700_000);
      assert.equal([machine.tick, machine.stateDigest()], [LAST, digest]);
    }
    assert.ok(readFileSync(path).length < 100_000);
  }));

test('a recording that begins later is compared from there on', () =>
  withFolder(async (folder) => {
    const [whole, middle, other] = [join(folder, 'whole.rec'), join(folder, 'middle.rec'), join(folder, 'other.rec')];
    await record(whole, { changeTick: 1_100_000 });
    await record(middle, { fromTick: 400_000, changeTick: 1_100_000 });
    await record(other, { fromTick: 400_000, changeTick: 1_200_000 });
    const compare = (a: string, b: string) => compareDigests(openRecording(a), openRecording(b));
    for (const result of [compare(whole, middle), compare(middle, whole)]) assert.equal([result.kind, result.tick], ['same', LAST]);
    const different = compare(whole, other);
    assert.equal([different.kind, different.tick], ['different', 1_100_000]);
  }));

test('the first tick at which two recordings differ is found, and what differs', () =>
  withFolder(async (folder) => {
    const [a, b] = [join(folder, 'a.rec'), join(folder, 'b.rec')];
    await record(a, { changeTick: 1_234_567 });
    await record(b, { changeTick: 1_234_599 });
    const replays = [a, b].map((path) => replayMachine(openRecording(path), ENGINE, { verify: false }));
    const found = findDifference(replays[0], replays[1], { agreed: { tick: 1_000_000, skippedNs: 0 }, tick: 1_500_000 });
    assert.is(found?.tick, 1_234_567);
    assert.equal(found?.what.length, 1);
    assert.match(found?.what[0] ?? '', /^memory at 0x8[0-9a-f]{4}000: 0x87 and 0x0$/);
  }));

test('machines in the same state do not differ, and registers are told by name', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'a.rec');
    await record(path, {});
    const [a, b] = [1, 2].map(() => replayMachine(openRecording(path), ENGINE, { verify: false }));
    a.replayer.run(500_000);
    b.replayer.run(500_000);
    assert.equal(compareMachines(a.machine, b.machine), []);
    assert.is(findDifference(a, b, { agreed: undefined, tick: 2_000_000 }), undefined);
    b.machine.input({ kind: 'register', hart: 1, register: 's3', value: a.machine.debug.readRegister(1, 19) ^ 0xffn });
    assert.match(compareMachines(a.machine, b.machine).join('\n'), /^hart 1, s3: 0x[0-9a-f]+ and 0x[0-9a-f]+$/);
  }));

test.run();
