/**
 * THE op table of the intermediate representation: per op its shape, operand types, folding rule and WebAssembly emission.
 *
 * Every consumer (builder, passes, printer, interpreter generator, lowering) is derived from it or total over its keys. Operands live
 * in 8-byte slots of the hart's state: guest registers, temporaries, control state. From one emission come both engines: the
 * interpreter fetches operands from the slots, lowered code from WebAssembly locals and constants.
 *
 * Semantics of the partial operations: shifts take their amount modulo the width; division by zero gives all ones (quotient) or the dividend
 * (remainder); overflowing signed division gives the dividend (quotient) or 0 (remainder). The `w` ops work on the low 32 bits and
 * sign-extend their 32-bit result.
 */
import type { Code, Label } from '../wasm/code.js';
import type { Opcode } from '../wasm/opcodes.js';

export type SlotType = 'i64' | 'f64';

/** Pushes of an op's operands; each may be used more than once. */
export interface Operands {
  a(): void;
  b(): void;
  c(): void;
}

type Emit = (w: Code, o: Operands) => void;

/** d = f(a, b): also encodable with a 64-bit immediate as b. */
export interface BinaryOp {
  readonly kind: 'binary';
  readonly commutative: boolean;
  readonly fold: (a: bigint, b: bigint) => bigint;
  readonly emit: Emit;
}

/** d = f(a). */
export interface UnaryOp {
  readonly kind: 'unary';
  readonly types: readonly [d: SlotType, a: SlotType];
  readonly fold?: (a: bigint) => bigint;
  readonly emit: Emit;
}

/** d = a != 0 ? b : c. */
export interface SelectOp {
  readonly kind: 'select';
}

/** d = imm; `pcrel`: d = ENV_PC_BASE + imm. */
export interface ConstOp {
  readonly kind: 'const' | 'pcrel';
}

/** d = memory[a + offset]. */
export interface LoadOp {
  readonly kind: 'load';
  readonly type: SlotType;
  readonly size: 1 | 2 | 4 | 8;
  readonly wasm: Extract<Opcode, `${string}.load${string}`>;
  /** Turns the slow path's zero-extended i64 into the result. */
  readonly extend?: Opcode;
}

/** memory[a + offset] = b. */
export interface StoreOp {
  readonly kind: 'store';
  readonly type: SlotType;
  readonly size: 1 | 2 | 4 | 8;
  readonly wasm: Extract<Opcode, `${string}.store${string}`>;
}

/** d = helper(env, a, b, c, arg), a function of the guest. */
export interface CallOp {
  readonly kind: 'call';
}

/**
 * A floating-point operation with a fast path on the host's arithmetic: `emit` leaves the result, or branches to `fail` where the
 * host's result could differ (flags, NaN payloads). Then, or when ENV_FP_FAST lacks the bits in `arg >> 8`, the helper does it.
 */
export interface FloatOp {
  readonly kind: 'float';
  readonly types: readonly [d: SlotType, a: SlotType, b: SlotType, c: SlotType];
  readonly emit: (w: Code, o: Operands, fail: Label) => void;
}

/** A static exit; ends the block. */
export interface GotoOp {
  readonly kind: 'goto';
}

/** Exit to the pc in a; ends the block. */
export interface IndirectOp {
  readonly kind: 'indirect';
}

/** Exit to one of two static targets by comparing a and b; ends the block. `emit` leaves the i32 condition. */
export interface BranchOp {
  readonly kind: 'branch';
  readonly fold: (a: bigint, b: bigint) => boolean;
  readonly emit: Emit;
}

/**
 * Leaves translated code if a slow path or helper in front of it, in the same instruction, asked for that (STATUS_EXIT): such an exit waits
 * until the instruction is complete. `settle` goes on behind the instruction, `settleto` at the pc in a (in front of a jump).
 */
export interface SettleOp {
  readonly kind: 'settle';
  readonly hasTarget: boolean;
}

/** `leave`: exit to ENV_PC as it stands (a helper set it). `debug`: stop in front of ENV_PC_BASE + imm. `stop`: interpreter only. */
export interface LeaveOp {
  readonly kind: 'leave' | 'debug' | 'stop';
}

export type OpInfo =
  | BinaryOp
  | UnaryOp
  | SelectOp
  | ConstOp
  | LoadOp
  | StoreOp
  | CallOp
  | FloatOp
  | GotoOp
  | IndirectOp
  | BranchOp
  | SettleOp
  | LeaveOp;

const MASK64 = (1n << 64n) - 1n;
const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const bool = (x: boolean): bigint => (x ? 1n : 0n);

/** A binary op that is one WebAssembly instruction. */
const plain = (wasm: Opcode, fold: BinaryOp['fold'], options: { commutative?: boolean } = {}): BinaryOp => ({
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
const word = (wasm: Opcode, fold: BinaryOp['fold'], options: { commutative?: boolean } = {}): BinaryOp => ({
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
const compare = (wasm: Opcode, fold: (a: bigint, b: bigint) => boolean, options: { commutative?: boolean } = {}): BinaryOp => ({
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

const branch = (wasm: Opcode, fold: BranchOp['fold']): BranchOp => ({
  kind: 'branch',
  fold,
  emit: (w, o) => {
    o.a();
    o.b();
    w.op(wasm);
  },
});

const choose = (compareOp: Opcode, fold: BinaryOp['fold']): BinaryOp => ({
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
const divide = (options: { signed: boolean; remainder: boolean; width: 32 | 64 }): BinaryOp => {
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
const mulHigh = (aSigned: boolean, bSigned: boolean): BinaryOp => ({
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

const unary = (wasm: readonly Opcode[], fold: (a: bigint) => bigint): UnaryOp => ({
  kind: 'unary',
  types: ['i64', 'i64'],
  fold,
  emit: (w, o) => {
    o.a();
    for (const op of wasm) w.op(op);
  },
});

const convert = (d: SlotType, a: SlotType, ...wasm: readonly Opcode[]): UnaryOp => ({
  kind: 'unary',
  types: [d, a],
  emit: (w, o) => {
    o.a();
    for (const op of wasm) w.op(op);
  },
});

const countBits = (x: bigint): bigint => BigInt(u64(x).toString(2).replaceAll('0', '').length);
const leadingZeros = (x: bigint, width: number): bigint => BigInt(x === 0n ? width : width - x.toString(2).length);
const trailingZeros = (x: bigint, width: number): bigint => (x === 0n ? BigInt(width) : leadingZeros(x & -x, width) * -1n + BigInt(width - 1));

/** Each byte of the result from the same-numbered byte of a, by shifts and masks on the whole word. */
const byteReverse: UnaryOp = {
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
const orCombine: UnaryOp = {
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

const MIN_NORMAL_64 = 2 ** -1022;
const MIN_NORMAL_32 = 2 ** -126;

/** Branches to `fail` unless |r| is below infinity (so r is no NaN) and, where underflow is possible, above the smallest normal number. */
function guard(w: Code, type: 'f64' | 'f32', r: number, fail: Label, options: { underflow: boolean }): void {
  const constant = (value: number) => (type === 'f64' ? w.f64(value) : w.f32(value));
  w.get(r);
  w.op(`${type}.abs`);
  constant(Number.POSITIVE_INFINITY);
  w.op(`${type}.lt`);
  w.op('i32.eqz');
  w.brIfRare(fail);
  if (!options.underflow) return;
  w.get(r);
  w.op(`${type}.abs`);
  constant(type === 'f64' ? MIN_NORMAL_64 : MIN_NORMAL_32);
  w.op(`${type}.gt`);
  w.op('i32.eqz');
  w.brIfRare(fail);
}

/** Pushes a NaN-boxed single as f32; branches to `fail` when it is not boxed. */
function unbox(w: Code, operand: () => void, fail: Label): void {
  w.scratch('i64', (bits) => {
    operand();
    w.op('i64.reinterpret_f64');
    w.tee(bits);
    w.i64(32);
    w.op('i64.shr_s');
    w.i64(-1);
    w.op('i64.ne');
    w.brIfRare(fail);
    w.get(bits);
    w.op('i32.wrap_i64');
    w.op('f32.reinterpret_i32');
  });
}

/** Pops an f32, pushes it NaN-boxed. */
function box(w: Code): void {
  w.op('i32.reinterpret_f32');
  w.op('i64.extend_i32_u');
  w.i64(-0x100000000);
  w.op('i64.or');
  w.op('f64.reinterpret_i64');
}

const float64 = (wasm: Opcode, operands: 1 | 2, options: { underflow: boolean }): FloatOp => ({
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f64', (r) => {
      o.a();
      if (operands === 2) o.b();
      w.op(wasm);
      w.set(r);
      guard(w, 'f64', r, fail, options);
      w.get(r);
    });
  },
});

const float32 = (wasm: Opcode, operands: 1 | 2, options: { underflow: boolean }): FloatOp => ({
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f32', (r) => {
      unbox(w, o.a, fail);
      if (operands === 2) unbox(w, o.b, fail);
      w.op(wasm);
      w.set(r);
      guard(w, 'f32', r, fail, options);
      w.get(r);
      box(w);
    });
  },
});

/** Which operands of a fused operation are negated first: the product (by its first factor), the addend. */
interface Signs {
  readonly product?: boolean;
  readonly addend?: boolean;
}

/**
 * a * b + c rounded once, which WebAssembly lacks: error-free transformations after Boldo & Melquiond (2008). With p + pe = a * b (Dekker,
 * Veltkamp) and s + se = p + c (Knuth) exactly, the result is the rounding of s + t where t is the rounding of se + pe, except where t
 * is inexact and has no bits below its leading three: that goes to the helper, whose source has the proof (`fmaNearest64`). The limits on |a|, |b|, |c| and |p| keep
 * every step clear of overflow and underflow.
 */
const fused64 = (signs: Signs): FloatOp => ({
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    const scratch = (count: number, body: (...locals: number[]) => void, ...taken: number[]): void =>
      count === 0 ? body(...taken) : w.scratch('f64', (local) => scratch(count - 1, body, ...taken, local));
    scratch(10, (a, b, c, p, ah, al, bh, bl, s, t) => {
      const below = (local: number, limit: number) => {
        w.get(local);
        w.op('f64.abs');
        w.f64(limit);
        w.op('f64.lt');
      };
      const expression = (...steps: (number | Opcode)[]) => {
        for (const step of steps) typeof step === 'number' ? w.get(step) : w.op(step);
      };
      const split = (x: number, high: number, low: number) => {
        w.get(x);
        w.f64(2 ** 27 + 1);
        w.op('f64.mul');
        w.tee(high);
        expression(high, x, 'f64.sub', 'f64.sub');
        w.set(high);
        expression(x, high, 'f64.sub');
        w.set(low);
      };
      o.a();
      if (signs.product) w.op('f64.neg');
      w.tee(a);
      o.b();
      w.tee(b);
      w.op('f64.mul');
      w.set(p);
      o.c();
      if (signs.addend) w.op('f64.neg');
      w.set(c);
      below(a, 2 ** 501);
      below(b, 2 ** 501);
      w.op('i32.and');
      below(c, 2 ** 1000);
      w.op('i32.and');
      w.f64(2 ** -400);
      expression(p, 'f64.abs', 'f64.lt', 'i32.and', 'i32.eqz');
      w.brIfRare(fail);
      split(a, ah, al);
      split(b, bh, bl);
      // t = se + pe; se needs s.
      expression(p, c, 'f64.add');
      w.tee(s);
      w.get(p);
      w.op('f64.sub');
      w.set(t);
      expression(p, s, t, 'f64.sub', 'f64.sub', c, t, 'f64.sub', 'f64.add');
      expression(ah, bh, 'f64.mul', p, 'f64.sub', ah, bl, 'f64.mul', 'f64.add', al, bh, 'f64.mul', 'f64.add', al, bl, 'f64.mul', 'f64.add');
      w.op('f64.add');
      w.tee(t);
      w.op('i64.reinterpret_f64');
      w.i64(0x0003ffffffffffffn);
      w.op('i64.and');
      w.op('i64.eqz');
      w.get(t);
      w.f64(0);
      w.op('f64.ne');
      w.op('i32.and');
      w.brIfRare(fail);
      expression(s, t, 'f64.add');
    });
  },
});

/** The same for singles: the product is exact in double; the sum is wrong only where it lies halfway between two singles, which goes to the helper. */
const fused32 = (signs: Signs): FloatOp => ({
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f64', (s) => {
      w.scratch('f32', (r) => {
        unbox(w, o.a, fail);
        w.op('f64.promote_f32');
        if (signs.product) w.op('f64.neg');
        unbox(w, o.b, fail);
        w.op('f64.promote_f32');
        w.op('f64.mul');
        unbox(w, o.c, fail);
        w.op('f64.promote_f32');
        if (signs.addend) w.op('f64.neg');
        w.op('f64.add');
        w.tee(s);
        w.op('i64.reinterpret_f64');
        w.i64(0x1fffffff);
        w.op('i64.and');
        w.i64(0x10000000);
        w.op('i64.eq');
        w.brIfRare(fail);
        w.get(s);
        w.op('f32.demote_f64');
        w.set(r);
        guard(w, 'f32', r, fail, { underflow: true });
        w.get(r);
        box(w);
      });
    });
  },
});

/** A comparison of numbers as 0 or 1; NaNs go to the helper. */
const floatCompare = (type: 'f64' | 'f32', relation: 'eq' | 'lt' | 'le'): FloatOp => ({
  kind: 'float',
  types: ['i64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch(type, (a) => {
      w.scratch(type, (b) => {
        for (const [operand, local] of [
          [o.a, a],
          [o.b, b],
        ] as const) {
          if (type === 'f64') operand();
          else unbox(w, operand, fail);
          w.tee(local);
          w.get(local);
          w.op(`${type}.ne`);
          w.brIfRare(fail);
        }
        w.get(a);
        w.get(b);
        w.op(`${type}.${relation}`);
        w.op('i64.extend_i32_u');
      });
    });
  },
});

/** Float to signed integer of `bits`, truncating: in range only (the caller's flag condition covers inexact). */
const truncate = (from: 'f64' | 'f32', bits: 32 | 64, rounding: 'trunc' | 'nearest'): FloatOp => ({
  kind: 'float',
  types: ['i64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f64', (r) => {
      if (from === 'f64') o.a();
      else {
        unbox(w, o.a, fail);
        w.op('f64.promote_f32');
      }
      w.op(`f64.${rounding}`);
      w.tee(r);
      w.op('f64.abs');
      w.f64(2 ** (bits - 1));
      w.op('f64.lt');
      w.op('i32.eqz');
      w.brIfRare(fail);
      w.get(r);
      w.op('i64.trunc_sat_f64_s');
    });
  },
});

const CONVERT_F32_I64: FloatOp = {
  kind: 'float',
  types: ['f64', 'i64', 'i64', 'f64'],
  emit: (w, o) => {
    o.a();
    w.op('f32.convert_i64_s');
    box(w);
  },
};
const CONVERT_F64_I64: FloatOp = {
  kind: 'float',
  types: ['f64', 'i64', 'i64', 'f64'],
  emit: (w, o) => {
    o.a();
    w.op('f64.convert_i64_s');
  },
};
const DEMOTE: FloatOp = {
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f32', (r) => {
      o.a();
      w.op('f32.demote_f64');
      w.set(r);
      guard(w, 'f32', r, fail, { underflow: true });
      w.get(r);
      box(w);
    });
  },
};
const PROMOTE: FloatOp = {
  kind: 'float',
  types: ['f64', 'f64', 'f64', 'f64'],
  emit: (w, o, fail) => {
    w.scratch('f32', (r) => {
      unbox(w, o.a, fail);
      w.tee(r);
      w.get(r);
      w.op('f32.ne');
      w.brIfRare(fail);
      w.get(r);
      w.op('f64.promote_f32');
    });
  },
};

const load = (size: LoadOp['size'], wasm: LoadOp['wasm'], extend?: Opcode): LoadOp => ({
  kind: 'load',
  type: wasm.startsWith('f64') ? 'f64' : 'i64',
  size,
  wasm,
  ...(extend ? { extend } : {}),
});
const store = (size: StoreOp['size'], wasm: StoreOp['wasm']): StoreOp => ({
  kind: 'store',
  type: wasm.startsWith('f64') ? 'f64' : 'i64',
  size,
  wasm,
});

const shift = (b: bigint, width: bigint): bigint => u64(b) & (width - 1n);
const rotate = (x: bigint, by: bigint, width: bigint): bigint => {
  const value = BigInt.asUintN(Number(width), x);
  return ((value << by) | (value >> (width - by))) & ((1n << width) - 1n);
};
const commutative = { commutative: true };
const exact = { underflow: false };
const mayUnderflow = { underflow: true };

export const OPS = {
  const: { kind: 'const' },
  pcrel: { kind: 'pcrel' },
  mov: { kind: 'unary', types: ['i64', 'i64'], fold: (a) => a, emit: (_, o) => o.a() },

  add: plain('i64.add', (a, b) => s64(a + b), commutative),
  sub: plain('i64.sub', (a, b) => s64(a - b)),
  mul: plain('i64.mul', (a, b) => s64(a * b), commutative),
  and: plain('i64.and', (a, b) => a & b, commutative),
  or: plain('i64.or', (a, b) => a | b, commutative),
  xor: plain('i64.xor', (a, b) => a ^ b, commutative),
  shl: plain('i64.shl', (a, b) => s64(a << shift(b, 64n))),
  shr: plain('i64.shr_u', (a, b) => s64(u64(a) >> shift(b, 64n))),
  sar: plain('i64.shr_s', (a, b) => a >> shift(b, 64n)),
  rol: plain('i64.rotl', (a, b) => s64(rotate(a, shift(b, 64n), 64n))),
  ror: plain('i64.rotr', (a, b) => s64(rotate(a, (64n - shift(b, 64n)) & 63n, 64n))),
  mulhs: mulHigh(true, true),
  mulhu: mulHigh(false, false),
  mulhsu: mulHigh(true, false),
  divs: divide({ signed: true, remainder: false, width: 64 }),
  divu: divide({ signed: false, remainder: false, width: 64 }),
  rems: divide({ signed: true, remainder: true, width: 64 }),
  remu: divide({ signed: false, remainder: true, width: 64 }),
  mins: choose('i64.lt_s', (a, b) => (a < b ? a : b)),
  maxs: choose('i64.gt_s', (a, b) => (a > b ? a : b)),
  minu: choose('i64.lt_u', (a, b) => (u64(a) < u64(b) ? a : b)),
  maxu: choose('i64.gt_u', (a, b) => (u64(a) > u64(b) ? a : b)),
  seteq: compare('i64.eq', (a, b) => a === b, commutative),
  setne: compare('i64.ne', (a, b) => a !== b, commutative),
  setlts: compare('i64.lt_s', (a, b) => a < b),
  setltu: compare('i64.lt_u', (a, b) => u64(a) < u64(b)),

  addw: word('i32.add', (a, b) => a + b, commutative),
  subw: word('i32.sub', (a, b) => a - b),
  mulw: word('i32.mul', (a, b) => a * b, commutative),
  shlw: word('i32.shl', (a, b) => a << shift(b, 32n)),
  shrw: word('i32.shr_u', (a, b) => u32(a) >> shift(b, 32n)),
  sarw: word('i32.shr_s', (a, b) => s32(a) >> shift(b, 32n)),
  rolw: word('i32.rotl', (a, b) => rotate(a, shift(b, 32n), 32n)),
  rorw: word('i32.rotr', (a, b) => rotate(a, (32n - shift(b, 32n)) & 31n, 32n)),
  divsw: divide({ signed: true, remainder: false, width: 32 }),
  divuw: divide({ signed: false, remainder: false, width: 32 }),
  remsw: divide({ signed: true, remainder: true, width: 32 }),
  remuw: divide({ signed: false, remainder: true, width: 32 }),

  ext8s: unary(['i64.extend8_s'], (a) => BigInt.asIntN(8, a)),
  ext16s: unary(['i64.extend16_s'], (a) => BigInt.asIntN(16, a)),
  ext32s: unary(['i64.extend32_s'], s32),
  clz: unary(['i64.clz'], (a) => leadingZeros(u64(a), 64)),
  ctz: unary(['i64.ctz'], (a) => trailingZeros(u64(a), 64)),
  popcnt: unary(['i64.popcnt'], countBits),
  clzw: unary(['i32.wrap_i64', 'i32.clz', 'i64.extend_i32_u'], (a) => leadingZeros(u32(a), 32)),
  ctzw: unary(['i32.wrap_i64', 'i32.ctz', 'i64.extend_i32_u'], (a) => trailingZeros(u32(a), 32)),
  bswap: byteReverse,
  orcb: orCombine,
  select: { kind: 'select' },

  ld8u: load(1, 'i64.load8_u'),
  ld8s: load(1, 'i64.load8_s', 'i64.extend8_s'),
  ld16u: load(2, 'i64.load16_u'),
  ld16s: load(2, 'i64.load16_s', 'i64.extend16_s'),
  ld32u: load(4, 'i64.load32_u'),
  ld32s: load(4, 'i64.load32_s', 'i64.extend32_s'),
  ld64: load(8, 'i64.load'),
  ldf64: load(8, 'f64.load', 'f64.reinterpret_i64'),
  st8: store(1, 'i64.store8'),
  st16: store(2, 'i64.store16'),
  st32: store(4, 'i64.store32'),
  st64: store(8, 'i64.store'),
  stf64: store(8, 'f64.store'),

  fneg64: convert('f64', 'f64', 'f64.neg'),
  fabs64: convert('f64', 'f64', 'f64.abs'),
  f64_i32s: convert('f64', 'i64', 'i32.wrap_i64', 'f64.convert_i32_s'),
  f64_i32u: convert('f64', 'i64', 'i32.wrap_i64', 'f64.convert_i32_u'),

  fadd64: float64('f64.add', 2, exact),
  fsub64: float64('f64.sub', 2, exact),
  fmul64: float64('f64.mul', 2, mayUnderflow),
  fdiv64: float64('f64.div', 2, mayUnderflow),
  fsqrt64: float64('f64.sqrt', 1, exact),
  fadd32: float32('f32.add', 2, exact),
  fsub32: float32('f32.sub', 2, exact),
  fmul32: float32('f32.mul', 2, mayUnderflow),
  fdiv32: float32('f32.div', 2, mayUnderflow),
  fsqrt32: float32('f32.sqrt', 1, exact),
  fmadd64: fused64({}),
  fmsub64: fused64({ addend: true }),
  fnmsub64: fused64({ product: true }),
  fnmadd64: fused64({ product: true, addend: true }),
  fmadd32: fused32({}),
  fmsub32: fused32({ addend: true }),
  fnmsub32: fused32({ product: true }),
  fnmadd32: fused32({ product: true, addend: true }),
  feq64: floatCompare('f64', 'eq'),
  flt64: floatCompare('f64', 'lt'),
  fle64: floatCompare('f64', 'le'),
  feq32: floatCompare('f32', 'eq'),
  flt32: floatCompare('f32', 'lt'),
  fle32: floatCompare('f32', 'le'),
  fdemote: DEMOTE,
  fpromote: PROMOTE,
  f64_i64s: CONVERT_F64_I64,
  f32_i64s: CONVERT_F32_I64,
  i32_f64_trunc: truncate('f64', 32, 'trunc'),
  i64_f64_trunc: truncate('f64', 64, 'trunc'),
  i32_f64_nearest: truncate('f64', 32, 'nearest'),
  i64_f64_nearest: truncate('f64', 64, 'nearest'),
  i32_f32_trunc: truncate('f32', 32, 'trunc'),
  i64_f32_trunc: truncate('f32', 64, 'trunc'),

  call: { kind: 'call' },
  settle: { kind: 'settle', hasTarget: false },
  settleto: { kind: 'settle', hasTarget: true },

  goto: { kind: 'goto' },
  indirect: { kind: 'indirect' },
  breq: branch('i64.eq', (a, b) => a === b),
  brne: branch('i64.ne', (a, b) => a !== b),
  brlts: branch('i64.lt_s', (a, b) => a < b),
  brges: branch('i64.ge_s', (a, b) => a >= b),
  brltu: branch('i64.lt_u', (a, b) => u64(a) < u64(b)),
  brgeu: branch('i64.ge_u', (a, b) => u64(a) >= u64(b)),
  leave: { kind: 'leave' },
  debug: { kind: 'debug' },
  stop: { kind: 'stop' },
} as const satisfies Record<string, OpInfo>;

export type OpName = keyof typeof OPS;
type NamesOf<K extends OpInfo['kind']> = { [N in OpName]: (typeof OPS)[N] extends { kind: K } ? N : never }[OpName];
export type BinaryName = NamesOf<'binary'>;
export type UnaryName = NamesOf<'unary'>;
export type LoadName = NamesOf<'load'>;
export type StoreName = NamesOf<'store'>;
export type FloatName = NamesOf<'float'>;
export type BranchName = NamesOf<'branch'>;

/** Signed value of the low 64 bits. */
export const wrap64 = (value: bigint): bigint => s64(value & MASK64);
