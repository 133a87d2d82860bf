/**
 * What a debugger sees of the engine. Types only.
 *
 * Nothing here is machine state (law 5): breakpoints, watchpoints and their conditions survive a restore, and the state at a tick is the same with
 * or without them. Writes to registers and memory do change the machine; they are input, and go through the machine's door, never through here alone.
 */
import type { DebugRegister } from '../isa/guest.js';

/**
 * Stops a hart in front of the instruction at the virtual address `pc`, whatever address space it is in, mapped already or not; and in front of the
 * trap where the hart gets there and may not fetch (a debugger's calls return to the stack, which is not executable).
 */
export interface Breakpoint {
  readonly pc: bigint;
  /** Only harts for which it gives true stop. It may read registers and memory, and must not change anything. */
  readonly condition?: (hart: number) => boolean;
}

export type WatchKind = 'read' | 'write' | 'access';

/** Stops a hart behind the instruction that touched any of `length` bytes at `address`. */
export interface Watchpoint {
  readonly address: bigint;
  readonly length: number;
  readonly kind: WatchKind;
  /** Virtual: accesses of harts at this virtual address, in whatever address space. Physical: through any mapping, and by devices too. */
  readonly space: 'virtual' | 'physical';
  /** Sees the state behind the instruction. -1: a device. */
  readonly condition?: (hart: number) => boolean;
}

export type DebugStop =
  /** In front of the instruction at `pc`: the hart's pc. */
  | { readonly kind: 'breakpoint'; readonly hart: number; readonly breakpoint: Breakpoint }
  /**
   * Behind the instruction at `pc`, whose access began at `address` (physical for a physical watchpoint). `hart` is -1 where a device did it: behind
   * the instruction that started it (`pc`), or, between two runs, at once (`pc` is 0).
   */
  | {
      readonly kind: 'watchpoint';
      readonly hart: number;
      readonly watchpoint: Watchpoint;
      readonly address: bigint;
      readonly access: 'read' | 'write';
      /** Of the instruction. */
      readonly pc: bigint;
    };

export interface EngineDebug {
  /** GDB's name of the architecture. */
  readonly architecture: string;
  /** All registers that a debugger may ask for, in the order of GDB's numbers. */
  readonly registers: readonly DebugRegister[];
  readonly harts: number;
  /** The hart whose turn it is: the next tick is its, unless it waits. */
  readonly currentHart: number;
  /** Replace the former ones, from the next `run` on. */
  setBreakpoints(breakpoints: readonly Breakpoint[]): void;
  setWatchpoints(watchpoints: readonly Watchpoint[]): void;
  pc(hart: number): bigint;
  /** Whether the hart waits for an interrupt, or is stopped. */
  isWaiting(hart: number): boolean;
  /** Ticks that the hart itself took. */
  hartTicks(hart: number): number;
  /** The register `registers[index]`, without side effects. */
  readRegister(hart: number, index: number): bigint;
  /** False when it cannot be written. Changes the machine. */
  writeRegister(hart: number, index: number, value: bigint): boolean;
  /** The physical address of `vaddr` in the hart's current address space and privilege, undefined where nothing is mapped. No side effects: neither A and D bits nor traps. */
  translate(hart: number, vaddr: bigint): number | undefined;
  /** The text of the instruction at `vaddr` and its length in bytes; undefined where there is no memory. */
  disassemble(hart: number, vaddr: bigint): { readonly text: string; readonly length: number } | undefined;
}
