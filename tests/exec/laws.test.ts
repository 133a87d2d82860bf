import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileThread } from '../../lib/exec/compile-thread.js';
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

test('compiled by another thread while the program goes on', async () => {
  for (const deadline = Date.now() + 60_000; !CompileThread.get()?.isReady && availableParallelism() > 1; await setTimeout(5))
    assert.ok(Date.now() < deadline, 'the thread does not start');
  const engines: RiscvMachine[] = [];
  const threaded = (options: PathOptions) => {
    const machine = new RiscvMachine(program, options);
    if (options.compileThread) engines.push(machine);
    return machine;
  };
  runOnPaths(threaded, ticksUpTo(240_000, 100), [
    { name: 'threshold 8', hotThreshold: 8, compileThread: true, pace: 'ticks' },
    { name: 'threshold 64, tiny arena', hotThreshold: 64, compileThread: true, arenaBytes: TINY_ARENA, pace: 'random' },
  ]);
  // Later than that if the host is slow.
  const [{ engine }] = engines as [RiscvMachine];
  for (const deadline = Date.now() + 60_000; engine.stats().engine.regions === 0; engine.run(engine.tick + 10_000))
    assert.ok(Date.now() < deadline, 'no region');
});

test('everything compiled at once', () => {
  runOnPaths(create, ticksUpTo(25_000, 30), TRANSLATOR);
});

test('single steps', () => {
  runOnPaths(create, ticksUpTo(20_000, 40), STEPS);
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
