/** `hindsight query`, against what single steps through the same recording show, and against what the guests print about themselves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCommandLine } from '../../lib/cli/commands.js';
import { openRecordedMachine, type RecordedMachine } from '../../lib/host/recorded-machine.js';
import { openRecording } from '../../lib/host/recording-inputs.js';
import { openSymbols, type Symbols } from '../../lib/symbols/symbols.js';
import { ConfigError, ImageError } from '../../lib/util/errors.js';
import { recordedLine } from '../../replay/line-check.js';
import { asm } from '../support/assembler.js';
import { type CliResult, cli, MAIN } from '../support/cli.js';
import { file, HELLO, ROOT, withFolder } from '../support/files.js';
import { withOtherDigest } from '../support/recordings.js';

const HEISENBUG = join(ROOT, 'examples/heisenbug/heisenbug.elf');
/** The bytes of filter_task.flags, which is the first thing in filter_task. */
const FLAGS = ['filter_task', '--length', '4'];

interface Row {
  readonly tick: number;
  readonly hart: number | null;
  readonly pc: string;
  readonly symbol?: string;
  readonly file?: string;
  readonly line?: number;
  readonly old?: string;
  readonly new?: string;
  readonly text?: string;
}

const test = suite('hindsight query');

/** Records a run of `elf`, and gives its output and the recording's path. */
async function record(folder: string, elf: string, ...options: string[]): Promise<{ path: string; output: string }> {
  const path = join(folder, 'run.rec');
  const { stdout } = await cli(['run', elf, '--bios', 'none', '--pace', 'fast', '--record', path, ...options]);
  return { path, output: stdout };
}

const withRun = (elf: string, options: string[], body: (run: { path: string; output: string; folder: string }) => Promise<void>) =>
  withFolder(async (folder) => body({ folder, ...(await record(folder, elf, ...options)) }));

/** The recording that most questions are about, made once. */
const heisenbug = { folder: '', path: '', output: '' };
test.before(async () => {
  heisenbug.folder = mkdtempSync(join(tmpdir(), 'hindsight-test-'));
  Object.assign(heisenbug, await record(heisenbug.folder, HEISENBUG, '--seed', '33'));
});
test.after(() => rmSync(heisenbug.folder, { recursive: true, force: true }));
const withHeisenbug = (body: Parameters<typeof withRun>[2]) => body(heisenbug);

/** The answers to a question, as objects. */
async function ask(path: string, ...args: string[]): Promise<Row[]> {
  const result = await cli(['query', path, ...args, '--json']);
  assert.is(result.code, 0, result.stderr);
  return linesOf(result).map((line) => JSON.parse(line));
}

function linesOf({ stdout }: CliResult): string[] {
  return stdout.split('\n').filter((line) => line !== '');
}

interface Step {
  readonly tick: number;
  readonly pc: bigint;
  /** Of four bytes at the watched address, in front of the tick and behind it. */
  readonly before: number;
  readonly after: number;
}

/** What each of the ticks from `from` to `to` does, one by one, by a machine without any breakpoint. */
async function steps({ machine, timeline }: RecordedMachine, paddr: bigint, from: number, to: number): Promise<Step[]> {
  const value = () => Buffer.from(machine.memory.read(Number(paddr), 4) as Uint8Array).readUInt32LE(0);
  const result: Step[] = [];
  await timeline.seek(from);
  for (let tick = from; tick < to; tick++) {
    const [pc, before] = [machine.debug.pc(0), value()];
    timeline.run(tick + 1);
    result.push({ tick, pc, before, after: value() });
  }
  return result;
}

const openMachine = (path: string) => openRecordedMachine(openRecording(path), { warn: assert.unreachable });

function addressOf(symbols: Symbols, name: string): bigint {
  return symbols.symbolsNamed(name)[0].address;
}

test('last-write names the line that damaged the variable, with the value before and after', () =>
  withHeisenbug(async ({ path, output }) => {
    assert.match(output, /PANIC/);
    const result = await cli(['query', path, 'last-write', ...FLAGS]);
    const row = /^(\d+) {2}hart 0 {2}(0x[0-9a-f]+) {2}task_done\+0x4 \(task\.c:(\d+)\) {2}0x00000003 -> 0x00000000\n$/.exec(result.stdout);
    assert.ok(row, result.stdout + result.stderr);
    const [, tick, pc, line] = row;
    const source = readFileSync(join(ROOT, 'examples/heisenbug/task.c'), 'utf8').split('\n');
    assert.match(source[Number(line) - 1], /flags &= ~TASK_RUNNING/);
    const symbols = openSymbols(HEISENBUG);
    const recorded = openMachine(path);
    const around = await steps(recorded, addressOf(symbols, 'filter_task'), Number(tick) - 100, Number(tick) + 100);
    const last = around.filter(({ before, after }) => before !== after).at(-1);
    assert.equal(last, { tick: Number(tick), pc: BigInt(pc), before: 3, after: 0 });
    symbols.close();
  }));

test('a recording whose digests are others is found out, as far as the question goes', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'run.rec');
    await cli(['run', HEISENBUG, '--bios', 'none', '--pace', 'fast', '--seed', '33', '--record', `${path},digest=2000000`]);
    const { digests } = recordedLine(openRecording(path), { verify: true });
    const tick = digests?.list[3].at.tick ?? 0;
    const other = file(folder, 'other.rec', withOtherDigest(readFileSync(path), 3));
    const { code, stdout, stderr } = await cli(['query', other, 'last-write', ...FLAGS]);
    assert.equal([code, stdout], [3, '']);
    assert.match(
      stderr,
      new RegExp(`other\\.rec: the replay differs from the recording .* at tick ${tick}, after the state agreed at tick `),
    );
    assert.is((await cli(['query', other, 'last-write', ...FLAGS, '--before', String(tick - 1)])).code, 0);
  }));

test('last-write --before finds the write in front of a tick, and the one in front of that', () =>
  withHeisenbug(async ({ path }) => {
    const writes = await ask(path, 'writes', ...FLAGS);
    assert.ok(writes.length > 100);
    for (const index of [writes.length - 1, 40, 1]) {
      const [found] = await ask(path, 'last-write', ...FLAGS, '--before', String(writes[index].tick));
      assert.equal(found, writes[index - 1]);
      const [same] = await ask(path, 'last-write', ...FLAGS, '--before', String(writes[index].tick + 1));
      assert.equal(same, writes[index]);
    }
    const none = await cli(['query', path, 'last-write', ...FLAGS, '--before', String(writes[0].tick)]);
    assert.is(none.stdout, '');
    assert.match(none.stderr, /not written between ticks 0 and \d+/);
    assert.is(none.code, 0);
  }));

test('writes are those that single steps show, and each begins with what the one before has left', () =>
  withHeisenbug(async ({ path }) => {
    const writes = await ask(path, 'writes', ...FLAGS);
    for (const [index, { old }] of writes.entries()) assert.is(old, writes[index - 1]?.new ?? '0x00000000');
    const [from, to] = [writes[3].tick - 500, writes[5].tick + 500];
    const symbols = openSymbols(HEISENBUG);
    const recorded = openMachine(path);
    const changes = (await steps(recorded, addressOf(symbols, 'filter_task'), from, to)).filter(({ before, after }) => before !== after);
    const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
    const expected = changes.map(({ tick, pc, before, after }) => [tick, `0x${pc.toString(16)}`, hex(before), hex(after)]);
    const rows = (await ask(path, 'writes', ...FLAGS, '--from', String(from), '--to', String(to))).map((row) => [
      row.tick,
      row.pc,
      row.old,
      row.new,
    ]);
    assert.equal(
      rows.filter(([, , old, now]) => old !== now),
      expected,
    );
    assert.ok(expected.length >= 3);
    symbols.close();
  }));

test('--from and --to take the ticks from one on up to in front of the other, --limit the first answers', () =>
  withHeisenbug(async ({ path }) => {
    const all = await ask(path, 'calls', 'task_done');
    const [from, to] = [all[10].tick, all[20].tick];
    const options = ['--from', String(from), '--to', String(to)];
    assert.equal(await ask(path, 'calls', 'task_done', ...options), all.slice(10, 20));
    assert.equal(await ask(path, 'calls', 'task_done', '--from', String(from + 1), '--limit', '3'), all.slice(11, 14));
    const writes = await ask(path, 'writes', ...FLAGS);
    const range = ['--from', String(writes[10].tick), '--to', String(writes[20].tick)];
    assert.equal(await ask(path, 'writes', ...FLAGS, ...range), writes.slice(10, 20));
    assert.equal(await ask(path, 'writes', ...FLAGS, ...range, '--limit', '4'), writes.slice(10, 14));
  }));

test('calls are the ticks at which single steps stand at the first instruction', () =>
  withHeisenbug(async ({ path }) => {
    const all = await ask(path, 'calls', 'task_post');
    const [from, to] = [all[2].tick - 200, all[4].tick + 200];
    const symbols = openSymbols(HEISENBUG);
    const pc = addressOf(symbols, 'task_post');
    const expected = (await steps(openMachine(path), 0x80000000n, from, to)).filter((step) => step.pc === pc).map(({ tick }) => tick);
    assert.equal(
      all.map(({ tick }) => tick).filter((tick) => tick >= from && tick < to),
      expected,
    );
    symbols.close();
  }));

test('calls: as many as the guest counts, with where they come from', () =>
  withRun(HELLO, [], async ({ path, output }) => {
    const calls = await cli(['query', path, 'calls', 'trap']);
    assert.match(output, / 7 traps: all as expected/);
    assert.is(linesOf(calls).length, 7);
    for (const line of linesOf(calls))
      assert.match(line, /^\d+ {2}hart 0 {2}0x[0-9a-f]+ {2}trap \(main\.c:\d+\) {2}from trap_entry\+0x[0-9a-f]+/);
    const writes = await ask(path, 'writes', 'traps');
    const numbers = writes.map((row) => Number(row.new));
    assert.equal(numbers.slice(-7), [1, 2, 3, 4, 5, 6, 7]);
    assert.ok(writes.every(({ new: value }) => value?.length === '0x'.length + 16));
  }));

test('print shows what a format makes of registers and memory, there and then', () =>
  withHeisenbug(async ({ path, output }) => {
    const texts = (await ask(path, 'print', 'print', '{a0:s}')).map(({ text }) => text?.replaceAll('\\x0a', '\n') ?? '');
    assert.ok(texts.includes('PANIC: task '));
    let at = 0;
    for (const text of texts) {
      const next = output.indexOf(text, at);
      assert.ok(next >= at, `${JSON.stringify(text)} is not printed behind ${at}`);
      at = next + text.length;
    }
    const [line] = linesOf(await cli(['query', path, 'print', 'panic', '"flags %u of %s", *(u32 *)a0, *(u64 *)(a0 + 8)']));
    assert.match(line, /^\d+ {2}hart 0 {2}0x[0-9a-f]+ {2}panic \(platform\.c:\d+\): flags 0 of /);
  }));

test('symbols may come from a System.map, and a number needs none', () =>
  withHeisenbug(async ({ path, folder }) => {
    const symbols = openSymbols(HEISENBUG);
    const [done, task] = ['task_done', 'filter_task'].map((name) => addressOf(symbols, name).toString(16).padStart(16, '0'));
    const map = file(folder, 'System.map', `${done} t other_name\n${task} d some_task\n`);
    const rows = await ask(path, 'calls', 'other_name', '--symbols', map, '--limit', '5');
    const same = await ask(path, 'calls', `0x${done}`, '--limit', '5');
    assert.equal(
      rows.map(({ tick, symbol, file: source }) => [tick, symbol, source]),
      same.map(({ tick }) => [tick, 'other_name', undefined]),
    );
    const [byName] = await ask(path, 'last-write', 'some_task', '--length', '4', '--symbols', map);
    const [byNumber] = await ask(path, 'last-write', `0x${task}`, '--length', '4');
    assert.is(byName.tick, byNumber.tick);
    assert.is(byNumber.symbol, 'task_done');
    symbols.close();
  }));

test('what is wrong is said in one line', () =>
  withHeisenbug(async ({ path, folder }) => {
    const cases: [args: string[], message: RegExp][] = [
      [['calls', 'pancik'], /'pancik': no symbol is called 'pancik'; did you mean 'panic'\?/],
      [['last-write', 'filter_tsk'], /did you mean 'filter_task'\?/],
      [['last-write', 'task.c:41'], /is a line of code/],
      [['writes', '0x5'], /0x5 is not mapped to memory at tick \d+/],
      [['writes', 'filter_task', '--length', '0'], /--length 0: must be from 1 to 1048576/],
      [['last-wirte', 'filter_task'], /did you mean last-write\?/],
      [['print', 'panic'], /print needs a format/],
      [['print', 'panic', '{nothing}'], /nothing/],
      [['calls', 'panic', 'x'], /unexpected argument x/],
      [['calls', 'panic', '--length', '4'], /calls has no --length/],
      [['calls', 'panic', '--limit', '0'], /--limit 0: must be at least 1/],
      [['calls', 'panic', '--from', '99999999999'], /--from 99999999999: nothing is left in front of tick \d+/],
      [['calls'], /no place given/],
      [['calls', 'panic', '--symbols', join(folder, 'nothing')], /nothing: no such file or directory/],
    ];
    for (const [args, message] of cases) {
      const error = await runCommandLine(['query', path, ...args], '0').catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ConfigError || error instanceof ImageError, String(error));
      assert.match(error.message, message);
      assert.not.match(error.message, /\n/);
    }
    const { code, stdout } = await cli(['query', path, 'calls', 'pancik']);
    assert.equal([code, stdout], [2, '']);
  }));

test('a recorded kernel without symbols: numbers work, names say what to do', () =>
  withFolder(async (folder) => {
    const guest = asm((a) => {
      a.li('s1', 0x100000);
      a.li('s2', 0x80001000);
      a.text('li t0, 7; sw t0, 4(s2); sh t0, 8(s2); li t0, 0x5555; sw t0, 0(s1); hang: j hang');
    });
    const { path } = await record(folder, file(folder, 'flat.bin', guest));
    const [store] = await ask(path, 'writes', '0x80001004', '--length', '4');
    assert.equal([store.old, store.new, store.symbol], ['0x00000000', '0x00000007', undefined]);
    const { stdout } = await cli(['query', path, 'writes', '0x80001000', '--length', '16']);
    assert.match(stdout, /\+0x4: 0x00 -> 0x07\n.*\+0x8: 0x00 -> 0x07\n$/);
    const { code, stderr } = await cli(['query', path, 'calls', 'main']);
    assert.is(code, 2);
    assert.match(stderr, /'main': no symbols: the recorded kernel is no ELF file; --symbols FILE/);
  }));

test('a reader that goes away ends the search', () =>
  withRun(HELLO, [], async ({ path }) => {
    const child = spawn(process.execPath, [MAIN, 'query', path, 'calls', 'fib'], { timeout: 60_000, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [code, signal] = await once(child, 'exit');
    assert.equal([code, signal], [0, null]);
  }));

test.run();
