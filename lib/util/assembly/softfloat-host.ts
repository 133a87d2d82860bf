/**
 * Rounding to nearest even on the host's arithmetic: whether a result is exact, and fused multiply-add, which WebAssembly lacks.
 * AssemblyScript.
 *
 * Error terms after Dekker and Knuth; the fused operation after Boldo & Melquiond, "Emulation of FMA and correctly rounded sums: proved
 * algorithms using rounding to odd" (IEEE Transactions on Computers 57(4), 2008), with the second error-free sum and the rounding to odd
 * left out where they cannot matter (see `fmaNearest64`).
 */

const LIMIT: i32 = 0x7ff;
const HIDDEN: u64 = 0x0010000000000000;
const FRACTION: u64 = 0x000fffffffffffff;

function exponentField(x: f64): i32 {
  return ((reinterpret<u64>(x) >> 52) as i32) & LIMIT;
}

function integerSignificand(x: f64): u64 {
  return (reinterpret<u64>(x) & FRACTION) | HIDDEN;
}

/** Whether x + y is exactly the finite `sum`, its rounding. Dekker's Fast2Sum: the larger operand first, so nothing overflows. */
export function isExactSum64(x: f64, y: f64, sum: f64): bool {
  return abs<f64>(x) >= abs<f64>(y) ? sum - x === y : sum - y === x;
}

/** The same for binary32. */
export function isExactSum32(x: f32, y: f32, sum: f32): bool {
  return abs<f32>(x) >= abs<f32>(y) ? sum - x === y : sum - y === x;
}

/**
 * Whether x * y is exactly `product`, its rounding; all three must be normal numbers. The significands' product has 105 or 106 bits: it
 * is exact if the 52 or 53 below the leading 53 are zero.
 */
export function isExactProduct64(x: f64, y: f64, product: f64): bool {
  const carry = exponentField(product) - exponentField(x) - exponentField(y) + 1023;
  return (integerSignificand(x) * integerSignificand(y)) << (12 - carry) === 0;
}

/**
 * Whether x / y is exactly `quotient`, its rounding; all three must be normal numbers. The remainder is smaller than the divisor, so it
 * is zero if it is zero modulo 2^64.
 */
export function isExactQuotient64(x: f64, y: f64, quotient: f64): bool {
  const shift = 52 + exponentField(x) - exponentField(y) - exponentField(quotient) + 1023;
  return integerSignificand(x) << shift === integerSignificand(quotient) * integerSignificand(y);
}

/** Whether the root of x is exactly `root`, its rounding; both must be normal numbers. */
export function isExactRoot64(x: f64, root: f64): bool {
  const shift = 52 + exponentField(x) - 2 * exponentField(root) + 1023;
  return integerSignificand(x) << shift === integerSignificand(root) * integerSignificand(root);
}

/** x + y - sum, exactly, where `sum` is the rounding of x + y (Knuth's TwoSum); all below 2^1022. */
function sumError(x: f64, y: f64, sum: f64): f64 {
  const rounded = sum - x;
  return x - (sum - rounded) + (y - rounded);
}

/** x * y - product, exactly, where `product` is the rounding of x * y (Dekker's product with Veltkamp's splitting into 26 bits). */
function productError(x: f64, y: f64, product: f64): f64 {
  const xScaled = x * 134217729.0;
  const xHigh = xScaled - (xScaled - x);
  const xLow = x - xHigh;
  const yScaled = y * 134217729.0;
  const yHigh = yScaled - (yScaled - y);
  const yLow = y - yHigh;
  return xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
}

/** The neighbour of x, not 0, in the direction of `error`. */
function step(x: f64, error: f64): f64 {
  const bits = reinterpret<i64>(x);
  return reinterpret<f64>(bits + (((bits ^ reinterpret<i64>(error)) >> 63) | 1));
}

/** Whether `fmaNearest64` may be used: 2^-450 <= |a|, |b| < 2^501 and |c| < 2^1001, where c may also be zero or subnormal. */
export function inFmaRange64(a: u64, b: u64, c: u64): bool {
  const aField = ((a >> 52) as i32) & LIMIT;
  const bField = ((b >> 52) as i32) & LIMIT;
  const cField = ((c >> 52) as i32) & LIMIT;
  const low = 1023 - 450;
  // The subtractions wrap: a field below `low` becomes large.
  return max<u32>(aField - low, bField - low) < 951 && cField < 2024;
}

/**
 * a * b + c, rounded once to nearest even; for operands `inFmaRange64`.
 *
 * No step over- or underflows: |a * b| is in [2^-900, 2^1002) and all parts of the product are multiples of 2^-1004. With p + pe = a * b
 * and s + se = p + c exactly, the result is the rounding of s + (se + pe); t is the rounding of se + pe.
 *
 * If t is exact, s + t has only the one rounding. Otherwise se is not 0, so p and c do not cancel: |s| > 2^-902, |pe| <= ulp(s),
 * |se| <= ulp(s) / 2 and |t| <= 3/2 ulp(s). The points where the rounding of s + x jumps, for such x, are multiples of ulp(s) / 4. They are
 * doubles with at most three significant bits, and rounding is monotonic: t lies on the same side of each as se + pe does, or
 * is that point. So only where t has no bits below the leading three may s + t be wrong, and there t is moved off the point by its last bit
 * (which makes it the rounding to odd of se + pe).
 */
export function fmaNearest64(a: f64, b: f64, c: f64): f64 {
  const p = a * b;
  const pe = productError(a, b, p);
  const s = p + c;
  const se = sumError(p, c, s);
  const t = se + pe;
  if ((reinterpret<u64>(t) & 0x0003ffffffffffff) !== 0) return s + t;
  const error = sumError(se, pe, t);
  return s + (error === 0.0 ? t : step(t, error));
}

/** Whether a * b + c is exactly `result`, its rounding; for operands `inFmaRange64`. */
export function isExactFma64(a: f64, b: f64, c: f64, result: f64): bool {
  const p = a * b;
  const pe = productError(a, b, p);
  const s = p + c;
  const se = sumError(p, c, s);
  const t = se + pe;
  return sumError(se, pe, t) === 0.0 && sumError(s, t, s + t) === 0.0 && s + t === result;
}

/**
 * a * b + c for binary32 numbers, as a double that rounds to a normal binary32 number as the exact value does.
 *
 * The product is exact and nothing over- or underflows. As above, the sum lies on the same side of each point halfway between binary32 numbers
 * as the exact value does, or is that point: then it is moved off it if it is not exact.
 */
export function fmaOdd32(a: f64, b: f64, c: f64): f64 {
  const p = a * b;
  const s = p + c;
  if ((reinterpret<u64>(s) & 0x1fffffff) !== 0x10000000) return s;
  const error = sumError(p, c, s);
  return error === 0.0 ? s : step(s, error);
}

/** Whether a * b + c, for binary32 numbers, is exactly `result`. */
export function isExactFma32(a: f64, b: f64, c: f64, result: f64): bool {
  const p = a * b;
  return p + c === result && sumError(p, c, result) === 0.0;
}
