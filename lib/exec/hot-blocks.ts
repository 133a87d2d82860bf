/** When code is compiled: which blocks are hot, and how long they wait for others to share a module with. */
import { GLOBAL_HOT_COUNT, GLOBAL_HOT_LIMIT, GLOBAL_HOT_QUEUE, HOT_QUEUE_MAX } from '../mem/layout.js';
import type { Block } from './block.js';
import type { CodeCache } from './code-cache.js';
import type { Compiler } from './compiler.js';
import type { EngineOptions } from './machine-engine.js';

export interface TierPolicy {
  /** Executions after which a block is hot; 0: none ever is. */
  readonly threshold: number;
  /** Blocks that ran less often than this stay outside of regions. */
  readonly minimumExecutions: number;
  /** So many hot blocks make a batch: one module. Fewer do when the first of them has waited for so many ticks. */
  readonly batch: number;
  readonly waitTicks: number;
}

/** Compiling costs about as much as interpreting a block so often. */
const THRESHOLD = 10_000;
const BATCH = { batch: 64, waitTicks: 4_000_000 };
/** Where the threshold was chosen: small, so that short programs are compiled too. */
const TEST_BATCH = { batch: 4, waitTicks: 0 };
/** So many modules may be for few blocks: modules are too dear to go on like that in a large program. */
const SMALL_MODULES = 256;
/** Most ticks of a slice, and while code waits for being compiled. A slice costs some microseconds. */
const SLICE_MAX = 1 << 22;
const SLICE_HOT = 1 << 20;

export function tierPolicy(options: Pick<EngineOptions, 'mode' | 'hotThreshold'>): TierPolicy {
  const { mode, hotThreshold } = options;
  if (mode === 'interpret') return { threshold: 0, minimumExecutions: 0, ...BATCH };
  if (mode === 'translate') return { threshold: 1, minimumExecutions: 0, batch: 1, waitTicks: 0 };
  const threshold = hotThreshold ?? THRESHOLD;
  return { threshold, minimumExecutions: Math.max(1, threshold >> 4), ...(hotThreshold === undefined ? BATCH : TEST_BATCH) };
}

export class HotBlocks {
  private readonly i32: Int32Array;
  private readonly cache: CodeCache;
  private readonly compiler: Compiler;
  private readonly beforeCompiling: () => void;
  private readonly waitTicks: number;
  /** Tick at which the queue was last empty. */
  private emptyAt = 0;

  constructor(
    memory: WebAssembly.Memory,
    parts: { cache: CodeCache; compiler: Compiler; policy: TierPolicy; beforeCompiling: () => void },
  ) {
    this.i32 = new Int32Array(memory.buffer);
    this.cache = parts.cache;
    this.compiler = parts.compiler;
    this.beforeCompiling = parts.beforeCompiling;
    this.waitTicks = parts.policy.waitTicks;
    this.i32[GLOBAL_HOT_LIMIT >> 2] = parts.policy.batch;
  }

  /** Most ticks that the next slice may have. */
  get sliceTicks(): number {
    return this.i32[GLOBAL_HOT_COUNT >> 2] !== 0 ? SLICE_HOT : SLICE_MAX;
  }

  /** Between slices: compiles what has waited long enough. */
  look(tick: number): void {
    if (this.i32[GLOBAL_HOT_COUNT >> 2] === 0) this.emptyAt = tick;
    else if (tick - this.emptyAt > this.waitTicks) this.compile(tick);
  }

  /** Compiles the queue as one module. */
  compile(tick: number): void {
    const { i32 } = this;
    const count = Math.min(i32[GLOBAL_HOT_COUNT >> 2], HOT_QUEUE_MAX);
    i32[GLOBAL_HOT_COUNT >> 2] = 0;
    this.emptyAt = tick;
    const entries: Block[] = [];
    for (let i = 0; i < count; i++) {
      const block = this.cache.byHeader(i32[(GLOBAL_HOT_QUEUE >> 2) + i]);
      if (block) entries.push(block);
    }
    this.beforeCompiling();
    this.compiler.compile(entries);
    if (this.compiler.counts.modules >= SMALL_MODULES) i32[GLOBAL_HOT_LIMIT >> 2] = Math.max(i32[GLOBAL_HOT_LIMIT >> 2], BATCH.batch);
  }

  /** The machine went back to `tick`. */
  rewind(tick: number): void {
    this.emptyAt = Math.min(this.emptyAt, tick);
  }
}
