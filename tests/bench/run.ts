/** Times the bare-metal benchmark guests under QEMU and under hindsight, run by hand; `--help` says how. */
import { file, withFolder } from '../support/files.js';
import { haveQemu } from '../support/qemu.js';
import { type Arguments, runTool } from '../support/tool.js';
import { coldcodeElf } from './coldcode.js';
import { COLD, HOT, KERNELS, kernelFile, START } from './kernels.js';
import { countWithQemu, type HindsightEngine, nodeVersion, runHindsight, runQemu } from './measure.js';
import { head, report } from './results.js';
import { line, median, table } from './statistics.js';

const USAGE = `node dist/tests/bench/run.js [options] [kernel...]: times the benchmark guests under QEMU and under hindsight

    --rounds N            runs of each kernel on each side, alternating; medians count (default 3)
    --engine NAME         hindsight's engine for the main column: auto, translate or interpret (default auto)
    --node FILE           the node binary that runs hindsight (default: this one)
    --interpret-ticks N   ticks of the interpreter column's run (default 50 million; 0: no such column)
    --qemu-only           no hindsight: what QEMU does, and exact instruction counts
    --write               renew the section in tests/bench/RESULTS.md

The checksums of both sides are compared. Nothing is subtracted from whole-process times: the guest \`empty\` shows what a start costs.`;

const TOOL = {
  usage: USAGE,
  options: {
    rounds: '3',
    engine: 'auto',
    node: process.execPath,
    'interpret-ticks': '50000000',
    'qemu-only': false,
    write: false,
  },
  names: KERNELS,
} as const;

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

function optionsOf({ text, has, number, names: kernels }: Arguments): Options {
  const engine = text('engine');
  if (engine !== 'auto' && engine !== 'translate' && engine !== 'interpret') throw new Error(`no engine ${engine}`);
  const [qemuOnly, write] = [has('qemu-only'), has('write')];
  if (write && (kernels.length < KERNELS.length || qemuOnly)) throw new Error('--write needs all kernels, on both sides');
  return { kernels, rounds: number('rounds'), engine, node: text('node'), interpretTicks: number('interpret-ticks', 0), qemuOnly, write };
}

function expectChecksum(kernel: string, who: string, actual: string | null, expected: string | null): void {
  if (actual === null) throw new Error(`${kernel}: ${who} printed no checksum`);
  if (actual !== expected) throw new Error(`${kernel}: ${who} has checksum ${actual}, QEMU ${expected}`);
}

async function measure(kernel: string, elf: string, options: Options): Promise<Result> {
  const qemuSeconds: number[] = [];
  const seconds: number[] = [];
  const wallSeconds: number[] = [];
  let instructions = 0;
  let expected: string | null = null;
  for (let round = 0; round < options.rounds; round++) {
    const qemu = await runQemu(elf);
    expected ??= qemu.checksum;
    expectChecksum(kernel, 'QEMU', qemu.checksum, expected);
    qemuSeconds.push(qemu.seconds);
    if (options.qemuOnly) continue;
    const ours = await runHindsight(elf, { node: options.node, engine: options.engine });
    expectChecksum(kernel, 'hindsight', ours.checksum, expected);
    seconds.push(ours.seconds);
    wallSeconds.push(ours.wallSeconds);
    instructions = ours.instructions;
  }
  if (options.qemuOnly) return { kernel, instructions: await countWithQemu(elf), qemuSeconds: median(qemuSeconds) };
  const result = {
    kernel,
    instructions,
    qemuSeconds: median(qemuSeconds),
    hindsight: { seconds: median(seconds), wallSeconds: median(wallSeconds) },
  };
  if (options.interpretTicks === 0) return result;
  const interpreter = await runHindsight(elf, { node: options.node, engine: 'interpret', maxTicks: options.interpretTicks });
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

async function section(results: readonly Result[], options: Options): Promise<string[]> {
  const about =
    `Guests: \`tests/bench/guests\`. Times are of whole processes, medians of ${options.rounds}; ` +
    `a ratio above 1 means that hindsight is the faster one. Engine: ${options.engine}.`;
  return [
    ...head('run', about, await nodeVersion(options.node)),
    ...table(HEAD, results.map(row)),
    ...summary(results).flatMap((sentence) => [sentence, '']),
  ];
}

async function main(args: Arguments): Promise<void> {
  const options = optionsOf(args);
  if (!haveQemu('the comparison of kernels')) return;
  const results: Result[] = [];
  let failed = false;
  await withFolder(async (folder) => {
    for (const kernel of options.kernels) {
      const elf = kernel === COLD ? file(folder, `${COLD}.elf`, coldcodeElf()) : kernelFile(kernel);
      try {
        const result = await measure(kernel, elf, options);
        results.push(result);
        console.error(line(row(result)));
      } catch (error) {
        failed = true;
        console.error(`${kernel}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });
  report('run', await section(results, options), { write: options.write && !failed });
  if (failed) process.exitCode = 1;
}

await runTool(TOOL, main);
