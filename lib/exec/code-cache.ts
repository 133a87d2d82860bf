/**
 * The translated code: blocks by physical address and flags, the pages that they were read from, the links between them, the regions.
 *
 * Blocks live in an arena of segments used in turn: when the arena is full, the oldest segment is dropped as a whole, which costs a bounded
 * time and never stalls. A dropped block's header stays intact until then, so code that is still running in it can leave.
 */
import {
  BLOCK_CODE,
  BLOCK_COUNT,
  BLOCK_DELTAS,
  BLOCK_FLAGS,
  BLOCK_FUNC,
  BLOCK_ID,
  BLOCK_INSNS,
  BLOCK_PC,
  FN_DEAD,
  FN_FAR,
  FN_INTERPRET,
  FN_LINK,
  GLOBAL_FAR_BLOCK,
  GLOBAL_LINK_BLOCK,
  PAGE_SIZE,
} from '../mem/layout.js';
import { assert } from '../util/errors.js';
import { type Block, PAST_BREAKPOINT, type Region } from './block.js';
import type { FunctionTable } from './function-table.js';

/** The soft-MMU's tracking of pages that own code. */
export interface CodePages {
  markCode(paddr: number, bytes: number): void;
  /** Forgets all marks of the page at `paddr`. */
  unmarkCode(paddr: number): void;
  /** Makes every jump cache forget everything. */
  renewContexts(): void;
  /** The block with this header is found no more. */
  forgetBlock(paddr: number, flags: number, header: number): void;
}

export interface CodeCacheOptions {
  readonly memory: WebAssembly.Memory;
  /** Where regions are. */
  readonly functions: Pick<FunctionTable, 'release'>;
  readonly arenaAt: number;
  readonly arenaBytes: number;
  /** Executions after which a block is hot. */
  readonly hotThreshold: number;
  readonly pages: CodePages;
}

/** What `add` needs to know of a block whose IR lies at `header` already. */
export type NewBlock = Omit<Block, 'id' | 'segment' | 'incoming' | 'regions' | 'region' | 'dead'> & {
  /** Host address behind the block's last record. */
  readonly end: number;
  /** Per instruction: pc less the block's, and host address of its first record. One more pc than instructions. */
  readonly deltas: readonly number[];
  readonly records: readonly number[];
};

const SEGMENTS = 16;
/** After so many executions, at least, a block is hot that was hot before. */
const EXECUTIONS_AGAIN = 64;

export class CodeCache {
  /** How often new blocks took over a segment's place: host addresses in the arena from before may mean something else now. */
  recycled = 0;
  /** Statistics. */
  readonly counts = { regions: 0, chained: 0, unchained: 0, invalidated: 0 };
  private readonly o: CodeCacheOptions;
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  private readonly blocks: (Block | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly pages = new Map<number, CodePage>();
  private readonly segmentBytes: number;
  private segment = 0;
  private cursor: number;

  constructor(options: CodeCacheOptions) {
    this.o = options;
    this.i32 = new Int32Array(options.memory.buffer);
    this.u16 = new Uint16Array(options.memory.buffer);
    this.segmentBytes = Math.floor(options.arenaBytes / SEGMENTS / 64) * 64;
    this.cursor = options.arenaAt;
    this.i32[(GLOBAL_LINK_BLOCK + BLOCK_FUNC) >> 2] = FN_LINK;
    this.i32[(GLOBAL_FAR_BLOCK + BLOCK_FUNC) >> 2] = FN_FAR;
  }

  /** The block for the code at `paddr` under `flags`. */
  find(paddr: number, flags: number): Block | undefined {
    return this.pages.get(pageOf(paddr))?.starting.get(key(paddr, flags));
  }

  byHeader(header: number): Block | undefined {
    const block = this.blocks[this.i32[(header + BLOCK_ID) >> 2]];
    return block?.header === header && !block.dead ? block : undefined;
  }

  /** A place of at least `bytes` for the next block's header and IR; may drop the oldest segment. */
  reserve(bytes: number): number {
    assert(bytes <= this.segmentBytes, 'code cache: the arena is too small for one block');
    const segmentEnd = this.o.arenaAt + (this.segment + 1) * this.segmentBytes;
    if (this.cursor + bytes > segmentEnd) this.nextSegment();
    return this.cursor;
  }

  private nextSegment(): void {
    this.segment = (this.segment + 1) % SEGMENTS;
    this.cursor = this.o.arenaAt + this.segment * this.segmentBytes;
    let any = false;
    for (const block of this.blocks) {
      if (block?.segment !== this.segment) continue;
      if (!block.dead) this.drop(block);
      this.blocks[block.id] = undefined;
      this.freeIds.push(block.id);
      any = true;
    }
    if (!any) return;
    this.recycled++;
    this.o.pages.renewContexts();
  }

  /** Enters a block that was written at the address that `reserve` gave. */
  add(block: NewBlock): Block {
    const { i32, u16 } = this;
    const { header } = block;
    const id = this.freeIds.pop() ?? this.blocks.length;
    const deltas = block.end;
    i32[(header + BLOCK_FUNC) >> 2] = FN_INTERPRET;
    i32[(header + BLOCK_INSNS) >> 2] = block.insns;
    i32[(header + BLOCK_PC) >> 2] = block.pcOffset | 0;
    i32[(header + BLOCK_PC + 4) >> 2] = Math.floor(block.pcOffset / 0x100000000);
    i32[(header + BLOCK_COUNT) >> 2] = isExit(block) ? 0 : this.o.hotThreshold;
    i32[(header + BLOCK_DELTAS) >> 2] = deltas;
    i32[(header + BLOCK_FLAGS) >> 2] = block.flags;
    i32[(header + BLOCK_ID) >> 2] = id;
    const { paddr, bytes, nextPage, flags, fixedPc, pcOffset, insns, cells } = block;
    const records = (deltas >> 1) + insns + 1;
    for (let i = 0; i <= insns; i++) u16[(deltas >> 1) + i] = block.deltas[i];
    for (let i = 0; i < insns; i++) u16[records + i] = (block.records[i] - header - BLOCK_CODE) >> 3;
    this.cursor = (deltas + (insns * 2 + 1) * 2 + 63) & ~63;
    const added: Block = {
      id,
      header,
      paddr,
      bytes,
      nextPage,
      flags,
      fixedPc,
      pcOffset,
      insns,
      cells,
      segment: this.segment,
      incoming: undefined,
      regions: undefined,
      region: undefined,
      dead: false,
    };
    this.blocks[id] = added;
    const previous = this.find(paddr, flags);
    if (previous) this.drop(previous);
    this.pageAt(pageOf(paddr)).starting.set(key(paddr, flags), added);
    if (nextPage >= 0) this.pageAt(pageOf(nextPage)).entering.add(added);
    this.mark(added);
    return added;
  }

  private pageAt(index: number): CodePage {
    let page = this.pages.get(index);
    if (!page) this.pages.set(index, (page = { starting: new Map(), entering: new Set() }));
    return page;
  }

  /** Host address of the first IR record of instruction `index`. */
  recordOf(block: Block, index: number): number {
    const deltas = this.i32[(block.header + BLOCK_DELTAS) >> 2];
    return block.header + BLOCK_CODE + this.u16[(deltas >> 1) + block.insns + 1 + index] * 8;
  }

  /** How often the interpreter has run `block`, up to the threshold. */
  executions(block: Block): number {
    const left = this.i32[(block.header + BLOCK_COUNT) >> 2];
    return left > 0 ? this.o.hotThreshold - left : this.o.hotThreshold;
  }

  /** Makes a hot block count again for a while before it is found to be hot. */
  cool(block: Block): void {
    this.i32[(block.header + BLOCK_COUNT) >> 2] = Math.max(1, this.o.hotThreshold >> 3);
  }

  /**
   * Chains: the cell at host address `cell` leads to `block` from now on. Where a block reaches into another page, the way to it stays the
   * jump cache's, because what that page is depends on the context. A dropped block's cell stays as it is.
   */
  link(cell: number, block: Block): void {
    if (this.i32[cell >> 2] !== GLOBAL_LINK_BLOCK) return;
    if (block.nextPage >= 0 && !block.fixedPc) {
      this.i32[cell >> 2] = GLOBAL_FAR_BLOCK;
      return;
    }
    this.i32[cell >> 2] = block.header;
    if (block.incoming) block.incoming.push(cell);
    else block.incoming = [cell];
    this.counts.chained++;
  }

  /** Drops all blocks that were translated from any of the `bytes` bytes at `paddr`. Returns whether there were any. */
  invalidate(paddr: number, bytes: number): boolean {
    const doomed: Block[] = [];
    for (let index = pageOf(paddr); index <= pageOf(paddr + bytes - 1); index++) {
      const page = this.pages.get(index);
      if (page) for (const block of blocksOf(page)) if (overlaps(block, paddr, bytes) && !doomed.includes(block)) doomed.push(block);
    }
    for (const block of doomed) this.drop(block);
    this.counts.invalidated += doomed.length;
    return doomed.length > 0;
  }

  /** Drops everything. */
  clear(): void {
    for (const block of this.blocks) if (block && !block.dead) this.drop(block);
    this.o.pages.renewContexts();
  }

  private drop(block: Block): void {
    const { i32 } = this;
    block.dead = true;
    i32[(block.header + BLOCK_FUNC) >> 2] = FN_DEAD;
    for (const cell of block.incoming ?? []) {
      i32[cell >> 2] = GLOBAL_LINK_BLOCK;
      this.counts.unchained++;
    }
    block.incoming = undefined;
    for (const cell of block.cells) {
      const to = this.byHeader(i32[cell >> 2]);
      if (to?.incoming) remove(to.incoming, cell);
      // Where this block still runs, it leaves without asking for a link.
      i32[cell >> 2] = GLOBAL_FAR_BLOCK;
    }
    for (const region of [...(block.regions ?? [])]) this.dropRegion(region);
    this.o.pages.forgetBlock(block.paddr, block.flags, block.header);
    this.leavePage(block, pageOf(block.paddr));
    if (block.nextPage >= 0) this.leavePage(block, pageOf(block.nextPage));
  }

  private leavePage(block: Block, index: number): void {
    const page = this.pages.get(index);
    if (!page) return;
    const at = key(block.paddr, block.flags);
    if (page.starting.get(at) === block) page.starting.delete(at);
    page.entering.delete(block);
    this.o.pages.unmarkCode(index * PAGE_SIZE);
    if (page.starting.size + page.entering.size === 0) this.pages.delete(index);
    else for (const other of blocksOf(page)) this.mark(other);
  }

  private mark(block: Block): void {
    const first = Math.min(block.bytes, PAGE_SIZE - (block.paddr % PAGE_SIZE));
    this.o.pages.markCode(block.paddr, first);
    if (block.nextPage >= 0) this.o.pages.markCode(block.nextPage, block.bytes - first);
  }

  // --- regions -----------------------------------------------------------------------------------------------------

  /** From now on `region.entry` runs as `region`, which is in the function table already. */
  publish(region: Region): void {
    for (const block of region.blocks) {
      block.regions ??= new Set();
      block.regions.add(region);
    }
    region.entry.region = region;
    this.i32[(region.entry.header + BLOCK_FUNC) >> 2] = region.slot;
    this.counts.regions++;
  }

  /** The function table has none of the regions any more. What is seldom used must not fill it at once again. */
  forgetRegions(): void {
    const executions = Math.max(this.o.hotThreshold, EXECUTIONS_AGAIN);
    for (const block of this.blocks) {
      if (!block?.region) continue;
      this.leaveRegion(block.region);
      this.i32[(block.header + BLOCK_COUNT) >> 2] = executions;
    }
  }

  private dropRegion(region: Region): void {
    this.leaveRegion(region);
    this.o.functions.release(region.slot);
  }

  /** `region.entry` runs in the interpreter again. */
  private leaveRegion(region: Region): void {
    for (const block of region.blocks) block.regions?.delete(region);
    const { entry } = region;
    entry.region = undefined;
    if (!entry.dead) {
      this.i32[(entry.header + BLOCK_FUNC) >> 2] = FN_INTERPRET;
      this.i32[(entry.header + BLOCK_COUNT) >> 2] = this.o.hotThreshold;
    }
  }
}

/** The blocks of one page of guest memory. */
interface CodePage {
  /** Those that start in it, by `key`. */
  readonly starting: Map<number, Block>;
  /** Those whose last instruction reaches into it from the page before. */
  readonly entering: Set<Block>;
}

function remove(list: number[], item: number): void {
  const index = list.indexOf(item);
  if (index < 0) return;
  const last = list.pop() as number;
  if (index < list.length) list[index] = last;
}

function blocksOf(page: CodePage): Block[] {
  return [...page.starting.values(), ...page.entering];
}

/** TB flags have at most 8 bits, and there is PAST_BREAKPOINT. */
function key(paddr: number, flags: number): number {
  return ((paddr % PAGE_SIZE) << 9) | flags;
}

/** Blocks around breakpoints are never compiled: they lead to the run loop or come from it. */
function isExit(block: NewBlock): boolean {
  return block.insns === 0 || (block.flags & PAST_BREAKPOINT) !== 0;
}

function pageOf(paddr: number): number {
  return Math.floor(paddr / PAGE_SIZE);
}

function overlaps(block: Block, paddr: number, bytes: number): boolean {
  const first = block.nextPage < 0 ? block.bytes : PAGE_SIZE - (block.paddr % PAGE_SIZE);
  if (paddr < block.paddr + first && block.paddr < paddr + bytes) return true;
  return block.nextPage >= 0 && paddr < block.nextPage + block.bytes - first && block.nextPage < paddr + bytes;
}
