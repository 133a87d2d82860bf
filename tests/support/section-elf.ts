/** Writes ELF files of sections, without anything to load: for tests of symbols and debugging information (System V gABI, "Sections"). */

export interface ElfSection {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHT_*; absent: PROGBITS. */
  readonly type?: number;
  readonly flags?: number;
  readonly address?: bigint;
  /** The name of the section that it refers to. */
  readonly link?: string;
}

export interface ElfSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly size?: number;
  /** STT_*: 0 none, 1 object, 2 function, 3 section, 4 file. */
  readonly type?: number;
  readonly isGlobal?: boolean;
  /** Number of its section; 0: undefined, 0xfff1: absolute. */
  readonly section?: number;
}

export interface SectionElfOptions {
  readonly bits?: 32 | 64;
  /** ET_*; absent: EXEC. */
  readonly type?: number;
}

export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_NOBITS = 8;
export const SHF_ALLOC = 2;
export const SHF_COMPRESSED = 0x800;

/** A little-endian RISC-V file with `sections` from number 1 on, then their names. */
export function writeSectionElf(sections: readonly ElfSection[], { bits = 64, type = 2 }: SectionElfOptions = {}): Buffer {
  const word = bits / 8;
  const headerSize = bits === 64 ? 64 : 52;
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`);
  const all: ElfSection[] = [...sections, { name: '.shstrtab', bytes: names, type: SHT_STRTAB }];
  const number = (value: number | bigint, size: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes.subarray(0, size);
  };
  let offset = headerSize;
  const contents = all.map(({ bytes, type: kind }) => (kind === SHT_NOBITS ? Buffer.alloc(0) : Buffer.from(bytes)));
  const headers = all.map(({ name, bytes, type: kind = 1, flags = 0, address = 0n, link }, index) => {
    const at = offset;
    offset += (contents[index] as Buffer).length;
    const linked = link === undefined ? 0 : 1 + sections.findIndex((section) => section.name === link);
    const nameAt = names.indexOf(`\0${name}\0`) + 1;
    const fields = [number(nameAt, 4), number(kind, 4), number(flags, word), number(address, word), number(at, word)];
    return Buffer.concat([...fields, number(bytes.length, word), number(linked, 4), number(0, 4), number(1, word), number(0, word)]);
  });
  const none = Buffer.alloc(bits === 64 ? 64 : 40);
  const ident = Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const start = [
    ident,
    number(type, 2),
    number(243, 2),
    number(1, 4),
    number(0, word),
    number(0, word),
    number(offset, word),
    number(0, 4),
  ];
  const counts = [headerSize, 0, 0, none.length, all.length + 1, all.length].map((value) => number(value, 2));
  return Buffer.concat([...start, ...counts, ...contents, none, ...headers]);
}

/** The sections .symtab and .strtab with `symbols`. */
export function symbolSections(symbols: readonly ElfSymbol[], bits: 32 | 64 = 64): ElfSection[] {
  const strings = Buffer.from(`\0${symbols.map(({ name }) => name).join('\0')}\0`);
  const rows = symbols.map(({ name, value, size = 0, type = 0, isGlobal = false, section = 1 }) => {
    const row = Buffer.alloc(bits === 64 ? 24 : 16);
    const info = (isGlobal ? 0x10 : 0) | type;
    row.writeUInt32LE(name === '' ? 0 : strings.indexOf(`\0${name}\0`) + 1, 0);
    row.writeUInt8(info, bits === 64 ? 4 : 12);
    row.writeUInt16LE(section, bits === 64 ? 6 : 14);
    if (bits === 64) {
      row.writeBigUInt64LE(value, 8);
      row.writeBigUInt64LE(BigInt(size), 16);
    } else {
      row.writeUInt32LE(Number(value), 4);
      row.writeUInt32LE(size, 8);
    }
    return row;
  });
  return [
    { name: '.symtab', type: SHT_SYMTAB, link: '.strtab', bytes: Buffer.concat(rows) },
    { name: '.strtab', type: SHT_STRTAB, bytes: strings },
  ];
}

/** An occupied section of code, which symbols and lines may lie in. */
export function textSection(address: bigint, sizeBytes: number): ElfSection {
  return { name: '.text', bytes: new Uint8Array(sizeBytes), flags: SHF_ALLOC, address };
}
