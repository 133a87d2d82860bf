/**
 * Helpers of the double-precision arithmetic instructions (unprivileged ISA, "D" extension). AssemblyScript.
 *
 * To nearest even the host's arithmetic gives the result wherever that is a finite number, and not below the smallest normal one where
 * underflow is possible; then at most the inexact flag is to be found out. Everything else is left to soft-float.
 */
import { add, divide, multiply, squareRoot } from '../../../util/assembly/softfloat-arithmetic';
import { BINARY64, INFINITY, isZero, NX, RNE, SIGN } from '../../../util/assembly/softfloat-common';
import { fusedMultiplyAdd } from '../../../util/assembly/softfloat-fma';
import {
  fmaNearest64,
  inFmaRange64,
  isExactFma64,
  isExactProduct64,
  isExactQuotient64,
  isExactRoot64,
  isExactSum64,
} from '../../../util/assembly/softfloat-host';
import { accrue, finish64, isInexactRaised, roundingMode } from './fp-env';

const MIN_NORMAL: f64 = 2.2250738585072014e-308;

function isFinite64(x: f64): bool {
  return abs<f64>(x) < Infinity;
}

/** Neither below the smallest normal number, nor possibly rounded up to it, nor infinite or NaN. */
function isSafe64(x: f64): bool {
  return abs<f64>(x) > MIN_NORMAL && abs<f64>(x) < Infinity;
}

function isNormal64(bits: i64): bool {
  return ((bits as u64) & INFINITY) - 1 < INFINITY - 1;
}

function add64(env: i32, a: i64, b: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const sum = x + y;
    if (isFinite64(sum)) {
      if (!isInexactRaised(env) && !isExactSum64(x, y, sum)) accrue(env, NX);
      return reinterpret<i64>(sum);
    }
  }
  return finish64(env, add(a, b, mode, BINARY64));
}

export function fadd_d(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  return add64(env, a, b, arg);
}

export function fsub_d(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  return add64(env, a, b ^ (SIGN as i64), arg);
}

export function fmul_d(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const product = x * y;
    if (isSafe64(product) && isNormal64(a) && isNormal64(b)) {
      if (!isInexactRaised(env) && !isExactProduct64(x, y, product)) accrue(env, NX);
      return reinterpret<i64>(product);
    }
    if (product === 0.0 && (isZero(a) || isZero(b))) return reinterpret<i64>(product);
  }
  return finish64(env, multiply(a, b, mode, BINARY64));
}

export function fdiv_d(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const quotient = x / y;
    if (isSafe64(quotient) && isNormal64(a) && isNormal64(b)) {
      if (!isInexactRaised(env) && !isExactQuotient64(x, y, quotient)) accrue(env, NX);
      return reinterpret<i64>(quotient);
    }
    if (quotient === 0.0 && isZero(a)) return reinterpret<i64>(quotient);
  }
  return finish64(env, divide(a, b, mode, BINARY64));
}

export function fsqrt_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE && isNormal64(a) && a > 0) {
    const x = reinterpret<f64>(a);
    const root = sqrt<f64>(x);
    if (!isInexactRaised(env) && !isExactRoot64(x, root)) accrue(env, NX);
    return reinterpret<i64>(root);
  }
  return finish64(env, squareRoot(a, mode, BINARY64));
}

/** A zero factor and otherwise numbers: the host's two roundings are both exact. */
function isExactByZero64(a: i64, b: i64, x: f64, y: f64, z: f64): bool {
  return (isZero(a) || isZero(b)) && isFinite64(x) && isFinite64(y) && isFinite64(z);
}

function fma64(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const z = reinterpret<f64>(c);
    if (inFmaRange64(a, b, c)) {
      const result = fmaNearest64(x, y, z);
      if (!isInexactRaised(env) && !isExactFma64(x, y, z, result)) accrue(env, NX);
      return reinterpret<i64>(result);
    }
    if (isExactByZero64(a, b, x, y, z)) return reinterpret<i64>(x * y + z);
  }
  return finish64(env, fusedMultiplyAdd(a, b, c, mode, BINARY64));
}

export function fmadd_d(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma64(env, a, b, c, arg);
}

export function fmsub_d(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma64(env, a, b, c ^ (SIGN as i64), arg);
}

export function fnmsub_d(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma64(env, a ^ (SIGN as i64), b, c, arg);
}

export function fnmadd_d(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma64(env, a ^ (SIGN as i64), b, c ^ (SIGN as i64), arg);
}
