/** Adds an instruction to the ISA, multiply and accumulate: node dist/examples/library/add-instruction.js */
import { Machine } from 'hindsight';
import { extension, machineCode, R } from 'hindsight/riscv';

// A row as those of the built-in extensions: encoding (in the opcode custom-0), operands by the format R, semantics as intermediate code.
const XMAC = extension('Xmac', 'an example', [
  R('mac', '0000000 ..... ..... 000 ..... 0001011', (b, o) => b.setX(o.rd, b.add(b.x(o.rd), b.mul(b.x(o.rs1), b.x(o.rs2))))),
]);

const [t0, a0] = [5, 10];
const kernel = machineCode(
  [
    ['addi', { rd: t0, rs1: 0, imm: 1000 }],
    ['addi', { rd: a0, rs1: 0, imm: 0 }],
    // a0 = 1000 * 1000 + 999 * 999 + ... + 1
    ['mac', { rd: a0, rs1: t0, rs2: t0 }],
    ['addi', { rd: t0, rs1: t0, imm: -1 }],
    ['bne', { rs1: t0, rs2: 0, imm: -8 }],
    ['wfi'],
  ],
  [XMAC],
);

const machine = Machine.create({ kernel, bios: 'none', extensions: [XMAC] });
machine.run();
console.log(machine.disassemble(0x80000008)?.text);
console.log(`a0 = ${machine.register('a0')} at tick ${machine.tick}`);

const plain = Machine.create({ kernel, bios: 'none' });
plain.breakpoint(0x80000008);
plain.run();
plain.run({ ticks: 1 });
console.log(`without the extension: mcause ${plain.register('mcause')} (illegal instruction)`);
