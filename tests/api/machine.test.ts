import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { machineCode } from '../../lib/api/riscv.js';
import { ConfigError, ImageError, Machine } from '../../lib/index.js';
import { cli } from '../support/cli.js';
import { HELLO, helloBytes } from '../support/files.js';

const test = suite('a machine in a program');

const RAM = 0x80000000;
const [T0, T1, T2] = [5, 6, 7];
/** Echoes what is typed on the serial line, as fast as it comes. */
const ECHO = machineCode([
  ['lui', { rd: T0, imm: 0x10000000 }],
  ['lbu', { rd: T1, rs1: T0, imm: 5 }],
  ['andi', { rd: T1, rs1: T1, imm: 1 }],
  ['beq', { rs1: T1, rs2: 0, imm: -8 }],
  ['lbu', { rd: T2, rs1: T0, imm: 0 }],
  ['sb', { rs1: T0, rs2: T2, imm: 0 }],
  ['jal', { rd: 0, imm: -20 }],
]);
/** Counts in t0, and in memory. */
const COUNT = machineCode([
  ['addi', { rd: T0, rs1: 0, imm: 0 }],
  ['addi', { rd: T0, rs1: T0, imm: 1 }],
  ['auipc', { rd: T1, imm: 0x1000 }],
  ['sd', { rs1: T1, rs2: T0, imm: 0 }],
  ['jal', { rd: 0, imm: -12 }],
]);
const [STORE, JUMP, COUNTER] = [RAM + 12, RAM + 16, RAM + 0x1008];
const bare = (kernel: Uint8Array, options = {}) => Machine.create({ kernel, bios: 'none', memory: '1M', ...options });

test('does what the command does: the same output, ticks and state', async () => {
  const { stdout } = await cli(['run', HELLO, '--bios', 'none', '--smp', '2', '--memory', '64M', '--stats', '-', '--quiet']);
  const end = stdout.lastIndexOf('\n{') + 1;
  const stats = JSON.parse(stdout.slice(end)) as { ticks: number; stateDigest: string };
  const machine = Machine.create({ kernel: helloBytes(), bios: 'none', harts: 2, memory: 64 * 2 ** 20 });
  assert.equal(machine.run(), { kind: 'poweroff', code: 0 });
  assert.equal([machine.tick, machine.stateDigest()], [stats.ticks, stats.stateDigest]);
  assert.is(machine.console, stdout.slice(0, end));
  assert.is(machine.powerOff, 0);
});

test('runs until text is printed, or a line matches, and stops at the very instruction', () => {
  const pieces: string[] = [];
  const machine = Machine.create({ kernel: HELLO, bios: 'none', onOutput: (text) => pieces.push(text) });
  assert.equal(machine.run({ until: 'Hello' }), { kind: 'printed' });
  assert.is(machine.console, 'Hello');
  assert.equal(machine.run({ until: /from hart.*misa/ }), { kind: 'printed' });
  assert.match(machine.console, /misa$/);
  assert.equal(machine.run({ until: 'Hello', ticks: 1000 }), { kind: 'limit' });
  assert.is(pieces.join(''), machine.console);
  machine.run();
  assert.is(pieces.join(''), machine.console);
});

test('gives typed text to a guest that takes it little by little', () => {
  const text = 'the quick brown fox jumps over the lazy dog, again and again and again\n';
  const machine = bare(ECHO);
  machine.type(text);
  assert.equal(machine.run({ until: '\n', ticks: 10_000_000 }), { kind: 'printed' });
  assert.is(machine.console, text);
});

test('reads and writes registers and memory', () => {
  const machine = bare(COUNT);
  assert.equal(machine.run({ ticks: 10_000 }), { kind: 'limit' });
  const behindStore = machine.breakpoint(JUMP);
  machine.run();
  behindStore.remove();
  const count = machine.register('t0');
  assert.is(machine.registers().t0, count);
  assert.is(machine.register('x5'), count);
  assert.is(machine.readInteger(COUNTER, 8), count);
  machine.setRegister('t0', 1n << 40n);
  machine.writeMemory(RAM + 4, machineCode([['addi', { rd: T0, rs1: T0, imm: 2 }]]));
  machine.run({ ticks: 8 });
  assert.is(machine.register('t0'), (1n << 40n) + 4n);
  assert.is(machine.disassemble(RAM + 4)?.text, 'addi t0, t0, 2');
  assert.throws(() => machine.register('eax'), /no register eax/);
  assert.throws(() => machine.readMemory(RAM + 2 ** 20 - 4, 8), /no memory at 0x80100000/);
  assert.throws(() => machine.writeMemory(0, new Uint8Array(8)), /no RAM/);
});

test('stops at breakpoints and watchpoints, goes on behind them, and no longer stops when they are removed', () => {
  const machine = bare(COUNT);
  const breakpoint = machine.breakpoint(STORE, { condition: () => machine.register('t0') >= 5n });
  for (const count of [5n, 6n]) {
    const stop = machine.run();
    assert.is(stop.kind, 'breakpoint');
    assert.equal([machine.register('pc'), machine.register('t0')], [BigInt(STORE), count]);
  }
  breakpoint.remove();
  const watchpoint = machine.watchpoint(COUNTER);
  const stop = machine.run();
  assert.ok(stop.kind === 'watchpoint' && stop.pc === BigInt(STORE) && stop.access === 'write');
  assert.is(machine.readInteger(COUNTER, 8), 6n);
  watchpoint.remove();
  assert.equal(machine.run({ ticks: 100 }), { kind: 'limit' });
});

test('what a block hook throws ends the run', () => {
  let calls = 0;
  const onBlock = () => {
    if (++calls === 5) throw new Error('enough');
  };
  const machine = bare(COUNT, { onBlock });
  assert.throws(() => machine.run({ ticks: 1_000_000 }), /enough/);
  assert.equal(machine.run({ ticks: 1000 }), { kind: 'limit' });
});

test('finds places by the names of the kernel', () => {
  const machine = Machine.create({ kernel: HELLO, bios: 'none' });
  machine.breakpoint('main');
  assert.is(machine.run().kind, 'breakpoint');
  assert.is(machine.symbols.symbolAt(machine.register('pc'))?.symbol.name, 'main');
  assert.throws(
    () => machine.address('mian'),
    (error: unknown) => error instanceof ConfigError && error.message === 'no symbol mian; did you mean main?',
  );
  assert.throws(
    () => bare(COUNT).symbols,
    (error: unknown) => error instanceof ConfigError,
  );
});

test('is not created from what is wrong', () => {
  const of = (type: new (message: string) => Error) => (error: unknown) => error instanceof type;
  assert.throws(() => Machine.create({ kernel: '/no/such/file' }), of(ImageError));
  assert.throws(() => bare(new Uint8Array(0)), of(ImageError));
  assert.throws(() => bare(COUNT, { memory: 'much' }), of(ConfigError));
  assert.throws(() => bare(COUNT, { harts: 9 }), of(ConfigError));
  assert.throws(() => bare(COUNT, { harts: 0 }), of(ConfigError));
  assert.throws(() => bare(COUNT, { startTime: new Date('never') }), of(ConfigError));
  assert.throws(() => bare(COUNT, { append: 'a\0b' }), of(ConfigError));
});

test.run();
