/** A hash of one page's contents: four lanes of 64-bit multiply and rotate, after xxHash64 (https://xxhash.com, "XXH64 algorithm description"). */
import { PAGE_SIZE } from '../layout';
import { frameHost } from './frames';

const P1: i64 = (0x9e3779b1 << 32) | 0x85ebca87;
const P2: i64 = (0xc2b2ae3d << 32) | 0x27d4eb4f;
const P3: i64 = (0x165667b1 << 32) | 0x9e3779f9;
const P4: i64 = (0x85ebca77 << 32) | 0xc2b2ae63;

function round(lane: i64, word: i64): i64 {
  return rotl<i64>(lane + word * P2, 31) * P1;
}

function merge(hash: i64, lane: i64): i64 {
  return (hash ^ round(0, lane)) * P1 + P4;
}

/** XXH64, seed 0, of the 4096 bytes of a frame. */
export function hashFrame(frame: i32): i64 {
  let at = frameHost(frame);
  const end = at + PAGE_SIZE;
  let a: i64 = P1 + P2;
  let b: i64 = P2;
  let c: i64 = 0;
  let d: i64 = -P1;
  for (; at < end; at += 32) {
    a = round(a, load<i64>(at));
    b = round(b, load<i64>(at, 8));
    c = round(c, load<i64>(at, 16));
    d = round(d, load<i64>(at, 24));
  }
  let hash = rotl<i64>(a, 1) + rotl<i64>(b, 7) + rotl<i64>(c, 12) + rotl<i64>(d, 18);
  hash = merge(merge(merge(merge(hash, a), b), c), d) + PAGE_SIZE;
  hash = (hash ^ (hash >>> 33)) * P2;
  hash = (hash ^ (hash >>> 29)) * P3;
  return hash ^ (hash >>> 32);
}

// As in SplitMix64.
const GOLDEN: i64 = (0x9e3779b9 << 32) | 0x7f4a7c15;
const M1: i64 = (0xbf58476d << 32) | 0x1ce4e5b9;
const M2: i64 = (0x94d049bb << 32) | 0x133111eb;

/** Mixes a frame's number into its hash, so that place and contents both count. */
function mix(hash: i64, frame: i32): i64 {
  const x = (hash ^ (<i64>(frame + 1) * GOLDEN)) * M1;
  return (x ^ <i64>(<u64>x >> 29)) * M2;
}

/** XXH64, seed 0, of a page of zeros. */
const BLANK: i64 = (0xac869b6f << 32) | 0x32d8bbdb;

/** What a frame adds to the sum that stands for all of memory: 0 while it is all zero. */
export function frameDigest(frame: i32): i64 {
  return mix(hashFrame(frame), frame) - mix(BLANK, frame);
}

/** The sum for a memory of `frames` frames that are all zero. */
export function blankDigest(frames: i32): i64 {
  let sum: i64 = 0;
  for (let frame = 0; frame < frames; frame++) sum += mix(BLANK, frame) - mix(0, frame);
  return sum;
}
