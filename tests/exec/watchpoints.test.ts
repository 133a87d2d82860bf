import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DebugStop, WatchKind, Watchpoint } from '../../lib/exec/debug.js';
import { type WatchMoment, watchTrace } from '../support/access-model.js';
import { Assembler } from '../support/assembler.js';
import { digestsAt } from '../support/breakpoint-run.js';
import { lawsProgram } from '../support/laws-program.js';
import type { PathOptions } from '../support/paths.js';
import { randomSource } from '../support/random.js';
import { CLINT_BASE, RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';
import { PRELUDE } from '../support/toy-isa/handler.js';
import { ToyMachine } from '../support/toy-isa/machine.js';

const test = suite('watchpoints');

const PATHS: readonly (PathOptions & { readonly name: string })[] = [
  { name: 'interpreter', mode: 'interpret', chain: false },
  { name: 'threshold 1', hotThreshold: 1 },
  { name: 'translator', mode: 'translate' },
];

const DATA = RAM_BASE + 0x10000;

function assemble(text: string): Uint8Array {
  const a = new Assembler(RAM_BASE);
  a.text(text);
  return a.finish();
}

const watch = (address: number | bigint, length: number, kind: WatchKind, space: Watchpoint['space'] = 'virtual'): Watchpoint => ({
  address: BigInt(address),
  length,
  kind,
  space,
});

/** All stops of a run to `ticks`: tick, pc of the instruction, address relative to DATA, and access. */
function stops(machine: RiscvMachine, ticks: number): string[] {
  const { engine } = machine;
  const result: string[] = [];
  for (;;) {
    const stop = engine.run(ticks);
    if (stop.kind !== 'watchpoint') return result;
    result.push(`${engine.tick} ${describe(stop)}`);
  }
}

function describe(stop: Extract<DebugStop, { kind: 'watchpoint' }>): string {
  return `${Number(stop.pc) - RAM_BASE} ${stop.access} ${Number(stop.address) - DATA}`;
}

/** What `text` does with a0 = DATA, from the fifth instruction on, at 16: its stops, which are the same on all paths and in both spaces, and change nothing. */
function stopsOf(text: string, watchpoints: readonly Watchpoint[], ticks = 60): string[] {
  const program = assemble(`li t0, 1\nslli a0, t0, 31\nlui t1, 65536\nadd a0, a0, t1\n${text}\nend:\nj end`);
  const plain = new RiscvMachine(program, { mode: 'interpret' });
  plain.run(ticks);
  let first: string[] | undefined;
  for (const { name, ...path } of PATHS) {
    for (const space of ['virtual', 'physical'] as const) {
      const machine = new RiscvMachine(program, path);
      machine.engine.debug.setWatchpoints(watchpoints.map((watchpoint) => ({ ...watchpoint, space })));
      const got = stops(machine, ticks);
      first ??= got;
      assert.equal(got, first, `${name}, ${space}`);
      assert.equal(machine.summary(), plain.summary(), `${name}, ${space}`);
    }
  }
  return first as string[];
}

test('loads and stores of every size stop where they touch the bytes, and nowhere else', () => {
  const text = 'sd a1, 0(a0)\nsw a1, 8(a0)\nsh a1, 14(a0)\nsb a1, 16(a0)\nld a2, 0(a0)\nlw a2, 12(a0)\nlbu a2, 15(a0)\nsd a1, 16(a0)';
  assert.equal(stopsOf(text, [watch(DATA + 15, 1, 'write')]), ['7 24 write 14']);
  assert.equal(stopsOf(text, [watch(DATA + 15, 1, 'read')]), ['10 36 read 12', '11 40 read 15']);
  assert.equal(stopsOf(text, [watch(DATA + 15, 1, 'access')]), ['7 24 write 14', '10 36 read 12', '11 40 read 15']);
  assert.equal(stopsOf(text, [watch(DATA + 3, 6, 'write')]), ['5 16 write 0', '6 20 write 8']);
  assert.equal(stopsOf(text, [watch(DATA + 24, 4000, 'access'), watch(DATA - 100, 100, 'access')]), []);
});

test('atomics, floating point, cache blocks and what crosses a page are seen as what they do', () => {
  const setup = 'li t0, 0x2000\ncsrs mstatus, t0\nli t2, 4\nadd a1, a0, t2\n';
  const base = 16 + 16;
  // Ticks are 1 + the number of the instruction.
  const at = (index: number, rest: string): string => `${4 + 4 + index + 1} ${base + 4 * index} ${rest}`;
  const text = `${setup}
    amoadd.w a2, a3, (a1)
    lr.d a2, (a0)
    sc.d a3, a2, (a0)
    sc.d a3, a2, (a0)
    fsw ft0, 4(a0)
    fld ft1, 0(a0)
    .word ${0x0045200f | (10 << 15)}
    amoswap.d a2, a2, (a0)
    ld a2, -4(a0)
    sd a2, -4(a0)
    ld a2, 3(a0)
    csrr a2, cycle`;
  assert.equal(stopsOf(text, [watch(DATA + 4, 1, 'write')]), [
    at(0, 'write 4'),
    at(2, 'write 0'),
    at(4, 'write 4'),
    at(6, 'write 0'),
    at(7, 'write 0'),
  ]);
  assert.equal(stopsOf(text, [watch(DATA + 4, 1, 'read')]), [
    at(0, 'read 4'),
    at(1, 'read 0'),
    at(5, 'read 0'),
    at(7, 'read 0'),
    at(10, 'read 3'),
  ]);
  assert.equal(stopsOf(text, [watch(DATA + 56, 8, 'access')]), [at(6, 'write 56')]);
});

function expectStops(
  machine: RiscvMachine,
  ticks: number,
  moments: readonly WatchMoment[],
  digests: readonly string[],
  name: string,
): void {
  const { engine } = machine;
  for (const [i, moment] of moments.entries()) {
    const stop = engine.run(ticks);
    const where = `${name}, stop ${i} at tick ${moment.tick}`;
    if (stop.kind !== 'watchpoint') throw new Error(`${where}: ${stop.kind} at tick ${engine.tick}`);
    const { kind: _, ...rest } = stop;
    assert.equal({ ...rest, tick: engine.tick, skippedNs: engine.clock.skippedNs }, moment, where);
    assert.is(engine.stateDigest(), digests[i], where);
  }
  const end = engine.run(ticks);
  assert.ok(end.kind === 'limit' || end.kind === 'idle', `${name}: ${end.kind} at tick ${engine.tick} instead of the end`);
}

test('random ranges in both spaces, in a program that does everything, on all paths', () => {
  const random = randomSource(11);
  const kinds: readonly WatchKind[] = ['read', 'write', 'access'];
  const places = [
    0x80300000,
    0x80300200,
    0x80300400,
    0x803007f0,
    0x803ff000 - 64,
    CLINT_BASE + 0x4000,
    0x1000,
    0x2040,
    0x3000,
    0x3400,
    0x80201000,
  ];
  let total = 0;
  for (let round = 0; round < 5; round++) {
    const watchpoints = Array.from({ length: 8 }, () =>
      watch(
        places[random() % places.length] + (random() % 64),
        1 + (random() % 12),
        kinds[random() % 3],
        random() % 2 === 0 ? 'virtual' : 'physical',
      ),
    );
    const program = lawsProgram();
    const moments = watchTrace(new RiscvMachine(program, { mode: 'interpret', chain: false }), 5_000, watchpoints);
    const digests = digestsAt(new RiscvMachine(program, { mode: 'interpret', chain: false }), moments);
    total += moments.length;
    for (const { name, ...path } of PATHS) {
      const machine = new RiscvMachine(program, path);
      machine.engine.debug.setWatchpoints(watchpoints);
      expectStops(machine, 5_000, moments, digests, `round ${round}, ${name}`);
    }
  }
  assert.ok(total > 100, `${total} stops`);
});

test('an access that faults in its second half, or an instruction that traps after all, is no hit', () => {
  const text = `
    lui t3, 0x3f0000
    add t3, t3, a0
    la t4, end
    csrw mtvec, t4
    sd a1, -4(t3)`;
  assert.equal(stopsOf(text, [watch(RAM_BASE + 0x400000 - 8, 8, 'access')]), []);
  const amo = 'la t4, end\ncsrw mtvec, t4\naddi a0, a0, 2\namoadd.d a1, a1, (a0)';
  assert.equal(stopsOf(amo, [watch(DATA, 16, 'access')]), []);
});

test('a condition sees the state behind the instruction, and the first watchpoint that wants to stop does', () => {
  const program = assemble(
    'li t0, 1\nslli s0, t0, 31\nlui t1, 0x10000\nadd s0, s0, t1\nloop:\nld a0, 0(s0)\naddi a0, a0, 1\nsd a0, 0(s0)\nj loop',
  );
  for (const { name, ...path } of PATHS) {
    const machine = new RiscvMachine(program, path);
    const { engine } = machine;
    let asked = 0;
    const condition = (): boolean => {
      asked++;
      return machine.dword(DATA) === 500n;
    };
    const never: Watchpoint = { ...watch(DATA, 4, 'access'), condition: () => false };
    const wanted: Watchpoint = { ...watch(DATA + 4, 1, 'write'), condition };
    engine.debug.setWatchpoints([never, wanted]);
    const pc = BigInt(RAM_BASE + 24);
    const stop = engine.run(10_000);
    assert.equal(stop, { kind: 'watchpoint', hart: 0, watchpoint: wanted, address: BigInt(DATA), access: 'write', pc }, name);
    assert.is(asked, 500, name);
    assert.is(engine.tick, 4 + 499 * 4 + 3);
    engine.debug.setWatchpoints([]);
    assert.equal(engine.run(10_000), { kind: 'limit' }, name);
    assert.is(asked, 500, name);
  }
});

test('of several harts the one that did it is named', () => {
  const program = assemble(`
    csrr a0, mhartid
    li t0, 1
    slli s0, t0, 31
    lui t1, 0x10000
    add s0, s0, t1
    slli t2, a0, 3
    add s0, s0, t2
  loop:
    sd a0, 0(s0)
    j loop`);
  const machine = new RiscvMachine(program, { harts: 3, hotThreshold: 1 });
  for (const hart of [2, 0, 1]) {
    machine.engine.debug.setWatchpoints([watch(DATA + 8 * hart, 8, 'access')]);
    const stop = machine.engine.run(Number.POSITIVE_INFINITY);
    assert.is(stop.kind === 'watchpoint' && stop.hart, hart);
  }
});

test('a device is seen by physical watchpoints, within a run and between two, and a debugger that stores is not', () => {
  const machine = new RiscvMachine(assemble('loop:\nj loop'));
  const { engine } = machine;
  const watchpoint = watch(DATA + 5000, 2, 'write', 'physical');
  engine.debug.setWatchpoints([watchpoint, watch(DATA, 8192, 'access')]);
  engine.clock.at(50, () => engine.memory.write(DATA + 100, new Uint8Array(8000)));
  engine.clock.at(60, () => engine.memory.write(DATA + 5002, new Uint8Array(3000)));
  const stop = engine.run(1000);
  const expected = { kind: 'watchpoint', hart: -1, watchpoint, access: 'write', pc: 0n };
  assert.equal(stop, { ...expected, address: BigInt(DATA + 4096) });
  assert.is(engine.tick, 50);
  assert.equal(engine.run(1000), { kind: 'limit' });
  engine.storeByte(DATA + 5000, 1);
  engine.memory.write(DATA + 5001, new Uint8Array(1));
  assert.equal(engine.run(2000), { ...expected, address: BigInt(DATA + 5001) });
  assert.is(engine.tick, 1000);
  assert.equal(engine.run(2000), { kind: 'limit' });
});

test('more ranges than the table holds are all seen exactly', () => {
  const program = assemble(
    'li t0, 1\nslli s0, t0, 31\nlui t1, 0x10000\nadd s0, s0, t1\nli a2, 1500\nloop:\nsb a0, 0(s0)\naddi s0, s0, 1\naddi a2, a2, -1\nbnez a2, loop\nend:\nj end',
  );
  const machine = new RiscvMachine(program, { hotThreshold: 1 });
  const { engine } = machine;
  engine.debug.setWatchpoints(Array.from({ length: 400 }, (_, i) => watch(DATA + 1 + i * 3, 1, i % 2 === 0 ? 'write' : 'access')));
  const addresses: number[] = [];
  for (let stop = engine.run(10_000); stop.kind === 'watchpoint'; stop = engine.run(10_000)) addresses.push(Number(stop.address) - DATA);
  assert.equal(
    addresses,
    Array.from({ length: 400 }, (_, i) => 1 + i * 3),
  );
});

test('the instruction is named where a jump follows its access', () => {
  for (const { name, ...path } of PATHS) {
    const machine = new ToyMachine(`${PRELUDE}\n jmp over\nsub: rets\nover: calls sub\n jmp over`, path);
    const { engine, program } = machine;
    engine.debug.setWatchpoints([watch(0x7ff8, 8, 'access')]);
    const pcs: bigint[] = [];
    for (let i = 0; i < 4; i++) {
      const stop = engine.run(1000);
      if (stop.kind === 'watchpoint') pcs.push(stop.pc);
    }
    const [over, sub] = [BigInt(program.at('over')), BigInt(program.at('sub'))];
    assert.equal(pcs, [over, sub, over, sub], name);
  }
});

test.run();
