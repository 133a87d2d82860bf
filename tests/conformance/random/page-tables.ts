/**
 * The page tables of a random program, after the privileged ISA, "Sv39" and "Sv48". Fixed: what the S-mode handler needs, at its physical
 * address, and the first 2 MiB for U-mode at USER_ALIAS. Random: a window of pages, superpages and a gigapage onto the data area.
 */
import type { PageTableEntry } from './block-writer.js';
import { CROSSING_ENTRY } from './crossings.js';
import { CROSSING_CODE, CROSSING_PAGES, DATA, PAGE_TABLES, PAGE_TABLES_SIZE, RAM, USER_ALIAS } from './layout.js';
import type { Random } from './prng.js';

const V = 1n;
const R = 2n;
const W = 4n;
const X = 8n;
const U = 16n;
const A = 64n;
const D = 128n;

/** The tables, by their page. Sv48's root has Sv39's as its first entry. */
const ROOT48 = 0;
const ROOT39 = 1;
const LOW = 2; // 0 .. 1 GiB
const IDENTITY = 3; // RAM
const USER = 4;
const WINDOW = 5;
const PAGES = [6, 7];
const CROSSINGS = 8;

/** Virtual addresses. */
const WINDOW_BASE = 0xc000_0000n;
/** The window's superpage whose pages are code. */
const CROSSING_INDEX = 6;
const GIGAPAGE = 0x1_0000_0000n;
const TERAPAGE = 0x80_0000_0000n;
const RANDOM_PAGES = 64;
const DATA_PAGES = 16;

export interface PageTables {
  readonly bytes: Uint8Array;
  /** Entries that streams may change. */
  readonly entries: readonly PageTableEntry[];
  /** Virtual addresses of the code that crosses from page to page. */
  readonly crossings: readonly bigint[];
}

const tableAddress = (table: number): number => PAGE_TABLES + 4096 * table;
const entryOf = (address: number | bigint, flags: bigint): bigint => ((BigInt(address) >> 12n) << 10n) | flags;

const ACCESSES = [R, R | W, R | W, R | W, R | W | X, R | X, X];

/** Of a leaf; without any access it becomes a pointer to a table. */
function randomFlags(random: Random, access: bigint): bigint {
  let flags = access;
  if (random.chance(0.95)) flags |= V;
  if (random.chance(0.5)) flags |= U;
  if (random.chance(0.75)) flags |= A;
  if (random.chance(0.6)) flags |= D;
  if (random.chance(0.2)) flags |= 32n;
  flags |= BigInt(random.below(4)) << 8n;
  if (random.chance(0.02)) flags |= 1n << BigInt(random.between(54, 63));
  return flags;
}

/** Of a page of code: nearly always executable, in one of the modes. */
const codeFlags = (random: Random): bigint =>
  (random.chance(0.95) ? V : 0n) | (random.chance(0.9) ? X : R) | (random.chance(0.5) ? U : 0n) | (random.chance(0.8) ? A : 0n);

export const SATP_SV39 = (8n << 60n) | BigInt(tableAddress(ROOT39) / 4096);
export const SATP_SV48 = (9n << 60n) | BigInt(tableAddress(ROOT48) / 4096);

export function buildPageTables(random: Random): PageTables {
  const bytes = new Uint8Array(PAGE_TABLES_SIZE);
  const view = new DataView(bytes.buffer);
  const entries: PageTableEntry[] = [];
  const set = (table: number, index: number, entry: bigint): void => view.setBigUint64(4096 * table + 8 * index, entry, true);
  const leaf = (table: number, index: number, target: number | bigint): void => {
    set(table, index, entryOf(target, randomFlags(random, random.pick([...ACCESSES, W, W | X, 0n]))));
    entries.push({ address: tableAddress(table) + 8 * index, isLeaf: true });
  };
  /** A leaf that streams may not change: its frame must not be taken for a table. */
  const fixedLeaf = (table: number, index: number, target: number): void =>
    set(table, index, entryOf(target, randomFlags(random, random.pick(ACCESSES))));
  const pointer = (table: number, index: number, to: number): void => set(table, index, entryOf(tableAddress(to), V));
  const all = V | R | W | X | A | D;
  pointer(ROOT48, 0, ROOT39);
  pointer(ROOT48, 511, ROOT39);
  pointer(ROOT39, 0, LOW);
  set(LOW, 0x1000_0000 >>> 21, entryOf(0x1000_0000, V | R | W | A | D));
  pointer(ROOT39, RAM / 2 ** 30, IDENTITY);
  set(IDENTITY, 0, entryOf(RAM, all));
  set(IDENTITY, 1, entryOf(DATA, all));
  pointer(ROOT39, USER_ALIAS / 2 ** 30, USER);
  set(USER, 0, entryOf(RAM, V | R | X | U | A | D));
  pointer(ROOT39, 3, WINDOW);
  pointer(ROOT39, 511, WINDOW);
  for (const [i, table] of PAGES.entries()) {
    pointer(WINDOW, i, table);
    entries.push({ address: tableAddress(WINDOW) + 8 * i, isLeaf: false });
    for (let page = 0; page < RANDOM_PAGES; page++) leaf(table, page, randomFrame(random));
  }
  for (let i = 2; i < 6; i++) leaf(WINDOW, i, random.chance(0.8) ? DATA : DATA + 4096 * random.below(512));
  fixedLeaf(ROOT39, 4, RAM);
  fixedLeaf(ROOT39, 5, random.chance(0.5) ? RAM : DATA);
  fixedLeaf(ROOT48, 1, 0);
  pointer(WINDOW, CROSSING_INDEX, CROSSINGS);
  const crossings: bigint[] = [];
  for (let page = 0; page < 2 * CROSSING_PAGES; page++) {
    const half = CROSSING_PAGES / 2;
    const frame = (page % 2) * half + random.below(half);
    set(CROSSINGS, page, entryOf(CROSSING_CODE + 4096 * frame, codeFlags(random)));
    entries.push({ address: tableAddress(CROSSINGS) + 8 * page, isLeaf: true });
    if (page % 2 === 0) crossings.push(WINDOW_BASE + BigInt(CROSSING_INDEX * 2 ** 21 + 4096 * page + CROSSING_ENTRY));
  }
  return { bytes, entries, crossings };
}

/** A page of data; now and then one where there is no memory. */
const randomFrame = (random: Random): number => (random.chance(0.03) ? 0x9000_0000 : DATA + 4096 * random.below(DATA_PAGES));

/** A virtual address that the random mappings may map to the data area; the offset is in the area, for superpages. */
export function windowAddress(random: Random, paging: 'sv39' | 'sv48', offset: number): bigint {
  const high = paging === 'sv39' ? 0xffff_ffff_c000_0000n : 0xffff_ff80_c000_0000n;
  const kind = random.below(20);
  if (kind < 3) return WINDOW_BASE + (BigInt(random.between(2, 5)) << 21n) + BigInt(offset);
  if (kind < 5) return (random.chance(0.7) ? GIGAPAGE : GIGAPAGE + (1n << 30n)) + BigInt(DATA - RAM + offset);
  if (kind < 6) return (paging === 'sv48' ? TERAPAGE : GIGAPAGE) + BigInt(DATA + offset);
  const base = random.chance(0.7) ? WINDOW_BASE : high;
  const page = BigInt(random.below(RANDOM_PAGES) * 4096 + random.below(2) * 2 ** 21 + (offset & 4095));
  const address = base + page;
  return random.chance(0.02) ? address ^ (1n << BigInt(random.between(40, 63))) : address;
}
