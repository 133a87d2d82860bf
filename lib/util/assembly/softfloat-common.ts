/**
 * Soft-float: rounding, flags and the pieces of an IEEE 754-2019 binary number. AssemblyScript.
 *
 * Operands of every operation are binary64 bits; binary32 operands are widened first, which is exact. The target format is an argument
 * and named by its precision, so one implementation serves both. Inside, a finite nonzero number is (sign, exponent, significand) =
 * +-significand / 2^63 * 2^exponent with bit 63 of the significand set; bit 0 may stand for "and something more" (sticky).
 *
 * Results that are NaN are the positive default quiet NaN: an ISA that propagates payloads picks the operand beforehand. Tininess is
 * detected after rounding (section 7.5), as RISC-V and x86 want.
 */

/** Rounding modes, numbered as in RISC-V's frm. */
export const RNE: i32 = 0;
export const RTZ: i32 = 1;
export const RDN: i32 = 2;
export const RUP: i32 = 3;
export const RMM: i32 = 4;

/** Exception flags, numbered as in RISC-V's fflags. */
export const NX: i32 = 1;
export const UF: i32 = 2;
export const OF: i32 = 4;
export const DZ: i32 = 8;
export const NV: i32 = 16;

/** Target formats: bits of the significand. */
export const BINARY32: i32 = 24;
export const BINARY64: i32 = 53;

export const SIGN: u64 = 0x8000000000000000;
export const MAGNITUDE: u64 = ~SIGN;
export const INFINITY: u64 = 0x7ff0000000000000;
export const NAN64: u64 = 0x7ff8000000000000;
export const NAN32: u64 = 0x7fc00000;

let flags: i32 = 0;

export function raiseFlags(raised: i32): void {
  flags |= raised;
}

/** The flags raised since the last call. */
export function takeFlags(): i32 {
  const taken = flags;
  flags = 0;
  return taken;
}

export function isNaN64(bits: u64): bool {
  return (bits & MAGNITUDE) > INFINITY;
}

export function isSignalling(bits: u64): bool {
  return isNaN64(bits) && (bits & 0x0008000000000000) === 0;
}

export function isInfinite(bits: u64): bool {
  return (bits & MAGNITUDE) === INFINITY;
}

export function isZero(bits: u64): bool {
  return (bits & MAGNITUDE) === 0;
}

export function isNegative(bits: u64): bool {
  return (bits & SIGN) !== 0;
}

/** Exponent of the leading bit of a finite nonzero number. */
export function exponentOf(bits: u64): i32 {
  const field = ((bits >> 52) as i32) & 0x7ff;
  return field ? field - 1023 : -1023 - (clz<u64>(bits << 12) as i32);
}

/** Significand of a finite number with its leading bit at bit 63; 0 for a zero. */
export function significandOf(bits: u64): u64 {
  if (bits & INFINITY) return (bits << 11) | SIGN;
  const fraction = bits << 12;
  return fraction << clz<u64>(fraction);
}

/** The binary64 bits of binary32 bits, exactly; a NaN keeps its quiet bit. */
export function widen(bits: u32): u64 {
  if ((bits & 0x7fffffff) <= 0x7f800000) return reinterpret<u64>(reinterpret<f32>(bits) as f64);
  return (((bits as u64) & 0x80000000) << 32) | INFINITY | (((bits as u64) & 0x7fffff) << 29);
}

/** x >> n; bit 0 tells in addition whether a bit was lost. */
export function shiftRightJam(x: u64, n: i32): u64 {
  if (n === 0) return x;
  if (n > 63) return (x !== 0) as u64;
  return (x >> n) | ((x << (64 - n) !== 0) as u64);
}

export function signed(negative: bool, magnitude: u64, precision: i32): u64 {
  return magnitude | ((negative as u64) << (precision === BINARY64 ? 63 : 31));
}

export function infinity(negative: bool, precision: i32): u64 {
  return signed(negative, precision === BINARY64 ? INFINITY : 0x7f800000, precision);
}

export function defaultNaN(precision: i32): u64 {
  return precision === BINARY64 ? NAN64 : NAN32;
}

/** The result of an invalid operation. */
export function invalid(precision: i32): u64 {
  raiseFlags(NV);
  return defaultNaN(precision);
}

/** The result of an operation with a NaN operand: pass all operands. */
export function propagate(a: u64, b: u64, c: u64, precision: i32): u64 {
  if (isSignalling(a) || isSignalling(b) || isSignalling(c)) raiseFlags(NV);
  return defaultNaN(precision);
}

/** 1 if `kept`, followed by the bits `rest` out of `2 * half`, is to be incremented. */
function increment(negative: bool, kept: u64, rest: u64, half: u64, mode: i32): u64 {
  if (mode === RNE) return (rest > half || (rest === half && (kept & 1) !== 0)) as u64;
  if (mode === RMM) return (rest >= half) as u64;
  if (mode === RTZ) return 0;
  return (rest !== 0 && negative === (mode === RDN)) as u64;
}

function overflow(negative: bool, mode: i32, precision: i32): u64 {
  raiseFlags(OF | NX);
  const away = mode === RNE || mode === RMM || (mode !== RTZ && negative === (mode === RDN));
  return infinity(negative, precision) - (!away as u64);
}

/** Rounds a nonzero number (bit 63 of the significand set) to the format and raises overflow, underflow and inexact. */
export function round(negative: bool, exponent: i32, significand: u64, mode: i32, precision: i32): u64 {
  const maximum: i32 = precision === BINARY64 ? 1023 : 127;
  if (exponent > maximum) return overflow(negative, mode, precision);
  const drop: i32 = 64 - precision;
  const mask = ((1 as u64) << drop) - 1;
  const half = (1 as u64) << (drop - 1);
  const below = 1 - maximum - exponent;
  let tiny = false;
  if (below > 0) {
    // Tiny after rounding: as if the exponent had no lower bound, it would still be below the smallest normal number's.
    const kept = significand >> drop;
    const carries = kept + increment(negative, kept, significand & mask, half, mode) === (1 as u64) << precision;
    tiny = below > 1 || !carries;
    significand = shiftRightJam(significand, below);
    exponent += below;
  }
  const rest = significand & mask;
  let kept = significand >> drop;
  kept += increment(negative, kept, rest, half, mode);
  if (rest) raiseFlags(tiny ? UF | NX : NX);
  // The leading bit of `kept`, where there is one, adds 1 to the exponent field; so does a carry out of it.
  const magnitude = (((exponent + maximum - 1) as u64) << (precision - 1)) + kept;
  if (magnitude >= infinity(false, precision)) return overflow(negative, mode, precision);
  return signed(negative, magnitude, precision);
}
