/**
 * The layout of linear memory that generated code, the AssemblyScript modules and TypeScript share.
 *
 * Both compilers read this file, so it holds nothing but `export const NAME = <integer expression>;` and has no import.
 * One WebAssembly memory holds: the frame table, one hart area per hart (state, TLB banks, jump cache), the block arena,
 * then the guest's RAM and ROM. Addresses into it ("host addresses") are 32-bit.
 */

export const PAGE_BITS = 12;
export const PAGE_SIZE = 4096;

// --- one hart: `env` points at its area --------------------------------------------------------------------------
/** Bytes of one hart's area. */
export const HART_SIZE = 0x200000;

/** Guest registers that translated code may keep in locals: 8-byte slots, named by the guest (`Guest.registers`). */
export const ENV_REGISTERS = 0x0000;
/** Temporaries of one instruction: 8-byte slots. */
export const ENV_TEMPS = 0x0800;
export const ENV_TEMPS_END = 0x0c00;

/** Engine fields. */
export const ENV_PC = 0x0c00; // i64: pc, valid whenever no translated code runs
export const ENV_PC_BASE = 0x0c08; // i64: what the `pcOffset`s of blocks are relative to: pc & ENV_PC_MASK
export const ENV_PC_MASK = 0x0c10; // i64: 0 where fetches are not translated, else ~0xfff
export const ENV_TICK_LIMIT = 0x0c18; // i64: the tick at which ENV_BUDGET reaches 0
export const ENV_CAUSE = 0x0c20; // i64: the pending trap's cause, while ENV_STATUS is STATUS_TRAP
export const ENV_TVAL = 0x0c28; // i64: its trap value
export const ENV_BUDGET = 0x0c30; // i32: ticks left of this slice; exact whenever a helper or slow path runs
export const ENV_STATUS = 0x0c34; // i32: STATUS_*
export const ENV_POLL = 0x0c38; // i32: nonzero: look for a deliverable interrupt before the next instruction
export const ENV_TLB = 0x0c3c; // i32: host address of the current TLB bank
export const ENV_CONTEXT = 0x0c40; // i32: id of the fetch context that jump-cache entries are tagged with
export const ENV_FLAGS = 0x0c44; // i32: TB flags: the CPU state that translations assume
export const ENV_CELL = 0x0c48; // i32: the unlinked cell through which the engine was left (EXIT_LINK)
export const ENV_FP_FAST = 0x0c4c; // i32: FP_FAST_*
export const ENV_HART = 0x0c50; // i32: hart index
export const ENV_WFI = 0x0c54; // i32: nonzero while the hart waits for an interrupt
export const ENV_MMIO_HIGH = 0x0c58; // i32: bits 63..32 of a value crossing to or from a device
export const ENV_BLOCK = 0x0c5c; // i32: the block through which the engine was left (EXIT_PARTIAL)
export const ENV_EXIT = 0x0c60; // i32: LEAVE_* bits, nonzero: leave to the run loop before the next block (EXIT_REQUEST)
export const ENV_TRAPS = 0x0c68; // i64: traps taken so far (ticks less traps = instructions retired)
export const ENV_RESERVATION = 0x0c70; // i64: paddr reserved by load-reserved, -1 when none
export const ENV_STAT_FILLS = 0x0c78; // i32: TLB fills (statistics, not state)
export const ENV_STAT_SLOW = 0x0c7c; // i32: slow-path accesses (statistics, not state)
export const ENV_STAT_INTERPRETED = 0x0c88; // i64: ticks that the interpreter ran (statistics, not state)
export const ENV_TICKS = 0x0c90; // i64: ticks that this hart took before its current turn
export const ENV_TICK_SKEW = 0x0c98; // i64: global tick less the hart's own ticks, while it runs
export const ENV_YIELD = 0x0ca0; // i32: nonzero: the hart gives up the rest of its turn (EXIT_REQUEST)
export const ENV_STOPPED = 0x0ca8; // i32: nonzero: the hart is stopped and no interrupt wakes it
export const ENV_CURRENT_BLOCK = 0x0c80; // i32: scratch of the engine
export const ENV_INSN_PC = 0x0cb0; // i64: pc of the instruction behind which a slow path or helper last made translated code leave
/** Scratch of the guest's helpers that is derived from state (never saved, never digested). */
export const ENV_GUEST_SCRATCH = 0x0d00;
/** Architectural state that only helpers touch (control registers): named by the guest, saved and digested. */
export const ENV_GUEST = 0x1000;
export const ENV_GUEST_END = 0x2000;

/** The soft-MMU's own fields of a hart (derived, never saved). */
export const ENV_BANK_KEYS = 0x2000; // i64[TLB_BANKS]: data context of each bank, 0 when it holds nothing valid
export const ENV_BANK_STAMPS = 0x2080; // i32[TLB_BANKS]: ENV_BANK_CLOCK when it was last selected, 0 when it never was
export const ENV_BANK_CLOCK = 0x20c0; // i32: counts selections
export const ENV_CONTEXT_CLOCK = 0x20c4; // i32: next slot of ENV_CONTEXTS to be reused
/** Recent fetch contexts: CONTEXTS records. */
export const ENV_CONTEXTS = 0x2100;
export const CONTEXTS = 16;
export const CONTEXT_SIZE = 24;
export const CONTEXT_KEY = 0; // i64: 0 when free
export const CONTEXT_BUCKETS = 8; // i64: bit (vaddr >> CONTEXT_BUCKET_BITS) & 63: code was fetched from there
export const CONTEXT_ID = 16; // i32: its ENV_CONTEXT
export const CONTEXT_BUCKET_BITS = 33;
export const ENV_CONTEXT_RECORD = 0x20c8; // i32: host address of the current context's record

/** TLB banks: one per data context (address space, effective privilege, permission modifiers). */
export const ENV_TLB_BANKS = 0x10000;
export const TLB_BANKS = 16;
/** A bank has two direct-mapped tables, for loads and for stores, so that a copy does not evict its own source. */
export const TLB_BANK_SIZE = 0x18000;
export const TLB_READ = 0; // table for loads: entries of 16 bytes
export const TLB_READ_ENTRY_BITS = 4;
export const TLB_READ_INDEX_BITS = 12;
export const TLB_WRITE = 0x10000; // table for stores: entries of 32 bytes
export const TLB_WRITE_ENTRY_BITS = 5;
export const TLB_WRITE_INDEX_BITS = 10;
export const TLB_TAG = 0; // i64: page of vaddr when the access may use the fast path, else TLB_NONE
export const TLB_ADDEND = 8; // i32: host address = (i32) vaddr + addend
export const TLB_FRAME = 12; // i32: frame index, for reverse look-ups
export const TLB_NEXT = 16; // i32, stores: next entry with an open tag for the same frame, 0 at the end (valid while this tag is open)
export const TLB_PREV = 20; // i32, stores: the one before, 0 at the head
/** A tag that equals no masked address (bit 0 set). */
export const TLB_NONE = -1;
/** Or'ed to the page in the tag of an entry for stores: they are allowed but must be tracked (slow path). Equals no masked address either. */
export const TLB_TRACKED = 0x800;
/** Or'ed to the page in a tag: accesses are allowed, but a watchpoint lies on the page (slow path). */
export const TLB_WATCHED = 0x400;

/** Jump cache: (pc, context) -> block. */
export const ENV_JUMP_CACHE = 0x190000;
export const JC_ENTRY_BITS = 5;
export const JC_INDEX_BITS = 12;
export const JC_ENTRIES = 4096;
export const JC_PC = 0; // i64
export const JC_BLOCK = 8; // i32: a cell: host address of a block header
export const JC_CONTEXT = 12; // i32

/** Pages that code was fetched from: what the guest's `fetch` may keep per page, so that a miss of the jump cache needs no walk. Good for one context, as jump-cache entries are. */
export const ENV_FETCH_TLB = 0x1b0000;
export const FT_ENTRY_BITS = 5;
export const FT_INDEX_BITS = 9;
export const FT_ENTRIES = 512;
export const FT_PAGE = 0; // i64: page of vaddr
export const FT_PADDR = 8; // i64: its paddr
export const FT_CONTEXT = 16; // i32: ENV_CONTEXT

// --- status of a slow path or helper ------------------------------------------------------------------------------
export const STATUS_NONE = 0;
/** A trap is pending in ENV_CAUSE and ENV_TVAL; the instruction must not change anything more. */
export const STATUS_TRAP = 1;
/** The instruction completes, then the engine leaves translated code at its end (code was overwritten, the context changed, a device wants attention). */
export const STATUS_EXIT = 2;

// --- ENV_EXIT: why the run loop wants to be back ---------------------------------------------------------------------
export const LEAVE_REQUEST = 1; // timers, harts or a stop
export const LEAVE_WATCH = 2; // a watchpoint was hit: GLOBAL_WATCH_HITS

// --- the guest's `translate` hook: see lib/isa/guest.ts ---------------------------------------------------------------
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_FETCH = 2;
export const TRANSLATE_READ = 1;
export const TRANSLATE_WRITE = 2;
export const TRANSLATE_UNCACHED = 4;

// --- ENV_FP_FAST: when the host's arithmetic equals the guest's ------------------------------------------------------
/** The inexact flag is already raised: only overflow, underflow, invalid and division by zero are left to watch. */
export const FP_FAST_NEAREST = 1;
/** As above, and the dynamic rounding mode is to nearest, ties to even. */
export const FP_FAST_DYNAMIC = 2;

// --- block headers, in the block arena ---------------------------------------------------------------------------------
export const BLOCK_FUNC = 0; // i32: index in the function table of what runs this block
export const BLOCK_INSNS = 4; // i32: number of instructions
export const BLOCK_PC = 8; // i64: pcOffset of the first instruction (relative to ENV_PC_BASE)
export const BLOCK_COUNT = 16; // i32: executions left until it is hot
export const BLOCK_DELTAS = 20; // i32: host address of u16[insns + 1]: pc of instruction i less that of the first
export const BLOCK_FLAGS = 24; // i32: TB flags it was translated for
export const BLOCK_ID = 28; // i32: index into the code cache's blocks
export const BLOCK_CODE = 32; // first IR record

// --- IR bytecode: records of 16 bytes; see lib/ir/encoding.ts -----------------------------------------------------------
export const RECORD_SIZE = 16;

// --- exits to the run loop -------------------------------------------------------------------------------------------------
export const EXIT_BUDGET = 0; // ENV_BUDGET is 0; ENV_PC is the next instruction
export const EXIT_LINK = 1; // ENV_CELL is an unlinked cell; ENV_PC is its target
export const EXIT_MISS = 2; // no block known at ENV_PC
export const EXIT_PARTIAL = 3; // the block at ENV_PC is longer than ENV_BUDGET
export const EXIT_HOT = 4; // the hot queue is full
export const EXIT_WFI = 5; // the hart waits
export const EXIT_REQUEST = 6; // ENV_EXIT was set
export const EXIT_DEBUG = 7; // a breakpoint in front of ENV_PC

// --- function table: fixed entries ------------------------------------------------------------------------------------------
export const FN_LINK = 0; // func of the block that unlinked cells point to
export const FN_INTERPRET = 1; // func of cold blocks
export const FN_DISPATCH = 2; // go on at ENV_PC
export const FN_DEAD = 3; // func of dropped blocks
export const FN_FAR = 4; // func of the block that cells of exits to other pages point to
export const FN_TRANSLATE = 8; // hooks of the guest; see lib/isa/guest.ts
export const FN_TAKE_TRAP = 9;
export const FN_POLL = 10;
export const FN_FETCH = 11;
export const FN_TABLE_STORE = 12;
export const FN_ACCESS_FAULT = 13;
export const FN_HELPERS = 64; // helper i of the guest is at FN_HELPERS + i
export const FN_REGIONS = 512; // translated regions from here on

// --- frames: one per page of RAM or ROM ------------------------------------------------------------------------------------
export const FRAME_SIZE = 32;
export const FRAME_FLAGS = 0; // i32: FRAME_* bits
export const FRAME_WRITER = 4; // i32: host address of the first TLB entry whose write tag is open for this frame (a list: TLB_NEXT), 0 when none
export const FRAME_CODE = 8; // i64: 64-byte granules that translated code was read from
export const FRAME_TABLE_EPOCH = 16; // i32: the frame holds page-table entries that TLB entries came from if this is the current epoch
export const FRAME_TABLE_LEVEL = 20; // i32: level of these entries (0 = leaf level), -1 when used at several places
export const FRAME_TABLE_VADDR = 24; // i64: first virtual address that the table maps
export const FRAME_DIRTY = 1; // stored to since the last `cleanPages`, or since power-on
export const FRAME_READONLY = 2; // ROM

// --- memory-backed regions of the guest's physical address space -------------------------------------------------------------
export const REGIONS_MAX = 8;
export const REGION_SIZE = 32;
export const REGION_START = 0; // u64: first paddr
export const REGION_END = 8; // u64: one past the last
export const REGION_HOST = 16; // i32: host address of its first byte
export const REGION_FRAME = 20; // i32: index of its first frame
export const REGION_FLAGS = 24; // i32: FRAME_READONLY or 0

// --- fixed places at the bottom of linear memory --------------------------------------------------------------------------------
export const GLOBAL_REGIONS = 0x1000; // REGIONS_MAX regions
export const GLOBAL_REGION_COUNT = 0x1200; // i32
export const GLOBAL_FRAMES = 0x1204; // i32: host address of the frame table
export const GLOBAL_FRAME_COUNT = 0x1208; // i32
export const GLOBAL_HARTS = 0x120c; // i32: host address of hart 0's area
export const GLOBAL_HART_COUNT = 0x1210; // i32
export const GLOBAL_TABLE_EPOCH = 0x1214; // i32: see FRAME_TABLE_EPOCH
export const GLOBAL_CONTEXT_NEXT = 0x1218; // i32: next fetch-context id
export const GLOBAL_NS_PER_TICK = 0x1220; // i64
export const GLOBAL_SKIPPED_NS = 0x1228; // i64: virtual time skipped while idle
export const GLOBAL_HOT_COUNT = 0x1230; // i32: blocks in the hot queue
export const GLOBAL_HOT_LIMIT = 0x1234; // i32: EXIT_HOT when the queue is that long
export const GLOBAL_TABLE_STORES = 0x1238; // i32: stores to table pages since the epoch began (statistics)
export const GLOBAL_LINK_BLOCK = 0x1240; // a block header: unlinked cells point here
export const GLOBAL_FAR_BLOCK = 0x1280; // a block header: cells of exits to other pages point here
export const GLOBAL_PART_CELL = 0x12c0; // i32: a cell for entering a block in part
export const GLOBAL_DROP_CODE = 0x12c4; // i32: nonzero: the run loop drops all translated code, because other places may be fetched from now
export const GLOBAL_WATCHING = 0x12c8; // i32: nonzero: there are watchpoints
export const GLOBAL_WATCH_VIRTUAL = 0x12cc; // i32: ranges of virtual addresses that are watched
export const GLOBAL_WATCH_PHYSICAL = 0x12d0; // i32: the same, physical
export const GLOBAL_WATCH_HITS = 0x12d4; // i32: notes in GLOBAL_WATCH_NOTES
export const GLOBAL_HOT_QUEUE = 0x1400; // i32[HOT_QUEUE_MAX]: block headers
export const HOT_QUEUE_MAX = 256;
/** Hits of watchpoints that the run loop has not seen yet: WATCH_HITS_MAX notes. */
export const GLOBAL_WATCH_NOTES = 0x1800;
export const WATCH_HITS_MAX = 32;
export const WATCH_NOTE_SIZE_BYTES = 32;
export const WATCH_NOTE_ADDRESS = 0; // i64: where the access began
export const WATCH_NOTE_SIZE = 8; // i32: its bytes
export const WATCH_NOTE_KIND = 12; // i32: WATCH_READ or WATCH_WRITE
export const WATCH_NOTE_SPACE = 16; // i32: WATCH_SPACE_*, of the address
export const WATCH_NOTE_ENV = 20; // i32: the hart, 0: a device
export const WATCH_NOTE_TRAPS = 24; // i64: its ENV_TRAPS: if that has changed, the instruction trapped after all
export const WATCH_SPACE_VIRTUAL = 0;
export const WATCH_SPACE_PHYSICAL = 1;
export const WATCH_READ = 1;
export const WATCH_WRITE = 2;
export const WATCH_ANY = 3;
/** What is watched, per space: up to WATCH_RANGES_MAX ranges, ascending and disjoint. */
export const GLOBAL_WATCH_RANGES_VIRTUAL = 0x2000;
export const GLOBAL_WATCH_RANGES_PHYSICAL = 0x3800;
export const WATCH_RANGES_MAX = 256;
export const WATCH_RANGE_SIZE = 24;
export const WATCH_RANGE_FIRST = 0; // u64
export const WATCH_RANGE_LAST = 8; // u64: its last address
export const WATCH_RANGE_KINDS = 16; // i32: WATCH_* bits
/** Bytes, by the low bits of the number of a virtual page: nonzero where the run loop must see how pages like this are entered, because of breakpoints. */
export const GLOBAL_ARMED_PAGES = 0x5000;
export const ARMED_PAGES = 4096;
/** Where blocks are, for the way from the jump cache's misses to the block: direct-mapped by physical address and TB flags. */
export const GLOBAL_BLOCK_TABLE = 0x100000;
export const BLOCK_TABLE_BITS = 16;
export const BT_ENTRY_SIZE = 16;
export const BT_KEY = 0; // i64: paddr << BT_FLAGS_BITS | TB flags
export const BT_FLAGS_BITS = 8;
export const BT_BLOCK = 8; // i32: host address of its header, 0: none
/** Static data of the AssemblyScript modules lies below GLOBAL_REGIONS; everything else starts here. */
export const GLOBAL_END = 0x200000;
