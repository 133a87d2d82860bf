import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OverlayDisk } from '../../lib/devices/overlay-disk.js';
import { ImageError } from '../../lib/util/errors.js';
import { decodePlain, encodePlain } from '../../replay/plain.js';
import { applyDelta, deltaOf } from '../../replay/state-delta.js';
import { MemoryDisk } from '../support/memory-disk.js';
import { randomSource } from '../support/random.js';

const test = suite('saved state as what changed');

const stored = (data: unknown): unknown => decodePlain(encodePlain(data), 'state');

test('what is the very same object as before is left out, and comes back', () => {
  const block = new Uint8Array(4096).fill(7);
  const shared = { list: [1, 'two', block], none: null };
  const earlier = { a: shared, b: [block, 0, null], c: 5, d: { e: shared } };
  const later = { a: shared, b: [block, 1, new Uint8Array(2)], c: 6, d: { e: shared, f: true } };
  const delta = stored(deltaOf(later, earlier));
  assert.ok(encodePlain(delta).length < 50);
  assert.equal(stored(applyDelta(delta, earlier, 'state')), stored(later));
  assert.is((applyDelta(delta, earlier, 'state') as typeof later).d.e, shared);
  assert.equal(stored(deltaOf(later, undefined)), stored(later));
});

test('what refers to a state that is not there is refused', () => {
  for (const [delta, earlier] of [
    [{ '=': 0 }, undefined],
    [{ a: [{ '=': 0 }] }, { a: [] }],
    [{ a: { b: { '=': 0 } } }, { a: 5 }],
    [{ a: { length: { '=': 0 } } }, { a: new Uint8Array(5) }],
  ]) {
    assert.throws(
      () => applyDelta(delta, earlier, 'x.rec: at offset 0x5'),
      (error: Error) => error instanceof ImageError && error.message === 'x.rec: at offset 0x5: refers to a state that is not there',
    );
  }
});

test('versions of a disk share in another process what they share in this one', () => {
  const diskOf = () => new OverlayDisk({ base: new MemoryDisk(2 ** 20, { readOnly: true }), onFull: () => {} });
  const [disk, other] = [diskOf(), diskOf()];
  const random = randomSource(1);
  for (let i = 0; i < 200; i++) disk.write((random() % 250) * 4096, new Uint8Array(512).fill(i));
  let [earlier, known]: unknown[] = [];
  for (let round = 0; round < 20; round++) {
    const state = disk.save();
    const bytes = encodePlain(deltaOf(state, earlier));
    assert.ok(round === 0 || bytes.length < 3 * 4096 + 500, `${bytes.length}`);
    known = applyDelta(decodePlain(bytes, 'state'), known, 'state');
    other.load(known as ReturnType<OverlayDisk['save']>);
    // Only what changed is another object there, too.
    const again = other.save();
    other.load(known as ReturnType<OverlayDisk['save']>);
    assert.is(encodePlain(deltaOf(other.save(), again)).length, encodePlain({ blocks: { '=': 0 } }).length);
    assert.is(other.digest(), disk.digest());
    earlier = state;
    for (let i = 0; i < 3; i++) disk.write((random() % 250) * 4096, new Uint8Array(512).fill(random()));
  }
});

test.run();
