/** Source lines of addresses and addresses of source lines, from .debug_line and, to find the program of an address, .debug_aranges. */
import type { LineAddress, SourceFile, SourceLine } from '../answers.js';
import { type Chunk, Cursor } from '../cursor.js';
import { type Interval, IntervalIndex } from '../interval-index.js';
import { readAranges } from './aranges.js';
import { type LineHeader, readLineHeader } from './line-header.js';
import { type LineRows, runLineProgram, type Sequence } from './line-program.js';
import { readUnitLength } from './sections.js';
import type { DebugInfo } from './units.js';

/** A line program: its header and, once they were needed, its rows. */
class Program {
  readonly header: LineHeader;
  private readonly chunk: Chunk;
  private cachedRows: LineRows | undefined;
  private cachedIndex: IntervalIndex<Sequence> | undefined;
  private readonly occupies: (address: bigint) => boolean;

  constructor(chunk: Chunk, header: LineHeader, occupies: (address: bigint) => boolean) {
    this.chunk = chunk;
    this.header = header;
    this.occupies = occupies;
  }

  get rows(): LineRows {
    this.cachedRows ??= runLineProgram(this.header, new Cursor(this.chunk, this.header.program, this.header.end));
    return this.cachedRows;
  }

  /** The sequences that are in the program that was linked: others were dropped, and begin at 0 or -1. */
  get sequences(): Sequence[] {
    return this.rows.sequences.filter(({ start, end }) => start < end && this.occupies(start));
  }

  at(address: bigint): SourceLine | undefined {
    this.cachedIndex ??= new IntervalIndex(this.sequences.map((value) => ({ start: value.start, end: value.end, value })));
    for (const { value } of this.cachedIndex.containing(address)) {
      const row = lastRowUpTo(this.rows, value, Number(address - value.start));
      const line = row === undefined ? undefined : this.sourceLine(row);
      if (line) return line;
    }
    return undefined;
  }

  private sourceLine(row: number): SourceLine | undefined {
    const { files, lines, columns } = this.rows;
    const file = this.header.files[files[row] as number];
    const line = lines[row] as number;
    return file && line > 0 ? { ...file, line, column: columns[row] as number } : undefined;
  }

  /** The numbers of the files whose paths end in `file`. */
  filesNamed(file: string): number[] {
    return this.header.files.flatMap((known, index) => (known && isTail(file, known) ? [index] : []));
  }

  /** The first line from `line` on, in one of `wanted` (numbers of files), that has a statement; infinity if there is none. */
  nearestLine(wanted: readonly number[], line: number): number {
    let nearest = Number.POSITIVE_INFINITY;
    for (const row of this.statements(wanted)) {
      const candidate = this.rows.lines[row] as number;
      if (candidate >= line && candidate < nearest) nearest = candidate;
    }
    return nearest;
  }

  /** Where statements of `line` begin. */
  beginnings(wanted: readonly number[], line: number): LineAddress[] {
    const { lines } = this.rows;
    return [...this.statements(wanted)]
      .filter((row) => lines[row] === line)
      .flatMap((row) => {
        const found = this.sourceLine(row);
        return found ? [{ ...found, address: this.rowAddress(row) }] : [];
      });
  }

  private rowAddress(row: number): bigint {
    const home = this.rows.sequences.find(({ firstRow, rowCount }) => row >= firstRow && row < firstRow + rowCount) as Sequence;
    return home.start + BigInt(this.rows.offsets[row] as number);
  }

  private *statements(wanted: readonly number[]): Generator<number> {
    const { files, statements } = this.rows;
    for (const { firstRow, rowCount } of this.sequences) {
      for (let row = firstRow; row < firstRow + rowCount; row++) if (statements[row] === 1 && wanted.includes(files[row]!)) yield row;
    }
  }
}

/** The last row of a sequence that is not behind `offset`: of several at one address the last one counts. */
function lastRowUpTo({ offsets }: LineRows, { firstRow, rowCount }: Sequence, offset: number): number | undefined {
  let [low, high] = [firstRow, firstRow + rowCount];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return low > firstRow ? low - 1 : undefined;
}

export class LineTable {
  private readonly info: DebugInfo;
  private readonly programs = new Map<number, Program>();
  private ranges: IntervalIndex<number> | undefined;
  private ranged = new Set<number>();
  private allPrograms: readonly Program[] | undefined;
  private rest: IntervalIndex<Program> | undefined;

  constructor(info: DebugInfo) {
    this.info = info;
  }

  /** The line that the instruction at `address` comes from. Throws `ImageError`. */
  at(address: bigint): SourceLine | undefined {
    if (!this.info.sections.get('line')) return undefined;
    for (const program of this.rangedPrograms(address)) {
      const line = program.at(address);
      if (line) return line;
    }
    for (const { value } of this.unranged().containing(address)) {
      const line = value.at(address);
      if (line) return line;
    }
    return undefined;
  }

  /** The programs of the units that .debug_aranges names for an address. */
  private *rangedPrograms(address: bigint): Generator<Program> {
    if (!this.ranges) {
      const intervals = readAranges(this.info.sections);
      this.ranges = new IntervalIndex(intervals);
      this.ranged = new Set(intervals.map(({ value }) => value));
    }
    for (const { value } of this.ranges.containing(address)) {
      const unit = this.info.unitAt(value);
      const offset = unit && this.info.root(unit).lineProgram;
      if (offset !== undefined) yield this.program(offset);
    }
  }

  /** The sequences of all programs whose units .debug_aranges does not know. */
  private unranged(): IntervalIndex<Program> {
    if (this.rest) return this.rest;
    const known = new Set<number>();
    for (const offset of this.ranged) {
      const unit = this.info.unitAt(offset);
      const program = unit && this.info.root(unit).lineProgram;
      if (program !== undefined) known.add(program);
    }
    const intervals: Interval<Program>[] = [];
    for (const program of this.all()) {
      if (known.has(program.header.start)) continue;
      for (const { start, end } of program.sequences) intervals.push({ start, end, value: program });
    }
    this.rest = new IntervalIndex(intervals);
    return this.rest;
  }

  /**
   * Where the code of `line` begins, in every file whose path ends in `file` (whole components, as in GDB), by address. If that line has
   * no code, the next one that has. Throws `ImageError`.
   */
  addresses(file: string, line: number): LineAddress[] {
    const programs = this.all()
      .map((program) => ({ program, wanted: program.filesNamed(file) }))
      .filter(({ wanted }) => wanted.length > 0);
    const nearest = programs.reduce(
      (least, { program, wanted }) => Math.min(least, program.nearestLine(wanted, line)),
      Number.POSITIVE_INFINITY,
    );
    const found = programs.flatMap(({ program, wanted }) => program.beginnings(wanted, nearest));
    return found.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  /** The names of all files that end in `file`. Throws `ImageError`. */
  filesNamed(file: string): string[] {
    const found = new Set<string>();
    for (const program of this.all()) for (const index of program.filesNamed(file)) found.add(program.header.files[index]!.path);
    return [...found];
  }

  /** The rows of all programs, with the files that they refer to: for tests. */
  *rows(): Generator<{ readonly header: LineHeader; readonly rows: LineRows }> {
    for (const program of this.all()) yield { header: program.header, rows: program.rows };
  }

  private all(): readonly Program[] {
    if (this.allPrograms) return this.allPrograms;
    // Folders are in .debug_info up to version 4; a program that no unit refers to has none.
    for (const unit of this.info.units) {
      const { lineProgram } = this.info.root(unit);
      if (lineProgram !== undefined && this.info.sections.get('line')) this.program(lineProgram);
    }
    const chunk = this.info.sections.get('line');
    if (chunk) {
      for (const cursor = new Cursor(chunk); !cursor.isAtEnd; ) {
        const { start, end } = readUnitLength(cursor);
        this.program(start);
        cursor.at = end;
      }
    }
    this.allPrograms = [...this.programs.values()];
    return this.allPrograms;
  }

  /** The program at an offset of .debug_line. */
  private program(offset: number): Program {
    let program = this.programs.get(offset);
    if (!program) {
      const chunk = this.info.sections.get('line') as Chunk;
      const header = readLineHeader(this.info.sections, new Cursor(chunk, offset), this.folderOf(offset));
      program = new Program(chunk, header, (address) => this.info.sections.occupies(address));
      this.programs.set(offset, program);
    }
    return program;
  }

  private folders: Map<number, string> | undefined;

  private folderOf(offset: number): string {
    if (!this.folders) {
      this.folders = new Map();
      for (const unit of this.info.units) {
        const { lineProgram, folder } = this.info.root(unit);
        if (lineProgram !== undefined && !this.folders.has(lineProgram)) this.folders.set(lineProgram, folder);
      }
    }
    return this.folders.get(offset) ?? '';
  }
}

/** Whether `file` is the last part, or all, of a path. */
function isTail(file: string, { path, name }: SourceFile): boolean {
  return path === file || name === file || path.endsWith(`/${file}`);
}
