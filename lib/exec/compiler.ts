/** Forms regions around hot blocks, lowers them, and puts them into the function table: many regions per module, because modules are dear. */
import { BLOCK_HEAD, CODE_LOAD, CODE_STORE, DEPART, HELPER, RUN } from '../ir/access.js';
import { Decoder, type IrBlock } from '../ir/decode.js';
import { HINT_CALL } from '../ir/encoding.js';
import { type LoweringGuest, type LoweringImports, lowerRegion } from '../ir/lower.js';
import { optimise } from '../ir/passes.js';
import { indirectTargets } from '../ir/region.js';
import type { Guest } from '../isa/guest.js';
import { ModuleWriter } from '../wasm/module.js';
import type { Block } from './block.js';
import type { BlockHead } from './block-trace.js';
import type { CodeCache } from './code-cache.js';
import type { FunctionTable } from './function-table.js';

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
}

/** Most blocks, and most IR ops, of one region. */
const REGION_BLOCKS_MAX = 64;
const REGION_OPS_MAX = 3000;

const WASM_PAGE = 0x10000;

interface Draft {
  readonly entry: Block;
  readonly blocks: readonly Block[];
  readonly ir: readonly IrBlock[];
}

export class Compiler {
  /** Statistics. */
  readonly counts = { modules: 0, compileMs: 0 };
  private readonly o: CompilerOptions;
  private readonly decoder: Decoder;
  private readonly lowering: LoweringGuest;

  constructor(options: CompilerOptions) {
    this.o = options;
    this.decoder = new Decoder(options.memory);
    const types = new Map(options.guest.registers.map((register) => [register.offset, register.type]));
    this.lowering = { zeroSlot: options.guest.zeroSlot, registerType: (slot) => types.get(slot) };
  }

  /** Compiles regions for the blocks of `entries` that are alive and have none yet. */
  compile(entries: readonly Block[]): void {
    const drafts = this.drafts(entries);
    if (drafts.length === 0) return;
    const start = performance.now();
    const m = new ModuleWriter({ module: 'env', name: 'memory', pages: this.o.memory.buffer.byteLength / WASM_PAGE });
    m.importTable('env', 'table', 0);
    const imports = this.declareImports(m, drafts);
    const slots = drafts.map((draft) => {
      const slot = this.o.functions.allocate();
      const { fixedPc } = draft.entry;
      m.element(slot, m.function(RUN, lowerRegion({ blocks: draft.ir, fixedPc }, this.lowering, imports)));
      return slot;
    });
    const { memory, functions, guestExports: guest, mmu, blockHead } = this.o;
    const env = { memory, table: functions.table, ...(blockHead ? { blockHead } : {}) };
    new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env, guest, mmu, engine: functions.interpreter });
    functions.addInstance();
    for (const [i, { entry, blocks }] of drafts.entries()) this.o.cache.publish({ slot: slots[i], entry, blocks });
    this.counts.modules++;
    this.counts.compileMs += performance.now() - start;
  }

  /**
   * Blocks of one loop become hot together. What the region of one of them holds gets no region of its own, unless it is then found to be
   * entered from elsewhere: or each block would be lowered five times over.
   */
  private drafts(entries: readonly Block[]): Draft[] {
    const drafts: Draft[] = [];
    const covered = new Set<Block>();
    for (const entry of entries) {
      if (entry.dead || entry.region) continue;
      if (covered.has(entry)) {
        this.o.cache.cool(entry);
        continue;
      }
      const draft = this.draft(entry);
      for (const block of draft.blocks) covered.add(block);
      drafts.push(draft);
    }
    return drafts;
  }

  private declareImports(m: ModuleWriter, drafts: readonly Draft[]): LoweringImports {
    const codeLoad = m.importFunction('mmu', 'codeLoad', CODE_LOAD);
    const codeStore = m.importFunction('mmu', 'codeStore', CODE_STORE);
    const depart = m.importFunction('engine', 'depart', DEPART);
    const dispatch = m.importFunction('engine', 'dispatch', RUN);
    const blockHead = this.o.blockHead ? m.importFunction('env', 'blockHead', BLOCK_HEAD) : -1;
    const helpers = new Map<number, number>();
    for (const { ir } of drafts) {
      for (const block of ir) {
        for (const op of block.ops) {
          if (op.info.kind !== 'call' && op.info.kind !== 'float') continue;
          if (!helpers.has(op.helper)) helpers.set(op.helper, m.importFunction('guest', this.o.guest.helpers[op.helper].name, HELPER));
        }
      }
    }
    return {
      run: m.type(RUN),
      codeLoad,
      codeStore,
      depart,
      dispatch,
      blockHead,
      helper: (index) => helpers.get(index)!,
      mayLeave: (index) => this.o.guest.helpers[index].mayLeave,
    };
  }

  /** The entry and what it reaches by static edges, as far as it was executed often enough. */
  private draft(entry: Block): Draft {
    const { cache } = this.o;
    const blocks: Block[] = [];
    const ir: IrBlock[] = [];
    const seen = new Set<Block>([entry]);
    let ops = 0;
    for (const queue = [entry]; queue.length > 0 && blocks.length < REGION_BLOCKS_MAX; ) {
      const block = queue.shift()!;
      const decoded = this.decoder.block(block.header);
      if (blocks.length > 0 && ops + decoded.ops.length > REGION_OPS_MAX) continue;
      ops += decoded.ops.length;
      blocks.push(block);
      ir.push({ ...decoded, ops: optimise(decoded.ops, this.lowering) });
      const last = decoded.ops[decoded.ops.length - 1];
      const offsets = last.targets.map((target) => target.offset);
      // What returns from elsewhere comes by another way.
      if (last.name === 'goto' && last.hint === HINT_CALL && this.neighbour(entry, offsets[0])) offsets.push(last.returnOffset);
      if (last.name === 'indirect') offsets.push(...indirectTargets(last, decoded, []));
      for (const offset of offsets) {
        const next = this.neighbour(entry, offset);
        if (!next || seen.has(next) || cache.executions(next) < this.o.minimumExecutions) continue;
        // What has a region that does not lead back here is called rather than lowered again.
        if (next.region && !next.region.blocks.includes(entry)) continue;
        seen.add(next);
        queue.push(next);
      }
    }
    return { entry, blocks, ir };
  }

  /** The block at `pcOffset` if it can be in one region with `entry`: in the same page, or anywhere while fetches are not translated. */
  private neighbour(entry: Block, pcOffset: number): Block | undefined {
    const paddr = entry.paddr + pcOffset - entry.pcOffset;
    if (!entry.fixedPc && (pcOffset < 0 || pcOffset >= 4096)) return undefined;
    const block = this.o.cache.find(paddr, entry.flags);
    return block && (entry.fixedPc || block.nextPage < 0) ? block : undefined;
  }
}
