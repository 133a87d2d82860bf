/** Runs random programs on QEMU and on hindsight. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runQemu } from '../../support/qemu.js';

const CLI = fileURLToPath(new URL('../../../lib/cli/main.js', import.meta.url));
/** As QEMU 7.2's: with accessed and dirty bits that the page walk sets. */
const MACHINE = ['--bios', 'none', '--memory', '64M', '--svadu'];
/** More than any program needs; what runs longer has got lost. */
const MAX_TICKS = 400_000_000;

/** What a program printed on each side, line by line; the last line says how it ended if it did not end well. */
export interface Outputs {
  readonly qemu: readonly string[];
  readonly hindsight: readonly string[];
}

export interface RunOptions {
  /** More options for `hindsight run`. */
  readonly hindsightOptions?: readonly string[];
  readonly timeoutMs?: number;
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

function runHindsight(elf: string, folder: string, options: RunOptions): Promise<string[]> {
  const console = join(folder, 'console');
  writeFileSync(console, '');
  const args = [CLI, 'run', elf, ...MACHINE, '--console', `file:${console}`, '--quiet', '--max-ticks', String(MAX_TICKS)];
  return new Promise((resolve) => {
    const { timeoutMs: timeout = 60_000, hindsightOptions = [] } = options;
    execFile(process.execPath, [...args, ...hindsightOptions], { timeout, killSignal: 'SIGKILL' }, (error, _, stderr) => {
      const output = lines(readFileSync(console, 'latin1'));
      if (error) output.push(error.killed ? 'killed after the time limit' : `exit code ${error.code}: ${stderr.trim().slice(0, 2000)}`);
      resolve(output);
    });
  });
}

async function runOracle(elf: string, options: RunOptions): Promise<string[]> {
  const { console, exitCode } = await runQemu(elf, { timeoutMs: options.timeoutMs ?? 60_000 });
  const output = lines(console);
  if (exitCode !== 0) output.push(exitCode === undefined ? 'killed after the time limit' : `exit code ${exitCode}`);
  return output;
}

/** Runs an ELF file on both sides at the same time. */
export async function runBoth(elf: Uint8Array, options: RunOptions = {}): Promise<Outputs> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-random-'));
  try {
    const path = join(folder, 'program.elf');
    writeFileSync(path, elf);
    const [qemu, hindsight] = await Promise.all([runOracle(path, options), runHindsight(path, folder, options)]);
    return { qemu, hindsight };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Index of the first line that differs, -1 if all are the same. */
export function firstDifference({ qemu, hindsight }: Outputs): number {
  const longer = qemu.length > hindsight.length ? qemu : hindsight;
  return longer.findIndex((_, i) => qemu[i] !== hindsight[i]);
}

/** A program that does not come to its end proves nothing: every run must end with an E line. */
export const isComplete = (output: readonly string[]): boolean => output.at(-1)?.startsWith('E ') ?? false;
