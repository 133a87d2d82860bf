/** The floating-point helpers against a reference on exact rationals: results, exceptions, and the traps of reserved rounding modes. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FFLAGS, FRM } from '../../../lib/isa/riscv/layout.js';
import { ENV_CAUSE, ENV_FP_FAST, ENV_STATUS, ENV_TVAL, FP_FAST_DYNAMIC, FP_FAST_NEAREST, STATUS_TRAP } from '../../../lib/mem/layout.js';
import { cornerCases, FloatGenerator } from '../../support/float-cases.js';
import * as ieee from '../../support/ieee754.js';
import { BINARY32, BINARY64, FLAG, type Format, MODES, type Mode, type Outcome } from '../../support/ieee754.js';

type Helper = (env: number, a: bigint, b: bigint, c: bigint, arg: number) => bigint;

const ENV = 0x10000;
const DYNAMIC = 7;
const ILLEGAL = 2n;
const BOX = 0xffffffffn << 32n;

/** The guest's module with dummies for all that its floating-point helpers do not use. */
function instantiate(): { helpers: WebAssembly.Exports; memory: WebAssembly.Memory } {
  const module = new WebAssembly.Module(readFileSync(new URL('../../../lib/isa/riscv/assembly.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: 64 });
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    if (kind === 'memory') imports[from][name] = memory;
    else if (kind === 'table') imports[from][name] = new WebAssembly.Table({ initial: 1024, element: 'anyfunc' });
    else imports[from][name] = () => assert.unreachable(`${from}.${name} called by a floating-point helper`);
  }
  return { helpers: new WebAssembly.Instance(module, imports).exports, memory };
}

const { helpers, memory } = instantiate();
const env = new DataView(memory.buffer, ENV);
const slot = (offset: number): bigint => env.getBigInt64(offset, true);
const setSlot = (offset: number, value: bigint): void => env.setBigInt64(offset, value, true);
const int = (offset: number): number => env.getInt32(offset, true);
const setInt = (offset: number, value: number): void => env.setInt32(offset, value, true);

/** ENV_FP_FAST by its definition. */
function fastFlags(): number {
  if ((slot(FFLAGS) & 1n) === 0n) return 0;
  return FP_FAST_NEAREST | (slot(FRM) === 0n ? FP_FAST_DYNAMIC : 0);
}

interface Call {
  readonly operands: readonly bigint[];
  readonly rm: number;
  readonly frm: number;
  readonly fflags: number;
}

/** Calls a helper; the result is that of a 64-bit register, as unsigned. */
function call(name: string, { operands, rm, frm, fflags }: Call): Outcome {
  setSlot(FFLAGS, BigInt(fflags));
  setSlot(FRM, BigInt(frm));
  setInt(ENV_FP_FAST, fastFlags());
  setInt(ENV_STATUS, 0);
  const helper = helpers[name] as Helper;
  const [a = 0n, b = 0n, c = 0n] = operands.map((x) => BigInt.asIntN(64, x));
  const bits = BigInt.asUintN(64, helper(ENV, a, b, c, rm | 0x300));
  return { bits, flags: Number(slot(FFLAGS)) };
}

const hex = (x: bigint): string => `0x${x.toString(16)}`;

/** Checks one case with the inexact flag clear and set, with a static and the dynamic rounding mode. */
function check(name: string, operands: readonly bigint[], mode: Mode, expected: Outcome): void {
  const rm = MODES.indexOf(mode);
  for (const fflags of [0, FLAG.NX]) {
    for (const dynamic of [false, true]) {
      const got = call(name, { operands, rm: dynamic ? DYNAMIC : rm, frm: dynamic ? rm : (rm + 1) % 5, fflags });
      const matches = got.bits === expected.bits && got.flags === (expected.flags | fflags);
      if (matches && int(ENV_STATUS) === 0 && int(ENV_FP_FAST) === fastFlags()) continue;
      const wanted = `${hex(expected.bits)} flags ${expected.flags | fflags} fast ${fastFlags()}`;
      const found = `${hex(got.bits)} flags ${got.flags} fast ${int(ENV_FP_FAST)} status ${int(ENV_STATUS)}`;
      assert.unreachable(`${name}(${operands.map(hex).join(', ')}) ${mode}: expected ${wanted}, got ${found}`);
    }
  }
}

/** One format's view of registers. */
interface Precision {
  readonly suffix: 's' | 'd';
  readonly format: Format;
  toSlot(bits: bigint): bigint;
}

const PRECISIONS: readonly Precision[] = [
  { suffix: 's', format: BINARY32, toSlot: (bits) => bits | BOX },
  { suffix: 'd', format: BINARY64, toSlot: (bits) => bits },
];

type Reference = (operands: readonly bigint[], format: Format, mode: Mode) => Outcome;

const binary =
  (f: (a: bigint, b: bigint, format: Format, mode: Mode) => Outcome): Reference =>
  ([a, b], format, mode) =>
    f(a!, b!, format, mode);

const fused =
  ({ product, addend }: { product: '+' | '-'; addend: '+' | '-' }): Reference =>
  ([a, b, c], format, mode) =>
    ieee.fusedMultiplyAdd(product === '-' ? ieee.negate(a!, format) : a!, b!, addend === '-' ? ieee.negate(c!, format) : c!, format, mode);

/** Operations whose operands and result are of one format. */
const ARITHMETIC: Readonly<Record<string, { operands: 1 | 2 | 3; reference: Reference }>> = {
  fadd: { operands: 2, reference: binary(ieee.add) },
  fsub: { operands: 2, reference: binary(ieee.subtract) },
  fmul: { operands: 2, reference: binary(ieee.multiply) },
  fdiv: { operands: 2, reference: binary(ieee.divide) },
  fsqrt: { operands: 1, reference: ([a], format, mode) => ieee.squareRoot(a!, format, mode) },
  fmadd: { operands: 3, reference: fused({ product: '+', addend: '+' }) },
  fmsub: { operands: 3, reference: fused({ product: '+', addend: '-' }) },
  fnmsub: { operands: 3, reference: fused({ product: '-', addend: '+' }) },
  fnmadd: { operands: 3, reference: fused({ product: '-', addend: '-' }) },
  fmin: { operands: 2, reference: ([a, b], format) => ieee.choose(a!, b!, format, 'min') },
  fmax: { operands: 2, reference: ([a, b], format) => ieee.choose(a!, b!, format, 'max') },
};

/** Operations with an integer result. */
const TO_INTEGER: Readonly<Record<string, { operands: 1 | 2; reference: Reference }>> = {
  feq: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'eq') },
  flt: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'lt') },
  fle: { operands: 2, reference: ([a, b], format) => ieee.compare(a!, b!, format, 'le') },
  fclass: { operands: 1, reference: ([a], format) => ({ bits: ieee.classify(a!, format), flags: 0 }) },
};

/** The integer types of conversions; registers hold all 32-bit ones sign-extended. */
const INTEGERS = {
  w: { bits: 32, signed: true },
  wu: { bits: 32, signed: false },
  l: { bits: 64, signed: true },
  lu: { bits: 64, signed: false },
} as const;

const toRegister = (integer: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, integer));

function tuples(values: readonly bigint[], length: number): bigint[][] {
  if (length === 0) return [[]];
  return tuples(values, length - 1).flatMap((rest) => values.map((value) => [...rest, value]));
}

const corners = suite('fp helpers: corner cases');

for (const { suffix, format, toSlot } of PRECISIONS) {
  const every = cornerCases(format);
  for (const [op, { operands, reference }] of Object.entries(ARITHMETIC)) {
    corners(`${op}.${suffix} equals the exact result, rounded once, for all combinations of corner cases`, () => {
      const values = operands === 3 ? every.filter((_, i) => i % 3 === 0) : every;
      for (const tuple of tuples(values, operands)) {
        for (const mode of MODES) {
          const expected = reference(tuple, format, mode);
          check(`${op}_${suffix}`, tuple.map(toSlot), mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
  for (const [op, { operands, reference }] of Object.entries(TO_INTEGER)) {
    corners(`${op}.${suffix} is right for all combinations of corner cases`, () => {
      for (const tuple of tuples(every, operands)) check(`${op}_${suffix}`, tuple.map(toSlot), 'RNE', reference(tuple, format, 'RNE'));
    });
  }
}

corners('a zero factor leaves the addend, with the sign of a zero sum by the rules of addition', () => {
  for (const { suffix, format, toSlot } of PRECISIONS) {
    const zeros = [0n, ieee.negate(0n, format)];
    for (const tuple of tuples([...zeros, ...cornerCases(format).slice(0, 12)], 3)) {
      const expected = ieee.fusedMultiplyAdd(tuple[0]!, tuple[1]!, tuple[2]!, format, 'RNE');
      check(`fmadd_${suffix}`, tuple.map(toSlot), 'RNE', { ...expected, bits: toSlot(expected.bits) });
    }
  }
});
corners.run();

const random = suite('fp helpers: random cases');
const COUNT = { fused: 2500, arithmetic: 1500, conversion: 800 };

for (const { suffix, format, toSlot } of PRECISIONS) {
  const generator = new FloatGenerator(format, { seed: suffix === 's' ? 1 : 2 });
  for (const [op, { operands, reference }] of Object.entries(ARITHMETIC)) {
    random(`${op}.${suffix} equals the exact result, rounded once`, () => {
      for (let i = 0; i < (operands === 3 ? COUNT.fused : COUNT.arithmetic); i++) {
        const tuple = generator.operands(operands);
        for (const mode of MODES) {
          const expected = reference(tuple, format, mode);
          check(`${op}_${suffix}`, tuple.map(toSlot), mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
  for (const [op, { operands, reference }] of Object.entries(TO_INTEGER)) {
    random(`${op}.${suffix} is right`, () => {
      for (let i = 0; i < COUNT.arithmetic; i++) {
        const tuple = generator.operands(operands);
        check(`${op}_${suffix}`, tuple.map(toSlot), 'RNE', reference(tuple, format, 'RNE'));
      }
    });
  }
  for (const [type, target] of Object.entries(INTEGERS)) {
    random(`fcvt.${type}.${suffix} rounds, saturates and sign-extends`, () => {
      const values = [...cornerCases(format), ...generator.nearIntegers(COUNT.conversion)];
      for (const value of values) {
        for (const mode of MODES) {
          const { bits, flags } = ieee.toInteger(value, format, mode, target);
          check(`fcvt_${type}_${suffix}`, [toSlot(value)], mode, { bits: toRegister(bits, target.bits), flags });
        }
      }
    });
    random(`fcvt.${suffix}.${type} rounds the integer in the low ${target.bits} bits`, () => {
      for (const register of generator.integers(COUNT.conversion)) {
        const integer = target.signed ? BigInt.asIntN(target.bits, register) : BigInt.asUintN(target.bits, register);
        for (const mode of MODES) {
          const expected = ieee.fromInteger(integer, format, mode);
          check(`fcvt_${suffix}_${type}`, [register], mode, { ...expected, bits: toSlot(expected.bits) });
        }
      }
    });
  }
}

random('fcvt.s.d rounds once, and fcvt.d.s is exact', () => {
  const doubles = new FloatGenerator(BINARY64, { seed: 3 }).nearSingles(4 * COUNT.conversion);
  const singles = new FloatGenerator(BINARY32, { seed: 4 });
  for (const value of [...cornerCases(BINARY64), ...doubles]) {
    for (const mode of MODES) {
      const expected = ieee.convertFormat(value, BINARY64, BINARY32, mode);
      check('fcvt_s_d', [value], mode, { ...expected, bits: expected.bits | BOX });
    }
  }
  for (const value of [...cornerCases(BINARY32), ...Array.from({ length: COUNT.conversion }, () => singles.operands(1)[0]!)]) {
    for (const mode of MODES) check('fcvt_d_s', [value | BOX], mode, ieee.convertFormat(value, BINARY32, BINARY64, mode));
  }
});
random.run();

const rules = suite('fp helpers: RISC-V rules');
const CANONICAL = 0x7fc00000n | BOX;
const ONE = 0x3f800000n | BOX;

rules('a single that is not NaN-boxed is the canonical NaN', () => {
  const unboxed = 0xfffffffe_3f800000n;
  for (const op of ['fadd', 'fsub', 'fmul', 'fdiv', 'fsqrt', 'fmadd', 'fmsub', 'fnmsub', 'fnmadd']) {
    check(`${op}_s`, [unboxed, ONE, ONE], 'RNE', { bits: CANONICAL, flags: 0 });
  }
  check('fadd_s', [ONE, unboxed], 'RNE', { bits: CANONICAL, flags: 0 });
  check('fmadd_s', [ONE, ONE, unboxed], 'RNE', { bits: CANONICAL, flags: 0 });
  check('fmin_s', [unboxed, ONE], 'RNE', { bits: ONE, flags: 0 });
  check('fmax_s', [unboxed, unboxed], 'RNE', { bits: CANONICAL, flags: 0 });
  check('feq_s', [unboxed, unboxed], 'RNE', { bits: 0n, flags: 0 });
  check('fle_s', [unboxed, ONE], 'RNE', { bits: 0n, flags: FLAG.NV });
  check('fclass_s', [unboxed], 'RNE', { bits: 0x200n, flags: 0 });
  check('fcvt_w_s', [unboxed], 'RNE', { bits: 0x7fffffffn, flags: FLAG.NV });
  check('fcvt_d_s', [unboxed], 'RNE', { bits: 0x7ff80000_00000000n, flags: 0 });
});

rules('infinity times zero plus a quiet NaN is invalid', () => {
  check('fmadd_d', [0x7ff00000_00000000n, 0n, 0x7ff80000_00000001n], 'RNE', { bits: 0x7ff80000_00000000n, flags: FLAG.NV });
});

rules('fcvt.wu.d of 2^32 - 1 is sign-extended, and of -0.75 rounds to zero or is invalid by mode', () => {
  check('fcvt_wu_d', [0x41efffff_ffe00000n], 'RNE', { bits: 0xffffffff_ffffffffn, flags: 0 });
  check('fcvt_wu_d', [0xbfe80000_00000000n], 'RTZ', { bits: 0n, flags: FLAG.NX });
  check('fcvt_wu_d', [0xbfe80000_00000000n], 'RNE', { bits: 0n, flags: FLAG.NV });
});

rules('tininess is detected after rounding', () => {
  // All round up to the smallest normal number. With an unbounded exponent (1 - 2^-53) * 2^-1022 would stay below it, and
  // (1 - 2^-28) * (1 + 2^-28) * 2^-1022 would not; so for singles with 1 - 2^-24 and 1 - 2^-53.
  check('fmul_d', [0x3fefffff_ffffffffn, 0x00100000_00000000n], 'RNE', { bits: 0x00100000_00000000n, flags: FLAG.NX | FLAG.UF });
  check('fmul_d', [0x3fefffff_fe000000n, 0x00100000_01000000n], 'RNE', { bits: 0x00100000_00000000n, flags: FLAG.NX });
  check('fcvt_s_d', [0x380fffff_e0000000n], 'RNE', { bits: 0x00800000n | BOX, flags: FLAG.NX | FLAG.UF });
  check('fcvt_s_d', [0x380fffff_ffffffffn], 'RNE', { bits: 0x00800000n | BOX, flags: FLAG.NX });
});

rules('exceptions accrue', () => {
  const { flags } = call('fdiv_d', { operands: [0x3ff00000_00000000n, 0n], rm: 0, frm: 0, fflags: FLAG.NV | FLAG.UF });
  assert.is(flags, FLAG.NV | FLAG.UF | FLAG.DZ);
});

const ROUNDING = [
  ...['fadd', 'fsub', 'fmul', 'fdiv', 'fsqrt', 'fmadd', 'fmsub', 'fnmsub', 'fnmadd'].flatMap((op) => [`${op}_s`, `${op}_d`]),
  ...['w', 'wu', 'l', 'lu'].flatMap((type) => ['s', 'd'].flatMap((suffix) => [`fcvt_${type}_${suffix}`, `fcvt_${suffix}_${type}`])),
  'fcvt_s_d',
  'fcvt_d_s',
];
const OPERANDS = [0x3ff00000_00000000n, 0x3ff00000_00000000n, 0x3ff00000_00000000n];

rules('a reserved dynamic rounding mode is an illegal instruction and changes nothing', () => {
  for (const name of ROUNDING) {
    for (const frm of [5, 6, 7]) {
      setSlot(ENV_TVAL, -1n);
      const { flags } = call(name, { operands: OPERANDS, rm: DYNAMIC, frm, fflags: FLAG.DZ });
      assert.is(int(ENV_STATUS), STATUS_TRAP, name);
      assert.is(slot(ENV_CAUSE), ILLEGAL);
      assert.is(slot(ENV_TVAL), 0n);
      assert.is(flags, FLAG.DZ);
    }
  }
});

rules('a reserved dynamic rounding mode does not matter to a static one, nor to operations that never round', () => {
  for (const name of ROUNDING) {
    call(name, { operands: OPERANDS, rm: 1, frm: 7, fflags: 0 });
    assert.is(int(ENV_STATUS), 0, name);
  }
  for (const op of ['fmin', 'fmax', 'feq', 'flt', 'fle', 'fclass']) {
    for (const suffix of ['s', 'd']) {
      call(`${op}_${suffix}`, { operands: OPERANDS, rm: 1, frm: 7, fflags: 0 });
      assert.is(int(ENV_STATUS), 0, op);
    }
  }
});
rules.run();
