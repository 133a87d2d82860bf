import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Builder } from '../../lib/ir/builder.js';
import type { OpInfo } from '../../lib/ir/op-kinds.js';
import { type BinaryName, type BranchName, OPS, type OpName, type UnaryName, wrap64 } from '../../lib/ir/ops.js';
import { randomSource } from '../support/random.js';
import { INSN_BYTES, RAM_SIZE, reg, ScriptMachine, x } from '../support/script-guest.js';

const test = suite('IR ops: interpreter, lowered code and folding agree');

const CORNERS = [
  0n,
  1n,
  -1n,
  2n,
  -2n,
  7n,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x8000000000000001n,
  0x00ff00ff00ff00ffn,
  0x0123456789abcdefn,
].map(wrap64);

const random = randomSource(1);
const random64 = (): bigint => wrap64((BigInt(random()) << 32n) | BigInt(random()));
/** All pairs of corners would be slow; these are all corners against some, and random numbers. */
const PAIRS: readonly (readonly [bigint, bigint])[] = [
  ...CORNERS.flatMap((a) => [...CORNERS.slice(0, 12), -0x80000000n, wrap64(-0x8000000000000000n), random64()].map((b) => [a, b] as const)),
  ...Array.from({ length: 100 }, () => [random64(), random64()] as const),
];
const CONSTANTS = [
  0n,
  1n,
  -1n,
  5n,
  31n,
  32n,
  63n,
  64n,
  0xffn,
  -0x80000000n,
  0x7fffffffn,
  0x80000000n,
  0x7fffffffffffffffn,
  wrap64(1n << 63n),
  random64(),
];

const IN = 0x8000;
const OUT = 0x10000;
const [A, B, R, IN_AT, OUT_AT, END] = [1, 2, 3, 4, 5, 6].map(x) as [number, number, number, number, number, number];

type Emit = (b: Builder) => void;

/** Instructions that leave a result in R. */
type Body = readonly Emit[];

/** A loop over `pairs` operand pairs: loads A and B, runs each of `bodies`, and stores R behind each. */
function loop(bodies: readonly Body[], pairs: number): Emit[] {
  const stores = bodies.flatMap((body, i): Emit[] => [...body, (b) => b.store('st64', reg(b, OUT_AT), reg(b, R), 8 * i)]);
  return [
    (b) => b.set(IN_AT, b.imm(IN)),
    (b) => b.set(OUT_AT, b.imm(OUT)),
    (b) => b.set(END, b.imm(IN + 16 * pairs)),
    (b) => b.set(A, b.load('ld64', reg(b, IN_AT))),
    (b) => b.set(B, b.load('ld64', reg(b, IN_AT), 8)),
    ...stores,
    (b) => b.set(IN_AT, b.binary('add', reg(b, IN_AT), b.imm(16))),
    (b) => b.set(OUT_AT, b.binary('add', reg(b, OUT_AT), b.imm(8 * bodies.length))),
    (b) => b.branchRel('brne', reg(b, IN_AT), reg(b, END), -INSN_BYTES * (stores.length + 4)),
    (b) => b.jumpRel(0),
  ];
}

/** What `bodies` leave for each operand pair, on both engines, which must agree. */
function results(bodies: readonly Body[], pairs: readonly (readonly [bigint, bigint])[]): bigint[][] {
  assert.ok(OUT + 8 * bodies.length * pairs.length <= RAM_SIZE, 'results fit into memory');
  const [first, second] = (['interpret', 'translate'] as const).map((mode) => {
    const script = loop(bodies, pairs.length);
    const machine = new ScriptMachine(script, { mode });
    for (const [i, pair] of pairs.entries())
      for (const j of [0, 1] as const) machine.memory.setBigInt64(IN + 16 * i + 8 * j, pair[j], true);
    machine.run(script.length * pairs.length + 4);
    assert.is(machine.slot(IN_AT), BigInt(IN + 16 * pairs.length), 'the loop is over');
    return pairs.map((_, i) => bodies.map((_, j) => machine.memory.getBigInt64(OUT + 8 * (i * bodies.length + j), true)));
  });
  assert.equal(second, first, 'lowered code does as the interpreter');
  return first as bigint[][];
}

function check(name: string, bodies: readonly Body[], expected: (a: bigint, b: bigint, index: number) => bigint, pairs = PAIRS): void {
  for (const [i, row] of results(bodies, pairs).entries()) {
    const [a, b] = pairs[i] as readonly [bigint, bigint];
    for (const [j, value] of row.entries()) {
      if (value !== wrap64(expected(a, b, j))) assert.is(value, wrap64(expected(a, b, j)), `${name}(${a}, ${b}), form ${j}`);
    }
  }
}

const names = Object.keys(OPS) as OpName[];
const infoOf = (name: OpName): OpInfo => OPS[name];

for (const name of names.filter((op): op is BinaryName => infoOf(op).kind === 'binary')) {
  const { fold } = OPS[name];

  test(`${name} of registers, and of a register with itself`, () => {
    const bodies: Emit[] = [
      (b) => b.set(R, b.binary(name, reg(b, A), reg(b, B))),
      (b) => b.set(R, b.binary(name, reg(b, A), reg(b, A))),
      (b) => b.set(R, b.binary(name, b.binary('add', reg(b, A), b.imm(0)), b.unary('mov', reg(b, B)))),
    ];
    check(
      name,
      bodies.map((body) => [body]),
      (a, b, form) => fold(a, form === 1 ? a : b),
    );
  });

  test(`${name} with a constant on either side`, () => {
    const forms = CONSTANTS.flatMap((constant) => [
      { emit: (b: Builder) => b.set(R, b.binary(name, reg(b, A), b.imm(constant))), fold: (a: bigint) => fold(a, constant) },
      { emit: (b: Builder) => b.set(R, b.binary(name, b.imm(constant), reg(b, A))), fold: (a: bigint) => fold(constant, a) },
      {
        // The builder does not see the constant, the optimiser does.
        emit: (b: Builder) => {
          b.set(B, b.imm(constant));
          b.set(R, b.binary(name, reg(b, A), reg(b, B)));
        },
        fold: (a: bigint) => fold(a, constant),
      },
      {
        emit: (b: Builder) => {
          b.set(B, b.imm(constant));
          b.set(x(7), b.imm(0x123456789n));
          b.set(R, b.binary(name, reg(b, x(7)), reg(b, B)));
        },
        fold: () => fold(0x123456789n, constant),
      },
    ]);
    check(
      name,
      forms.map(({ emit }) => [emit]),
      (a, _, form) => forms[form]!.fold(a),
      CORNERS.map((a) => [a, 0n] as const),
    );
  });

  test(`${name} of two constants is a constant`, () => {
    const forms = CONSTANTS.flatMap((a) => CONSTANTS.map((c) => [a, c] as const));
    const bodies = forms.map(([a, c]): Body => [(b) => b.set(R, b.binary(name, b.imm(a), b.imm(c)))]);
    check(name, bodies, (_a, _b, form) => fold(...(forms[form] as readonly [bigint, bigint])), [[0n, 0n]]);
  });
}

for (const name of names.filter((op): op is UnaryName => infoOf(op).kind === 'unary')) {
  const info = infoOf(name);
  const fold = info.kind === 'unary' ? info.fold : undefined;
  if (!fold) continue;

  test(name, () => {
    const bodies: Emit[] = [
      (b) => b.set(R, b.unary(name, reg(b, A))),
      (b) => {
        b.set(B, b.imm(0x00ff_8000_0123n));
        b.set(R, b.unary(name, reg(b, B)));
      },
      (b) => b.set(R, b.unary(name, b.imm(-0x8000))),
    ];
    check(
      name,
      bodies.map((body) => [body]),
      (a, _, form) => fold([a, 0x00ff_8000_0123n, -0x8000n][form] as bigint),
    );
  });
}

for (const name of names.filter((op): op is BranchName => infoOf(op).kind === 'branch')) {
  const { fold } = OPS[name];

  test(`${name} with registers, constants, and constants that only the optimiser sees`, () => {
    const forms: { compare: Emit; taken: (a: bigint, b: bigint) => boolean }[] = [
      { compare: (b) => b.branchRel(name, reg(b, A), reg(b, B), 2 * INSN_BYTES), taken: (a, b) => fold(a, b) },
      ...CONSTANTS.flatMap((constant): { compare: Emit; taken: (a: bigint, b: bigint) => boolean }[] => [
        { compare: (b) => b.branchRel(name, reg(b, A), b.imm(constant), 2 * INSN_BYTES), taken: (a) => fold(a, constant) },
        { compare: (b) => b.branchRel(name, b.imm(constant), reg(b, A), 2 * INSN_BYTES), taken: (a) => fold(constant, a) },
        { compare: (b) => b.branchRel(name, b.imm(constant), b.imm(5), 2 * INSN_BYTES), taken: () => fold(constant, 5n) },
        {
          compare: (b) => {
            b.set(B, b.imm(constant));
            b.branchRel(name, reg(b, B), b.imm(5), 2 * INSN_BYTES);
          },
          taken: () => fold(constant, 5n),
        },
      ]),
    ];
    const bodies = forms.map(({ compare }): Body => [(b) => b.set(R, b.imm(1)), compare, (b) => b.set(R, b.imm(0))]);
    const pairs = CORNERS.flatMap(
      (a) =>
        [
          [a, 5n],
          [5n, a],
          [a, a],
        ] as const,
    );
    check(name, bodies, (a, b, form) => (forms[form]?.taken(a, b) ? 1n : 0n), pairs);
  });
}

test('select takes b where a is not zero', () => {
  const bodies: Emit[] = [
    (b) => b.set(R, b.select(reg(b, A), reg(b, B), b.imm(77))),
    (b) => b.set(R, b.select(reg(b, B), b.imm(-3), reg(b, A))),
    (b) => {
      b.set(x(7), b.imm(0));
      b.set(R, b.select(reg(b, x(7)), reg(b, A), reg(b, B)));
    },
    (b) => b.set(R, b.select(b.imm(4), reg(b, A), reg(b, B))),
  ];
  check(
    'select',
    bodies.map((body) => [body]),
    (a, b, form) => [a !== 0n ? b : 77n, b !== 0n ? -3n : a, b, a][form] as bigint,
  );
});

test.run();
