/** IR as text, for tests of front ends: translates one instruction and lists its records. */
import { Builder } from '../../lib/ir/builder.js';
import { BRANCH_FALL, BRANCH_TAKEN, BYTECODES, CELL_TARGET, endsBlock, GOTO_CELL, GOTO_HINT, recordSize } from '../../lib/ir/encoding.js';
import type { Guest } from '../../lib/isa/guest.js';
import { BLOCK_CODE, ENV_TEMPS, ENV_TEMPS_END } from '../../lib/mem/layout.js';

export interface Listing {
  /** A line per record: op, destination, operands. Constants are decimal, pcs less the instruction's start with `.`. */
  readonly lines: string[];
  readonly insnBytes: number;
  readonly ended: boolean;
}

const HEADER = 0x2000;
const PC_OFFSET = 0x100;
const memory = new WebAssembly.Memory({ initial: 1 });
const view = new DataView(memory.buffer);

/** Translates the instruction `bits`, which lies at page offset 0x100, under the TB flags `flags`. */
export function list(guest: Guest, bits: number, flags: number): Listing {
  const builder = new Builder(memory, { zeroSlot: guest.zeroSlot, chain: true });
  builder.beginBlock(HEADER, { pcOffset: PC_OFFSET, fixedPc: false, flags });
  builder.beginInsn(PC_OFFSET);
  guest.translateInsn(builder, { unit: (i) => (bits >>> (16 * i)) & 0xffff, byte: (i) => (bits >>> (8 * i)) & 0xff });
  const lines: string[] = [];
  for (let at = HEADER + BLOCK_CODE; at < builder.cursor; ) {
    lines.push(line(guest, at));
    at += recordSize(opcodeAt(at).info);
  }
  return { lines, insnBytes: builder.insnBytes, ended: builder.ended };
}

const opcodeAt = (at: number) => BYTECODES[view.getUint16(at, true)]!;
const pc = (at: number): string => `.${Number(view.getBigInt64(at, true)) - PC_OFFSET}`;
const cell = (at: number): string => pc(at + CELL_TARGET);

function slot(guest: Guest, at: number): string {
  const offset = view.getUint16(at, true);
  if (offset >= ENV_TEMPS && offset < ENV_TEMPS_END) return `t${(offset - ENV_TEMPS) / 8}`;
  if (offset === guest.zeroSlot) return 'zero';
  return guest.registers.find((register) => register.offset === offset)?.name ?? `[0x${offset.toString(16)}]`;
}

function line(guest: Guest, at: number): string {
  const { name, info, immediate } = opcodeAt(at);
  const [d, a, b, c] = [2, 4, 6, 8].map((field) => slot(guest, at + field));
  const imm = `${view.getBigInt64(at + 8, true)}`;
  const right = immediate ? imm : b;
  switch (info.kind) {
    case 'binary':
      return `${name} ${d} ${a} ${right}`;
    case 'unary':
      return `${name} ${d} ${a}`;
    case 'const':
    case 'pcrel':
      return `${name} ${d} ${info.kind === 'pcrel' ? pc(at + 8) : imm}`;
    case 'select':
      return `${name} ${d} ${a} ${b} ${c}`;
    case 'load':
      return `${name} ${d} ${a}+${view.getInt32(at + 8, true)}`;
    case 'store':
      return `${name} ${a}+${view.getInt32(at + 8, true)} ${b}`;
    case 'call':
    case 'float':
      return `${name} ${d} ${guest.helpers[view.getUint16(at + 10, true)]!.name} ${a} ${b} ${c} ${view.getUint16(at + 12, true)}`;
    case 'goto':
      return `${name} ${cell(at + GOTO_CELL)} hint ${view.getInt32(at + GOTO_HINT, true)}`;
    case 'indirect':
      return `${name} ${a} hint ${view.getInt32(at + 8, true)}`;
    case 'branch':
      return `${name} ${a} ${immediate ? imm : b} ${cell(at + BRANCH_TAKEN)} ${cell(at + BRANCH_FALL)}`;
    default:
      return endsBlock(info) ? name : `${name}?`;
  }
}
