/** The floating-point helpers against a reference on exact rationals: results and exceptions in all rounding modes. */
import { suite } from 'uvu';
import { cornerCases, FloatGenerator } from '../../support/float-cases.js';
import { BOX, check } from '../../support/fp-helpers.js';
import * as ieee from '../../support/ieee754.js';
import { BINARY32, BINARY64, type Format, MODES, type Mode, type Outcome } from '../../support/ieee754.js';

/** One format's view of registers. */
interface Precision {
  readonly suffix: 's' | 'd';
  readonly format: Format;
  toSlot(bits: bigint): bigint;
}

const PRECISIONS: readonly Precision[] = [
  { suffix: 's', format: BINARY32, toSlot: (bits) => bits | BOX },
  { suffix: 'd', format: BINARY64, toSlot: (bits) => bits },
];

type Reference = (operands: readonly bigint[], format: Format, mode: Mode) => Outcome;

const binary =
  (f: (a: bigint, b: bigint, format: Format, mode: Mode) => Outcome): Reference =>
  ([a, b], format, mode) =>
    f(a!, b!, format, mode);

const fused =
  ({ product, addend }: { product: '+' | '-'; addend: '+' | '-' }): Reference =>
  ([a, b, c], format, mode) =>
    ieee.fusedMultiplyAdd(product === '-' ? ieee.negate(a!, format) : a!, b!, addend === '-' ? ieee.negate(c!, format) : c!, format, mode);

/** Operations whose operands and result are of one format. */
const ARITHMETIC: Readonly<Record<string, { operands: 1 | 2 | 3; reference: Reference }>> = {
  fadd: { operands: 2, reference: binary(ieee.add) },
  fsub: { operands: 2, reference: binary(ieee.subtract) },
  fmul: { operands: 2, reference: binary(ieee.multiply) },
  fdiv: { operands: 2, reference: binary(ieee.divide) },
  fsqrt: { operands: 1, reference: ([a], format, mode) => ieee.squareRoot(a!, format, mode) },
  fmadd: { operands: 3, reference: fused({ product: '+', addend: '+' }) },
  fmsub: { operands: 3, reference: fused({ product: '+', addend: '-' }) },
  fnmsub: { operands: 3, reference: fused({ product: '-', addend: '+' }) },
  fnmadd: { operands: 3, reference: fused({ product: '-', addend: '-' }) },
  fmin: { operands: 2, reference: ([a, b], format) => ieee.choose(a!, b!, format, 'min') },
  fmax: { operands: 2, reference: ([a, b], format) => ieee.choose(a!, b!, format, 'max') },
};

/** Operations with an integer result. */
const TO_INTEGER: Readonly<Record<string, { operands: 1 | 2; reference: Reference }>> = {
  feq: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'eq') },
  flt: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'lt') },
  fle: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'le') },
  fclass: { operands: 1, reference: ([a], format) => ({ bits: ieee.classify(a!, format), flags: 0 }) },
};

/** The integer types of conversions; registers hold all 32-bit ones sign-extended. */
const INTEGERS = {
  w: { bits: 32, signed: true },
  wu: { bits: 32, signed: false },
  l: { bits: 64, signed: true },
  lu: { bits: 64, signed: false },
} as const;

const toRegister = (integer: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, integer));

function tuples(values: readonly bigint[], length: number): bigint[][] {
  if (length === 0) return [[]];
  return tuples(values, length - 1).flatMap((rest) => values.map((value) => [...rest, value]));
}

const corners = suite('fp helpers: corner cases');

for (const { suffix, format, toSlot } of PRECISIONS) {
  const every = cornerCases(format);
  for (const [op, { operands, reference }] of Object.entries(ARITHMETIC)) {
    corners(`${op}.${suffix} equals the exact result, rounded once, for all combinations of corner cases`, () => {
      const values = operands === 3 ? every.filter((_, i) => i % 3 === 0) : every;
      for (const tuple of tuples(values, operands)) {
        for (const mode of MODES) {
          const expected = reference(tuple, format, mode);
          check(`${op}_${suffix}`, tuple.map(toSlot), mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
  for (const [op, { operands, reference }] of Object.entries(TO_INTEGER)) {
    corners(`${op}.${suffix} is right for all combinations of corner cases`, () => {
      for (const tuple of tuples(every, operands)) check(`${op}_${suffix}`, tuple.map(toSlot), 'RNE', reference(tuple, format, 'RNE'));
    });
  }
}

corners('a zero factor leaves the addend, with the sign of a zero sum by the rules of addition', () => {
  for (const { suffix, format, toSlot } of PRECISIONS) {
    const zeros = [0n, ieee.negate(0n, format)];
    for (const tuple of tuples([...zeros, ...cornerCases(format).slice(0, 12)], 3)) {
      const expected = ieee.fusedMultiplyAdd(tuple[0]!, tuple[1]!, tuple[2]!, format, 'RNE');
      check(`fmadd_${suffix}`, tuple.map(toSlot), 'RNE', { ...expected, bits: toSlot(expected.bits) });
    }
  }
});

corners('a product just above a power of two decides ties far above its last bit', () => {
  // (2^k + 1) * (2^2k - 2^k + 1) = 2^3k + 1; the addend's last bit is twice 2^3k. Scaled, the operands leave the range of the fast path.
  for (const { suffix, format, toSlot } of PRECISIONS) {
    const [k, scales] = format === BINARY64 ? [25n, [0, 500, 800, -800]] : [11n, [0, 60, -100]];
    const exactly = (integer: bigint): bigint => ieee.fromInteger(integer, format, 'RNE').bits;
    const b = exactly((1n << (2n * k)) - (1n << k) + 1n);
    for (const scale of scales) {
      const scaled = (integer: bigint): bigint => exactly(integer) + (BigInt(scale) << BigInt(format.precision - 1));
      for (const last of [0n, 1n, 2n, 3n]) {
        const c = scaled(((1n << BigInt(format.precision - 1)) + last) << (3n * k + 1n));
        for (const a of [scaled((1n << k) + 1n), ieee.negate(scaled((1n << k) + 1n), format)]) {
          for (const mode of MODES) {
            const expected = ieee.fusedMultiplyAdd(a, b, c, format, mode);
            check(`fmadd_${suffix}`, [a, b, c].map(toSlot), mode, { ...expected, bits: toSlot(expected.bits) });
          }
        }
      }
    }
  }
});
corners.run();

const random = suite('fp helpers: random cases');
const COUNT = { fused: 2500, arithmetic: 1500, conversion: 800 };

for (const { suffix, format, toSlot } of PRECISIONS) {
  const generator = new FloatGenerator(format, { seed: suffix === 's' ? 1 : 2 });
  for (const [op, { operands, reference }] of Object.entries(ARITHMETIC)) {
    random(`${op}.${suffix} equals the exact result, rounded once`, () => {
      for (let i = 0; i < (operands === 3 ? COUNT.fused : COUNT.arithmetic); i++) {
        const tuple = generator.operands(operands);
        for (const mode of MODES) {
          const expected = reference(tuple, format, mode);
          check(`${op}_${suffix}`, tuple.map(toSlot), mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
  for (const [op, { operands, reference }] of Object.entries(TO_INTEGER)) {
    random(`${op}.${suffix} is right`, () => {
      for (let i = 0; i < COUNT.arithmetic; i++) {
        const tuple = generator.operands(operands);
        check(`${op}_${suffix}`, tuple.map(toSlot), 'RNE', reference(tuple, format, 'RNE'));
      }
    });
  }
  for (const [type, target] of Object.entries(INTEGERS)) {
    random(`fcvt.${type}.${suffix} rounds, saturates and sign-extends`, () => {
      const values = [...cornerCases(format), ...generator.nearIntegers(COUNT.conversion)];
      for (const value of values) {
        for (const mode of MODES) {
          const { bits, flags } = ieee.toInteger(value, format, mode, target);
          check(`fcvt_${type}_${suffix}`, [toSlot(value)], mode, { bits: toRegister(bits, target.bits), flags });
        }
      }
    });
    random(`fcvt.${suffix}.${type} rounds the integer in the low ${target.bits} bits`, () => {
      for (const register of generator.integers(COUNT.conversion)) {
        const integer = target.signed ? BigInt.asIntN(target.bits, register) : BigInt.asUintN(target.bits, register);
        for (const mode of MODES) {
          const expected = ieee.fromInteger(integer, format, mode);
          check(`fcvt_${suffix}_${type}`, [register], mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
}

random('fcvt.s.d rounds once, and fcvt.d.s is exact', () => {
  const doubles = new FloatGenerator(BINARY64, { seed: 3 }).nearSingles(4 * COUNT.conversion);
  const singles = new FloatGenerator(BINARY32, { seed: 4 });
  for (const value of [...cornerCases(BINARY64), ...doubles]) {
    for (const mode of MODES) {
      const expected = ieee.convertFormat(value, BINARY64, BINARY32, mode);
      check('fcvt_s_d', [value], mode, { ...expected, bits: expected.bits | BOX });
    }
  }
  for (const value of [...cornerCases(BINARY32), ...Array.from({ length: COUNT.conversion }, () => singles.operands(1)[0]!)]) {
    for (const mode of MODES) check('fcvt_d_s', [value | BOX], mode, ieee.convertFormat(value, BINARY32, BINARY64, mode));
  }
});
random.run();
