/** Random programs: which blocks they have, what state each block starts in, and the ELF file of it all. */
import { Assembler } from '../../support/assembler.js';
import { writeElf } from '../../support/elf-writer.js';
import { type BlockEnvironment, BlockWriter } from './block-writer.js';
import { crossingCode } from './crossings.js';
import { emitHarness } from './harness.js';
import { writeItem } from './items.js';
import { KINDS, type Kind, type KindName } from './kinds.js';
import {
  BLOCK,
  BLOCK_SIZE,
  BLOCKS,
  CONTEXT,
  CONTEXT_REGISTER,
  CROSSING_CODE,
  CTX,
  DATA,
  DATA_SIZE,
  F_POOL,
  GUARDED,
  type Header,
  PAGE_TABLES,
  RAM,
  RECOVERY_REGISTER,
  STREAM,
  STREAM_END,
  USER_ALIAS,
  X_POOL,
} from './layout.js';
import { buildPageTables, type PageTables, SATP_SV39, SATP_SV48, windowAddress } from './page-tables.js';
import { Random } from './prng.js';
import { randomProtection } from './protection.js';
import { nastyFloatBits, nastyInteger } from './values.js';

export interface Block {
  /** Offset of its first instruction from RAM, and of the ecall that ends it. */
  readonly start: number;
  readonly end: number;
}

export interface Program {
  readonly kind: KindName;
  readonly seed: number;
  readonly options: ProgramOptions;
  readonly blocks: readonly Block[];
  /** The bytes of all streams, and where they lie. */
  code(): { address: number; bytes: Uint8Array };
  /** The ELF file, with other words in its header. */
  elf(header?: Partial<Header>): Uint8Array;
}

export interface ProgramOptions {
  readonly kind: KindName;
  readonly seed: number;
  /** Rounds of all blocks; many make code hot, few leave room for more blocks. */
  readonly rounds: number;
  readonly blocks: number;
}

type Paging = BlockEnvironment['paging'];

/** Physical addresses where nothing is, which are no valid virtual ones either. */
const NOWHERE = [
  0n,
  0x50_0000n,
  0x180_0000n,
  0x1800_0000n,
  0x8400_0000n,
  0x9000_0001n,
  0xffff_ffff_ffff_fff0n,
  0x1234_5678_9abc_def0n,
  0x7f_ffff_f000n,
];
const MSTATUS = {
  SIE: 1 << 1,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
};

export function makeProgram(options: ProgramOptions): Program {
  const random = new Random(options.seed * 64 + Object.keys(KINDS).indexOf(options.kind));
  const kind = KINDS[options.kind];
  const tables = buildPageTables(random);
  const stream = new Assembler(STREAM);
  const descriptors = new Assembler(BLOCKS);
  const blocks: Block[] = [];
  for (let i = 0; i < options.blocks; i++) {
    const environment = randomEnvironment(random, kind, tables);
    blocks.push(writeBlock({ random, kind, environment, stream, descriptors }));
  }
  if (stream.here > STREAM_END || descriptors.here > STREAM) throw new RangeError('the random program is too long');
  const pools = randomPools(random);
  const data = randomData(random);
  const crossing = crossingCode(random);
  const [streamBytes, descriptorBytes] = [stream.finish(), descriptors.finish()];
  return {
    kind: options.kind,
    seed: options.seed,
    options,
    blocks,
    code: () => ({ address: STREAM, bytes: streamBytes }),
    elf: (header = {}) => {
      const all = {
        level: 0,
        dumpFrom: 1,
        dumpTo: 0,
        patchSeq: -1,
        patchAddress: 0,
        rounds: options.rounds,
        blocksEnd: descriptors.here,
        ...header,
      };
      const harness = new Assembler(RAM);
      emitHarness(harness, all);
      return writeElf({
        entry: RAM,
        segments: [
          { address: RAM, bytes: harness.finish() },
          ...pools,
          { address: BLOCKS, bytes: descriptorBytes },
          { address: STREAM, bytes: streamBytes },
          { address: DATA, bytes: data },
          { address: CROSSING_CODE, bytes: crossing },
          { address: GUARDED, bytes: data },
          { address: PAGE_TABLES, bytes: tables.bytes },
        ],
      });
    },
  };
}

function dwords(count: number, value: () => bigint): Uint8Array {
  const bytes = new Uint8Array(8 * count);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setBigUint64(8 * i, value(), true);
  return bytes;
}

/** The pools, and the registers that the first block starts with. */
function randomPools(random: Random): { address: number; bytes: Uint8Array }[] {
  return [
    { address: X_POOL, bytes: dwords(256, () => nastyInteger(random)) },
    { address: F_POOL, bytes: dwords(512, () => nastyFloatBits(random)) },
    { address: CONTEXT + CTX.x, bytes: dwords(32, () => nastyInteger(random)) },
    { address: CONTEXT + CTX.f, bytes: dwords(32, () => nastyFloatBits(random)) },
    { address: CONTEXT + CTX.random, bytes: dwords(1, () => random.u64() | 1n) },
  ];
}

const randomData = (random: Random): Uint8Array =>
  dwords(DATA_SIZE / 8, () => (random.chance(0.5) ? nastyInteger(random) : random.chance(0.5) ? nastyFloatBits(random) : random.u64()));

function randomEnvironment(random: Random, kind: Kind, tables: PageTables): BlockEnvironment {
  const mode = ({ m: 3, s: 1, u: 0 } as const)[random.weighted<'m' | 's' | 'u'>(kind.modes)];
  const paging = random.weighted<Paging>(kind.paging ?? { bare: 1 });
  return {
    mode,
    paging,
    userBase: paging === 'bare' ? RAM : USER_ALIAS,
    wildTargets: NOWHERE,
    entries: paging === 'bare' ? [] : tables.entries,
    crossings: paging === 'bare' ? [] : tables.crossings,
    weights: kind.weights,
    aligned: kind.aligned ?? false,
  };
}

interface BlockParts {
  readonly random: Random;
  readonly kind: Kind;
  readonly environment: BlockEnvironment;
  readonly stream: Assembler;
  readonly descriptors: Assembler;
}

function writeBlock(parts: BlockParts): Block {
  const { random, kind, environment, stream } = parts;
  const pointers = choosePointers(random, parts);
  const w = new BlockWriter({
    a: stream,
    random,
    environment,
    pointers: [...pointers.keys()],
    safePointers: [...pointers.entries()].filter(([, { isSafe }]) => isSafe).map(([index]) => index),
  });
  const protection = kind.protection ? randomProtection(random, stream) : 0;
  if (random.chance(0.5)) stream.half(0x0001);
  const start = stream.here - RAM;
  for (let items = random.between(kind.items[0], kind.items[1]); items > 0; items--) writeItem(w);
  const end = stream.here - RAM;
  stream.insn('ecall');
  stream.insn('ebreak');
  w.writeFunctions();
  const base = environment.mode === 0 ? environment.userBase : RAM;
  const fixed = new Map([...pointers].map(([index, { value }]) => [index, value]));
  fixed.set(RECOVERY_REGISTER, BigInt(base + end));
  writeDescriptor(parts, { entry: base + start, end, protection, fixed });
  return { start, end };
}

interface Pointer {
  readonly value: bigint;
  readonly isSafe: boolean;
}

/** sp, two registers that compressed instructions can name, and two more. The first one is always safe. */
function choosePointers(random: Random, { environment, kind }: BlockParts): Map<number, Pointer> {
  const low = random.below(7) + 8;
  const registers = [2, low, low + 1, random.between(16, 22), random.between(23, 31)];
  return new Map(registers.map((index, i) => [index, randomPointer(random, { environment, kind, safe: i === 1 })]));
}

function randomPointer(random: Random, options: { environment: BlockEnvironment; kind: Kind; safe: boolean }): Pointer {
  const { environment, kind, safe } = options;
  const middle = random.between(0x1000, DATA_SIZE - 0x1000);
  if (safe) return { value: BigInt(DATA + (middle & ~7)), isSafe: true };
  const shape = random.below(10);
  const anywhere = shape < 5 ? middle & ~7 : shape < 7 ? middle : (middle | 0xfff) - random.below(12);
  const offset = environment.aligned ? anywhere & ~7 : anywhere;
  if (random.chance(kind.badPointers ?? 0)) return { value: random.pick(NOWHERE), isSafe: false };
  if (environment.paging !== 'bare' && random.chance(0.8))
    return { value: windowAddress(random, environment.paging, offset), isSafe: false };
  const area = kind.protection && random.chance(0.3) ? GUARDED : DATA;
  return { value: BigInt(area + offset), isSafe: false };
}

function randomMstatus(random: Random, { environment, kind }: BlockParts): number {
  const { mode, paging } = environment;
  let status = mode << 11;
  for (const bit of [MSTATUS.SPIE, MSTATUS.SPP, MSTATUS.SUM, MSTATUS.MXR, MSTATUS.SIE, MSTATUS.MPIE]) if (random.chance(0.5)) status |= bit;
  // A stream that changes page tables must be able to fence.
  const trapping = kind.weights.pageTableEntry ? [MSTATUS.TW, MSTATUS.TSR] : [MSTATUS.TVM, MSTATUS.TW, MSTATUS.TSR];
  if (kind.traps) for (const bit of trapping) if (random.chance(0.1)) status |= bit;
  status |= kind.floatOff && random.chance(0.2) ? 0 : MSTATUS.FS;
  if (mode === 3 && paging !== 'bare' && random.chance(0.5)) status |= MSTATUS.MPRV;
  return status;
}

/** Exceptions that may be delegated: never the ecall from S-mode, by which the S-mode handler ends a block. */
const DELEGABLE = 0xb1ff & ~(1 << 9) & ~1;

/** Random delegation; load and store access faults go together, because QEMU takes the one for the other with atomics. */
function delegation(random: Random): number {
  const bits = random.u32() & DELEGABLE & ~(1 << 7);
  return bits | ((bits & (1 << 5)) << 2);
}

function writeDescriptor(
  parts: BlockParts,
  options: { entry: number; end: number; protection: number; fixed: ReadonlyMap<number, bigint> },
): void {
  const { random, kind, environment, descriptors } = parts;
  const { entry, end, protection, fixed } = options;
  const base = descriptors.here;
  const reserved = [0, CONTEXT_REGISTER, ...fixed.keys()];
  const mask = (indexes: Iterable<number>): bigint => [...indexes].reduce((bits, index) => bits | (1n << BigInt(index)), 0n);
  const refreshed = Array.from({ length: 32 }, (_, i) => i).filter((i) => !reserved.includes(i) && random.chance(0.5));
  const satp = { bare: 0n, sv39: SATP_SV39, sv48: SATP_SV48 }[environment.paging];
  const interrupts = (): number => (kind.interrupts && random.chance(0.5) ? random.u32() & 0x222 : 0);
  const values: Record<Exclude<keyof typeof BLOCK, 'x'>, number | bigint> = {
    entry,
    end,
    mstatus: randomMstatus(random, parts),
    satp: satp === 0n ? 0n : satp | (BigInt(random.below(65536)) << 44n),
    medeleg: kind.traps && random.chance(0.6) ? delegation(random) : 0,
    mideleg: interrupts(),
    mie: interrupts(),
    mip: interrupts(),
    userBase: environment.userBase,
    trapLimit: kind.trapLimit ?? 150,
    fixedMask: mask(fixed.keys()),
    poolMask: mask(refreshed),
    fpPoolMask: kind.weights.float ? mask(Array.from({ length: 32 }, (_, i) => i).filter(() => random.chance(0.6))) : 0n,
    pmp: protection,
    fcsr: random.chance(0.5) ? (random.below(5) << 5) | (random.chance(0.5) ? 0 : random.below(32)) : -1,
    mcounteren: 0,
  };
  for (const [name, offset] of Object.entries(BLOCK)) {
    if (name === 'x') continue;
    descriptors.org(base + offset);
    descriptors.dword(values[name as keyof typeof values]);
  }
  for (let i = 0; i < 32; i++) descriptors.dword(fixed.get(i) ?? 0);
  descriptors.org(base + BLOCK_SIZE);
}
