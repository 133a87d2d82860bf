/**
 * Debian's unmodified riscv64 kernel with a busybox initramfs, on the built-in SBI and on OpenSBI. The images come from fetch-debian.sh and
 * make-initramfs.sh beside this file; without them the tests are skipped loudly, or fail in CI.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const CACHE = fileURLToPath(new URL('../../../tests/guests/cache/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const KERNEL = `${CACHE}kernel/Image`;
const INITRAMFS = `${CACHE}initramfs.cpio.gz`;
const TIMEOUT_MS = 240_000;

interface Boot {
  readonly code: number;
  readonly output: string;
  readonly stateDigest: string;
}

/** Boots the kernel, runs `command` in its shell, powers off. */
function boot(command: string, options: readonly string[] = []): Promise<Boot> {
  const append = `console=ttyS0 cryptomgr.notests quiet hindsight.run="${command}"`;
  const args = [MAIN, 'run', KERNEL, '--initrd', INITRAMFS, '--append', append, '--pace', 'fast', '--stats', '-', ...options];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { timeout: TIMEOUT_MS, maxBuffer: 2 ** 24 }, (error, stdout) => {
      const code = error ? Number(error.code ?? -1) : 0;
      resolve({ code, output: stdout, stateDigest: /"stateDigest":"(\w+)"/.exec(stdout)?.[1] ?? '' });
    });
    child.stdin?.end();
  });
}

const linux = suite('Debian on riscv-virt');

if (existsSync(KERNEL) && existsSync(INITRAMFS)) {
  for (const harts of [1, 4]) {
    linux(
      `with ${harts} hart${harts > 1 ? 's' : ''} the kernel reaches its init, runs a command and powers off, the same in every run`,
      async () => {
        const run = () => boot('cat /proc/cpuinfo', ['--smp', String(harts)]);
        const [first, second] = await Promise.all([run(), run()]);
        assert.is(first.code, 0, first.output);
        assert.match(first.output, /hindsight: \/init reached/);
        assert.is(first.output.match(/^processor/gm)?.length, harts);
        assert.match(first.output, /run ended, status 0/);
        assert.is(first.stateDigest.length, 32);
        assert.equal([second.code, second.stateDigest], [first.code, first.stateDigest]);
      },
    );
  }

  linux('OpenSBI boots it as well as the built-in SBI does', async () => {
    const { code, output } = await boot('uname -m', ['--bios', `${CACHE}opensbi/fw_dynamic.bin`]);
    assert.is(code, 0, output);
    assert.match(output, /OpenSBI v/);
    assert.match(output, /riscv64/);
    assert.match(output, /run ended, status 0/);
  });
} else {
  linux('the images are there', () => {
    const message = 'tests/guests/fetch-debian.sh and make-initramfs.sh make the images of Debian that these tests boot';
    if (process.env.CI) throw new Error(message);
    console.log(`SKIPPED: ${message}`);
  });
}

linux.run();
