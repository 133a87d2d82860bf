/**
 * Times the benchmark guests under QEMU and under hindsight, run by hand: `node dist/tests/bench/run.js [options] [kernel...]`.
 *
 *     --rounds N            runs of each kernel on each side, alternating; medians count (default 3)
 *     --engine NAME         hindsight's engine for the main column: auto, translate or interpret (default auto)
 *     --node FILE           the node binary that runs hindsight (default: this one)
 *     --interpret-ticks N   ticks of the interpreter column's run (default 50 million; 0: no such column)
 *     --qemu-only           no hindsight: what QEMU does, and exact instruction counts
 *     --write               renew tests/bench/RESULTS.md
 *
 * The checksums of both sides are compared. Nothing is subtracted from whole-process times: the guest `empty` shows what a start costs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coldcodeElf } from './coldcode.js';
import { COLD, HOT, KERNELS, START } from './kernels.js';
import { countWithQemu, type HindsightEngine, qemuVersion, ROOT, runHindsight, runQemu, versionOf } from './measure.js';

interface Options {
  readonly kernels: readonly string[];
  readonly rounds: number;
  readonly engine: HindsightEngine;
  readonly node: string;
  readonly interpretTicks: number;
  readonly qemuOnly: boolean;
  readonly write: boolean;
}

interface Result {
  readonly kernel: string;
  readonly instructions: number;
  readonly qemuSeconds: number;
  /** Absent with --qemu-only. */
  readonly hindsight?: { readonly seconds: number; readonly wallSeconds: number };
  readonly interpreterMips?: number;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      engine: { type: 'string', default: 'auto' },
      node: { type: 'string', default: process.execPath },
      'interpret-ticks': { type: 'string', default: '50000000' },
      'qemu-only': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !KERNELS.includes(name));
  if (unknown.length > 0) throw new Error(`no kernel ${unknown.join(', ')}; there are ${KERNELS.join(', ')}`);
  const engine = values.engine;
  if (engine !== 'auto' && engine !== 'translate' && engine !== 'interpret') throw new Error(`no engine ${engine}`);
  const [rounds, interpretTicks] = [Number(values.rounds), Number(values['interpret-ticks'])];
  if (!(rounds >= 1) || !(interpretTicks >= 0)) throw new Error('--rounds and --interpret-ticks take numbers');
  if (values.write && (positionals.length > 0 || values['qemu-only'])) throw new Error('--write needs all kernels, on both sides');
  const kernels = positionals.length > 0 ? positionals : KERNELS;
  return { kernels, rounds, engine, node: values.node, interpretTicks, qemuOnly: values['qemu-only'], write: values.write };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function expectChecksum(kernel: string, who: string, actual: string | null, expected: string | null): void {
  if (actual === null) throw new Error(`${kernel}: ${who} printed no checksum`);
  if (actual !== expected) throw new Error(`${kernel}: ${who} has checksum ${actual}, QEMU ${expected}`);
}

function measure(kernel: string, elf: string, options: Options): Result {
  const qemuSeconds: number[] = [];
  const seconds: number[] = [];
  const wallSeconds: number[] = [];
  let instructions = 0;
  let expected: string | null = null;
  for (let round = 0; round < options.rounds; round++) {
    const qemu = runQemu(elf);
    expected ??= qemu.checksum;
    expectChecksum(kernel, 'QEMU', qemu.checksum, expected);
    qemuSeconds.push(qemu.seconds);
    if (options.qemuOnly) continue;
    const ours = runHindsight(elf, { node: options.node, engine: options.engine });
    expectChecksum(kernel, 'hindsight', ours.checksum, expected);
    seconds.push(ours.seconds);
    wallSeconds.push(ours.wallSeconds);
    instructions = ours.instructions;
  }
  if (options.qemuOnly) return { kernel, instructions: countWithQemu(elf), qemuSeconds: median(qemuSeconds) };
  const result = {
    kernel,
    instructions,
    qemuSeconds: median(qemuSeconds),
    hindsight: { seconds: median(seconds), wallSeconds: median(wallSeconds) },
  };
  if (options.interpretTicks === 0) return result;
  const interpreter = runHindsight(elf, { node: options.node, engine: 'interpret', maxTicks: options.interpretTicks });
  if (interpreter.checksum !== null) expectChecksum(kernel, 'the interpreter', interpreter.checksum, expected);
  return { ...result, interpreterMips: interpreter.instructions / interpreter.wallSeconds / 1e6 };
}

const HEAD = ['kernel', 'M insns', 'QEMU s', 'MIPS', 'hindsight s', 'MIPS', 'of it running, s', 'QEMU s / hindsight s', 'interpreter MIPS'];

function row(result: Result): string[] {
  const { kernel, instructions, qemuSeconds, hindsight, interpreterMips } = result;
  const mips = (seconds: number) => (instructions === 0 ? '' : (instructions / seconds / 1e6).toFixed(instructions < 1e7 ? 2 : 0));
  return [
    kernel,
    (instructions / 1e6).toFixed(instructions < 1e7 ? 3 : 0),
    qemuSeconds.toFixed(2),
    mips(qemuSeconds),
    hindsight ? hindsight.seconds.toFixed(2) : '',
    hindsight ? mips(hindsight.seconds) : '',
    hindsight ? hindsight.wallSeconds.toFixed(2) : '',
    hindsight ? (qemuSeconds / hindsight.seconds).toFixed(2) : '',
    interpreterMips?.toFixed(instructions < 1e7 ? 2 : 0) ?? '',
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The sentences under the table: geometric mean, start-up, cold code. */
function summary(results: readonly Result[]): string[] {
  const lines: string[] = [];
  const ratios = results.flatMap((r) => (r.hindsight && HOT.includes(r.kernel) ? [r.qemuSeconds / r.hindsight.seconds] : []));
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    lines.push(
      `Geometric mean of QEMU s / hindsight s over ${ratios.length} kernels (not \`${START}\`, not \`${COLD}\`): **${mean.toFixed(2)}**.`,
    );
  }
  const start = results.find((r) => r.kernel === START);
  const cold = results.find((r) => r.kernel === COLD);
  const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
  if (start?.hindsight) {
    lines.push(
      `Start-up, the whole run of \`${START}\`: QEMU ${milliseconds(start.qemuSeconds)}, hindsight ${milliseconds(start.hindsight.seconds)}.`,
    );
  }
  if (start?.hindsight && cold?.hindsight) {
    const perInsn = (seconds: number) => `${((seconds * 1e6) / cold.instructions).toFixed(2)} µs`;
    const ours = perInsn(cold.hindsight.seconds - start.hindsight.seconds);
    const qemu = perInsn(cold.qemuSeconds - start.qemuSeconds);
    lines.push(`Cold code (\`${COLD}\` less start-up), translation and first run of an instruction: hindsight ${ours}, QEMU ${qemu}.`);
  }
  return lines;
}

function report(results: readonly Result[], options: Options): string {
  const versions = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, node ${versionOf(options.node).replace('v', '')}, QEMU ${qemuVersion()}`;
  const date = new Date().toISOString().slice(0, 10);
  return [
    '# Benchmark results',
    '',
    'Written by `node dist/tests/bench/run.js --write`. Guests: `tests/bench/guests`. Times are of whole processes, medians of ' +
      `${options.rounds}; a ratio above 1 means that hindsight is the faster one.`,
    '',
    `${date}; ${versions}; engine ${options.engine}; load average at the end ${loadavg()[0]!.toFixed(1)} on ${cpus().length} CPUs.`,
    '',
    line(HEAD),
    line(HEAD.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...results.map((result) => line(row(result))),
    '',
    ...summary(results).flatMap((sentence) => [sentence, '']),
  ].join('\n');
}

function main(args: string[]): void {
  const options = parseOptions(args);
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
  const results: Result[] = [];
  let failed = false;
  try {
    const coldElf = join(folder, `${COLD}.elf`);
    writeFileSync(coldElf, coldcodeElf());
    for (const kernel of options.kernels) {
      const elf = kernel === COLD ? coldElf : join(ROOT, 'tests/bench/guests', `${kernel}.elf`);
      try {
        const result = measure(kernel, elf, options);
        results.push(result);
        console.error(line(row(result)));
      } catch (error) {
        failed = true;
        console.error(`${kernel}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const text = report(results, options);
  console.log(text);
  if (failed) process.exitCode = 1;
  else if (options.write) writeFileSync(join(ROOT, 'tests/bench/RESULTS.md'), text);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
