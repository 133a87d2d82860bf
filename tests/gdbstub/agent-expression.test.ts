import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AGENT_STACK_MAX, type AgentContext, AgentExpression } from '../../gdbstub/agent-expression.js';
import { ProtocolError } from '../../gdbstub/arguments.js';
import { randomSource } from '../support/random.js';

const test = suite('agent expressions');

const OP = {
  add: 2,
  sub: 3,
  mul: 4,
  divS: 5,
  divU: 6,
  remS: 7,
  remU: 8,
  lsh: 9,
  rshS: 10,
  rshU: 11,
  logNot: 14,
  and: 15,
  or: 16,
  xor: 17,
  not: 18,
} as const;
const MORE = {
  equal: 19,
  lessS: 20,
  lessU: 21,
  ext: 22,
  ref8: 23,
  ref16: 24,
  ref32: 25,
  ref64: 26,
  ifGoto: 32,
  goto: 33,
  const8: 34,
} as const;
const REST = {
  const16: 35,
  const32: 36,
  const64: 37,
  reg: 38,
  end: 39,
  dup: 40,
  pop: 41,
  zeroExt: 42,
  swap: 43,
  pick: 50,
  rot: 51,
  printf: 52,
} as const;
const A = { ...OP, ...MORE, ...REST };

const memory = Buffer.from('8877665544332211ffeeddccbbaa9900', 'hex');

function context(printed: string[] = []): AgentContext {
  return {
    readRegister: (hart, number) => (number < 40 ? BigInt(number * 100 + hart) : undefined),
    readMemory: (_, address, length) => (address < 16n ? memory.subarray(Number(address), Number(address) + length) : new Uint8Array(0)),
    print: (text) => printed.push(text),
  };
}

const c64 = (value: bigint): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return [A.const64, ...bytes];
};
const evaluate = (...code: number[]) => new AgentExpression(Uint8Array.from([...code, A.end]), { result: true }).evaluate(context(), 1);
const two = (a: bigint, b: bigint, op: number) => evaluate(...c64(a), ...c64(b), op);

const MIN = -(2n ** 63n);

test('constants are big-endian and unsigned', () => {
  assert.is(evaluate(A.const8, 0xfe), 0xfen);
  assert.is(evaluate(A.const16, 0xfe, 0xdc), 0xfedcn);
  assert.is(evaluate(A.const32, 0xfe, 0xdc, 0xba, 0x98), 0xfedcba98n);
  assert.is(evaluate(...c64(-2n)), -2n);
});

// biome-ignore format: a table
const BINARY: readonly [string, number, bigint, bigint, bigint | string][] = [
  ['add',             A.add,   2n ** 63n - 1n, 1n,  MIN],
  ['sub',             A.sub,   MIN,            1n,  2n ** 63n - 1n],
  ['mul',             A.mul,   2n ** 62n,      6n,  MIN],
  ['div_signed',      A.divS,  -7n,            2n,  -3n],
  ['div_signed',      A.divS,  MIN,            -1n, MIN],
  ['div_signed',      A.divS,  1n,             0n,  'division by zero'],
  ['div_unsigned',    A.divU,  -1n,            2n,  2n ** 63n - 1n],
  ['div_unsigned',    A.divU,  -1n,            0n,  'division by zero'],
  ['rem_signed',      A.remS,  -7n,            4n,  -3n],
  ['rem_signed',      A.remS,  -7n,            0n,  'division by zero'],
  ['rem_unsigned',    A.remU,  -1n,            16n, 15n],
  ['rem_unsigned',    A.remU,  5n,             0n,  'division by zero'],
  ['lsh',             A.lsh,   3n,             63n, MIN],
  ['lsh',             A.lsh,   3n,             -1n, 0n],
  ['rsh_signed',      A.rshS,  MIN,            63n, -1n],
  ['rsh_signed',      A.rshS,  MIN,            99n, -1n],
  ['rsh_unsigned',    A.rshU,  MIN,            63n, 1n],
  ['rsh_unsigned',    A.rshU,  MIN,            64n, 0n],
  ['bit_and',         A.and,   0b1100n,        0b1010n, 0b1000n],
  ['bit_or',          A.or,    0b1100n,        0b1010n, 0b1110n],
  ['bit_xor',         A.xor,   0b1100n,        0b1010n, 0b0110n],
  ['equal',           A.equal, 5n,             5n,  1n],
  ['equal',           A.equal, 5n,             6n,  0n],
  ['less_signed',     A.lessS, -1n,            0n,  1n],
  ['less_signed',     A.lessS, 0n,             0n,  0n],
  ['less_unsigned',   A.lessU, -1n,            0n,  0n],
  ['less_unsigned',   A.lessU, 0n,             -1n, 1n],
];

for (const [name, op, a, b, expected] of BINARY) test(`${a} ${name} ${b} is ${expected}`, () => assert.is(two(a, b, op), expected));

test('log_not and bit_not', () => {
  assert.equal([evaluate(A.const8, 0, A.logNot), evaluate(A.const8, 7, A.logNot), evaluate(A.const8, 7, A.not)], [1n, 0n, -8n]);
});

test('ext and zero_ext take the number of bits', () => {
  assert.equal(
    [evaluate(A.const8, 0x80, A.ext, 8), evaluate(...c64(-1n), A.zeroExt, 12), evaluate(...c64(-1n), A.zeroExt, 64)],
    [-128n, 0xfffn, -1n],
  );
});

test('references are little-endian and zero-extended', () => {
  const at0 = (op: number) => evaluate(A.const8, 0, op);
  assert.equal([at0(A.ref8), at0(A.ref16), at0(A.ref32), at0(A.ref64)], [0x88n, 0x7788n, 0x55667788n, 0x1122334455667788n]);
});

test('unreadable memory and unknown registers end the evaluation', () => {
  assert.is(evaluate(A.const8, 99, A.ref8), 'cannot read memory at 0x63');
  assert.is(evaluate(A.const8, 15, A.ref16), 'cannot read memory at 0xf');
  assert.is(evaluate(A.reg, 0, 99), 'no register 99');
});

test('registers are those of the hart that stopped', () => assert.is(evaluate(A.reg, 0, 32), 3201n));

test('dup, pop, swap, pick, rot', () => {
  const [one, twoAndThree] = [
    [A.const8, 1],
    [A.const8, 2, A.const8, 3],
  ] as const;
  assert.is(evaluate(...twoAndThree, A.dup, A.mul), 9n);
  assert.is(evaluate(...twoAndThree, A.pop), 2n);
  assert.is(evaluate(...twoAndThree, A.swap, A.sub), 1n);
  assert.is(evaluate(...one, ...twoAndThree, A.pick, 2), 1n);
  assert.is(evaluate(...one, ...twoAndThree, A.pick, 0), 3n);
  // a b c becomes c a b.
  assert.is(evaluate(...one, ...twoAndThree, A.rot), 2n);
  assert.is(evaluate(...one, ...twoAndThree, A.rot, A.pop), 1n);
  assert.is(evaluate(...one, ...twoAndThree, A.rot, A.pop, A.pop), 3n);
});

test('jumps, as GDB writes && with them', () => {
  // x5 != 0 && x6 == 601: dup'ed nowhere, both ways end with one value.
  const code = [A.reg, 0, 5, A.ifGoto, 0, 11, A.const8, 0, A.goto, 0, 18, A.reg, 0, 6, A.const16, 2, 0x59, A.equal];
  assert.is(evaluate(...code), 1n);
});

test('a loop that does not end is ended', () => assert.is(evaluate(A.goto, 0, 0), 'it does not end'));

const bytes = (...code: number[]) => Uint8Array.from(code);
// biome-ignore format: a table
const MALFORMED: readonly [string, Uint8Array][] = [
  ['nothing at all',               bytes()],
  ['no end',                       bytes(A.const8, 1)],
  ['an end without a result',      bytes(A.end)],
  ['an unknown opcode',            bytes(0x99, A.end)],
  ['a float',                      bytes(1, A.end)],
  ['tracing',                      bytes(A.const8, 1, 0x0d, 4, A.end)],
  ['an operand that is cut off',   bytes(A.const32, 1, 2)],
  ['stack underflow',              bytes(A.add, A.end)],
  ['a pick too deep',              bytes(A.const8, 1, A.pick, 1, A.end)],
  ['stack overflow',               bytes(...Array(AGENT_STACK_MAX + 1).fill([A.const8, 1]).flat(), A.end)],
  ['a jump into an instruction',   bytes(A.goto, 0, 4, A.const16, 0, A.end, A.end)],
  ['a jump beyond the end',        bytes(A.goto, 0, 9, A.end)],
  ['a loop that grows the stack',  bytes(A.const8, 1, A.goto, 0, 0, A.end)],
  ['two heights at one place',     bytes(A.const8, 1, A.ifGoto, 0, 7, A.const8, 1, A.const8, 1, A.end)],
  ['ext by nothing',               bytes(A.const8, 1, A.ext, 0, A.end)],
  ['zero_ext by 65',               bytes(A.const8, 1, A.zeroExt, 65, A.end)],
  ['a format that does not end',   bytes(A.const8, 0, A.const8, 0, A.printf, 0, 0, 2, 65, 66, A.end)],
  ['a format beyond the end',      bytes(A.const8, 0, A.const8, 0, A.printf, 0, 9, 2, 65, 0, A.end)],
];

for (const [what, code] of MALFORMED)
  test(`refused: ${what}`, () =>
    assert.throws(
      () => new AgentExpression(code, { result: true }),
      (error: unknown) => error instanceof ProtocolError,
    ));

/** The bytecode of a `printf` with constant arguments. */
function printf(format: string, ...values: bigint[]): Uint8Array {
  const text = [...Buffer.from(format, 'latin1'), 0];
  return bytes(
    ...values.reverse().flatMap(c64),
    A.const8,
    0,
    A.const8,
    0,
    A.printf,
    values.length,
    text.length >> 8,
    text.length & 255,
    ...text,
    A.end,
  );
}

function print(format: string, ...values: bigint[]): string {
  const printed: string[] = [];
  new AgentExpression(printf(format, ...values), { result: false }).evaluate(context(printed), 0);
  return printed.join('');
}

// biome-ignore format: a table
const PRINTED: readonly [string, bigint[], string][] = [
  ['plain \\"text\\"\\n\\t\\\\\\101\\x', [],           'plain "text"\n\t\\Ax'],
  ['%d %i %u',           [-1n, 5n, -1n],               '-1 5 4294967295'],
  ['%ld %lu',            [-1n, -1n],                   '-1 18446744073709551615'],
  ['%lld %hhd %hu',      [-5n, 0x1ffn, 0x12345n],      '-5 -1 9029'],
  ['%x %X %#x %o %#o',   [255n, 255n, 255n, 8n, 8n],   'ff FF 0xff 10 010'],
  ['[%5d|%-5d|%05d|%+d]', [-42n, 42n, -42n, 42n],      '[  -42|42   |-0042|+42]'],
  ['%.4x %8.4x',         [10n, 10n],                   '000a     000a'],
  ['%c%c %p',            [72n, 105n, 0x1000n],         'Hi 0x1000'],
  ['100%%',              [],                           '100%'],
];

for (const [format, values, expected] of PRINTED)
  test(`printf ${JSON.stringify(format)}`, () => assert.is(print(format, ...values), expected));

test('%s reads memory up to the zero, or as far as it can', () => {
  memory.write('zero\0', 0, 'latin1');
  assert.is(print('<%s> <%.2s> <%s>', 0n, 0n, 999n), '<zero> <ze> <>');
});

for (const [format, count] of [
  ['%d', 0],
  ['x', 1],
  ['%n', 1],
  ['%f', 1],
  ['%*d', 2],
  ['%', 0],
  ['%q', 1],
] as const)
  test(`refused: printf ${format} with ${count} arguments`, () => {
    const code = printf(format, ...Array<bigint>(count).fill(1n));
    assert.throws(
      () => new AgentExpression(code, { result: false }),
      (error: unknown) => error instanceof ProtocolError,
    );
  });

test('random bytecode is refused or comes to an end', () => {
  const random = randomSource(11);
  const known = Object.values(A);
  let accepted = 0;
  for (let round = 0; round < 30_000; round++) {
    const code = Array.from({ length: 1 + (random() % 24) }, () => (random() % 3 ? known[random() % known.length] : random() % 30));
    try {
      const result = new AgentExpression(Uint8Array.from([A.const8, 1, A.const8, 2, ...code, A.end]), { result: true }).evaluate(
        context(),
        0,
      );
      accepted++;
      assert.ok(typeof result === 'string' || BigInt.asIntN(64, result) === result);
    } catch (error) {
      assert.instance(error, ProtocolError);
    }
  }
  assert.ok(accepted > 100, `${accepted} accepted`);
});

test.run();
