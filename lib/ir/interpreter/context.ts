/** What the cases of the interpreter share: its locals and labels, and operands fetched from the record at `ip` and from the slots. */
import { BLOCK_INSNS, ENV_STAT_INTERPRETED, ENV_STATUS, STATUS_NONE } from '../../mem/layout.js';
import type { Code, Label } from '../../wasm/code.js';
import { BUDGET, ENV } from '../access.js';
import { INNER, type Opcode } from '../encoding.js';
import type { Operands, SlotType } from '../op-kinds.js';

/** The row of an op of one kind. */
export type InfoOf<K extends Opcode['info']['kind']> = Extract<Opcode['info'], { kind: K }>;

export interface Context {
  readonly w: Code;
  readonly types: { run: number; helper: number };
  readonly functions: { codeLoad: number; codeStore: number; blockHead: number; depart: number; dispatch: number };
  readonly locals: { block: number; ip: number; pc: number; vaddr: number; entry: number; value: number; start: number };
  /** Goes on with the next record. */
  readonly next: Label;
  /** Goes on with the block in local `block`. */
  readonly nextBlock: Label;
  /** Goes on with what the cell in CELL points to. */
  readonly follow: Label;
  /** Goes on at the pc in local `pc`. */
  readonly lookUp: Label;
}

/** Adds the ticks since the interpreter was entered to its statistics; `left` pushes the ticks that are left. */
export function account(w: Code, locals: Context['locals'], left: () => void): void {
  w.get(ENV);
  w.get(ENV);
  w.mem('i64.load', ENV_STAT_INTERPRETED);
  w.get(locals.start);
  left();
  w.op('i32.sub');
  w.op('i64.extend_i32_u');
  w.op('i64.add');
  w.mem('i64.store', ENV_STAT_INTERPRETED);
}

/** Address of the slot whose offset is the u16 at `field` of the current record. */
function slotAddress({ w, locals }: Context, field: number): void {
  w.get(ENV);
  w.get(locals.ip);
  w.mem('i32.load16_u', field);
  w.op('i32.add');
}

export function pushSlot(c: Context, field: number, type: SlotType): void {
  slotAddress(c, field);
  c.w.mem(type === 'f64' ? 'f64.load' : 'i64.load', 0);
}

export function pushImmediate({ w, locals }: Context, field = 8): void {
  w.get(locals.ip);
  w.mem('i64.load', field);
}

/** Stores the value that `push` leaves in slot d and goes on. */
export function setD(c: Context, type: SlotType, push: () => void): void {
  slotAddress(c, 2);
  push();
  c.w.mem(type === 'f64' ? 'f64.store' : 'i64.store', 0);
}

export function advance({ w, locals, next }: Context, bytes: number): void {
  w.get(locals.ip);
  w.i32(bytes);
  w.op('i32.add');
  w.set(locals.ip);
  w.br(next);
}

export function operands(c: Context, types: readonly [SlotType, SlotType, SlotType?], immediate: boolean): Operands {
  return {
    a: () => pushSlot(c, 4, types[0]),
    b: () => (immediate ? pushImmediate(c) : pushSlot(c, 6, types[1])),
    c: () => pushSlot(c, 8, types[2] ?? 'i64'),
  };
}

/** Pushes the ticks left before the current instruction, whose index is in the record. */
export function pushExactBudget({ w, locals }: Context): void {
  w.get(BUDGET);
  w.get(locals.block);
  w.mem('i32.load', BLOCK_INSNS);
  w.op('i32.add');
  pushInsn({ w, locals });
  w.op('i32.sub');
}

/** Pushes the index of the current instruction. */
export function pushInsn({ w, locals }: Pick<Context, 'w' | 'locals'>): void {
  w.get(locals.ip);
  w.mem('i32.load16_u', 14);
  w.i32(INNER - 1);
  w.op('i32.and');
}

export function clearStatus(w: Code): void {
  w.get(ENV);
  w.i32(STATUS_NONE);
  w.mem('i32.store', ENV_STATUS);
}
