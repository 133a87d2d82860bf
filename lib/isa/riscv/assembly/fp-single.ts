/**
 * Helpers of the single-precision arithmetic instructions (unprivileged ISA, "F" extension). AssemblyScript.
 *
 * As for doubles, to nearest even the host's arithmetic gives the result unless that is infinite, NaN, or tiny and not exact. Products,
 * and products of a result with an operand, are exact in binary64: that tells whether a result is exact.
 */
import { add, divide, multiply, squareRoot } from '../../../util/assembly/softfloat-arithmetic';
import { BINARY32, NX, RNE, widen } from '../../../util/assembly/softfloat-common';
import { fusedMultiplyAdd } from '../../../util/assembly/softfloat-fma';
import { fmaOdd32, isExactFma32, isExactSum32 } from '../../../util/assembly/softfloat-host';
import { accrue, box, finish32, isInexactRaised, roundingMode, unbox } from './fp-env';

const SIGN32: u32 = 0x80000000;
const MIN_NORMAL: f32 = 1.1754943508222875e-38;

function isFinite32(x: f32): bool {
  return abs<f32>(x) < Infinity;
}

/** Above the smallest normal number, so not possibly rounded up to it from below, and finite. */
function isSafe32(x: f32): bool {
  return abs<f32>(x) > MIN_NORMAL && abs<f32>(x) < Infinity;
}

function boxed(x: f32): i64 {
  return box(reinterpret<u32>(x));
}

function add32(env: i32, a: u32, b: u32, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    const sum = x + y;
    if (isFinite32(sum)) {
      if (!isInexactRaised(env) && !isExactSum32(x, y, sum)) accrue(env, NX);
      return boxed(sum);
    }
  }
  return finish32(env, add(widen(a), widen(b), mode, BINARY32));
}

export function fadd_s(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  return add32(env, unbox(a), unbox(b), arg);
}

export function fsub_s(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  return add32(env, unbox(a), unbox(b) ^ SIGN32, arg);
}

export function fmul_s(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  const x = unbox(a);
  const y = unbox(b);
  if (mode === RNE) {
    const exact = (reinterpret<f32>(x) as f64) * (reinterpret<f32>(y) as f64);
    const product = exact as f32;
    if (isFinite32(product)) {
      if ((product as f64) === exact) return boxed(product);
      if (isSafe32(product)) {
        accrue(env, NX);
        return boxed(product);
      }
    }
  }
  return finish32(env, multiply(widen(x), widen(y), mode, BINARY32));
}

export function fdiv_s(env: i32, a: i64, b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  const x = unbox(a);
  const y = unbox(b);
  if (mode === RNE) {
    const dividend = reinterpret<f32>(x);
    const divisor = reinterpret<f32>(y);
    const quotient = dividend / divisor;
    if (isSafe32(quotient)) {
      if ((quotient as f64) * (divisor as f64) !== (dividend as f64)) accrue(env, NX);
      return boxed(quotient);
    }
    if (quotient === 0.0 && dividend === 0.0) return boxed(quotient);
  }
  return finish32(env, divide(widen(x), widen(y), mode, BINARY32));
}

export function fsqrt_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  const x = unbox(a);
  if (mode === RNE) {
    const root = sqrt<f32>(reinterpret<f32>(x));
    if (isFinite32(root)) {
      if ((root as f64) * (root as f64) !== (reinterpret<f32>(x) as f64)) accrue(env, NX);
      return boxed(root);
    }
  }
  return finish32(env, squareRoot(widen(x), mode, BINARY32));
}

function fma32(env: i32, a: u32, b: u32, c: u32, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f32>(a) as f64;
    const y = reinterpret<f32>(b) as f64;
    const z = reinterpret<f32>(c) as f64;
    const result = fmaOdd32(x, y, z) as f32;
    const safe = isSafe32(result);
    if (safe && isInexactRaised(env)) return boxed(result);
    if (isFinite32(result)) {
      if (isExactFma32(x, y, z, result as f64)) return boxed(result);
      if (safe) {
        accrue(env, NX);
        return boxed(result);
      }
    }
  }
  return finish32(env, fusedMultiplyAdd(widen(a), widen(b), widen(c), mode, BINARY32));
}

export function fmadd_s(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma32(env, unbox(a), unbox(b), unbox(c), arg);
}

export function fmsub_s(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma32(env, unbox(a), unbox(b), unbox(c) ^ SIGN32, arg);
}

export function fnmsub_s(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma32(env, unbox(a) ^ SIGN32, unbox(b), unbox(c), arg);
}

export function fnmadd_s(env: i32, a: i64, b: i64, c: i64, arg: i32): i64 {
  return fma32(env, unbox(a) ^ SIGN32, unbox(b), unbox(c) ^ SIGN32, arg);
}
