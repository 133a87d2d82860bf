/**
 * Where everything lies in a random program, and the shape of its header, context and block descriptors. The generator, the harness and the
 * locator agree on these.
 *
 * Code and context lie in the first 2 MiB of RAM, so that one superpage maps them, and so that the low 21 bits of any pc are an offset in
 * the code, at whatever address the page is mapped.
 */

export const RAM = 0x8000_0000;
export const HARNESS_END = RAM + 0x4000;
/** A page; x4 (tp) points to its middle, always. */
export const CONTEXT = RAM + 0x4800;
/** 256 integers, 512 floating-point values: what registers are refreshed with. */
export const X_POOL = RAM + 0x5000;
export const F_POOL = RAM + 0x6000;
export const BLOCKS = RAM + 0x8000;
/** Streams: from here to the end of the 2 MiB page. */
export const STREAM = RAM + 0x1_0000;
export const STREAM_END = RAM + 0x20_0000;
export const DATA = RAM + 0x20_0000;
export const DATA_SIZE = 0x1_0000;
/** Pages that get code written into. */
export const PATCH_CODE = RAM + 0x22_0000;
/** Pages whose last bytes are code (the first half of them), and pages whose first bytes go on with it. */
export const CROSSING_CODE = RAM + 0x23_0000;
export const CROSSING_PAGES = 8;
/** Data that locked PMP entries may protect: it is not hashed. */
export const GUARDED = RAM + 0x24_0000;
export const PAGE_TABLES = RAM + 0x30_0000;
export const PAGE_TABLES_SIZE = 0x1_0000;
/** Where the first 2 MiB are mapped for U-mode, when translation is on. */
export const USER_ALIAS = 0x4000_0000;
export const OFFSET_BITS = 21;

/** Words of the header, in the order of memory. */
export const HEADER_WORDS = ['level', 'dumpFrom', 'dumpTo', 'patchSeq', 'patchAddress', 'rounds', 'blocksEnd'] as const;
export type Header = Record<(typeof HEADER_WORDS)[number], number>;

/** Offsets in the context, from tp. */
export const CTX = {
  x: -2048, // x registers, as the M-mode handler saved them
  f: -1792,
  sx: -1536, // x registers, as the S-mode handler saved them
  hash: -1280,
  seq: -1272,
  round: -1264,
  block: -1256,
  trapsLeft: -1248,
  trapCount: -1240,
  end: -1232,
  userBase: -1224,
  random: -1216,
  fcsr: -1208,
  stop: -1200,
} as const;

/** Offsets in a block descriptor. */
export const BLOCK = {
  entry: 0,
  end: 8,
  mstatus: 16,
  satp: 24,
  medeleg: 32,
  mideleg: 40,
  mie: 48,
  mip: 56,
  userBase: 64,
  trapLimit: 72,
  fixedMask: 80, // x registers set to the values at `x`
  poolMask: 88, // x registers set to values of the pool
  fpPoolMask: 96,
  pmp: 104, // address of pmpaddr0..15, pmpcfg0, pmpcfg2; or 0
  fcsr: 112, // or -1: keep
  mcounteren: 120,
  x: 128,
} as const;
export const BLOCK_SIZE = 384;

/** `lui x0, SERVICE + mode` behind an ecall asks the handler to go on in that mode. */
export const SERVICE = 8;

/** A jump to nowhere comes back at the address in this register. */
export const RECOVERY_REGISTER = 3;
export const CONTEXT_REGISTER = 4;
