/**
 * RISC-V state in a hart's area. Read by TypeScript and AssemblyScript: only `export const NAME = <integer expression>;`, no import.
 * Offsets are bytes from `env`; every field is an i64 slot unless said otherwise.
 */

export const X0 = 0x0000; // x0 .. x31; x0 is never written
export const F0 = 0x0100; // f0 .. f31: bits of a double, singles NaN-boxed

// --- architectural control state, from ENV_GUEST (0x1000) on --------------------------------------------------------
export const FFLAGS = 0x1000; // accrued exceptions: bits 4..0 = NV DZ OF UF NX
export const FRM = 0x1008; // dynamic rounding mode, 0..7
export const MSTATUS = 0x1010; // FS in bits 14..13, SD in bit 63
export const PRIV = 0x1018; // privilege mode: 0 U, 1 S, 3 M
export const MIE = 0x1020;
/** Pending bits as wires and software set them; STIP is computed instead while menvcfg.STCE is 1. */
export const MIP = 0x1028;
export const MEDELEG = 0x1030;
export const MIDELEG = 0x1038;
export const MTVEC = 0x1040;
export const MEPC = 0x1048;
export const MCAUSE = 0x1050;
export const MTVAL = 0x1058;
export const MSCRATCH = 0x1060;
export const MCOUNTEREN = 0x1068;
export const MENVCFG = 0x1070;
export const MCOUNTINHIBIT = 0x1078;
/** mcycle less the tick, or mcycle itself while mcountinhibit.CY is 1. */
export const MCYCLE_BASE = 0x1080;
/** minstret less the instructions retired, or minstret itself while mcountinhibit.IR is 1. */
export const MINSTRET_BASE = 0x1088;
export const STVEC = 0x1090;
export const SEPC = 0x1098;
export const SCAUSE = 0x10a0;
export const STVAL = 0x10a8;
export const SSCRATCH = 0x10b0;
export const SCOUNTEREN = 0x10b8;
export const SENVCFG = 0x10c0;
export const SATP = 0x10c8;
export const STIMECMP = 0x10d0;
/** The S-mode external interrupt line alone: reads of mip see it or'ed with the bit that software wrote. */
export const SEIP_WIRE = 0x10d8;
/** Bytes and vaddr of the last load-reserved; its paddr is ENV_RESERVATION. */
export const RESERVATION_SIZE = 0x10e0;
export const RESERVATION_VADDR = 0x10e8;
export const PMPCFG = 0x1100; // u8[16]
export const PMPADDR = 0x1110; // i64[16]
/** What the machine's harts have beyond RV64GC with Sv48: OPTION_* bits. Configuration, kept by a reset. */
export const OPTIONS = 0x1190;

/** Svadu: menvcfg.ADUE is writable. */
export const OPTION_SVADU = 1;
/** Sstc: stimecmp, menvcfg.STCE. */
export const OPTION_SSTC = 2;
/** No firmware runs in M-mode: environment calls from S-mode go to the machine's SBI (host import `environmentCall`). */
export const OPTION_SBI = 8;
/** Zicbom and Zicboz: cache-block operations and their envcfg bits. */
export const OPTION_CBO = 4;

// --- derived from the state above, from ENV_GUEST_SCRATCH (0x0d00) on -------------------------------------------------
export const PMP_RANGES = 0x0d00; // u64 pairs [16]: first paddr, one past the last; empty (0, 0) when the entry is off
export const PMP_COUNT = 0x0e00; // i32: entries up to the last one that is not off
export const PMP_SEEN = 0x0e08; // PMPCFG and PMPADDR as they were when this was derived: PMP_BYTES bytes
export const PMP_BYTES = 0x90;

// --- TB flags (ENV_FLAGS): the CPU state that a translation assumes ------------------------------------------------------
export const FLAG_FS = 3; // bits 1..0: mstatus.FS (0 off, 1 initial, 2 clean, 3 dirty)
export const FLAG_FIXED_PC = 4; // fetches are not translated: pcOffset is the pc
export const FLAG_MACHINE = 8; // with FLAG_FIXED_PC: machine mode, which PMP lets fetch from other places than the rest

// --- privilege modes, mstatus --------------------------------------------------------------------------------------------
export const PRIV_U = 0;
export const PRIV_S = 1;
export const PRIV_M = 3;

export const STATUS_SIE = 1 << 1;
export const STATUS_MIE = 1 << 3;
export const STATUS_SPIE = 1 << 5;
export const STATUS_MPIE = 1 << 7;
export const STATUS_SPP = 1 << 8;
export const STATUS_MPP = 3 << 11;
export const STATUS_FS = 3 << 13;
export const STATUS_MPRV = 1 << 17;
export const STATUS_SUM = 1 << 18;
export const STATUS_MXR = 1 << 19;
export const STATUS_TVM = 1 << 20;
export const STATUS_TW = 1 << 21;
export const STATUS_TSR = 1 << 22;

// --- interrupts: bit numbers in mip, mie ---------------------------------------------------------------------------------
export const IRQ_SSI = 1;
export const IRQ_MSI = 3;
export const IRQ_STI = 5;
export const IRQ_MTI = 7;
export const IRQ_SEI = 9;
export const IRQ_MEI = 11;

// --- exception causes ------------------------------------------------------------------------------------------------------
export const CAUSE_MISALIGNED_FETCH = 0;
export const CAUSE_FETCH_ACCESS = 1;
export const CAUSE_ILLEGAL = 2;
export const CAUSE_BREAKPOINT = 3;
export const CAUSE_MISALIGNED_LOAD = 4;
export const CAUSE_LOAD_ACCESS = 5;
export const CAUSE_MISALIGNED_STORE = 6;
export const CAUSE_STORE_ACCESS = 7;
export const CAUSE_ECALL_U = 8;
export const CAUSE_ECALL_S = 9;
export const CAUSE_FETCH_PAGE = 12;
export const CAUSE_LOAD_PAGE = 13;
export const CAUSE_STORE_PAGE = 15;
