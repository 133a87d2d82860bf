/**
 * The `coldcode` guest: several hundred thousand distinct instructions, each executed once. It measures translation, not translated code.
 * Functions of straight-line integer code with short forward branches, about half of it compressed (RVC), called one after the other.
 * The ELF is generated here, so that no big file is committed and no assembler is needed; the same seed gives the same bytes.
 * Encodings: unprivileged ISA, "RV32/64G Instruction Set Listings" and "RVC Instruction Set Listings".
 */

const BASE = 0x80000000;
const DATA_BYTES = 4096;
const UART = 0x10000000;
const FINISHER = 0x100000;
const FINISHER_PASS = 0x5555;

const ZERO = 0;
const RA = 1;
const T0 = 5;
const T1 = 6;
const T2 = 7;
const S0 = 8;
const A0 = 10;
const A1 = 11;
/** The registers that the generated functions compute in; the first eight are those that RVC can name with three bits, but s0, the data pointer. */
const WORK = [9, 10, 11, 12, 13, 14, 15, 5, 6, 7, 28, 29, 30, 31];
const WORK_RVC = WORK.slice(0, 7);

const rType = (funct7: number, funct3: number, opcode: number) => (rd: number, rs1: number, rs2: number) =>
  ((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;
const iType = (funct3: number, opcode: number) => (rd: number, rs1: number, imm: number) =>
  (((imm & 0xfff) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;

const add = rType(0, 0, 0x33);
const sub = rType(0x20, 0, 0x33);
const xor = rType(0, 4, 0x33);
const or = rType(0, 6, 0x33);
const and = rType(0, 7, 0x33);
const sltu = rType(0, 3, 0x33);
const sll = rType(0, 1, 0x33);
const srl = rType(0, 5, 0x33);
const addw = rType(0, 0, 0x3b);
const mul = rType(1, 0, 0x33);
const addi = iType(0, 0x13);
const andi = iType(7, 0x13);
const xori = iType(4, 0x13);
const slti = iType(2, 0x13);
const addiw = iType(0, 0x1b);
const slli = iType(1, 0x13);
const srli = iType(5, 0x13);
const ld = iType(3, 0x03);
const lw = iType(2, 0x03);
const lbu = iType(4, 0x03);
const jalr = iType(0, 0x67);
const lui = (rd: number, imm20: number) => ((imm20 << 12) | (rd << 7) | 0x37) >>> 0;
const auipc = (rd: number, imm20: number) => ((imm20 << 12) | (rd << 7) | 0x17) >>> 0;
const store = (funct3: number) => (rs2: number, rs1: number, imm: number) =>
  (((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((imm & 31) << 7) | 0x23) >>> 0;
const sb = store(0);
const sw = store(2);
const sd = store(3);
const branch = (funct3: number, rs1: number, rs2: number, offset: number) =>
  ((((offset >> 12) & 1) << 31) |
    (((offset >> 5) & 63) << 25) |
    (rs2 << 20) |
    (rs1 << 15) |
    (funct3 << 12) |
    (((offset >> 1) & 15) << 8) |
    (((offset >> 11) & 1) << 7) |
    0x63) >>>
  0;

// RVC: registers named with three bits are given as the full number (8..15).
const cAddi = (rd: number, imm: number) => (((imm >> 5) & 1) << 12) | (rd << 7) | ((imm & 31) << 2) | 0x0001;
const cLi = (rd: number, imm: number) => 0x4001 | (((imm >> 5) & 1) << 12) | (rd << 7) | ((imm & 31) << 2);
const cMv = (rd: number, rs2: number) => 0x8002 | (rd << 7) | (rs2 << 2);
const cAdd = (rd: number, rs2: number) => 0x9002 | (rd << 7) | (rs2 << 2);
const cArithmetic = (funct2: number) => (rd: number, rs2: number) => 0x8c01 | ((rd & 7) << 7) | (funct2 << 5) | ((rs2 & 7) << 2);
const cSub = cArithmetic(0);
const cXor = cArithmetic(1);
const cOr = cArithmetic(2);
const cSrli = (rd: number, shift: number) => 0x8001 | ((shift >> 5) << 12) | ((rd & 7) << 7) | ((shift & 31) << 2);
const cAndi = (rd: number, imm: number) => 0x8801 | (((imm >> 5) & 1) << 12) | ((rd & 7) << 7) | ((imm & 31) << 2);
const cSlli = (rd: number, shift: number) => 0x0002 | ((shift >> 5) << 12) | (rd << 7) | ((shift & 31) << 2);
const cMemory = (base: number) => (register: number, rs1: number, offset: number) =>
  base | (((offset >> 3) & 7) << 10) | ((rs1 & 7) << 7) | (((offset >> 6) & 3) << 5) | ((register & 7) << 2);
const cLd = cMemory(0x6000);
const cSd = cMemory(0xe000);
const cBranch = (base: number) => (rs1: number, offset: number) =>
  base |
  (((offset >> 8) & 1) << 12) |
  (((offset >> 3) & 3) << 10) |
  ((rs1 & 7) << 7) |
  (((offset >> 6) & 3) << 5) |
  (((offset >> 1) & 3) << 3) |
  (((offset >> 5) & 1) << 2);
const cBeqz = cBranch(0xc001);
const cBnez = cBranch(0xe001);
const C_RET = 0x8082;

/** Code that grows, little-endian. */
class Code {
  private readonly view: DataView;
  size = 0;

  constructor(capacity: number) {
    this.view = new DataView(new ArrayBuffer(capacity));
  }

  byte(bits: number): void {
    this.view.setUint8(this.size, bits);
    this.size += 1;
  }

  half(bits: number): void {
    this.view.setUint16(this.size, bits, true);
    this.size += 2;
  }

  word(bits: number): void {
    this.view.setUint32(this.size, bits, true);
    this.size += 4;
  }

  /** `rd` = the address `target`, given as an offset in this code. */
  address(rd: number, target: number): void {
    const delta = target - this.size;
    const high = (delta + 0x800) >> 12;
    this.word(auipc(rd, high));
    this.word(addi(rd, rd, delta - (high << 12)));
  }

  call(target: number): void {
    const delta = target - this.size;
    const high = (delta + 0x800) >> 12;
    this.word(auipc(RA, high));
    this.word(jalr(RA, RA, delta - (high << 12)));
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

const pick = (random: Random, from: readonly number[]): number => from[random(from.length)] as number;

function emitCompressed(code: Code, random: Random): void {
  const rd = pick(random, WORK_RVC);
  const rs = pick(random, WORK_RVC);
  const imm = random(31) + 1;
  const doubleword = random(32) * 8;
  const forms = [
    () => cAddi(rd, imm),
    () => cLi(rd, imm),
    () => cMv(rd, rs),
    () => cAdd(rd, rs),
    () => cAdd(pick(random, WORK), pick(random, WORK)),
    () => cSub(rd, rs),
    () => cXor(rd, rs),
    () => cOr(rd, rs),
    () => cSrli(rd, imm),
    () => cAndi(rd, imm),
    () => cSlli(rd, imm),
    () => cLd(rd, S0, doubleword),
    () => cLd(rd, S0, doubleword),
    () => cSd(rs, S0, doubleword),
  ];
  code.half((forms[random(forms.length)] as () => number)());
}

const REGISTER_FORMS = [add, sub, xor, or, and, sltu, sll, srl, addw, mul];
const IMMEDIATE_FORMS = [addi, andi, xori, slti, addiw];

function emitFull(code: Code, random: Random): void {
  const [rd, rs1, rs2] = [pick(random, WORK), pick(random, WORK), pick(random, WORK)];
  const kind = random(16);
  if (kind < 5) code.word((REGISTER_FORMS[random(REGISTER_FORMS.length)] as typeof add)(rd, rs1, rs2));
  else if (kind < 9) code.word((IMMEDIATE_FORMS[random(IMMEDIATE_FORMS.length)] as typeof addi)(rd, rs1, random(4096) - 2048));
  else if (kind < 10) code.word((random(2) ? slli : srli)(rd, rs1, random(64)));
  else if (kind < 11) code.word(lui(rd, random(1 << 20)));
  else if (kind < 13) code.word((kind === 11 ? ld : lw)(rd, S0, random(200) * 8));
  else if (kind < 14) code.word(lbu(rd, S0, random(2048)));
  else if (kind < 15) code.word(sd(rs1, S0, random(200) * 8));
  else code.word((random(2) ? sw : sb)(rs1, S0, random(400) * 4));
}

/** A branch over the few instructions that `body` emits. */
function emitBranch(code: Code, random: Random, body: () => void): void {
  const [rs1, rs2] = [pick(random, WORK_RVC), pick(random, WORK)];
  const compressed = random(2) === 0;
  const start = code.size;
  if (compressed) code.half(0);
  else code.word(0);
  body();
  const end = code.size;
  const offset = end - start;
  code.size = start;
  if (compressed) code.half((random(2) ? cBeqz : cBnez)(rs1, offset));
  else code.word(branch([0, 1, 4, 5, 6, 7][random(6)] as number, rs1, rs2, offset));
  code.size = end;
}

/** Emits one function of about `insns` instructions; gives their number. */
function emitFunction(code: Code, random: Random, insns: number): number {
  let count = 0;
  const plain = () => {
    if (random(2)) emitCompressed(code, random);
    else emitFull(code, random);
    count++;
  };
  while (count < insns) {
    for (let i = 2 + random(8); i > 0; i--) plain();
    const skipped = 1 + random(3);
    emitBranch(code, random, () => {
      for (let i = 0; i < skipped; i++) plain();
    });
    count++;
  }
  code.half(C_RET);
  return count + 1;
}

/** Prints the `length` bytes of `text` at offset `at`. */
function emitPrint(code: Code, at: number, length: number): void {
  code.address(T0, at);
  code.word(lui(T1, UART >>> 12));
  code.word(addi(T2, ZERO, length));
  code.word(lbu(A1, T0, 0));
  code.word(sb(A1, T1, 0));
  code.word(addi(T0, T0, 1));
  code.word(addi(T2, T2, -1));
  code.word(branch(1, T2, ZERO, -16));
}

/** Prints a0 as 16 hexadecimal digits and a line end, and switches the machine off. */
function emitEnd(code: Code, digits: number): void {
  code.address(T0, digits);
  code.word(lui(T1, UART >>> 12));
  code.word(addi(T2, ZERO, 60));
  code.word(srl(A1, A0, T2));
  code.word(andi(A1, A1, 15));
  code.word(add(A1, A1, T0));
  code.word(lbu(A1, A1, 0));
  code.word(sb(A1, T1, 0));
  code.word(addi(T2, T2, -4));
  code.word(branch(5, T2, ZERO, -24));
  code.word(addi(A1, ZERO, 10));
  code.word(sb(A1, T1, 0));
  code.word(lui(T1, FINISHER >>> 12));
  code.word(lui(T2, FINISHER_PASS >>> 12));
  code.word(addi(T2, T2, FINISHER_PASS & 0xfff));
  code.word(sw(T2, T1, 0));
  code.word(branch(0, ZERO, ZERO, 0));
}

/** An ELF64 file with the one segment `image` at BASE, followed by `DATA_BYTES` of zeroes on pages of their own. */
function elfOf(image: Uint8Array): Uint8Array {
  const PAGE = 4096;
  const dataStart = BASE + Math.ceil(image.length / PAGE) * PAGE;
  const file = new Uint8Array(PAGE + image.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 243, true); // EM_RISCV
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(BASE), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(48, 1, true); // EF_RISCV_RVC
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, 64, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(PAGE), true);
  view.setBigUint64(80, BigInt(BASE), true);
  view.setBigUint64(88, BigInt(BASE), true);
  view.setBigUint64(96, BigInt(image.length), true);
  view.setBigUint64(104, BigInt(dataStart - BASE + DATA_BYTES), true);
  view.setBigUint64(112, BigInt(PAGE), true);
  file.set(image, PAGE);
  return file;
}

/** The ELF file of a guest with about `insns` instructions in its functions, nearly all of them executed, once each. */
export function coldcodeElf(insns = 600_000, seed = 20240229): Uint8Array {
  const random = randomFrom(seed);
  const code = new Code(insns * 5 + 65536);
  const label = 'checksum ';
  const digits = '0123456789abcdef';
  const dataPointerAt = code.size;
  code.word(0); // s0 = the data page and the jump to main: filled in when the addresses are known
  code.word(0);
  code.word(0);
  code.word(0);
  const textAt = code.size;
  for (const char of label + digits) code.byte(char.charCodeAt(0));
  if (code.size & 1) code.byte(0);

  const functions: number[] = [];
  for (let count = 0; count < insns; ) {
    functions.push(code.size);
    count += emitFunction(code, random, 40 + random(160));
  }
  const mainAt = code.size;
  for (const register of WORK) code.word(addi(register, ZERO, random(4096) - 2048));
  for (const target of functions) code.call(target);
  for (const register of WORK) code.word(xor(A0, A0, register));
  emitPrint(code, textAt, label.length);
  emitEnd(code, textAt + label.length);

  const end = code.size;
  code.size = dataPointerAt;
  code.address(S0, Math.ceil(end / 4096) * 4096);
  code.call(mainAt);
  code.size = end;
  return elfOf(code.bytes());
}
