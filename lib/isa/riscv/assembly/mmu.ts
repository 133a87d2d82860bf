/** Functions of the soft-MMU's instance (import module "mmu") that call back into the guest; what does not is compiled in from lib/mem/assembly. */

export declare function slowLoad(env: i32, vaddr: i64, size: i32): i64;
export declare function slowStore(env: i32, vaddr: i64, value: i64, size: i32): void;
export declare function lookupRead(env: i32, vaddr: i64, size: i32): i32;
export declare function lookupWrite(env: i32, vaddr: i64, size: i32): i32;
export declare function storePhysical(paddr: i64, value: i64, size: i32): i32;
