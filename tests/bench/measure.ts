/** Runs one bare-metal guest under QEMU or under hindsight and says what came out and how long it took. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../support/cli.js';
import { withFolder } from '../support/files.js';
import { QEMU } from '../support/qemu.js';
import { launch } from './process.js';

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

function checksumIn(stdout: string): string | null {
  return /^checksum ([0-9a-f]{16})\r?$/m.exec(stdout)?.[1] ?? null;
}

const qemuArgs = (elf: string, extra: readonly string[]) =>
  `-M virt -bios none -m 128 -display none -serial stdio -monitor none`.split(' ').concat(extra, '-kernel', elf);

export async function runQemu(elf: string): Promise<Run> {
  const { wall, stdout } = await launch(QEMU, qemuArgs(elf, [])).ended();
  return { checksum: checksumIn(stdout), seconds: wall };
}

/** The number of instructions of the guest's measured part, from QEMU counting them (slowly). */
export async function countWithQemu(elf: string): Promise<number> {
  const { stdout } = await launch(QEMU, qemuArgs(elf, ['-icount', 'shift=0'])).ended();
  return Number(/^instructions (\d+)\r?$/m.exec(stdout)?.[1] ?? 0);
}

export interface HindsightOptions {
  readonly node: string;
  readonly engine: HindsightEngine;
  /** Stop after so many ticks (the run has no checksum then). */
  readonly maxTicks?: number;
}

/** Reads what `--stats` wrote, and gives its numbers by name. */
export function readStats(path: string): (key: string) => number {
  const stats = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return (key) => {
    const value = stats[key];
    if (typeof value !== 'number') throw new Error(`--stats: no number ${key}`);
    return value;
  };
}

/** The command line of hindsight for a bare-metal guest. */
export const hindsightArgs = (elf: string): string[] => [MAIN, 'run', elf, '--bios', 'none', '--memory', '128M'];

export function runHindsight(elf: string, options: HindsightOptions): Promise<HindsightRun> {
  return withFolder(async (folder) => {
    const statsFile = join(folder, 'stats.json');
    const args = [...hindsightArgs(elf), '--stats', statsFile, '--quiet', '--engine', options.engine];
    if (options.maxTicks !== undefined) args.push('--max-ticks', String(options.maxTicks));
    const { wall, stdout } = await launch(options.node, args).ended(options.maxTicks === undefined ? [0] : [0, 4]);
    const number = readStats(statsFile);
    return { checksum: checksumIn(stdout), seconds: wall, wallSeconds: number('wallSeconds'), instructions: number('instructions') };
  });
}

/** The version that a node binary prints. */
export async function nodeVersion(node: string): Promise<string> {
  return (await launch(node, ['--version']).ended()).stdout.trim();
}
