/**
 * The engine: runs a machine's harts tick by tick exactly, by interpreting IR while code is cold and by lowered regions when it is hot.
 *
 * All state is in linear memory. `run` works in slices that end at the next event of virtual time; inside a slice WebAssembly functions
 * tail-call each other, and come back here for what only TypeScript does: translating, linking, compiling, waiting.
 */
import { setFlagsFromString } from 'node:v8';
import { OPCODE_NUMBER } from '../ir/encoding.js';
import { generateInterpreter } from '../ir/interpreter.js';
import type { Guest } from '../isa/guest.js';
import {
  ARMED_PAGES,
  ENV_BLOCK,
  ENV_BUDGET,
  ENV_CELL,
  ENV_CURRENT_BLOCK,
  ENV_EXIT,
  ENV_HART,
  ENV_PC,
  ENV_POLL,
  ENV_STAT_FILLS,
  ENV_STAT_INTERPRETED,
  ENV_STAT_SLOW,
  ENV_TICK_LIMIT,
  ENV_TICK_SKEW,
  ENV_TICKS,
  ENV_TRAPS,
  ENV_WFI,
  ENV_YIELD,
  EXIT_BUDGET,
  EXIT_DEBUG,
  EXIT_HOT,
  EXIT_LINK,
  EXIT_MISS,
  EXIT_PARTIAL,
  EXIT_REQUEST,
  EXIT_WFI,
  FN_ACCESS_FAULT,
  FN_FETCH,
  FN_HELPERS,
  FN_POLL,
  FN_REGIONS,
  FN_TABLE_STORE,
  FN_TAKE_TRAP,
  FN_TRANSLATE,
  GLOBAL_ARMED_PAGES,
  GLOBAL_CONTEXT_NEXT,
  GLOBAL_DROP_CODE,
  GLOBAL_NS_PER_TICK,
  GLOBAL_PART_CELL,
  GLOBAL_SKIPPED_NS,
  GLOBAL_TABLE_EPOCH,
  HART_SIZE,
  LEAVE_REQUEST,
  LEAVE_WATCH,
  PAGE_SIZE,
} from '../mem/layout.js';
import { type PhysicalMemory, TrackedMemory } from '../mem/physical-memory.js';
import { assert } from '../util/errors.js';
import { given } from '../util/given.js';
import { BlockFinder } from './block-finder.js';
import { BlockTrace } from './block-trace.js';
import { Breakpoints } from './breakpoints.js';
import { EventClock } from './clock.js';
import { CodeCache } from './code-cache.js';
import { Compiler } from './compiler.js';
import type { DebugStop } from './debug.js';
import { StateDigest } from './digest.js';
import { DirtyPages } from './dirty-log.js';
import { FunctionTable } from './function-table.js';
import { HotBlocks, tierPolicy } from './hot-blocks.js';
import { Inspector } from './inspector.js';
import type { Engine, EngineOptions, EngineStats, RunLimits, StopReason } from './machine-engine.js';
import { loadMmu, type Mmu } from './mmu.js';
import { type EngineTimes, MemoryPages, Snapshots } from './snapshots.js';
import { Translator } from './translator.js';
import { Turns } from './turns.js';
import { Watchpoints } from './watchpoints.js';

/** Virtual time ends before nanoseconds stop being exact numbers, after 104 days. */
const TIME_END_NS = Number.MAX_SAFE_INTEGER;
const TABLE_INITIAL = 1024;
const NEVER = { tick: Number.POSITIVE_INFINITY, skippedNs: 0 };

// Generated code marks its slow paths as rarely taken; V8 heeds that by default only in newer versions. Without it, values are spilled on the fast paths.
setFlagsFromString('--experimental-wasm-branch-hinting');

const interpreters = new Map<number, WebAssembly.Module>();

/** The interpreter for a linear memory of `pages` WebAssembly pages, made once. */
function interpreterModule(pages: number): WebAssembly.Module {
  let module = interpreters.get(pages);
  if (!module) interpreters.set(pages, (module = new WebAssembly.Module(generateInterpreter(pages, TABLE_INITIAL))));
  return module;
}

/** The guest's exports that the engine itself calls. */
interface GuestCalls {
  fetch(env: number, vaddr: bigint): bigint;
  takeTrap(env: number): void;
  resetHart(env: number, pc: bigint): void;
  refresh(env: number): void;
  wireInterrupt(env: number, bit: number, level: number): void;
  nextTimerTick(env: number): bigint;
}

/** The interpreter's exports that the engine itself calls. */
interface InterpreterCalls {
  dispatch(env: number, budget: number, cell: number): number;
  interpret(env: number, budget: number, cell: number): number;
}

export class MachineEngine implements Engine {
  readonly clock: EventClock;
  readonly memory: PhysicalMemory;
  private readonly o: EngineOptions;
  private readonly guest: Guest;
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  private readonly i64: BigInt64Array;
  private readonly mmu: Mmu;
  private readonly calls: GuestCalls;
  private readonly functions: FunctionTable;
  private interpreter: InterpreterCalls;
  private readonly cache: CodeCache;
  private readonly finder: BlockFinder;
  private readonly compiler: Compiler;
  private readonly hot: HotBlocks;
  /** Only where a hook wants to know. */
  private readonly trace: BlockTrace | undefined;
  private readonly dirty: DirtyPages;
  private readonly digest: StateDigest;
  readonly snapshots: Snapshots;
  readonly debug: Inspector;
  private readonly breakpoints: Breakpoints;
  private readonly watchpoints: Watchpoints;
  private readonly harts: readonly number[];
  /** Tick at which the current slice ends; the exact tick is this less ENV_BUDGET of the running hart. */
  private sliceEnd = 0;
  private running = -1;
  private readonly turns: Turns;
  private stopRequested = false;
  /** Why the debugger wants the run to stop; the tick at which breakpoints do not count; the block behind one that is passed over, 0 when none. */
  private debugStop: DebugStop | undefined;
  private passTick = -1;
  private nextBlock = 0;
  /** Ticks that were taken back by restoring earlier states. */
  private rewound = 0;

  constructor(guest: Guest, options: EngineOptions) {
    this.o = options;
    this.guest = guest;
    const { memory } = options;
    this.i32 = new Int32Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.i64 = new BigInt64Array(memory.buffer);
    this.harts = Array.from({ length: options.harts }, (_, i) => options.hartsAt + i * HART_SIZE);
    this.turns = new Turns(memory, this.harts);
    this.clock = new EventClock({ nsPerTick: options.nsPerTick, tickNow: () => this.tick, onEarlier: () => this.interruptSlice() });
    // The soft-MMU and the guest call each other through a table of their own: the one with the regions does not last.
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: FN_REGIONS });
    this.initialiseGlobals();
    const { exports: mmuExports, mmu } = loadMmu(memory, table, {
      mmioRead: options.space.mmioRead,
      mmioWrite: options.space.mmioWrite,
      codeWritten: (_env, paddr, bytes) => void this.cache.invalidate(paddr, bytes),
    });
    this.mmu = mmu;
    this.memory = new TrackedMemory(memory, options.space, mmu);
    const guestExports = guest.instantiate({ memory, table, mmu: mmuExports });
    this.calls = guestExports as unknown as GuestCalls;
    this.fillTable(table, guestExports);
    const pages = memory.buffer.byteLength / 0x10000;
    const { onBlock } = options;
    this.trace = onBlock && new BlockTrace(memory, { onBlock, sliceEnd: () => this.sliceEnd });
    const blockHead = this.trace?.blockHead;
    this.functions = new FunctionTable({
      size: TABLE_INITIAL,
      fill: (regions) => {
        this.fillTable(regions, guestExports);
        const imports = { env: { memory, table: regions, blockHead: blockHead ?? (() => {}) }, mmu: mmuExports };
        return new WebAssembly.Instance(interpreterModule(pages), imports).exports;
      },
      ...given({ cellsMax: options.tableCellsMax }),
    });
    this.interpreter = this.functions.interpreter as unknown as InterpreterCalls;
    const policy = tierPolicy(options);
    this.cache = new CodeCache({
      memory,
      functions: this.functions,
      arenaAt: options.arenaAt,
      arenaBytes: options.arenaBytes,
      hotThreshold: policy.threshold,
      pages: {
        markCode: (paddr, bytes) => mmu.markCode(BigInt(paddr), bytes),
        unmarkCode: (paddr) => mmu.unmarkCode(mmu.frameOf(BigInt(paddr))),
        renewContexts: () => mmu.renewContexts(),
        forgetBlock: mmu.forgetBlock,
      },
    });
    const source = { hostPage: (paddr: number) => this.hostPage(paddr) };
    const translator = new Translator(memory, guest, this.cache, source, { chain: options.chain, heads: onBlock !== undefined });
    this.breakpoints = new Breakpoints({
      invalidate: (paddr) => void this.cache.invalidate(paddr, 1),
      renewContexts: () => mmu.renewContexts(),
      armedPages: new Uint8Array(memory.buffer, GLOBAL_ARMED_PAGES, ARMED_PAGES),
      isMemory: (paddr) => options.space.memoryAt(paddr, 1) !== undefined,
    });
    this.watchpoints = new Watchpoints(memory, () => mmu.flushBanks());
    const { cache, breakpoints, watchpoints, calls } = this;
    const stopsInFront = (env: number) => this.stopsInFront(env);
    const { fetch, takeTrap } = calls;
    this.finder = new BlockFinder({ memory, cache, translator, breakpoints, fetch, takeTrap, noteBlock: mmu.noteBlock, stopsInFront });
    this.compiler = new Compiler({
      memory,
      functions: this.functions,
      guest,
      cache: this.cache,
      guestExports,
      mmu: mmuExports,
      blockHead,
      minimumExecutions: policy.minimumExecutions,
    });
    this.dirty = new DirtyPages(memory, () => mmu.cleanPages());
    this.digest = new StateDigest(memory, { dirty: this.dirty, hash: mmu });
    this.snapshots = this.createSnapshots();
    this.hot = new HotBlocks(memory, { cache, compiler: this.compiler, policy, beforeCompiling: () => this.renewFunctions() });
    this.reset();
    const inspector = guest.inspect(memory, guestExports);
    this.debug = new Inspector({ memory, space: options.space, guest, inspector, harts: this.harts, breakpoints, watchpoints, run: this });
  }

  private initialiseGlobals(): void {
    const { i32, i64 } = this;
    i32[GLOBAL_TABLE_EPOCH >> 2] = 1;
    i32[GLOBAL_CONTEXT_NEXT >> 2] = 1;
    i64[GLOBAL_NS_PER_TICK >> 3] = BigInt(this.o.nsPerTick);
    for (const [hart, env] of this.harts.entries()) i32[(env + ENV_HART) >> 2] = hart;
  }

  private fillTable(table: WebAssembly.Table, guestExports: WebAssembly.Exports): void {
    const hooks = [
      [FN_TRANSLATE, 'translate'],
      [FN_TAKE_TRAP, 'takeTrap'],
      [FN_POLL, 'poll'],
      [FN_FETCH, 'fetch'],
      [FN_TABLE_STORE, 'tableStore'],
      [FN_ACCESS_FAULT, 'accessFault'],
      ...this.guest.helpers.map((helper, i) => [FN_HELPERS + i, helper.name] as const),
    ] as const;
    for (const [slot, name] of hooks) {
      assert(slot < FN_REGIONS && guestExports[name], `guest ${this.guest.name}: no export ${name}`);
      table.set(slot, guestExports[name]);
    }
  }

  get tick(): number {
    return this.running < 0 ? this.sliceEnd : this.sliceEnd - this.i32[(this.running + ENV_BUDGET) >> 2];
  }

  requestStop(): void {
    this.stopRequested = true;
    this.interruptSlice();
  }

  storeByte(paddr: number, value: number): boolean {
    return this.mmu.storePhysical(BigInt(paddr), BigInt(value), 1) !== 0;
  }

  setInterrupt(hart: number, bit: number, level: boolean): void {
    this.calls.wireInterrupt(this.harts[hart], bit, level ? 1 : 0);
  }

  /** The running slice must end soon, because timers or harts changed: after the current instruction, since only devices and helpers come here. */
  interruptSlice(): void {
    if (this.running >= 0) this.i32[(this.running + ENV_EXIT) >> 2] = LEAVE_REQUEST;
  }

  hold(harts: number): void {
    this.turns.held = harts;
  }

  get currentHart(): number {
    return this.turns.hart;
  }

  /** Area of the hart that is running, -1 between runs. */
  get runningHart(): number {
    return this.running;
  }

  run(untilTick: number, limits: RunLimits = {}): StopReason {
    this.breakpoints.apply();
    this.watchpoints.apply();
    this.passTick = limits.passBreakpoint ? this.tick : -1;
    const stop = this.runTurns(untilTick, limits);
    this.turns.unpass();
    return stop;
  }

  private runTurns(untilTick: number, limits: RunLimits): StopReason {
    const { skipUntilNs = Number.POSITIVE_INFINITY, until = NEVER, stepHart = -1 } = limits;
    const { turns, harts } = this;
    let lastTick = untilTick;
    // Harts in a row that had nothing to do: when it is all of them, the machine is idle.
    for (let waiting = 0; ; ) {
      this.clock.fire();
      const stop = this.takeStop();
      if (stop) return stop;
      const now = this.tick;
      if (now >= lastTick || isReached(until, now, this.clock.skippedNs)) return { kind: 'limit' };
      if (now >= turns.end) turns.pass(now);
      const { hart } = turns;
      const env = harts[hart];
      const stepEnd = hart === stepHart ? now + 1 : Number.POSITIVE_INFINITY;
      const end = Math.min(lastTick, until.tick, stepEnd, now + this.hot.sliceTicks, turns.end, this.clock.nextTick, this.timerTick(env));
      const waits = turns.isHeld(hart) || this.runSlice(env, now, Math.max(end, now + 1));
      // In front of the next instruction, and with nothing due: what `fire` did already is not done again.
      if (this.debugStop?.kind === 'breakpoint') return this.takeStop()!;
      if (hart === stepHart && this.tick > now) lastTick = this.tick;
      // A hart that begins to wait keeps its turn until another one takes a tick.
      if (!waits || this.tick > now) waiting = 0;
      else if (++waiting < harts.length) turns.pass(now);
      else {
        const untilNs = now === until.tick ? now * this.o.nsPerTick + until.skippedNs : Number.POSITIVE_INFINITY;
        const idle = this.skipIdle(Math.min(skipUntilNs, untilNs));
        if (idle && !isReached(until, now, this.clock.skippedNs)) return idle;
        waiting = 0;
        turns.unpass();
      }
    }
  }

  /** Why to stop here, if somebody asked for it. */
  private takeStop(): StopReason | undefined {
    // What a device did between two instructions may be watched too.
    const stop = this.debugStop ?? this.watchpoints.stop(0);
    this.debugStop = undefined;
    if (stop) return stop;
    if (!this.stopRequested) return undefined;
    this.stopRequested = false;
    return { kind: 'stopped' };
  }

  /** All harts wait: jumps to the next timer, or says why not. */
  private skipIdle(skipUntilNs: number): StopReason | undefined {
    const wakeNs = this.nextWakeNs();
    if (wakeNs > TIME_END_NS) return { kind: 'idle' };
    this.skipTo(Math.min(wakeNs, skipUntilNs));
    return wakeNs > skipUntilNs ? { kind: 'idle', wakeNs } : undefined;
  }

  /** Tick at which the hart's own timer becomes due, infinity when it is not armed or due already. */
  private timerTick(env: number): number {
    const tick = Number(this.calls.nextTimerTick(env));
    return tick < 0 || tick <= this.tick ? Number.POSITIVE_INFINITY : tick;
  }

  private nextWakeNs(): number {
    const timers = this.harts.map((env, hart) =>
      this.turns.isHeld(hart) ? Number.POSITIVE_INFINITY : this.timerTick(env) * this.o.nsPerTick + this.clock.skippedNs,
    );
    return Math.min(this.clock.nextNs, ...timers);
  }

  private skipTo(timeNs: number): void {
    const by = timeNs - this.clock.nowNs();
    if (by <= 0) return;
    this.clock.skippedNs += by;
    this.i64[GLOBAL_SKIPPED_NS >> 3] = BigInt(this.clock.skippedNs);
  }

  /** Executes one hart from tick `now` to `end`, or until something wants attention. Returns whether the hart waits for an interrupt. */
  private runSlice(env: number, now: number, end: number): boolean {
    const { i32 } = this;
    if (i32[GLOBAL_DROP_CODE >> 2] !== 0) this.dropCode();
    this.sliceEnd = end;
    this.i64[(env + ENV_TICK_LIMIT) >> 3] = BigInt(end);
    i32[(env + ENV_BUDGET) >> 2] = end - now;
    i32[(env + ENV_POLL) >> 2] = 1;
    i32[(env + ENV_EXIT) >> 2] = 0;
    i32[(env + ENV_YIELD) >> 2] = 0;
    this.i64[(env + ENV_TICK_SKEW) >> 3] = BigInt(now) - this.i64[(env + ENV_TICKS) >> 3];
    this.running = env;
    const waited = i32[(env + ENV_WFI) >> 2];
    let waits = false;
    for (let going = true; going; ) {
      const code = this.enter(env, i32[(env + ENV_BUDGET) >> 2]);
      going = this.handleExit(env, code);
      waits = code === EXIT_WFI;
    }
    this.sliceEnd = this.tick;
    this.trace?.end(env);
    this.running = -1;
    // A hart that would wake up with this tick has not yet.
    if (this.debugStop && this.sliceEnd === now) i32[(env + ENV_WFI) >> 2] = waited;
    this.i64[(env + ENV_TICKS) >> 3] += BigInt(this.sliceEnd - now);
    if (i32[(env + ENV_YIELD) >> 2] !== 0) this.turns.end = Math.min(this.turns.end, this.sliceEnd);
    if (this.sliceEnd > now) this.turns.settle(this.sliceEnd);
    this.hot.look(this.sliceEnd);
    return waits;
  }

  /** Chains go where fetches were allowed once. */
  private dropCode(): void {
    this.i32[GLOBAL_DROP_CODE >> 2] = 0;
    this.cache.clear();
  }

  /** Goes on at ENV_PC, or with the block behind a breakpoint that was passed over. */
  private enter(env: number, budget: number): number {
    if (this.nextBlock === 0) return this.interpreter.dispatch(env, budget, 0);
    this.i32[GLOBAL_PART_CELL >> 2] = this.nextBlock;
    this.nextBlock = 0;
    return this.interpreter.interpret(env, budget, GLOBAL_PART_CELL);
  }

  /** Does what an exit asks for; false when the slice is over. */
  private handleExit(env: number, code: number): boolean {
    const { i32 } = this;
    switch (code) {
      case EXIT_MISS:
        if (i32[(env + ENV_BUDGET) >> 2] > 0) this.finder.enterJumpCache(env);
        return this.debugStop === undefined;
      case EXIT_LINK: {
        if (i32[(env + ENV_BUDGET) >> 2] === 0) return true;
        const cell = i32[(env + ENV_CELL) >> 2];
        const { recycled } = this.cache;
        const block = this.finder.find(env);
        if (block && this.cache.recycled === recycled) this.cache.link(cell, block);
        return this.debugStop === undefined;
      }
      case EXIT_PARTIAL:
        this.runPart(env);
        return true;
      case EXIT_HOT:
        this.hot.compile(this.tick);
        return true;
      case EXIT_DEBUG:
        return this.atBreakpoint(env);
      case EXIT_REQUEST:
        return this.afterRequest(env);
      case EXIT_BUDGET:
      case EXIT_WFI:
        return false;
      default:
        throw assert(false, `engine: unknown exit ${code}`);
    }
  }

  /** Blocks end in front of ENV_PC: stops, or passes over it. False when the slice is over. */
  private atBreakpoint(env: number): boolean {
    // Whether this instruction is the next one is not decided before the run loop has looked around.
    if (this.i32[(env + ENV_BUDGET) >> 2] === 0) return false;
    if (this.stopsInFront(env)) return false;
    this.nextBlock = this.finder.findPast(env)?.header ?? 0;
    return true;
  }

  /** Whether a breakpoint stops the hart in front of ENV_PC; what it is, is in `debugStop` then. */
  private stopsInFront(env: number): boolean {
    if (this.tick === this.passTick) return false;
    this.debugStop = this.breakpoints.stopAt(this.i64[(env + ENV_PC) >> 3], this.i32[(env + ENV_HART) >> 2]);
    return this.debugStop !== undefined;
  }

  /** ENV_EXIT was set: by an access that a watchpoint may want to see, by a device, or by `requestStop`. False when the slice is over. */
  private afterRequest(env: number): boolean {
    this.debugStop = this.watchpoints.stop(env);
    if (this.debugStop || this.i32[(env + ENV_EXIT) >> 2] !== LEAVE_WATCH) return false;
    this.i32[(env + ENV_EXIT) >> 2] = 0;
    return true;
  }

  // --- parts of blocks, compiling ---------------------------------------------------------------------------------------

  /** Host address of a page of guest memory, -1 where there is none. */
  private hostPage(paddr: number): number {
    const region = this.o.space.memoryAt(paddr, PAGE_SIZE);
    return region ? region.host + (paddr - region.base) : -1;
  }

  /** The block at ENV_BLOCK is longer than the budget: runs as many of its instructions as fit. */
  private runPart(env: number): void {
    const { i32, u16 } = this;
    const insns = i32[(env + ENV_BUDGET) >> 2];
    if (insns === 0) return;
    const block = this.cache.byHeader(i32[(env + ENV_BLOCK) >> 2]);
    assert(block && insns < block.insns, 'engine: bad partial block');
    const record = this.cache.recordOf(block, insns) >> 1;
    const original = u16[record];
    u16[record] = OPCODE_NUMBER.stop;
    i32[(env + ENV_CURRENT_BLOCK) >> 2] = insns;
    i32[GLOBAL_PART_CELL >> 2] = block.header;
    const code = this.interpreter.interpret(env, insns, GLOBAL_PART_CELL | 1);
    u16[record] = original;
    this.afterPart(env, code);
  }

  private afterPart(env: number, code: number): void {
    if (code === EXIT_MISS || code === EXIT_LINK || code === EXIT_PARTIAL || code === EXIT_HOT) this.handleExit(env, code);
    else if (code === EXIT_WFI || code === EXIT_REQUEST) this.i32[(env + ENV_POLL) >> 2] = 1;
  }

  /** Gives back what old code has cost, if that is too much. No lowered code is running. */
  private renewFunctions(): void {
    if (!this.functions.isWornOut) return;
    this.functions.renew();
    this.interpreter = this.functions.interpreter as unknown as InterpreterCalls;
    this.cache.forgetRegions();
  }

  // --- state -----------------------------------------------------------------------------------------------------------

  stateDigest(): string {
    const { hart, end, held } = this.turns;
    const schedule = `${this.harts.length > 1 ? `${hart} ${end}` : ''}${held === 0 ? '' : ` held ${held}`}`;
    return this.digest.compute(this.harts, `${this.tick} ${this.clock.skippedNs} ${schedule} ${this.o.deviceState?.() ?? ''}`);
  }

  stats(): EngineStats {
    const sum = (field: number) => this.harts.reduce((total, env) => total + (this.i32[(env + field) >> 2] >>> 0), 0);
    const traps = this.harts.reduce((total, env) => total + Number(this.i64[(env + ENV_TRAPS) >> 3]), 0);
    const interpretedTicks = this.harts.reduce((total, env) => total + Number(this.i64[(env + ENV_STAT_INTERPRETED) >> 3]), 0);
    const { regions, chained, unchained, invalidated } = this.cache.counts;
    const { modules, compileMs } = this.compiler.counts;
    return {
      instructions: this.tick - traps,
      engine: {
        translatedTicks: this.tick + this.rewound - interpretedTicks,
        interpretedTicks,
        regions,
        modules,
        compileSeconds: compileMs / 1000,
        chained,
        unchained,
        invalidated,
      },
      tlb: { fills: sum(ENV_STAT_FILLS), slowPaths: sum(ENV_STAT_SLOW) },
    };
  }

  reset(): void {
    this.mmu.flushAll();
    for (const env of this.harts) this.calls.resetHart(env, BigInt(this.o.resetPc));
    this.cache.clear();
  }

  private createSnapshots(): Snapshots {
    const { memory } = this.o;
    const pages = new MemoryPages(memory, { dirty: this.dirty, invalidate: (paddr, bytes) => void this.cache.invalidate(paddr, bytes) });
    return new Snapshots({ memory, pages, harts: this.harts, getTimes: () => this.times(), restored: (times) => this.restored(times) });
  }

  private times(): EngineTimes {
    return { ...this.turns.state, tick: this.tick, skippedNs: this.clock.skippedNs };
  }

  /** Harts and memory were restored: sets the times, and computes anew what follows from the state. */
  private restored({ tick, skippedNs, ...turns }: EngineTimes): void {
    this.turns.state = turns;
    this.watchpoints.forget();
    this.rewound += this.tick - tick;
    this.sliceEnd = tick;
    this.hot.rewind(tick);
    this.clock.skippedNs = skippedNs;
    this.i64[GLOBAL_SKIPPED_NS >> 3] = BigInt(skippedNs);
    this.mmu.flushAll();
    for (const env of this.harts) {
      // A hart's own idea of the time must not lie in what is now the future.
      this.i64[(env + ENV_TICK_LIMIT) >> 3] = BigInt(tick);
      this.i32[(env + ENV_BUDGET) >> 2] = 0;
      this.calls.refresh(env);
    }
  }
}

/** Whether a run that is at this tick and has skipped this much is at the position `until`, or behind it. */
function isReached(until: { readonly tick: number; readonly skippedNs: number }, tick: number, skippedNs: number): boolean {
  return tick > until.tick || (tick === until.tick && skippedNs >= until.skippedNs);
}
