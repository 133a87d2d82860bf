/**
 * Breakpoints: where blocks must end so that a debugger can stop a hart.
 *
 * A breakpoint is a virtual pc, and code is kept by physical address. So a pc is "armed", and each physical page that code of an armed page is
 * fetched from gets "candidates": no block goes on past one, and the block that begins there is an exit to the run loop, which looks at the real pc.
 * Nothing is checked anywhere else. What leads to wrong exits - another mapping of the page, a condition - is passed over by a block of
 * its own (PAST_BREAKPOINT). Pcs stay armed when their breakpoints go: a debugger that removes and inserts all of them at every stop
 * costs nothing, and a candidate without a breakpoint goes when it is met.
 */
import { ARMED_PAGES, PAGE_SIZE } from '../mem/layout.js';
import type { Breakpoint, DebugStop } from './debug.js';

/** What breakpoints need of the translated code and of the memory that it comes from. */
export interface BreakableCode {
  /** Drops the blocks that hold the byte at `paddr`. */
  invalidate(paddr: number): void;
  /** Makes every way into a page a new one. */
  renewContexts(): void;
  isMemory(paddr: number): boolean;
  /** GLOBAL_ARMED_PAGES: ways into these virtual pages lead through `enter`. */
  readonly armedPages: Uint8Array;
}

/** More armed pcs than this, and than four times the breakpoints: all are disarmed first. */
const ARMED_SPARE = 1024;
const PAGE_BITS = 12n;

interface ArmedPage {
  readonly pcs: Set<bigint>;
  /** Physical pages that have the candidates. */
  readonly entered: Set<number>;
}

export class Breakpoints {
  private readonly code: BreakableCode;
  private live = new Map<bigint, Breakpoint[]>();
  private wanted: readonly Breakpoint[] | undefined;
  /** By virtual page. */
  private readonly armed = new Map<number, ArmedPage>();
  private armedCount = 0;
  /** By physical address: the armed pcs that were found there. */
  private readonly candidates = new Map<number, Set<bigint>>();

  constructor(code: BreakableCode) {
    this.code = code;
  }

  /** Replaces all breakpoints, from the next `apply` on. */
  set(breakpoints: readonly Breakpoint[]): void {
    this.wanted = [...breakpoints];
  }

  /** Makes what was `set` effective; no code of the guest may be running. */
  apply(): void {
    if (!this.wanted) return;
    this.live = new Map();
    for (const breakpoint of this.wanted) {
      const pc = BigInt.asIntN(64, breakpoint.pc);
      const others = this.live.get(pc);
      if (others) others.push(breakpoint);
      else this.live.set(pc, [breakpoint]);
    }
    this.wanted = undefined;
    if (this.armedCount > this.live.size * 4 + ARMED_SPARE) this.disarmAll();
    let any = false;
    for (const pc of this.live.keys()) if (this.arm(pc)) any = true;
    if (any) this.code.renewContexts();
  }

  /** Whether blocks must end in front of the instruction at `paddr`. */
  isCandidate(paddr: number): boolean {
    return this.candidates.size !== 0 && this.candidates.has(paddr);
  }

  /** Whether `enter` must be told of pages. */
  get isArmed(): boolean {
    return this.armedCount !== 0;
  }

  /** Code of the virtual page of this number was found at `paddr`, and is about to be entered from outside of the page. */
  enter(pageNumber: number, paddr: number): void {
    const page = this.armed.get(pageNumber);
    const base = paddr - (paddr % PAGE_SIZE);
    if (!page || page.entered.has(base)) return;
    page.entered.add(base);
    for (const armed of page.pcs) this.addCandidate(base + Number(armed & 0xfffn), armed);
  }

  /** The stop of the hart that is about to execute the instruction at `pc`, if a breakpoint's condition holds. */
  stopAt(pc: bigint, hart: number): DebugStop | undefined {
    for (const breakpoint of this.live.get(pc) ?? []) {
      if (breakpoint.condition === undefined || breakpoint.condition(hart)) return { kind: 'breakpoint', hart, breakpoint };
    }
    return undefined;
  }

  /** The candidate at `paddr` was met in vain: it goes if none of its pcs has a breakpoint any more. */
  retire(paddr: number): void {
    const pcs = this.candidates.get(paddr);
    if (!pcs) return;
    for (const pc of pcs) if (this.live.has(pc)) return;
    for (const pc of pcs) this.disarm(pc);
    this.candidates.delete(paddr);
    this.code.invalidate(paddr);
  }

  private arm(pc: bigint): boolean {
    const number = pageOf(pc);
    const page = this.armed.get(number) ?? { pcs: new Set(), entered: new Set() };
    if (page.pcs.has(pc)) return false;
    this.armed.set(number, page);
    page.pcs.add(pc);
    page.entered.clear();
    this.armedCount++;
    this.code.armedPages[number & (ARMED_PAGES - 1)] = 1;
    // While fetches are not translated, code is chained across pages: nobody may ever enter this one.
    const paddr = Number(pc);
    if (Number.isSafeInteger(paddr) && this.code.isMemory(paddr)) this.addCandidate(paddr, pc);
    return true;
  }

  private disarm(pc: bigint): void {
    const number = pageOf(pc);
    const page = this.armed.get(number);
    if (!page?.pcs.delete(pc)) return;
    this.armedCount--;
    if (page.pcs.size === 0) this.armed.delete(number);
  }

  private disarmAll(): void {
    this.armed.clear();
    this.code.armedPages.fill(0);
    this.armedCount = 0;
    for (const paddr of this.candidates.keys()) this.code.invalidate(paddr);
    this.candidates.clear();
  }

  private addCandidate(paddr: number, pc: bigint): void {
    const pcs = this.candidates.get(paddr);
    if (pcs) {
      pcs.add(pc);
      return;
    }
    this.candidates.set(paddr, new Set([pc]));
    this.code.invalidate(paddr);
  }
}

/** Number of the virtual page; exact, since it has 52 bits. */
function pageOf(pc: bigint): number {
  return Number(pc >> PAGE_BITS);
}
