import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostConsole } from '../../lib/cli/console.js';
import type { Door } from '../../lib/cli/run.js';
import type { InputEvent } from '../../lib/system/input-event.js';

const test = suite("the console's end on the host");

test('the size of the terminal is told at first and whenever it changes', () => {
  const events: InputEvent[] = [];
  const door: Door = { input: (event) => events.push(event) > 0, room: () => 0 };
  let size = { columns: 80, lines: 25 };
  const console = new HostConsole({ port: 'virtio', size: () => size });
  assert.equal([console.deliver(door), console.deliver(door)], [true, false]);
  size = { columns: 132, lines: 25 };
  assert.equal([console.deliver(door), console.deliver(door)], [true, false]);
  assert.equal(events, [
    { kind: 'resize', columns: 80, lines: 25 },
    { kind: 'resize', columns: 132, lines: 25 },
  ]);
});

test('a console without a terminal tells no size', () => {
  const door: Door = { input: () => true, room: () => 100 };
  assert.is(new HostConsole({ port: 'virtio', size: () => undefined }).deliver(door), false);
  assert.is(new HostConsole().deliver(door), false);
});

test.run();
