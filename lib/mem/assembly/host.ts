/** Functions of the host program (import module "host"): devices and the code cache. */

/** Reads a device register: low 32 bits, the high ones via ENV_MMIO_HIGH. STATUS_TRAP with ENV_CAUSE 0: no device there. */
export declare function mmioRead(env: i32, paddr: f64, size: i32): i32;
/** Writes a device register; nonzero: leave translated code after the instruction. */
export declare function mmioWrite(env: i32, paddr: f64, size: i32, low: i32, high: i32): i32;
/** Bytes that translated code was read from were overwritten. */
export declare function codeWritten(env: i32, paddr: f64, size: i32): void;
