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
import type { Opcode } from '../wasm/opcodes.js';
import type { LoadOp, OpInfo, StoreOp } from './op-kinds.js';
import {
  CONVERT_F32_I64,
  CONVERT_F64_I64,
  DEMOTE,
  float32,
  float64,
  floatCompare,
  fused32,
  fused64,
  PROMOTE,
  truncate,
} from './ops-float.js';
import {
  branch,
  byteReverse,
  choose,
  compare,
  convert,
  countBits,
  divide,
  leadingZeros,
  mulHigh,
  orCombine,
  plain,
  rotate,
  s32,
  s64,
  shift,
  trailingZeros,
  u32,
  u64,
  unary,
  word,
} from './ops-integer.js';

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
  head: { kind: 'head' },
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
export const wrap64 = (value: bigint): bigint => s64(value);
