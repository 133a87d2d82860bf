/** The command, run as a user runs it. */
import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './files.js';

export const MAIN = join(ROOT, 'dist/lib/cli/main.js');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  readonly child: ReturnType<typeof spawn>;
  readonly result: Promise<CliResult>;
}

/** Starts the command with standard input open; it is killed after a minute. */
export function startCli(args: readonly string[], options: SpawnOptionsWithoutStdio = {}): Cli {
  const child = spawn(process.execPath, [MAIN, ...args], { timeout: 60_000, ...options });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const result = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, result };
}

/** Runs the command with `input` (nothing, if absent) as its whole standard input. */
export function cli(args: readonly string[], input = ''): Promise<CliResult> {
  const { child, result } = startCli(args);
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return result;
}
