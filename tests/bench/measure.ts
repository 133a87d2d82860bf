/** Runs one guest under QEMU or under hindsight and says what came out and how long it took. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HINDSIGHT = join(ROOT, 'dist/lib/cli/main.js');
const QEMU = 'qemu-system-riscv64';
const TIMEOUT_MS = 180_000;

export type HindsightEngine = 'auto' | 'interpret' | 'translate';

export interface Run {
  /** The guest's checksum line, or null if the run was stopped before it. */
  readonly checksum: string | null;
  /** Of the whole process, from spawn to exit. */
  readonly seconds: number;
}

export interface HindsightRun extends Run {
  /** hindsight's own measure: of the guest's run only. */
  readonly wallSeconds: number;
  readonly instructions: number;
}

interface Outcome {
  readonly seconds: number;
  readonly stdout: string;
}

/** Runs a command to its end; throws an `Error` that quotes its output if the exit code is none of `codes`. */
function time(command: string, args: readonly string[], codes: readonly number[]): Outcome {
  const start = process.hrtime.bigint();
  const result = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: TIMEOUT_MS });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (result.error) throw result.error;
  if (result.status === null || !codes.includes(result.status)) {
    const output = `${result.stdout}${result.stderr}`.trim().slice(-500);
    throw new Error(`${command} ${args.join(' ')}: exit ${result.status ?? result.signal}: ${output}`);
  }
  return { seconds, stdout: result.stdout };
}

function checksumIn(stdout: string): string | null {
  return /^checksum ([0-9a-f]{16})\r?$/m.exec(stdout)?.[1] ?? null;
}

const qemuArgs = (elf: string, extra: readonly string[]) =>
  `-M virt -bios none -m 128 -display none -serial stdio -monitor none`.split(' ').concat(extra, '-kernel', elf);

export function runQemu(elf: string): Run {
  const { seconds, stdout } = time(QEMU, qemuArgs(elf, []), [0]);
  return { checksum: checksumIn(stdout), seconds };
}

/** The number of instructions of the guest's measured part, from QEMU counting them (slowly). */
export function countWithQemu(elf: string): number {
  const { stdout } = time(QEMU, qemuArgs(elf, ['-icount', 'shift=0']), [0]);
  return Number(/^instructions (\d+)\r?$/m.exec(stdout)?.[1] ?? 0);
}

export interface HindsightOptions {
  readonly node: string;
  readonly engine: HindsightEngine;
  /** Stop after so many ticks (the run has no checksum then). */
  readonly maxTicks?: number;
}

function number(stats: Record<string, unknown>, key: string): number {
  const value = stats[key];
  if (typeof value !== 'number') throw new Error(`--stats: no number ${key}`);
  return value;
}

export function runHindsight(elf: string, options: HindsightOptions): HindsightRun {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
  try {
    const statsFile = join(folder, 'stats.json');
    const args = [HINDSIGHT, 'run', elf, '--bios', 'none', '--memory', '128M', '--stats', statsFile, '--quiet', '--engine', options.engine];
    if (options.maxTicks !== undefined) args.push('--max-ticks', String(options.maxTicks));
    const { seconds, stdout } = time(options.node, args, options.maxTicks === undefined ? [0] : [0, 4]);
    const stats = JSON.parse(readFileSync(statsFile, 'utf8')) as Record<string, unknown>;
    return {
      checksum: checksumIn(stdout),
      seconds,
      wallSeconds: number(stats, 'wallSeconds'),
      instructions: number(stats, 'instructions'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first line that a command prints, for the head of a report. */
export function versionOf(command: string): string {
  return time(command, ['--version'], [0]).stdout.split('\n')[0] ?? '';
}

export const qemuVersion = (): string => /[\d.]+/.exec(versionOf(QEMU))?.[0] ?? 'unknown';
