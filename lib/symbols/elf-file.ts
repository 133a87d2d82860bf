/**
 * Sections of an ELF file (System V ABI, "Object Files"): 32 and 64 bits, little-endian. They are read when they are asked for, so that
 * a symbol of a large file costs only its symbol table. The loader of kernels, which wants segments, is lib/machines/elf.ts.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { describeSystemError, ImageError, imageErrorAt } from '../util/errors.js';
import { type Chunk, Cursor, stringAt } from './cursor.js';

const MAGIC = 0x464c457f;
const EI_CLASS = 4;
const EI_DATA = 5;
const E_TYPE = 16;
const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_REL = 1;
const SHN_XINDEX = 0xffff;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2n;
const SHF_COMPRESSED = 0x800n;
const COMPRESSIONS: Readonly<Record<number, string>> = { 1: 'zlib', 2: 'zstd' };

/** Sizes and offsets that differ between the classes. */
const LAYOUTS = {
  32: { word: 4, header: 52, shoff: 32, shentsize: 46, sectionHeader: 40 },
  64: { word: 8, header: 64, shoff: 40, shentsize: 58, sectionHeader: 64 },
} as const;

/** Deflate packs at most 1032 to 1, zstd is not bounded but no debugger's data come near; a file that claims more is damaged. */
const RATIO_MAX = 1100;
const SECTION_MAX = 2 ** 31 - 1;

export interface SectionHeader {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  /** Where it lies in the file. */
  readonly offset: number;
  /** In the file and, unless it is compressed, in memory. */
  readonly sizeBytes: number;
  /** The section that it refers to. */
  readonly link: number;
}

/** A section's contents. */
export interface Section extends Chunk {
  readonly header: SectionHeader;
}

/** A regular file that is read in ranges, or one whose contents are in memory. */
export class RangeFile {
  readonly path: string;
  readonly sizeBytes: number;
  private readonly contents: Buffer | undefined;
  private fd: number | undefined;

  /** `contents`: the file is not opened, and `path` is only its name. Throws `ImageError`, with the reason in words, for what cannot be opened. */
  constructor(path: string, contents?: Uint8Array) {
    this.path = path;
    if (contents) {
      this.contents = Buffer.from(contents.buffer, contents.byteOffset, contents.length);
      this.sizeBytes = contents.length;
      return;
    }
    try {
      this.fd = openSync(path, 'r');
      const stat = fstatSync(this.fd);
      if (!stat.isFile()) throw new ImageError(`${path}: is ${stat.isDirectory() ? 'a directory' : 'no regular file'}`);
      this.sizeBytes = stat.size;
    } catch (error) {
      this.close();
      throw error instanceof ImageError ? error : new ImageError(`${path}: ${describeSystemError(error)}`);
    }
  }

  /** `length` bytes at `offset`. Throws `ImageError` unless they are all there. */
  read(offset: number, length: number, what: string): Buffer {
    if (!(offset + length <= this.sizeBytes)) throw imageErrorAt(this.path, offset, `${what} ends behind the end of the file: cut off`);
    // Columns of numbers are laid over what is read, which must be aligned for that: a copy, as from a file.
    if (this.contents) return Buffer.from(new Uint8Array(this.contents.subarray(offset, offset + length)).buffer);
    if (this.fd === undefined) throw new ImageError(`${this.path}: is closed`);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.fd, bytes, done, length - done, offset + done);
      if (count === 0) throw imageErrorAt(this.path, offset + done, `${what} is cut off`);
      done += count;
    }
    return bytes;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

/** Whether a file begins as an ELF file does. */
export function isElfFile(file: RangeFile): boolean {
  return file.sizeBytes >= 4 && file.read(0, 4, 'header').readUInt32LE(0) === MAGIC;
}

export class ElfFile {
  readonly file: RangeFile;
  readonly bits: 32 | 64;
  readonly sections: readonly SectionHeader[];
  private readonly loaded = new Map<SectionHeader, Section>();

  /** Reads the headers. Throws `ImageError` for what is no linked, little-endian ELF file. */
  constructor(file: RangeFile) {
    this.file = file;
    const start = file.read(0, Math.min(file.sizeBytes, LAYOUTS[64].header), 'header');
    const elfClass = start[EI_CLASS];
    if (start.length < LAYOUTS[32].header) throw imageErrorAt(file.path, start.length, 'ELF header is cut off');
    if (elfClass !== ELFCLASS32 && elfClass !== ELFCLASS64) throw imageErrorAt(file.path, EI_CLASS, `unknown ELF class ${elfClass}`);
    if (start[EI_DATA] !== ELFDATA2LSB) throw imageErrorAt(file.path, EI_DATA, 'not a little-endian ELF file');
    this.bits = elfClass === ELFCLASS32 ? 32 : 64;
    if (start.readUInt16LE(E_TYPE) === ET_REL)
      throw imageErrorAt(file.path, E_TYPE, 'an object file: its addresses are known only when it is linked');
    this.sections = this.readHeaders(start);
  }

  private readHeaders(start: Buffer): SectionHeader[] {
    const { header, shoff, shentsize, word, sectionHeader } = LAYOUTS[this.bits];
    const { file } = this;
    const cursor = new Cursor({ bytes: start, fail: (at, what) => imageErrorAt(file.path, at, what) });
    if (start.length < header) throw imageErrorAt(file.path, start.length, 'ELF header is cut off');
    cursor.at = shoff;
    const tableAt = cursor.unsigned(word);
    cursor.at = shentsize;
    const [entrySize, rawCount, rawNames] = [cursor.u16(), cursor.u16(), cursor.u16()];
    if (tableAt === 0) return [];
    if (entrySize !== sectionHeader) throw imageErrorAt(file.path, shentsize, `section headers of ${entrySize} bytes`);
    // More sections than fit in 16 bits: the first header says how many.
    const first = this.rawHeaders(tableAt, 1)[0];
    const count = rawCount === 0 ? (first?.sizeBytes ?? 0) : rawCount;
    const raw = this.rawHeaders(tableAt, count);
    const names = raw[rawNames === SHN_XINDEX ? (first?.link ?? 0) : rawNames];
    if (!names) throw imageErrorAt(file.path, shentsize + 4, 'there is no section of section names');
    const strings = this.contents({ ...names, name: 'section names' });
    return raw.map((row) => ({ ...row, name: stringAt(strings, row.nameAt) }));
  }

  private rawHeaders(at: number, count: number): (SectionHeader & { readonly nameAt: number })[] {
    const { word, sectionHeader } = LAYOUTS[this.bits];
    const bytes = this.file.read(at, count * sectionHeader, 'table of section headers');
    const cursor = new Cursor({ bytes, fail: (offset, what) => imageErrorAt(this.file.path, at + offset, what) });
    return Array.from({ length: count }, (_, index) => {
      cursor.at = index * sectionHeader;
      const [nameAt, type] = [cursor.u32(), cursor.u32()];
      const [flags, address] = [cursor.address(word), cursor.address(word)];
      const [offset, sizeBytes, link] = [cursor.unsigned(word), cursor.unsigned(word), cursor.u32()];
      return { name: '', nameAt, type, flags, address, offset, sizeBytes, link };
    });
  }

  /** The contents of the section with that name; nothing if there is none, or if it has none in this file. Throws `ImageError`. */
  section(name: string): Section | undefined {
    const header = this.sections.find((section) => section.name === name && section.type !== SHT_NOBITS);
    return header && this.contents(header);
  }

  /** The contents of a section, decompressed. Throws `ImageError`. */
  contents(header: SectionHeader): Section {
    const known = this.loaded.get(header);
    if (known) return known;
    const { path } = this.file;
    const { name, offset, sizeBytes } = header;
    if (sizeBytes > SECTION_MAX) throw imageErrorAt(path, offset, `section ${name} is larger than 2 GiB`);
    const raw = this.file.read(offset, sizeBytes, `section ${name}`);
    const packed = (header.flags & SHF_COMPRESSED) !== 0n;
    const section: Section = packed
      ? {
          header,
          bytes: this.decompress(header, raw),
          fail: (at, what) => imageErrorAt(path, offset, `${name}, byte 0x${at.toString(16)} when decompressed: ${what}`),
        }
      : { header, bytes: raw, fail: (at, what) => imageErrorAt(path, offset + at, `${name}: ${what}`) };
    this.loaded.set(header, section);
    return section;
  }

  private decompress({ name, offset }: SectionHeader, raw: Buffer): Buffer {
    const { path } = this.file;
    const { word } = LAYOUTS[this.bits];
    const cursor = new Cursor({ bytes: raw, fail: (at, what) => imageErrorAt(path, offset + at, `${name}: ${what}`) });
    // Type, 4 bytes of padding if there are 64 bits, size, alignment.
    const type = cursor.u32();
    if (word === 8) cursor.u32();
    const size = cursor.unsigned(word);
    if (size > SECTION_MAX || size > raw.length * RATIO_MAX) throw cursor.fail(`claims to be ${size} bytes when decompressed`);
    cursor.skip(word);
    const bytes = inflate(COMPRESSIONS[type], raw.subarray(cursor.at), size, (what) => cursor.fail(what, 0));
    if (bytes.length !== size) throw cursor.fail(`has ${bytes.length} bytes when decompressed, not ${size}`, 0);
    return bytes;
  }

  /** Whether an address is in one of the sections that the program occupies in memory. */
  occupies(address: bigint): boolean {
    return this.sections.some(
      (section) =>
        (section.flags & SHF_ALLOC) !== 0n && address >= section.address && address - section.address < BigInt(section.sizeBytes),
    );
  }
}

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;

function inflate(kind: string | undefined, packed: Buffer, size: number, fail: (what: string) => ImageError): Buffer {
  // zstd came with Node 22.15.
  const zstd = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;
  const decompress: Decompress | undefined = kind === 'zlib' ? zlib.inflateSync : kind === 'zstd' ? zstd : undefined;
  if (!decompress) {
    const remedy = kind === 'zstd' ? ', which Node.js can unpack from 22.15 on; or: objcopy --decompress-debug-sections' : '';
    throw fail(`compressed with ${kind ?? 'an unknown method'}${remedy}`);
  }
  try {
    return decompress(packed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw fail(`bad ${kind} data: ${(error as Error).message}`);
  }
}
