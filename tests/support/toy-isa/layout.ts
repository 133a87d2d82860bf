/** State, memory map and control numbers of the toy guest; see guest.ts. */
import { ENV_GUEST, ENV_REGISTERS } from '../../../lib/mem/layout.js';

/** Slots of the eight registers and of the flags Z and N (0 or 1). */
export const R0 = ENV_REGISTERS;
export const FLAG_Z = ENV_REGISTERS + 0x40;
export const FLAG_N = ENV_REGISTERS + 0x48;
/** The register that `call` links in, and the one that `push`, `pop`, `calls` and `rets` use. */
export const LINK = 7;
export const STACK = 6;

/** Control registers, by their number in `rdc` and `wrc`: the slots from ENV_GUEST on. */
export const CONTROLS = ['vector', 'epc', 'cause', 'tval', 'estate', 'scratch', 'tick', 'traps'] as const;
export const VECTOR = ENV_GUEST;
export const EPC = ENV_GUEST + 0x08;
export const CAUSE = ENV_GUEST + 0x10;
export const TVAL = ENV_GUEST + 0x18;
/** STATE before the last trap. */
export const ESTATE = ENV_GUEST + 0x20;
export const SCRATCH = ENV_GUEST + 0x28;
/** Read-only controls: computed. */
export const CONTROL_TICK = 6;
export const CONTROL_TRAPS = 7;

/** STATE_* bits. */
export const STATE = ENV_GUEST + 0x40;
/** Interrupt lines that are up, one bit each. */
export const PENDING = ENV_GUEST + 0x48;
export const STATE_USER = 1;
/** `ldi` has an immediate of 4 bytes instead of 8: the TB flag of the toy guest. */
export const STATE_NARROW = 2;
export const STATE_INTERRUPTS = 4;

export const CAUSE_ILLEGAL = 1;
export const CAUSE_SYS = 2;
export const CAUSE_LOAD = 3;
export const CAUSE_STORE = 4;
export const CAUSE_FETCH = 5;
export const CAUSE_PRIVILEGED = 6;
export const CAUSE_INTERRUPT = 16;

/** RAM is at physical address 0. User mode must not touch its upper half. */
export const RAM_SIZE = 0x40000;
export const USER_END = RAM_SIZE / 2;
/** A device, for supervisors only. */
export const DEVICE = 0x100000;
export const DEVICE_SIZE = 0x1000;
/** Here RAM appears a second time, with each two neighbouring pages swapped. */
export const ALIAS = 1n << 40n;
