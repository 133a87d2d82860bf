/** Recordings of a fake machine, made and replayed in tests. */
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockBackend } from '../../lib/devices/block-backend.js';
import { OverlayDisk } from '../../lib/devices/overlay-disk.js';
import type { InputEvent } from '../../lib/system/input-event.js';
import { given } from '../../lib/util/given.js';
import type { CheckpointSpacing } from '../../replay/checkpoint-recorder.js';
import { type ByteSource, type Chunk, ChunkEncoder, ChunkReader } from '../../replay/codec.js';
import { RecordedDisk } from '../../replay/disk.js';
import { decodeLog, encodeLog } from '../../replay/entry.js';
import { decodeHeader, encodeHeader, type Header } from '../../replay/header.js';
import { recordedLine } from '../../replay/line-check.js';
import { Recording } from '../../replay/log.js';
import { Recorder } from '../../replay/recorder.js';
import { replayedDrive } from '../../replay/replayed-disk.js';
import { Replayer } from '../../replay/replayer.js';
import { loadSnapshot } from '../../replay/start-state.js';
import { Timeline } from '../../replay/timeline.js';
import { RecordingWriter } from '../../replay/writer.js';
import { FakeMachine } from './fake-machine.js';
import { withFolder } from './files.js';
import { randomSource } from './random.js';

export interface SampleOptions {
  readonly seed: number;
  readonly lastTick?: number;
  readonly digestTicks?: number;
  readonly checkpoints?: CheckpointSpacing;
  readonly offTick?: number;
  /** A disk of its own for the recorded run; `write`: what is written goes to it. */
  readonly disk?: { readonly backend: BlockBackend; readonly write: boolean };
  /** The recording begins there. */
  readonly fromTick?: number;
  /** The process dies before the recording is finished. */
  readonly killed?: boolean;
  /** The host's clock, where digests may be left out. */
  readonly nowMs?: () => number;
}

export interface Sample {
  readonly bytes: Uint8Array;
  readonly printed: readonly number[];
  readonly digest: string;
  readonly failures: readonly string[];
}

const FILE = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >> 5);

/** Runs a fake machine with random input at random positions and gives its recording. */
export function recordSample(options: SampleOptions): Promise<Sample> {
  return withFolder(async (folder) => {
    const path = join(folder, 'sample.rec');
    const [printed, failures]: [number[], string[]] = [[], []];
    const { seed, lastTick = 20_000, digestTicks = 5000, disk, offTick, fromTick = 0, nowMs, checkpoints } = options;
    let recorder: Recorder | undefined;
    const print = (byte: number) => {
      if (!recorder) return;
      printed.push(byte);
      recorder.printed(byte);
    };
    const recordedDisk = disk && new RecordedDisk(disk.backend, { drive: 0, position: () => machine.position });
    const backend = recordedDisk && (disk.write ? recordedDisk : new OverlayDisk({ base: recordedDisk, onFull: () => {} }));
    const machine: FakeMachine = new FakeMachine({ print, ...(backend ? { disk: backend } : {}), ...(offTick ? { offTick } : {}) });
    const random = randomSource(seed);
    drive(machine, random, { until: fromTick, stopAt: () => Number.POSITIVE_INFINITY, between: () => {} });
    const header: Header = {
      program: '0.0.0',
      machine: { fake: true },
      drives: disk ? [{ sizeBytes: disk.backend.sizeBytes, write: disk.write }] : [],
      files: [{ role: 'kernel', name: 'fake', sizeBytes: FILE.length }],
      digestTicks,
      snapshot: fromTick > 0,
    };
    const writer = new RecordingWriter(openSync(path, 'w'), (reason) => failures.push(reason));
    const files = [{ role: 'kernel', bytes: FILE }] as const;
    const started = new Recorder({
      machine,
      writer,
      header,
      files,
      disks: recordedDisk ? [recordedDisk] : [],
      ...given({ nowMs, checkpoints }),
    });
    recorder = started;
    machine.onInput = (at, event) => started.input(at, event);
    drive(machine, random, { until: lastTick, stopAt: () => started.nextTick, between: () => started.betweenSlices() });
    const digest = machine.stateDigest();
    await started.finish({
      reason: machine.powerOff === undefined ? 'limit' : 'poweroff',
      ...(machine.powerOff ? { exitCode: machine.powerOff } : {}),
    });
    return { bytes: new Uint8Array(readFileSync(path)), printed, digest, failures };
  });
}

/** Runs `machine` in random slices, with random input, now and then in the middle of idle time. */
function drive(machine: FakeMachine, random: () => number, options: { until: number; stopAt: () => number; between: () => void }): void {
  while (machine.tick < options.until && machine.powerOff === undefined) {
    const until = Math.min(options.until, options.stopAt(), machine.tick + 1 + (random() % 700));
    const stop = machine.run(until, random() % 2 === 0 ? { skipUntilNs: machine.nowNs + (random() % 2000) } : {});
    options.between();
    if (machine.powerOff === undefined && (random() % 8 === 0 || (stop.kind === 'idle' && stop.wakeNs === undefined)))
      machine.input(randomEvent(random));
  }
}

/** Any event, with random contents. */
export function randomEvent(random: () => number): InputEvent {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random());
  const events: (() => InputEvent)[] = [
    () => ({ kind: 'console', port: random() % 2 ? 'serial' : 'virtio', bytes: bytes(1 + (random() % 16)) }),
    () => ({ kind: 'resize', columns: random() % 500, lines: random() % 200 }),
    () => ({ kind: 'frame', bytes: bytes(random() % 16) }),
    () => ({ kind: 'reset' }),
    () => ({ kind: 'register', hart: random() % 4, register: 'a0', value: (BigInt(random()) << 32n) | BigInt(random()) }),
    () => ({ kind: 'memory', paddr: 0x80000000 + random(), bytes: bytes(random() % 100) }),
    () => ({ kind: 'hold', harts: random() % 16 }),
  ];
  return events[random() % events.length]();
}

export function sourceOf(bytes: Uint8Array, name = 'sample.rec'): ByteSource {
  return { name, sizeBytes: bytes.length, read: (position, length) => bytes.slice(position, position + length) };
}

/** The same recording with the payloads that `change` gives, and valid checksums. */
export function withOtherChunks(bytes: Uint8Array, change: (chunk: Chunk) => Uint8Array): Uint8Array {
  const encoder = new ChunkEncoder();
  const parts: Uint8Array[] = [encoder.preamble()];
  const reader = new ChunkReader(sourceOf(bytes));
  for (let chunk = reader.next(); chunk; chunk = reader.next()) parts.push(encoder.chunk(chunk.kind, change(chunk).slice()));
  return new Uint8Array(Buffer.concat(parts));
}

/** The same with the digest that is number `index` in its log (from 0) changed. */
export function withOtherDigest(bytes: Uint8Array, index: number): Uint8Array {
  let digests = 0;
  const other = withOtherChunks(bytes, ({ kind, payload }) => {
    if (kind !== 'L') return payload;
    const entries = decodeLog(payload, 'log');
    return encodeLog(
      entries.map((entry) => (entry.kind === 'digest' && digests++ === index ? { ...entry, digest: 'f'.repeat(32) } : entry)),
    );
  });
  if (digests <= index) throw new Error(`only ${digests} digests`);
  return other;
}

/** The same as if another version of the program had recorded it. */
export function withOtherProgram(bytes: Uint8Array, program: string): Uint8Array {
  const headerOf = (payload: Uint8Array) => encodeHeader({ ...decodeHeader(payload, 'header'), program });
  return withOtherChunks(bytes, ({ kind, payload }) => (kind === 'H' ? headerOf(payload) : payload));
}

export interface SampleReplay {
  readonly recording: Recording;
  readonly replayer: Replayer;
  readonly machine: FakeMachine;
  readonly printed: readonly number[];
}

/** A fake machine at the start of the recording in `bytes`. Throws `ImageError`. */
export function openSample(bytes: Uint8Array, options: { verify?: boolean; faultTick?: number; offTick?: number } = {}): SampleReplay {
  const recording = new Recording(sourceOf(bytes));
  const printed: number[] = [];
  const print = (byte: number) => {
    printed.push(byte);
    replayer.printed(byte);
  };
  const drive = recording.drives[0];
  const ports = { position: () => machine.position, onMissing: (sector: number) => replayer.reportMissing(0, sector), onFull: () => {} };
  const { verify = true, ...fake } = options;
  const machine: FakeMachine = new FakeMachine({ print, ...(drive ? { disk: replayedDrive(drive, ports) } : {}), ...fake });
  recording.readFile('kernel');
  const snapshot = recording.snapshot();
  if (snapshot) loadSnapshot(machine, snapshot);
  const replayer: Replayer = new Replayer(machine, recording, { verify });
  return { recording, replayer, machine, printed };
}

export interface SampleTimeline {
  readonly recording: Recording;
  readonly machine: FakeMachine;
  readonly timeline: Timeline;
  /** About checkpoints that cannot be used. */
  readonly warnings: readonly string[];
}

/** A fake machine with its past and future, with the checkpoints that the recording in `bytes` holds. Throws `ImageError`. */
export function openSampleTimeline(bytes: Uint8Array, historyBytes = 2 ** 26): SampleTimeline {
  const { recording, machine } = openSample(bytes);
  const warnings: string[] = [];
  const line = recordedLine(recording, { verify: true, onUnusable: (message) => warnings.push(message) });
  const timeline = new Timeline(machine, { nowMs: () => 0, recording: line, historyBytes });
  return { recording, machine, timeline, warnings };
}

/** Replays to the end, in slices of `sliceTicks`. Throws `ReplayDivergenceError`. */
export function replaySample(replay: SampleReplay, sliceTicks = Number.POSITIVE_INFINITY): void {
  while (!replay.replayer.ended) replay.replayer.run(replay.machine.tick + sliceTicks);
}
