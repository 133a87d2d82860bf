/**
 * Debian's unmodified riscv64 kernel with a busybox initramfs, on the built-in SBI and on OpenSBI. The images come from fetch-debian.sh and
 * make-initramfs.sh beside this file; without them the tests are skipped loudly, or fail in CI.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Xoshiro128 } from '../../lib/util/random.js';
import { dialogue, type Step } from '../support/dialogue.js';

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

const PROMPT = /\/ # /;

/** What is said to the shell. Markers are computed by it, so that the echo of a command is no answer to it. */
const sessionWith = (harts: number): Step[] => [
  ['', PROMPT],
  ['cat /proc/cpuinfo; echo end-$((1+1))\n', new RegExp(`(processor\\s*: \\d+[\\s\\S]*?){${harts}}end-2`)],
  ['', PROMPT],
  ['cat /proc/interrupts; echo end-$((1+2))\n', /riscv-timer[\s\S]*ttyS0[\s\S]*Rescheduling interrupts[\s\S]*end-3/],
  ['', PROMPT],
  // It says when it runs again: Ctrl-C must not come before.
  [`sh -c 'x=$((4+5)); trap "echo on-$x" CONT; echo up-$((20+3)); while :; do sleep 1; done'\n`, /up-23/],
  ['\x1a', /Stopped.*sh -c[\s\S]*?\/ # /],
  ['fg\n', /on-9/],
  ['\x03', PROMPT],
  ['sleep 500 &\n', PROMPT],
  ['jobs\n', /Running\s+sleep 500[\s\S]*?\/ # /],
  ['kill %1; wait; jobs; echo end-$((1+3))\n', /Terminated\s+sleep 500[\s\S]*end-4/],
  ['', PROMPT],
  ['x=$(seq 1000 | tail -n 1); echo $x | sed s/000/+one/\n', /1\+one/],
  ['', PROMPT],
  ['poweroff\n', /reboot: Power down/],
];

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
  linux('a guest with a network gets an address, and from a server of the host what it serves', async () => {
    const body = Xoshiro128.seeded('linux.test', 1n).bytes(1_000_000);
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    // A command line knows no lines: printf makes them.
    const script = `printf '#!/bin/sh\\n[ $1 = bound ] && ip addr add $ip/$mask dev $interface && ip route add default via $router\\n' > /tmp/dhcp`;
    const commands = [script, 'chmod +x /tmp/dhcp', 'ip link set eth0 up', 'udhcpc -i eth0 -n -q -s /tmp/dhcp', 'ip addr show eth0'];
    const fetches = [`wget -q -O /tmp/body http://10.0.2.2:${port}/`, 'sha256sum /tmp/body', 'ping -c 1 10.0.2.2'];
    try {
      const { code, output } = await boot([...commands, ...fetches].join('; '), ['--net', 'user']);
      assert.is(code, 0, output);
      assert.match(output, /link\/ether 52:54:00:12:34:56/);
      assert.match(output, /inet 10\.0\.2\.15\/24/);
      assert.match(output, createHash('sha256').update(body).digest('hex'));
      assert.match(output, /1 packets received/);
      assert.match(output, /run ended, status 0/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  const FIRMWARE = { 'the built-in SBI': 'default', OpenSBI: `${CACHE}opensbi/fw_dynamic.bin` };
  for (const [name, bios] of Object.entries(FIRMWARE)) {
    linux(`a session in the shell on ${name}, with 1 hart and with 4: commands, job control, power-off`, async () => {
      const talk = (harts: number) => {
        const args = ['run', KERNEL, '--initrd', INITRAMFS, '--append', 'console=ttyS0 cryptomgr.notests', '--bios', bios];
        return dialogue([...args, '--smp', String(harts)], sessionWith(harts), { timeoutMs: TIMEOUT_MS });
      };
      for (const { code, output, missing } of await Promise.all([talk(1), talk(4)])) {
        assert.is(missing, undefined, `not said: ${missing}\n${output}`);
        assert.is(code, 0, output);
      }
    });
  }

  linux('the shell runs on a virtio console, and the serial line still shows', async () => {
    const append = 'console=ttyS0 console=hvc0 cryptomgr.notests';
    const args = ['run', KERNEL, '--initrd', INITRAMFS, '--append', append, '--console', 'virtio'];
    const steps: Step[] = [
      ['', PROMPT],
      ['tty; stty size; echo end-$((1+1))\n', /\/dev\/hvc0\s+24 80\s+end-2/],
      ['poweroff\n', /Power down/],
    ];
    const { code, output, missing } = await dialogue(args, steps, { timeoutMs: TIMEOUT_MS });
    assert.is(missing, undefined, `not said: ${missing}\n${output}`);
    assert.is(code, 0, output);
  });
} else {
  linux('the images are there', () => {
    const message = 'tests/guests/fetch-debian.sh and make-initramfs.sh make the images of Debian that these tests boot';
    if (process.env.CI) throw new Error(message);
    console.log(`SKIPPED: ${message}`);
  });
}

linux.run();
