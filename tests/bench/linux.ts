/** Debian's kernel of tests/guests as a benchmark guest, on both sides. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../support/cli.js';
import { ROOT } from '../support/files.js';
import { QEMU } from '../support/qemu.js';
import { type Launched, launch } from './process.js';

export type Side = 'QEMU' | 'hindsight';
export const SIDES: readonly Side[] = ['QEMU', 'hindsight'];

export const MEMORY_MIB = 256;

/** The first line of /init, and the last one in front of the power-off. */
export const INIT_REACHED = /hindsight: \/init reached/;
export const RUN_ENDED = /hindsight: run ended, status 0/;

export interface LinuxRun {
  /** The folder with the images. */
  readonly images: string;
  /** What the guest's shell runs before it powers off; without it there is a prompt. No double quotes. */
  readonly commands?: string;
  /** More for the kernel's command line. */
  readonly append?: string;
  /** A disk that is written to. */
  readonly drive?: string | undefined;
  readonly net?: boolean;
  /** More options for hindsight. */
  readonly options?: readonly string[];
}

export const IMAGES = join(ROOT, 'tests/guests/cache');

export const kernelIn = (images: string): string => join(images, 'kernel/Image');
export const initramfsIn = (images: string): string => join(images, 'initramfs.cpio.gz');

/** Whether the images are there; says so if not. */
export function haveImages(images: string, what: string): boolean {
  if ([kernelIn(images), initramfsIn(images)].every((path) => existsSync(path))) return true;
  console.error(`SKIPPED: ${what}: tests/guests/fetch-debian.sh and make-initramfs.sh make the images that it boots`);
  return false;
}

/** The kernel's command line; the kernel keeps 1023 characters of it. */
function commandLine({ commands, append = '' }: LinuxRun): string {
  const run = commands === undefined ? '' : ` hindsight.run="${commands}"`;
  const text = `console=ttyS0 cryptomgr.notests ${append}${run}`;
  if (text.length > 1023) throw new Error(`too long for a command line: ${text}`);
  return text;
}

/** The arguments of hindsight's `run`, after the command itself. */
export function linuxArgs(run: LinuxRun): string[] {
  const { images, drive, net, options = [] } = run;
  const args = [MAIN, 'run', kernelIn(images), '--initrd', initramfsIn(images), '--memory', `${MEMORY_MIB}M`];
  const extra = [...(drive ? ['--drive', `${drive},write`] : []), ...(net ? ['--net', 'user'] : []), ...options];
  return [...args, '--append', commandLine(run), ...extra];
}

function qemuArgs(run: LinuxRun): string[] {
  const { images, drive, net } = run;
  const machine = `-M virt -m ${MEMORY_MIB} -display none -serial stdio -monitor none -global virtio-mmio.force-legacy=false`.split(' ');
  return [
    ...machine,
    ...['-kernel', kernelIn(images), '-initrd', initramfsIn(images), '-append', commandLine(run)],
    ...(drive ? ['-drive', `file=${drive},format=raw,if=none,id=disk`, '-device', 'virtio-blk-device,drive=disk'] : []),
    ...(net ? ['-netdev', 'user,id=net', '-device', 'virtio-net-device,netdev=net'] : []),
  ];
}

/** Starts the kernel on one side with a console that could be typed at, so that idle time passes as on the host on both. */
export function launchLinux(side: Side, run: LinuxRun): Launched {
  return side === 'QEMU' ? launch(QEMU, qemuArgs(run), { input: true }) : launch(process.execPath, linuxArgs(run), { input: true });
}
