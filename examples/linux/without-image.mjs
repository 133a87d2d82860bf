/**
 * What Image.gz holds already is left out of vmlinux.br: the bytes of the ELF file's loadable segments are combined with those of the kernel's Image by
 * exclusive or, which makes equal ones zero. Doing it again brings them back, so packing and unpacking are this same function.
 */
const ELF_PROGRAM_HEADERS = 0x20;
const ELF_PROGRAM_HEADER_COUNT = 0x38;
const PROGRAM_HEADER_BYTES = 56;
const PT_LOAD = 1;

/** Changes `elf` (64 bits, little-endian) in place. `image` starts at the lowest physical address of the segments. */
export function withoutImage(elf, image) {
  const segments = loadableSegments(new DataView(elf.buffer, elf.byteOffset, elf.byteLength));
  const base = segments.reduce((low, { paddr }) => (paddr < low ? paddr : low), segments[0].paddr);
  for (const { offset, paddr, bytes } of segments) {
    const from = Number(paddr - base);
    const count = Math.min(bytes, image.length - from);
    for (let i = 0; i < count; i++) elf[offset + i] ^= image[from + i];
  }
}

function loadableSegments(view) {
  const first = Number(view.getBigUint64(ELF_PROGRAM_HEADERS, true));
  const headers = Array.from({ length: view.getUint16(ELF_PROGRAM_HEADER_COUNT, true) }, (_, i) => first + i * PROGRAM_HEADER_BYTES);
  return headers
    .filter((at) => view.getUint32(at, true) === PT_LOAD)
    .map((at) => ({
      offset: Number(view.getBigUint64(at + 8, true)),
      paddr: view.getBigUint64(at + 24, true),
      bytes: Number(view.getBigUint64(at + 32, true)),
    }));
}
