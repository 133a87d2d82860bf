/**
 * What a GDB session controls: a machine with its timeline and run loop, behind an interface. Types only; lib/cli/debug-target.ts implements it.
 *
 * The session is event-driven: `resume` returns at once, and the target reports through `onStop` when the machine stands still again.
 */
import type { WatchKind } from '../lib/exec/debug.js';
import type { DebugRegister } from '../lib/isa/guest.js';

/**
 * Evaluated by the engine each time the place is hit: only if it gives true the machine stops. It never changes the machine, but going forward it may
 * print (`onOutput` of the session), so it must be called once per hit then. Going back it may be called any number of times.
 */
export type StopCondition = (hart: number) => boolean;

export interface TargetBreakpoint {
  readonly address: bigint;
  readonly condition?: StopCondition;
}

export interface TargetWatchpoint {
  readonly address: bigint;
  readonly length: number;
  readonly kind: WatchKind;
  readonly condition?: StopCondition;
}

/**
 * Like a trap instruction in the code, a breakpoint at the pc where a hart is when it is resumed stops it at once, without a tick: GDB takes breakpoints away
 * while it steps off them. Going back, only places before the present one count.
 */
export type ResumeRequest = {
  /** `range`: steps until the pc of the stepping hart is outside of [from, to). */
  readonly action:
    | { readonly kind: 'continue' }
    | { readonly kind: 'step'; readonly hart: number; readonly range?: { from: bigint; to: bigint } };
  readonly direction: 'forward' | 'reverse';
  /** Bit n: hart n may run; the others are held (scheduler locking). -1: all. */
  readonly harts: number;
};

export type TargetStop =
  /** The step or range is done. */
  | { readonly kind: 'step'; readonly hart: number }
  | { readonly kind: 'breakpoint'; readonly hart: number; readonly address: bigint }
  /**
   * `address`: where the access began, which may lie below the watched range. Going forward the machine stands behind the access; going back it stands in
   * front of the instruction that did it, with a store undone: GDB compares the value with the one it knows, and would go on if it were the same.
   */
  | { readonly kind: 'watchpoint'; readonly hart: number; readonly address: bigint; readonly watchpoint: TargetWatchpoint }
  /** `interrupt` was called, or the machine stopped for a reason of its own (`monitor stop`, end of host input). */
  | { readonly kind: 'interrupt'; readonly hart: number }
  /** Going back reached the beginning of history, or going forward the end of a recording. */
  | { readonly kind: 'history'; readonly end: 'begin' | 'end'; readonly hart: number }
  /** The guest powered off with this code. With a timeline one can still go back from here; `resume` forward is not called any more. */
  | { readonly kind: 'exit'; readonly code: number };

export interface MemoryArea {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly kind: 'ram' | 'rom' | 'device';
}

export interface HartInfo {
  readonly name: string;
  /** For people: running, waiting for an interrupt, stopped; the privilege mode. */
  readonly state: string;
}

export interface DebugTarget {
  /** GDB's name, such as `riscv:rv64`. */
  readonly architecture: string;
  /** LLDB's triple, such as `riscv64-unknown-none`. */
  readonly triple: string;
  readonly registers: readonly DebugRegister[];
  readonly harts: number;
  /** What `?` reports when a client connects. */
  readonly stopReason: TargetStop;
  readonly isRunning: boolean;
  /** Whether history is kept: reverse execution works. */
  readonly canReverse: boolean;
  hartInfo(hart: number): HartInfo;
  pc(hart: number): bigint;
  readRegister(hart: number, index: number): bigint;
  /** False when it cannot be written. */
  writeRegister(hart: number, index: number, value: bigint): boolean;
  /** Reads through the page tables of the hart, or physical memory. Shorter than `length` where it ends at unmapped memory; empty if nothing is there. Registers of devices are read without the effects that reads of the guest's have. */
  readMemory(hart: number, address: bigint, length: number, options: { physical: boolean }): Uint8Array;
  /** False, and nothing written, where not all of it is memory. Write permission and ROM are no obstacle. */
  writeMemory(hart: number, address: bigint, bytes: Uint8Array, options: { physical: boolean }): boolean;
  memoryMap(): readonly MemoryArea[];
  /** What is mapped at the page of `address` in the hart's address space, and how far it goes on like that. No permissions: nothing is there. */
  region(
    hart: number,
    address: bigint,
  ): { readonly start: bigint; readonly length: bigint; readonly permissions: string; readonly name?: string };
  setBreakpoints(breakpoints: readonly TargetBreakpoint[]): void;
  setWatchpoints(watchpoints: readonly TargetWatchpoint[]): void;
  resume(request: ResumeRequest): void;
  /** Stops the machine soon; `onStop` follows if it was running. A `monitor` command that takes long (a seek) is given up, too. */
  interrupt(): void;
  /** The one listener. Called once for each `resume`, and for an `interrupt` that stopped a running machine. */
  onStop: ((stop: TargetStop) => void) | undefined;
  /** Text that the target wants the user to see while the machine runs (progress, warnings). */
  onOutput: ((text: string) => void) | undefined;
  /** Restarts the machine from power-on (R, vRun); stopped at the first instruction. */
  restart(): void;
  /** Ends the program (k, vKill). */
  kill(): void;
  /** A `monitor` command; the text to show. Rejects never. */
  monitor(command: string): Promise<string>;
  /** Whether steps hide interrupts that are taken meanwhile (QEMU's qqemu.sstep bits NOIRQ 2, NOTIMER 4 as one): the handler runs unseen. */
  stepsHideInterrupts: boolean;
}
