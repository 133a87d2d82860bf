/**
 * The `coldcode` guest: several hundred thousand distinct instructions, each executed once. It measures translation, not translated code.
 * Functions of straight-line integer code with short forward branches, about half of it compressed, called one after the other.
 * The ELF is generated, so that no big file is committed; the same arguments give the same bytes.
 */
import { encode } from '../../lib/isa/riscv/index.js';

export const BASE = 0x80000000;
const PAGE = 4096;
const UART = 0x10000000;
const FINISHER = 0x100000;
const FINISHER_PASS = 0x5555;

const ZERO = 0;
const RA = 1;
const T0 = 5;
const T1 = 6;
const T2 = 7;
/** Points to a page of data. */
const S0 = 8;
const A0 = 10;
const A1 = 11;
/** The registers that the functions compute in; the first ones are those that all compressed instructions can name. */
const WORK = [9, 10, 11, 12, 13, 14, 15, 5, 6, 7, 28, 29, 30, 31];
const WORK_PRIME = WORK.slice(0, 7);

type Operands = Readonly<Record<string, number>>;

/** Code that grows. Addresses are offsets from its start. */
class Code {
  private readonly view: DataView;
  size = 0;

  constructor(capacityBytes: number) {
    this.view = new DataView(new ArrayBuffer(capacityBytes));
  }

  emit(name: string, operands: Operands = {}): void {
    const bits = encode(name, operands);
    if ((bits & 3) === 3) this.view.setUint32(this.size, bits, true);
    else this.view.setUint16(this.size, bits, true);
    this.size += (bits & 3) === 3 ? 4 : 2;
  }

  /** `rd` = the address of `target`, low 12 bits by `name`: addi, or jalr to go there. */
  private far(name: 'addi' | 'jalr', rd: number, target: number): void {
    const delta = target - this.size;
    const upper = (delta + 0x800) & ~0xfff;
    this.emit('auipc', { rd, imm: upper });
    this.emit(name, { rd, rs1: rd, imm: delta - upper });
  }

  address(rd: number, target: number): void {
    this.far('addi', rd, target);
  }

  call(target: number): void {
    this.far('jalr', RA, target);
  }

  /** Emits at `offset`, over what is there. */
  patch(offset: number, emit: () => void): void {
    const end = this.size;
    this.size = offset;
    emit();
    this.size = end;
  }

  text(text: string): void {
    for (const char of text) this.view.setUint8(this.size++, char.charCodeAt(0));
  }

  align(bytes: number): void {
    this.size = Math.ceil(this.size / bytes) * bytes;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, this.size);
  }
}

type Random = (below: number) => number;

/** xorshift32: the same sequence everywhere. */
function randomFrom(seed: number): Random {
  let x = seed | 0;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!;
}

interface Choice {
  readonly names: readonly string[];
  readonly operands: (random: Random) => Operands;
}

const work = (random: Random): number => pick(random, WORK);
const workPrime = (random: Random): number => pick(random, WORK_PRIME);
const COMPRESSED: readonly Choice[] = [
  { names: ['c.addi', 'c.li', 'c.andi'], operands: (r) => ({ rd: workPrime(r), imm: r(31) + 1 }) },
  { names: ['c.mv', 'c.add'], operands: (r) => ({ rd: work(r), rs2: work(r) }) },
  { names: ['c.sub', 'c.xor', 'c.or', 'c.and', 'c.addw'], operands: (r) => ({ rd: workPrime(r), rs2: workPrime(r) }) },
  { names: ['c.srli', 'c.slli'], operands: (r) => ({ rd: workPrime(r), shamt: r(31) + 1 }) },
  { names: ['c.ld'], operands: (r) => ({ rd: workPrime(r), rs1: S0, imm: r(32) * 8 }) },
  { names: ['c.sd'], operands: (r) => ({ rs2: workPrime(r), rs1: S0, imm: r(32) * 8 }) },
];
const FULL: readonly Choice[] = [
  {
    names: ['add', 'sub', 'xor', 'or', 'and', 'sltu', 'sll', 'srl', 'addw', 'mul'],
    operands: (r) => ({ rd: work(r), rs1: work(r), rs2: work(r) }),
  },
  { names: ['addi', 'andi', 'xori', 'slti', 'addiw'], operands: (r) => ({ rd: work(r), rs1: work(r), imm: r(4096) - 2048 }) },
  { names: ['slli', 'srli'], operands: (r) => ({ rd: work(r), rs1: work(r), shamt: r(64) }) },
  { names: ['lui'], operands: (r) => ({ rd: work(r), imm: r(1 << 20) << 12 }) },
  { names: ['ld', 'lw', 'lbu'], operands: (r) => ({ rd: work(r), rs1: S0, imm: r(200) * 8 }) },
  { names: ['sd', 'sw', 'sb'], operands: (r) => ({ rs2: work(r), rs1: S0, imm: r(200) * 8 }) },
];

function emitPlain(code: Code, random: Random): void {
  const { names, operands } = pick(random, random(2) ? COMPRESSED : FULL);
  code.emit(pick(random, names), operands(random));
}

/** A branch over `skipped` instructions. */
function emitBranch(code: Code, random: Random, skipped: number): void {
  const start = code.size;
  const compressed = random(2) === 0;
  code.size += compressed ? 2 : 4;
  for (let i = 0; i < skipped; i++) emitPlain(code, random);
  const imm = code.size - start;
  const rs1 = workPrime(random);
  code.patch(start, () => {
    if (compressed) code.emit(pick(random, ['c.beqz', 'c.bnez']), { rs1, imm });
    else code.emit(pick(random, ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']), { rs1, rs2: work(random), imm });
  });
}

/** Emits one function of at least `insns` instructions; gives their number. */
function emitFunction(code: Code, random: Random, insns: number): number {
  let count = 0;
  while (count < insns) {
    const straight = 2 + random(8);
    const skipped = 1 + random(3);
    for (let i = 0; i < straight; i++) emitPlain(code, random);
    emitBranch(code, random, skipped);
    count += straight + 1 + skipped;
  }
  code.emit('c.jr', { rs1: RA });
  return count + 1;
}

/** Prints the `length` bytes at `text`. */
function emitPrint(code: Code, text: number, length: number): void {
  code.address(T0, text);
  code.emit('lui', { rd: T1, imm: UART });
  code.emit('addi', { rd: T2, rs1: ZERO, imm: length });
  const loop = code.size;
  code.emit('lbu', { rd: A1, rs1: T0, imm: 0 });
  code.emit('sb', { rs2: A1, rs1: T1, imm: 0 });
  code.emit('addi', { rd: T0, rs1: T0, imm: 1 });
  code.emit('addi', { rd: T2, rs1: T2, imm: -1 });
  code.emit('bne', { rs1: T2, rs2: ZERO, imm: loop - code.size });
}

/** Prints a0 with the sixteen characters at `digits`, then a line end. */
function emitPrintHex(code: Code, digits: number): void {
  code.address(T0, digits);
  code.emit('lui', { rd: T1, imm: UART });
  code.emit('addi', { rd: T2, rs1: ZERO, imm: 60 });
  const loop = code.size;
  code.emit('srl', { rd: A1, rs1: A0, rs2: T2 });
  code.emit('andi', { rd: A1, rs1: A1, imm: 15 });
  code.emit('add', { rd: A1, rs1: A1, rs2: T0 });
  code.emit('lbu', { rd: A1, rs1: A1, imm: 0 });
  code.emit('sb', { rs2: A1, rs1: T1, imm: 0 });
  code.emit('addi', { rd: T2, rs1: T2, imm: -4 });
  code.emit('bge', { rs1: T2, rs2: ZERO, imm: loop - code.size });
  code.emit('addi', { rd: A1, rs1: ZERO, imm: 10 });
  code.emit('sb', { rs2: A1, rs1: T1, imm: 0 });
}

function emitPowerOff(code: Code): void {
  code.emit('lui', { rd: T1, imm: FINISHER });
  code.emit('lui', { rd: T2, imm: FINISHER_PASS & ~0xfff });
  code.emit('addi', { rd: T2, rs1: T2, imm: FINISHER_PASS & 0xfff });
  code.emit('sw', { rs2: T2, rs1: T1, imm: 0 });
  code.emit('jal', { rd: ZERO, imm: 0 });
}

/** An ELF64 executable with `image` at BASE, and one zeroed page behind it. */
function elfOf(image: Uint8Array): Uint8Array {
  const file = new Uint8Array(PAGE + image.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64-bit, little-endian
  const halves = [
    [16, 2],
    [18, 243],
    [52, 64],
    [54, 56],
    [56, 1],
    [58, 64],
  ] as const; // ET_EXEC, EM_RISCV, sizes and counts of headers
  for (const [offset, value] of halves) view.setUint16(offset, value, true);
  const words = [
    [20, 1],
    [48, 1],
    [64, 1],
    [68, 7],
  ] as const; // version, EF_RISCV_RVC; PT_LOAD, readable, writable and executable
  for (const [offset, value] of words) view.setUint32(offset, value, true);
  const memoryBytes = image.length + PAGE;
  const doublewords = [
    [24, BASE],
    [32, 64],
    [72, PAGE],
    [80, BASE],
    [88, BASE],
    [96, image.length],
    [104, memoryBytes],
    [112, PAGE],
  ] as const;
  for (const [offset, value] of doublewords) view.setBigUint64(offset, BigInt(value), true);
  file.set(image, PAGE);
  return file;
}

/** The ELF file of a guest with about `insns` instructions in its functions, of which some 90 % are executed, once each. */
export function coldcodeElf(insns = 600_000, seed = 20240229): Uint8Array {
  const random = randomFrom(seed);
  const code = new Code(insns * 5 + 16 * PAGE);
  const [label, digits] = ['checksum ', '0123456789abcdef'];
  code.size = 16; // address(S0) and call(main), when these are known
  const text = code.size;
  code.text(label + digits);
  code.align(4);
  const functions: number[] = [];
  for (let count = 0; count < insns; ) {
    functions.push(code.size);
    count += emitFunction(code, random, 40 + random(160));
  }
  const main = code.size;
  for (const rd of WORK) code.emit('addi', { rd, rs1: ZERO, imm: random(4096) - 2048 });
  for (const target of functions) code.call(target);
  for (const rs2 of WORK.filter((register) => register !== A0)) code.emit('add', { rd: A0, rs1: A0, rs2 });
  emitPrint(code, text, label.length);
  emitPrintHex(code, text + label.length);
  emitPowerOff(code);
  code.align(PAGE);
  const data = code.size;
  code.patch(0, () => {
    code.address(S0, data);
    code.call(main);
  });
  return elfOf(code.bytes());
}
