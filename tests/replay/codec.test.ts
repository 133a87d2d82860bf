import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../lib/util/errors.js';
import { CHUNK_HEAD_BYTES, ChunkEncoder, type ChunkKind, ChunkReader, PAYLOAD_MAX, PREAMBLE_BYTES, payloadAt } from '../../replay/codec.js';
import { decodeLog, encodeLog, type LogEntry } from '../../replay/entry.js';
import { decodePlain, encodePlain, Fields } from '../../replay/plain.js';
import { decodeRuns, encodeRuns, runsOf } from '../../replay/runs.js';
import { randomSource } from '../support/random.js';
import { randomEvent, sourceOf } from '../support/recordings.js';

const test = suite('format of recordings');

const isImageError = (error: Error): boolean => error instanceof ImageError;
const KINDS = 'HPFMSBLE'.split('') as ChunkKind[];

function sampleChunks(): { bytes: Uint8Array; starts: number[] } {
  const encoder = new ChunkEncoder();
  const parts = [encoder.preamble(), ...KINDS.map((kind, index) => encoder.chunk(kind, new Uint8Array(index * 100).fill(index)))];
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, part) => sum + part.length, 0));
  return { bytes: new Uint8Array(Buffer.concat(parts)), starts: starts.slice(1) };
}

function readAll(bytes: Uint8Array): { kinds: string; damage: string | undefined } {
  const reader = new ChunkReader(sourceOf(bytes));
  let kinds = '';
  for (let chunk = reader.next(); chunk; chunk = reader.next()) kinds += chunk.kind;
  return { kinds, damage: reader.damage };
}

test('chunks are read as they were written, one after another and again by their offsets', () => {
  const { bytes, starts } = sampleChunks();
  const reader = new ChunkReader(sourceOf(bytes));
  for (const [index, kind] of KINDS.entries()) {
    const chunk = reader.next();
    assert.equal([chunk?.kind, chunk?.offset, chunk?.payload.length], [kind, starts[index], index * 100]);
    assert.equal(payloadAt(sourceOf(bytes), starts[index]), chunk?.payload);
  }
  assert.equal([reader.next(), reader.damage], [undefined, undefined]);
});

test('a cut at any byte leaves the chunks in front of it, and is named with its offset', () => {
  const { bytes, starts } = sampleChunks();
  for (let cut = PREAMBLE_BYTES; cut < bytes.length; cut++) {
    const { kinds, damage } = readAll(bytes.subarray(0, cut));
    const whole = [...starts.slice(1), bytes.length].filter((end) => end <= cut).length;
    assert.is(kinds, KINDS.slice(0, whole).join(''));
    const at = starts[whole] ?? bytes.length;
    assert.is(damage, at === cut ? undefined : `cut off at offset 0x${at.toString(16)}`);
  }
});

test('a changed bit anywhere ends the recording in front of its chunk', () => {
  const { bytes, starts } = sampleChunks();
  for (let bit = PREAMBLE_BYTES * 8; bit < bytes.length * 8; bit += 7) {
    const copy = bytes.slice();
    copy[bit >> 3] ^= 1 << (bit & 7);
    const { kinds, damage } = readAll(copy);
    assert.is(kinds.length, starts.filter((start) => start <= bit >> 3).length - 1, `bit ${bit}`);
    assert.match(damage ?? '', /^(damaged|cut off) at offset 0x/);
  }
});

test('chunks that are missing, doubled or out of place are damage', () => {
  const { bytes, starts } = sampleChunks();
  const chunk = (index: number) => bytes.subarray(starts[index], starts[index + 1]);
  const head = bytes.subarray(0, starts[3]);
  for (const wrong of [[4], [2], [4, 3], [0]]) {
    const result = readAll(Buffer.concat([head, ...wrong.map(chunk)]));
    assert.equal([result.kinds, result.damage], ['HPF', `damaged at offset 0x${starts[3].toString(16)}`]);
  }
});

test('a length field of gigabytes costs no memory', () => {
  const { bytes, starts } = sampleChunks();
  for (const length of [PAYLOAD_MAX + 1, 0x7fffffff, 0xffffffff]) {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(starts[2], length, true);
    let longest = 0;
    const source = sourceOf(copy);
    const read = (position: number, wanted: number) => {
      longest = Math.max(longest, wanted);
      return source.read(position, wanted);
    };
    const reader = new ChunkReader({ ...source, read });
    while (reader.next());
    assert.ok(longest <= CHUNK_HEAD_BYTES + 100);
    assert.match(reader.damage ?? '', /^damaged at/);
  }
});

test('what is no recording is refused, and so are other versions of the format', () => {
  const { bytes } = sampleChunks();
  for (const wrong of [new Uint8Array(), bytes.subarray(0, 11), Buffer.from('\x7fELF and so on, and so on'), bytes.subarray(1)]) {
    assert.throws(
      () => readAll(wrong),
      (error: Error) => error instanceof ImageError && /sample\.rec: is no recording/.test(error.message),
    );
  }
  for (const [version, message] of [
    [2, /format version 2, newer than this program's, which is 1/],
    [0, /version 0, older/],
  ] as const) {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(8, version, true);
    assert.throws(() => readAll(copy), message);
  }
});

test('random entries of a log come back as they were', () => {
  const random = randomSource(1);
  for (let round = 0; round < 300; round++) {
    let at = { tick: random() * 1000, skippedNs: random() };
    const entries = Array.from({ length: 1 + (random() % 20) }, (): LogEntry => {
      at = { tick: at.tick + (random() % 3) * (random() % 2 ? 1 : 2 ** 33), skippedNs: at.skippedNs + (random() % 2 ? 0 : random()) };
      const digest = Array.from({ length: 4 }, () => random().toString(16).padStart(8, '0')).join('');
      const left = { position: 512 * (random() % 100), bytes: new Uint8Array(512).fill(random()) };
      const failure = { drive: random() % 4, operation: random() % 100, ...(random() % 2 ? { left } : {}) };
      const kinds: LogEntry[] = [
        { kind: 'event', at, event: randomEvent(random) },
        { kind: 'digest', at, digest },
        { kind: 'failure', at, failure },
        { kind: 'mark', at },
      ];
      return kinds[random() % 4];
    });
    assert.equal(decodeLog(encodeLog(entries), 'log'), entries);
  }
});

test('entries with fields that no recorder writes are refused', () => {
  const rows: unknown[] = [
    [[1, 0, 0, 'paper', new Uint8Array(1)]],
    [[1, 0, 0, 'serial', 'text']],
    [[1, -1, 0, 'serial', new Uint8Array(1)]],
    [[1, 0.5, 0, 'serial', new Uint8Array(1)]],
    [[1, 2 ** 53, 0, 'serial', new Uint8Array(1)]],
    [[2, 0, 0, 65536, 1]],
    [[5, 0, 0, 32, 'a0', '1']],
    [[5, 0, 0, 0, 'a0', '0x1']],
    [[5, 0, 0, 0, 'a'.repeat(100), '1']],
    [[16, 0, 0, new Uint8Array(15)]],
    [[17, 0, 0, 256, 0]],
    [[99, 0, 0]],
    [[]],
    [7],
    [null],
    'entries',
  ];
  for (const row of rows)
    assert.throws(
      () => decodeLog(encodePlain([0, 0, row]), 'there'),
      (error: Error) => error instanceof ImageError && error.message.startsWith('there'),
    );
});

test('plain data comes back as it was; anything else is refused without taking memory', () => {
  const values = [
    null,
    true,
    false,
    0,
    127,
    128,
    65536,
    2 ** 40,
    -1,
    -129,
    1.5,
    '',
    'text',
    'x'.repeat(300),
    [],
    [1, [2, [3]]],
    { a: 1, b: { c: [] } },
  ];
  for (const value of values) assert.equal(decodePlain(encodePlain(value), 'there'), value);
  assert.equal(decodePlain(encodePlain(Uint8Array.of(1, 2)), 'there'), Buffer.from([1, 2]));
  const bad: readonly (readonly [number[], RegExp])[] = [
    [[], /cut off/],
    [[0xdd, 0xff, 0xff, 0xff, 0xff], /cut off/],
    [[0xdd, 0x01, 0xff, 0xff, 0xff, ...new Array(100).fill(0)], /cut off/],
    [[0xdf, 0x7f, 0xff, 0xff, 0xff], /cut off/],
    [[0xc6, 0xff, 0xff, 0xff, 0xff], /cut off/],
    [[0xdb, 0xff, 0xff, 0xff, 0xff], /cut off/],
    [[0xdc, 0xff], /cut off/],
    [[0x92, 1], /cut off/],
    [[0xcf, 1, 2], /cut off/],
    [new Array(1000).fill(0x91), /nested too deeply/],
    [[1, 2], /more data/],
    [[0xc1], /unknown type/],
    [[0xc7, 1, 0x74, 5, 1], /unknown type/],
    [[0xd4, 0x72, 0x40], /unknown type/],
    [[0xdd, 0, 5, 0, 0, ...new Array(0x50000).fill(0xc0)], /too many values/],
  ];
  for (const [bytes, message] of bad) assert.throws(() => decodePlain(Uint8Array.from(bytes), 'there'), message);
});

test('random bytes are plain data or refused', () => {
  const random = randomSource(2);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: random() % 12 }, () => random());
    try {
      decodePlain(bytes, 'there');
    } catch (error) {
      assert.instance(error, ImageError);
    }
  }
});

test('runs come back as they were, and stay inside their limits', () => {
  const random = randomSource(3);
  const decode = (list: unknown, limit = 1e6, countMax = 1e6) => decodeRuns(new Fields([list], 'there'), 0, { limit, countMax });
  for (let round = 0; round < 200; round++) {
    const numbers = [...new Set(Array.from({ length: random() % 50 }, () => random() % 200))].sort((a, b) => a - b);
    const runs = runsOf(numbers);
    assert.equal(
      runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)),
      numbers,
    );
    assert.equal(decode(encodeRuns(runs)), runs);
  }
  for (const wrong of [[0], [0, 0], [-1, 1], [0, 1.5], [0, 'x'], [5, 6], [0, 11]]) assert.throws(() => decode(wrong, 10, 10), isImageError);
  assert.throws(() => decode([0, 3, 1, 3], 100, 5), isImageError);
});

test.run();
