/** Finds and runs QEMU, the outside oracle of conformance tests. */
import { spawn, spawnSync } from 'node:child_process';

export const QEMU = process.env.QEMU_SYSTEM_RISCV64 ?? 'qemu-system-riscv64';

/**
 * What hindsight models, of what QEMU 7.2 has. Two harts, of which a guest may park the second: with one, QEMU does atomics as a plain load and
 * a store, and their faults come out as those of a load.
 */
const MACHINE = [
  '-M',
  'virt',
  '-cpu',
  'rv64,h=false,zbc=false,debug=false,sstc=true,x-smaia=true,x-ssaia=true',
  '-smp',
  '2',
  '-bios',
  'none',
  '-display',
  'none',
  '-monitor',
  'none',
  '-no-reboot',
];

export interface QemuResult {
  /** What the guest wrote to its console. */
  readonly console: string;
  /** The exit code, undefined if it had to be killed. */
  readonly exitCode: number | undefined;
}

export interface QemuOptions {
  readonly memoryMiB?: number;
  readonly timeoutMs?: number;
  /** More command line options. */
  readonly extra?: readonly string[];
}

/** The version line, undefined if there is no QEMU here. */
export function qemuVersion(): string | undefined {
  const { status, stdout } = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/** Whether tests against QEMU can run: without it they are skipped, and say so; in CI that is an error. */
export function haveQemu(what: string): boolean {
  if (qemuVersion() !== undefined) return true;
  if (process.env.CI) throw new Error(`${what} needs ${QEMU}, and there is none`);
  console.error(`SKIPPED: ${what}: no ${QEMU} here`);
  return false;
}

/** Runs the ELF file `kernel` in M-mode until it powers off. */
export function runQemu(kernel: string, options: QemuOptions = {}): Promise<QemuResult> {
  const { memoryMiB = 64, timeoutMs = 20_000, extra = [] } = options;
  const args = [...MACHINE, '-m', String(memoryMiB), '-serial', 'stdio', '-kernel', kernel, ...extra];
  return new Promise((resolve, reject) => {
    const child = spawn(QEMU, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ console: Buffer.concat(chunks).toString('latin1'), exitCode: timedOut ? undefined : (code ?? undefined) });
    });
  });
}
