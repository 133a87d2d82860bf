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
      { paths: round === 0 ? PATHS : PATHS.slice(2, 4) },
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

/** Code at one physical page, mapped at 0x1000 and 0x2000; the setup maps them after the first rounds of `wait`. */
const ALIASES = `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  la t0, enter
  csrw mepc, t0
  li t0, 0x800
  csrs mstatus, t0
  li t0, ${(8n << 60n) | BigInt((RAM_BASE + 0x100000) >>> 12)}
  csrw satp, t0
  mret
enter:
  li s0, 0x1000
  li s1, 0x2000
  li s2, 40
round:
  jalr ra, 0(s0)
  jalr ra, 0(s1)
  addi s2, s2, -1
  bnez s2, round
  li t0, ${RAM_BASE + 0x102000 + 8}
  ld t1, 0(t0)
  ld t2, 8(t0)
  sd t2, 0(t0)
  sd t1, 8(t0)
  sfence.vma zero, zero
  li s2, 40
  li s0, 0x1000
  j round
`;

function aliasProgram(): Uint8Array {
  const pte = (paddr: number, bits: number): bigint => (BigInt(paddr >>> 12) << 10n) | BigInt(bits);
  const tables = RAM_BASE + 0x100000;
  const a = new Assembler(RAM_BASE);
  a.text(ALIASES);
  a.org(tables);
  a.dword(pte(tables + 0x1000, 1));
  a.dword(0);
  a.dword(pte(RAM_BASE, 0xcf));
  a.org(tables + 0x1000);
  a.dword(pte(tables + 0x2000, 1));
  a.org(tables + 0x2000);
  a.dword(0);
  a.dword(pte(RAM_BASE + 0x200000, 0xcf));
  a.dword(pte(RAM_BASE + 0x200000, 0xcf));
  a.org(RAM_BASE + 0x200000);
  a.text('addi a0, a0, 1\naddi a1, a1, 2\nbeqz zero, over\naddi a3, a3, 1\nover:\naddi a2, a2, 3\nret');
  return a.finish();
}

test('of two mappings of a page only the one at the address stops, and it may be set before it is mapped', () => {
  const moments = expectOnPaths(aliasProgram(), 3_000, () => [0x1004n, 0x2010n, 0x1010n, 0x1002n, 0x3004n]);
  assert.ok(moments.length > 80);
});

test('a breakpoint in a page whose code is known and linked stops as soon as it is set', () => {
  for (const hotThreshold of [1000, 4]) {
    // In front of a block, and behind the first exit of one.
    for (const pc of [0x2000n, 0x2010n]) {
      const { engine } = new RiscvMachine(aliasProgram(), { hotThreshold });
      engine.run(1_000);
      // Not in that page: it is entered by a jump.
      assert.is(engine.debug.pc(0), 0x1004n);
      engine.debug.setBreakpoints([{ pc }]);
      for (let i = 0; i < 3; i++) {
        const stop = engine.run(engine.tick + 200, { passBreakpoint: true });
        assert.is(stop.kind, 'breakpoint', `threshold ${hotThreshold}, pc ${pc.toString(16)}, tick ${engine.tick}`);
        assert.is(engine.debug.pc(0), pc);
      }
    }
  }
});

test('where nothing can be fetched it stops in front of the trap, and passes on into it', () => {
  const program = assemble(`
  la t0, handler
  csrw mtvec, t0
again:
  li t1, 0x4000
  jr t1
handler:
  addi a0, a0, 1
  j again
`);
  const moments = expectOnPaths(program, 2_000, () => [0x4000n, 0x4004n]);
  assert.ok(moments.length > 300);
  assert.ok(moments.every(({ pc }) => pc === 0x4000n));
});

test('code that changes under a breakpoint, or is copied to where one waits, keeps it', () => {
  const program = assemble(`
  li t0, 1
  slli s0, t0, 31
  lui t1, 0x10000
  add s0, s0, t1
  li a2, 12
  li a3, 0x8067
loop:
  slli t0, a2, 20
  li t1, 0x50513
  add t0, t0, t1
  sw t0, 0(s0)
  sw a3, 4(s0)
  jalr ra, 0(s0)
  addi a2, a2, -1
  bnez a2, loop
end:
  j end
`);
  const target = BigInt(RAM_BASE + 0x10000);
  const moments = expectOnPaths(program, 400, () => [target, target + 4n]);
  assert.is(moments.length, 24);
});

const SHARED = `
  csrr a0, mhartid
  li t0, 1
  slli s0, t0, 31
  lui t1, 0x10000
  add s0, s0, t1
  beqz a0, writer
reader:
  lr.d a1, (s0)
  add a1, a1, a0
  sc.d a2, a1, (s0)
  bnez a2, reader
  addi a3, a3, 1
  andi a4, a3, 63
  bnez a4, reader
  wfi
  j reader
writer:
  ld a1, 0(s0)
  amoadd.d a1, a0, (s0)
  addi a3, a3, 1
  j writer
`;

test('several harts stop one by one, in their order', () => {
  const moments = expectOnPaths(
    assemble(SHARED),
    50_000,
    (all) => {
      // Where it is executed rarely, which is not in the loops.
      const counts = new Map<bigint, number>();
      for (const { pc } of all) counts.set(pc, (counts.get(pc) ?? 0) + 1);
      return [...counts].filter(([, count]) => count < 600).map(([pc]) => pc);
    },
    { harts: 3, paths: PATHS.slice(1, 4) },
  );
  assert.is(new Set(moments.map(({ hart }) => hart)).size, 3);
});

test('thousands of breakpoints, on cold and on hot code, come and go', () => {
  const program = lawsProgram();
  const plain = new RiscvMachine(program, REFERENCE);
  plain.run(40_000);
  const machine = new RiscvMachine(program, { hotThreshold: 16 });
  const { engine } = machine;
  const cold = Array.from({ length: 5_000 }, (_, i): Breakpoint => ({ pc: BigInt(RAM_BASE) + 0x40000n + BigInt(2 * i) }));
  const never = Array.from({ length: 200 }, (_, i): Breakpoint => ({ pc: BigInt(RAM_BASE) + BigInt(4 * i), condition: () => false }));
  for (let tick = 2_000; tick <= 40_000; tick += 2_000) {
    engine.debug.setBreakpoints(tick % 6_000 === 0 ? [] : tick % 4_000 === 0 ? [...cold, ...never] : cold);
    assert.equal(engine.run(tick), { kind: 'limit' });
  }
  assert.equal(machine.summary(), plain.summary());
});

test.run();
