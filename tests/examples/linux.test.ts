/** examples/linux boots to its shell, answers, and powers off; its symbols unpack and are those of its kernel. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CliResult, startCli } from '../support/cli.js';
import { ROOT, withFolder } from '../support/files.js';

const FOLDER = join(ROOT, 'examples/linux');
const KERNEL = join(FOLDER, 'Image.gz');
const INITRAMFS = join(FOLDER, 'initramfs.cpio.lz4');
const PROMPT = '~ # ';

/** Boots, types a line of `dialogue` at each prompt and `poweroff` at the next, and gives what came out. */
function boot(dialogue: readonly string[], { harts = 1, append = 'console=ttyS0' } = {}): Promise<CliResult> {
  const { child, result } = startCli(['run', KERNEL, '--initrd', INITRAMFS, '--append', append, '--smp', `${harts}`]);
  const lines = [...dialogue];
  let unanswered = '';
  child.stdout?.on('data', (text: string) => {
    unanswered += text;
    if (!unanswered.includes(PROMPT)) return;
    unanswered = unanswered.slice(unanswered.indexOf(PROMPT) + PROMPT.length);
    child.stdin?.write(`${lines.shift() ?? 'poweroff'}\n`);
  });
  return result;
}

const test = suite('examples/linux');

for (const harts of [1, 4]) {
  test(`with ${harts} hart${harts > 1 ? 's' : ''} it boots to its shell, answers, and powers off`, async () => {
    const { code, stdout } = await boot(['echo $((6*7)) $(nproc) harts', 'sleep 100 &', 'jobs; kill %1'], { harts });
    assert.match(stdout, /Welcome to Linux 6\.12\.\d+-hindsight on hindsight/);
    assert.match(stdout, new RegExp(`^42 ${harts} harts\r$`, 'm'));
    assert.match(stdout, /^\[1\]\+? +Running +sleep 100\r$/m);
    assert.match(stdout, /reboot: Power down/);
    assert.is(code, 0);
  });
}

test('its command line and loopback are there', async () => {
  const { stdout } = await boot(['cat /proc/cmdline; ping -c 1 127.0.0.1; ls /dev/hwrng'], { append: 'console=ttyS0 quiet a=b' });
  assert.match(stdout, /^console=ttyS0 quiet a=b\r$/m);
  assert.match(stdout, /1 packets received/);
  assert.match(stdout, /^\/dev\/hwrng\r$/m);
});

test('the symbols are those of the kernel', () =>
  withFolder((folder) => {
    const target = join(folder, 'vmlinux');
    execFileSync(process.execPath, [join(FOLDER, 'unpack-symbols.mjs'), target]);
    const [elf, image] = [readFileSync(target), gunzipSync(readFileSync(KERNEL))];
    assert.is(elf.readUInt32BE(0), 0x7f454c46);
    // The banner is in the read-only data of both.
    const banner = /Linux version [^\n]*\n/.exec(image.toString('latin1'))?.[0];
    assert.ok(banner !== undefined && elf.includes(banner));
    for (const section of ['.debug_info', '.debug_line', '.symtab']) assert.ok(elf.includes(section), section);
  }));

test.run();
