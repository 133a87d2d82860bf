/** examples/heisenbug: passes and fails as its README says, and the ELF file is what its sources give. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cli } from '../support/cli.js';
import { ROOT, withFolder } from '../support/files.js';

const FOLDER = join(ROOT, 'examples/heisenbug');
const ELF = join(FOLDER, 'heisenbug.elf');
const CROSS = 'riscv64-unknown-elf-';
const MAX_TICKS = '100000000';

const runGuest = (...options: string[]) => cli(['run', ELF, '--bios', 'none', '--pace', 'fast', '--max-ticks', MAX_TICKS, ...options]);

const test = suite('examples/heisenbug');

for (const seed of ['0', '1', '32', '34']) {
  test(`with seed ${seed} the logger takes its 200 samples and powers off`, async () => {
    const { code, stdout } = await runGuest('--seed', seed);
    assert.match(stdout, /^200 samples, checksum \d+, \d+ us$/m);
    assert.is(code, 0);
  });
}

for (const [seed, options] of [
  ['33', []],
  ['840', []],
  ['33', ['--engine', 'interpret']],
  ['33', ['--append', 'a longer command line', '--memory', '16M']],
] as const) {
  test(`with seed ${seed} ${options.join(' ')} the wake-up is lost`, async () => {
    const { code, stdout } = await runGuest('--seed', seed, ...options);
    assert.match(stdout, /^PANIC: task filter sleeps \(flags 0\) and 64 items have waited for 500\d us$/m);
    assert.is(code, 1);
  });
}

test('its shell answers, and stops it', async () => {
  const { code, stdout } = await cli(['run', ELF, '--bios', 'none', '--max-ticks', MAX_TICKS, '--append', 'samples=0'], 'sq');
  assert.match(stdout, /^\d+ samples, checksum \d+, \d+ us\r?\nstopped/m);
  assert.is(code, 0);
});

/** Whether the compiler that built the ELF file is here: another one would give other code. */
function haveSameCompiler(): boolean {
  const { status, stdout } = spawnSync(`${CROSS}gcc`, ['--version'], { encoding: 'latin1' });
  const version = /^\S+ (\(.*\) \S+)/.exec(stdout ?? '')?.[1];
  if (status === 0 && version && readFileSync(ELF, 'latin1').includes(`GCC: ${version}`)) return true;
  const message = `rebuilding examples/heisenbug needs the ${CROSS}gcc that built it; here is ${version ?? 'none'}`;
  if (process.env.CI && status !== 0) throw new Error(message);
  console.error(`SKIPPED: ${message}`);
  return false;
}

test('the committed ELF file is what make builds', () =>
  withFolder((folder) => {
    if (!haveSameCompiler()) return;
    cpSync(FOLDER, folder, { recursive: true });
    for (const built of ['heisenbug.elf', 'start.o', 'logger.o', 'task.o', 'platform.o']) rmSync(join(folder, built), { force: true });
    execFileSync('make', ['-s'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    assert.ok(readFileSync(join(folder, 'heisenbug.elf')).equals(readFileSync(ELF)), 'make gives another ELF file than the committed one');
  }));

test.run();
