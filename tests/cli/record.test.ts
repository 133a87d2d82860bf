/** Recording and replaying as a user does it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Assembler, asm } from '../support/assembler.js';
import { type CliResult, cli, MAIN, startCli } from '../support/cli.js';
import { file, HELLO, ROOT, withFolder } from '../support/files.js';
import { framePacket, splitWire } from '../support/gdb-client.js';
import { randomSource } from '../support/random.js';
import { withOtherDigest, withOtherProgram } from '../support/recordings.js';

const test = suite('record and replay under the command line');

/** Sends back what it receives, plus one, up to a byte 4; waits for the serial line's interrupt meanwhile, with a timer that wakes it as well. */
function echo(a: Assembler): void {
  a.li('s0', 0x10000000);
  a.li('s1', 0x100000);
  a.li('s2', 0x2000000);
  a.li('s3', 0xc000000);
  a.li('t1', 0xc200000);
  a.text(`
    li t0, 1; sb t0, 1(s0)
    sw t0, 40(s3)
    li t2, 0x2000; add t2, t2, s3
    li t0, 0x400; sw t0, 0(t2)
    li t0, 0x880; csrw mie, t0
    li s4, 4
    next:
    li t0, 0x4000; add t0, t0, s2
    li t2, 0xbff8; add t2, t2, s2; ld t2, 0(t2)
    li t3, 70000; add t2, t2, t3; sd t2, 0(t0)
    wfi
    lw t4, 4(t1)
    poll:
    lbu t0, 5(s0); andi t0, t0, 1; beqz t0, complete
    lbu a0, 0(s0)
    beq a0, s4, done
    addi a0, a0, 1
    sb a0, 0(s0)
    j poll
    complete: sw t4, 4(t1)
    j next
    done: li t0, 0x5555; sw t0, 0(s1)
    hang: j hang`);
}

const RUN = ['--bios', 'none', '--stats', '-'];
const statsOf = (result: CliResult) => JSON.parse(result.stdout.slice(result.stdout.lastIndexOf('{"ticks"')));
const outputOf = (result: CliResult) => result.stdout.slice(0, result.stdout.lastIndexOf('{"ticks"'));

/** Types `text` into a recorded run of the echo guest, at random moments. */
async function recordEcho(folder: string, text: string, flags = ''): Promise<{ path: string; result: CliResult }> {
  const path = join(folder, 'echo.rec');
  const guest = file(folder, 'echo.bin', asm(echo));
  const { child, result } = startCli(['run', guest, ...RUN, '--record', `${path}${flags}`]);
  const random = randomSource(text.length);
  for (const key of text) {
    await new Promise((resolve) => setTimeout(resolve, random() % 40));
    child.stdin?.write(key);
  }
  child.stdin?.end('\x04');
  return { path, result: await result };
}

test('a session with keystrokes at random moments is the same again on every engine', () =>
  withFolder(async (folder) => {
    const { path, result } = await recordEcho(folder, 'the quick brown fox', ',digest=500');
    assert.is(result.code, 0, result.stderr);
    assert.is(outputOf(result), 'uif!rvjdl!cspxo!gpy');
    const engines = [[], ['--engine', 'interpret'], ['--engine', 'translate'], ['--hot-threshold', '2', '--no-chain']];
    for (const engine of engines) {
      const again = await cli(['replay', path, '--stats', '-', ...engine]);
      assert.equal([again.code, outputOf(again), again.stderr], [0, outputOf(result), '']);
      assert.equal([statsOf(again).stateDigest, statsOf(again).ticks], [statsOf(result).stateDigest, statsOf(result).ticks]);
    }
  }));

test('a debugger hears of a replay that is not the recorded run, and the exit code says so', () =>
  withFolder(async (folder) => {
    const { path } = await recordEcho(folder, 'abcdef', ',digest=20');
    const other = file(folder, 'other.rec', withOtherDigest(readFileSync(path), 1));
    for (const [options, expected] of [
      [[], 3],
      [['--no-verify'], 0],
      [['--history', '0'], 3],
    ] as const) {
      const { child, result } = startCli(['replay', other, '--gdb', '0', '--wait', ...options]);
      const [port] = await new Promise<string[]>((resolve) => {
        child.stderr?.on('data', (text: string) => {
          const found = /gdb: listening on \S+:(\d+)/.exec(text);
          if (found) resolve(found.slice(1));
        });
      });
      const console = await runWithDebugger(Number(port));
      const { code, stderr } = await result;
      assert.is(code, expected, stderr);
      // Without history the replay ends there, before the debugger can be told.
      for (const text of options[0] === '--history' ? [stderr] : [console, stderr])
        assert.is(text.split('the replay differs from the recording').length, expected === 3 ? 2 : 1, text);
    }
  }));

/** Lets the machine run to its end with a debugger connected, and then go; gives what the debugger was told to print. */
async function runWithDebugger(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let wire = Buffer.alloc(0);
  socket.write(framePacket('?'));
  let printed = '';
  let packets = 0;
  for await (const bytes of socket) {
    const { items, rest } = splitWire(Buffer.concat([wire, bytes as Buffer]));
    wire = Buffer.from(rest);
    for (const item of items.filter((each) => each !== '+')) {
      socket.write('+');
      if (item.startsWith('O')) printed += Buffer.from(item.slice(1), 'hex').toString();
      else socket.write(framePacket(packets++ === 0 ? 'c' : 'k'));
    }
  }
  return printed;
}

test('info says what is in a recording, in text and as JSON', () =>
  withFolder(async (folder) => {
    const { path, result } = await recordEcho(folder, 'abc');
    const { stdout } = await cli(['info', path, '--json']);
    const info = JSON.parse(stdout);
    assert.equal(
      [info.finished, info.reason, info.exitCode, info.end.tick, info.outputBytes, info.startsWith],
      [true, 'poweroff', 0, statsOf(result).ticks, 3, 'power-on'],
    );
    assert.ok(info.events.console >= 1);
    assert.is(info.stateDigest, statsOf(result).stateDigest);
    assert.equal(
      info.inputs.map(({ role, embedded, sizeBytes }: { role: string; embedded: boolean; sizeBytes: number }) => [
        role,
        embedded,
        sizeBytes,
      ]),
      [['kernel', true, statSync(join(folder, 'echo.bin')).size]],
    );
    assert.match(
      (await cli(['info', path])).stdout,
      /^recording .*\n[\s\S]*\nend +poweroff with exit code 0, 3 bytes of output\n +state digest [0-9a-f]{32}\n/,
    );
  }));

test('info has lines of at most 80 characters, but for names', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'wide.rec');
    await cli(['run', HELLO, '--bios', 'none', '--console', 'none', '--max-ticks', '900000000000', '--record', `${path},ref`, '--svadu']);
    const lines = (await cli(['info', path])).stdout.split('\n').filter((line) => !line.includes(folder) && !line.includes(HELLO));
    assert.ok(lines.length > 12);
    for (const line of lines) assert.ok(line.length <= 80, line);
  }));

test('a recording is complete in itself, or names its files and notices when they are not what they were', () =>
  withFolder(async (folder) => {
    const kernel = join(folder, 'kernel.elf');
    copyFileSync(HELLO, kernel);
    const [whole, reference] = [join(folder, 'whole.rec'), join(folder, 'reference.rec')];
    const options = ['--bios', 'none', '--console', 'none', '--max-ticks', '300000'];
    assert.is((await cli(['run', kernel, ...options, '--record', whole])).code, 4);
    assert.is((await cli(['run', kernel, ...options, '--record', `${reference},ref`])).code, 4);
    assert.ok(statSync(reference).size < 1000 && statSync(whole).size > 5000);
    assert.is((await cli(['replay', reference])).code, 0);
    appendFileSync(kernel, 'x');
    const changed = await cli(['replay', reference]);
    assert.is(changed.code, 2);
    assert.match(changed.stderr, /^hindsight: .*reference\.rec: the kernel .*kernel\.elf is not the file that was recorded any more\n$/);
    rmSync(kernel);
    const missing = await cli(['replay', reference]);
    assert.match(missing.stderr, /reference\.rec: needs the kernel .*kernel\.elf: no such file or directory/);
    const { code, stderr } = await cli(['replay', whole]);
    assert.equal([code, stderr], [0, 'hindsight: the recording ends at tick 300000 (limit)\n']);
  }));

test('--to stops there and --from shows what comes from there on', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'hello.rec');
    const { stdout } = await cli(['run', HELLO, '--bios', 'none', '--record', path]);
    const stopped = await cli(['replay', path, '--to', '30000000', '--stats', '-']);
    assert.equal([stopped.code, statsOf(stopped).ticks], [0, 30_000_000]);
    assert.ok(stdout.startsWith(outputOf(stopped)) && outputOf(stopped).length > 100);
    const rest = await cli(['replay', path, '--from', '30000000']);
    assert.is(outputOf(stopped) + rest.stdout, stdout);
    const nothing = await cli(['replay', path, '--from', '5', '--to', '3']);
    assert.equal([nothing.code, nothing.stderr], [2, 'hindsight: --from 5: nothing is left in front of tick 3\n']);
    const asKernel = await cli(['run', path, '--bios', 'none']);
    assert.equal([asKernel.code, asKernel.stderr], [2, `hindsight: ${path}: is a recording; hindsight replay runs it again\n`]);
  }));

test('a killed run leaves a recording up to the last second or so, which says so', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'killed.rec');
    const guest = file(folder, 'echo.bin', asm(echo));
    const { child, result } = startCli(['run', guest, ...RUN, '--record', path]);
    child.stdin?.write('abc');
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    const isLogged = () =>
      existsSync(path) && /console/.test(spawnSync(process.execPath, [MAIN, 'info', path], { encoding: 'utf8' }).stdout);
    while (!isLogged()) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGKILL');
    assert.is((await result).signal, 'SIGKILL');
    const again = await cli(['replay', path]);
    assert.equal([again.code, again.stdout], [0, 'bcd']);
    assert.match(again.stderr, /killed\.rec: not finished: replayed up to tick \d+, for which it is complete/);
    assert.match((await cli(['info', path])).stdout, /\nend +not finished: complete up to the tick above\n/);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 3));
    assert.match(
      (await cli(['replay', path])).stderr,
      /cut off at offset 0x[0-9a-f]+: replayed up to|before the start of the run is complete/,
    );
  }));

test('a full disk ends the recording, not the run', () =>
  withFolder(async (folder) => {
    const options = ['run', HELLO, '--bios', 'none', '--console', 'none', '--max-ticks', '2000000'];
    const full = await cli([...options, '--record', '/dev/full']);
    assert.is(full.code, 4);
    assert.match(full.stderr, /--record \/dev\/full: no space left on the device; the recording ends here, the run goes on\n/);
    const path = join(folder, 'limited.rec');
    const command = `ulimit -f 8; exec "$0" "$@"`;
    const limited = spawnSync('bash', ['-c', command, process.execPath, MAIN, ...options, '--record', `${path},digest=5000`], {
      encoding: 'utf8',
    });
    assert.is(limited.status, 4, limited.stderr);
    assert.match(limited.stderr, /limited\.rec: .*; the recording ends here, the run goes on\n/);
    assert.ok(statSync(path).size <= 8192);
    assert.match((await cli(['replay', path])).stderr, /before the start of the run is complete: it cannot be replayed/);
  }));

test('two recordings are compared: the same run, or where they part', () =>
  withFolder(async (folder) => {
    const record = async (name: string, options: readonly string[]) => {
      const path = join(folder, name);
      await cli([
        'run',
        HELLO,
        '--bios',
        'none',
        '--console',
        'none',
        '--max-ticks',
        '900000',
        '--record',
        `${path},digest=200000`,
        ...options,
      ]);
      return path;
    };
    const [a, b, c] = [
      await record('a.rec', []),
      await record('b.rec', ['--engine', 'interpret']),
      await record('c.rec', ['--memory', '128M']),
    ];
    const same = await cli(['info', '--compare', a, b]);
    assert.equal([same.code, same.stdout], [0, 'the same run: 6 state digests agree, up to tick 900000\n']);
    const other = await cli(['info', '--compare', a, c]);
    assert.equal(
      [other.code, other.stdout],
      [
        3,
        `the runs part from the start, at the latest at tick 0: they are of different machines (memoryBytes)\n  ${a}: 268435456\n  ${c}: 134217728\n`,
      ],
    );
  }));

test('two sessions that got other input part at the first event that differs', () =>
  withFolder(async (folder) => {
    const record = async (name: string, keys: string) => {
      const path = join(folder, name);
      const guest = file(folder, 'echo.bin', asm(echo));
      assert.is((await cli(['run', guest, ...RUN, '--memory', '16M', '--pace', 'fast', '--record', path], keys)).code, 0);
      return path;
    };
    const [a, b] = [await record('a.rec', `${'x'.repeat(300)}\x04`), await record('b.rec', `${'y'.repeat(300)}\x04`)];
    const { code, stdout } = await cli(['info', '--compare', a, b]);
    assert.is(code, 3);
    const [summary, left, right, first] = stdout.split('\n');
    assert.match(summary, /^the runs part after tick 0, at the latest at tick \d+: another event$/);
    // How many keys come at once depends on the host.
    const side = /\.rec: (nothing|event kind console port serial bytes (7[89])+(\.\.\. \(\d+ bytes, sha256 [0-9a-f]{16}\.\.\.\))?)$/;
    for (const line of [left, right]) assert.match(line, side);
    assert.ok(left.startsWith(`  ${a}: `) && right.startsWith(`  ${b}: `) && `${left}${right}`.includes('event'));
    assert.match(first, /^first different at tick \d+:$/);
  }));

test('a recording with checkpoints is the same run, and answers as one without, from the nearest of them', () =>
  withFolder(async (folder) => {
    const record = async (name: string, flags: string) => {
      const path = join(folder, name);
      const heisenbug = join(ROOT, 'examples/heisenbug/heisenbug.elf');
      const { stdout } = await cli(['run', heisenbug, '--bios', 'none', '--pace', 'fast', '--seed', '33', '--record', `${path}${flags}`]);
      assert.match(stdout, /PANIC/);
      return path;
    };
    const [plain, states] = [await record('plain.rec', ''), await record('states.rec', ',digest=2000000,checkpoints=700000')];
    const infoOf = async (path: string) => JSON.parse((await cli(['info', path, '--json'])).stdout);
    const [without, info] = [await infoOf(plain), await infoOf(states)];
    const expected = Math.floor(info.end.tick / 700_000);
    assert.equal([without.checkpoints, info.checkpoints, info.stateDigest], [0, expected, without.stateDigest]);
    assert.ok(expected > 5);
    assert.match((await cli(['info', states])).stdout, new RegExp(`^checkpoints +${expected}$`, 'm'));
    assert.match((await cli(['info', states, '--timeline'])).stdout, new RegExp(`^checkpoints .* ${expected}$`, 'm'));
    const compared = await cli(['info', states, '--compare', plain]);
    assert.is(compared.code, 0, compared.stdout);
    const again = await cli(['replay', states, '--stats', '-', '--console', 'none']);
    assert.equal([again.code, statsOf(again).stateDigest], [info.exitCode, info.stateDigest], again.stderr);
    for (const question of [
      ['last-write', 'filter_task', '--length', '4'],
      ['last-write', 'filter_task', '--length', '4', '--before', '1500000'],
      ['writes', 'filter_task', '--length', '4', '--from', '3000000', '--limit', '5'],
      ['calls', 'task_done', '--from', '2500000', '--limit', '3'],
    ]) {
      const [a, b] = [await cli(['query', plain, ...question]), await cli(['query', states, ...question])];
      assert.equal([b.code, b.stdout, b.stderr], [0, a.stdout, a.stderr]);
      assert.ok(b.stdout.length > 0);
    }
    const older = file(folder, 'older.rec', withOtherProgram(readFileSync(states), '0.0.9'));
    const warned = await cli(['query', older, 'last-write', 'filter_task', '--length', '4']);
    assert.match(
      warned.stderr,
      /older\.rec: its checkpoints are of version 0\.0\.9, this one is .*: they are not used, everything is replayed\n/,
    );
    assert.is(warned.stdout, (await cli(['query', plain, 'last-write', 'filter_task', '--length', '4'])).stdout);
  }));

test('a recording never takes the place of a file of the machine, and its option is checked', () =>
  withFolder(async (folder) => {
    const kernel = join(folder, 'kernel.elf');
    copyFileSync(HELLO, kernel);
    const same = await cli(['run', kernel, '--bios', 'none', '--record', kernel]);
    assert.equal([same.code, statSync(kernel).size], [2, statSync(HELLO).size]);
    assert.match(same.stderr, /--record .*kernel\.elf: is the same file as .*kernel\.elf\n/);
    const WRONG = {
      ',ref': 'must be FILE, with ,ref ,digest=TICKS ,checkpoints or ,checkpoints=TICKS behind it',
      'x.rec,checkpoints=': 'checkpoints must be a whole number of ticks, at least 1',
      'x.rec,ref,checkpoints=0.5': 'checkpoints must be a whole number of ticks, at least 1',
      'x.rec,checkpoint': 'checkpoint is unknown; did you mean checkpoints?',
      'x.rec,digest=0': 'digest must be a whole number of ticks, at least 1',
      'x.rec,digest=': 'digest must be a whole number of ticks, at least 1',
      'x.rec,digest=1e9': 'digest must be a whole number of ticks, at least 1',
      'x.rec,digest=99999999999999999999': 'digest must be a whole number of ticks, at least 1',
      'x.rec,rf': 'rf is unknown; did you mean ref?',
      'x.rec,write': 'write is unknown; there are ref, digest=TICKS and checkpoints[=TICKS]',
    };
    for (const [wrong, message] of Object.entries(WRONG)) {
      const { code, stderr } = await cli(['run', kernel, '--record', wrong]);
      assert.equal([code, stderr], [2, `hindsight: --record ${wrong}: ${message}\n`]);
    }
    const pipe = join(folder, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status === 0) {
      const { code, stderr } = await cli(['run', kernel, '--bios', 'none', '--record', pipe]);
      assert.equal([code, stderr], [2, `hindsight: --record ${pipe}: is a pipe; a recording needs a file\n`]);
    }
    for (const wrong of [kernel, folder, join(folder, 'absent')]) {
      const { code, stderr } = await cli(['replay', wrong]);
      assert.is(code, 2);
      assert.match(stderr, /^hindsight: [^\n]*(is no recording of hindsight|is no regular file|no such file or directory)\n$/);
    }
  }));

test.run();
