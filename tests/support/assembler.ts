/**
 * A small RISC-V assembler for tests, on top of the instruction table: labels, `li`/`la`, the usual pseudo-instructions.
 *
 *     const code = asm((a) => {
 *       a.li('a0', 5);
 *       a.label('loop');
 *       a.insn('addi', 'a0', 'a0', -1);
 *       a.text('bnez a0, loop; ecall');
 *     });
 *
 * Operands come in the order of the instruction's syntax; `imm(rs1)` may be given as one string. What it emits is never relaxed.
 */

import { csrNumber } from '../../lib/isa/riscv/csr-names.js';
import { encode, hasRow, type InsnRow, registerClass, rowOf } from './instructions.js';
import { REGISTERS } from './registers.js';

export type Operand = string | number | bigint;

interface Fixup {
  readonly offset: number;
  readonly label: string;
  readonly patch: (pcRelative: number) => void;
}

const integer = /^[-+]?(0x[0-9a-f]+|\d+)$/i;

/** Pseudo-instruction -> what it stands for; `$1`.. are its operands. */
const PSEUDO: Readonly<Record<string, string>> = {
  nop: 'addi zero, zero, 0',
  pause: 'fence 0, 1, 0',
  mv: 'addi $1, $2, 0',
  not: 'xori $1, $2, -1',
  neg: 'sub $1, zero, $2',
  negw: 'subw $1, zero, $2',
  'sext.w': 'addiw $1, $2, 0',
  seqz: 'sltiu $1, $2, 1',
  snez: 'sltu $1, zero, $2',
  sltz: 'slt $1, $2, zero',
  sgtz: 'slt $1, zero, $2',
  beqz: 'beq $1, zero, $2',
  bnez: 'bne $1, zero, $2',
  bltz: 'blt $1, zero, $2',
  bgez: 'bge $1, zero, $2',
  blez: 'bge zero, $1, $2',
  bgtz: 'blt zero, $1, $2',
  bgt: 'blt $2, $1, $3',
  ble: 'bge $2, $1, $3',
  bgtu: 'bltu $2, $1, $3',
  bleu: 'bgeu $2, $1, $3',
  j: 'jal zero, $1',
  call: 'jal ra, $1',
  tail: 'jal zero, $1',
  jr: 'jalr zero, 0($1)',
  ret: 'jalr zero, 0(ra)',
  csrr: 'csrrs $1, $2, zero',
  csrw: 'csrrw zero, $1, $2',
  csrs: 'csrrs zero, $1, $2',
  csrc: 'csrrc zero, $1, $2',
  csrwi: 'csrrwi zero, $1, $2',
  csrsi: 'csrrsi zero, $1, $2',
  csrci: 'csrrci zero, $1, $2',
  'fmv.d': 'fsgnj.d $1, $2, $2',
  'fmv.s': 'fsgnj.s $1, $2, $2',
  frcsr: 'csrrs $1, fcsr, zero',
  fscsr: 'csrrw zero, fcsr, $1',
};

const ROUNDING: Readonly<Record<string, number>> = { rne: 0, rtz: 1, rdn: 2, rup: 3, rmm: 4, dyn: 7 };

export class Assembler {
  /** Address of the first byte. */
  readonly base: number;
  readonly symbols = new Map<string, number>();
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private readonly fixups: Fixup[] = [];
  private localLabels = 0;

  constructor(base = 0x8000_0000) {
    this.base = base;
  }

  /** Address of what is emitted next. */
  get here(): number {
    return this.base + this.length;
  }

  label(name: string): void {
    if (this.symbols.has(name)) throw new RangeError(`label ${name} is defined twice`);
    this.symbols.set(name, this.here);
  }

  /** A name that is no other label's. */
  freshLabel(hint = 'L'): string {
    return `.${hint}${this.localLabels++}`;
  }

  /** Makes `name` stand for a number in operands. */
  define(name: string, value: number): void {
    this.symbols.set(name, value);
  }

  half(value: number): void {
    const offset = this.reserve(2);
    this.view.setUint16(offset, value, true);
  }

  word(value: number): void {
    const offset = this.reserve(4);
    this.view.setUint32(offset, value, true);
  }

  dword(value: number | bigint): void {
    const offset = this.reserve(8);
    this.view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
  }

  /** A dword that holds the address of `label` plus `addend`. */
  address(label: string, addend = 0): void {
    const offset = this.reserve(8);
    this.fixups.push({ offset, label, patch: (rel) => this.view.setBigUint64(offset, BigInt(this.base + offset + rel + addend), true) });
  }

  /** Zero bytes up to the next multiple of `alignment` (of the address). */
  align(alignment: number): void {
    this.space((alignment - (this.here % alignment)) % alignment);
  }

  /** Zero bytes up to the address `address`. */
  org(address: number): void {
    if (address < this.here) throw new RangeError(`org 0x${address.toString(16)} lies behind 0x${this.here.toString(16)}`);
    this.space(address - this.here);
  }

  space(size: number): void {
    this.reserve(size);
  }

  /** The bits of an instruction as they are. */
  raw(bits: number): void {
    if ((bits & 3) === 3) this.word(bits);
    else this.half(bits);
  }

  /** One instruction, or a pseudo-instruction. */
  insn(name: string, ...operands: readonly Operand[]): void {
    if (name === 'li') this.li(`${operands[0]}`, this.constant(`${operands[1]}`));
    else if (name === 'la') this.la(`${operands[0]}`, `${operands[1]}`);
    else if (hasRow(name)) this.row(rowOf(name), operands.map(String));
    else {
      const pseudo = PSEUDO[name];
      if (!pseudo) throw new RangeError(`no instruction ${name}`);
      this.text(pseudo.replace(/\$(\d)/g, (_, n) => String(operands[Number(n) - 1])));
    }
  }

  /** Assembly text: instructions and labels, separated by newlines or `;`, comments from `#` to the end of the line. */
  text(source: string): void {
    for (const line of source.replace(/#.*$/gm, '').split(/[\n;]/)) this.line(line.trim());
  }

  /** Loads a 64-bit constant, in 1 to 8 instructions. */
  li(rd: string, value: number | bigint): void {
    const v = BigInt.asIntN(64, BigInt(value));
    if (v === BigInt.asIntN(32, v)) {
      this.li32(rd, Number(v));
      return;
    }
    const low = BigInt.asIntN(12, v);
    let rest = (v - low) >> 12n;
    let shift = 12;
    while ((rest & 1n) === 0n) {
      rest >>= 1n;
      shift++;
    }
    this.li(rd, BigInt.asIntN(64 - shift, rest));
    this.insn('slli', rd, rd, shift);
    if (low !== 0n) this.insn('addi', rd, rd, low);
  }

  /** Loads the address of `label`, relative to the pc: always two instructions. */
  la(rd: string, label: string): void {
    const offset = this.length;
    this.space(8);
    const register = this.register(rd);
    this.fix(offset, label, (rel) => {
      const low = (rel << 20) >> 20;
      this.view.setUint32(offset, encode('auipc', { rd: register, imm: (rel - low) | 0 }), true);
      this.view.setUint32(offset + 4, encode('addi', { rd: register, rs1: register, imm: low }), true);
    });
  }

  /** The bytes, with every label resolved. */
  finish(): Uint8Array {
    for (const { offset, label, patch } of this.fixups) {
      const target = this.symbols.get(label);
      if (target === undefined) throw new RangeError(`label ${label} is not defined`);
      patch(target - this.base - offset);
    }
    this.fixups.length = 0;
    return this.bytes.slice(0, this.length);
  }

  private li32(rd: string, value: number): void {
    const low = (value << 20) >> 20;
    const high = (value - low) | 0;
    if (high !== 0) this.raw(encode('lui', { rd: this.register(rd), imm: high }));
    if (high === 0) this.insn('addi', rd, 'zero', low);
    else if (low !== 0) this.insn('addiw', rd, rd, low);
  }

  private line(line: string): void {
    const label = /^([.\w]+):\s*/.exec(line);
    if (label) {
      this.label(label[1]!);
      this.line(line.slice(label[0].length));
      return;
    }
    if (line === '') return;
    const [, name, rest] = /^(\S+)\s*(.*)$/.exec(line)!;
    const operands = rest === '' ? [] : rest!.split(',').map((operand) => operand.trim());
    if (name === '.dword') for (const operand of operands) this.dword(this.number(operand));
    else if (name === '.word') for (const operand of operands) this.word(this.number(operand));
    else if (name === '.align') this.align(this.number(operands[0]!));
    else if (name === '.space') this.space(this.number(operands[0]!));
    else this.insn(name!, ...operands);
  }

  private row(row: InsnRow, operands: readonly string[]): void {
    const values: Record<string, number> = {};
    const fields = new Map(Object.entries(row.fields));
    const offset = this.length;
    let target: string | undefined;
    const take = (name: string, text: string): void => {
      const field = fields.get(name);
      if (!field) throw new RangeError(`${row.name} has no operand for '${text}'`);
      fields.delete(name);
      if (registerClass(name, field)) values[name] = this.register(text);
      else if (name === 'rm') values[name] = ROUNDING[text] ?? this.number(text);
      else if (name === 'csr') values[name] = csrNumber(text) ?? this.number(text);
      else if (name === 'imm' && !this.isNumber(text)) target = text;
      else values[name] = this.number(text);
    };
    const based = operands.filter((operand) => /\(\w+\)$/.test(operand));
    for (const operand of based) {
      const [, imm, base] = /^(.*)\((\w+)\)$/.exec(operand)!;
      take('rs1', base!);
      if (fields.has('imm')) take('imm', imm || '0');
    }
    for (const operand of operands) {
      if (based.includes(operand)) continue;
      const [next] = fields.keys();
      take(next ?? '', operand);
    }
    if (target !== undefined) values.imm = 0;
    const bits = (): number => encode(row.name, values);
    this.raw(bits());
    if (target === undefined) return;
    this.fix(offset, target, (rel) => {
      values.imm = rel;
      if (row.width === 16) this.view.setUint16(offset, bits(), true);
      else this.view.setUint32(offset, bits(), true);
    });
  }

  private fix(offset: number, label: string, patch: (pcRelative: number) => void): void {
    this.fixups.push({ offset, label, patch });
  }

  private register(name: string): number {
    const index = REGISTERS.get(name);
    if (index === undefined) throw new RangeError(`no register ${name}`);
    return index;
  }

  private constant(text: string): number | bigint {
    return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : this.number(text);
  }

  /** A constant: an integer, a defined name, or a sum or difference of them. */
  private number(text: string): number {
    let sum = 0;
    for (const [, sign, term] of text.replaceAll(' ', '').matchAll(/([-+]?)([^-+]+)/g)) {
      const value = integer.test(term!) ? Number(term) : this.symbols.get(term!);
      if (value === undefined) throw new RangeError(`no constant ${term}`);
      sum += sign === '-' ? -value : value;
    }
    return sum;
  }

  private isNumber(text: string): boolean {
    return [...text.replaceAll(' ', '').matchAll(/[-+]?([^-+]+)/g)].every(
      ([, term]) => integer.test(term!) || (this.symbols.get(term!) ?? this.base) < 4096,
    );
  }

  private reserve(size: number): number {
    const offset = this.length;
    this.length += size;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return offset;
  }
}

/** Assembles what `build` writes, at address `base`. */
export function asm(build: (a: Assembler) => void, base = 0x8000_0000): Uint8Array {
  const assembler = new Assembler(base);
  build(assembler);
  return assembler.finish();
}
