import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseServer, serverFailure } from '../../lib/net/dns.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const QUESTION = '04 686f7374 00 0001 0001';

const test = suite('DNS');

test('servers as Node names them', () => {
  assert.equal(parseServer('192.0.2.1'), { host: '192.0.2.1', port: 53 });
  assert.equal(parseServer('192.0.2.1:5353'), { host: '192.0.2.1', port: 5353 });
  assert.equal(parseServer('2001:db8::1'), { host: '2001:db8::1', port: 53 });
  assert.equal(parseServer('[2001:db8::1]:5353'), { host: '2001:db8::1', port: 5353 });
});

test('a failure repeats the question and nothing else', () => {
  const asked = hex(`1234 0100 0001 0000 0000 0001 ${QUESTION} 00 0029 1000 00000000 0000`);
  assert.equal(serverFailure(asked), hex(`1234 8182 0001 0000 0000 0000 ${QUESTION}`));
});

test('a failure keeps the kind of question, and does not claim recursion that nobody asked for', () => {
  assert.equal(serverFailure(hex(`1234 2800 0001 0000 0000 0000 ${QUESTION}`)), hex(`1234 a882 0001 0000 0000 0000 ${QUESTION}`));
});

test('a question that is malformed is not repeated: cut off, compressed, more than one, none', () => {
  const failure = hex('1234 8182 0000 0000 0000 0000');
  for (const rest of ['', '04 6868', '04 686f7374', '04 686f7374 00 0001', 'c00c 0001 0001']) {
    assert.equal(serverFailure(hex(`1234 0100 0001 0000 0000 0000 ${rest}`)), failure, rest);
  }
  for (const count of ['0000', '0002', '0101']) {
    assert.equal(serverFailure(hex(`1234 0100 ${count} 0000 0000 0000 ${QUESTION}`)), failure, count);
  }
});

test.run();
