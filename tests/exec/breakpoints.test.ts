import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Breakpoint } from '../../lib/exec/debug.js';
import { Assembler } from '../support/assembler.js';
import { breakAt, digestsAt, expectStops, type Moment, trace } from '../support/breakpoint-run.js';
import { lawsProgram } from '../support/laws-program.js';
import { type PathOptions, TINY_ARENA } from '../support/paths.js';
import { randomSource } from '../support/random.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

const test = suite('breakpoints');

const PATHS: readonly (PathOptions & { readonly name: string })[] = [
  { name: 'interpreter', mode: 'interpret', chain: false },
  { name: 'interpreter, chained', mode: 'interpret' },
  { name: 'threshold 1', hotThreshold: 1 },
  { name: 'threshold 16', hotThreshold: 16 },
  { name: 'threshold 8, tiny arena', hotThreshold: 8, arenaBytes: TINY_ARENA },
  { name: 'translator, unchained', mode: 'translate', chain: false },
];

const REFERENCE: PathOptions = { mode: 'interpret', chain: false };

function assemble(text: string): Uint8Array {
  const a = new Assembler(RAM_BASE);
  a.text(text);
  return a.finish();
}

/** Runs `program` with breakpoints at the pcs that `choose` picks, on all paths. */
function expectOnPaths(
  program: Uint8Array,
  ticks: number,
  choose: (moments: readonly Moment[]) => readonly bigint[],
  options: { harts?: number; paths?: typeof PATHS } = {},
): readonly Moment[] {
  const { harts = 1, paths = PATHS } = options;
  const all = trace(new RiscvMachine(program, { ...REFERENCE, harts }), ticks);
  const pcs = new Set(choose(all));
  const moments = all.filter(({ pc }) => pcs.has(pc));
  const digests = digestsAt(new RiscvMachine(program, { ...REFERENCE, harts }), moments);
  for (const { name, ...path } of paths) {
    const machine = new RiscvMachine(program, { ...path, harts });
    machine.engine.debug.setBreakpoints(breakAt(pcs));
    expectStops(machine, ticks, moments, digests, name);
  }
  return moments;
}

test('at every instruction of a program that does everything', () => {
  const moments = expectOnPaths(lawsProgram(), 2_000, (all) => all.map(({ pc }) => pc), { paths: PATHS.filter((_, i) => i % 2 === 1) });
  assert.ok(moments.length > 1_900);
});

test('at a few places of a long program, and where no instruction begins', () => {
  const random = randomSource(7);
  for (let round = 0; round < 3; round++) {
    const moments = expectOnPaths(
      lawsProgram(),
      30_000,
      (all) => {
        const counts = new Map<bigint, number>();
        for (const { pc } of all) counts.set(pc, (counts.get(pc) ?? 0) + 1);
        const rare = [...counts].filter(([, count]) => count < 40).map(([pc]) => pc);
        const pcs = Array.from({ length: 12 }, () => rare[random() % rare.length]);
        return [...pcs, ...pcs.map((pc) => pc + 2n), ...pcs.map((pc) => pc + 1n), 0x4000n, 0xffffffff80000000n];
      },
      { paths: round === 0 ? PATHS : PATHS.slice(2, 5) },
    );
    assert.ok(moments.length > 10);
  }
});

test('a false condition changes nothing, and is asked once each time', () => {
  const program = assemble(`
  li a0, 0
loop:
  addi a0, a0, 1
  addi a1, a1, 3
  li t0, 1000
  bne a0, t0, loop
end:
  j end
`);
  const plain = new RiscvMachine(program, REFERENCE);
  plain.run(6_000);
  for (const { name, ...path } of PATHS) {
    const machine = new RiscvMachine(program, path);
    const { debug } = machine.engine;
    const a0 = debug.registers.findIndex((register) => register.name === 'a0');
    const seen: bigint[] = [];
    const condition = (hart: number): boolean => {
      seen.push(debug.readRegister(hart, a0));
      return seen.length === 900;
    };
    const breakpoint: Breakpoint = { pc: BigInt(RAM_BASE) + 8n, condition };
    debug.setBreakpoints([breakpoint]);
    const stop = machine.engine.run(6_000);
    assert.equal(stop, { kind: 'breakpoint', hart: 0, breakpoint }, name);
    assert.equal(machine.engine.run(6_000, { passBreakpoint: true }), { kind: 'limit' }, name);
    assert.equal(
      seen,
      Array.from({ length: 1000 }, (_, i) => BigInt(i + 1)),
      name,
    );
    assert.equal(machine.summary(), plain.summary(), name);
  }
});

test('without passBreakpoint the same place stops again, and the end of a run goes first', () => {
  const machine = new RiscvMachine(assemble('addi a0, a0, 1\naddi a0, a0, 1\nend:\nj end'), { hotThreshold: 1 });
  const { engine } = machine;
  const pc = BigInt(RAM_BASE) + 4n;
  engine.debug.setBreakpoints([{ pc }]);
  assert.equal(engine.run(1), { kind: 'limit' });
  for (let i = 0; i < 3; i++) {
    assert.is(engine.run(10).kind, 'breakpoint');
    assert.is(engine.tick, 1);
  }
  assert.equal(engine.run(2, { passBreakpoint: true }), { kind: 'limit' });
});

test('a breakpoint that goes leaves nothing behind, and comes back', () => {
  const program = assemble('loop:\naddi a0, a0, 1\naddi a1, a1, 1\naddi a2, a2, 1\nj loop');
  for (const { name, ...path } of PATHS) {
    const machine = new RiscvMachine(program, path);
    const { engine } = machine;
    const pc = BigInt(RAM_BASE) + 4n;
    for (let i = 0; i < 5; i++) {
      engine.debug.setBreakpoints([{ pc }]);
      assert.is(engine.run(engine.tick + 100).kind, 'breakpoint', name);
      engine.debug.setBreakpoints([]);
      assert.equal(engine.run(engine.tick + 399), { kind: 'limit' }, name);
    }
    const plain = new RiscvMachine(program, REFERENCE);
    plain.run(engine.tick);
    assert.equal(machine.summary(), plain.summary(), name);
  }
});

test.run();
