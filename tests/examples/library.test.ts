/** examples/library: each program prints what it is meant to, run as its first line says. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT, withFolder } from '../support/files.js';

const FOLDER = join(ROOT, 'examples/library');
const LINES_MAX = 60;

/** Ticks and other long numbers are those of the guest's build: N. */
const EXPECTED: Readonly<Record<string, string>> = {
  'run-kernel': `printed at tick N: "Hello"
powered off with code 0 at tick N, 7 checks passed
N ticks, 0.044523 virtual seconds, 7 traps: all as expected
`,
  'add-device': `idle: the adder says 20 + 22 = 42
`,
  'add-instruction': `mac a0, t0, t0
a0 = 333833500 at tick 3009
without the extension: mcause 2 (illegal instruction)
`,
  'block-trace': `20000000 instructions, of which the guest counts 20000000
sieve        19443709 instructions, 1.39 cycles each
_start       555335 instructions, 2.00 cycles each
print        677 instructions, 1.86 cycles each
the guest is the same without the trace: true
`,
  'replay-a-failure': `seed 31: exit code 0
seed 32: exit code 0
seed 33: exit code 1
PANIC: task filter sleeps (flags 0) and 64 items have waited for 5000 us
panic at tick N
filter_task.flags was last written at tick N, in task.c:41: c.sw a5, 0(a0)
`,
};

/** A user's compiler that checks everything, the package's declarations too, and knows nothing of Node.js. */
const STRICT = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--module',
  'nodenext',
  '--target',
  'es2022',
  '--types',
  '',
  '--ignoreConfig',
];

const names = readdirSync(FOLDER).map((file) => file.replace(/\.ts$/, ''));
const inGeneral = (text: string): string => text.replaceAll(/(?<=tick )\d{5,}|\d{5,}(?= ticks)/g, 'N');

function outputOf(program: string, args: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    // The test runner asks for colours.
    const options = { cwd: ROOT, timeout: 60_000, env: { ...process.env, FORCE_COLOR: '0' } };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${program}: ${stdout}${stderr}`)) : resolve(stdout),
    );
  });
}

const test = suite('examples/library');

test('each has its expected output here', () => {
  assert.equal(names.sort(), Object.keys(EXPECTED).sort());
});

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`${name} prints what it should, and is short`, async () => {
    assert.is(inGeneral(await outputOf(`dist/examples/library/${name}.js`)), expected);
    const source = readFileSync(join(FOLDER, `${name}.ts`), 'utf8');
    assert.ok(source.split('\n').length < LINES_MAX, 'lines');
    assert.ok(source.includes(`node dist/examples/library/${name}.js`), 'says how it is run');
    assert.not.match(source, /from '\.\.?\//);
  });
}

test('so does the program in README, and its types are right', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, program] = /```ts\n(import .*?)```/s.exec(readme) ?? [];
  assert.ok(program);
  await withFolder(async (folder) => {
    // Beside the compiled tests, where the package finds itself by its name.
    const path = join(ROOT, 'dist/tests/examples/readme-program.mjs');
    writeFileSync(path, program.replace("'failure.rec'", JSON.stringify(join(folder, 'failure.rec'))));
    const typed = path.replace('.mjs', '.mts');
    writeFileSync(typed, program);
    try {
      await outputOf(join(ROOT, 'node_modules/typescript/bin/tsc'), [...STRICT, typed]);
      assert.match(await outputOf(path), /^\d+ logger: [^\n]*\nPANIC \d+n\n\{[^}]*task\.c[^}]*line: 41,/);
    } finally {
      rmSync(path);
      rmSync(typed);
    }
  });
});

test.run();
