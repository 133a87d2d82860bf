/** Writes ELF64 executables for tests: a file header, one program header per segment, the segments (System V gABI, "Object Files"). */

export interface ElfSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Size in memory; zeros follow the bytes. */
  readonly memorySize?: number;
}

const EM_RISCV = 243;
const FILE_HEADER = 64;
const PROGRAM_HEADER = 56;

/** A little-endian executable whose virtual and physical addresses are the same. */
export function writeElf(options: { entry: number; segments: readonly ElfSegment[]; machine?: number }): Uint8Array {
  const { entry, segments, machine = EM_RISCV } = options;
  const headers = FILE_HEADER + PROGRAM_HEADER * segments.length;
  const total = segments.reduce((size, { bytes }) => size + align8(bytes.length), align8(headers));
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(FILE_HEADER), true);
  view.setUint16(52, FILE_HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, segments.length, true);
  let offset = align8(headers);
  for (const [index, { address, bytes, memorySize = bytes.length }] of segments.entries()) {
    const header = FILE_HEADER + PROGRAM_HEADER * index;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, 7, true);
    view.setBigUint64(header + 8, BigInt(offset), true);
    view.setBigUint64(header + 16, BigInt(address), true);
    view.setBigUint64(header + 24, BigInt(address), true);
    view.setBigUint64(header + 32, BigInt(bytes.length), true);
    view.setBigUint64(header + 40, BigInt(memorySize), true);
    view.setBigUint64(header + 48, 8n, true);
    file.set(bytes, offset);
    offset += align8(bytes.length);
  }
  return file;
}

const align8 = (size: number): number => (size + 7) & ~7;
