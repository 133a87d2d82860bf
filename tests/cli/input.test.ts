import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Input, type KeyCommand, keyFilter } from '../../lib/cli/input.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));

const test = suite('console input');

test('bytes are taken in order, across chunks, in any portions', async () => {
  const stream = new PassThrough();
  const input = new Input(stream, { onChange: () => {} });
  for (const chunk of ['abc', 'd', 'efgh']) stream.write(chunk);
  await settle();
  const text = [2, 3, 0, 1, 9].map((count) => Buffer.from(input.take(count)).toString());
  assert.equal(text, ['ab', 'cde', '', 'f', 'gh']);
  assert.is(input.waiting, 0);
});

test('the source is paused while much is waiting, and nothing is lost', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 });
  const input = new Input(stream, { onChange: () => {} });
  const sent = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i % 251));
  for (let at = 0; at < sent.length; at += 1000) stream.write(sent.subarray(at, at + 1000));
  stream.end();
  await settle();
  assert.ok(stream.isPaused());
  assert.ok(input.waiting < 100_000);
  const taken: Uint8Array[] = [];
  for (let i = 0; i < 2000 && !(input.ended && input.waiting === 0); i++) {
    taken.push(input.take(7777));
    await settle();
  }
  assert.ok(Buffer.concat(taken).equals(sent));
});

test('the end and an error of the source both end the input', async () => {
  for (const finish of [(s: PassThrough) => s.end(), (s: PassThrough) => s.destroy(new Error('gone'))]) {
    const stream = new PassThrough();
    let changes = 0;
    const input = new Input(stream, { onChange: () => changes++ });
    finish(stream);
    await settle();
    await settle();
    assert.ok(input.ended && changes > 0);
  }
});

test('Ctrl-A and a key is a command, Ctrl-A twice is Ctrl-A, across chunks too', () => {
  const commands: KeyCommand[] = [];
  const filter = keyFilter((command) => commands.push(command));
  const text = ['ab\x01', 'xcd', '\x01h', '\x01\x01e', '\x01zf', '\x03'].map((chunk) => Buffer.from(filter(Buffer.from(chunk))).toString());
  assert.equal(text, ['ab', 'cd', '', '\x01e', 'f', '\x03']);
  assert.equal(commands, ['x', 'h']);
});

test('Ctrl-A a sends Ctrl-A', () => {
  const filter = keyFilter(() => assert.unreachable());
  assert.equal([...filter(Buffer.from('\x01ab'))], [1, 0x62]);
});

test.run();
