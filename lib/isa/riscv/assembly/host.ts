/** Functions of TypeScript that the module calls (import module "host"). */

/** The machine's SBI: handles the call that is in the hart's registers. */
export declare function environmentCall(env: i32): void;
