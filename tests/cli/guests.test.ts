import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Assembler, asm } from '../support/assembler.js';
import { type CliResult, cli, MAIN, startCli } from '../support/cli.js';
import { HELLO, withFolder } from '../support/files.js';

const UART = 0x10000000;
const FINISHER = 0x100000;
const CLINT = 0x2000000;

/** s0 = UART, s1 = test finisher, s2 = CLINT. */
function prologue(a: Assembler): void {
  a.li('s0', UART);
  a.li('s1', FINISHER);
  a.li('s2', CLINT);
}

function powerOff(a: Assembler, value = 0x5555): void {
  a.li('t0', value);
  a.text('sw t0, 0(s1)');
}

const GUESTS = {
  /** Powers off with exit code 42. */
  fail: (a: Assembler) => {
    prologue(a);
    powerOff(a, 0x002a3333);
  },
  /** Prints a dot and runs without end. */
  spin: (a: Assembler) => {
    prologue(a);
    a.text('li t0, 46; sb t0, 0(s0); loop: addi a0, a0, 1; j loop');
  },
  /** Prints a dot and waits for an interrupt that nobody can send. */
  wait: (a: Assembler) => {
    prologue(a);
    a.text('li t0, 46; sb t0, 0(s0); loop: wfi; j loop');
  },
  /** Sends back what it receives, up to a byte 4; looks for input every few microseconds. */
  echo: (a: Assembler) => {
    prologue(a);
    a.text(`
      li t0, 7;  sb t0, 2(s0)
      li t1, 4
      next: li t2, 2000
      delay: addi t2, t2, -1; bnez t2, delay
      lbu t0, 5(s0); andi t0, t0, 1; beqz t0, next
      lbu a0, 0(s0)
      beq a0, t1, done
      sb a0, 0(s0)
      j next
      done:`);
    powerOff(a);
  },
  /** Sends 1.5 million bytes: the low 7 bits of a counter. */
  flood: (a: Assembler) => {
    prologue(a);
    a.text(`
      li a1, 1500000
      next: andi a2, a0, 127; sb a2, 0(s0)
      addi a0, a0, 1
      bne a0, a1, next`);
    powerOff(a);
  },
  /** Sleeps 300 ms of virtual time, prints a dot. */
  sleep: (a: Assembler) => {
    prologue(a);
    a.text(`
      li t0, 0x4000; add t0, t0, s2
      li t1, 3000000; sd t1, 0(t0)
      li t0, 128; csrw mie, t0
      wfi
      li t0, 46; sb t0, 0(s0)`);
    powerOff(a);
  },
  /** Prints its registers a0 and a1 != 0 as bits, counts in RAM how often it was started, resets twice. */
  reset: (a: Assembler) => {
    prologue(a);
    a.text(`
      li s3, 0x80100000
      lw t0, 0(s3); addi t0, t0, 1; sw t0, 0(s3)
      addi t1, t0, 48; sb t1, 0(s0)
      sltu t1, zero, a1; addi t1, t1, 97; sb t1, 0(s0)
      li t2, 3; beq t0, t2, done
      li t0, 0x7777; sw t0, 0(s1)
      hang: j hang
      done:`);
    powerOff(a);
  },
} as const;

/** Runs `body` with the path of the guest's flat binary. */
function withGuest<T>(name: keyof typeof GUESTS, body: (path: string, folder: string) => Promise<T>): Promise<T> {
  return withFolder((folder) => {
    const path = join(folder, `${name}.bin`);
    writeFileSync(path, asm(GUESTS[name]));
    return body(path, folder);
  });
}

const statsOf = (result: CliResult) => JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '');
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

const test = suite('guests under the command line');

test('hello.elf prints the same and ends in the same state on every engine, and exits with 0', async () => {
  const variants = [[], ['--engine', 'interpret'], ['--engine', 'translate'], ['--no-chain']];
  const results = await Promise.all(variants.map((options) => cli(['run', HELLO, '--bios', 'none', '--stats', '-', ...options])));
  const [first] = results;
  assert.match(first?.stdout ?? '', /^Hello from hart 0, (.*\n)*.* traps: all as expected\n/);
  const digest = statsOf(first as CliResult).stateDigest;
  assert.match(digest, /^[0-9a-f]{16,}$/);
  for (const result of results) {
    assert.equal([result.code, result.stderr], [0, '']);
    assert.is(statsOf(result).stateDigest, digest);
    assert.is(
      linesOf(result.stdout).slice(0, -1).join('\n'),
      linesOf(first?.stdout ?? '')
        .slice(0, -1)
        .join('\n'),
    );
  }
});

test("the guest's exit code is the command's", () =>
  withGuest('fail', async (path) => {
    const { code, stdout, stderr } = await cli(['run', path, '--bios', 'none']);
    assert.equal([code, stdout, stderr], [42, '', '']);
  }));

test('--stats has all the figures of the contract', () =>
  withGuest('fail', async (path, folder) => {
    const stats = join(folder, 'stats.json');
    await cli(['run', path, '--bios', 'none', '--stats', stats]);
    const figures = JSON.parse(readFileSync(stats, 'utf8'));
    assert.equal(figures.exit, { reason: 'poweroff', code: 42 });
    assert.type(figures.stateDigest, 'string');
    const names = {
      '': ['ticks', 'instructions', 'wallSeconds', 'mips', 'peakRssBytes'],
      engine: ['translatedTicks', 'interpretedTicks', 'regions', 'modules', 'compileSeconds', 'chained', 'unchained', 'invalidated'],
      tlb: ['fills', 'slowPaths'],
      recording: ['bytes', 'events', 'digests'],
    };
    for (const [part, fields] of Object.entries(names)) {
      for (const name of fields) assert.type((part ? figures[part] : figures)[name], 'number', `${part} ${name}`);
    }
  }));

test('--max-ticks stops at exactly that tick, with exit code 4', () =>
  withGuest('spin', async (path) => {
    const result = await cli(['run', path, '--bios', 'none', '--max-ticks', '1234567', '--console', 'none', '--stats', '-']);
    assert.is(result.code, 4);
    assert.is(result.stderr, 'hindsight: stopped at tick 1234567 (--max-ticks)\n');
    assert.equal([statsOf(result).ticks, statsOf(result).exit], [1234567, { reason: 'limit', code: 4 }]);
    const quiet = await cli(['run', path, '--bios', 'none', '--max-ticks', '10', '--quiet']);
    assert.equal([quiet.code, quiet.stderr], [4, '']);
  }));

test('a guest that nothing can wake ends with exit code 4 and says so', () =>
  withGuest('wait', async (path) => {
    const { code, stderr } = await cli(['run', path, '--bios', 'none']);
    assert.is(code, 4);
    assert.match(stderr, /^hindsight: the guest waits for an interrupt that cannot come any more \(tick \d+\)\n$/);
  }));

test('with input open such a guest is waited with, without burning CPU, until the input ends', () =>
  withGuest('wait', async (path) => {
    const { child, result } = startCli(['run', path, '--bios', 'none']);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.is(child.exitCode, null);
    child.stdin?.end();
    const { code, stderr } = await result;
    assert.is(code, 4);
    const ticks = Number(/\(tick (\d+)\)/.exec(stderr)?.[1]);
    assert.ok(ticks > 0 && ticks < 100, stderr);
  }));

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  for (const guest of ['spin', 'wait'] as const) {
    test(`${signal} ends a guest that would ${guest} with exit code ${code}`, () =>
      withGuest(guest, async (path) => {
        const { child, result } = startCli(['run', path, '--bios', 'none']);
        await once(child.stdout as NodeJS.ReadableStream, 'data');
        child.kill(signal);
        const ended = await result;
        assert.is(ended.code, code);
        assert.match(ended.stderr, /^hindsight: interrupted at tick \d+\n$/);
      }));
  }
}

test('input from a pipe reaches the guest whole and in order, however much it is', () =>
  withGuest('echo', async (path) => {
    const text = Array.from({ length: 4000 }, (_, i) => `line ${i}\n`).join('');
    const { code, stdout } = await cli(['run', path, '--bios', 'none'], `${text}\x04`);
    assert.is(code, 0);
    assert.is(stdout, text);
  }));

test('input that comes later is served too', () =>
  withGuest('echo', async (path) => {
    const { child, result } = startCli(['run', path, '--bios', 'none']);
    child.stdin?.write('first\n');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.stdin?.end('second\n\x04');
    const { code, stdout } = await result;
    assert.equal([code, stdout], [0, 'first\nsecond\n']);
  }));

const FLOOD = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => i & 127));

test('output to a pipe with a slow reader is whole and in order', () =>
  withGuest('flood', async (path) => {
    const { child, result } = startCli(['run', path, '--bios', 'none']);
    child.stdout?.pause();
    setTimeout(() => child.stdout?.resume(), 1000);
    const { code, stdout } = await result;
    assert.is(code, 0);
    assert.ok(Buffer.from(stdout, 'latin1').equals(FLOOD));
  }));

test('output to a file is whole, by redirection and by --console file:', () =>
  withGuest('flood', async (path, folder) => {
    const [redirected, named] = [join(folder, 'redirected'), join(folder, 'named')];
    const fd = openSync(redirected, 'w');
    const { child, result: running } = startCli(['run', path, '--bios', 'none', '--console', `file:${named}`]);
    child.stdin?.end();
    assert.is(spawnSync(process.execPath, [MAIN, 'run', path, '--bios', 'none'], { stdio: ['ignore', fd, 'inherit'] }).status, 0);
    closeSync(fd);
    const { code, stdout } = await running;
    assert.equal([code, stdout], [0, '']);
    assert.ok(readFileSync(redirected).equals(FLOOD));
    assert.ok(readFileSync(named).equals(FLOOD));
  }));

test('--console none shows nothing', () =>
  withGuest('sleep', async (path) => {
    const { code, stdout } = await cli(['run', path, '--bios', 'none', '--console', 'none']);
    assert.equal([code, stdout], [0, '']);
  }));

test('a reader that goes away ends the run quietly', () =>
  withGuest('flood', async (path) => {
    const { child, result } = startCli(['run', path, '--bios', 'none']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await result;
    assert.equal([code, stderr], [0, '']);
  }));

test('output that the host cannot store ends the run with one line that says why', () =>
  withGuest('flood', async (path) => {
    const fd = openSync('/dev/full', 'w');
    const redirected = spawnSync(process.execPath, [MAIN, 'run', path, '--bios', 'none'], {
      stdio: ['ignore', fd, 'pipe'],
      encoding: 'utf8',
      timeout: 60_000,
    });
    closeSync(fd);
    assert.equal([redirected.status, redirected.stderr], [2, 'hindsight: standard output: no space left on the device\n']);
    const named = await cli(['run', path, '--bios', 'none', '--console', 'file:/dev/full']);
    assert.equal([named.code, named.stderr], [2, 'hindsight: --console /dev/full: no space left on the device\n']);
  }));

test('a closed or unreadable standard input is no input', () =>
  withGuest('sleep', async (path, folder) => {
    const fd = openSync(folder, 'r');
    const unreadable = spawnSync(process.execPath, [MAIN, 'run', path, '--bios', 'none'], {
      stdio: [fd, 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: 60_000,
    });
    closeSync(fd);
    assert.equal([unreadable.status, unreadable.stdout, unreadable.stderr], [0, '.', '']);
  }));

test('sleeping takes host time at real pace, and none at fast pace; the state is the same', () =>
  withGuest('sleep', async (path) => {
    const [real, fast] = await Promise.all(
      ['real', 'fast'].map((pace) => cli(['run', path, '--bios', 'none', '--pace', pace, '--console', 'none', '--stats', '-'])),
    );
    const [slow, quick] = [statsOf(real as CliResult), statsOf(fast as CliResult)];
    assert.ok(slow.wallSeconds >= 0.295, `${slow.wallSeconds} s`);
    assert.ok(quick.wallSeconds < slow.wallSeconds);
    assert.equal([quick.ticks, quick.stateDigest], [slow.ticks, slow.stateDigest]);
  }));

test('a reset starts the kernel again, and memory beside the images survives', () =>
  withGuest('reset', async (path) => {
    const { code, stdout, stderr } = await cli(['run', path, '--bios', 'none']);
    assert.equal([code, stdout, stderr], [0, '1b2b3b', '']);
  }));

test.run();
