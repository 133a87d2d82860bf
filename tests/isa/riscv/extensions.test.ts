import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { extension, R } from '../../../lib/isa/riscv/formats.js';
import { disassemble, EXTENSIONS, encode, riscvGuest } from '../../../lib/isa/riscv/index.js';
import { InstructionTable } from '../../../lib/isa/table.js';

const test = suite("riscv: a user's instructions");

// In the opcode custom-0.
const AVERAGE = '0000000 ..... ..... 000 ..... 0001011';
const average = extension('Xaverage', 'a test', [
  R('average', AVERAGE, (b, o) => b.setX(o.rd, b.shr(b.add(b.x(o.rs1), b.x(o.rs2)), b.imm(1)))),
]);

test('are illegal on other harts', () => {
  const table = new InstructionTable([...EXTENSIONS, average]);
  const bits = table.encode('average', { rd: 10, rs1: 11, rs2: 12 });
  assert.is(disassemble(bits), `.4byte 0x${bits.toString(16)}`);
  assert.is(disassemble(bits, 0n, {}, table), 'average a0, a1, a2');
  assert.throws(() => encode('average'), /no instruction average/);
});

test('may take no encoding that is taken already', () => {
  const add = extension('Xadd', 'a test', [R('add2', '0000000 ..... ..... 000 ..... 0110011', () => {})]);
  assert.throws(() => riscvGuest({ extensions: [add] }), /isa: add2 overlaps add$|isa: add overlaps add2$/);
  const twice = extension('Xtwice', 'a test', [R('average2', AVERAGE, () => {})]);
  assert.throws(() => riscvGuest({ extensions: [average, twice] }), /overlaps/);
  riscvGuest({ extensions: [average] });
});

test.run();
