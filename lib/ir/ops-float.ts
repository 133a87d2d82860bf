/**
 * Emission of the floating-point rows of the op table: fast paths on the host's arithmetic, each of which branches to `fail` wherever the host's
 * result could differ from IEEE 754 with its flags, or from the guest's NaNs. The flag condition is the front end's (ENV_FP_FAST).
 */
import type { Code, Label } from '../wasm/code.js';
import type { Opcode } from '../wasm/opcodes.js';
import type { FloatOp } from './op-kinds.js';

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

export const float64 = (wasm: Opcode, operands: 1 | 2, options: { underflow: boolean }): FloatOp => ({
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

export const float32 = (wasm: Opcode, operands: 1 | 2, options: { underflow: boolean }): FloatOp => ({
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
export const fused64 = (signs: Signs): FloatOp => ({
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
export const fused32 = (signs: Signs): FloatOp => ({
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
export const floatCompare = (type: 'f64' | 'f32', relation: 'eq' | 'lt' | 'le'): FloatOp => ({
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
export const truncate = (from: 'f64' | 'f32', bits: 32 | 64, rounding: 'trunc' | 'nearest'): FloatOp => ({
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

export const CONVERT_F32_I64: FloatOp = {
  kind: 'float',
  types: ['f64', 'i64', 'i64', 'f64'],
  emit: (w, o) => {
    o.a();
    w.op('f32.convert_i64_s');
    box(w);
  },
};
export const CONVERT_F64_I64: FloatOp = {
  kind: 'float',
  types: ['f64', 'i64', 'i64', 'f64'],
  emit: (w, o) => {
    o.a();
    w.op('f64.convert_i64_s');
  },
};
export const DEMOTE: FloatOp = {
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
export const PROMOTE: FloatOp = {
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
