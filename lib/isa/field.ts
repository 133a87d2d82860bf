/** Fields: which bits of an instruction hold an operand, and in which order. */
import { assert } from '../util/errors.js';

export interface PrintContext {
  /** Address of the instruction. */
  readonly pc: bigint;
}

export type Printer = (value: number, context: PrintContext) => string;

export interface FieldOptions {
  /** The value's highest bit is its sign. */
  readonly signed?: boolean;
  /** Added to the value of the bits. */
  readonly bias?: number;
  /** Text of the operand; empty: the operand is left out, with the separator in front of it. Decimal if not given. */
  readonly print?: Printer;
  /** What `encode` takes if the operand is not given. */
  readonly default?: number;
}

export interface Field {
  /** The instruction bits that the field fills (unsigned). */
  readonly mask: number;
  readonly extract: (bits: number) => number;
  /** The instruction bits for `value`; throws RangeError if it does not fit. */
  readonly insert: (value: number) => number;
  readonly print: Printer;
  readonly default: number | undefined;
}

/** `width` bits from instruction bit `from` on, which are the value's bits from `to` on. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

const ones = (width: number): number => (width === 32 ? 0xffffffff : (1 << width) - 1);

/**
 * A field: `'24:20'`, or with its value scattered over the instruction, in the manual's notation, `'12=31 10:5=30:25 4:1=11:8 11=7'`:
 * bits of the value = bits of the instruction. Bits of the value that are not listed are zero.
 */
export function field(spec: string, options: FieldOptions = {}): Field {
  const segments = spec.split(' ').map(parseSegment);
  const { bias = 0 } = options;
  const highest = Math.max(...segments.map((s) => s.to + s.width));
  const extract = extractor(segments, { spare: 32 - highest, signed: options.signed ?? false, bias });
  const insert = (value: number): number => {
    let bits = 0;
    for (const s of segments) bits |= (((value - bias) >>> s.to) & ones(s.width)) << s.from;
    if (extract(bits) !== value) throw new RangeError(`operand ${value} does not fit into the field ${spec}`);
    return bits >>> 0;
  };
  let mask = 0;
  for (const s of segments) mask |= ones(s.width) << s.from;
  return { mask: mask >>> 0, extract, insert, print: options.print ?? ((value) => `${value}`), default: options.default };
}

function parseSegment(text: string): Segment {
  const range = (part: string): [high: number, low: number] => {
    const match = /^(\d+)(?::(\d+))?$/.exec(part);
    assert(match, `isa: bad field '${text}'`);
    return [Number(match[1]), Number(match[2] ?? match[1])];
  };
  const [value, source] = text.includes('=') ? (text.split('=') as [string, string]) : [undefined, text];
  const [high, from] = range(source);
  const width = high - from + 1;
  const [valueHigh, to] = value === undefined ? [width - 1, 0] : range(value);
  assert(width > 0 && valueHigh - to + 1 === width && valueHigh < 32, `isa: bad field '${text}'`);
  return { from, to, width };
}

/** The function from an instruction to the field's value; the common shapes get one of their own. */
function extractor(segments: readonly Segment[], options: { spare: number; signed: boolean; bias: number }): (bits: number) => number {
  const { spare, signed, bias } = options;
  const [first, second] = [segments[0]!, segments[1]!];
  if (segments.length === 1 && (bias === 0 || (!signed && first.to === 0))) {
    const { from, to, width } = first;
    const up = 32 - from - width;
    const down = 32 - width;
    if (signed) return to === 0 ? (bits) => (bits << up) >> down : (bits) => ((bits << up) >> down) << to;
    const mask = ones(width);
    return to === 0 ? (bits) => ((bits >>> from) & mask) + bias : (bits) => ((bits >>> from) & mask) << to;
  }
  if (segments.length === 2 && signed && bias === 0) {
    const [maskA, maskB] = [ones(first.width), ones(second.width)];
    return (bits) => (((((bits >>> first.from) & maskA) << first.to) | (((bits >>> second.from) & maskB) << second.to)) << spare) >> spare;
  }
  return (bits) => {
    let value = 0;
    for (let i = 0; i < segments.length; i++) {
      const s = segments[i]!;
      value |= ((bits >>> s.from) & ones(s.width)) << s.to;
    }
    return (signed ? (value << spare) >> spare : value) + bias;
  };
}
