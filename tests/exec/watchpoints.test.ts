import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DebugStop, WatchKind, Watchpoint } from '../../lib/exec/debug.js';
import { Assembler } from '../support/assembler.js';
import type { PathOptions } from '../support/paths.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

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

test.run();
