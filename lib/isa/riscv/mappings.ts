/** What a hart's page tables map, for people to read: Sv39 and Sv48, after the privileged ISA manual, "Supervisor Address Translation and Protection". */

/** A range of virtual addresses that is mapped to one of physical addresses, with the same permissions all over. */
export interface Mapping {
  readonly vaddr: bigint;
  readonly paddr: number;
  readonly bytes: number;
  /** `rwxugad`, a dash for each that is not set. */
  readonly attributes: string;
}

const MODE_LEVELS: Readonly<Record<number, number>> = { 8: 3, 9: 4 };
const PAGE_BITS = 12;
const INDEX_BITS = 9;
const ENTRIES = 512;
const TABLE_BYTES = ENTRIES * 8;
const PTE_V = 1n;
const PTE_RWX = 14n;
const PPN_MASK = (1n << 44n) - 1n;
/** Bit n of an entry: R is bit 1. */
const ATTRIBUTES = ['r', 'w', 'x', 'u', 'g', 'a', 'd'] as const;
/** Tables can form a tree without end, or be their own children: nothing real has more. */
const TABLES_MAX = 20_000;
const RANGES_MAX = 20_000;

/** Reads physical memory; undefined where there is none. */
export type ReadPhysical = (paddr: number, bytes: number) => Uint8Array | undefined;

/** The mappings under `satp`, by ascending virtual address (as an unsigned number); undefined where addresses are not translated. */
export function mappings(satp: bigint, read: ReadPhysical): readonly Mapping[] | undefined {
  const levels = MODE_LEVELS[Number(BigInt.asUintN(64, satp) >> 60n)];
  if (levels === undefined) return undefined;
  const ranges: Mapping[] = [];
  const bits = PAGE_BITS + INDEX_BITS * levels;
  let tables = 0;
  const visit = (table: number, level: number, vaddr: bigint): void => {
    const contents = read(table, TABLE_BYTES)?.slice();
    if (!contents || ++tables > TABLES_MAX) return;
    const view = new DataView(contents.buffer);
    const step = 1n << BigInt(PAGE_BITS + INDEX_BITS * level);
    for (let index = 0; index < ENTRIES && ranges.length < RANGES_MAX; index++) {
      const pte = view.getBigUint64(index * 8, true);
      if ((pte & PTE_V) === 0n) continue;
      const paddr = Number(((pte >> 10n) & PPN_MASK) << BigInt(PAGE_BITS));
      const at = vaddr + BigInt(index) * step;
      if ((pte & PTE_RWX) !== 0n) add(ranges, { vaddr: canonical(at, bits), paddr, bytes: Number(step), attributes: attributesOf(pte) });
      else if (level > 0) visit(paddr, level - 1, at);
    }
  };
  visit(Number((satp & PPN_MASK) << BigInt(PAGE_BITS)), levels - 1, 0n);
  return ranges;
}

/** Adds a range, or lengthens the last one that it continues. */
function add(ranges: Mapping[], range: Mapping): void {
  const last = ranges.at(-1);
  const continues =
    last &&
    last.attributes === range.attributes &&
    last.vaddr + BigInt(last.bytes) === range.vaddr &&
    last.paddr + last.bytes === range.paddr;
  if (continues) ranges[ranges.length - 1] = { ...last, bytes: last.bytes + range.bytes };
  else ranges.push(range);
}

function attributesOf(pte: bigint): string {
  return ATTRIBUTES.map((letter, index) => ((pte >> BigInt(index + 1)) & 1n ? letter : '-')).join('');
}

/** The upper bits of a virtual address repeat its highest one. */
function canonical(vaddr: bigint, bits: number): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(bits, vaddr));
}
