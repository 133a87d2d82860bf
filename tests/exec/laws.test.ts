import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Assembler } from '../support/assembler.js';
import { lawsProgram } from '../support/laws-program.js';
import { type Path, type PathOptions, runOnPaths, TINY_ARENA, TINY_TABLE, ticksUpTo } from '../support/paths.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

const test = suite('the same state at the same tick on every path');

const program = lawsProgram();
const create = (options: PathOptions) => new RiscvMachine(program, options);

const PATHS: readonly Path[] = [
  { name: 'interpreter, chained', mode: 'interpret', pace: 'ticks' },
  { name: 'interpreter, random runs', mode: 'interpret', pace: 'random' },
  { name: 'threshold 1', hotThreshold: 1, pace: 'ticks' },
  { name: 'threshold 3', hotThreshold: 3, pace: 'ticks' },
  { name: 'threshold 64', hotThreshold: 64, pace: 'ticks' },
  { name: 'threshold 64, unchained', chain: false, pace: 'ticks' },
  { name: 'threshold 16, in one go', hotThreshold: 16, pace: 'straight' },
  { name: 'threshold 16, random runs', hotThreshold: 16, pace: 'random' },
  { name: 'threshold 8, tiny arena', hotThreshold: 8, arenaBytes: TINY_ARENA, pace: 'ticks' },
  { name: 'threshold 4, tables replaced', hotThreshold: 4, tableCellsMax: TINY_TABLE, pace: 'ticks' },
];

const TRANSLATOR: readonly Path[] = [
  { name: 'translator', mode: 'translate', pace: 'ticks' },
  { name: 'translator, tables replaced', mode: 'translate', tableCellsMax: TINY_TABLE, pace: 'ticks' },
  { name: 'translator, unchained, tiny arena', mode: 'translate', chain: false, arenaBytes: TINY_ARENA, pace: 'straight' },
];

const STEPS: readonly Path[] = [
  { name: 'interpreter, single-stepped', mode: 'interpret', pace: 'steps' },
  { name: 'threshold 4, single-stepped', hotThreshold: 4, pace: 'steps' },
];

test('100 ticks of a long program, compiled sooner or later', () => {
  const machine = runOnPaths(create, ticksUpTo(120_000, 100), PATHS);
  // The program went through all of its phases many times, and was interrupted.
  assert.ok(machine.register('s5') > 18n);
  assert.ok(machine.register('s3') > 100n);
});

test('everything compiled at once', () => {
  runOnPaths(create, ticksUpTo(25_000, 30), TRANSLATOR);
});

test('single steps', () => {
  runOnPaths(create, ticksUpTo(20_000, 40), STEPS);
});

test('far calls, and jumps that look like some', () => {
  const a = new Assembler(RAM_BASE);
  a.text(`
loop:
  addi s0, s0, 1
  auipc ra, 0x1000
  jalr ra, 0x101(ra)
  auipc t1, 0x1000
  addi t1, t1, 0x100
  jalr ra, 0(t1)
  auipc t0, 0
  jalr ra, 12(t0)
  j loop
  jr ra
`);
  a.org(RAM_BASE + 0x1104);
  a.text(`
  addi s1, s1, 1
  nop
  addi s2, s2, 1
  jr ra
`);
  const code = a.finish();
  const machine = runOnPaths((options: PathOptions) => new RiscvMachine(code, options), ticksUpTo(20_000, 40), [...PATHS, ...TRANSLATOR]);
  const [rounds, first, both] = ['s0', 's1', 's2'].map((name) => Number(machine.register(name))) as [number, number, number];
  assert.ok(rounds > 900 && rounds - first <= 1 && Math.abs(both - 2 * first) <= 2, `${rounds} ${first} ${both}`);
});

test('a single whose operand was a helper result, where the fast path fails', () => {
  const a = new Assembler(RAM_BASE);
  a.text(`
  li t0, 0x2000
  csrs mstatus, t0
  li t1, 3
  fcvt.d.w ft0, t1
  fcvt.s.w ft2, t1
loop:
  csrw fflags, zero
  fcvt.s.d ft6, ft0
  fmul.s ft2, ft2, ft6, rtz
  fadd.s ft2, ft2, ft6
  j loop
`);
  const code = a.finish();
  runOnPaths((options: PathOptions) => new RiscvMachine(code, options), [10, 200], TRANSLATOR);
});

test.run();
