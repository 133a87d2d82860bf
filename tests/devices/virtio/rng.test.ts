import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { VirtioRng } from '../../../lib/devices/virtio/rng.js';
import { ImageError } from '../../../lib/util/errors.js';
import { Xoshiro128 } from '../../../lib/util/random.js';
import { VirtioDriver } from '../../support/virtio-driver.js';

const start = (seed: bigint) => new VirtioDriver(new VirtioRng({ seed })).start();

function draw(driver: VirtioDriver, length: number): string {
  const buffer = driver.in(length);
  assert.is(driver.request(0, [buffer]), length);
  return Buffer.from(driver.contents(buffer)).toString('hex');
}

const test = suite('virtio-rng');

test('the generator gives the numbers of the reference implementation', () => {
  // xoshiro128** 1.1 from the state 1, 2, 3, 4.
  const generator = new Xoshiro128([1, 2, 3, 4]);
  assert.equal(
    Array.from({ length: 10 }, () => generator.next()),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  );
});

test('the same seed gives the same bytes, another seed others', () => {
  const [a, b, c] = [start(1n), start(1n), start(2n)];
  assert.is(draw(a, 64), draw(b, 64));
  assert.is.not(draw(a, 64), draw(c, 64));
});

test('all of a buffer is filled, whatever its length', () => {
  const driver = start(0n);
  for (const length of [1, 2, 3, 5, 64, 1000]) assert.not(draw(driver, length).endsWith('ee'.repeat(4)), `${length}`);
});

test('no driver sees the bytes that the driver before it saw', () => {
  const driver = start(1n);
  const first = draw(driver, 32);
  driver.start();
  assert.is.not(draw(driver, 32), first);
});

test('a huge buffer gets 64 KiB at once', () => {
  const driver = start(1n);
  assert.is(driver.request(0, [driver.in(0x20000)]), 0x10000);
});

test('a restored device goes on with the bytes of the saved one', () => {
  const [one, two] = [start(1n), start(7n)];
  draw(one, 13);
  const saved = JSON.parse(JSON.stringify(saveDevice(one.mmio)));
  two.memory.bytes.set(one.memory.bytes);
  loadDevice(two.mmio, saved);
  assert.is(draw(two.start(), 40), draw(one.start(), 40));
});

test('a state of all zeros is refused: the generator would stay there', () => {
  const device = new VirtioRng({ seed: 1n });
  assert.throws(
    () => device.load({ state: [0, 0, 0, 0] }),
    (error: unknown) => error instanceof ImageError,
  );
});

test.run();
