/**
 * Which instructions random programs execute, counted by QEMU: a log of every instruction in the streams, less those that trapped. Code that a
 * program writes is counted as what it was before.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decode, ROWS } from '../../support/instructions.js';
import { runQemu } from '../../support/qemu.js';
import { RAM, STREAM, STREAM_END, USER_ALIAS } from './layout.js';
import type { Program } from './program.js';

const alias = (address: number): number => address - RAM + USER_ALIAS;
const hex = (value: number): string => `0x${value.toString(16)}`;

export class Coverage {
  /** Executions without a trap, by instruction. */
  readonly executed = new Map(ROWS.map(({ name }): [string, number] => [name, 0]));
  /** Traps by cause. */
  readonly traps = new Map<string, number>();
  total = 0;

  /** Runs a program on QEMU and adds what it executed. */
  async add(program: Program): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'hindsight-coverage-'));
    try {
      const [elf, log] = [join(folder, 'program.elf'), join(folder, 'log')];
      writeFileSync(elf, program.elf({ level: 1 }));
      const filter = `${hex(STREAM)}..${hex(STREAM_END - 1)},${hex(alias(STREAM))}..${hex(alias(STREAM_END) - 1)}`;
      const { console } = await runQemu(elf, {
        extra: ['-singlestep', '-d', 'nochain,exec', '-dfilter', filter, '-D', log],
        timeoutMs: 120_000,
      });
      const counts = await this.executions(log);
      this.countTraps(console, counts);
      this.countRows(program, counts);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  private async executions(log: string): Promise<Map<number, number>> {
    const counts = new Map<number, number>();
    for await (const line of createInterface({ input: createReadStream(log) })) {
      const match = /^Trace \d+: \S+ \[[0-9a-f]+\/([0-9a-f]+)\//.exec(line);
      if (!match) continue;
      const offset = Number.parseInt(match[1]!, 16) % 2 ** 21;
      counts.set(offset, (counts.get(offset) ?? 0) + 1);
    }
    return counts;
  }

  private countTraps(console: string, counts: Map<number, number>): void {
    for (const [, cause, epc] of console.matchAll(/^T (\w+) (\w+)/gm)) {
      this.traps.set(cause!, (this.traps.get(cause!) ?? 0) + 1);
      const offset = Number(BigInt.asUintN(21, BigInt(`0x${epc}`)));
      const isException = cause!.startsWith('0');
      if (isException && counts.has(offset)) counts.set(offset, counts.get(offset)! - 1);
    }
  }

  private countRows(program: Program, counts: Map<number, number>): void {
    const { address, bytes } = program.code();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const [offset, count] of counts) {
      const at = RAM + offset - address;
      if (at + 2 > bytes.length) continue;
      const low = view.getUint16(at, true);
      const name = decode((low & 3) === 3 ? view.getUint32(at, true) : low)?.name;
      if (name === undefined) continue;
      this.executed.set(name, this.executed.get(name)! + count);
      this.total += count;
    }
  }

  /** A line per instruction, the rarest first, and the traps. */
  report(): string {
    const rows = [...this.executed].sort(([, a], [, b]) => a - b).map(([name, count]) => `${String(count).padStart(9)} ${name}`);
    const traps = [...this.traps].sort().map(([cause, count]) => `${String(count).padStart(9)} cause ${cause}`);
    return [...rows, ...traps, `${this.total} instructions in all`].join('\n');
  }
}
