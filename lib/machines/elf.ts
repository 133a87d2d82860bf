/**
 * Loader of ELF executables: 64-bit, little-endian, RISC-V; after the System V ABI, "Object Files" and "Program Loading", and the
 * RISC-V ELF psABI. Reads program headers only; segments go to their physical addresses.
 */
import { imageErrorAt } from '../util/errors.js';
import type { Image, Segment } from './image.js';

// ELF header
const EI_CLASS = 4;
const EI_DATA = 5;
const E_TYPE = 16;
const E_MACHINE = 18;
const E_ENTRY = 24;
const E_PHOFF = 32;
const E_PHENTSIZE = 54;
const E_PHNUM = 56;
const EHDR_SIZE = 64;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_RISCV = 243;
// Program header
const P_OFFSET = 8;
const P_VADDR = 16;
const P_PADDR = 24;
const P_FILESZ = 32;
const P_MEMSZ = 40;
const PHDR_SIZE = 56;
const PT_LOAD = 1;
const PT_INTERP = 3;

interface Loaded {
  readonly segment: Segment;
  readonly vaddr: bigint;
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];

export function isElf(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads `file`, whose contents are `bytes`. Throws `ImageError` for everything that is no loadable RISC-V executable. */
export function readElf(file: string, bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(file, bytes, view);
  const headersAt = integer(view, E_PHOFF);
  const count = view.getUint16(E_PHNUM, true);
  if (count === 0) throw imageErrorAt(file, E_PHNUM, 'no program headers: not linked');
  if (headersAt + count * PHDR_SIZE > bytes.length) throw imageErrorAt(file, E_PHOFF, 'program headers are behind the end of the file');
  const loaded: Loaded[] = [];
  for (let index = 0; index < count; index++) {
    const at = headersAt + index * PHDR_SIZE;
    const type = view.getUint32(at, true);
    if (type === PT_INTERP) throw imageErrorAt(file, at, 'dynamically linked: a program, not a kernel');
    if (type !== PT_LOAD) continue;
    const segment = readSegment(file, bytes, view, at);
    if (segment.memoryBytes > 0) loaded.push({ segment, vaddr: view.getBigUint64(at + P_VADDR, true) });
  }
  if (loaded.length === 0) throw imageErrorAt(file, headersAt, 'nothing to load');
  return { file, format: 'ELF', entry: findEntry(file, view, loaded), segments: loaded.map(({ segment }) => segment) };
}

function checkHeader(file: string, bytes: Uint8Array, view: DataView): void {
  if (!isElf(bytes)) throw imageErrorAt(file, 0, 'no ELF file');
  if (bytes.length < EHDR_SIZE) throw imageErrorAt(file, bytes.length, 'ELF header is cut off');
  if (bytes[EI_CLASS] !== ELFCLASS64) throw imageErrorAt(file, EI_CLASS, 'not a 64-bit ELF file');
  if (bytes[EI_DATA] !== ELFDATA2LSB) throw imageErrorAt(file, EI_DATA, 'not a little-endian ELF file');
  const machine = view.getUint16(E_MACHINE, true);
  if (machine !== EM_RISCV) throw imageErrorAt(file, E_MACHINE, `for another architecture than RISC-V (machine ${machine})`);
  const type = view.getUint16(E_TYPE, true);
  if (type !== ET_EXEC && type !== ET_DYN) throw imageErrorAt(file, E_TYPE, `no executable (type ${type})`);
  const entrySize = view.getUint16(E_PHENTSIZE, true);
  const none = view.getUint16(E_PHNUM, true) === 0;
  if (!none && entrySize !== PHDR_SIZE) throw imageErrorAt(file, E_PHENTSIZE, `program headers of ${entrySize} bytes`);
}

function readSegment(file: string, bytes: Uint8Array, view: DataView, at: number): Segment {
  const offset = integer(view, at + P_OFFSET);
  const fileBytes = integer(view, at + P_FILESZ);
  const memoryBytes = integer(view, at + P_MEMSZ);
  const paddr = integer(view, at + P_PADDR);
  if (fileBytes > memoryBytes) throw imageErrorAt(file, at + P_FILESZ, 'segment is larger in the file than in memory');
  if (offset + fileBytes > bytes.length) {
    throw imageErrorAt(file, at + P_OFFSET, `segment ends behind the end of the file (${bytes.length} bytes): the file is cut off`);
  }
  return { paddr, bytes: bytes.subarray(offset, offset + fileBytes), memoryBytes, fileOffset: at };
}

/** The physical address of the entry: `e_entry` is virtual. */
function findEntry(file: string, view: DataView, loaded: readonly Loaded[]): number {
  const entry = view.getBigUint64(E_ENTRY, true);
  if (entry % 2n !== 0n) throw imageErrorAt(file, E_ENTRY, `entry 0x${entry.toString(16)} is odd`);
  const home = loaded.find(({ segment, vaddr }) => entry >= vaddr && entry < vaddr + BigInt(segment.memoryBytes));
  if (!home) throw imageErrorAt(file, E_ENTRY, `entry 0x${entry.toString(16)} is in no segment`);
  return home.segment.paddr + Number(entry - home.vaddr);
}

/** A 64-bit field as a number: large ones keep their order, if not their last digits, which is enough to reject them. */
function integer(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
