/** Recordings that were damaged in every way that comes to mind: replayed correctly as far as they are whole, or refused with a clear error. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { comparePositions } from '../../lib/system/input-event.js';
import { ImageError } from '../../lib/util/errors.js';
import { ChunkEncoder, type ChunkKind, ChunkReader } from '../../replay/codec.js';
import { encodePlain } from '../../replay/plain.js';
import { MemoryDisk } from '../support/memory-disk.js';
import { randomSource } from '../support/random.js';
import { openSample, openSampleTimeline, recordSample, replaySample, sourceOf } from '../support/recordings.js';

const test = suite('damaged recordings');

interface Chunk {
  readonly kind: ChunkKind;
  readonly payload: Uint8Array;
}

interface Original {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly chunks: readonly (Chunk & { readonly offset: number })[];
  /** State digests that the undamaged run has at the ticks where parts of it end. */
  digestAt(tick: number, skippedNs: number): string;
}

async function originals(): Promise<Original[]> {
  const disk = { backend: new Unchanging(2 ** 17), write: false };
  const samples = {
    plain: await recordSample({ seed: 1, lastTick: 8000, digestTicks: 1000 }),
    'with a disk': await recordSample({ seed: 2, lastTick: 8000, digestTicks: 1000, disk }),
    'from the middle': await recordSample({ seed: 3, fromTick: 2000, lastTick: 8000, digestTicks: 1000 }),
    'with checkpoints': await recordSample({ seed: 5, lastTick: 8000, digestTicks: 1000, disk, checkpoints: { ticks: 1500 } }),
  };
  return Object.entries(samples).map(([name, { bytes }]) => {
    const digests = new Map<string, string>();
    const digestAt = (tick: number, skippedNs: number): string => {
      const key = `${tick} ${skippedNs}`;
      if (!digests.has(key)) {
        const { machine, replayer } = openSample(bytes);
        replayer.run(Number.POSITIVE_INFINITY, { until: { tick, skippedNs } });
        digests.set(key, machine.stateDigest());
      }
      return digests.get(key) as string;
    };
    const reader = new ChunkReader(sourceOf(bytes));
    const chunks: (Chunk & { offset: number })[] = [];
    for (let chunk = reader.next(); chunk; chunk = reader.next()) chunks.push({ ...chunk, payload: chunk.payload.slice() });
    return { name, bytes, chunks, digestAt };
  });
}

class Unchanging extends MemoryDisk {
  override digest(): null {
    return null;
  }
}

const outcomes = new Map<string, number>();

/** Replays what is left of a recording, and goes to its end from its last checkpoint; the state there must be the original's. */
async function examine(original: Original, bytes: Uint8Array, what: string): Promise<void> {
  let outcome = 'whole';
  try {
    const replay = openSample(bytes);
    replaySample(replay);
    const { tick, skippedNs } = replay.recording.reached;
    const last = [...replay.recording.entries()].findLast(({ kind }) => kind !== 'mark');
    // More input may have come there, behind a checkpoint.
    const isProved = last?.kind === 'digest' && comparePositions(last.at, replay.recording.reached) === 0;
    const expected = isProved ? last.digest : original.digestAt(tick, skippedNs);
    assert.is(replay.machine.stateDigest(), expected, what);
    if (replay.recording.checkpoints.length > 0) {
      const { machine, timeline } = openSampleTimeline(bytes);
      await timeline.seek(timeline.recordedEnd);
      assert.is(machine.stateDigest(), expected, what);
    }
    if (!replay.recording.end) {
      assert.match(replay.recording.damage ?? '', /^(cut off at offset 0x|damaged at offset 0x|not finished)/, what);
      outcome = 'partial';
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw new Error(`${what}: ${(error as Error).stack}`);
    assert.match(error.message, /^sample\.rec: /, what);
    outcome = 'refused';
  }
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

/** A file of these chunks, with valid checksums. */
function fileOf(chunks: readonly Chunk[]): Uint8Array {
  const encoder = new ChunkEncoder();
  return Buffer.concat([encoder.preamble(), ...chunks.map(({ kind, payload }) => encoder.chunk(kind, payload))]);
}

test('over 1000 damaged recordings: a correct replay of what is whole, or a clear error', async () => {
  const rss = process.memoryUsage().rss;
  const random = randomSource(4);
  for (const original of await originals()) {
    const { name, bytes, chunks } = original;
    for (const { offset } of chunks) {
      for (const cut of [offset, offset + 1, offset + 13, offset + 20])
        await examine(original, bytes.slice(0, cut), `${name}, cut at ${cut}`);
    }
    for (let i = 0; i < 80; i++) {
      const cut = random() % bytes.length;
      await examine(original, bytes.slice(0, cut), `${name}, cut at ${cut}`);
    }
    for (let i = 0; i < 120; i++) {
      const copy = bytes.slice();
      const bit = random() % (bytes.length * 8);
      copy[bit >> 3] ^= 1 << (bit & 7);
      await examine(original, copy, `${name}, bit ${bit}`);
    }
    for (let i = 0; i < 60; i++) {
      const copy = bytes.slice();
      const at = random() % bytes.length;
      copy.set(
        Uint8Array.from({ length: Math.min(1 + (random() % 64), bytes.length - at) }, () => random()),
        at,
      );
      await examine(original, copy, `${name}, noise at ${at}`);
    }
    for (const { offset } of chunks) {
      for (const length of [0, 1, 0x3fffff, 0x7fffffff, 0xffffffff]) {
        const copy = bytes.slice();
        new DataView(copy.buffer).setUint32(offset, length, true);
        await examine(original, copy, `${name}, length ${length} at ${offset}`);
      }
    }
    await examine(original, Buffer.concat([bytes, Uint8Array.of(1, 2, 3)]), `${name}, with more behind its end`);
  }
  // The same with checksums that are right: nobody has damaged these, somebody made them.
  for (const original of await originals()) {
    const { name, chunks } = original;
    for (const [index, chunk] of chunks.entries()) {
      const others = chunks.filter((_, other) => other !== index);
      const swapped = [...chunks.slice(0, index), ...chunks.slice(index + 1, index + 2), chunk, ...chunks.slice(index + 2)];
      if (chunk.kind !== 'L' && chunk.kind !== 'B' && chunk.kind !== 'M')
        await examine(original, fileOf(others), `${name}, without chunk ${index}, ${chunk.kind}`);
      if (chunk.kind !== chunks[index + 1]?.kind) await examine(original, fileOf(swapped), `${name}, chunk ${index} behind the next`);
      await examine(original, fileOf([...chunks.slice(0, index), chunk, ...chunks.slice(index)]), `${name}, chunk ${index} twice`);
    }
  }
  const total = [...outcomes.values()].reduce((a, b) => a + b);
  assert.ok(total > 1000, `${total} cases`);
  for (const outcome of ['whole', 'partial', 'refused'])
    assert.ok((outcomes.get(outcome) ?? 0) > 10, `${outcome}: ${outcomes.get(outcome)}`);
  assert.ok(process.memoryUsage().rss - rss < 100 * 2 ** 20);
});

test('payloads that nobody wrote are refused, whatever they claim', async () => {
  const { chunks } = (await originals()).at(-1) as Original;
  assert.ok(['M', 'P', 'C'].every((kind) => chunks.filter((chunk) => chunk.kind === kind).length > 3));
  const random = randomSource(5);
  const bomb = Buffer.alloc(4 + 20_000);
  bomb.writeUInt32LE(2 ** 20);
  for (const [index, { kind, payload }] of chunks.entries()) {
    const put = (other: Uint8Array) => fileOf([...chunks.slice(0, index), { kind, payload: other }, ...chunks.slice(index + 1)]);
    for (const [what, wrong] of [
      ['a bomb', bomb],
      ['nothing', new Uint8Array()],
      ['nil', Uint8Array.of(0xc0)],
      ['a huge array', Uint8Array.of(0xdd, 0x01, 0xff, 0xff, 0xff)],
      ['an empty array', encodePlain([])],
      ['an empty map', encodePlain({})],
      ['numbers', encodePlain([1, 2, 3, 4, 5])],
    ] as const) {
      assert.throws(
        () => replaySample(openSample(put(wrong))),
        (error: Error) => error instanceof ImageError && /^sample\.rec: /.test(error.message),
        `${kind}: ${what}`,
      );
    }
    for (let round = 0; round < 30; round++) {
      const copy = payload.slice();
      copy[random() % copy.length] = random();
      // Other events make another run: that is noticed as a divergence at the latest.
      try {
        const { timeline } = openSampleTimeline(put(copy));
        await timeline.seek(timeline.recordedEnd);
        replaySample(openSample(put(copy)));
      } catch (error) {
        assert.match((error as Error).name, /^(ImageError|ReplayDivergenceError)$/, `${kind}: ${(error as Error).stack}`);
      }
    }
  }
});

test.run();
