/**
 * The floating-point helpers: helper(env, a, b, c, arg). Operands and results are slot bits, singles NaN-boxed; bits 2..0 of `arg` are the
 * instruction's rm field. They accrue exceptions in FFLAGS; a reserved rounding mode leaves STATUS_TRAP. AssemblyScript.
 */
export * from './fp-compare';
export * from './fp-convert';
export * from './fp-double';
export * from './fp-single';
