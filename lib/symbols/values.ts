/** What expressions are made of: values of C's integer types, operators on them, and what they are read from. */
import type { ValueType } from './answers.js';

/** A guest that stands still. */
export interface GuestState {
  /** The register's 64 bits. */
  register(name: string): bigint;
  /** `size` (1, 2, 4, 8) bytes at a virtual address, as an unsigned little-endian number; nothing if they cannot be read. */
  read(vaddr: bigint, size: number): bigint | undefined;
}

/** Why an expression has no value now. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** A compiled expression. */
export interface Expression {
  readonly type: ValueType;
  /** The value, sign-extended where the type is signed. Throws `Unavailable`. */
  evaluate(guest: GuestState): bigint;
}

/** An integer type. */
export const scalar = (sizeBytes: number, encoding: 'signed' | 'unsigned'): ValueType => ({ sizeBytes, encoding });
export const [I64, U64] = [scalar(8, 'signed'), scalar(8, 'unsigned')];
const BOOLEAN = scalar(4, 'signed');
/** The largest unsigned number of 64 bits. */
export const MASK = 2n ** 64n - 1n;

const SHIFT_LEVEL = 8;

type Apply = (a: bigint, b: bigint) => bigint;
const truth = (value: boolean): bigint => (value ? 1n : 0n);

export interface OperatorRow {
  readonly level: number;
  readonly apply: Apply;
  readonly isBoolean?: boolean;
}

/** Binary operators: how tightly they bind, and what they do with operands of a common type. `&&` and `||` do not skip their right side. */
export const OPERATORS: Readonly<Record<string, OperatorRow>> = {
  '||': { level: 1, apply: (a, b) => truth(a !== 0n || b !== 0n), isBoolean: true },
  '&&': { level: 2, apply: (a, b) => truth(a !== 0n && b !== 0n), isBoolean: true },
  '|': { level: 3, apply: (a, b) => a | b },
  '^': { level: 4, apply: (a, b) => a ^ b },
  '&': { level: 5, apply: (a, b) => a & b },
  '==': { level: 6, apply: (a, b) => truth(a === b), isBoolean: true },
  '!=': { level: 6, apply: (a, b) => truth(a !== b), isBoolean: true },
  '<': { level: 7, apply: (a, b) => truth(a < b), isBoolean: true },
  '<=': { level: 7, apply: (a, b) => truth(a <= b), isBoolean: true },
  '>': { level: 7, apply: (a, b) => truth(a > b), isBoolean: true },
  '>=': { level: 7, apply: (a, b) => truth(a >= b), isBoolean: true },
  '<<': { level: SHIFT_LEVEL, apply: (a, b) => shift(a, b, (by) => a << by) },
  '>>': { level: SHIFT_LEVEL, apply: (a, b) => shift(a, b, (by) => a >> by) },
  '+': { level: 9, apply: (a, b) => a + b },
  '-': { level: 9, apply: (a, b) => a - b },
  '*': { level: 10, apply: (a, b) => a * b },
  '/': { level: 10, apply: (a, b) => a / nonZero(b) },
  '%': { level: 10, apply: (a, b) => a % nonZero(b) },
};

function nonZero(b: bigint): bigint {
  if (b === 0n) throw new Unavailable('division by zero');
  return b;
}

/** Shifts by 64 or more, which C leaves open, shift everything out. */
function shift(a: bigint, by: bigint, apply: (by: bigint) => bigint): bigint {
  const count = by & MASK;
  return count < 64n ? apply(count) : a < 0n ? -1n : 0n;
}

/** Cuts a value to a type. */
function cut(value: bigint, { sizeBytes, encoding }: ValueType): bigint {
  return encoding === 'signed' ? BigInt.asIntN(8 * sizeBytes, value) : BigInt.asUintN(8 * sizeBytes, value);
}

/** The value of a register of the guest. */
export function register(name: string): Expression {
  return { type: I64, evaluate: (guest) => BigInt.asIntN(64, guest.register(name)) };
}

/** The value of a type at an address; of arrays, structures and functions the address itself. */
export function memory(type: ValueType, address: Expression): Expression {
  const { sizeBytes } = type;
  const at = (guest: GuestState): bigint => BigInt.asUintN(64, address.evaluate(guest));
  if (type.encoding === 'aggregate' || ![1, 2, 4, 8].includes(sizeBytes)) {
    const pointer: ValueType = { sizeBytes: 8, encoding: 'address', ...(type.target && { target: type.target }) };
    return { type: pointer, evaluate: at };
  }
  const evaluate = (guest: GuestState): bigint => {
    const vaddr = at(guest);
    const value = guest.read(vaddr, sizeBytes);
    if (value === undefined) throw new Unavailable(`no memory at 0x${vaddr.toString(16)}`);
    return cut(value, type);
  };
  return { type, evaluate };
}

/** `operand`, cut to a type. */
export function converted(operand: Expression, type: ValueType): Expression {
  return { type, evaluate: (guest) => cut(operand.evaluate(guest), type) };
}

/** C's `!`. */
export function negation(operand: Expression): Expression {
  return { type: BOOLEAN, evaluate: (guest) => truth(operand.evaluate(guest) === 0n) };
}

/** The type that an operator's result has, and its operands are brought to. */
function commonType(...types: readonly ValueType[]): ValueType {
  return types.some(({ sizeBytes, encoding }) => sizeBytes === 8 && encoding !== 'signed') ? U64 : I64;
}

/** What `apply` makes of `operand`. */
export function mapped(operand: Expression, apply: (value: bigint) => bigint): Expression {
  const type = commonType(operand.type);
  return { type, evaluate: (guest) => cut(apply(cut(operand.evaluate(guest), type)), type) };
}

/** The operator of a row, applied to `left` and `right`. */
export function binary({ apply, isBoolean, level }: OperatorRow, left: Expression, right: Expression): Expression {
  // A shift is of its left operand's kind.
  const type = level === SHIFT_LEVEL ? commonType(left.type) : commonType(left.type, right.type);
  const evaluate = (guest: GuestState): bigint => {
    const value = apply(cut(left.evaluate(guest), type), cut(right.evaluate(guest), type));
    return isBoolean ? value : cut(value, type);
  };
  return { type: isBoolean ? BOOLEAN : type, evaluate };
}
