/** The sections of DWARF debugging information, and what all of them share: the initial length, the strings. */
import { type Chunk, type Cursor, stringAt } from '../cursor.js';
import type { ElfFile } from '../elf-file.js';

/** DWARF's sections by name without `.debug_`; what the file does not have is absent. Each is read when it is first asked for. */
export class DwarfSections {
  private readonly elf: ElfFile;
  private readonly strings = new Map<string, string>();

  constructor(elf: ElfFile) {
    this.elf = elf;
  }

  get(name: string): Chunk | undefined {
    return this.elf.section(`.debug_${name}`);
  }

  /** A section that `user` refers to. Throws `ImageError` if there is none. */
  need(name: string, user: Cursor): Chunk {
    const chunk = this.get(name);
    if (!chunk) throw user.fail(`refers to .debug_${name}, which this file has not`);
    return chunk;
  }

  /** The string at `offset` of a section of strings: `str` or `line_str`. */
  string(name: string, offset: number, user: Cursor): string {
    const key = `${name} ${offset}`;
    let text = this.strings.get(key);
    if (text === undefined) {
      text = stringAt(this.need(name, user), offset);
      this.strings.set(key, text);
    }
    return text;
  }

  /** Whether the program occupies that address in memory. A linker leaves 0 or -1 where it has dropped a function. */
  occupies(address: bigint): boolean {
    return this.elf.occupies(address);
  }
}

/** The beginning of a unit in any section (DWARF 5, 7.4, "32-Bit and 64-Bit DWARF Formats"). */
export interface UnitLength {
  readonly start: number;
  /** Bytes of an offset into another section. */
  readonly offsetSize: 4 | 8;
  readonly end: number;
}

const DWARF64 = 0xffffffff;

/** Reads the initial length of a unit, which must end inside of its section. */
export function readUnitLength(cursor: Cursor): UnitLength {
  const start = cursor.at;
  const short = cursor.u32();
  const offsetSize = short === DWARF64 ? 8 : 4;
  const length = short === DWARF64 ? cursor.unsigned(8) : short;
  if (!(length <= cursor.end - cursor.at)) throw cursor.fail(`unit of ${length} bytes ends behind the end of its section`, start);
  return { start, offsetSize, end: cursor.at + length };
}
