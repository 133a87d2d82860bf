/** Line programs (DWARF 5, 6.2.5): a byte code whose rows say which line an instruction comes from. */
import type { Cursor } from '../cursor.js';
import type { LineHeader } from './line-header.js';

/** Rows as columns, in the order of the program; those of a sequence are in order of address. */
export interface LineRows {
  readonly sequences: readonly Sequence[];
  /** Bytes behind the beginning of the sequence. */
  readonly offsets: Uint32Array;
  /** Number of the file in the header. */
  readonly files: Uint32Array;
  /** From 1 on; 0: no line. */
  readonly lines: Uint32Array;
  readonly columns: Uint32Array;
  /** 1: a good place for a breakpoint. */
  readonly statements: Uint8Array;
}

/** Rows that follow each other in memory without a gap. */
export interface Sequence {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly firstRow: number;
  readonly rowCount: number;
}

const DW_LNS_EXTENDED = 0;
const DW_LNE_END_SEQUENCE = 1;
const DW_LNE_SET_ADDRESS = 2;
/** No code is larger; it keeps offsets in 32 bits. */
const SEQUENCE_MAX = 2 ** 32 - 1;

type Opcode = (machine: LineMachine) => void;

const IGNORE: Opcode = () => {};
/** By number, from 1 on. */
const STANDARD: readonly (readonly [name: string, operands: number, run: Opcode])[] = [
  ['extended', 0, IGNORE],
  ['copy', 0, (m) => m.emit()],
  ['advance_pc', 1, (m) => m.advance(m.cursor.uleb())],
  ['advance_line', 1, (m) => (m.line += m.cursor.sleb())],
  ['set_file', 1, (m) => (m.file = m.cursor.uleb())],
  ['set_column', 1, (m) => (m.column = m.cursor.uleb())],
  ['negate_stmt', 0, (m) => (m.isStatement = !m.isStatement)],
  ['set_basic_block', 0, IGNORE],
  ['const_add_pc', 0, (m) => m.advance(Math.floor((255 - m.header.opcodeBase) / m.header.lineRange))],
  ['fixed_advance_pc', 1, (m) => m.advanceBytes(m.cursor.u16())],
  ['set_prologue_end', 0, IGNORE],
  ['set_epilogue_begin', 0, IGNORE],
  ['set_isa', 1, (m) => m.cursor.uleb()],
];

/** The registers of the line-number machine, and the rows that it has made. */
class LineMachine {
  readonly header: LineHeader;
  readonly cursor: Cursor;
  readonly sequences: Sequence[] = [];
  readonly offsets: number[] = [];
  readonly files: number[] = [];
  readonly lines: number[] = [];
  readonly columns: number[] = [];
  readonly statements: number[] = [];
  file = 1;
  line = 1;
  column = 0;
  isStatement: boolean;
  /** The address is the sum of both: `start` is the first one that the sequence set. */
  private start = 0n;
  private offset = 0;
  private opIndex = 0;
  private firstRow = 0;
  private isSorted = true;

  constructor(header: LineHeader, cursor: Cursor) {
    this.header = header;
    this.cursor = cursor;
    this.isStatement = header.defaultIsStmt;
  }

  advance(operations: number): void {
    const { minInsnLength, maxOpsPerInsn } = this.header;
    if (maxOpsPerInsn === 1) {
      this.advanceBytes(operations * minInsnLength);
      return;
    }
    const sum = this.opIndex + operations;
    this.advanceBytes(minInsnLength * Math.floor(sum / maxOpsPerInsn));
    this.opIndex = sum % maxOpsPerInsn;
  }

  advanceBytes(bytes: number): void {
    this.offset += bytes;
    this.opIndex = 0;
    if (!(this.offset <= SEQUENCE_MAX)) throw this.cursor.fail('line program leads out of 4 GiB');
  }

  special(opcode: number): void {
    const { opcodeBase, lineBase, lineRange } = this.header;
    const adjusted = opcode - opcodeBase;
    this.advance(Math.floor(adjusted / lineRange));
    this.line += lineBase + (adjusted % lineRange);
    this.emit();
  }

  standard(opcode: number): void {
    const operands = this.header.opcodeLengths[opcode - 1] as number;
    const row = STANDARD[opcode];
    // An opcode from the future, or with other operands than it has had so far: its operands are numbers in any case.
    if (row && row[1] === operands) row[2](this);
    else for (let i = 0; i < operands; i++) this.cursor.uleb();
  }

  extended(): void {
    const { cursor } = this;
    const length = cursor.uleb();
    const start = cursor.at;
    cursor.skip(length);
    if (length === 0) return;
    const opcode = cursor.bytes[start];
    if (opcode === DW_LNE_END_SEQUENCE) this.endSequence();
    else if (opcode === DW_LNE_SET_ADDRESS) {
      cursor.at = start + 1;
      this.setAddress(cursor.address(length - 1));
    }
    cursor.at = start + length;
  }

  private setAddress(address: bigint): void {
    this.opIndex = 0;
    if (this.offsets.length === this.firstRow) {
      this.start = address;
      this.offset = 0;
      return;
    }
    const offset = address - this.start;
    if (offset < 0n || offset > BigInt(SEQUENCE_MAX)) throw this.cursor.fail('line program leads out of 4 GiB');
    this.offset = Number(offset);
  }

  emit(): void {
    const last = this.offsets.length - 1;
    if (last >= this.firstRow && this.offset < this.offsets[last]!) this.isSorted = false;
    this.offsets.push(this.offset);
    this.files.push(this.file);
    this.lines.push(this.line);
    this.columns.push(this.column);
    this.statements.push(this.isStatement ? 1 : 0);
  }

  private endSequence(): void {
    const { start, firstRow } = this;
    if (!this.isSorted) this.sortRows();
    this.sequences.push({ start, end: start + BigInt(this.offset), firstRow, rowCount: this.offsets.length - firstRow });
    this.file = 1;
    this.line = 1;
    this.column = 0;
    this.isStatement = this.header.defaultIsStmt;
    this.start = 0n;
    this.offset = 0;
    this.opIndex = 0;
    this.firstRow = this.offsets.length;
    this.isSorted = true;
  }

  /** Addresses must not decrease, but linkers that relax code have let them. */
  private sortRows(): void {
    const { firstRow } = this;
    const order = this.offsets.map((_, row) => row).slice(firstRow);
    order.sort((a, b) => this.offsets[a]! - this.offsets[b]!);
    for (const column of [this.offsets, this.files, this.lines, this.columns, this.statements]) {
      const sorted = order.map((row) => column[row] as number);
      for (const [i, value] of sorted.entries()) column[firstRow + i] = value;
    }
  }
}

/** Runs the program of a header; `cursor` reads its unit. Rows after the last end of a sequence are dropped. Throws `ImageError`. */
export function runLineProgram(header: LineHeader, cursor: Cursor): LineRows {
  const machine = new LineMachine(header, cursor);
  cursor.at = header.program;
  while (!cursor.isAtEnd) {
    const opcode = cursor.u8();
    if (opcode >= header.opcodeBase) machine.special(opcode);
    else if (opcode === DW_LNS_EXTENDED) machine.extended();
    else machine.standard(opcode);
  }
  return {
    sequences: machine.sequences,
    offsets: Uint32Array.from(machine.offsets),
    files: Uint32Array.from(machine.files),
    lines: Uint32Array.from(machine.lines),
    columns: Uint32Array.from(machine.columns),
    statements: Uint8Array.from(machine.statements),
  };
}
