/** Functions of the soft-MMU's instance (import module "mmu"); documented in lib/mem/assembly. */

export declare function slowLoad(env: i32, vaddr: i64, size: i32): i64;
export declare function slowStore(env: i32, vaddr: i64, value: i64, size: i32): void;
export declare function lookupRead(env: i32, vaddr: i64, size: i32): i32;
export declare function lookupWrite(env: i32, vaddr: i64, size: i32): i32;
export declare function hostAddress(paddr: i64): i32;
export declare function paddrOfHost(host: i32): i64;
export declare function paddrOfFrame(frame: i32): i64;
export declare function frameOf(paddr: i64): i32;
export declare function storePhysical(paddr: i64, value: i64, size: i32): i32;
export declare function tableAddress(paddr: i64, level: i32, vaddr: i64): i32;
export declare function unmarkTable(frame: i32): void;
export declare function selectBank(env: i32, key: i64): void;
export declare function selectContext(env: i32, key: i64): void;
export declare function noteFetch(env: i32, vaddr: i64): void;
export declare function dropPage(vaddr: i64): void;
export declare function flushAll(): void;
export declare function flushBanks(): void;
export declare function flushMatching(mask: i64, value: i64): i32;
export declare function renewBuckets(buckets: i64): i32;
