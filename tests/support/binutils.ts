/** The GNU assembler and objdump for RISC-V as an outside oracle of encodings. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Disassembled {
  readonly bits: number;
  /** As objdump prints it. */
  readonly text: string;
  readonly isLegal: boolean;
}

const PREFIX = ['riscv64-unknown-elf-', 'riscv64-linux-gnu-'].find((prefix) =>
  ['as', 'objdump'].every((tool) => spawnSync(prefix + tool, ['--version']).status === 0),
);

/**
 * Whether the tools are here. Without them the caller has nothing to compare with and returns, which is said on stderr; where CI is set
 * this is an error.
 */
export function hasBinutils(): boolean {
  if (PREFIX === undefined) {
    if (process.env.CI) throw new Error('no RISC-V binutils: riscv64-unknown-elf-as and -objdump are needed where CI is set');
    console.error('SKIPPED: a comparison with objdump, because there are no RISC-V binutils here');
  }
  return PREFIX !== undefined;
}

/** What a tool such as `nm` prints. */
export function binutil(tool: string, args: readonly string[], input = ''): string {
  return execFileSync(`${PREFIX}${tool}`, args, { encoding: 'utf8', maxBuffer: 1 << 28, input });
}

/** Disassembles instructions of `bytes` bytes each, the first one at address 0. `aliases`: also pseudo-instructions. */
export function objdump(insns: readonly number[], bytes: 2 | 4, options: { march: string; aliases: boolean }): Disassembled[] {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-objdump-'));
  try {
    const [source, object] = [join(folder, 'insns.s'), join(folder, 'insns.o')];
    writeFileSync(source, `${insns.map((bits) => `.insn ${bytes}, 0x${bits.toString(16)}`).join('\n')}\n`);
    execFileSync(`${PREFIX}as`, [`-march=${options.march}`, source, '-o', object]);
    const flags = options.aliases ? ['-d'] : ['-d', '-M', 'no-aliases'];
    return parse(execFileSync(`${PREFIX}objdump`, [...flags, object], { encoding: 'utf8', maxBuffer: 1 << 28 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function parse(listing: string): Disassembled[] {
  return [...listing.matchAll(/^\s*[0-9a-f]+:\t([0-9a-f]+)\s+(\S.*)$/gm)].map(([, bits, text]) => ({
    bits: Number.parseInt(bits!, 16),
    text: text!,
    isLegal: !/^(\.|(c\.)?unimp)/.test(text!),
  }));
}

/** The instructions of a function in an ELF file, as `ADDRESS: TEXT`. */
export function objdumpFile(elf: string, symbol: string): string[] {
  const listing = execFileSync(`${PREFIX}objdump`, ['-d', `--disassemble=${symbol}`, elf], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return [...listing.matchAll(/^\s*([0-9a-f]+):\t[0-9a-f]+\s+(\S.*)$/gm)].map(([, address, text]) => `${address}: ${text}`);
}
