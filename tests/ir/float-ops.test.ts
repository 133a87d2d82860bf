import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Assembler } from '../support/assembler.js';
import { cornerCases } from '../support/float-cases.js';
import { BINARY32, BINARY64 } from '../support/ieee754.js';
import { randomSource } from '../support/random.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

const test = suite('floating point: the fast path gives what the helper gives');

// The fast path is taken while the inexact flag is raised already, the helper while it is not: the same instructions run both ways.
const IN = RAM_BASE + 0x100000;
const OUT = RAM_BASE + 0x200000;
const NX = 1n;

/** Instructions with a fast path; operands f0, f1, f2 or the integer a0. */
const DOUBLE = [
  'fadd.d',
  'fsub.d',
  'fmul.d',
  'fdiv.d',
  'fmadd.d',
  'fmsub.d',
  'fnmadd.d',
  'fnmsub.d',
  'fsqrt.d',
  'feq.d',
  'flt.d',
  'fle.d',
  'fcvt.w.d',
  'fcvt.l.d',
  'fcvt.s.d',
  'fcvt.d.l',
  'fcvt.d.w',
  'fcvt.d.wu',
];
const SINGLE = [
  'fadd.s',
  'fsub.s',
  'fmul.s',
  'fdiv.s',
  'fmadd.s',
  'fmsub.s',
  'fnmadd.s',
  'fnmsub.s',
  'fsqrt.s',
  'feq.s',
  'flt.s',
  'fle.s',
  'fcvt.w.s',
  'fcvt.l.s',
  'fcvt.d.s',
  'fcvt.s.l',
  'fcvt.s.w',
  'fcvt.s.wu',
];

type Triple = readonly [bigint, bigint, bigint];

/** The instruction, with its result in a1. */
function instruction(name: string, mode: string): string {
  const rounding = /^(feq|flt|fle)|^fcvt\.d\.(s|w|wu)$/.test(name) ? '' : `, ${mode}`;
  if (/^(feq|flt|fle)/.test(name)) return `${name} a1, ft0, ft1`;
  if (/^fcvt\.[wl]/.test(name)) return `${name} a1, ft0${rounding}`;
  const operands = /^fcvt\.[sd]\.[wl]/.test(name)
    ? 'a0'
    : /^f(sqrt|cvt)/.test(name)
      ? 'ft0'
      : /^fn?m(add|sub)/.test(name)
        ? 'ft0, ft1, ft2'
        : 'ft0, ft1';
  return `${name} ft3, ${operands}${rounding}; fmv.x.d a1, ft3`;
}

/** For each triple: result and flags, first with inexact raised before, then without. */
function run(name: string, mode: string, triples: readonly Triple[]): bigint[][] {
  const a = new Assembler(RAM_BASE);
  const both = ['li t1, 1', 'li t1, 0'].map(
    (flags, i) => `
    ${flags}
    csrw fflags, t1
    ${instruction(name, mode)}
    csrr a2, fflags
    sd a1, ${16 * i}(s1)
    sd a2, ${16 * i + 8}(s1)`,
  );
  a.text(`
    li t0, 0x2000
    csrs mstatus, t0
    li s0, ${IN}
    li s1, ${OUT}
    li s2, ${IN + 24 * triples.length}
    loop:
    fld ft0, 0(s0)
    fld ft1, 8(s0)
    fld ft2, 16(s0)
    ld a0, 0(s0)
    ${both.join('')}
    addi s0, s0, 24
    addi s1, s1, 32
    bne s0, s2, loop
    end: j end`);
  a.org(IN);
  for (const triple of triples) for (const value of triple) a.dword(value);
  const program = a.finish();
  const [lowered, interpreted] = (['translate', 'interpret'] as const).map((engine) => {
    const machine = new RiscvMachine(program, { mode: engine });
    machine.run(24 * triples.length + 30);
    assert.is(machine.register('s0'), BigInt(IN + 24 * triples.length), 'the loop is over');
    return triples.map((_, i) => [0, 8, 16, 24].map((offset) => machine.dword(OUT + 32 * i + offset)));
  });
  assert.equal(interpreted, lowered, `${name}: the interpreter does as lowered code`);
  return lowered as bigint[][];
}

const random = randomSource(21);
const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
const pick = <T>(list: readonly T[]): T => list[random() % list.length] as T;

/** Numbers near each other in exponent, so that sums cancel and round. */
function near(bits: bigint, fraction: number): bigint {
  const exponents = BigInt(random() % 60) - 30n;
  return BigInt.asUintN(64, (bits ^ (random64() & ((1n << BigInt(fraction)) - 1n))) + (exponents << BigInt(fraction)));
}

function triples(corners: readonly bigint[], box: (bits: bigint) => bigint, fraction: number, width: number): Triple[] {
  const value = (): bigint => (random() % 3 ? pick(corners) : BigInt.asUintN(width, random64()));
  const list: Triple[] = [];
  for (let i = 0; i < 500; i++) list.push([box(value()), box(value()), box(value())]);
  for (let i = 0; i < 500; i++) {
    const first = BigInt.asUintN(width, random64());
    list.push([box(first), box(BigInt.asUintN(width, near(first, fraction))), box(BigInt.asUintN(width, near(first, fraction)))]);
  }
  return list;
}

const boxed = (bits: bigint): bigint => (random() % 20 === 0 ? bits : bits | 0xffffffff00000000n);
const CASES = [
  [DOUBLE, triples(cornerCases(BINARY64), (bits) => bits, 52, 64)],
  [SINGLE, triples(cornerCases(BINARY32), boxed, 23, 32)],
] as const;

for (const [names, operands] of CASES) {
  for (const name of names) {
    test(name, () => {
      for (const mode of ['rne', 'dyn', ...(/^fcvt\.[wl]/.test(name) ? ['rtz'] : [])]) {
        for (const [i, [fast, fastFlags, slow, slowFlags]] of (run(name, mode, operands) as [bigint, bigint, bigint, bigint][]).entries()) {
          const text = `${name} ${mode} ${(operands[i] as Triple).map((bits) => bits.toString(16)).join(' ')}`;
          if (fast !== slow) assert.is(BigInt.asUintN(64, fast).toString(16), BigInt.asUintN(64, slow).toString(16), text);
          if (fastFlags !== (slowFlags | NX)) assert.is(fastFlags, slowFlags | NX, `flags of ${text}`);
        }
      }
    });
  }
}

test.run();
