import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Column, recordingColumns } from '../../lib/host/recording-columns.js';
import { openRecording } from '../../lib/host/recording-inputs.js';
import { asm } from '../support/assembler.js';
import { cli } from '../support/cli.js';
import { file, HELLO, ROOT, withFolder } from '../support/files.js';

const HEISENBUG = join(ROOT, 'examples/heisenbug/heisenbug.elf');
const NS_PER_TICK = 1;

/**
 * Traps 13 times: 3 calls before anybody can have seen the vector, 6 calls in address spaces that take turns, and 4 software interrupts by way of a
 * table of vectors.
 */
const TRAPS = asm((a) => {
  a.li('s1', 0x100000);
  a.li('s2', 0x2000000);
  a.li('s4', 0);
  a.li('s5', 0x8000000000080000n);
  const delay = (name: string) => a.text(`li s0, 60000; ${name}: addi s0, s0, -1; bnez s0, ${name}`);
  a.text('la t0, handler; csrw mtvec, t0; ecall; ecall; ecall');
  delay('first');
  a.text('li s3, 6; switch: xor s4, s4, s5; csrw satp, s4; ecall');
  delay('second');
  a.text('addi s3, s3, -1; bnez s3, switch; la t0, table; ori t0, t0, 1; csrw mtvec, t0');
  delay('third');
  a.text(`
    li t0, 8; csrw mie, t0; csrs mstatus, t0
    li s3, 4
    again: li t0, 1; sw t0, 0(s2); nop; nop; addi s3, s3, -1; bnez s3, again
    li t0, 0x5555; sw t0, 0(s1)
    hang: j hang
    handler: csrr t1, mepc; addi t1, t1, 4; csrw mepc, t1; mret
    table: j handler; nop; nop; j soft
    soft: sw zero, 0(s2); mret`);
});

const test = suite('columns of a recording');

interface Run {
  readonly path: string;
  readonly output: string;
}

/** Records a run of `guest` and looks at it. */
const withRun = (guest: string | Uint8Array, options: { args?: string[]; input?: string }, body: (run: Run) => Promise<void>) =>
  withFolder(async (folder) => {
    const path = join(folder, 'run.rec');
    const kernel = typeof guest === 'string' ? guest : file(folder, 'guest.bin', guest);
    const args = ['run', kernel, '--bios', 'none', '--record', path, ...(options.args ?? [])];
    await body({ path, output: (await cli(args, options.input)).stdout });
  });

const columnsOf = (path: string, columns: number) =>
  recordingColumns(openRecording(path), { columns, warn: assert.unreachable, onProgress: () => {} });

const sum = (columns: readonly Column[], of: (column: Column) => number) => columns.reduce((total, column) => total + of(column), 0);

const totals = (columns: readonly Column[]) => ({
  traps: sum(columns, ({ traps }) => traps),
  exceptions: sum(columns, ({ exceptions }) => exceptions),
  timer: sum(columns, ({ interrupts }) => interrupts.timer),
  software: sum(columns, ({ interrupts }) => interrupts.software),
  external: sum(columns, ({ interrupts }) => interrupts.external),
  otherTraps: sum(columns, ({ otherTraps }) => otherTraps),
  switches: sum(columns, ({ switches }) => switches),
});

test('columns follow each other without gaps, and hold what the run put out and how long it took', () =>
  withRun(HELLO, {}, async ({ path, output }) => {
    const { reached } = openRecording(path);
    for (const count of [1, 7, 60]) {
      const columns = await columnsOf(path, count);
      assert.is(columns.length, count);
      const ends = columns.map(({ tick, ticks }) => tick + ticks);
      assert.equal(ends, [...columns.slice(1).map(({ tick }) => tick), reached.tick]);
      const widths = columns.map(({ ticks }) => ticks);
      assert.ok(Math.max(...widths) - Math.min(...widths) <= 1);
      assert.is(
        sum(columns, ({ outputBytes }) => outputBytes),
        output.length,
      );
      assert.is(
        sum(columns, ({ idleNs }) => idleNs),
        reached.skippedNs,
      );
      assert.is(
        sum(columns, ({ virtualNs }) => virtualNs),
        reached.tick * NS_PER_TICK + reached.skippedNs,
      );
      assert.is(columns.at(-1)?.digests, 1 + (count === 1 ? 1 : 0));
    }
    assert.match(output, / 7 traps: all as expected/);
    assert.equal(totals(await columnsOf(path, 60)), {
      traps: 7,
      exceptions: 5,
      timer: 1,
      software: 1,
      external: 0,
      otherTraps: 0,
      switches: 0,
    });
  }));

test('traps are told apart by their cause, and address spaces from one trap to the next', () =>
  withRun(TRAPS, {}, async ({ path }) => {
    const all = { traps: 13, exceptions: 6, timer: 0, software: 4, external: 0, otherTraps: 3, switches: 5 };
    for (const count of [60, 211]) assert.equal(totals(await columnsOf(path, count)), all, `${count} columns`);
  }));

test('a trap that was seen at no vector is of unknown kind, wherever the borders are', () =>
  withRun(TRAPS, {}, async ({ path }) => {
    // Over a million ticks without a border, the table of vectors is looked at too late.
    const [column] = await columnsOf(path, 1);
    assert.is(column.traps, 13);
    assert.equal([column.exceptions, column.interrupts.software, column.otherTraps], [6, 0, 7]);
  }));

test('a trap between whose beginning and entry a column ends belongs to no other kind', () =>
  withRun(HEISENBUG, { args: ['--seed', '33', '--append', 'samples=20'] }, async ({ path }) => {
    const { timer, otherTraps, traps } = totals(await columnsOf(path, 20_000));
    assert.equal({ timer, otherTraps, traps }, { timer: 20, otherTraps: 0, traps: 20 });
  }));

test('input is shown where it arrived', () =>
  withRun(HEISENBUG, { args: ['--append', 'samples=0'], input: 'sq' }, async ({ path, output }) => {
    assert.match(output, /stopped/);
    const recording = openRecording(path);
    const events = [...recording.entries()].filter(({ kind }) => kind === 'event');
    const columns = await columnsOf(path, 40);
    assert.ok(events.length > 0);
    for (const { tick, ticks, inputs } of columns) {
      const end = tick + ticks === recording.reached.tick ? Number.POSITIVE_INFINITY : tick + ticks;
      assert.is(inputs, events.filter(({ at }) => at.tick >= tick && at.tick < end).length);
    }
    assert.ok(totals(columns).external > 0);
  }));

test.run();
