/**
 * Helpers of the floating-point comparisons, minimum, maximum and classification (unprivileged ISA, "F" and "D"). AssemblyScript.
 *
 * They raise nothing but the invalid flag. Singles are compared as doubles, which is exact.
 */
import { isNaN64, isNegative, isSignalling, NAN32, NAN64, NV, widen } from '../../../util/assembly/softfloat-common';
import { accrue, box, unbox } from './fp-env';

/** Of two operands: which one is the result of minimum or maximum. */
const FIRST: i32 = 0;
const SECOND: i32 = 1;
const NEITHER: i32 = 2;

/** minimumNumber, or with `maximum` maximumNumber (IEEE 754-2019, section 9.6): a number beats a NaN, and -0 is below +0. */
function choose(env: i32, a: u64, b: u64, maximum: bool): i32 {
  if (isNaN64(a) || isNaN64(b)) {
    if (isSignalling(a) || isSignalling(b)) accrue(env, NV);
    if (!isNaN64(a)) return FIRST;
    return isNaN64(b) ? NEITHER : SECOND;
  }
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  const below = x < y || (x === y && isNegative(a));
  return below !== maximum ? FIRST : SECOND;
}

function choose64(env: i32, a: i64, b: i64, maximum: bool): i64 {
  const which = choose(env, a, b, maximum);
  return which === NEITHER ? NAN64 : which === FIRST ? a : b;
}

function choose32(env: i32, a: i64, b: i64, maximum: bool): i64 {
  const which = choose(env, widen(unbox(a)), widen(unbox(b)), maximum);
  return which === NEITHER ? box(NAN32 as u32) : which === FIRST ? a : b;
}

export function fmin_d(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return choose64(env, a, b, false);
}

export function fmax_d(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return choose64(env, a, b, true);
}

export function fmin_s(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return choose32(env, a, b, false);
}

export function fmax_s(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return choose32(env, a, b, true);
}

/** A quiet comparison: only signalling NaNs are invalid. */
function equal(env: i32, a: u64, b: u64): i64 {
  if (isSignalling(a) || isSignalling(b)) accrue(env, NV);
  return (reinterpret<f64>(a) === reinterpret<f64>(b)) as i64;
}

/** Raises invalid if the operands of a signalling comparison are unordered. */
function checkOrdered(env: i32, a: u64, b: u64): void {
  if (isNaN64(a) || isNaN64(b)) accrue(env, NV);
}

function less(env: i32, a: u64, b: u64): i64 {
  checkOrdered(env, a, b);
  return (reinterpret<f64>(a) < reinterpret<f64>(b)) as i64;
}

function lessOrEqual(env: i32, a: u64, b: u64): i64 {
  checkOrdered(env, a, b);
  return (reinterpret<f64>(a) <= reinterpret<f64>(b)) as i64;
}

export function feq_d(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return equal(env, a, b);
}

export function flt_d(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return less(env, a, b);
}

export function fle_d(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return lessOrEqual(env, a, b);
}

export function feq_s(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return equal(env, widen(unbox(a)), widen(unbox(b)));
}

export function flt_s(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return less(env, widen(unbox(a)), widen(unbox(b)));
}

export function fle_s(env: i32, a: i64, b: i64, _c: i64, _arg: i32): i64 {
  return lessOrEqual(env, widen(unbox(a)), widen(unbox(b)));
}

/** The class as a one-hot mask, from the parts of a number. */
function classify(negative: bool, exponent: u64, maximum: u64, fraction: u64, quiet: u64): i64 {
  if (exponent === maximum && fraction !== 0) return fraction & quiet ? 1 << 9 : 1 << 8;
  let kind: i32;
  if (exponent === maximum) kind = 0;
  else if (exponent !== 0) kind = 1;
  else kind = fraction !== 0 ? 2 : 3;
  return (1 as i64) << (negative ? kind : 7 - kind);
}

export function fclass_d(_env: i32, a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  return classify(a < 0, ((a as u64) >> 52) & 0x7ff, 0x7ff, (a as u64) & 0x000fffffffffffff, 0x0008000000000000);
}

export function fclass_s(_env: i32, a: i64, _b: i64, _c: i64, _arg: i32): i64 {
  const bits = unbox(a);
  return classify((bits as i32) < 0, (bits >> 23) & 0xff, 0xff, bits & 0x007fffff, 0x00400000);
}
