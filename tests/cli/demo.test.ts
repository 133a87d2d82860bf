import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cli } from '../support/cli.js';

const test = suite('demo');

test('the tour boots Linux, replays it to an equal state, and finds the cause of a failure, on a pipe and without colours', async () => {
  const { code, stdout, stderr } = await cli(['demo']);
  assert.is(code, 0, stderr);
  assert.is(stderr, '');
  const [, recorded, replayed] = /recorded +([0-9a-f]{32})\n.*replayed +([0-9a-f]{32})/.exec(stdout) ?? [];
  assert.ok(recorded, stdout);
  assert.is(recorded, replayed);
  assert.match(stdout, /\nequal, after/);
  assert.match(stdout, /Linux 6\.12\S* riscv64/);
  assert.match(stdout, /PANIC: task filter sleeps/);
  assert.match(stdout, /task_done\S* \(\S*task\.c:41\) {3}0x3 -> 0x0\n +task->flags &= ~TASK_RUNNING;/);
  assert.match(stdout, /gdb-multiarch -d \S*heisenbug \S*heisenbug\.elf/);
  assert.not.match(stdout, '\x1b');
  assert.ok(stdout.split('\n').every((line) => line.length <= 160));
});

test('a station can be seen by itself, and a wrong name gets a suggestion', async () => {
  const { code, stdout } = await cli(['demo', 'heisenbug']);
  assert.is(code, 0);
  assert.not.match(stdout, 'Linux');
  const wrong = await cli(['demo', 'linx']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean linux\?/);
});

test.run();
