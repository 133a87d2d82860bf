import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestFinisher } from '../../lib/devices/test-finisher.js';

function eventsOf(...writes: readonly [offset: number, value: number][]): string[] {
  const events: string[] = [];
  const power = { exit: (code: number) => events.push(`exit ${code}`), reset: () => events.push('reset') };
  const device = new TestFinisher({ power });
  for (const [offset, value] of writes) device.write(offset, 4, value);
  return events;
}

const test = suite('test-finisher');

test('0x5555 exits with 0, whatever the upper bits', () => {
  assert.equal(eventsOf([0, 0x5555], [0, 0xabcd5555]), ['exit 0', 'exit 0']);
});

test('0x3333 exits with the code in the upper bits, and never with 0', () => {
  assert.equal(eventsOf([0, 0x00053333], [0, 0xffff3333], [0, 0x3333]), ['exit 5', 'exit 65535', 'exit 1']);
});

test('0x7777 resets', () => {
  assert.equal(eventsOf([0, 0x7777]), ['reset']);
});

test('other values and other offsets do nothing', () => {
  assert.equal(eventsOf([0, 0], [0, 0x1234], [4, 0x5555]), []);
});

test.run();
