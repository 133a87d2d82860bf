/**
 * RISC-V state in a hart's area. Read by TypeScript and AssemblyScript: only `export const NAME = <integer expression>;`, no import.
 * Offsets are bytes from `env`; every field is an i64 slot unless said otherwise.
 */

export const X0 = 0x0000; // x0 .. x31; x0 is never written
export const F0 = 0x0100; // f0 .. f31: bits of a double, singles NaN-boxed

// Architectural control state, from ENV_GUEST (0x1000) on.
export const FFLAGS = 0x1000; // accrued exceptions: bits 4..0 = NV DZ OF UF NX
export const FRM = 0x1008; // dynamic rounding mode, 0..7
export const MSTATUS = 0x1010; // FS in bits 14..13, SD in bit 63

/** TB flags (ENV_FLAGS): the CPU state that a translation assumes. */
export const FLAG_FS = 3; // bits 1..0: mstatus.FS (0 off, 1 initial, 2 clean, 3 dirty)
export const FLAG_FIXED_PC = 4; // fetches are not translated: pcOffset is the pc
