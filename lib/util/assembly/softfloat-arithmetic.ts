/**
 * Soft-float: addition, multiplication, division and square root (IEEE 754-2019, section 5.4.1). AssemblyScript.
 *
 * All take binary64 bits and round once to the format named by `precision`; see softfloat-common.ts.
 */
import {
  DZ,
  exponentOf,
  infinity,
  invalid,
  isInfinite,
  isNaN64,
  isNegative,
  isZero,
  MAGNITUDE,
  propagate,
  RDN,
  raiseFlags,
  round,
  shiftRightJam,
  signed,
  significandOf,
} from './softfloat-common';

/** The sign of an exact zero that is a sum of numbers of opposite sign. */
export function cancelled(mode: i32, precision: i32): u64 {
  return signed(mode === RDN, 0, precision);
}

/** a + b. */
export function add(a: u64, b: u64, mode: i32, precision: i32): u64 {
  if (isNaN64(a) || isNaN64(b)) return propagate(a, b, 0, precision);
  const opposite = isNegative(a) !== isNegative(b);
  if (isInfinite(a)) return isInfinite(b) && opposite ? invalid(precision) : infinity(isNegative(a), precision);
  if (isInfinite(b)) return infinity(isNegative(b), precision);
  if ((a & MAGNITUDE) < (b & MAGNITUDE)) {
    const larger = b;
    b = a;
    a = larger;
  }
  if (isZero(a)) return opposite ? cancelled(mode, precision) : signed(isNegative(a), 0, precision);
  // 53 bits from bit 62 down: one bit for the carry, ten guard bits. Bits are lost only where at most one leading bit cancels.
  const exponent = exponentOf(a);
  const large = significandOf(a) >> 1;
  const small = shiftRightJam(significandOf(b) >> 1, exponent - exponentOf(b));
  const sum = opposite ? large - small : large + small;
  if (sum === 0) return cancelled(mode, precision);
  const shift = clz<u64>(sum) as i32;
  return round(isNegative(a), exponent + 1 - shift, sum << shift, mode, precision);
}

/** The high 64 bits of a 128-bit product; from four 32-bit products, after Hacker's Delight, section 8-2. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const low: u64 = 0xffffffff;
  const cross = (a >> 32) * (b & low) + (((a & low) * (b & low)) >> 32);
  const middle = (a & low) * (b >> 32) + (cross & low);
  return (a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32);
}

/** a * b. */
export function multiply(a: u64, b: u64, mode: i32, precision: i32): u64 {
  if (isNaN64(a) || isNaN64(b)) return propagate(a, b, 0, precision);
  const negative = isNegative(a) !== isNegative(b);
  if (isInfinite(a) || isInfinite(b)) return isZero(a) || isZero(b) ? invalid(precision) : infinity(negative, precision);
  if (isZero(a) || isZero(b)) return signed(negative, 0, precision);
  const x = significandOf(a);
  const y = significandOf(b);
  const product = multiplyHigh(x, y) | ((x * y !== 0) as u64);
  const shift = clz<u64>(product) as i32;
  return round(negative, exponentOf(a) + exponentOf(b) + 1 - shift, product << shift, mode, precision);
}

/**
 * A 53-bit approximation that is the exact value rounded to nearest, as a significand: one sticky unit above or below it unless the
 * remainder (exact value less approximation, scaled) is zero. The exact value is never halfway between two such approximations.
 */
function withSticky(approximation: u64, remainder: i64): u64 {
  return (approximation << 11) + (((remainder > 0) as u64) - ((remainder < 0) as u64));
}

/**
 * a / b. The quotient of the significands comes from the host, rounded to nearest; the remainder, which is smaller than the divisor,
 * is exact in arithmetic modulo 2^64. No quotient of two 53-bit numbers lies halfway between two others.
 */
export function divide(a: u64, b: u64, mode: i32, precision: i32): u64 {
  if (isNaN64(a) || isNaN64(b)) return propagate(a, b, 0, precision);
  const negative = isNegative(a) !== isNegative(b);
  if (isInfinite(a)) return isInfinite(b) ? invalid(precision) : infinity(negative, precision);
  if (isInfinite(b)) return signed(negative, 0, precision);
  if (isZero(b)) {
    if (isZero(a)) return invalid(precision);
    raiseFlags(DZ);
    return infinity(negative, precision);
  }
  if (isZero(a)) return signed(negative, 0, precision);
  const x = significandOf(a) >> 11;
  const y = significandOf(b) >> 11;
  // The quotient is in [1, 2) or (1/2, 1): scaled to an integer of 53 bits.
  const below = (x < y) as u64;
  const scale: f64 = below ? 9007199254740992.0 : 4503599627370496.0;
  const quotient = (((x as f64) / (y as f64)) * scale) as u64;
  const remainder = ((x << (52 + below)) - quotient * y) as i64;
  const exponent = exponentOf(a) - exponentOf(b) - (below as i32);
  return round(negative, exponent, withSticky(quotient, remainder), mode, precision);
}

/** The square root of a; the same way as division. */
export function squareRoot(a: u64, mode: i32, precision: i32): u64 {
  if (isNaN64(a)) return propagate(a, 0, 0, precision);
  if (isZero(a)) return signed(isNegative(a), 0, precision);
  if (isNegative(a)) return invalid(precision);
  if (isInfinite(a)) return infinity(false, precision);
  const exponent = exponentOf(a);
  // In [2^52, 2^54), so that the root of 2^52 times it is in [2^52, 2^53).
  const x = (significandOf(a) >> 11) << (exponent & 1);
  const root = sqrt<f64>((x as f64) * 4503599627370496.0) as u64;
  const remainder = ((x << 52) - root * root) as i64;
  return round(false, exponent >> 1, withSticky(root, remainder), mode, precision);
}
