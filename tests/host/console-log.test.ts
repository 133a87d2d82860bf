import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsoleLog } from '../../lib/host/console-log.js';
import type { ConsoleTap, Machine } from '../../lib/system/machine.js';

const test = suite('console log');

test('the last of what was printed on the serial line by now, from the machine and from elsewhere', () => {
  let tap: ConsoleTap = () => assert.unreachable();
  const machine = {
    printed: 0,
    tapConsole: (wanted: ConsoleTap) => {
      tap = wanted;
      return () => {};
    },
  };
  const log = new ConsoleLog(machine as unknown as Machine);
  const tail = (length: number) => Buffer.from(log.tail(length)).toString();
  for (const [index, byte] of Buffer.from('one ').entries()) tap(byte, index, 'serial');
  tap(0x21, 1, 'virtio');
  log.note(8, Buffer.from('two '));
  for (const [index, byte] of Buffer.from('three').entries()) tap(byte, 8 + index, 'serial');
  assert.is(tail(100), '');
  machine.printed = 13;
  assert.is(tail(100), 'one two three');
  assert.is(tail(5), 'three');
  machine.printed = 7;
  assert.is(tail(6), 'ne two');
});

test.run();
