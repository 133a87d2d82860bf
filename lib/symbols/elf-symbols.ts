/** The symbol table of an ELF file (System V ABI, "Symbol Table"). */

import type { SymbolKind } from './answers.js';
import type { ElfFile, Section, SectionHeader } from './elf-file.js';
import { KINDS, type SymbolColumns } from './symbol-index.js';

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const SHF_ALLOC = 2n;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
const STB_LOCAL = 0;

const LAYOUTS = {
  32: { entry: 16, value: 4, size: 8, info: 12, section: 14 },
  64: { entry: 24, value: 8, size: 16, info: 4, section: 6 },
} as const;

/** By type (STT_*); others, such as files, sections and thread-local variables, name no place. */
const KIND_OF_TYPE: Readonly<Record<number, SymbolKind>> = { 0: 'label', 1: 'object', 2: 'function', 10: 'function' };
/** The same as places in KINDS; -1: none. */
const KIND_CODES = Array.from({ length: 16 }, (_, type) => KINDS.indexOf(KIND_OF_TYPE[type] as SymbolKind));
const [LABEL, CONSTANT] = [KINDS.indexOf('label'), KINDS.indexOf('constant')];
const DOLLAR = 0x24;
const DOT = 0x2e;
const LETTER_L = 0x4c;

/** Reads .symtab or, in a stripped file, .dynsym; nothing if there is neither. Throws `ImageError`. */
export function readElfSymbols(elf: ElfFile): SymbolColumns | undefined {
  const header = elf.sections.find(({ type }) => type === SHT_SYMTAB) ?? elf.sections.find(({ type }) => type === SHT_DYNSYM);
  if (!header) return undefined;
  const table = elf.contents(header);
  const stringsHeader = elf.sections[header.link];
  if (!stringsHeader || stringsHeader === header) throw table.fail(0, `its strings are in section ${header.link}, which there is not`);
  return new ElfSymbols(elf, table, elf.contents(stringsHeader));
}

class ElfSymbols implements SymbolColumns {
  readonly count: number;
  readonly addresses: BigUint64Array;
  readonly sizes: Float64Array;
  readonly kinds: Uint8Array;
  readonly globals: Uint8Array;
  private readonly nameOffsets: Uint32Array;
  private readonly strings: Section;
  private readonly occupied: readonly SectionHeader[];

  constructor(elf: ElfFile, table: Section, strings: Section) {
    const { entry, value, size, info, section } = LAYOUTS[elf.bits];
    const { bytes } = table;
    const total = Math.floor(bytes.length / entry);
    this.strings = strings;
    this.occupied = elf.sections.filter(({ flags }) => (flags & SHF_ALLOC) !== 0n);
    this.addresses = new BigUint64Array(total);
    this.sizes = new Float64Array(total);
    this.kinds = new Uint8Array(total);
    this.globals = new Uint8Array(total);
    this.nameOffsets = new Uint32Array(total);
    const words = new Uint32Array(this.addresses.buffer);
    const highWord = (at: number): number => (elf.bits === 64 ? bytes.readUInt32LE(at + 4) : 0);
    let count = 0;
    for (let at = 0; at + entry <= bytes.length; at += entry) {
      const kind = KIND_CODES[bytes[at + info]! & 15] as number;
      const home = bytes.readUInt16LE(at + section);
      const nameAt = bytes.readUInt32LE(at);
      if (kind < 0 || home === SHN_UNDEF || !this.isName(nameAt)) continue;
      words[2 * count] = bytes.readUInt32LE(at + value);
      words[2 * count + 1] = highWord(at + value);
      this.sizes[count] = bytes.readUInt32LE(at + size) + 2 ** 32 * highWord(at + size);
      this.kinds[count] = home === SHN_ABS && kind === LABEL ? CONSTANT : kind;
      this.globals[count] = bytes[at + info]! >>> 4 === STB_LOCAL ? 0 : 1;
      this.nameOffsets[count] = nameAt;
      count++;
    }
    this.count = count;
  }

  /** Not what assemblers leave behind: mapping symbols such as `$x`, local labels such as `.L0`. */
  private isName(offset: number): boolean {
    const { bytes } = this.strings;
    const [first, second] = [bytes[offset], bytes[offset + 1]];
    return first !== undefined && first !== 0 && first !== DOLLAR && !(first === DOT && second === LETTER_L);
  }

  readonly nameOf = (index: number): string => {
    const { bytes } = this.strings;
    const start = this.nameOffsets[index] as number;
    const end = bytes.indexOf(0, start);
    if (end < 0) throw this.strings.fail(start, 'the name of a symbol does not end');
    return bytes.toString('utf8', start, end);
  };

  /** Finds the name in the table of strings and then who refers to it: no name is decoded. A linker lets one name be the tail of another. */
  named(name: string): number[] {
    const { bytes } = this.strings;
    const wanted = Buffer.from(`${name}\0`);
    const offsets = new Set<number>();
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) offsets.add(at);
    const found: number[] = [];
    if (name === '' || offsets.size === 0) return found;
    for (let index = 0; index < this.count; index++) if (offsets.has(this.nameOffsets[index] as number)) found.push(index);
    return found;
  }

  limitOf(address: bigint): bigint {
    const home = this.occupied.find((section) => address >= section.address && address - section.address < BigInt(section.sizeBytes));
    return home ? home.address + BigInt(home.sizeBytes) : address + 1n;
  }
}
