/** Rules of the RISC-V floating-point helpers that have a sentence of their own in the manual (unprivileged ISA, "F" and "D"). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENV_CAUSE, ENV_STATUS, ENV_TVAL, STATUS_TRAP } from '../../../lib/mem/layout.js';
import { BOX, call, check, DYNAMIC, int, setSlot, slot } from '../../support/fp-helpers.js';
import { FLAG } from '../../support/ieee754.js';

const ILLEGAL = 2n;

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
