/** What the semantics of RISC-V instructions are written with: the IR builder, with registers by number. */
import type { Builder, CallOperands, Value } from '../../ir/builder.js';
import type { OpInfo } from '../../ir/op-kinds.js';
import { type BinaryName, type FloatName, type LoadName, OPS, type OpName, type StoreName, type UnaryName } from '../../ir/ops.js';
import { FP_FAST_DYNAMIC, FP_FAST_NEAREST } from '../../mem/layout.js';
import { HELPER, type HelperName } from './helpers.js';
import { F0, FLAG_FS, MSTATUS, X0 } from './layout.js';

export const ILLEGAL_INSTRUCTION = 2;
export const BREAKPOINT = 3;

/** The rounding-mode field of an instruction. */
export const RM_RNE = 0;
export const RM_RTZ = 1;
export const RM_DYN = 7;

/** mstatus.FS = dirty, and SD, which sums up the dirty units. */
const FS_DIRTY = (1n << 63n) | (3n << 13n);
const NAN_BOX = -0x100000000;
const CANONICAL_NAN_S = NAN_BOX + 0x7fc00000;

/** A method per IR op that computes or accesses memory: `b.add(x, y)`, `b.ld32s(address, offset)`. */
type OpMethods = Record<BinaryName, (a: Value, b: Value) => Value> &
  Record<UnaryName, (a: Value) => Value> &
  Record<LoadName, (address: Value, offset?: number) => Value> &
  Record<StoreName, (address: Value, value: Value, offset?: number) => void>;

const OpMethods = class {} as new () => OpMethods;

export class RiscvBuilder extends OpMethods {
  /** The IR builder of the current instruction. */
  ir!: Builder;
  /** The current instruction. */
  bits = 0;

  /** Begins the instruction `bits` of `bytes` bytes. */
  begin(ir: Builder, bits: number, bytes: number): void {
    this.ir = ir;
    this.bits = bits;
    ir.insnBytes = bytes;
  }

  imm(value: number | bigint): Value {
    return this.ir.imm(value);
  }

  x(index: number): Value {
    return index === 0 ? this.ir.imm(0) : this.ir.slot(X0 + 8 * index);
  }

  /** Must be the last use of `value`. */
  setX(index: number, value: Value): void {
    if (index !== 0) this.ir.set(X0 + 8 * index, value);
  }

  f(index: number): Value {
    return this.ir.slot(F0 + 8 * index);
  }

  /** Must be the last use of `value`. */
  setF(index: number, value: Value): void {
    this.markFpDirty();
    this.ir.set(F0 + 8 * index, value);
  }

  /** setX for an instruction that may raise floating-point flags. */
  setXAndFlags(index: number, value: Value): void {
    this.markFpDirty();
    this.setX(index, value);
  }

  select(condition: Value, whenTrue: Value, whenFalse: Value): Value {
    return this.ir.select(condition, whenTrue, whenFalse);
  }

  /** Calls a helper, whether its result is used or not. */
  call(helper: HelperName, operands: CallOperands = {}): Value {
    return this.ir.call(HELPER[helper], operands);
  }

  /** An operation on floating-point numbers with a fast path that needs `fastBits` (FP_FAST_*), or 0. */
  float(op: FloatName, helper: HelperName, operands: CallOperands, fastBits: number): Value {
    return this.ir.float(op, HELPER[helper], operands, fastBits);
  }

  /** One whose fast path rounds to nearest, ties to even; the rounding mode of the instruction is `operands.arg`. */
  floatNearest(op: FloatName, helper: HelperName, operands: CallOperands & { readonly arg: number }): Value {
    const { arg: rm } = operands;
    if (rm !== RM_RNE && rm !== RM_DYN) return this.call(helper, operands);
    return this.float(op, helper, operands, rm === RM_DYN ? FP_FAST_DYNAMIC : FP_FAST_NEAREST);
  }

  /** The single in an f register, NaN-boxed: what is not boxed is the canonical NaN. */
  single(index: number): Value {
    const bits = this.f(index);
    return this.select(this.seteq(this.sar(bits, this.imm(32)), this.imm(-1)), bits, this.imm(CANONICAL_NAN_S));
  }

  /** `bits` (of which the high half does not matter) NaN-boxed. */
  box(bits: Value): Value {
    return this.or(bits, this.imm(NAN_BOX));
  }

  pcRel(delta: number): Value {
    return this.ir.pcRel(delta);
  }

  nextPc(): Value {
    return this.ir.nextPc();
  }

  /** What x register `index` holds less the pc, where that is known (`Builder.deltaIn`). */
  deltaIn(index: number): number | undefined {
    return index === 0 ? undefined : this.ir.deltaIn(X0 + 8 * index);
  }

  /** Traps; ends the block. */
  raise(cause: number, tval: Value): void {
    this.call('raise', { a: this.imm(cause), b: tval });
    this.ir.leave();
  }

  illegal(): void {
    this.raise(ILLEGAL_INSTRUCTION, this.imm(this.bits));
  }

  /** False, and the instruction is illegal, while mstatus.FS is off. */
  requireFp(): boolean {
    if ((this.ir.flags & FLAG_FS) !== 0) return true;
    this.illegal();
    return false;
  }

  /** Notes in mstatus.FS that floating-point state changes; to be called behind what may trap. */
  private markFpDirty(): void {
    if ((this.ir.flags & FLAG_FS) === FLAG_FS) return;
    this.ir.set(MSTATUS, this.or(this.ir.slot(MSTATUS), this.imm(FS_DIRTY)));
  }
}

/** The method of the op `name`, undefined for ops that are none. */
function methodOf(name: OpName): unknown {
  const info: OpInfo = OPS[name];
  switch (info.kind) {
    case 'binary':
      return function (this: RiscvBuilder, a: Value, b: Value) {
        return this.ir.binary(name as BinaryName, a, b);
      };
    case 'unary':
      return function (this: RiscvBuilder, a: Value) {
        return this.ir.unary(name as UnaryName, a);
      };
    case 'load':
      return function (this: RiscvBuilder, address: Value, offset = 0) {
        return this.ir.load(name as LoadName, address, offset);
      };
    case 'store':
      return function (this: RiscvBuilder, address: Value, value: Value, offset = 0) {
        this.ir.store(name as StoreName, address, value, offset);
      };
    default:
      return undefined;
  }
}

for (const name of Object.keys(OPS) as OpName[]) {
  const method = methodOf(name);
  if (method) Object.defineProperty(OpMethods.prototype, name, { value: method });
}
