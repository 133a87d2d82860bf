/** Values that find mistakes: borders of integer widths, and every kind of floating-point number in both precisions. */
import type { Random } from './prng.js';

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** An integer: a border of some width, few bits, a small one, or anything. */
export function nastyInteger(random: Random): bigint {
  const kind = random.below(10);
  if (kind < 4) {
    const border = 1n << BigInt(random.pick([0, 7, 8, 15, 16, 31, 32, 33, 62, 63]));
    const value = border + BigInt(random.between(-2, 2));
    return u64(random.chance(0.5) ? value : -value);
  }
  if (kind < 5) return u64(BigInt(random.between(-70, 70)));
  if (kind < 6) return (1n << BigInt(random.below(64))) | (1n << BigInt(random.below(64)));
  if (kind < 7) return random.u64() & random.u64() & random.u64();
  if (kind < 8) return u64(BigInt.asIntN(32, random.u64()));
  return random.u64();
}

interface Format {
  readonly exponentBits: number;
  readonly fractionBits: number;
}
const SINGLE: Format = { exponentBits: 8, fractionBits: 23 };
const DOUBLE: Format = { exponentBits: 11, fractionBits: 52 };

function nastyFraction(random: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  const kind = random.below(8);
  if (kind < 2) return 0n;
  if (kind < 3) return all - BigInt(random.below(3));
  if (kind < 4) return BigInt(random.below(4));
  if (kind < 5) return 1n << BigInt(random.below(bits));
  if (kind < 6) return all ^ ((1n << BigInt(random.below(bits))) - 1n);
  return random.u64() & all;
}

/** Borders: zero and subnormal, the smallest and largest, around one, around the borders of integers and of the other format. */
function nastyExponent(random: Random, bits: number): number {
  const bias = (1 << (bits - 1)) - 1;
  const kind = random.below(10);
  if (kind < 2) return 0;
  if (kind < 3) return 2 * bias + 1;
  if (kind < 4) return random.between(1, 3);
  if (kind < 5) return 2 * bias - random.below(3);
  if (kind < 7) return bias + random.between(-3, 3);
  if (kind < 8) return bias + random.pick([22, 23, 24, 30, 31, 32, 51, 52, 53, 62, 63, 64]);
  if (kind < 9) return Math.min(2 * bias, Math.max(0, bias + random.pick([-1, 1]) * random.between(120, 152)));
  return random.below(2 * bias + 2);
}

function nastyFloat(random: Random, { exponentBits, fractionBits }: Format): bigint {
  const sign = BigInt(random.below(2));
  const exponent = BigInt(nastyExponent(random, exponentBits));
  return (((sign << BigInt(exponentBits)) | exponent) << BigInt(fractionBits)) | nastyFraction(random, fractionBits);
}

/** Bits of an f register: a double, a NaN-boxed single, or a single that is not properly boxed. */
export function nastyFloatBits(random: Random): bigint {
  const kind = random.below(20);
  if (kind < 9) return nastyFloat(random, DOUBLE);
  const single = nastyFloat(random, SINGLE);
  if (kind < 18) return 0xffff_ffff_0000_0000n | single;
  if (kind < 19) return single;
  return ((random.u64() & 0xffff_ffff_0000_0000n) | single) ^ (1n << BigInt(random.between(32, 63)));
}
