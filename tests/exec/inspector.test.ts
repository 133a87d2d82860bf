import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Assembler } from '../support/assembler.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';
import { PRELUDE } from '../support/toy-isa/handler.js';
import { ToyMachine } from '../support/toy-isa/machine.js';

const test = suite('what a debugger sees of the engine');

const CODE = `
  li a0, 5
  csrw mscratch, a0
  li t0, 0x2000
  csrs mstatus, t0
  fmv.d.x ft1, a0
loop:
  addi a0, a0, 1
  j loop
`;

function machine(text = CODE): RiscvMachine {
  const a = new Assembler(RAM_BASE);
  a.text(text);
  return new RiscvMachine(a.finish());
}

const debugOf = (m: RiscvMachine) => {
  const { debug } = m.engine;
  const index = (name: string): number => debug.registers.findIndex((register) => register.name === name);
  return {
    debug,
    get: (name: string): bigint => debug.readRegister(0, index(name)),
    set: (name: string, value: bigint): boolean => debug.writeRegister(0, index(name), value),
  };
};

test('the registers have the names and numbers of the RISC-V target of GDB, ascending', () => {
  const { debug } = debugOf(machine());
  assert.is(debug.architecture, 'riscv:rv64');
  const numbers = Object.fromEntries(debug.registers.map(({ name, number }) => [name, number]));
  const expected = { zero: 0, ra: 1, fp: 8, a0: 10, t6: 31, pc: 32, ft0: 33, fs0: 41, ft11: 64 };
  const control = { fflags: 66, frm: 67, fcsr: 68, sstatus: 321, satp: 449, mstatus: 833, mhartid: 3925, cycle: 3137, priv: 4161 };
  for (const [name, number] of Object.entries({ ...expected, ...control })) assert.is(numbers[name], number, name);
  assert.equal(
    debug.registers.map(({ number }) => number),
    Object.values(numbers).sort((a, b) => a - b),
  );
  assert.not.ok('dcsr' in numbers);
  assert.not.ok('pmpcfg1' in numbers);
  assert.ok('stimecmp' in numbers && 'pmpaddr15' in numbers && !('pmpaddr16' in numbers));
});

test('registers are read as they are, and reading them changes nothing', () => {
  const m = machine();
  m.run(50);
  const before = m.summary();
  const { debug, get } = debugOf(m);
  const values = debug.registers.map((_, index) => debug.readRegister(0, index));
  assert.equal(
    debug.registers.map((_, index) => debug.readRegister(0, index)),
    values,
  );
  assert.equal(m.summary(), before);
  assert.is(get('a0'), BigInt.asUintN(64, m.register('a0')));
  assert.is(get('mscratch'), 5n);
  assert.is(get('ft1'), 5n);
  assert.is(get('mcycle'), 50n);
  assert.is(get('time'), 0n);
  assert.is(get('priv'), 3n);
  assert.is(get('mstatus') & 0x6000n, 0x6000n);
});

test('control registers that the current mode may not touch are readable too, and the mode stays', () => {
  const m = machine();
  const { get, set } = debugOf(m);
  assert.ok(set('priv', 0n));
  assert.is(get('mstatus') & 0x6000n, 0n);
  assert.is(get('fcsr'), 0n);
  assert.ok(set('frm', 3n));
  assert.is(get('fcsr'), 0x60n);
  assert.is(get('mstatus') & 0x6000n, 0n);
  assert.ok(set('sscratch', 77n));
  assert.is(get('sscratch'), 77n);
  assert.is(get('priv'), 0n);
});

test('writes follow the rules of the register', () => {
  const m = machine();
  const { get, set } = debugOf(m);
  m.run(10);
  assert.ok(set('zero', 5n));
  assert.is(get('zero'), 0n);
  assert.ok(set('pc', BigInt(RAM_BASE) + 1n));
  assert.is(get('pc'), BigInt(RAM_BASE));
  assert.ok(set('mcycle', 1000n));
  assert.is(get('mcycle'), 1000n);
  assert.ok(set('minstret', 2000n));
  assert.is(get('minstret'), 2000n);
  assert.ok(set('satp', 0xf000000000000000n));
  assert.is(get('satp'), 0n);
  assert.ok(set('mtvec', 0x80000002n));
  assert.is(get('mtvec'), 0n);
  assert.not.ok(set('priv', 2n));
  assert.not.ok(set('priv', 4n));
  assert.is(get('priv'), 3n);
  assert.not.ok(set('mhartid', 1n));
  assert.not.ok(set('cycle', 1n));
  assert.ok(set('a0', 0xffff_ffff_ffff_fff0n));
  m.run(12);
  assert.is(get('a0'), 5n);
});

test('a write to the mode or to satp changes where code and data are looked for at once', () => {
  const m = machine();
  const { debug, get, set } = debugOf(m);
  m.run(10);
  set('mtvec', BigInt(RAM_BASE) + 0x100n);
  set('priv', 1n);
  m.run(11);
  // No PMP entry lets S-mode fetch.
  assert.is(get('mcause'), 1n);
  assert.is(get('priv'), 3n);
  assert.is(debug.translate(0, 0x1234n), 0x1234);
  set('priv', 1n);
  set('satp', (8n << 60n) | BigInt((RAM_BASE + 0x100000) / 4096));
  assert.is(debug.translate(0, 0x1234n), undefined);
  // One entry of 1 GiB, without permissions but to execute, and without A and D bits.
  for (let i = 0; i < 8; i++)
    m.engine.storeByte(RAM_BASE + 0x100010 + i, Number(((((BigInt(RAM_BASE) >> 12n) << 10n) | 9n) >> BigInt(8 * i)) & 0xffn));
  assert.is(debug.translate(0, 0x80001234n), RAM_BASE + 0x1234);
  assert.is(debug.translate(0, 0xbfffffffn), RAM_BASE + 0x3fffffff);
  assert.is(debug.translate(0, 0xc0000000n), undefined);
  assert.is(debug.translate(0, 0x8000000080001234n), undefined);
  set('priv', 3n);
  assert.is(debug.translate(0, 0x1234n), 0x1234);
});

test('instructions are disassembled where they are mapped', () => {
  const { debug } = debugOf(machine());
  assert.equal(debug.disassemble(0, BigInt(RAM_BASE)), { text: 'li a0, 5', length: 4 });
  assert.is(debug.disassemble(0, 0x1000n), undefined);
});

test('harts are told apart by their own ticks', () => {
  const a = new Assembler(RAM_BASE);
  a.text('csrr a0, mhartid\nloop:\naddi a1, a1, 1\nj loop');
  const m = new RiscvMachine(a.finish(), { harts: 2 });
  const { engine } = m;
  engine.run(30_000);
  assert.equal([engine.debug.hartTicks(0), engine.debug.hartTicks(1), engine.debug.currentHart], [20_000, 10_000, 1]);
  assert.is(engine.debug.readRegister(1, 10), 1n);
});

test('a step of one hart lets the others take their turns', () => {
  const a = new Assembler(RAM_BASE);
  a.text('csrr a0, mhartid\nloop:\naddi a1, a1, 1\nj loop');
  const m = new RiscvMachine(a.finish(), { harts: 2 });
  const plain = new RiscvMachine(a.finish(), { harts: 2 });
  const { engine } = m;
  engine.run(100);
  assert.equal(engine.run(Number.POSITIVE_INFINITY, { stepHart: 1 }), { kind: 'limit' });
  assert.is(engine.tick, 20_001);
  assert.equal(engine.run(Number.POSITIVE_INFINITY, { stepHart: 1 }), { kind: 'limit' });
  assert.is(engine.tick, 20_002);
  plain.run(20_002);
  assert.equal(m.summary(), plain.summary());
});

test('a hart that is held back takes no ticks, and that is part of the state', () => {
  const a = new Assembler(RAM_BASE);
  a.text('csrr a0, mhartid\nloop:\naddi a1, a1, 1\nj loop');
  const m = new RiscvMachine(a.finish(), { harts: 3 });
  const { engine } = m;
  engine.run(100);
  const before = engine.stateDigest();
  engine.hold(0b101);
  assert.is.not(engine.stateDigest(), before);
  const saved = engine.snapshots.save();
  engine.run(50_000);
  assert.equal(
    [0, 1, 2].map((hart) => engine.debug.hartTicks(hart)),
    [100, 49_900, 0],
  );
  engine.hold(0b111);
  assert.equal(engine.run(60_000), { kind: 'idle' });
  engine.hold(0);
  assert.is(saved.held, 0b101);
  engine.snapshots.load(saved);
  engine.run(20_000);
  assert.is(engine.debug.hartTicks(0), 100);
});

test('another guest is seen by the same means', () => {
  const m = new ToyMachine(`${PRELUDE}\n ldi r1, 77\nloop: jmp loop`);
  m.run(20);
  const { debug } = m.engine;
  assert.is(debug.readRegister(0, 1), 77n);
  assert.is(debug.pc(0), m.pc);
  assert.ok(debug.writeRegister(0, 1, 5n));
  assert.is(m.register(1), 5n);
  assert.is(debug.disassemble(0, m.pc)?.text, 'jmp');
});

test.run();
