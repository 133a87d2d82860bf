/**
 * A session in the shell of Debian's kernel in which everything comes in from outside: keys at random moments, TCP in both directions, two disks. The
 * images come from fetch-debian.sh and make-initramfs.sh beside this file.
 */
import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Xoshiro128 } from '../../lib/util/random.js';
import { type DialogueResult, dialogue, type Step } from '../support/dialogue.js';
import { ROOT } from '../support/files.js';

const CACHE = join(ROOT, 'tests/guests/cache');
export const KERNEL = join(CACHE, 'kernel/Image');
export const INITRAMFS = join(CACHE, 'initramfs.cpio.gz');

const TIMEOUT_MS = 900_000;
const BODY_BYTES = 2_000_000;
const DISK_BYTES = 16 * 2 ** 20;
const PROMPT = /\/ # /;

export interface SessionOptions {
  readonly harts: number;
  /** Where the recording and the disks go. */
  readonly folder: string;
  /** What moments the keys come at depends on it (and on the host). */
  readonly seed: number;
  /** Further options of `hindsight run`. */
  readonly options?: readonly string[];
}

/** Records the session to `folder`/session.rec. `missing` and the output say how far it came. */
export async function recordSession({ harts, folder, seed, options = [] }: SessionOptions): Promise<DialogueResult> {
  const random = Xoshiro128.seeded('recorded-session', BigInt(seed));
  const body = random.bytes(BODY_BYTES);
  const [scratch, kept] = [join(folder, 'scratch.img'), join(folder, 'kept.img')];
  for (const disk of [scratch, kept]) {
    writeFileSync(disk, random.bytes(4096));
    truncateSync(disk, DISK_BYTES);
  }
  const append = 'console=ttyS0 cryptomgr.notests quiet';
  const machine = ['--initrd', INITRAMFS, '--append', append, '--smp', String(harts), '--net', 'user'];
  const drives = ['--drive', scratch, '--drive', `${kept},write`];
  const record = ['--record', `${join(folder, 'session.rec')},digest=20000000`];
  const server = echoServer(body);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const args = ['run', KERNEL, ...machine, ...drives, ...record, ...options];
    // Mostly fast typing, now and then a thought.
    const pauseMs = () => (random.next() % 40 === 0 ? random.next() % 800 : random.next() % 30);
    return await dialogue(args, sessionSteps(port, sha256(body)), { timeoutMs: TIMEOUT_MS, pauseMs });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** GET gives `body`; POST the SHA-256 of what was sent. */
function echoServer(body: Uint8Array): Server {
  return createServer((request, response) => {
    if (request.method !== 'POST') return void response.end(body);
    const hash = createHash('sha256');
    request.on('data', (bytes: Uint8Array) => hash.update(bytes));
    request.on('end', () => response.end(`${hash.digest('hex')}  sent\n`));
  });
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Keys, and what must come; markers are computed by the shell, so that the echo of a command is no answer to it. */
function sessionSteps(port: number, bodyHash: string): Step[] {
  const url = `http://10.0.2.2:${port}/`;
  return [
    ['', PROMPT],
    ['cat /proc/cpuinfo; echo end-$((1+1))\n', /end-2[\s\S]*\/ # /],
    [
      `printf '#!/bin/sh\\n[ $1 = bound ] && ip addr add $ip/$mask dev $interface && ip route add default via $router\\n' > /tmp/d\n`,
      PROMPT,
    ],
    ['chmod +x /tmp/d; ip link set eth0 up; udhcpc -i eth0 -n -q -s /tmp/d; echo end-$((1+2))\n', /end-3[\s\S]*\/ # /],
    [`wget -q -O /tmp/body ${url}; sha256sum /tmp/body\n`, new RegExp(`${bodyHash}[\\s\\S]*/ # `)],
    [
      'for d in a b; do mke2fs /dev/vd$d >/dev/null; mkdir -p /mnt/$d; mount -t ext4 /dev/vd$d /mnt/$d; done; echo end-$((2+2))\n',
      /end-4[\s\S]*\/ # /,
    ],
    // Keys while the disks and the network are busy.
    [`(for d in a b a b; do cp /tmp/body /mnt/$d/$((n+=1)); sync; wget -q -O /mnt/$d/w ${url}; done; echo end-$((2+3))) &\n`, PROMPT],
    ['date; ls -l / | wc -l; x=$(seq 300 | tail -n 1); echo $x-$((x*2)); uptime; free | head -n 2\nfg\n', /end-5[\s\S]*\/ # /],
    [
      'umount /mnt/a /mnt/b; echo 3 >/proc/sys/vm/drop_caches; for d in a b; do mount -t ext4 /dev/vd$d /mnt/$d; done; sha256sum /mnt/*/*\n',
      new RegExp(`(${bodyHash}[\\s\\S]*){6}/ # `),
    ],
    [`wget -q -O - --post-file=/mnt/b/2 ${url}; echo end-$((3+3))\n`, /sent[\s\S]*end-6[\s\S]*\/ # /],
    ['cat >/tmp/typed\nsome words\nand a mistake\x7f\x7f\x7fak\n\x04', PROMPT],
    ['sleep 5\n\x03', PROMPT],
    [
      'tr a-z A-Z </tmp/typed; umount /mnt/a /mnt/b; cat /proc/interrupts; poweroff\n',
      /SOME WORDS[\s\S]*AND A MISTAK[\s\S]*reboot: Power down/,
    ],
  ];
}
