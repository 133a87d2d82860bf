/**
 * Address translation: Bare, Sv39, Sv48. After the RISC-V privileged architecture, "Supervisor Address Translation and Protection".
 *
 * Accessed and dirty bits fault when they would have to be set (Svade), or are set here while menvcfg.ADUE is 1 (Svadu). Svnapot and Svpbmt are
 * absent: their bits are reserved. The walk marks every page of page-table entries it reads; `tableStore` is told when one changes, so that what
 * caches hold is always what a walk would give, whether or not the guest fences.
 */

import { frameOf, hostAddress, paddrOfFrame, tableAddress, unmarkTable } from '../../../mem/assembly/frames';
import { dropPage, flushAll, flushBanks, flushMatching, noteFetch, renewBuckets } from '../../../mem/assembly/tlb';
import {
  ACCESS_FETCH,
  ACCESS_READ,
  ACCESS_WRITE,
  CONTEXT_BUCKET_BITS,
  ENV_CONTEXT,
  ENV_FETCH_TLB,
  FRAME_SIZE,
  FRAME_TABLE_EPOCH,
  FRAME_TABLE_LEVEL,
  FRAME_TABLE_VADDR,
  FT_CONTEXT,
  FT_ENTRY_BITS,
  FT_INDEX_BITS,
  FT_PADDR,
  FT_PAGE,
  GLOBAL_FRAMES,
  GLOBAL_HART_COUNT,
  GLOBAL_HARTS,
  GLOBAL_TABLE_EPOCH,
  HART_SIZE,
  PAGE_BITS,
  PAGE_SIZE,
  TRANSLATE_READ,
  TRANSLATE_UNCACHED,
  TRANSLATE_WRITE,
} from '../../../mem/layout';
import {
  CAUSE_FETCH_ACCESS,
  CAUSE_FETCH_PAGE,
  CAUSE_LOAD_ACCESS,
  CAUSE_LOAD_PAGE,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_PAGE,
  MENVCFG,
  MSTATUS,
  PRIV,
  PRIV_S,
  PRIV_U,
  SATP,
  STATUS_MXR,
  STATUS_SUM,
} from '../layout';
import { addressSpace, dataPrivilege, SATP_PPN } from './context';
import { storePhysical } from './mmu';
import { pmpAllows, pmpRange } from './pmp';
import { setTrap } from './raise';

const PTE_V: i64 = 1 << 0;
const PTE_R: i64 = 1 << 1;
const PTE_W: i64 = 1 << 2;
const PTE_X: i64 = 1 << 3;
const PTE_U: i64 = 1 << 4;
const PTE_A: i64 = 1 << 6;
const PTE_D: i64 = 1 << 7;
const PTE_RSW: i64 = 3 << 8;
const PTE_RESERVED: i64 = -1 << 54;
const PTE_PPN: i64 = ((1 << 44) - 1) << 10;
const MODE_SV48 = 9;
/** Added to the level in the mark of a root table. */
const LEVEL_ROOT = 16;

export const ADUE: i64 = 1 << 61;

function pageFault(env: i32, vaddr: i64, access: i32): i64 {
  setTrap(env, access === ACCESS_FETCH ? CAUSE_FETCH_PAGE : access === ACCESS_WRITE ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE, vaddr);
  return -1;
}

function denied(env: i32, vaddr: i64, access: i32): i64 {
  setTrap(env, access === ACCESS_FETCH ? CAUSE_FETCH_ACCESS : access === ACCESS_WRITE ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, vaddr);
  return -1;
}

/** Hook of the soft-MMU: there is nothing at the physical address of a load, store or fetch. */
export function accessFault(env: i32, vaddr: i64, access: i32): void {
  denied(env, vaddr, access);
}

/** Whether a leaf entry allows the access at all, accessed and dirty bits aside. */
function permitted(env: i32, pte: i64, access: i32, priv: i64): bool {
  if (priv === PRIV_U) {
    if (!(pte & PTE_U)) return false;
  } else if (pte & PTE_U) {
    if (access === ACCESS_FETCH || !(load<i64>(env, MSTATUS) & STATUS_SUM)) return false;
  }
  if (access === ACCESS_FETCH) return (pte & PTE_X) !== 0;
  if (access === ACCESS_WRITE) return (pte & PTE_W) !== 0;
  return (pte & PTE_R) !== 0 || ((pte & PTE_X) !== 0 && (load<i64>(env, MSTATUS) & STATUS_MXR) !== 0);
}

/** A leaf found at `level`: paddr of the page with TRANSLATE_READ, TRANSLATE_WRITE, or -1 with a trap pending. */
function leaf(env: i32, vaddr: i64, access: i32, priv: i64, level: i32, entry: i64, found: i64): i64 {
  let pte = found;
  if (!permitted(env, pte, access, priv)) return pageFault(env, vaddr, access);
  const span = ((<i64>1) << (PAGE_BITS + 9 * level)) - 1;
  const base = (pte & PTE_PPN) << 2;
  if (base & span) return pageFault(env, vaddr, access);
  const needed = access === ACCESS_WRITE ? PTE_A | PTE_D : PTE_A;
  if ((pte & needed) !== needed) {
    if (!(load<i64>(env, MENVCFG) & ADUE)) return pageFault(env, vaddr, access);
    pte |= needed;
    if (!pmpAllows(env, entry, 8, PRIV_S, ACCESS_WRITE) || !storePhysical(entry, pte, 8)) return denied(env, vaddr, access);
  }
  let flags: i64 = 0;
  if (pte & PTE_R || (pte & PTE_X && load<i64>(env, MSTATUS) & STATUS_MXR)) flags |= TRANSLATE_READ;
  if ((pte & (PTE_W | PTE_D)) === (PTE_W | PTE_D)) flags |= TRANSLATE_WRITE;
  return base | (vaddr & span & ~(PAGE_SIZE - 1)) | flags;
}

/** Walks the page tables; same result as `leaf`. */
function walk(env: i32, vaddr: i64, access: i32, priv: i64, satp: i64): i64 {
  let level = satp >>> 60 === MODE_SV48 ? 3 : 2;
  const unused = 64 - (PAGE_BITS + 9 * (level + 1));
  if ((vaddr << unused) >> unused !== vaddr) return pageFault(env, vaddr, access);
  let table = (satp & SATP_PPN) << PAGE_BITS;
  let mark = level + LEVEL_ROOT;
  let base: i64 = 0;
  for (; level >= 0; level--) {
    const shift = PAGE_BITS + 9 * level;
    const entry = table + (((vaddr >> shift) & 511) << 3);
    const host = pmpAllows(env, entry, 8, PRIV_S, ACCESS_READ) ? tableAddress(entry, mark, base) : 0;
    if (!host) return denied(env, vaddr, access);
    const pte = load<i64>(host);
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) === PTE_W || pte & PTE_RESERVED) return pageFault(env, vaddr, access);
    if (pte & (PTE_R | PTE_X)) return leaf(env, vaddr, access, priv, level, entry, pte);
    if (pte & (PTE_A | PTE_D | PTE_U)) return pageFault(env, vaddr, access);
    table = (pte & PTE_PPN) << 2;
    base = (vaddr >> shift) << shift;
    mark = level - 1;
  }
  // A pointer where only a leaf may be.
  return pageFault(env, vaddr, access);
}

/** paddr of the page that `vaddr` is mapped to under `satp` (not Bare), whatever may be done there; -1 where there is none. Changes nothing. */
export function findLeaf(satp: i64, vaddr: i64): i64 {
  let level = satp >>> 60 === MODE_SV48 ? 3 : 2;
  const unused = 64 - (PAGE_BITS + 9 * (level + 1));
  if ((vaddr << unused) >> unused !== vaddr) return -1;
  let table = (satp & SATP_PPN) << PAGE_BITS;
  for (; level >= 0; level--) {
    const shift = PAGE_BITS + 9 * level;
    const host = hostAddress(table + (((vaddr >> shift) & 511) << 3));
    if (!host) return -1;
    const pte = load<i64>(host);
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) === PTE_W || pte & PTE_RESERVED) return -1;
    const base = (pte & PTE_PPN) << 2;
    if (pte & (PTE_R | PTE_X)) {
      const span = ((<i64>1) << shift) - 1;
      return base & span ? -1 : base | (vaddr & span & ~(PAGE_SIZE - 1));
    }
    table = base;
  }
  return -1;
}

/** Checks PMP on the page of a translation: refines its flags, or -1 with a trap pending. */
function protect(env: i32, vaddr: i64, access: i32, priv: i64, size: i64, translation: i64): i64 {
  const page = translation & ~(PAGE_SIZE - 1);
  const allowed = pmpRange(env, page, PAGE_SIZE, priv);
  if (allowed < 0) {
    const paddr = page | (vaddr & (PAGE_SIZE - 1));
    return pmpAllows(env, paddr, size, priv, access) ? translation | TRANSLATE_UNCACHED : denied(env, vaddr, access);
  }
  if (!(allowed & (1 << access))) return denied(env, vaddr, access);
  return translation & (~3 | <i64>allowed);
}

function translateFor(env: i32, vaddr: i64, access: i32, priv: i64, size: i64): i64 {
  const satp = addressSpace(env, priv);
  const translation = satp ? walk(env, vaddr, access, priv, satp) : (vaddr & ~(PAGE_SIZE - 1)) | TRANSLATE_READ | TRANSLATE_WRITE;
  if (translation === -1) return -1;
  return protect(env, vaddr, access, priv, size, translation);
}

/** Hook of the soft-MMU: translates a data access; `access` is ACCESS_* with the size in bytes above bit 4 (0 counts as 1). */
export function translate(env: i32, vaddr: i64, access: i32): i64 {
  return translateFor(env, vaddr, access & 15, dataPrivilege(env), max<i64>(access >> 4, 1));
}

/** paddr of code at `vaddr`, -1 with a trap pending. */
export function fetch(env: i32, vaddr: i64): i64 {
  const page = vaddr & ~(PAGE_SIZE - 1);
  const entry = env + ENV_FETCH_TLB + ((<i32>(vaddr >> PAGE_BITS) & ((1 << FT_INDEX_BITS) - 1)) << FT_ENTRY_BITS);
  const context = load<i32>(env, ENV_CONTEXT);
  if (load<i64>(entry, FT_PAGE) === page && load<i32>(entry, FT_CONTEXT) === context) {
    return load<i64>(entry, FT_PADDR) | (vaddr & (PAGE_SIZE - 1));
  }
  const translation = translateFor(env, vaddr, ACCESS_FETCH, load<i64>(env, PRIV), 2);
  if (translation === -1) return -1;
  const paddr = translation & ~(PAGE_SIZE - 1);
  if (!hostAddress(paddr)) return denied(env, vaddr, ACCESS_FETCH);
  noteFetch(env, vaddr);
  if (!(translation & TRANSLATE_UNCACHED)) {
    store<i64>(entry, page, FT_PAGE);
    store<i64>(entry, paddr, FT_PADDR);
    store<i32>(entry, context, FT_CONTEXT);
  }
  return paddr | (vaddr & (PAGE_SIZE - 1));
}

/** The buckets of contexts (CONTEXT_BUCKETS) that an entry maps. */
function bucketsOf(vaddr: i64, shift: i32): i64 {
  return shift > CONTEXT_BUCKET_BITS ? -1 : (<i64>1) << ((vaddr >> CONTEXT_BUCKET_BITS) & 63);
}

/** The record of the frame that `pte` points to if that is marked as a table, else 0. */
function markedTable(pte: i64): i32 {
  const frame = frameOf((pte & PTE_PPN) << 2);
  if (frame < 0) return 0;
  const record = load<i32>(GLOBAL_FRAMES) + frame * FRAME_SIZE;
  return load<i32>(record, FRAME_TABLE_EPOCH) === load<i32>(GLOBAL_TABLE_EPOCH) ? record : 0;
}

/** A leaf changed: drops what was cached from it. True if contexts were renewed. */
function leafChanged(old: i64, now: i64, level: i32, vaddr: i64): i32 {
  // Nothing comes from an entry that faults whatever the access.
  if (!(old & PTE_A) || (!level && frameOf((old & PTE_PPN) << 2) < 0)) return 0;
  // With more permissions than before, a walk happens anyway when they are needed.
  if (!(old & ~now & ~PTE_RSW) && !((old ^ now) & ~(PTE_W | PTE_D | PTE_RSW))) return 0;
  if (level) flushBanks();
  else dropPage(vaddr);
  return old & PTE_X ? renewBuckets(bucketsOf(vaddr, PAGE_BITS + 9 * level)) : 0;
}

/** A pointer to the next table changed: drops what was cached through it. True if contexts were renewed. */
function pointerChanged(old: i64, level: i32, vaddr: i64): i32 {
  const child = markedTable(old);
  if (!child) return 0;
  const childLevel = load<i32>(child, FRAME_TABLE_LEVEL);
  // A translation through this entry would have left its mark.
  if (childLevel >= 0 && (childLevel !== level - 1 || load<i64>(child, FRAME_TABLE_VADDR) !== vaddr)) return 0;
  flushBanks();
  // Now nothing depends on a table that was used at this place only.
  if (childLevel >= 0) store<i32>(child, 0, FRAME_TABLE_EPOCH);
  return renewBuckets(bucketsOf(vaddr, PAGE_BITS + 9 * level));
}

/** Whether a hart runs on the page tables with this root. */
function isCurrentRoot(ppn: i64): bool {
  const end = load<i32>(GLOBAL_HARTS) + load<i32>(GLOBAL_HART_COUNT) * HART_SIZE;
  for (let env = load<i32>(GLOBAL_HARTS); env < end; env += HART_SIZE) {
    if ((load<i64>(env, SATP) & SATP_PPN) === ppn) return true;
  }
  return false;
}

/**
 * Hook of the soft-MMU: the entry at byte `offset` of the marked table in `frame` changed. Drops what depends on the old entry; returns true if
 * translated code must be left because fetches may go elsewhere now.
 */
export function tableStore(_env: i32, old: i64, now: i64, frame: i32, offset: i32): i32 {
  if (!(old & PTE_V) || (old & (PTE_R | PTE_W)) === PTE_W || old & PTE_RESERVED) return 0;
  const isLeaf = (old & (PTE_R | PTE_X)) !== 0;
  if (!isLeaf && (old & (PTE_A | PTE_D | PTE_U) || !markedTable(old))) return 0;
  const record = load<i32>(GLOBAL_FRAMES) + frame * FRAME_SIZE;
  let level = load<i32>(record, FRAME_TABLE_LEVEL);
  if (level < 0) {
    flushAll();
    return 1;
  }
  const index = <i64>(offset >> 3);
  if (level < LEVEL_ROOT) {
    const vaddr = load<i64>(record, FRAME_TABLE_VADDR) + (index << (PAGE_BITS + 9 * level));
    return isLeaf ? leafChanged(old, now, level, vaddr) : pointerChanged(old, level, vaddr);
  }
  const root = paddrOfFrame(frame) >> PAGE_BITS;
  if (!isCurrentRoot(root)) {
    // Most likely the page is being reused: forget everything about this address space.
    unmarkTable(frame);
    return flushMatching(SATP_PPN, root);
  }
  level -= LEVEL_ROOT;
  const vaddr = (index << 55) >> (43 - 9 * level);
  return isLeaf ? leafChanged(old, now, level, vaddr) : pointerChanged(old, level, vaddr);
}
