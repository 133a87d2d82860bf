/**
 * The TLBs and fetch contexts may never show anything that a page walk through memory would not: two harts and a device change page tables at random, in every alias and
 * level, and after each step everything cached is compared with a plain walker.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as R from '../../lib/isa/riscv/layout.js';
import * as L from '../../lib/mem/layout.js';
import { openPmp, PTE_A, PTE_ALL, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, pageAt, pte } from '../support/page-tables.js';
import { Harness, RAM_BASE, RAM_PAGES, ROM_BASE, tlbEntry } from '../support/wasm-harness.js';

const TABLES = 12;
const DATA = 6;
const FIRST_TABLE = 64;
const INDICES = [0n, 1n, 256n, 511n];
const RAM_END = RAM_BASE + BigInt(RAM_PAGES * L.PAGE_SIZE);

/** mulberry32: integers below `n`. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

function isMemory(paddr: bigint): boolean {
  return (paddr >= RAM_BASE && paddr < RAM_END) || (paddr >= ROM_BASE && paddr < ROM_BASE + 4096n);
}

interface Context {
  readonly satp: bigint;
  readonly priv: bigint;
  readonly sum: boolean;
  readonly mxr: boolean;
}

type Access = 'r' | 'w' | 'x';

/** paddr of the page of `vaddr` if `access` is allowed and the page is memory, else -1; after the manual's algorithm, Svade. */
function walk(h: Harness, context: Context, vaddr: bigint, access: Access): bigint {
  const mode = context.satp >> 60n;
  if (context.priv === 3n || mode === 0n) return isMemory(vaddr) ? vaddr & ~0xfffn : -1n;
  const levels = mode === 8n ? 3 : 4;
  if (BigInt.asIntN(12 + 9 * levels, vaddr) !== BigInt.asIntN(64, vaddr)) return -1n;
  let table = (context.satp & 0xfffffffffffn) << 12n;
  for (let level = levels - 1; level >= 0; level--) {
    if (!isMemory(table)) return -1n;
    const entry = BigInt.asUintN(64, h.i64(h.ram(table + ((vaddr >> BigInt(12 + 9 * level)) & 511n) * 8n)));
    const has = (flag: number): boolean => (entry & BigInt(flag)) !== 0n;
    if (!has(PTE_V) || (has(PTE_W) && !has(PTE_R)) || entry >> 54n !== 0n) return -1n;
    const target = (entry >> 10n) << 12n;
    if (!has(PTE_R) && !has(PTE_X)) {
      if (has(PTE_A | PTE_D | PTE_U)) return -1n;
      table = target;
      continue;
    }
    const span = (1n << BigInt(12 + 9 * level)) - 1n;
    if (target & span) return -1n;
    if (has(PTE_U) ? context.priv === 1n && (access === 'x' || !context.sum) : context.priv === 0n) return -1n;
    const allowed = access === 'x' ? has(PTE_X) : access === 'w' ? has(PTE_W) && has(PTE_D) : has(PTE_R) || (context.mxr && has(PTE_X));
    const paddr = target | (vaddr & span & ~0xfffn);
    return allowed && has(PTE_A) && isMemory(paddr) ? paddr : -1n;
  }
  return -1n;
}

/** The data context that a bank's key names. */
function contextOf(key: bigint): Context {
  const bit = (i: bigint): boolean => ((key >> i) & 1n) === 1n;
  const satp = BigInt.asUintN(64, key) & 0xf0000fffffffffffn;
  return { satp, priv: (key >> 44n) & 3n, sum: bit(46n), mxr: bit(47n) };
}

function addresses(): bigint[] {
  const all: bigint[] = [];
  for (const a of INDICES)
    for (const b of INDICES) for (const c of INDICES) all.push(BigInt.asIntN(39, (a << 30n) | (b << 21n) | (c << 12n)));
  return [
    ...all,
    ...all.slice(0, 16).map((vaddr) => vaddr | (1n << 39n)),
    ...Array.from({ length: TABLES }, (_, i) => pageAt(FIRST_TABLE + i)),
  ];
}

class Fuzz {
  readonly h = new Harness({ harts: 2 });
  readonly envs = [this.h.hart(0), this.h.hart(1)];
  readonly addresses = addresses();
  /** What a jump cache would hold: per hart, by context id and address, the page that code was fetched from. */
  readonly fetched = this.envs.map(() => new Map<number, Map<bigint, bigint>>());
  readonly pick: (n: number) => number;

  constructor(seed: number) {
    this.pick = random(seed);
    for (let table = 0; table < TABLES; table++) {
      for (const index of INDICES) this.h.setI64(this.h.ram(pageAt(FIRST_TABLE + table) + index * 8n), this.randomEntry(table));
    }
    for (const env of this.envs) {
      openPmp(this.h, env);
      this.switchContext(env);
    }
  }

  private one<T>(from: readonly T[]): T {
    return from[this.pick(from.length)];
  }

  /** An entry for a table: mostly pointers from the first four to the next four, from these to the last four, and leaves there. */
  private randomEntry(table: number): bigint {
    const kind = this.pick(24);
    if (kind === 0) return 0n;
    if (kind === 1) return BigInt(this.pick(0x7fffffff)) * 0x300010007n;
    if (kind === 2) return pte(pageAt(FIRST_TABLE + this.pick(TABLES)), PTE_V);
    if (kind > 5 && table < 8) return pte(pageAt(FIRST_TABLE + (table & ~3) + 4 + this.pick(4)), PTE_V);
    const target = table < 8 ? RAM_BASE : pageAt(FIRST_TABLE + this.pick(TABLES + DATA));
    const drop = this.pick(3) ? 0 : this.one([PTE_W, PTE_X, PTE_A, PTE_D, PTE_R | PTE_W]);
    return pte(target, (PTE_ALL & ~drop) | (this.pick(4) ? 0 : PTE_U));
  }

  private switchContext(env: number): void {
    const mode = this.one([0n, 8n, 8n, 8n, 9n]);
    this.h.setI64(env + R.SATP, (mode << 60n) | (BigInt(this.pick(3)) << 44n) | (pageAt(FIRST_TABLE + this.pick(4)) >> 12n));
    this.h.setI64(env + R.PRIV, this.one([0n, 1n, 1n, 1n, 3n]));
    const flags = (this.pick(2) ? R.STATUS_SUM : 0) | (this.pick(4) ? 0 : R.STATUS_MXR) | (this.pick(4) ? 0 : R.STATUS_MPRV | (1 << 11));
    this.h.setI64(env + R.MSTATUS, BigInt(flags));
    this.h.guest.refresh(env);
  }

  /** A store of an entry, or of a part of one, by a hart through whatever mapping it has, or by a device. */
  private change(env: number): void {
    const table = this.pick(TABLES);
    const slot = pageAt(FIRST_TABLE + table) + this.one(INDICES) * 8n;
    // Often one flag only.
    const flip = BigInt(this.one([PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_A, PTE_D]));
    const entry = this.pick(3) ? this.randomEntry(table) : this.h.i64(this.h.ram(slot)) ^ flip;
    const by = this.pick(8);
    if (by < 5) this.h.mmu.storePhysical(slot, BigInt.asIntN(64, entry), 8);
    else if (by === 5) this.h.mmu.storePhysical(slot + BigInt(this.pick(2)), entry & 0xffn, 1);
    else
      this.h.store(
        env,
        this.one(this.addresses) + this.one(INDICES) * 8n + BigInt(this.pick(8) ? 0 : this.pick(8)),
        entry,
        this.one([8, 8, 8, 4]),
      );
  }

  private fetch(hart: number): void {
    const env = this.envs[hart];
    const vaddr = this.one(this.addresses);
    const paddr = this.h.guest.fetch(env, vaddr) as bigint;
    if (this.h.takePending(env)) return;
    const id = this.h.i32(env + L.ENV_CONTEXT);
    const pages = this.fetched[hart].get(id) ?? new Map<bigint, bigint>();
    pages.set(vaddr, paddr);
    this.fetched[hart].set(id, pages);
  }

  step(): void {
    const hart = this.pick(2);
    const env = this.envs[hart];
    const what = this.pick(20);
    if (what < 7) this.h.load(env, this.one(this.addresses), 8);
    else if (what < 11) this.h.store(env, this.one(this.addresses) + 0x828n, 0n, 8);
    else if (what < 16) this.fetch(hart);
    else if (what < 18) this.change(env);
    else if (what < 19) this.switchContext(env);
    else if (this.pick(20) === 0) this.h.mmu.cleanPages();
    this.h.takeStatus(env);
  }

  /** Compares everything cached with the walker. */
  check(step: number): void {
    this.envs.forEach((env, hart) => {
      for (let bank = 0; bank < L.TLB_BANKS; bank++) {
        const key = this.h.i64(env + L.ENV_BANK_KEYS + bank * 8);
        if (key !== 0n)
          this.checkBank(env + L.ENV_TLB_BANKS + bank * L.TLB_BANK_SIZE, contextOf(key), `step ${step}, hart ${hart}, bank ${bank}`);
      }
      this.checkFetches(env, hart, `step ${step}, hart ${hart}`);
    });
  }

  private checkBank(bank: number, context: Context, where: string): void {
    for (const vaddr of this.addresses) {
      const paddrAt = (entry: number): bigint =>
        BigInt(this.h.mmu.paddrOfHost((Number(BigInt.asIntN(32, vaddr)) + this.h.i32(entry + L.TLB_ADDEND)) | 0));
      const forLoads = tlbEntry(bank, vaddr, L.TLB_READ);
      if (this.h.i64(forLoads + L.TLB_TAG) === vaddr)
        assert.is(paddrAt(forLoads), walk(this.h, context, vaddr, 'r'), `${where}: read ${vaddr.toString(16)}`);
      const forStores = tlbEntry(bank, vaddr, L.TLB_WRITE);
      const paddr = (): bigint => paddrAt(forStores);
      const write = this.h.i64(forStores + L.TLB_TAG);
      if (write !== vaddr && write !== (vaddr | BigInt(L.TLB_TRACKED))) continue;
      assert.is(paddr(), walk(this.h, context, vaddr, 'w'), `${where}: write ${vaddr.toString(16)}`);
      if (write !== vaddr) continue;
      const record = this.h.frame(paddr());
      assert.is(this.h.i32(record + L.FRAME_FLAGS), L.FRAME_DIRTY, `${where}: dirty`);
      assert.is.not(this.h.i32(record + L.FRAME_TABLE_EPOCH), this.h.i32(L.GLOBAL_TABLE_EPOCH), `${where}: table`);
    }
  }

  /** A frame's list holds the entries whose write tag is open for it, and no others. */
  checkLists(step: number): void {
    let listed = 0;
    for (let frame = 0; frame < RAM_PAGES; frame++) {
      let previous = 0;
      for (let entry = this.h.i32(this.h.frame(pageAt(frame)) + L.FRAME_WRITER); entry !== 0; entry = this.h.i32(entry + L.TLB_NEXT)) {
        assert.is(this.h.i32(entry + L.TLB_FRAME), frame, `step ${step}`);
        assert.is(this.h.i32(entry + L.TLB_PREV), previous, `step ${step}`);
        assert.is(this.h.i32(entry + L.TLB_TAG) & 0xfff, 0, `step ${step}`);
        previous = entry;
        listed++;
      }
    }
    let open = 0;
    for (const env of this.envs) {
      for (let bank = 0; bank < L.TLB_BANKS; bank++) {
        if (this.h.i32(env + L.ENV_BANK_STAMPS + bank * 4) === 0) continue;
        const at = env + L.ENV_TLB_BANKS + bank * L.TLB_BANK_SIZE + L.TLB_WRITE;
        for (let i = 0; i < 1 << L.TLB_WRITE_INDEX_BITS; i++)
          if ((this.h.i32(at + (i << L.TLB_WRITE_ENTRY_BITS) + L.TLB_TAG) & 0xfff) === 0) open++;
      }
    }
    assert.is(listed, open, `step ${step}`);
  }

  private checkFetches(env: number, hart: number, where: string): void {
    const context = { satp: this.h.i64(env + R.SATP), priv: this.h.i64(env + R.PRIV), sum: false, mxr: false };
    const satp = BigInt.asUintN(64, context.satp);
    for (const [vaddr, paddr] of this.fetched[hart].get(this.h.i32(env + L.ENV_CONTEXT)) ?? []) {
      assert.is(paddr, walk(this.h, { ...context, satp }, vaddr, 'x'), `${where}: fetch ${vaddr.toString(16)}`);
    }
  }
}

const coherence = suite('soft-MMU: coherence');

for (const seed of [1, 2, 3, 4, 5, 6]) {
  coherence(`whatever is cached agrees with a walk after every step (seed ${seed})`, () => {
    const fuzz = new Fuzz(seed);
    let cached = 0;
    for (let step = 0; step < 4000; step++) {
      fuzz.step();
      fuzz.check(step);
      if (step % 200 === 0) fuzz.checkLists(step);
    }
    for (const pages of fuzz.fetched) for (const map of pages.values()) cached += map.size;
    assert.ok(cached > 80, `fetches that succeeded: ${cached}`);
    assert.ok(fuzz.h.i32(fuzz.envs[0] + L.ENV_STAT_FILLS) > 100);
  });
}

coherence.run();
