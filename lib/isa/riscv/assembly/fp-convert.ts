/**
 * Helpers of the floating-point conversions (unprivileged ISA, "F" and "D"). AssemblyScript.
 *
 * 32-bit integer results, the unsigned ones too, are sign-extended to 64 bits. A reserved rounding mode traps even where the conversion
 * is always exact.
 */
import { BINARY32, BINARY64, NX, RNE, widen } from '../../../util/assembly/softfloat-common';
import { convertFormat, convertSigned, convertUnsigned, toSigned, toUnsigned } from '../../../util/assembly/softfloat-convert';
import { accrue, box, finish32, finish64, roundingMode, unbox } from './fp-env';

const MIN_NORMAL: f32 = 1.1754943508222875e-38;

function signedFrom(env: i32, a: u64, bits: i32, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  return mode < 0 ? 0 : finish64(env, toSigned(reinterpret<f64>(a), bits, mode));
}

function unsignedFrom(env: i32, a: u64, bits: i32, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  return mode < 0 ? 0 : finish64(env, toUnsigned(reinterpret<f64>(a), bits, mode));
}

export function fcvt_w_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return signedFrom(env, a, 32, arg);
}

export function fcvt_wu_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return unsignedFrom(env, a, 32, arg) as i32;
}

export function fcvt_l_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return signedFrom(env, a, 64, arg);
}

export function fcvt_lu_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return unsignedFrom(env, a, 64, arg);
}

export function fcvt_w_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return signedFrom(env, widen(unbox(a)), 32, arg);
}

export function fcvt_wu_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return unsignedFrom(env, widen(unbox(a)), 32, arg) as i32;
}

export function fcvt_l_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return signedFrom(env, widen(unbox(a)), 64, arg);
}

export function fcvt_lu_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return unsignedFrom(env, widen(unbox(a)), 64, arg);
}

/** Whether a conversion of `a` to a format with `precision` bits is exact because |a| <= 2^precision. */
function fits(a: i64, precision: i32): bool {
  const limit = (1 as u64) << precision;
  return (a as u64) + limit <= 2 * limit;
}

export function fcvt_d_w(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return roundingMode(env, arg) < 0 ? 0 : reinterpret<i64>(a as i32 as f64);
}

export function fcvt_d_wu(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return roundingMode(env, arg) < 0 ? 0 : reinterpret<i64>(a as u32 as f64);
}

export function fcvt_d_l(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  return fits(a, 53) ? reinterpret<i64>(a as f64) : finish64(env, convertSigned(a, mode, BINARY64));
}

export function fcvt_d_lu(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  return (a as u64) >> 53 === 0 ? reinterpret<i64>(a as f64) : finish64(env, convertUnsigned(a, mode, BINARY64));
}

/** An integer as a single. */
function single(env: i32, a: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  return fits(a, 24) ? box(reinterpret<u32>(a as f32)) : finish32(env, convertSigned(a, mode, BINARY32));
}

export function fcvt_s_w(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return single(env, a as i32, arg);
}

export function fcvt_s_wu(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return single(env, a as u32, arg);
}

export function fcvt_s_l(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  return single(env, a, arg);
}

export function fcvt_s_lu(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  if (a >= 0) return single(env, a, arg);
  const mode = roundingMode(env, arg);
  return mode < 0 ? 0 : finish32(env, convertUnsigned(a, mode, BINARY32));
}

export function fcvt_s_d(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  if (mode < 0) return 0;
  if (mode === RNE) {
    const x = reinterpret<f64>(a);
    const single = x as f32;
    if ((single as f64) === x) return box(reinterpret<u32>(single));
    if (abs<f32>(single) > MIN_NORMAL && abs<f32>(single) < Infinity) {
      accrue(env, NX);
      return box(reinterpret<u32>(single));
    }
  }
  return finish32(env, convertFormat(a, mode, BINARY32));
}

export function fcvt_d_s(env: i32, a: i64, _b: i64, _c: i64, arg: i32): i64 {
  const mode = roundingMode(env, arg);
  return mode < 0 ? 0 : finish64(env, convertFormat(widen(unbox(a)), mode, BINARY64));
}
