/**
 * Soft-float: fused multiply-add (IEEE 754-2019, section 5.4.1), for all modes on integers. AssemblyScript.
 */
import { cancelled, multiplyHigh } from './softfloat-arithmetic';
import {
  exponentOf,
  infinity,
  invalid,
  isInfinite,
  isNaN64,
  isNegative,
  isZero,
  NV,
  propagate,
  raiseFlags,
  round,
  shiftRightJam,
  signed,
  significandOf,
} from './softfloat-common';

/** The result where an operand is infinite or NaN. Infinity times zero is invalid even if a quiet NaN is added to it, as RISC-V demands. */
function special(a: u64, b: u64, c: u64, precision: i32): u64 {
  const negative = isNegative(a) !== isNegative(b);
  if ((isInfinite(a) && isZero(b)) || (isZero(a) && isInfinite(b))) raiseFlags(NV);
  else if (!isNaN64(a) && !isNaN64(b) && !isNaN64(c)) {
    if (!isInfinite(a) && !isInfinite(b)) return infinity(isNegative(c), precision);
    return isInfinite(c) && negative !== isNegative(c) ? invalid(precision) : infinity(negative, precision);
  }
  return propagate(a, b, c, precision);
}

/** Low half of the sum or difference below, and of the operand that was shifted last. */
let low: u64 = 0;

/** (high, low) >> n; bit 0 tells in addition whether a bit was lost. Leaves the low half in `low`. */
function shiftRightJam128(high: u64, n: i32): u64 {
  if (n === 0) return high;
  if (n > 63) {
    low = shiftRightJam(high, n - 64) | ((low !== 0) as u64);
    return 0;
  }
  low = (high << (64 - n)) | shiftRightJam(low, n);
  return high >> n;
}

/** Normalises (high, low), not both zero, whose bit 126 stands for 2^exponent, and rounds. */
function roundSum(negative: bool, exponent: i32, high: u64, mode: i32, precision: i32): u64 {
  if (high === 0) {
    exponent -= 64;
    high = low;
    low = 0;
  }
  const shift = clz<u64>(high) as i32;
  const top = shift ? (high << shift) | (low >> (64 - shift)) : high;
  return round(negative, exponent + 1 - shift, top | ((low << shift !== 0) as u64), mode, precision);
}

/**
 * a * b + c, rounded once.
 *
 * Product and addend are 128-bit numbers with their leading bit at bit 126; the product has at most 106 bits. The one of the smaller
 * exponent is shifted right. Bits are lost only for shifts of more than 20, where at most one leading bit cancels and the other 125 decide.
 */
export function fusedMultiplyAdd(a: u64, b: u64, c: u64, mode: i32, precision: i32): u64 {
  const limit: u64 = 0x7ff;
  if (((a >> 52) & limit) === limit || ((b >> 52) & limit) === limit || ((c >> 52) & limit) === limit) return special(a, b, c, precision);
  let negative = isNegative(a) !== isNegative(b);
  const opposite = negative !== isNegative(c);
  if (isZero(a) || isZero(b)) {
    if (!isZero(c)) return round(isNegative(c), exponentOf(c), significandOf(c), mode, precision);
    return opposite ? cancelled(mode, precision) : signed(negative, 0, precision);
  }
  const x = significandOf(a);
  const y = significandOf(b);
  let high = multiplyHigh(x, y);
  low = x * y;
  let exponent = exponentOf(a) + exponentOf(b) + 1;
  if (high >> 63) {
    low = (low >> 1) | (high << 63);
    high >>= 1;
  } else exponent--;
  if (isZero(c)) return roundSum(negative, exponent, high, mode, precision);

  let addend = significandOf(c) >> 1;
  let addendLow: u64 = 0;
  const distance = exponent - exponentOf(c);
  if (distance < 0) {
    high = shiftRightJam128(high, -distance);
    exponent -= distance;
  } else {
    const productLow = low;
    low = 0;
    addend = shiftRightJam128(addend, distance);
    addendLow = low;
    low = productLow;
  }
  if (!opposite) {
    low += addendLow;
    high += addend + ((low < addendLow) as u64);
    return roundSum(negative, exponent, high, mode, precision);
  }
  high -= addend + ((low < addendLow) as u64);
  low -= addendLow;
  if (high === 0 && low === 0) return cancelled(mode, precision);
  if (high >> 63) {
    negative = !negative;
    high = ~high + ((low === 0) as u64);
    low = -low;
  }
  return roundSum(negative, exponent, high, mode, precision);
}
