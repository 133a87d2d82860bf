/**
 * Finds out where two runs of a random program part: the block, by the running hashes; then the instruction, by stopping the block with an
 * ebreak in front of one instruction after the other and comparing the registers there.
 */
import { disassemble } from '../../support/instructions.js';
import { fName, xName } from '../../support/registers.js';
import { RAM } from './layout.js';
import type { Block, Program } from './program.js';
import { firstDifference, type Outputs, type RunOptions, runBoth } from './run.js';

export interface Difference {
  /** Where, for a human: program, block, instructions, registers. */
  readonly report: string;
}

/** Number of blocks that are done before line `index`. */
function blocksBefore(output: readonly string[], index: number): number {
  return output.slice(0, index).filter((line) => line.startsWith('B ')).length;
}

/** The words of the D lines: x0..x31, f0..f31, fcsr, mstatus, sepc, scause, stval, mie. */
const dumpWords = (output: readonly string[]): string[] =>
  output.filter((line) => line.startsWith('D ')).flatMap((line) => line.slice(2).trim().split(' '));

const wordName = (index: number): string =>
  index < 32 ? xName(index) : index < 64 ? fName(index - 32) : (['fcsr', 'mstatus', 'sepc', 'scause', 'stval', 'mie'][index - 64] ?? '?');

/** Text of the words that differ between two dumps. */
function differences(outputs: Outputs, words: readonly number[]): string[] {
  const [qemu, hindsight] = [dumpWords(outputs.qemu), dumpWords(outputs.hindsight)];
  return words.filter((i) => qemu[i] !== hindsight[i]).map((i) => `    ${wordName(i).padEnd(8)} qemu ${qemu[i]} hindsight ${hindsight[i]}`);
}

const range = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, i) => first + i);
const ALL = range(0, 70);
/** What counts in front of an instruction: the stop's own trap changes the trap CSRs. */
const REGISTERS = range(0, 65);

function contents(program: Program, block: Block): { address: number; bits: number }[] {
  const code = program.code();
  const view = new DataView(code.bytes.buffer, code.bytes.byteOffset);
  const insns = [];
  for (let offset = block.start; offset < block.end; ) {
    const at = RAM + offset - code.address;
    const low = view.getUint16(at, true);
    const bits = (low & 3) === 3 ? view.getUint32(at, true) : low;
    insns.push({ address: RAM + offset, bits });
    offset += (low & 3) === 3 ? 4 : 2;
  }
  return insns;
}

const line = ({ address, bits }: { address: number; bits: number }): string => `    ${address.toString(16)}  ${disassemble(bits, address)}`;

export interface LocateOptions extends RunOptions {
  /** Find the instruction too, which takes many more runs. */
  readonly instruction?: boolean;
}

/** Describes the first difference of a program, or returns undefined if the two sides agree at every level. */
export async function locate(program: Program, options: LocateOptions = {}): Promise<Difference | undefined> {
  const text = [`${program.kind}, seed ${program.seed}, ${program.options.blocks} blocks, ${program.options.rounds} rounds`];
  const outputs = await runBoth(program.elf({ level: 2 }), options);
  const index = firstDifference(outputs);
  if (index < 0) return undefined;
  const seq = blocksBefore(outputs.qemu, index);
  const block = program.blocks[seq % program.blocks.length];
  text.push(
    `  before  ${outputs.qemu[index - 1] ?? ''}`,
    `  qemu      ${outputs.qemu[index] ?? '(nothing)'}`,
    `  hindsight ${outputs.hindsight[index] ?? '(nothing)'}`,
  );
  if (!block || outputs.qemu[index]?.startsWith('R')) return { report: text.join('\n') };
  text.push(
    `  in block ${seq % program.blocks.length}, number ${seq}: ${(RAM + block.start).toString(16)} .. ${(RAM + block.end).toString(16)}`,
  );
  const trap = sameTrap(outputs, index);
  if (trap !== undefined) {
    const insn = contents(program, block).find(({ address }) => address % 2 ** 21 === trap);
    text.push('  the same trap with another tval, status or registers:', insn ? line(insn) : `    offset ${trap.toString(16)}`);
  }
  const after = await runBoth(program.elf({ dumpFrom: seq, dumpTo: seq }), options);
  text.push('  registers behind the block:', ...differences(after, ALL));
  const isTvalOnly = trap !== undefined && outputs.qemu[index]?.split(' ')[3] !== outputs.hindsight[index]?.split(' ')[3];
  if (options.instruction && !isTvalOnly) text.push(...(await stepThrough(program, block, seq, options)));
  return { report: text.join('\n') };
}

/** Offset of the pc where both sides took the same trap in different states, if line `index` says so. */
function sameTrap({ qemu, hindsight }: Outputs, index: number): number | undefined {
  const [a, b] = [qemu[index]?.split(' ') ?? [], hindsight[index]?.split(' ') ?? []];
  return a[0] === 'T' && a[1] === b[1] && a[2] === b[2] ? Number(BigInt.asUintN(21, BigInt(`0x${a[2]}`))) : undefined;
}

/** What stopping in front of an instruction showed: the differences, and all registers; undefined if it was not reached. */
async function stopAt(
  program: Program,
  options: { address: number; seq: number; run: RunOptions },
): Promise<{ found: string[]; registers: string } | undefined> {
  const outputs = await runBoth(program.elf({ patchSeq: options.seq, patchAddress: options.address }), options.run);
  const words = dumpWords(outputs.qemu);
  if (words.length === 0 && dumpWords(outputs.hindsight).length === 0) return undefined;
  const registers = words.flatMap((word, n) => (BigInt(`0x${word}`) === 0n ? [] : [`${wordName(n)}=${word}`])).join(' ');
  return { found: differences(outputs, REGISTERS), registers };
}

/** Halves the block until the instructions are found that the two sides find equal registers in front of, and different ones behind. */
async function stepThrough(program: Program, block: Block, seq: number, run: RunOptions): Promise<string[]> {
  const insns = contents(program, block);
  let [same, different] = [-1, insns.length];
  let [registers, found] = ['', [] as string[]];
  const unreached = new Set<number>();
  for (;;) {
    const middle = (same + different) >> 1;
    const candidates = range(same + 1, different).filter((i) => !unreached.has(i));
    if (candidates.length === 0) break;
    const index = candidates.reduce((best, i) => (Math.abs(i - middle) < Math.abs(best - middle) ? i : best));
    const result = await stopAt(program, { address: insns[index]!.address, seq, run });
    if (result === undefined) unreached.add(index);
    else if (result.found.length === 0) [same, registers] = [index, result.registers];
    else [different, found] = [index, result.found];
  }
  if (different === insns.length)
    return ['  the registers are the same up to:', ...insns.slice(Math.max(same, 0)).map(line), '  registers there:', `    ${registers}`];
  return [
    '  the registers part at:',
    ...insns.slice(Math.max(same, 0), different).map(line),
    ...found,
    '  registers before:',
    `    ${registers}`,
  ];
}
