import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, answerRow, valueText } from '../../lib/cli/query-rows.js';
import { fakeSymbols } from '../support/fake-symbols.js';

const SYMBOLS = fakeSymbols({
  symbols: [
    { name: 'store', address: 0x1000n, sizeBytes: 16, kind: 'function', isGlobal: true },
    { name: 'main', address: 0x1010n, sizeBytes: 16, kind: 'function', isGlobal: true },
  ],
  lines: [
    { address: 0x1004n, path: '/src/a.c', name: 'a.c', line: 7, column: 0 },
    { address: 0x101fn, path: '/src/b.c', name: 'b.c', line: 9, column: 0 },
  ],
});
const OPTIONS = { symbols: SYMBOLS, tickWidth: 6 };
const VISIT = { tick: 42, hart: 1, pc: 0x1004n };

const text = (answer: Answer) => answerRow(answer, { ...OPTIONS, json: false });
const json = (answer: Answer) => JSON.parse(answerRow(answer, { ...OPTIONS, json: true }));
const bytes = (...values: number[]) => Uint8Array.from(values);

const test = suite('answers to queries');

test('a place is a number, a symbol and a line, as far as they are known', () => {
  assert.is(text({ visit: VISIT }), '    42  hart 1  0x1004  store+0x4 (a.c:7)');
  assert.equal(json({ visit: VISIT }), { tick: 42, hart: 1, pc: '0x1004', symbol: 'store', offset: 4, file: 'a.c', line: 7 });
  assert.is(text({ visit: { ...VISIT, pc: 0x1000n } }), '    42  hart 1  0x1000  store');
  assert.is(text({ visit: { ...VISIT, pc: 0x5000n } }), '    42  hart 1  0x5000');
  assert.equal(json({ visit: { ...VISIT, pc: 0x5000n } }), { tick: 42, hart: 1, pc: '0x5000' });
});

test('a device has no pc, unless an instruction made it act', () => {
  const change = { before: bytes(0, 1), after: bytes(2, 1) };
  assert.is(text({ visit: { tick: 1234567, hart: -1, pc: 0n }, change }), '1234567  device  0x0100 -> 0x0102');
  assert.equal(json({ visit: { tick: 5, hart: -1, pc: 0n }, change }), { tick: 5, hart: null, pc: null, old: '0x0100', new: '0x0102' });
  assert.is(text({ visit: { tick: 5, hart: -1, pc: 0x1000n }, change }), '     5  device  0x1000  store  0x0100 -> 0x0102');
});

test('a number is shown as one, and of a longer range what has changed', () => {
  const row = (before: Uint8Array | undefined, after: Uint8Array) =>
    text({ visit: { tick: 1, hart: -1, pc: 0n }, change: before ? { before, after } : { after } }).slice('     1  device  '.length);
  assert.is(row(bytes(1, 0, 0, 0), bytes(1, 0, 0, 0x80)), '0x00000001 -> 0x80000001');
  assert.is(row(undefined, bytes(7)), 'now 0x07');
  assert.is(row(bytes(1, 2, 3), bytes(1, 2, 3)), 'written as it was');
  assert.is(row(bytes(1, 2, 3, 4, 5), bytes(1, 9, 3, 8, 5)), '+0x1: 020304 -> 090308');
  const [zeros, ones] = [new Uint8Array(40), new Uint8Array(40).fill(1)];
  assert.is(row(zeros, ones), `+0x0: ${'00'.repeat(16)} -> ${'01'.repeat(16)}, and up to +0x27`);
  assert.is(valueText(bytes(1, 2, 3)), '010203');
});

test('a return address belongs to the call in front of it', () => {
  const answer = { visit: VISIT, caller: 0x1020n };
  assert.is(text(answer), '    42  hart 1  0x1004  store+0x4 (a.c:7)  from main+0x10 (b.c:9)');
  assert.equal(json(answer).caller, { pc: '0x1020', symbol: 'main', offset: 16, file: 'b.c', line: 9 });
});

test('what was to be printed comes last', () => {
  const answer = { visit: VISIT, text: 'a0=1' };
  assert.is(text(answer), '    42  hart 1  0x1004  store+0x4 (a.c:7): a0=1');
  assert.is(json(answer).text, 'a0=1');
});

test.run();
