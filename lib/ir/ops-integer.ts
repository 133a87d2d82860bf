/** Emission and folding of the integer rows of the op table. */
import type { Opcode } from '../wasm/opcodes.js';
import type { BinaryOp, BranchOp, SlotType, UnaryOp } from './op-kinds.js';

export const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
export const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
export const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const bool = (x: boolean): bigint => (x ? 1n : 0n);

/** A binary op that is one WebAssembly instruction. */
export const plain = (wasm: Opcode, fold: BinaryOp['fold'], options: { commutative?: boolean } = {}): BinaryOp => ({
  kind: 'binary',
  commutative: options.commutative ?? false,
  fold,
  emit: (w, o) => {
    o.a();
    o.b();
    w.op(wasm);
  },
});

/** A binary op on the low 32 bits whose result is sign-extended. */
export const word = (wasm: Opcode, fold: BinaryOp['fold'], options: { commutative?: boolean } = {}): BinaryOp => ({
  kind: 'binary',
  commutative: options.commutative ?? false,
  fold: (a, b) => s32(fold(a, b)),
  emit: (w, o) => {
    o.a();
    w.op('i32.wrap_i64');
    o.b();
    w.op('i32.wrap_i64');
    w.op(wasm);
    w.op('i64.extend_i32_s');
  },
});

/** A comparison as a value 0 or 1. */
export const compare = (wasm: Opcode, fold: (a: bigint, b: bigint) => boolean, options: { commutative?: boolean } = {}): BinaryOp => ({
  kind: 'binary',
  commutative: options.commutative ?? false,
  fold: (a, b) => bool(fold(a, b)),
  emit: (w, o) => {
    o.a();
    o.b();
    w.op(wasm);
    w.op('i64.extend_i32_u');
  },
});

export const branch = (wasm: Opcode, fold: BranchOp['fold']): BranchOp => ({
  kind: 'branch',
  fold,
  emit: (w, o) => {
    o.a();
    o.b();
    w.op(wasm);
  },
});

export const choose = (compareOp: Opcode, fold: BinaryOp['fold']): BinaryOp => ({
  kind: 'binary',
  commutative: true,
  fold,
  emit: (w, o) => {
    o.a();
    o.b();
    o.a();
    o.b();
    w.op(compareOp);
    w.op('select');
  },
});

/** Division and remainder with the total semantics above; `width` 32 works on sign- or zero-extended low words. */
export const divide = (options: { signed: boolean; remainder: boolean; width: 32 | 64 }): BinaryOp => {
  const { signed, remainder, width } = options;
  const narrow = (x: bigint): bigint => (signed ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x));
  const type = width === 64 ? 'i64' : 'i32';
  const wasm = `${type}.${remainder ? 'rem' : 'div'}_${signed ? 's' : 'u'}` as const;
  const minimum = -(1n << BigInt(width - 1));
  return {
    kind: 'binary',
    commutative: false,
    fold: (a, b) => {
      const [x, y] = [narrow(a), narrow(b)];
      const result = y === 0n ? (remainder ? x : -1n) : remainder ? x % y : x / y;
      return BigInt.asIntN(width, result);
    },
    emit: (w, o) => {
      const push = (operand: () => void) => {
        operand();
        if (width === 32) w.op('i32.wrap_i64');
      };
      const constant = (value: bigint) => (width === 32 ? w.i32(Number(value)) : w.i64(value));
      push(o.b);
      w.op(`${type}.eqz`);
      w.if_(type);
      if (remainder) push(o.a);
      else constant(-1n);
      w.else_();
      if (signed && !remainder) {
        push(o.a);
        constant(minimum);
        w.op(`${type}.eq`);
        push(o.b);
        constant(-1n);
        w.op(`${type}.eq`);
        w.op('i32.and');
        w.if_(type);
        constant(minimum);
        w.else_();
      }
      push(o.a);
      push(o.b);
      w.op(wasm);
      if (signed && !remainder) w.end();
      w.end();
      if (width === 32) w.op('i64.extend_i32_s');
    },
  };
};

/** The high 64 bits of the 128-bit product; from four 32-bit products, after Hacker's Delight, section 8-2. */
export const mulHigh = (aSigned: boolean, bSigned: boolean): BinaryOp => ({
  kind: 'binary',
  commutative: aSigned === bSigned,
  fold: (a, b) => s64(((aSigned ? s64(a) : u64(a)) * (bSigned ? s64(b) : u64(b))) >> 64n),
  emit: (w, o) => {
    w.scratch('i64', (low) => {
      w.scratch('i64', (mid) => {
        const half = (operand: () => void, part: 'lo' | 'hi') => {
          operand();
          w.i64(part === 'lo' ? 0xffffffff : 32);
          w.op(part === 'lo' ? 'i64.and' : 'i64.shr_u');
        };
        const product = (x: 'lo' | 'hi', y: 'lo' | 'hi') => {
          half(o.a, x);
          half(o.b, y);
          w.op('i64.mul');
        };
        product('lo', 'lo');
        w.i64(32);
        w.op('i64.shr_u');
        product('hi', 'lo');
        w.op('i64.add');
        w.set(mid);
        product('lo', 'hi');
        w.get(mid);
        w.i64(0xffffffff);
        w.op('i64.and');
        w.op('i64.add');
        w.set(low);
        product('hi', 'hi');
        w.get(mid);
        w.i64(32);
        w.op('i64.shr_u');
        w.op('i64.add');
        w.get(low);
        w.i64(32);
        w.op('i64.shr_u');
        w.op('i64.add');
        const correct = (negative: () => void, other: () => void) => {
          negative();
          w.i64(63);
          w.op('i64.shr_s');
          other();
          w.op('i64.and');
          w.op('i64.sub');
        };
        if (aSigned) correct(o.a, o.b);
        if (bSigned) correct(o.b, o.a);
      });
    });
  },
});

export const unary = (wasm: readonly Opcode[], fold: (a: bigint) => bigint): UnaryOp => ({
  kind: 'unary',
  types: ['i64', 'i64'],
  fold,
  emit: (w, o) => {
    o.a();
    for (const op of wasm) w.op(op);
  },
});

export const convert = (d: SlotType, a: SlotType, ...wasm: readonly Opcode[]): UnaryOp => ({
  kind: 'unary',
  types: [d, a],
  emit: (w, o) => {
    o.a();
    for (const op of wasm) w.op(op);
  },
});

export const countBits = (x: bigint): bigint => BigInt(u64(x).toString(2).replaceAll('0', '').length);
export const leadingZeros = (x: bigint, width: number): bigint => BigInt(x === 0n ? width : width - x.toString(2).length);
export const trailingZeros = (x: bigint, width: number): bigint =>
  x === 0n ? BigInt(width) : leadingZeros(x & -x, width) * -1n + BigInt(width - 1);

/** Each byte of the result from the same-numbered byte of a, by shifts and masks on the whole word. */
export const byteReverse: UnaryOp = {
  kind: 'unary',
  types: ['i64', 'i64'],
  fold: (a) => {
    let result = 0n;
    for (let i = 0n; i < 64n; i += 8n) result |= ((u64(a) >> i) & 0xffn) << (56n - i);
    return s64(result);
  },
  emit: (w, o) => {
    w.scratch('i64', (x) => {
      const swap = (push: () => void, shift: number, mask: bigint) => {
        push();
        w.i64(shift);
        w.op('i64.shr_u');
        w.i64(mask);
        w.op('i64.and');
        push();
        w.i64(mask);
        w.op('i64.and');
        w.i64(shift);
        w.op('i64.shl');
        w.op('i64.or');
        w.set(x);
      };
      swap(o.a, 8, 0x00ff00ff00ff00ffn);
      swap(() => w.get(x), 16, 0x0000ffff0000ffffn);
      w.get(x);
      w.i64(32);
      w.op('i64.rotl');
    });
  },
};

/** Each byte becomes 0xff if it was not zero. */
export const orCombine: UnaryOp = {
  kind: 'unary',
  types: ['i64', 'i64'],
  fold: (a) => {
    let result = 0n;
    for (let i = 0n; i < 64n; i += 8n) if ((u64(a) >> i) & 0xffn) result |= 0xffn << i;
    return s64(result);
  },
  emit: (w, o) => {
    // Bit 7 of each byte: the byte is not zero. (t - (t >> 7)) | t spreads it over the byte.
    w.scratch('i64', (t) => {
      o.a();
      w.i64(0x7f7f7f7f7f7f7f7fn);
      w.op('i64.and');
      w.i64(0x7f7f7f7f7f7f7f7fn);
      w.op('i64.add');
      o.a();
      w.op('i64.or');
      w.i64(0x8080808080808080n);
      w.op('i64.and');
      w.tee(t);
      w.get(t);
      w.i64(7);
      w.op('i64.shr_u');
      w.op('i64.sub');
      w.get(t);
      w.op('i64.or');
    });
  },
};

export const shift = (b: bigint, width: bigint): bigint => u64(b) & (width - 1n);
export const rotate = (x: bigint, by: bigint, width: bigint): bigint => {
  const value = BigInt.asUintN(Number(width), x);
  return ((value << by) | (value >> (width - by))) & ((1n << width) - 1n);
};
