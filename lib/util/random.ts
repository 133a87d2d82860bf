/** The generator xoshiro128** 1.1 of Blackman and Vigna (2018): small, fast, and the same on every host. Not for secrets. */
import { createHash } from 'node:crypto';

export class Xoshiro128 {
  /** Four words, not all zero. */
  readonly state: Uint32Array;

  constructor(state: ArrayLike<number>) {
    this.state = Uint32Array.from(state);
  }

  /** A generator of its own for each `purpose` and `seed`. */
  static seeded(purpose: string, seed: bigint): Xoshiro128 {
    const hash = createHash('sha256').update(`${purpose} ${seed}`).digest();
    return new Xoshiro128([0, 4, 8, 12].map((at) => hash.readUInt32LE(at)));
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    const s = this.state;
    const [s0, s1, s2, s3] = [s[0] as number, s[1] as number, s[2] as number, s[3] as number];
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    s[0] = s0 ^ s3 ^ s1;
    s[1] = s1 ^ s2 ^ s0;
    s[2] = s2 ^ s0 ^ (s1 << 9);
    s[3] = rotateLeft(s3 ^ s1, 11);
    return result;
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.next();
      for (let i = at; i < Math.min(at + 4, length); i++) bytes[i] = word >>> ((i - at) * 8);
    }
    return bytes;
  }
}

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}
