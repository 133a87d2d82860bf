/** Which slots an op reads and writes: the one place where the optimiser, the verifier and the lowering learn it. */
import type { IrOp } from './decode.js';
import type { SlotType } from './op-kinds.js';

/** Field of an IrOp that names a slot it reads. */
export type Source = 'a' | 'b' | 'c';

const NONE: readonly Source[] = [];
const A: readonly Source[] = ['a'];
const B: readonly Source[] = ['a', 'b'];
const C: readonly Source[] = ['a', 'b', 'c'];

/** The fields of `op` that name slots it reads. */
export function sources(op: IrOp): readonly Source[] {
  switch (op.info.kind) {
    case 'unary':
    case 'load':
    case 'indirect':
      return A;
    case 'binary':
    case 'branch':
      return op.immediate === undefined ? B : A;
    case 'store':
      return B;
    case 'select':
    case 'call':
    case 'float':
      return C;
    case 'settle':
      return op.info.hasTarget ? A : NONE;
    default:
      return NONE;
  }
}

/** Whether `op` writes slot d. */
export function writes(op: IrOp): boolean {
  switch (op.info.kind) {
    case 'const':
    case 'pcrel':
    case 'unary':
    case 'binary':
    case 'select':
    case 'load':
    case 'call':
    case 'float':
      return true;
    default:
      return false;
  }
}

/** Whether `op` does nothing but write d, so that it may go when d is dead. */
export function isPure(op: IrOp): boolean {
  const { kind } = op.info;
  return kind === 'const' || kind === 'pcrel' || kind === 'unary' || kind === 'binary' || kind === 'select';
}

/** Whether `op` may leave the block in the middle (fault, exit): the guest registers must be exact there. */
export function mayLeave(op: IrOp): boolean {
  const { kind } = op.info;
  return kind === 'load' || kind === 'store' || kind === 'call' || kind === 'float' || kind === 'settle';
}

/** Type of the value that `op` writes to d. `mov` takes its source's type. */
export function resultType(op: IrOp): SlotType {
  switch (op.info.kind) {
    case 'unary':
    case 'float':
      return op.info.types[0];
    case 'load':
      return op.info.type;
    default:
      return 'i64';
  }
}
