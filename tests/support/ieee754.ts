/**
 * A reference for binary floating point (IEEE 754-2019), independent of the implementation: exact rationals on BigInt, rounded at the end.
 *
 * Default NaNs are positive and quiet, tininess is detected after rounding, conversions to integers saturate: as RISC-V demands.
 */

export interface Format {
  /** Bits of the significand, the leading one included. */
  readonly precision: number;
  readonly maxExponent: number;
}

export const BINARY32: Format = { precision: 24, maxExponent: 127 };
export const BINARY64: Format = { precision: 53, maxExponent: 1023 };

export const MODES = ['RNE', 'RTZ', 'RDN', 'RUP', 'RMM'] as const;
export type Mode = (typeof MODES)[number];

export const FLAG = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

export interface Outcome {
  /** Of the result: a number of the target format, or an integer. */
  readonly bits: bigint;
  readonly flags: number;
}

/** numerator / denominator, the denominator positive. */
interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

type Decoded =
  | { readonly kind: 'nan'; readonly negative: boolean; readonly signalling: boolean }
  | { readonly kind: 'infinite'; readonly negative: boolean }
  | { readonly kind: 'finite'; readonly negative: boolean; readonly value: Rational };

type Finite = Extract<Decoded, { kind: 'finite' }>;

const ZERO: Rational = { numerator: 0n, denominator: 1n };
const power = (exponent: number): bigint => 1n << BigInt(exponent);
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const bitLength = (x: bigint): number =>
  x === 0n ? 0 : x.toString(16).length * 4 - Math.clz32(Number.parseInt(x.toString(16)[0]!, 16)) + 28;

/** x * 2^exponent. */
function scale(x: Rational, exponent: number): Rational {
  if (exponent >= 0) return { numerator: x.numerator << BigInt(exponent), denominator: x.denominator };
  return { numerator: x.numerator, denominator: x.denominator << BigInt(-exponent) };
}

function sum(x: Rational, y: Rational): Rational {
  return { numerator: x.numerator * y.denominator + y.numerator * x.denominator, denominator: x.denominator * y.denominator };
}

function product(x: Rational, y: Rational): Rational {
  return { numerator: x.numerator * y.numerator, denominator: x.denominator * y.denominator };
}

/** Negative, zero or positive like x - y. */
function compareRationals(x: Rational, y: Rational): number {
  const difference = x.numerator * y.denominator - y.numerator * x.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Total bits of the format. */
export function width(format: Format): number {
  return format === BINARY64 ? 64 : 32;
}

function fractionBits(format: Format): number {
  return format.precision - 1;
}

export function infinity(format: Format, negative: boolean): bigint {
  const exponentField = BigInt(2 * format.maxExponent + 1) << BigInt(fractionBits(format));
  return exponentField | (negative ? power(width(format) - 1) : 0n);
}

export function defaultNaN(format: Format): bigint {
  return infinity(format, false) | power(fractionBits(format) - 1);
}

export function decode(bits: bigint, format: Format): Decoded {
  const negative = bits >> BigInt(width(format) - 1) !== 0n;
  const fraction = bits & (power(fractionBits(format)) - 1n);
  const field = Number((bits >> BigInt(fractionBits(format))) & BigInt(2 * format.maxExponent + 1));
  if (field === 2 * format.maxExponent + 1) {
    if (fraction === 0n) return { kind: 'infinite', negative };
    return { kind: 'nan', negative, signalling: fraction >> BigInt(fractionBits(format) - 1) === 0n };
  }
  const significand = field === 0 ? fraction : fraction | power(fractionBits(format));
  const exponent = Math.max(field, 1) - format.maxExponent - fractionBits(format);
  return { kind: 'finite', negative, value: scale({ numerator: negative ? -significand : significand, denominator: 1n }, exponent) };
}

/** An unsigned rational rounded to an integer; `inexact` tells whether it was none. */
function roundToInteger(x: Rational, mode: Mode, negative: boolean): { integer: bigint; inexact: boolean } {
  const floor = x.numerator / x.denominator;
  const rest = x.numerator % x.denominator;
  const half = compareRationals({ numerator: 2n * rest, denominator: x.denominator }, { numerator: 1n, denominator: 1n });
  const up = {
    RNE: half > 0 || (half === 0 && floor % 2n === 1n),
    RTZ: false,
    RDN: negative && rest !== 0n,
    RUP: !negative && rest !== 0n,
    RMM: half >= 0,
  }[mode];
  return { integer: up ? floor + 1n : floor, inexact: rest !== 0n };
}

/** Exponent of the leading bit of a positive rational. */
function leadingExponent(x: Rational): number {
  const estimate = bitLength(x.numerator) - bitLength(x.denominator);
  return compareRationals(x, scale({ numerator: 1n, denominator: 1n }, estimate)) >= 0 ? estimate : estimate - 1;
}

/** Rounds to the format; `negative` is the sign of a zero. */
export function roundRational(exact: Rational, format: Format, mode: Mode, negative: boolean): Outcome {
  const sign = negative ? power(width(format) - 1) : 0n;
  if (exact.numerator === 0n) return { bits: sign, flags: 0 };
  const x = { numerator: magnitude(exact.numerator), denominator: exact.denominator };
  const minExponent = 1 - format.maxExponent;
  const exponent = leadingExponent(x);
  const unbounded = roundToInteger(scale(x, fractionBits(format) - exponent), mode, negative).integer;
  const unboundedExponent = exponent + (unbounded === power(format.precision) ? 1 : 0);
  if (unboundedExponent > format.maxExponent) {
    const away = mode === 'RNE' || mode === 'RMM' || mode === (negative ? 'RDN' : 'RUP');
    return { bits: infinity(format, negative) - (away ? 0n : 1n), flags: FLAG.OF | FLAG.NX };
  }
  const quantum = Math.max(exponent, minExponent) - fractionBits(format);
  const { integer, inexact } = roundToInteger(scale(x, -quantum), mode, negative);
  const tiny = unboundedExponent < minExponent;
  // Encodings are ordered like the numbers: the integer's leading bit, if it has one at that place, counts up the exponent field.
  const encoded = (BigInt(quantum + fractionBits(format) - minExponent) << BigInt(fractionBits(format))) + integer;
  return { bits: sign | encoded, flags: inexact ? FLAG.NX | (tiny ? FLAG.UF : 0) : 0 };
}

function invalid(format: Format): Outcome {
  return { bits: defaultNaN(format), flags: FLAG.NV };
}

function fromNaN(format: Format, ...operands: readonly Decoded[]): Outcome {
  const signalling = operands.some((x) => x.kind === 'nan' && x.signalling);
  return { bits: defaultNaN(format), flags: signalling ? FLAG.NV : 0 };
}

/** x + y rounded; an exact zero is negative only if both are, or when rounding down numbers of different sign. */
function roundedSum(x: Finite, y: Finite, format: Format, mode: Mode): Outcome {
  const exact = sum(x.value, y.value);
  if (exact.numerator !== 0n) return roundRational(exact, format, mode, exact.numerator < 0n);
  return roundRational(ZERO, format, mode, x.negative === y.negative ? x.negative : mode === 'RDN');
}

function addDecoded(x: Decoded, y: Decoded, format: Format, mode: Mode): Outcome {
  if (x.kind === 'nan' || y.kind === 'nan') return fromNaN(format, x, y);
  if (x.kind === 'infinite' && y.kind === 'infinite' && x.negative !== y.negative) return invalid(format);
  if (x.kind === 'infinite') return { bits: infinity(format, x.negative), flags: 0 };
  if (y.kind === 'infinite') return { bits: infinity(format, y.negative), flags: 0 };
  return roundedSum(x, y, format, mode);
}

export function add(a: bigint, b: bigint, format: Format, mode: Mode): Outcome {
  return addDecoded(decode(a, format), decode(b, format), format, mode);
}

export function negate(a: bigint, format: Format): bigint {
  return a ^ power(width(format) - 1);
}

export function subtract(a: bigint, b: bigint, format: Format, mode: Mode): Outcome {
  return add(a, negate(b, format), format, mode);
}

const isZero = (x: Decoded): boolean => x.kind === 'finite' && x.value.numerator === 0n;

/** a * b + c, rounded once. Infinity times zero is invalid whatever is added. */
export function fusedMultiplyAdd(a: bigint, b: bigint, c: bigint, format: Format, mode: Mode): Outcome {
  const [x, y, z] = [decode(a, format), decode(b, format), decode(c, format)];
  const negative = x.negative !== y.negative;
  if ((x.kind === 'infinite' && isZero(y)) || (isZero(x) && y.kind === 'infinite')) return invalid(format);
  if (x.kind === 'nan' || y.kind === 'nan' || z.kind === 'nan') return fromNaN(format, x, y, z);
  if (x.kind === 'infinite' || y.kind === 'infinite') return addDecoded({ kind: 'infinite', negative }, z, format, mode);
  return addDecoded({ kind: 'finite', negative, value: product(x.value, y.value) }, z, format, mode);
}

export function multiply(a: bigint, b: bigint, format: Format, mode: Mode): Outcome {
  const [x, y] = [decode(a, format), decode(b, format)];
  const negative = x.negative !== y.negative;
  if (x.kind === 'nan' || y.kind === 'nan') return fromNaN(format, x, y);
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    return isZero(x) || isZero(y) ? invalid(format) : { bits: infinity(format, negative), flags: 0 };
  }
  return roundRational(product(x.value, y.value), format, mode, negative);
}

export function divide(a: bigint, b: bigint, format: Format, mode: Mode): Outcome {
  const [x, y] = [decode(a, format), decode(b, format)];
  const negative = x.negative !== y.negative;
  if (x.kind === 'nan' || y.kind === 'nan') return fromNaN(format, x, y);
  if (x.kind === 'infinite') return y.kind === 'infinite' ? invalid(format) : { bits: infinity(format, negative), flags: 0 };
  if (y.kind === 'infinite') return roundRational(ZERO, format, mode, negative);
  if (isZero(y)) return isZero(x) ? invalid(format) : { bits: infinity(format, negative), flags: FLAG.DZ };
  const reciprocal = { numerator: y.value.denominator, denominator: magnitude(y.value.numerator) };
  return roundRational(product(x.value, reciprocal), format, mode, negative);
}

function integerRoot(x: bigint): bigint {
  let root = power(Math.ceil(bitLength(x) / 2));
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function squareRoot(a: bigint, format: Format, mode: Mode): Outcome {
  const x = decode(a, format);
  if (x.kind === 'nan') return fromNaN(format, x);
  if (isZero(x)) return { bits: a, flags: 0 };
  if (x.negative) return invalid(format);
  if (x.kind === 'infinite') return { bits: a, flags: 0 };
  // The root with 80 bits and more; half a unit stands for the rest of an irrational one, as no rounding boundary lies within a unit.
  const digits = Math.max(0, 80 - Math.floor(leadingExponent(x.value) / 2));
  const scaled = scale(x.value, 2 * digits);
  const integer = scaled.numerator / scaled.denominator;
  const root = integerRoot(integer);
  const exact = scaled.numerator % scaled.denominator === 0n && root * root === integer;
  return roundRational(scale({ numerator: 2n * root + (exact ? 0n : 1n), denominator: 1n }, -digits - 1), format, mode, false);
}

export function convertFormat(a: bigint, from: Format, to: Format, mode: Mode): Outcome {
  const x = decode(a, from);
  if (x.kind === 'nan') return fromNaN(to, x);
  if (x.kind === 'infinite') return { bits: infinity(to, x.negative), flags: 0 };
  return roundRational(x.value, to, mode, x.negative);
}

export function fromInteger(integer: bigint, format: Format, mode: Mode): Outcome {
  return roundRational({ numerator: integer, denominator: 1n }, format, mode, integer < 0n);
}

/** To an integer of `bits` bits; a NaN counts as too large. */
export function toInteger(a: bigint, format: Format, mode: Mode, target: { bits: number; signed: boolean }): Outcome {
  const x = decode(a, format);
  const maximum = power(target.signed ? target.bits - 1 : target.bits) - 1n;
  const minimum = target.signed ? -maximum - 1n : 0n;
  if (x.kind === 'nan') return { bits: maximum, flags: FLAG.NV };
  if (x.kind === 'infinite') return { bits: x.negative ? minimum : maximum, flags: FLAG.NV };
  const { integer, inexact } = roundToInteger({ ...x.value, numerator: magnitude(x.value.numerator) }, mode, x.negative);
  const result = x.negative ? -integer : integer;
  if (result < minimum || result > maximum) return { bits: x.negative ? minimum : maximum, flags: FLAG.NV };
  return { bits: result, flags: inexact ? FLAG.NX : 0 };
}

/** Negative, zero or positive like a - b, with -0 equal to +0; undefined if unordered. */
function order(x: Decoded, y: Decoded): number | undefined {
  if (x.kind === 'nan' || y.kind === 'nan') return undefined;
  const rank = (v: Decoded): number => (v.kind === 'infinite' ? (v.negative ? -1 : 1) : 0);
  if (x.kind === 'finite' && y.kind === 'finite') return compareRationals(x.value, y.value);
  return rank(x) - rank(y);
}

export type Relation = 'eq' | 'lt' | 'le';

/** Equality is quiet, the others are signalling. */
export function compare(a: bigint, b: bigint, format: Format, relation: Relation): Outcome {
  const [x, y] = [decode(a, format), decode(b, format)];
  const ordering = order(x, y);
  if (ordering === undefined) return { bits: 0n, flags: relation === 'eq' ? fromNaN(format, x, y).flags : FLAG.NV };
  const holds = { eq: ordering === 0, lt: ordering < 0, le: ordering <= 0 }[relation];
  return { bits: holds ? 1n : 0n, flags: 0 };
}

/** minimumNumber and maximumNumber, with -0 below +0. */
export function choose(a: bigint, b: bigint, format: Format, which: 'min' | 'max'): Outcome {
  const [x, y] = [decode(a, format), decode(b, format)];
  const { flags } = fromNaN(format, x, y);
  if (x.kind === 'nan') return { bits: y.kind === 'nan' ? defaultNaN(format) : b, flags };
  if (y.kind === 'nan') return { bits: a, flags };
  const ordering = order(x, y) || Number(y.negative) - Number(x.negative);
  return { bits: ordering < 0 === (which === 'min') ? a : b, flags };
}

/** The class as a one-hot mask in RISC-V's numbering. */
export function classify(a: bigint, format: Format): bigint {
  const x = decode(a, format);
  if (x.kind === 'nan') return x.signalling ? 0x100n : 0x200n;
  if (x.kind === 'infinite') return x.negative ? 0x001n : 0x080n;
  if (isZero(x)) return x.negative ? 0x008n : 0x010n;
  const isNormal = leadingExponent({ ...x.value, numerator: magnitude(x.value.numerator) }) >= 1 - format.maxExponent;
  if (isNormal) return x.negative ? 0x002n : 0x040n;
  return x.negative ? 0x004n : 0x020n;
}
