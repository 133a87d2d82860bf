/** Random configurations of physical memory protection, after the privileged ISA, "Physical Memory Protection". */
import type { Assembler } from '../../support/assembler.js';
import { DATA, DATA_SIZE, GUARDED, PAGE_TABLES, PAGE_TABLES_SIZE, RAM } from './layout.js';
import type { Random } from './prng.js';

const OFF = 0;
const TOR = 1;
const NA4 = 2;
const NAPOT = 3;
const LOCKED = 0x80;

interface Entry {
  readonly address: number | bigint;
  readonly config: number;
}

/** pmpaddr of a naturally aligned power-of-two region of at least 8 bytes. */
const napot = (base: number, size: number): number => base / 4 + size / 8 - 1;
const config = (mode: number, permissions: number): number => (mode << 3) | permissions;

/**
 * Writes a table of pmpaddr0..15, pmpcfg0, pmpcfg2 and returns its address. The first entries keep code, context, console and page tables
 * accessible; the next are random over the data area; the last one allows or denies the rest.
 */
export function randomProtection(random: Random, a: Assembler): number {
  const entries: Entry[] = [
    { address: napot(RAM, 0x20_0000), config: config(NAPOT, 7) },
    { address: napot(0x1000_0000, 0x1000), config: config(NAPOT, 3) },
    { address: napot(PAGE_TABLES, PAGE_TABLES_SIZE), config: config(NAPOT, 3) },
  ];
  while (entries.length < 15) entries.push(randomEntry(random));
  entries.push(random.chance(0.7) ? { address: -1n, config: config(NAPOT, 7) } : { address: 0, config: OFF });
  a.align(8);
  const address = a.here;
  for (const entry of entries) a.dword(entry.address);
  for (const half of [entries.slice(0, 8), entries.slice(8)]) {
    a.dword(half.reduceRight((bits, entry) => (bits << 8n) | BigInt(entry.config), 0n));
  }
  return address;
}

/** A locked entry binds M-mode too, and stays until the end of the program. */
function lockedEntry(random: Random): Entry {
  const size = 1 << random.pick([3, 5, 8, 12, 13, 14]);
  const place = GUARDED + random.below(DATA_SIZE);
  return { address: napot(place - (place % size), size), config: config(NAPOT, random.pick([0, 1, 3, 5])) | LOCKED };
}

function randomEntry(random: Random): Entry {
  if (random.chance(0.1)) return lockedEntry(random);
  const permissions = random.pick([0, 1, 1, 3, 3, 4, 5, 7, 7]);
  const place = DATA + random.below(DATA_SIZE);
  const mode = random.pick([OFF, TOR, TOR, NA4, NAPOT, NAPOT, NAPOT]);
  if (mode === NAPOT) {
    const size = 1 << random.pick([3, 4, 6, 9, 11, 12, 12, 13, 14]);
    return { address: napot(place - (place % size), size), config: config(mode, permissions) };
  }
  const granule = random.chance(0.5) ? 4096 : 4;
  return { address: (place - (place % granule)) / 4, config: config(mode, permissions) };
}
