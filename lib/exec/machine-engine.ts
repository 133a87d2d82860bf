/** What the run loop, the debugger and the recorder know about the engine that executes a machine's harts. Types only. */
import type { AddressSpace } from '../mem/address-space.js';
import type { PhysicalMemory } from '../mem/physical-memory.js';
import type { VirtualClock } from '../util/virtual-clock.js';
import type { DebugStop, EngineDebug } from './debug.js';
import type { EngineSnapshots } from './state.js';

export interface Engine {
  readonly snapshots: EngineSnapshots;
  /** Ticks so far: instructions retired plus traps taken. */
  readonly tick: number;
  readonly clock: VirtualClock;
  /** For devices that access memory by themselves. */
  readonly memory: PhysicalMemory;
  readonly debug: EngineDebug;
  /**
   * Executes up to the tick `untilTick`. While every hart waits, virtual time jumps to the next timer; the guest cannot tell how often
   * a jump was interrupted.
   */
  run(untilTick: number, limits?: RunLimits): StopReason;
  /** Plans the harts' turns and timers anew: something outside of the engine changed them. */
  interruptSlice(): void;
  /** Makes `run` return after the current instruction, or at once when it is called next. For callers inside `run` too. */
  requestStop(): void;
  /** Sets bit `bit` of the interrupts that hart `hart` has pending. */
  setInterrupt(hart: number, bit: number, level: boolean): void;
  /** Holds harts back (bit n: hart n): they wait, whatever comes, until they are let go. Machine state. Between two calls of `run` only. */
  hold(harts: number): void;
  /** A digest of the whole state at the current tick: registers, devices, memory. */
  stateDigest(): string;
  stats(): EngineStats;
  /** A store by something else than an instruction, with all the tracking of a guest's store. False where there is no RAM. */
  storeByte(paddr: number, value: number): boolean;
  /** Puts all harts into their reset state and forgets everything derived from memory, which may have been written to before. Ticks go on. */
  reset(): void;
}

export interface RunLimits {
  /** Idle time is not skipped beyond this virtual time (a whole number of nanoseconds; default: without limit). */
  readonly skipUntilNs?: number;
  /** Stops at this position, in the middle of idle time too; with `limit`, as at `untilTick`. Of the positions of a run, each has its own virtual time. */
  readonly until?: { readonly tick: number; readonly skippedNs: number };
  /** A breakpoint in front of the very first instruction does not stop. */
  readonly passBreakpoint?: boolean;
  /** `run` stops (`limit`) when this hart has taken one tick; the others take their turns meanwhile. */
  readonly stepHart?: number;
}

export type StopReason =
  | DebugStop
  /** `untilTick` or `until` is reached. */
  | { readonly kind: 'limit' }
  /** `requestStop` was called, for example because the guest powered off. */
  | { readonly kind: 'stopped' }
  /** All harts wait. `wakeNs`: the next timer, beyond `skipUntilNs`; absent when no timer is pending. */
  | { readonly kind: 'idle'; readonly wakeNs?: number };

export interface EngineStats {
  /** Instructions retired: ticks less traps. */
  readonly instructions: number;
  readonly engine: {
    readonly translatedTicks: number;
    readonly interpretedTicks: number;
    readonly regions: number;
    readonly modules: number;
    readonly compileSeconds: number;
    readonly chained: number;
    readonly unchained: number;
    readonly invalidated: number;
  };
  readonly tlb: { readonly fills: number; readonly slowPaths: number };
}

/** Which of the two engines runs guest code; `auto`: the interpreter until code is hot. */
export type EngineMode = 'auto' | 'interpret' | 'translate';

export interface EngineOptions {
  readonly memory: WebAssembly.Memory;
  /** The engine's modules import its `mmioRead` and `mmioWrite`. Its devices are mapped later, and before the first `run`. */
  readonly space: AddressSpace;
  readonly harts: number;
  /** Host address of the first hart's area, and of the block arena. */
  readonly hartsAt: number;
  readonly arenaAt: number;
  readonly arenaBytes: number;
  readonly resetPc: number;
  readonly nsPerTick: number;
  readonly mode: EngineMode;
  /** Whether regions are chained to each other. */
  readonly chain: boolean;
  /** Executions after which a block is compiled, for tests of mode `auto`. */
  readonly hotThreshold?: number;
  /** After how much of the host's memory the function table is replaced, for tests; see FunctionTable. */
  readonly tableCellsMax?: number;
  /** Is told of every block that was executed. */
  readonly onBlock?: BlockHook;
  /** The state of everything outside harts and memory, as text, for the state digest. */
  readonly deviceState?: () => string;
}

/**
 * Told, behind them, of the instructions at `pc` (a virtual address) and up that hart `hart` has executed one behind the other: a block of code, or
 * as much of one as came before a trap, an interrupt, a timer or the end of a run. All the calls together count each instruction retired once.
 * A hook sees and changes nothing of the machine, and must not throw; a machine that runs through its past calls it again.
 */
export type BlockHook = (hart: number, pc: bigint, instructions: number) => void;

export type EngineFactory<GuestOptions> = (options: EngineOptions, guest: GuestOptions) => Engine;
