/**
 * The instructions of the toy guest: opcode byte, operand bytes, semantics.
 *
 * They are what x86 has and RISC-V has not: 1 to 10 bytes, flags, operands in memory, several effects behind an access that may fault or ask to
 * leave translated code, and an encoding whose length depends on a mode.
 */
import type { Builder, Value } from '../../../lib/ir/builder.js';
import { HINT_RETURN } from '../../../lib/ir/encoding.js';
import type { BinaryName } from '../../../lib/ir/ops.js';
import { HELPER } from './helpers.js';
import { CAUSE_SYS, FLAG_N, FLAG_Z, LINK, R0, STACK } from './layout.js';

/** `reg`: a register; `pair`: two registers; `byte`: 0..255; `disp`: a signed byte; `rel`: 16 bits, from the next instruction; `wide`: 8 bytes, or 4. */
export type OperandKind = 'reg' | 'pair' | 'byte' | 'disp' | 'rel' | 'wide';

export interface Operands {
  rd: number;
  rs: number;
  imm: number;
  wide: bigint;
}

export interface ToyRow {
  readonly opcode: number;
  readonly operands: readonly OperandKind[];
  readonly emit: (b: Builder, o: Readonly<Operands>) => void;
}

export const slotOf = (register: number): number => R0 + 8 * register;
const reg = (b: Builder, register: number): Value => b.slot(slotOf(register));
const setReg = (b: Builder, register: number, value: Value): void => b.set(slotOf(register), value);

function setFlags(b: Builder, result: Value): void {
  b.set(FLAG_Z, b.binary('seteq', result, b.imm(0)));
  b.set(FLAG_N, b.binary('setlts', result, b.imm(0)));
}

const alu =
  (op: BinaryName): ToyRow['emit'] =>
  (b, o) => {
    const result = b.binary(op, reg(b, o.rd), reg(b, o.rs));
    setFlags(b, result);
    setReg(b, o.rd, result);
  };

/** Adds `delta` to the stack pointer: always behind the access. */
const moveStack = (b: Builder, delta: number): void => setReg(b, STACK, b.binary('add', reg(b, STACK), b.imm(delta)));

function push(b: Builder, value: Value): void {
  b.store('st64', reg(b, STACK), value, -8);
  moveStack(b, -8);
}

const jumpIf =
  (flag: number, set: boolean): ToyRow['emit'] =>
  (b, o) =>
    b.branchRel(set ? 'brne' : 'breq', b.slot(flag), b.imm(0), b.insnBytes + o.imm);

const call =
  (helper: keyof typeof HELPER): ToyRow['emit'] =>
  (b, o) =>
    void b.call(HELPER[helper], { a: reg(b, o.rd), b: b.imm(o.imm) });

// biome-ignore format: a table
export const TOY = {
  nop:   { opcode: 0x01, operands: [],               emit: () => {} },
  ldi8:  { opcode: 0x10, operands: ['reg', 'disp'],  emit: (b, o) => setReg(b, o.rd, b.imm(o.imm)) },
  ldi:   { opcode: 0x11, operands: ['reg', 'wide'],  emit: (b, o) => setReg(b, o.rd, b.imm(o.wide)) },
  mov:   { opcode: 0x12, operands: ['pair'],         emit: (b, o) => setReg(b, o.rd, reg(b, o.rs)) },
  add:   { opcode: 0x20, operands: ['pair'],         emit: alu('add') },
  sub:   { opcode: 0x21, operands: ['pair'],         emit: alu('sub') },
  and:   { opcode: 0x22, operands: ['pair'],         emit: alu('and') },
  xor:   { opcode: 0x23, operands: ['pair'],         emit: alu('xor') },
  mul:   { opcode: 0x24, operands: ['pair'],         emit: alu('mul') },
  getf:  { opcode: 0x26, operands: ['reg'],          emit: (b, o) => setReg(b, o.rd, b.binary('or', b.slot(FLAG_Z), b.binary('shl', b.slot(FLAG_N), b.imm(1)))) },
  setf:  { opcode: 0x27, operands: ['reg'],          emit: (b, o) => {
    b.set(FLAG_Z, b.binary('and', reg(b, o.rd), b.imm(1)));
    b.set(FLAG_N, b.binary('and', b.binary('shr', reg(b, o.rd), b.imm(1)), b.imm(1)));
  } },
  cmp:   { opcode: 0x25, operands: ['pair'],         emit: (b, o) => setFlags(b, b.binary('sub', reg(b, o.rd), reg(b, o.rs))) },

  ld:    { opcode: 0x30, operands: ['pair', 'disp'], emit: (b, o) => setReg(b, o.rd, b.load('ld64', reg(b, o.rs), o.imm)) },
  ldb:   { opcode: 0x31, operands: ['pair', 'disp'], emit: (b, o) => setReg(b, o.rd, b.load('ld8u', reg(b, o.rs), o.imm)) },
  st:    { opcode: 0x32, operands: ['pair', 'disp'], emit: (b, o) => b.store('st64', reg(b, o.rd), reg(b, o.rs), o.imm) },
  stb:   { opcode: 0x33, operands: ['pair', 'disp'], emit: (b, o) => b.store('st8', reg(b, o.rd), reg(b, o.rs), o.imm) },
  push:  { opcode: 0x38, operands: ['reg'],          emit: (b, o) => push(b, reg(b, o.rd)) },
  pop:   { opcode: 0x39, operands: ['reg'],          emit: (b, o) => { const value = b.load('ld64', reg(b, STACK)); moveStack(b, 8); setReg(b, o.rd, value); } },
  addm:  { opcode: 0x3a, operands: ['pair', 'disp'], emit: (b, o) => {
    const result = b.binary('add', reg(b, o.rd), b.load('ld64', reg(b, o.rs), o.imm));
    setFlags(b, result);
    setReg(b, o.rd, result);
  } },
  incm:  { opcode: 0x3b, operands: ['reg', 'disp'],  emit: (b, o) => {
    const result = b.binary('add', b.load('ld64', reg(b, o.rd), o.imm), b.imm(1));
    b.store('st64', reg(b, o.rd), result, o.imm);
    setFlags(b, result);
  } },
  xchg:  { opcode: 0x3c, operands: ['pair'],         emit: (b, o) => {
    const value = b.load('ld64', reg(b, o.rs));
    b.store('st64', reg(b, o.rs), reg(b, o.rd));
    setReg(b, o.rd, value);
  } },

  jmp:   { opcode: 0x40, operands: ['rel'],          emit: (b, o) => b.jumpRel(b.insnBytes + o.imm) },
  jz:    { opcode: 0x41, operands: ['rel'],          emit: jumpIf(FLAG_Z, true) },
  jnz:   { opcode: 0x42, operands: ['rel'],          emit: jumpIf(FLAG_Z, false) },
  jlt:   { opcode: 0x43, operands: ['rel'],          emit: jumpIf(FLAG_N, true) },
  jr:    { opcode: 0x44, operands: ['reg'],          emit: (b, o) => b.jumpIndirect(reg(b, o.rd)) },
  call:  { opcode: 0x45, operands: ['rel'],          emit: (b, o) => { setReg(b, LINK, b.nextPc()); b.jumpRel(b.insnBytes + o.imm, { isCall: true }); } },
  ret:   { opcode: 0x46, operands: [],               emit: (b) => b.jumpIndirect(reg(b, LINK), HINT_RETURN) },
  calls: { opcode: 0x47, operands: ['rel'],          emit: (b, o) => { push(b, b.nextPc()); b.jumpRel(b.insnBytes + o.imm, { isCall: true }); } },
  rets:  { opcode: 0x48, operands: [],               emit: (b) => { const target = b.load('ld64', reg(b, STACK)); moveStack(b, 8); b.jumpIndirect(target, HINT_RETURN); } },
  jnzm:  { opcode: 0x49, operands: ['reg', 'rel'],   emit: (b, o) => b.branchRel('brne', b.load('ld64', reg(b, o.rd)), b.imm(0), b.insnBytes + o.imm) },

  sys:   { opcode: 0x50, operands: ['byte'],         emit: (b, o) => raise(b, CAUSE_SYS, o.imm) },
  iret:  { opcode: 0x51, operands: [],               emit: (b) => { b.call(HELPER.iret); b.leave(); } },
  rdc:   { opcode: 0x52, operands: ['reg', 'byte'],  emit: (b, o) => setReg(b, o.rd, b.call(HELPER.rdc, { b: b.imm(o.imm) })) },
  wrc:   { opcode: 0x53, operands: ['reg', 'byte'],  emit: call('wrc') },
  user:  { opcode: 0x54, operands: [],               emit: (b) => void b.call(HELPER.user) },
  mode:  { opcode: 0x55, operands: ['byte'],         emit: (b, o) => void b.call(HELPER.mode, { b: b.imm(o.imm) }) },
  irq:   { opcode: 0x56, operands: ['byte'],         emit: (b, o) => void b.call(HELPER.irq, { b: b.imm(o.imm) }) },
  wait:  { opcode: 0x57, operands: [],               emit: (b) => void b.call(HELPER.wait) },
} as const satisfies Record<string, ToyRow>;

export type ToyName = keyof typeof TOY;

export const ROW_BY_OPCODE: ReadonlyMap<number, ToyRow & { readonly name: ToyName }> = new Map(
  (Object.keys(TOY) as ToyName[]).map((name) => [TOY[name].opcode, { ...(TOY[name] as ToyRow), name }]),
);

/** Bytes of an operand. */
export function operandBytes(kind: OperandKind, narrow: boolean): number {
  if (kind === 'wide') return narrow ? 4 : 8;
  return kind === 'rel' ? 2 : 1;
}

/** A trap with `cause`; ends the block. */
export function raise(b: Builder, cause: number, tval: number): void {
  b.call(HELPER.raise, { a: b.imm(cause), b: b.imm(tval) });
  b.leave();
}
