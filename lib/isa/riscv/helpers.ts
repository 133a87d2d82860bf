/** The functions of the RISC-V module that IR calls: helper i is HELPERS[i]. What each takes and returns is said at its definition in `assembly`. */
import type { GuestHelper } from '../guest.js';

/** May trap, or ask to leave translated code behind the instruction. */
const leaves = <const N extends string>(name: N) => ({ name, mayLeave: true }) as const;
/** Always completes. */
const plain = <const N extends string>(name: N) => ({ name, mayLeave: false }) as const;

export const HELPERS = [
  leaves('raise'),
  leaves('ecall'),
  leaves('mret'),
  leaves('sret'),
  leaves('wfi'),
  leaves('pause'),
  leaves('sfence'),
  leaves('csr'),
  leaves('lr'),
  leaves('sc'),
  leaves('amo'),
  leaves('cbo'),

  // Those that round may find an invalid dynamic rounding mode.
  leaves('fadd_s'),
  leaves('fsub_s'),
  leaves('fmul_s'),
  leaves('fdiv_s'),
  leaves('fsqrt_s'),
  leaves('fmadd_s'),
  leaves('fmsub_s'),
  leaves('fnmsub_s'),
  leaves('fnmadd_s'),
  plain('fmin_s'),
  plain('fmax_s'),
  plain('feq_s'),
  plain('flt_s'),
  plain('fle_s'),
  plain('fclass_s'),
  leaves('fcvt_w_s'),
  leaves('fcvt_wu_s'),
  leaves('fcvt_l_s'),
  leaves('fcvt_lu_s'),
  leaves('fcvt_s_w'),
  leaves('fcvt_s_wu'),
  leaves('fcvt_s_l'),
  leaves('fcvt_s_lu'),

  leaves('fadd_d'),
  leaves('fsub_d'),
  leaves('fmul_d'),
  leaves('fdiv_d'),
  leaves('fsqrt_d'),
  leaves('fmadd_d'),
  leaves('fmsub_d'),
  leaves('fnmsub_d'),
  leaves('fnmadd_d'),
  plain('fmin_d'),
  plain('fmax_d'),
  plain('feq_d'),
  plain('flt_d'),
  plain('fle_d'),
  plain('fclass_d'),
  leaves('fcvt_w_d'),
  leaves('fcvt_wu_d'),
  leaves('fcvt_l_d'),
  leaves('fcvt_lu_d'),
  leaves('fcvt_d_w'),
  leaves('fcvt_d_wu'),
  leaves('fcvt_d_l'),
  leaves('fcvt_d_lu'),
  leaves('fcvt_s_d'),
  leaves('fcvt_d_s'),
] as const satisfies readonly GuestHelper[];

export type HelperName = (typeof HELPERS)[number]['name'];

/** Index of a helper by name. */
export const HELPER = Object.fromEntries(HELPERS.map(({ name }, index) => [name, index])) as Record<HelperName, number>;
