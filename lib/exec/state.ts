/** How the engine's state is saved and restored: everything of a machine but its devices. Types only. */

/** State of the engine without the contents of memory. Plain data, safe for msgpack. */
export interface EngineState {
  readonly tick: number;
  readonly skippedNs: number;
  /** Whose turn it is, and the tick at which it ends (-1: never). */
  readonly turn: number;
  readonly turnEnd: number;
  /** Harts that a debugger holds back, one bit each. */
  readonly held: number;
  /** Per hart: the parts of HART_STATE, one after another. */
  readonly harts: readonly Uint8Array[];
}

/** Collects which pages were stored to, by whomever. Several may be open; each sees every page. */
export interface DirtyLog {
  /** Frame numbers of the pages that were stored to since the last call (the first time: ever, and all others are zero), ascending. */
  take(): Int32Array;
  close(): void;
}

/** The guest's RAM and ROM as pages of 4096 bytes, numbered from 0 ("frames"). */
export interface GuestPages {
  readonly count: number;
  /** A view of the live contents. */
  read(frame: number): Uint8Array;
  /** Restores a page: code that was translated from it is dropped where it differs. Address translations must be flushed afterwards (`EngineSnapshots.load` does). Counts as a store for all dirty logs. */
  write(frame: number, bytes: Uint8Array): void;
  openDirtyLog(): DirtyLog;
  /** The physical address of a page's first byte. */
  paddrOf(frame: number): number;
  /** The page that holds `paddr`, -1 where there is no memory. */
  frameOf(paddr: number): number;
}

export interface EngineSnapshots {
  readonly pages: GuestPages;
  /** Between two calls of `run` only. */
  save(): EngineState;
  /**
   * Restores harts, time and turns, after `pages` and before the devices. Translated code stays; translations of addresses are dropped. Throws
   * `ImageError`, with nothing changed, for what is no state of such a machine.
   */
  load(state: EngineState): void;
}
