import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinValues as join } from '../../lib/cli/option-table.js';
import { RUN_OPTIONS, runOptions } from '../../lib/cli/options.js';
import { ConfigError } from '../../lib/util/errors.js';

const DEFAULTS = Object.fromEntries(RUN_OPTIONS.map((row) => [row.name, 'default' in row ? row.default : undefined]));
const options = (given: Record<string, unknown> = {}) => runOptions('kernel', { ...DEFAULTS, ...given });

const joinValues = (args: readonly string[]) => join(RUN_OPTIONS, args);

const test = suite('options of run');

test('the defaults are those of the contract', () => {
  const { machine, ...rest } = options();
  assert.is(machine.name, 'riscv-virt');
  assert.equal(rest, {
    kernel: 'kernel',
    memoryBytes: 256 * 2 ** 20,
    harts: 1,
    bios: { kind: 'default' },
    initrd: undefined,
    svadu: false,
    bootArgs: '',
    dtb: undefined,
    dumpDtb: undefined,
    record: undefined,
    console: { kind: 'stdio' },
    virtioConsole: false,
    mode: 'auto',
    chain: true,
    hotThreshold: undefined,
    maxTicks: Number.POSITIVE_INFINITY,
    stats: undefined,
    quiet: false,
    seed: 0n,
    net: undefined,
    drives: [],
    startTimeMs: Date.UTC(2027, 0, 1),
    pace: undefined,
    gdb: undefined,
    wait: false,
    historyBytes: 512 * 2 ** 20,
  });
});

for (const [text, bytes] of [
  ['64M', 64 * 2 ** 20],
  ['2g', 2 * 2 ** 30],
  ['2048K', 2 * 2 ** 20],
  ['96', 96 * 2 ** 20],
] as const) {
  test(`--memory ${text} is ${bytes} bytes`, () => assert.is(options({ memory: text }).memoryBytes, bytes));
}

for (const [given, message] of [
  [{ memory: '1T' }, '--memory 1T: must be a size such as 256M'],
  [{ memory: '-5' }, '--memory -5: must be a size such as 256M'],
  [{ memory: '' }, '--memory needs a value'],
  [{ memory: false }, '--memory needs a value'],
  [{ memory: ['1', '2'] }, '--memory is given more than once'],
  [{ machine: 'riscv-vrt' }, '--machine riscv-vrt: did you mean riscv-virt?'],
  [{ machine: 'pc' }, '--machine pc: must be riscv-virt'],
  [{ smp: '0' }, '--smp 0: riscv-virt takes 1 to 8 harts'],
  [{ smp: '9' }, '--smp 9: riscv-virt takes 1 to 8 harts'],
  [{ engine: 'jit' }, '--engine jit: must be auto or interpret or translate'],
  [{ pace: 'slow' }, '--pace slow: must be real or fast'],
  [{ seed: '1.5' }, '--seed 1.5: must be a whole number'],
  [{ seed: '0x10000000000000000' }, '--seed 0x10000000000000000: must be below 2^64'],
  [{ drive: '' }, '--drive needs a value'],
  [{ drive: ',write' }, '--drive ,write: must be FILE or FILE,write'],
  [{ net: 'tap' }, '--net tap: must be none, or user with ,hostfwd=tcp:127.0.0.1:2222-:22 and the like'],
  [{ net: ['user', 'none'] }, '--net is given more than once'],
  [{ rtc: 'today' }, '--rtc today: must be now or a date such as 2027-01-31T12:00 (UTC)'],
  [{ rtc: '2027-02-30T25:00' }, '--rtc 2027-02-30T25:00: must be now or a date such as 2027-01-31T12:00 (UTC)'],
  [{ rtc: '1969-12-31' }, '--rtc 1969-12-31: must be now or a date such as 2027-01-31T12:00 (UTC)'],
  [{ 'max-ticks': '9007199254740993' }, '--max-ticks 9007199254740993: must be below 2^53'],
  [{ console: 'tty' }, '--console tty: must be stdio, none or file:PATH, or virtio:WHERE'],
  [{ console: 'file:' }, '--console file:: must be stdio, none or file:PATH, or virtio:WHERE'],
] as const) {
  test(`refuses with "${message}"`, () => {
    assert.throws(
      () => options(given),
      (error: unknown) => error instanceof ConfigError && error.message === message,
    );
  });
}

test('numbers may be decimal or hexadecimal', () => {
  assert.is(options({ seed: '0xff' }).seed, 255n);
  assert.is(options({ 'max-ticks': '1000000000000' }).maxTicks, 1e12);
});

test('--net user adds the device', () => {
  assert.is(options({ net: 'none' }).net, undefined);
  assert.is(options({ net: 'user,hostfwd=tcp::0-:22' }).net?.forwards.length, 1);
});

test('--drive may be repeated, and only ,write at its end is no part of the name', () => {
  assert.equal(options({ drive: 'a' }).drives, [{ path: 'a', write: false }]);
  assert.equal(options({ drive: ['a,b,write', 'c,write,', 'd'] }).drives, [
    { path: 'a,b', write: true },
    { path: 'c,write,', write: false },
    { path: 'd', write: false },
  ]);
});

test('--rtc takes a date in UTC, with or without time, or now', () => {
  for (const [rtc, time] of [
    ['2030-06-01', Date.UTC(2030, 5, 1)],
    ['2030-06-01T12:34', Date.UTC(2030, 5, 1, 12, 34)],
    ['2030-06-01T12:34:56', Date.UTC(2030, 5, 1, 12, 34, 56)],
    ['2030-06-01T12:34:56Z', Date.UTC(2030, 5, 1, 12, 34, 56)],
  ] as const) {
    assert.is(options({ rtc }).startTimeMs, time, rtc);
  }
  const before = Date.now();
  const { startTimeMs } = options({ rtc: 'now' });
  assert.ok(startTimeMs >= before && startTimeMs <= Date.now());
});

test('a virtio console leads to the same places', () => {
  for (const [given, kind] of [
    ['virtio', 'stdio'],
    ['virtio:stdio', 'stdio'],
    ['virtio:none', 'none'],
    ['virtio:file:x', 'file'],
  ]) {
    assert.equal([options({ console: given }).console.kind, options({ console: given }).virtioConsole], [kind, true]);
  }
  assert.is(options({ console: 'file:virtio' }).virtioConsole, false);
});

test('a console file is everything behind file:', () => {
  assert.equal(options({ console: 'file:a:b' }).console, { kind: 'file', path: 'a:b' });
});

test('an option is tied to its value, even one that begins with a dash', () => {
  assert.equal(joinValues(['run', 'k', '--stats', '-', '--quiet', '--append', '--x -y']), [
    'run',
    'k',
    '--stats=-',
    '--quiet',
    '--append=--x -y',
  ]);
  assert.equal(joinValues(['--memory', '--smp', '1']), ['--memory', '--smp=1']);
  assert.equal(joinValues(['--append', '', '--append=', 'k']), ['--append', '', '--append', '', 'k']);
  assert.equal(joinValues(['k', '--gdb', '-S']), ['k', '--gdb=127.0.0.1:1234', '--wait']);
  assert.equal(joinValues(['-s', 'k', '--gdb', '0', '--gdb', '[::1]:9', '--gdb', './socket']).slice(2), [
    '--gdb=0',
    '--gdb=[::1]:9',
    '--gdb=./socket',
  ]);
  assert.equal(joinValues(['--quiet', '--', '--stats', '-']), ['--quiet', '--', '--stats', '-']);
});

test.run();
