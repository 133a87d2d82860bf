/**
 * IR as bytecode in linear memory: the only form in which IR is kept. The interpreter runs it; lowering reads it back.
 *
 * A record has 16 bytes: u16 opcode, u16 d, u16 a, u16 b, then 8 bytes that depend on the op's kind. d, a and b are byte offsets of slots
 * in the hart's area.
 *
 *     binary, immediate form   +8 i64 immediate (b unused)
 *     const, pcrel, debug      +8 i64 immediate
 *     select                   +8 u16 slot c
 *     load, store              +8 i32 offset, +14 u16 index of the instruction in its block (| INNER)
 *     call, float              +8 u16 slot c, +10 u16 helper, +12 u16 arg, +14 u16 index of the instruction (| INNER)
 *     settle                   +14 u16 index of the instruction
 *
 * goto and branch end a block and take several records: each target is a cell (i32: host address of a block header, at +0 of the cell) with
 * its pcOffset (i64) at CELL_TARGET behind it. An indirect exit keeps a profile: the low 32 bits of the last pcOffsets that the
 * interpreter went to, -1 where there is none yet.
 *
 *     goto                     +8 cell, +12 i32 hint, +24 i64 target, +16 i64 pcOffset that a call returns to (with HINT_CALL)
 *     indirect                 +8 i32 hint (HINT_*), +12 i32 profile position, +16 u32[8] profile
 *     branch                   +8 i64 immediate b, +16 cell when taken, +24 cell when not taken, +32 i64, +40 i64 targets
 */
import type { OpInfo } from './op-kinds.js';
import { OPS, type OpName } from './ops.js';

/** Marks an op that may leave the block but is not the last of its instruction: STATUS_EXIT then waits for a `settle`. */
export const INNER = 0x8000;

export const CELL_TARGET = 16;
export const GOTO_CELL = 8;
export const GOTO_HINT = 12;
export const GOTO_RETURN = 16;
export const BRANCH_TAKEN = 16;
export const BRANCH_FALL = 24;
export const INDIRECT_HINT = 8;
export const INDIRECT_POSITION = 12;
export const INDIRECT_PROFILE = 16;
export const PROFILE_LENGTH = 8;
export const INDIRECT_SIZE = 48;
export const GOTO_SIZE = 32;
export const BRANCH_SIZE = 48;

export const HINT_NONE = 0;
/** A static or indirect exit that calls: the pcOffset it returns to is known. */
export const HINT_CALL = 1;
/** An indirect exit that returns from a call. */
export const HINT_RETURN = 2;

/** One bytecode opcode: an op, in register or immediate form. */
export interface Opcode {
  readonly name: OpName;
  readonly info: OpInfo;
  readonly immediate: boolean;
}

/** All bytecode opcodes, by number. */
export const BYTECODES: readonly Opcode[] = (Object.keys(OPS) as OpName[]).flatMap((name): Opcode[] => {
  const info: OpInfo = OPS[name];
  const register = { name, info, immediate: false };
  return info.kind === 'binary' || info.kind === 'branch' ? [register, { name, info, immediate: true }] : [register];
});

/** Number of an op's register form; its immediate form is the next number. */
export const OPCODE_NUMBER = Object.fromEntries(
  (Object.keys(OPS) as OpName[]).map((name) => [name, BYTECODES.findIndex((op) => op.name === name)]),
) as Record<OpName, number>;

/** Bytes of a record with this op. */
export function recordSize(info: OpInfo): number {
  switch (info.kind) {
    case 'goto':
      return GOTO_SIZE;
    case 'branch':
      return BRANCH_SIZE;
    case 'indirect':
      return INDIRECT_SIZE;
    default:
      return 16;
  }
}

/** Whether the op ends a block. */
export function endsBlock(info: OpInfo): boolean {
  return info.kind === 'goto' || info.kind === 'branch' || info.kind === 'indirect' || info.kind === 'leave' || info.kind === 'debug';
}
