import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode, encode, riscv, TABLE } from '../../../lib/isa/riscv/index.js';
import { list } from '../../support/ir-listing.js';

const test = suite('RISC-V translation');

const FS_OFF = 0;
const FS_CLEAN = 2;
const FS_DIRTY = 3;
const MSTATUS = '[0x1010]';
const SET_DIRTY = [`or t1 ${MSTATUS} ${BigInt.asIntN(64, (1n << 63n) | 0x6000n)}`];

const lines = (name: string, operands: Record<string, number>, flags = FS_DIRTY): string[] =>
  list(riscv, encode(name, operands), flags).lines;

/** An instruction that decodes as the row. */
function legal(row: (typeof TABLE.rows)[number]): number {
  const candidates = [0, -1, 0x84].map((operands) => (row.match | (operands & ~row.mask)) & (row.width === 32 ? -1 : 0xffff));
  return candidates.find((bits) => decode(bits) === row) ?? row.match;
}

test('`addi` computes into its destination', () => {
  assert.equal(lines('addi', { rd: 5, rs1: 6, imm: -3 }), ['add x5 x6 -3']);
  assert.equal(lines('addi', { rd: 5, rs1: 0, imm: 7 }), ['const x5 7']);
  assert.equal(lines('addi', { rd: 5, rs1: 6, imm: 0 }), ['mov x5 x6']);
});

test('results for x0 are dropped, accesses for x0 are not', () => {
  for (const row of TABLE.rows) {
    if (!row.fields.rd) continue;
    const { lines: all } = list(riscv, row.match, FS_DIRTY);
    assert.not.ok(
      all.some((text) => /^(?!indirect|br|st)\w+ zero /.test(text)),
      `${row.name}: ${all.join('; ')}`,
    );
  }
  assert.equal(
    lines('add', { rd: 0, rs1: 1, rs2: 2 }).filter((text) => text.includes('x0')),
    [],
  );
  assert.equal(lines('lw', { rd: 0, rs1: 6, imm: 4 }), ['ld32s t0 x6+4']);
  assert.equal(lines('amoadd.w', { rd: 0, rs1: 6, rs2: 7 }), ['call t0 amo x6 x7 zero 4']);
  assert.equal(lines('csrrw', { rd: 0, rs1: 0, csr: 0x300 }), [`const t0 ${0x30001073}`, 'call t1 csr zero t0 zero 0']);
});

test('loads and stores have their size, extension and offset', () => {
  assert.equal(lines('lbu', { rd: 1, rs1: 2, imm: -1 }), ['ld8u x1 x2+-1']);
  assert.equal(lines('sd', { rs1: 2, rs2: 3, imm: 2047 }), ['st64 x2+2047 x3']);
  assert.equal(lines('sw', { rs1: 0, rs2: 0, imm: 16 }), ['st32 zero+16 zero']);
});

test('`jalr` reads its base before it writes the link', () => {
  assert.equal(lines('jalr', { rd: 1, rs1: 1, imm: 4 }), ['add t0 x1 4', 'and t1 t0 -2', 'pcrel x1 .4', 'indirect t1 hint 1']);
});

test('jumps carry the hints of the return-address-stack table', () => {
  const hint = (name: string, operands: Record<string, number>): string | undefined => lines(name, operands).at(-1)?.slice(-1);
  for (const link of [1, 5]) {
    assert.is(hint('jal', { rd: link, imm: 8 }), '1');
    assert.is(hint('jalr', { rd: link, rs1: 6, imm: 0 }), '1');
    assert.is(hint('jalr', { rd: 0, rs1: link, imm: 0 }), '2');
    assert.is(hint('jalr', { rd: 6, rs1: link, imm: 0 }), '2');
  }
  assert.is(hint('jal', { rd: 0, imm: 8 }), '0');
  assert.is(hint('jalr', { rd: 0, rs1: 6, imm: 0 }), '0');
  assert.is(hint('c.jr', { rs1: 1 }), '2');
  assert.is(hint('c.jalr', { rs1: 6 }), '1');
});

test('compressed jumps link to the instruction behind their two bytes', () => {
  assert.equal(lines('c.jalr', { rs1: 6 }), ['and t0 x6 -2', 'pcrel x1 .2', 'indirect t0 hint 1']);
  assert.equal(lines('c.beqz', { rs1: 8, imm: -6 }), ['breq x8 0 .-6 .2']);
});

test('branches on what is known at translation become jumps', () => {
  assert.equal(lines('beq', { rs1: 0, rs2: 0, imm: 64 }), ['goto .64 hint 0']);
  assert.equal(lines('bne', { rs1: 0, rs2: 0, imm: 64 }), ['goto .4 hint 0']);
  assert.equal(lines('blt', { rs1: 0, rs2: 3, imm: 64 }), ['brlts zero x3 .64 .4']);
});

test('`auipc` adds to the pc', () => {
  assert.equal(lines('auipc', { rd: 3, imm: -4096 }), ['pcrel x3 .-4096']);
});

test('fences and hints do nothing', () => {
  const hints: [string, Record<string, number>][] = [
    // With pred 1 it is `pause`.
    ['fence', { pred: 2, succ: 0 }],
    ['fence.i', {}],
    ['ori', { rd: 0, rs1: 5, imm: 0 }],
    ['lui', { rd: 0, imm: 4096 }],
    ['auipc', { rd: 0, imm: 4096 }],
    ['c.nop', { imm: 5 }],
    ['c.li', { rd: 0, imm: 1 }],
    ['c.mv', { rd: 0, rs2: 3 }],
  ];
  for (const [name, operands] of hints) {
    const { ended, lines: all } = list(riscv, encode(name, operands), FS_DIRTY);
    assert.is(ended, false, name);
    assert.not.ok(
      all.some((text) => !/^\w+ t\d+ /.test(text) || /^(ld|call)/.test(text)),
      `${name}: ${all.join('; ')}`,
    );
  }
});

test('an illegal instruction traps and ends the block', () => {
  const { lines: all, insnBytes, ended } = list(riscv, 0x0000, FS_DIRTY);
  assert.equal(all, ['const t0 2', 'call t1 raise t0 zero zero 0', 'leave']);
  assert.is(insnBytes, 2);
  assert.ok(ended);
  assert.is(list(riscv, 0xffffffff, FS_DIRTY).insnBytes, 4);
});

test('what changes the privilege ends the block, what only may leave does not', () => {
  for (const name of ['ecall', 'ebreak', 'c.ebreak', 'mret', 'sret']) assert.is(lines(name, {}).at(-1), 'leave', name);
  for (const name of ['wfi', 'sfence.vma', 'csrrw', 'cbo.zero']) {
    const row = TABLE.rows.find((candidate) => candidate.name === name)!;
    assert.is(list(riscv, row.match, FS_DIRTY).ended, false, name);
  }
});

test('atomics tell the helper operation and size', () => {
  assert.equal(lines('lr.d', { rd: 3, rs1: 4 }), ['call x3 lr x4 zero zero 8']);
  assert.equal(lines('sc.w', { rd: 3, rs1: 4, rs2: 5 }), ['call x3 sc x4 x5 zero 4']);
  assert.equal(lines('amomaxu.d', { rd: 3, rs1: 4, rs2: 5, aqrl: 3 }), [`call x3 amo x4 x5 zero ${(0b11100 << 4) | 8}`]);
});

test('every floating-point instruction is illegal while mstatus.FS is off, no other is', () => {
  const isFloating = /^(c\.)?f(?!ence)/;
  for (const row of TABLE.rows) {
    const raises = list(riscv, legal(row), FS_OFF).lines.some((text) => text.includes(' raise '));
    assert.is(raises, isFloating.test(row.name) || /ebreak$/.test(row.name), row.name);
  }
});

test('instructions that write floating-point state mark it dirty, behind what may trap', () => {
  assert.equal(lines('fld', { rd: 1, rs1: 2, imm: 8 }, FS_CLEAN), [
    'ldf64 t0 x2+8',
    ...SET_DIRTY.map((l) => l.replace('t1', MSTATUS)),
    'mov f1 t0',
  ]);
  assert.equal(lines('fld', { rd: 1, rs1: 2, imm: 8 }), ['ldf64 f1 x2+8']);
  assert.equal(lines('fsd', { rs1: 2, rs2: 3, imm: 8 }, FS_CLEAN), ['stf64 x2+8 f3']);
  const marks = (name: string): boolean => {
    const row = TABLE.rows.find((candidate) => candidate.name === name)!;
    return list(riscv, row.match, FS_CLEAN).lines.some((text) => text.startsWith(`or ${MSTATUS}`));
  };
  for (const name of ['flw', 'c.fldsp', 'fadd.d', 'fmadd.s', 'fmv.d.x', 'feq.d', 'fcvt.w.s', 'fsgnj.s']) assert.ok(marks(name), name);
  for (const name of ['fsw', 'c.fsd', 'fclass.d', 'fmv.x.w', 'add']) assert.not.ok(marks(name), name);
});

test('singles are NaN-boxed', () => {
  const box = -0x100000000;
  assert.equal(lines('flw', { rd: 1, rs1: 2, imm: 8 }), ['ld32u t0 x2+8', `or f1 t0 ${box}`]);
  assert.equal(lines('fmv.w.x', { rd: 1, rs1: 2 }), [`or f1 x2 ${box}`]);
  assert.equal(lines('fsgnj.s', { rd: 1, rs1: 2, rs2: 2 }), [
    'sar t0 f2 32',
    'seteq t1 t0 -1',
    `const t2 ${box + 0x7fc00000}`,
    'select f1 t1 f2 t2',
  ]);
});

test('doubles with one source move, negate and lose their sign in one op', () => {
  assert.equal(lines('fsgnj.d', { rd: 1, rs1: 2, rs2: 2 }), ['mov f1 f2']);
  assert.equal(lines('fsgnjn.d', { rd: 1, rs1: 2, rs2: 2 }), ['fneg64 f1 f2']);
  assert.equal(lines('fsgnjx.d', { rd: 1, rs1: 2, rs2: 2 }), ['fabs64 f1 f2']);
});

test('the rounding mode decides whether there is a fast path', () => {
  const fadd = (rm: number) => lines('fadd.d', { rd: 1, rs1: 2, rs2: 3, rm });
  assert.equal(fadd(0), ['fadd64 f1 fadd_d f2 f3 zero 256']);
  assert.equal(fadd(7), ['fadd64 f1 fadd_d f2 f3 zero 519']);
  assert.equal(fadd(2), ['call f1 fadd_d f2 f3 zero 2']);
  assert.equal(lines('fcvt.w.d', { rd: 1, rs1: 2, rm: 1 }), ['i32_f64_trunc x1 fcvt_w_d f2 zero zero 257']);
  assert.equal(lines('fcvt.d.w', { rd: 1, rs1: 2, rm: 0 }), ['f64_i32s f1 x2']);
  assert.equal(lines('feq.d', { rd: 0, rs1: 2, rs2: 3 }), ['feq64 t0 feq_d f2 f3 zero 0']);
});

test('no bits make the translator throw', () => {
  for (let i = 0; i < 20000; i++) {
    const bits = i < 0x4000 ? i * 4 + (i & 3) : Math.imul(i, 0x9e3779b1) >>> 0;
    const { insnBytes } = list(riscv, bits, i & 3);
    assert.is(insnBytes, (bits & 3) === 3 ? 4 : 2);
  }
});

test.run();
