/**
 * The front-end interface: everything that `exec`, `mem`, `gdbstub` and `replay` know about a guest architecture.
 */
import type { Builder } from '../ir/builder.js';
import type { SlotType } from '../ir/op-kinds.js';

/** A guest register that lives in a slot and that lowered code may keep in a local. */
export interface GuestRegister {
  readonly name: string;
  /** Byte offset of its slot in the hart's area. */
  readonly offset: number;
  readonly type: SlotType;
}

/** A register as debuggers see it. The guest's table of them is in the order of GDB's register numbers. */
export interface DebugRegister {
  /** GDB's name. */
  readonly name: string;
  /** Other names: by the ABI, or architected. */
  readonly aliases: readonly string[];
  readonly bits: 32 | 64;
  /** GDB's type: `int`, `code_ptr`, `data_ptr`, `ieee_double`, or a name that the feature defines. */
  readonly type: string;
  readonly group: 'general' | 'float' | 'system';
  /** GDB's feature that it belongs to, such as `org.gnu.gdb.riscv.cpu`. */
  readonly feature: string;
  /** GDB's register number. */
  readonly number: number;
}

/** How a debugger sees harts of one instance; `env` is the host address of a hart's area. No call is made while the guest's code runs, except from a breakpoint's condition. */
export interface HartInspector {
  /** GDB's name of the architecture, such as `riscv:rv64`. */
  readonly architecture: string;
  /** All that exist in this configuration, by ascending number. */
  readonly registers: readonly DebugRegister[];
  /** The value of a register of the table above, without side effects and whatever the privilege. */
  read(env: number, register: DebugRegister): bigint;
  /** Writes as much of it as is writable, derived state included. False for a read-only register. */
  write(env: number, register: DebugRegister, value: bigint): boolean;
  /** paddr of `vaddr` in the hart's address space; undefined where nothing is mapped. No side effects: no A and D bits, no traps, permissions do not count. */
  translate(env: number, vaddr: bigint): number | undefined;
}

/** A function of the guest that IR may call: helper(env: i32, a: i64, b: i64, c: i64, arg: i32) -> i64. */
export interface GuestHelper {
  /** Its export name in the guest's instance. */
  readonly name: string;
  /** It may leave STATUS_TRAP or STATUS_EXIT in ENV_STATUS. Without this it must leave ENV_STATUS alone. */
  readonly mayLeave: boolean;
}

/** Reads instruction bytes at the current pc. */
export interface CodeReader {
  /** The 16-bit little-endian unit `index` (0: at the pc) of the instruction; throws `FetchFault` where the page behind the pc's cannot be fetched. */
  unit(index: number): number;
  /** The byte `index` of the instruction. */
  byte(index: number): number;
}

/** What the guest's instance gets to import. */
export interface GuestImports {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  /** The exports of the soft-MMU's instance (lib/mem/assembly). */
  readonly mmu: WebAssembly.Exports;
}

/**
 * Exports that every guest instance has, besides its helpers:
 *
 *     translate(env: i32, vaddr: i64, access: i32) -> i64   data page walk; see TRANSLATE_* below
 *     fetch(env: i32, vaddr: i64) -> i64                    paddr of code at vaddr, or -1 with a trap pending (STATUS_TRAP)
 *     takeTrap(env: i32) -> void                            takes the pending trap: ENV_PC is the trapping pc on entry, the handler's on return
 *     poll(env: i32) -> i32                                 POLL_*: takes the most urgent deliverable interrupt, if any
 *     resetHart(env: i32, pc: i64) -> void                  reset state; derived fields too
 *     refresh(env: i32) -> void                             recomputes the derived fields after the state was written from outside
 */
export interface Guest {
  readonly name: string;
  readonly registers: readonly GuestRegister[];
  /** Offset of a slot that always reads as zero, or -1. */
  readonly zeroSlot: number;
  readonly helpers: readonly GuestHelper[];
  /** Most bytes an instruction can have, and the alignment that every instruction has. */
  readonly maxInsnBytes: number;
  readonly insnAlignment: number;
  /** Instantiates the guest's helpers; the result has the exports listed above. */
  instantiate(imports: GuestImports): WebAssembly.Exports;
  /**
   * Translates the instruction at the builder's pc: sets `b.insnBytes`, emits its IR, and ends the block where control leaves it.
   * An illegal instruction is translated to a trap; this never throws on any bytes.
   */
  translateInsn(b: Builder, code: CodeReader): void;
  /** For debuggers: `exports` is what `instantiate` gave for that memory. */
  inspect(memory: WebAssembly.Memory, exports: WebAssembly.Exports): HartInspector;
  /** The text of the instruction at `pc`, for logs and dumps; `length` is its size in bytes. */
  disassemble(code: CodeReader, pc: bigint): { text: string; length: number };
}

/**
 * `translate` gets ACCESS_* with the size in bytes above bit 4 (0 counts as 1). It gives paddr of the page (bits 63..12) or'ed with TRANSLATE_READ and
 * TRANSLATE_WRITE (allowed on the whole page) and TRANSLATE_UNCACHED (valid for this access only: never put it into a TLB), or -1 with a trap pending.
 */
export {
  ACCESS_FETCH,
  ACCESS_READ,
  ACCESS_WRITE,
  TRANSLATE_READ,
  TRANSLATE_UNCACHED,
  TRANSLATE_WRITE,
} from '../mem/layout.js';

export const POLL_NONE = 0; // nothing to take: go on
export const POLL_TAKEN = 1; // an interrupt was taken: one tick
export const POLL_WAIT = 2; // the hart waits (ENV_WFI) and nothing wakes it
