/**
 * Soft-float: conversions between formats and from and to integers (IEEE 754-2019, sections 5.4.2 and 5.8). AssemblyScript.
 */
import {
  exponentOf,
  infinity,
  isInfinite,
  isNaN64,
  isNegative,
  isZero,
  NV,
  NX,
  propagate,
  RDN,
  RNE,
  RTZ,
  RUP,
  raiseFlags,
  round,
  signed,
  significandOf,
} from './softfloat-common';

const TWO_32: f64 = 4294967296.0;

/** a in another format. */
export function convertFormat(a: u64, mode: i32, precision: i32): u64 {
  if (isNaN64(a)) return propagate(a, 0, 0, precision);
  if (isInfinite(a)) return infinity(isNegative(a), precision);
  if (isZero(a)) return signed(isNegative(a), 0, precision);
  return round(isNegative(a), exponentOf(a), significandOf(a), mode, precision);
}

/** An unsigned integer as a number. */
export function convertUnsigned(a: u64, mode: i32, precision: i32): u64 {
  return convertMagnitude(false, a, mode, precision);
}

/** A signed integer as a number. */
export function convertSigned(a: i64, mode: i32, precision: i32): u64 {
  return convertMagnitude(a < 0, a < 0 ? -(a as u64) : (a as u64), mode, precision);
}

function convertMagnitude(negative: bool, magnitude: u64, mode: i32, precision: i32): u64 {
  if (magnitude === 0) return 0;
  const shift = clz<u64>(magnitude) as i32;
  return round(negative, 63 - shift, magnitude << shift, mode, precision);
}

/** x rounded to an integral value; raises nothing. */
export function roundToIntegral(x: f64, mode: i32): f64 {
  if (mode === RNE) return nearest<f64>(x);
  if (mode === RTZ) return trunc<f64>(x);
  if (mode === RDN) return floor<f64>(x);
  if (mode === RUP) return ceil<f64>(x);
  // x and its truncation agree in their leading bits, so the difference is exact; so is the sum, as a number with a fraction is below 2^52.
  const integral = trunc<f64>(x);
  return abs<f64>(x - integral) >= 0.5 ? integral + copysign<f64>(1.0, x) : integral;
}

/**
 * x rounded to a signed integer of `bits` (32, 64). Out of range: invalid, and the nearest limit; a NaN gives the upper one, as RISC-V
 * demands. The limits are powers of two, or less than 2^53, so that the comparisons are exact.
 */
export function toSigned(x: f64, bits: i32, mode: i32): i64 {
  const limit: f64 = bits === 64 ? TWO_32 * 2147483648.0 : 2147483648.0;
  const integral = roundToIntegral(x, mode);
  if (integral >= -limit && integral < limit) {
    if (integral !== x) raiseFlags(NX);
    return integral as i64;
  }
  raiseFlags(NV);
  const minimum = (-1 as i64) << (bits - 1);
  return x < 0.0 ? minimum : ~minimum;
}

/** x rounded to an unsigned integer of `bits` (32, 64); otherwise like `toSigned`. */
export function toUnsigned(x: f64, bits: i32, mode: i32): u64 {
  const limit: f64 = bits === 64 ? TWO_32 * TWO_32 : TWO_32;
  const integral = roundToIntegral(x, mode);
  if (integral >= 0.0 && integral < limit) {
    if (integral !== x) raiseFlags(NX);
    return integral as u64;
  }
  raiseFlags(NV);
  return x < 0.0 ? 0 : (-1 as u64) >> (64 - bits);
}
