import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { csrName, csrNumber } from '../../../lib/isa/riscv/csr-names.js';
import { decode, disassemble, encode, TABLE } from '../../../lib/isa/riscv/index.js';
import { hasBinutils, objdump } from '../../support/binutils.js';

const test = suite('RISC-V encodings');

type Row = (typeof TABLE.rows)[number];

const MARCH = 'rv64imafdc_zicsr_zifencei_zicbom_zicboz_zicbop_zihintpause_zba_zbb_zbs';
const SAMPLES = 48;

let state = 0x2545f491;
/** A pseudo-random 32-bit number (xorshift). */
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

const ones = (width: number): number => (width === 32 ? 0xffffffff : 0xffff);
const NAMED_CSRS = Array.from({ length: 4096 }, (_, csr) => csr).filter((csr) => !csrName(csr).startsWith('0x'));

/** An instruction of the row, with all operands zero, all ones, or random (but a CSR that has a name). */
function sample(row: Row, i: number): number {
  const operands = i === 0 ? 0 : i === 1 ? -1 : random();
  const bits = ((row.match | (~row.mask & operands)) & ones(row.width)) >>> 0;
  return i < 2 || !row.fields.csr ? bits : ((bits & 0xfffff) | (NAMED_CSRS[random() % NAMED_CSRS.length]! << 20)) >>> 0;
}
const samples = (row: Row): number[] => Array.from({ length: SAMPLES }, (_, i) => sample(row, i));
/** Samples that decode as the row: neither reserved nor a special case. */
const ownSamples = (row: Row): number[] => samples(row).filter((bits) => decode(bits) === row);

/** Spelling only: white space, comments, what an address belongs to, and how targets are written. */
const normalize = (text: string): string =>
  text
    .replace(/\s+(#.*|<.*)$/, '')
    .replace(/\s+/g, ' ')
    .replace(/, /g, ',')
    .trim();

test('every bit of every row is fixed or in exactly one field', () => {
  for (const row of [...TABLE.rows, ...TABLE.aliases]) {
    let covered = row.mask;
    for (const { mask } of Object.values(row.fields)) {
      assert.is(covered & mask, 0, row.name);
      covered |= mask;
    }
    assert.is(covered >>> 0, ones(row.width), row.name);
    assert.is((row.match & ~row.mask) >>> 0, 0, row.name);
  }
});

test('the low two bits of a row tell its length', () => {
  for (const row of TABLE.rows) {
    assert.is(row.mask & 3, 3, row.name);
    assert.is((row.match & 3) === 3, row.width === 32, row.name);
  }
});

test('every row has encodings of its own, which survive decoding and encoding', () => {
  for (const row of TABLE.rows) {
    const own = ownSamples(row);
    assert.ok(own.length > 0, row.name);
    for (const bits of own) {
      const operands = Object.fromEntries(Object.entries(row.fields).map(([name, { extract }]) => [name, extract(bits)]));
      assert.is(encode(row.name, operands), bits, row.name);
    }
  }
});

test('special cases are a part of what they declare', () => {
  const declared = TABLE.rows.filter((row) => row.within.length > 0).map((row) => `${row.name} < ${row.within.join(' ')}`);
  assert.equal(declared, ['c.nop < c.addi', 'c.addi16sp < c.lui', 'c.jr < c.mv', 'c.jalr < c.add', 'c.ebreak < c.add c.jalr']);
});

test('an alias is a way to print one row', () => {
  for (const alias of TABLE.aliases) {
    const rows = new Set(samples(alias).map((bits) => decode(bits)?.name));
    rows.delete(undefined);
    assert.is(rows.size, 1, `${alias.name}: ${[...rows].join(' ')}`);
  }
});

test('known encodings from the manual and from compilers', () => {
  const known: readonly (readonly [number, string])[] = [
    [0x00000013, 'nop'],
    [0xffd58513, 'addi a0, a1, -3'],
    [0x12345537, 'lui a0, 0x12345'],
    [0x00008067, 'ret'],
    [0x30200073, 'mret'],
    [0x0ff0000f, 'fence'],
    [0x0100000f, 'pause'],
    [0x12000073, 'sfence.vma'],
    [0x0055202f, 'amoadd.w zero, t0, (a0)'],
    [0x1005a52f, 'lr.w a0, (a1)'],
    [0x30529073, 'csrw mtvec, t0'],
    [0x02b57553, 'fadd.d fa0, fa0, fa1'],
    [0xc20515d3, 'fcvt.w.d a1, fa0, rtz'],
    [0x1141, 'c.addi sp, -16'],
    [0x8082, 'c.jr ra'],
    [0x9002, 'c.ebreak'],
    [0x0000, '.2byte 0x0'],
    [0xffffffff, '.4byte 0xffffffff'],
  ];
  for (const [bits, text] of known) assert.is(disassemble(bits), text);
});

test('reserved shift amounts, rounding modes and atomic operations are illegal', () => {
  assert.is(decode(encode('slliw', { rd: 1, rs1: 1, shamt: 31 }) | (1 << 25)), undefined);
  assert.is(decode(encode('slli', { rd: 1, rs1: 1, shamt: 63 }) | (1 << 26)), undefined);
  assert.is(decode(encode('lr.w', { rd: 1, rs1: 1 }) | (1 << 20)), undefined);
  for (const name of ['fadd.s', 'fmadd.d', 'fcvt.w.d', 'fcvt.d.w', 'fsqrt.s']) {
    const bits = (TABLE.rows.find((row) => row.name === name)!.match | 0) & ~0x7000;
    const legal = [0, 1, 2, 3, 4, 5, 6, 7].filter((rm) => decode(bits | (rm << 12)) !== undefined);
    assert.equal(legal, [0, 1, 2, 3, 4, 7], name);
  }
});

test("CSR names and numbers are each other's inverse", () => {
  assert.is(csrNumber('mstatus'), 0x300);
  assert.is(csrNumber('hpmcounter31'), 0xc1f);
  assert.is(csrNumber('pmpaddr63'), 0x3ef);
  assert.is(csrNumber('nothing'), undefined);
  assert.is(csrName(0x8ff), '0x8ff');
  for (let number = 0; number < 4096; number++) {
    const name = csrName(number);
    if (!name.startsWith('0x')) assert.is(csrNumber(name), number);
  }
});

test('all 16-bit patterns are legal or illegal as objdump has them, and print alike', () => {
  if (!hasBinutils()) return;
  const insns = Array.from({ length: 0x10000 }, (_, i) => i).filter((bits) => (bits & 3) !== 3);
  const lines = objdump(insns, 2, { march: MARCH, aliases: false });
  assert.is(lines.length, insns.length);
  lines.forEach(({ bits, text, isLegal }, i) => {
    assert.is(bits, insns[i]);
    // C.ADDI16SP with nzimm = 0 is reserved; binutils do not mind.
    assert.is(decode(bits) !== undefined, isLegal && bits !== 0x6101, `${bits.toString(16)} ${text}`);
    if (!decode(bits)) return;
    const expected = normalize(text)
      .replace(/^(c\.\w+)64 (\w+)$/, '$1 $2,0x0')
      .replace('c.addi zero,', 'c.nop ')
      .replace(/^(c\.j |c\.b.*,)([0-9a-f]+)$/, '$10x$2');
    assert.is(normalize(disassemble(bits, BigInt(2 * i), { aliases: false })), expected, bits.toString(16));
  });
});

/**
 * What the manual has ignored or allowed, and binutils call unknown: reserved fields of fences, and rounding modes of conversions that
 * never round; or the other way round: reserved rounding modes. And prefetches, which binutils do not take for aliases of ORI.
 */
function isKnownDifference(row: Row, bits: number): boolean {
  if (row.name === 'fence') return (bits & 0xf00f8f80) !== 0;
  if (row.name === 'fence.i') return bits !== row.match;
  if (row.name === 'ori') return (bits & 0xf80) === 0;
  const isExact = row.name === 'fcvt.d.s' || row.name === 'fcvt.d.w' || row.name === 'fcvt.d.wu';
  const rm = (bits >>> 12) & 7;
  return Object.hasOwn(row.fields, 'rm') && (isExact ? rm !== 0 : rm === 5 || rm === 6);
}

/** Compares with objdump's text of `insns`; `respell` accounts for what only differs in spelling. */
function compareTexts(
  insns: readonly number[],
  options: { aliases: boolean },
  respell = (text: string, _bits: number): string => text,
): void {
  const lines = objdump(insns, 4, { march: MARCH, ...options });
  assert.is(lines.length, insns.length);
  lines.forEach(({ bits, text, isLegal }, i) => {
    assert.is(bits, insns[i]);
    assert.ok(isLegal, `${bits.toString(16)} is illegal for objdump`);
    const expected = respell(normalize(text).replace(/^((?:j|jal|b(?:eq|ne|lt|ge|le|gt)[uz]?) (?:\w+,)*)([0-9a-f]+)$/, '$10x$2'), bits);
    assert.is(normalize(disassemble(bits, BigInt(4 * i), options)), expected, bits.toString(16));
  });
}

test('every 32-bit row prints as objdump prints it', () => {
  if (!hasBinutils()) return;
  const rows = TABLE.rows.filter((row) => row.width === 32);
  const insns = rows.flatMap((row) => ownSamples(row).filter((bits) => !isKnownDifference(row, bits)));
  for (const row of rows)
    assert.ok(
      insns.some((bits) => decode(bits) === row),
      row.name,
    );
  compareTexts(insns, { aliases: false });
});

test('every alias prints as objdump prints it', () => {
  if (!hasBinutils()) return;
  const insns = TABLE.aliases
    .filter((row) => row.width === 32)
    .flatMap((row) =>
      samples(row)
        .slice(0, 12)
        .filter((bits) => decode(bits)),
    );
  // Objdump writes `csrw` for both CSRRW and CSRRWI.
  compareTexts(insns, { aliases: true }, (text, bits) => ((bits & 0x407f) === 0x4073 ? text.replace(/^(csr[wsc]) /, '$1i ') : text));
});

test("CSR names are objdump's", () => {
  if (!hasBinutils()) return;
  const insns = NAMED_CSRS.map((csr) => encode('csrrs', { rd: 1, rs1: 2, csr }));
  compareTexts(insns, { aliases: false });
});

test('random words that are legal here are legal for objdump, and the other way round', () => {
  if (!hasBinutils()) return;
  const insns = Array.from({ length: 20000 }, () => (random() | 3) >>> 0).filter((bits) => (bits & 0x1f) !== 0x1f);
  for (const { bits, text, isLegal } of objdump(insns, 4, { march: MARCH, aliases: false })) {
    const row = decode(bits) ?? TABLE.rows.find((r) => r.width === 32 && ((bits ^ r.match) & r.mask) === 0);
    if (row && isKnownDifference(row, bits)) continue;
    assert.is(decode(bits) !== undefined, isLegal, `${bits.toString(16)} ${text}`);
  }
});

test.run();
