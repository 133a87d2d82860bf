/** Operands that make binary floating-point arithmetic err: corner cases, and seeded random ones of nasty distributions. */
import { add, BINARY64, type Format, fusedMultiplyAdd, infinity, MODES, multiply, negate, width } from './ieee754.js';

const ones = (count: number): bigint => (1n << BigInt(count)) - 1n;

/** Bits of a positive number from its exponent field and fraction. */
function pack(format: Format, field: number, fraction: bigint): bigint {
  return (BigInt(field) << BigInt(format.precision - 1)) | (fraction & ones(format.precision - 1));
}

/** Zeros, limits of the subnormal and normal numbers, powers of two and their neighbours, infinities, NaNs; with both signs. */
export function cornerCases(format: Format): bigint[] {
  const one = format.maxExponent;
  const half = BigInt(format.precision - 2);
  const positive = [
    0n,
    pack(format, one, 0n),
    1n,
    pack(format, one, 1n),
    ones(format.precision - 1),
    pack(format, one - 1, ones(format.precision - 1)),
    pack(format, 1, 0n),
    infinity(format, false) - 1n,
    infinity(format, false),
    infinity(format, false) | 1n,
    infinity(format, false) | (1n << half),
    pack(format, one + 1, 1n << half),
    pack(format, one - format.precision, 0n),
    pack(format, one + format.precision - 1, 1n),
    pack(format, one >> 1, ones(3)),
    pack(format, one + 31, 0n),
    pack(format, one - format.precision + 1, ones(2) << (half - 1n)),
    pack(format, 2 * one, 0n),
    pack(format, 1, 1n),
    2n,
  ];
  return positive.flatMap((bits) => [bits, negate(bits, format)]);
}

export class FloatGenerator {
  readonly #format: Format;
  #state: number;

  constructor(format: Format, options: { seed: number }) {
    this.#format = format;
    this.#state = options.seed;
  }

  /** The next of `count` integers (mulberry32). */
  #below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  #bits(count: number): bigint {
    return ((BigInt(this.#below(2 ** 32)) << 32n) | BigInt(this.#below(2 ** 32))) & ones(count);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!;
  }

  /** A fraction: random, few bits at either end, or long runs of equal bits. */
  #fraction(): bigint {
    const bits = this.#format.precision - 1;
    const position = BigInt(this.#below(bits));
    switch (this.#below(6)) {
      case 0:
        return this.#bits(bits);
      case 1:
        return 0n;
      case 2:
        return this.#bits(3) << BigInt(bits - 3);
      case 3:
        return (this.#bits(2) << BigInt(bits - 2)) | this.#bits(2);
      case 4:
        return (1n << position) - this.#bits(2);
      default:
        return ones(bits) ^ (this.#bits(2) << position);
    }
  }

  #near(field: number, distance: number): bigint {
    const shifted = field - distance + this.#below(2 * distance + 1);
    const limited = Math.min(Math.max(shifted, 0), 2 * this.#format.maxExponent);
    const bits = pack(this.#format, limited, this.#fraction());
    return this.#below(2) ? negate(bits, this.#format) : bits;
  }

  /** A number whose exponent is anywhere, or near a limit or 1. */
  #number(): bigint {
    const { maxExponent, precision } = this.#format;
    switch (this.#below(8)) {
      case 0:
        return this.#pick(cornerCases(this.#format));
      case 1:
        return this.#near(0, 3);
      case 2:
        return this.#near(2 * maxExponent, 3);
      case 3:
        return this.#near(this.#below(2 * maxExponent), 0);
      case 4:
        return this.#near(maxExponent >> 1, precision);
      case 5:
        return this.#near(maxExponent, precision);
      default:
        return this.#near(maxExponent, 3);
    }
  }

  #field(bits: bigint): number {
    return Number((bits >> BigInt(this.#format.precision - 1)) & BigInt(2 * this.#format.maxExponent + 1));
  }

  /** A second operand: independent, near in magnitude, or within the reach of rounding. */
  #partner(field: number): bigint {
    switch (this.#below(3)) {
      case 0:
        return this.#number();
      case 1:
        return this.#near(field, 2);
      default:
        return this.#near(field + (this.#below(2) ? 1 : -1) * this.#format.precision, 3);
    }
  }

  /** An addend to a product: independent, cancelling most of it, or deciding a rounding far below it. */
  #addend(a: bigint, b: bigint): bigint {
    const { maxExponent, precision } = this.#format;
    const field = this.#field(a) + this.#field(b) - maxExponent;
    switch (this.#below(5)) {
      case 0:
        return this.#number();
      case 1: {
        const rounded = multiply(a, b, this.#format, this.#pick(MODES)).bits;
        return negate(rounded, this.#format);
      }
      case 2:
        return this.#near(field - this.#pick([precision, 2 * precision]), 3);
      case 3:
        return this.#near(field + precision, 3);
      default:
        return this.#near(field, precision);
    }
  }

  operands(count: 1 | 2 | 3): bigint[] {
    const a = this.#number();
    if (count === 1) return [a];
    const b = this.#partner(this.#field(a));
    if (count === 2) return [a, b];
    return this.#below(8) ? [a, b, this.#addend(a, b)] : this.#nearTie();
  }

  /** A product and an addend whose sum is near a point halfway between two numbers, decided by the lowest bits. */
  #nearTie(): bigint[] {
    const format = this.#format;
    const [a, b] = [this.#near(format.maxExponent, 2), this.#near(format.maxExponent, 2)];
    const target = pack(format, format.maxExponent + this.#below(format.precision + 2), this.#fraction());
    const c = fusedMultiplyAdd(a, negate(b, format), target, format, 'RTZ').bits;
    return [a, b, this.#below(2) ? c : add(c, target, format, 'RNE').bits];
  }

  /** Numbers near small integers, halves, and the limits of the integer types. */
  nearIntegers(count: number): bigint[] {
    const { maxExponent } = this.#format;
    return Array.from({ length: count }, () => {
      if (this.#below(3) === 0) return this.#near(maxExponent + this.#pick([31, 32, 63, 64]), 1);
      return this.#near(maxExponent + this.#below(66), 3);
    });
  }

  /** 64-bit registers with integers of all magnitudes. */
  integers(count: number): bigint[] {
    return Array.from({ length: count }, () => {
      const length = 1 + this.#below(64);
      const position = BigInt(this.#below(length));
      const integer = this.#pick([this.#bits(length), ones(length), (1n << position) + this.#bits(2), ones(length) ^ (1n << position)]);
      return BigInt.asUintN(64, this.#below(2) ? integer : -integer);
    });
  }

  /** Doubles that are singles plus a few low bits, near the limits of singles too. */
  nearSingles(count: number): bigint[] {
    if (width(this.#format) !== width(BINARY64)) throw new RangeError('nearSingles: doubles only');
    return Array.from({ length: count }, () => {
      const low = this.#pick([0n, 1n, 1n << 28n, (1n << 28n) - 1n, (1n << 28n) + 1n, ones(29), this.#bits(29)]);
      const field = this.#pick([1023, 1023 + 127, 1023 - 126, 1023 - 127, 1023 - 140, 1023 - 149, 1023 - 150, 1023 - 151]);
      return (this.#near(field + this.#below(2), 1) & ~ones(29)) | low;
    });
  }
}
