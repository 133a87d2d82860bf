import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describePlace, findLocation } from '../../lib/symbols/location.js';
import type { GuestSymbol, LineAddress } from '../../lib/symbols/symbols.js';
import { ConfigError } from '../../lib/util/errors.js';
import { fakeSymbols } from '../support/fake-symbols.js';

const test = suite('locations');

const symbol = (name: string, address: bigint, kind: GuestSymbol['kind'] = 'function'): GuestSymbol => ({
  name,
  address,
  sizeBytes: 16,
  kind,
  isGlobal: true,
});
const line = (address: bigint): LineAddress => ({ path: 'a.c', name: 'a.c', line: 7, column: 1, address });
const SYMBOLS = fakeSymbols({
  symbols: [
    symbol('start', 0x1000n),
    symbol('probe', 0x2000n),
    symbol('probe', 0x3000n),
    symbol('probe', 0x4000n, 'object'),
    symbol('counter', 0x5000n, 'object'),
    symbol('sum.constprop.0', 0x6000n),
  ],
  lines: [line(0x1004n), line(0x2004n)],
});

const PLACES: readonly (readonly [string, readonly bigint[]])[] = [
  ['start', [0x1000n]],
  [' start+0x10 ', [0x1010n]],
  ['start + 16', [0x1010n]],
  ['start-4', [0xffcn]],
  ['*start+4', [0x1004n]],
  ['counter', [0x5000n]],
  ['sum.constprop.0', [0x6000n]],
  ['probe', [0x2000n, 0x3000n]],
  ['probe+8', [0x2008n, 0x3008n]],
  ['0x80000000', [0x80000000n]],
  ['0XFFFFffff80000000', [0xffffffff80000000n]],
  ['*0x10', [0x10n]],
  ['* 16', [16n]],
  ['a.c:7', [0x1004n, 0x2004n]],
];

for (const [text, addresses] of PLACES) {
  test(`\`${text}\` is at ${addresses.map((address) => address.toString(16))}`, () =>
    assert.equal(findLocation(text, SYMBOLS).addresses, addresses));
}

test('a symbol without an offset, and a line, come with what was found', () => {
  assert.is(findLocation('counter', SYMBOLS).symbol?.sizeBytes, 16);
  assert.is(findLocation('counter+0', SYMBOLS).symbol, undefined);
  assert.is(findLocation('a.c:7', SYMBOLS).line?.line, 7);
});

const ERRORS: readonly (readonly [string, RegExp])[] = [
  ['stort', /'stort': no symbol is called 'stort'/],
  ['startle', /did you mean 'start'\?/],
  ['', /'' is no place: SYMBOL, SYMBOL\+OFFSET, FILE:LINE or 0xADDRESS/],
  ['a b', /is no place/],
  ['start+', /is no place|no symbol/],
  ['b.c:7', /no source file is called 'b\.c'/],
  ['a.c:8', /'a\.c:8': there is no code at or behind that line/],
  ['a.c:99999999999999999999', /no code/],
  ['0x10000000000000000', /more than 64 bits/],
  ['start+0x10000000000000000', /more than 64 bits/],
];

for (const [text, message] of ERRORS) {
  test(`\`${text}\` is refused with the reason`, () =>
    assert.throws(
      () => findLocation(text, SYMBOLS),
      (error: unknown) => error instanceof ConfigError && message.test(error.message),
    ));
}

test('a place is described by its symbol and, if it is known, its line', () => {
  assert.is(describePlace(SYMBOLS, 0x1004n), 'start+0x4 (a.c:7)');
  assert.is(describePlace(SYMBOLS, 0x1008n), 'start+0x8');
  assert.is(describePlace(SYMBOLS, 0x9000n), '0x9000');
});

test.run();
