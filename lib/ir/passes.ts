import type { IrOp } from './decode.js';
import type { LoweringGuest } from './lower.js';

export function optimise(ops: IrOp[], _guest: LoweringGuest): IrOp[] {
  return ops;
}
