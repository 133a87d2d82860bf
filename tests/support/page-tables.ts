/** Builds Sv39 and Sv48 page tables in a harness's RAM, bypassing everything that tracks stores. */
import * as R from '../../lib/isa/riscv/layout.js';
import { type Harness, RAM_BASE } from './wasm-harness.js';

export const PTE_V = 1;
export const PTE_R = 2;
export const PTE_W = 4;
export const PTE_X = 8;
export const PTE_U = 16;
export const PTE_A = 64;
export const PTE_D = 128;
/** A supervisor page that allows everything. */
export const PTE_ALL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;

export const pageAt = (index: number): bigint => RAM_BASE + BigInt(index) * 4096n;
export const pte = (paddr: bigint, flags: number): bigint => ((paddr >> 12n) << 10n) | BigInt(flags);

export class PageTables {
  readonly root: bigint;
  private readonly harness: Harness;
  private readonly levels: 3 | 4;
  private next: number;

  /** Tables take pages of RAM from page `first` on. */
  constructor(harness: Harness, options: { first?: number; levels?: 3 | 4 } = {}) {
    this.harness = harness;
    this.levels = options.levels ?? 3;
    this.next = options.first ?? 64;
    this.root = this.allocate();
  }

  get satp(): bigint {
    return (BigInt(this.levels + 5) << 60n) | (this.root >> 12n);
  }

  private allocate(): bigint {
    return pageAt(this.next++);
  }

  /** paddr of the entry for `vaddr` at `level`; missing tables above it are made. */
  entry(vaddr: bigint, level = 0): bigint {
    let table = this.root;
    for (let at = this.levels - 1; ; at--) {
      const paddr = table + ((vaddr >> BigInt(12 + 9 * at)) & 511n) * 8n;
      if (at === level) return paddr;
      const host = this.harness.ram(paddr);
      if (this.harness.i64(host) === 0n) this.harness.setI64(host, pte(this.allocate(), PTE_V));
      table = ((this.harness.i64(host) >> 10n) & 0xfffffffffffn) << 12n;
    }
  }

  /** Maps the page (or superpage, at `level` above 0) of `vaddr` to `paddr`; gives paddr of the entry. */
  map(vaddr: bigint, paddr: bigint, flags: number = PTE_ALL, level = 0): bigint {
    const entry = this.entry(vaddr, level);
    this.harness.setI64(this.harness.ram(entry), pte(paddr, flags));
    return entry;
  }

  /** Makes a hart use these tables at privilege `priv`. */
  enter(env: number, priv: number): void {
    this.harness.setI64(env + R.SATP, this.satp);
    this.harness.setI64(env + R.PRIV, BigInt(priv));
    this.harness.guest.refresh(env);
  }
}

/** Lets S- and U-mode access all of memory: PMP entry 15. */
export function openPmp(harness: Harness, env: number): void {
  harness.setI64(env + R.PMPADDR + 15 * 8, 0x3fffffffffffffn);
  harness.view.setUint8(env + R.PMPCFG + 15, 0x1f);
  harness.guest.refresh(env);
}
