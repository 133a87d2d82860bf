/** Translation blocks and regions as the code cache keeps them. */

/** In the flags of a block that begins at a breakpoint and passes over it. */
export const PAST_BREAKPOINT = 0x100;

/** A translated block: IR in the block arena, keyed by physical address and TB flags. */
export interface Block {
  /** Index in the code cache; also in the header (BLOCK_ID). */
  readonly id: number;
  /** Host address of its header. */
  readonly header: number;
  readonly paddr: number;
  /** Length of the guest code in bytes. */
  readonly bytes: number;
  /** Physical address of the page that the last instruction crosses into, -1 when it does not. */
  readonly nextPage: number;
  /** TB flags, and PAST_BREAKPOINT. */
  readonly flags: number;
  readonly fixedPc: boolean;
  /** Relative to ENV_PC_BASE: offset in the page, or the pc itself with `fixedPc`. */
  readonly pcOffset: number;
  readonly insns: number;
  /** Arena segment that it lies in. */
  readonly segment: number;
  /** Host addresses of its own cells. */
  readonly cells: readonly number[];
  /** Cells of blocks that are linked to it, each once; absent while there are none. Mostly there is one: a set would take thrice the memory. */
  incoming: number[] | undefined;
  /** Regions that contain it; absent while there are none. */
  regions: Set<Region> | undefined;
  /** The region that is entered at it. */
  region: Region | undefined;
  dead: boolean;
}

/** Several blocks lowered to one WebAssembly function. */
export interface Region {
  /** Its place in the function table. */
  readonly slot: number;
  readonly entry: Block;
  readonly blocks: readonly Block[];
}
