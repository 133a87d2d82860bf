/** Forms regions around hot blocks, has them compiled, and puts them into the function table: many regions per module, because modules are dear. */
import { Decoder } from '../ir/decode.js';
import { HINT_CALL } from '../ir/encoding.js';
import { indirectTargets } from '../ir/region.js';
import type { Guest } from '../isa/guest.js';
import { BLOCK_DELTAS } from '../mem/layout.js';
import { assert } from '../util/errors.js';
import type { Block, Region } from './block.js';
import type { BlockHead } from './block-trace.js';
import type { CodeCache } from './code-cache.js';
import type { CompileThread, Pending } from './compile-thread.js';
import type { FunctionTable } from './function-table.js';
import { type GuestShape, lowerBatch, type RegionBatch } from './region-module.js';

export interface CompilerOptions {
  readonly memory: WebAssembly.Memory;
  readonly functions: FunctionTable;
  readonly guest: Guest;
  readonly cache: CodeCache;
  /** Exports of the guest's instance, and the soft-MMU's. */
  readonly guestExports: WebAssembly.Exports;
  readonly mmu: WebAssembly.Exports;
  /** What the heads of blocks call, where blocks are translated with that. */
  readonly blockHead: BlockHead | undefined;
  /** Blocks that ran less often than this stay outside of regions. */
  readonly minimumExecutions: number;
  /** Where modules are made while the guest goes on; absent: here, while it waits. */
  thread?(): CompileThread | undefined;
}

/** Most blocks, and most IR ops, of one region. */
const REGION_BLOCKS_MAX = 64;
const REGION_OPS_MAX = 3000;

const WASM_PAGE = 0x10000;

/** A batch that the other thread has. */
interface Submitted {
  readonly pending: Pending;
  readonly regions: readonly Region[];
  /** The table that its places are in. */
  readonly table: WebAssembly.Table;
}

export class Compiler {
  /** Statistics; the time is that of whichever thread. */
  readonly counts = { modules: 0, compileMs: 0 };
  private readonly o: CompilerOptions;
  private readonly decoder: Decoder;
  private readonly guest: GuestShape;
  private submitted: Submitted[] = [];

  constructor(options: CompilerOptions) {
    this.o = options;
    this.decoder = new Decoder(options.memory.buffer);
    const { zeroSlot, registers, helpers } = options.guest;
    this.guest = { zeroSlot, registers, helpers };
  }

  /** Whether modules are being made in another thread: `poll` publishes those that are ready. */
  get waits(): boolean {
    return this.submitted.length !== 0;
  }

  /** Compiles regions for the blocks of `entries` that are alive and have none yet. */
  compile(entries: readonly Block[]): void {
    const regions = this.regionsOf(entries);
    if (regions.length === 0) return;
    const thread = this.o.thread?.();
    const batch = this.batchOf(regions);
    if (thread?.isReady) {
      this.submitted.push({ pending: thread.submit(batch), regions, table: this.o.functions.table });
      return;
    }
    const start = performance.now();
    this.publish(new WebAssembly.Module(lowerBatch(batch)), regions);
    this.counts.compileMs += performance.now() - start;
  }

  /** Publishes what the other thread has finished. */
  poll(): void {
    this.o.thread?.()?.poll();
    const { submitted } = this;
    this.submitted = submitted.filter(({ pending }) => !pending.result);
    for (const { pending, regions, table } of submitted) {
      if (!pending.result) continue;
      const { module, error, ms } = pending.result;
      assert(module, `compiler: ${error}`);
      this.counts.compileMs += ms;
      if (table === this.o.functions.table) this.publish(module, regions);
      else for (const { entry } of regions) this.o.cache.cool(entry);
    }
  }

  private publish(module: WebAssembly.Module, regions: readonly Region[]): void {
    const { memory, functions, guestExports: guest, mmu, blockHead, cache } = this.o;
    const env = { memory, table: functions.table, ...(blockHead ? { blockHead } : {}) };
    new WebAssembly.Instance(module, { env, guest, mmu, engine: functions.interpreter });
    functions.addInstance();
    this.counts.modules++;
    for (const region of regions) cache.publish(region);
  }

  /**
   * Blocks of one loop become hot together. What the region of one of them holds gets no region of its own, unless it is then found to be
   * entered from elsewhere: or each block would be lowered five times over.
   */
  private regionsOf(entries: readonly Block[]): Region[] {
    const regions: Region[] = [];
    const covered = new Set(this.submitted.flatMap((batch) => batch.regions.flatMap(({ blocks }) => blocks)));
    for (const entry of entries) {
      if (entry.dead || entry.region) continue;
      if (covered.has(entry)) {
        this.o.cache.cool(entry);
        continue;
      }
      const blocks = this.reach(entry);
      for (const block of blocks) covered.add(block);
      regions.push({ slot: this.o.functions.allocate(), entry, blocks });
    }
    return regions;
  }

  private batchOf(regions: readonly Region[]): RegionBatch {
    const { memory, blockHead } = this.o;
    const view = new DataView(memory.buffer);
    const lengthOf = (block: Block) => (view.getInt32(block.header + BLOCK_DELTAS, true) - block.header + 7) & ~7;
    const all = new Set(regions.flatMap((region) => region.blocks));
    const total = [...all].reduce((sum, block) => sum + lengthOf(block), 0);
    const code = new Uint8Array(total);
    const copies = new Map<Block, { header: number; at: number }>();
    let at = 0;
    for (const block of all) {
      const length = lengthOf(block);
      code.set(new Uint8Array(memory.buffer, block.header, length), at);
      copies.set(block, { header: block.header, at });
      at += length;
    }
    return {
      guest: this.guest,
      memoryPages: memory.buffer.byteLength / WASM_PAGE,
      heads: blockHead !== undefined,
      regions: regions.map(({ slot, entry, blocks }) => ({
        slot,
        fixedPc: entry.fixedPc,
        blocks: blocks.map((block) => copies.get(block)!),
      })),
      code: code.buffer,
    };
  }

  /** The entry and what it reaches by static edges, as far as it was executed often enough. */
  private reach(entry: Block): Block[] {
    const { cache } = this.o;
    const blocks: Block[] = [];
    const seen = new Set<Block>([entry]);
    let ops = 0;
    for (const queue = [entry]; queue.length > 0 && blocks.length < REGION_BLOCKS_MAX; ) {
      const block = queue.shift()!;
      const decoded = this.decoder.block(block.header);
      if (blocks.length > 0 && ops + decoded.ops.length > REGION_OPS_MAX) continue;
      ops += decoded.ops.length;
      blocks.push(block);
      const last = decoded.ops[decoded.ops.length - 1];
      const offsets = last.targets.map((target) => target.offset);
      if (last.name === 'goto' && last.hint === HINT_CALL) offsets.push(last.returnOffset);
      if (last.name === 'indirect') offsets.push(...indirectTargets(last, decoded, []));
      for (const offset of offsets) {
        const next = this.neighbour(entry, offset);
        if (!next || seen.has(next) || cache.executions(next) < this.o.minimumExecutions) continue;
        seen.add(next);
        queue.push(next);
      }
    }
    return blocks;
  }

  /** The block at `pcOffset` if it can be in one region with `entry`: in the same page, or anywhere while fetches are not translated. */
  private neighbour(entry: Block, pcOffset: number): Block | undefined {
    const paddr = entry.paddr + pcOffset - entry.pcOffset;
    if (!entry.fixedPc && (pcOffset < 0 || pcOffset >= 4096)) return undefined;
    const block = this.o.cache.find(paddr, entry.flags);
    return block && (entry.fixedPc || block.nextPage < 0) ? block : undefined;
  }
}
