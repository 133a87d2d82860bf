import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseExpression, type Scope } from '../../lib/symbols/expression.js';
import { parseFormat } from '../../lib/symbols/printf.js';
import type { ValueType, Variable } from '../../lib/symbols/symbols.js';
import { type GuestState, Unavailable } from '../../lib/symbols/values.js';
import { ConfigError } from '../../lib/util/errors.js';
import { fakeSymbols } from '../support/fake-symbols.js';
import { randomSource } from '../support/random.js';

const test = suite('expressions and formats');

const BASE = 0xffffffff80000000n;
const U16: ValueType = { sizeBytes: 2, encoding: 'unsigned' };
const I32: ValueType = { sizeBytes: 4, encoding: 'signed' };
const STRUCT: ValueType = { sizeBytes: 16, encoding: 'aggregate' };

const variable = (name: string, offset: number, type: ValueType | undefined): Variable => ({
  name,
  address: BASE + BigInt(offset),
  type,
  isGlobal: true,
});
const VARIABLES: readonly Variable[] = [
  variable('counter', 0, { sizeBytes: 4, encoding: 'unsigned' }),
  variable('level', 4, { sizeBytes: 1, encoding: 'signed' }),
  variable('jiffies', 8, { sizeBytes: 8, encoding: 'unsigned' }),
  variable('limits', 16, { sizeBytes: 8, encoding: 'aggregate', target: () => U16 }),
  variable('grid', 24, {
    sizeBytes: 24,
    encoding: 'aggregate',
    target: () => ({ sizeBytes: 12, encoding: 'aggregate', target: () => I32 }),
  }),
  variable('cursor', 48, { sizeBytes: 8, encoding: 'address', target: () => U16 }),
  variable('item', 56, { sizeBytes: 8, encoding: 'address', target: () => STRUCT }),
  variable('ratio', 64, { sizeBytes: 4, encoding: 'float' }),
  variable('first', 72, STRUCT),
  variable('unsized', 88, undefined),
  variable('name', 96, { sizeBytes: 16, encoding: 'aggregate', target: () => ({ sizeBytes: 1, encoding: 'unsigned' }) }),
  variable('handler', 128, { sizeBytes: 0, encoding: 'aggregate' }),
  variable('dangling', 112, { sizeBytes: 8, encoding: 'address', target: () => U16 }),
];

const memory = Buffer.alloc(256);
memory.writeUInt32LE(0xfffffffe, 0);
memory.writeInt8(-3, 4);
memory.writeBigUInt64LE(0xffff_ffff_ffff_fff0n, 8);
for (const [index, limit] of [1, 2, 300, 65535].entries()) memory.writeUInt16LE(limit, 16 + 2 * index);
for (const [index, value] of [1, 2, 3, -4, 5, 6].entries()) memory.writeInt32LE(value, 24 + 4 * index);
memory.writeBigUInt64LE(BASE + 20n, 48);
memory.write('h\u00e9llo\x1b[31m\0', 96);
memory.writeBigUInt64LE(1n, 112);

const REGISTERS: Readonly<Record<string, bigint>> = { a0: 42n, a1: 2n ** 64n - 1n, x10: 42n, sp: BASE + 16n, pc: BASE, zero: 0n };

const GUEST: GuestState = {
  register: (name) => REGISTERS[name]!,
  read: (vaddr, size) => {
    const offset = Number(vaddr - BASE);
    return offset >= 0 && offset + size <= memory.length
      ? Buffer.concat([memory.subarray(offset, offset + size), Buffer.alloc(8)]).readBigUInt64LE()
      : undefined;
  },
};
const SCOPE: Scope = { symbols: fakeSymbols({ variables: VARIABLES }), isRegister: (name) => Object.hasOwn(REGISTERS, name) };

const evaluate = (text: string): bigint => parseExpression(text, SCOPE).evaluate(GUEST);

const VALUES: readonly (readonly [string, bigint])[] = [
  ['42', 42n],
  ['0x2A', 42n],
  ['0b101', 5n],
  ['010', 8n],
  ["'A'", 65n],
  ["'\\n'", 10n],
  ['1 + 2 * 3', 7n],
  ['(1 + 2) * 3', 9n],
  ['10 - 3 - 2', 5n],
  ['1 << 4 | 1', 17n],
  ['7 & 3 == 3', 1n],
  ['6 ^ 3', 5n],
  ['-7 / 2', -3n],
  ['-7 % 3', -1n],
  ['1 << 64', 0n],
  ['-1 >> 70', -1n],
  ['-8 >> 1', -4n],
  ['0x8000000000000000 >> 63', 1n],
  ['~0', -1n],
  ['!5 + !0', 1n],
  ['1 && 2 || 0', 1n],
  ['2 < 3', 1n],
  ['-1 < 0', 1n],
  ['-1 < 0xffffffffffffffff', 0n],
  ['0x7fffffffffffffff + 1', -(2n ** 63n)],
  ['0xffffffffffffffff + 1', 0n],
  ['a0', 42n],
  ['$a0 + x10', 84n],
  ['a1', -1n],
  ['a1 == 0xffffffffffffffff', 1n],
  ['counter', 0xfffffffen],
  ['counter + 8', 0x100000006n],
  ['level', -3n],
  ['jiffies', 0xffff_ffff_ffff_fff0n],
  ['jiffies + 0x20', 0x10n],
  ['-jiffies', 0x10n],
  ['&counter', BASE],
  ['*&level', -3n],
  ['handler', BASE + 128n],
  ['first', BASE + 72n],
  ['limits', BASE + 16n],
  ['limits[2]', 300n],
  ['*limits', 1n],
  ['grid[1][0]', -4n],
  ['grid[1]', BASE + 36n],
  ['cursor', BASE + 20n],
  ['*cursor', 300n],
  ['cursor[1]', 65535n],
  ['u16[sp + 4]', 300n],
  ['i16[sp + 6]', -1n],
  ['u64[&jiffies]', 0xffff_ffff_ffff_fff0n],
  ['*(u32 *)(sp - 16)', 0xfffffffen],
  ['*(unsigned int*)&counter', 0xfffffffen],
  ['((short *)sp)[3]', -1n],
  ['(i32)counter', -2n],
  ['(u8)a1', 255n],
  ['(unsigned long long)a1', 2n ** 64n - 1n],
  ['(long unsigned int)a1', 2n ** 64n - 1n],
  ['(char)a1', -1n],
  ['(s8) - 1', -1n],
];

for (const [text, value] of VALUES) test(`\`${text}\` is ${value}`, () => assert.is(evaluate(text), value));

const ERRORS: readonly (readonly [string, RegExp])[] = [
  ['', /^at character 1 of '': expected a number, register or name, found the end/],
  ['1 +', /at character 4 .*found the end/],
  ['1 2', /at character 3 .*expected an operator or the end, found '2'/],
  ['(1', /at character 3 .*expected '\)'/],
  ['a0 ? 1', /at character 4 .*unexpected '\?'/],
  ['12ab', /at character 1 .*bad number/],
  ['09', /at character 1 .*bad octal number/],
  ['0x10000000000000000', /more than 64 bits/],
  ['$a9', /at character 1 .*the guest has no register 'a9'/],
  ['1 + countre', /at character 5 .*no register or symbol is called 'countre'; did you mean 'counter'\?/],
  ['&missing', /at character 2 .*'missing'/],
  ['&5', /expected the name of a variable or function, found '5'/],
  ['*a0', /at character 1 .*not a pointer to a known type; say for instance/],
  ['counter[1]', /at character 8 .*not a pointer/],
  ['*item', /leads to 16 bytes that are no integer/],
  ['ratio', /floating-point number; its bits are u32\[&ratio\]/],
  ['unsized', /the size of 'unsized' is not known; say for instance u32\[&unsized\]/],
  ['u32', /expected '\['/],
  ['(long char)1', /at character 2 .*there is no type 'long char'/],
  ['(unsigned signed)1', /there is no type/],
  ['"text"', /expected a number, register or name/],
  ["'ab'", /unexpected '''/],
  ['"text', /string without an end/],
  [`${'('.repeat(500)}1`, /nested too deeply/],
  [`1${'+1'.repeat(1000)}`, /too long/],
];

for (const [text, message] of ERRORS) {
  test(`\`${text.slice(0, 20)}\` is refused: ${message.source.slice(0, 50)}`, () =>
    throwsConfigError(() => parseExpression(text, SCOPE), message));
}

function throwsConfigError(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error: unknown) => {
    assert.instance(error, ConfigError);
    assert.match((error as Error).message, message);
    return true;
  });
}

test('what cannot be read, and a division by zero, have no value', () => {
  for (const [text, message] of [
    ['*dangling', /no memory at 0x1$/],
    ['u8[0]', /no memory at 0x0$/],
    ['1 / (a0 - 42)', /division by zero/],
    ['1 % zero', /division/],
  ] as const) {
    assert.throws(
      () => evaluate(text),
      (error: unknown) => error instanceof Unavailable && message.test(error.message),
    );
  }
});

const FORMATS: readonly (readonly [string, string])[] = [
  ['"x=%d y=%#lx", a0, $sp', 'x=42 y=0xffffffff80000010'],
  ['"%d %u %x %lu", a1, a1, a1, a1', '-1 4294967295 ffffffff 18446744073709551615'],
  ['"%hd %hhu %hX", counter, counter, counter', '-2 254 FFFE'],
  ['"[%5d|%-5d|%05d|%+d|% d]", a0, a0, a0, a0, a0', '[   42|42   |00042|+42| 42]'],
  ['"[%05d|%.4d|%6.4d|%#010x|%#o|%#b]", -a0, -a0, -a0, a0, a0, 5', '[-0042|-0042| -0042|0x0000002a|052|0b101]'],
  ['"%#x %.0d|", 0, 0', '0 |'],
  ['"%p %c%c", pc, 72, 0x1b', '0xffffffff80000000 H\\x1b'],
  ['"%s|%.1s|%8.1s", name, name, name', 'h\u00e9llo\\x1b[31m|h|       h'],
  ['"100%% \\"done\\"\\n"', '100% "done"\n'],
  ['"%d, %s!", *dangling, 0', '<no memory at 0x1>, <no memory at 0x0>!'],
  ['"nothing"', 'nothing'],
  ['counter={counter} level={level}', 'counter=4294967294 level=-3'],
  ['{a1} {a1:u} {a1:#x} {counter:x} {counter:d}', '-1 18446744073709551615 0xffffffffffffffff fffffffe -2'],
  ['{cursor}', '0xffffffff80000014'],
  ['{limits[3]:08x} {name:.1s} {{a0}} {a0:c}', '0000ffff h {a0} *'],
  ['tab\\t{pc:p}', 'tab\t0xffffffff80000000'],
  ['', ''],
];

for (const [text, printed] of FORMATS)
  test(`\`${text}\` prints \`${printed}\``, () => assert.is(parseFormat(text, SCOPE).print(GUEST), printed));

const BAD_FORMATS: readonly (readonly [string, RegExp])[] = [
  ['"%d"', /at character 5 .*no expression for the directive '%d'/],
  ['"%d" a0', /no expression for the directive/],
  ['"%d", a0, a1', /at character 9 .*more expressions than directives/],
  ['"x", a0', /at character 4 .*more expressions than directives/],
  ['"%d", a0 a1', /at character 10 .*expected an operator or the end/],
  ['"%f", a0', /at character 3 .*no directive of printf that is known here/],
  ['"%', /string without an end/],
  ['"%"', /at character 3 .*no directive/],
  ['"\\q"', /at character 2 .*unknown escape '\\q'/],
  ['{a0', /at character 1 .*'\{' without '\}'/],
  ['a0}', /at character 3 .*'\}' without '\{'/],
  ['{}', /at character 2 .*found the end/],
  ['{a0:}', /at character 5 .*no directive/],
  ['{a0:xx}', /at character 6 .*unexpected 'x' behind a directive/],
  ['x {b0}', /at character 4 .*'b0'/],
];

for (const [text, message] of BAD_FORMATS)
  test(`the format \`${text}\` is refused`, () => throwsConfigError(() => parseFormat(text, SCOPE), message));

test('whatever is typed prints something or is refused with a position', () => {
  const random = randomSource(7);
  const pieces = [
    '"',
    '%d',
    '%s',
    '%-08.3lx',
    '%',
    ',',
    ' ',
    '{',
    '}',
    ':',
    'a0',
    '$sp',
    'counter',
    'limits',
    'u32',
    '[',
    ']',
    '(',
    ')',
    '*',
    '&',
    '-',
    '+',
    '/',
    '<<',
    '>>',
    '==',
    '0x',
    '12',
    '0',
    '9',
    "'",
    '\\',
    'int',
    'unsigned',
    '.',
    '\u00e9',
    '\0',
    '!',
    '~',
    'grid',
    'dangling',
  ];
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 1 + (random() % 12) }, () => pieces[random() % pieces.length]).join('');
    try {
      assert.type(parseFormat(text, SCOPE).print(GUEST), 'string');
      accepted++;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw new Error(`${JSON.stringify(text)}: ${(error as Error).stack}`);
      assert.match(error.message, /^at character \d+ of '/);
    }
  }
  assert.ok(accepted > 100, `${accepted} of them are formats`);
});

test.run();
