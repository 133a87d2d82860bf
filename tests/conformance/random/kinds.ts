/** Kinds of random programs: what their blocks are made of, and in which states they run. */
import type { Weights } from './items.js';

export interface Kind {
  /** Fewest and most items of a block. */
  readonly items: readonly [number, number];
  readonly weights: Weights;
  readonly modes: Readonly<Partial<Record<'m' | 's' | 'u', number>>>;
  readonly paging?: Readonly<Partial<Record<'bare' | 'sv39' | 'sv48', number>>>;
  /** How often a pointer points to nowhere. */
  readonly badPointers?: number;
  /** Random delegation, and now and then TVM, TW, TSR. */
  readonly traps?: boolean;
  /** Software interrupts are pending, enabled, delegated at random. */
  readonly interrupts?: boolean;
  /** Random PMP entries over the data area. */
  readonly protection?: boolean;
  /** Only aligned accesses: QEMU does others as aligned ones that are larger, and checks PMP for those. */
  readonly aligned?: boolean;
  /** Some blocks run with mstatus.FS = 0. */
  readonly floatOff?: boolean;
  /** Traps that a block may take before it is ended. */
  readonly trapLimit?: number;
}

const INTEGER: Weights = { integer: 40, bits: 25, compressed: 20, constant: 4, ctzw: 1, branch: 6, loop: 2, call: 3 };

export const KINDS = {
  integer: { items: [30, 70], weights: INTEGER, modes: { m: 2, s: 1, u: 1 } },
  memory: {
    items: [30, 60],
    weights: { ...INTEGER, memory: 50, atomic: 14, reserved: 5, floatMemory: 5 },
    modes: { m: 2, s: 1, u: 1 },
    badPointers: 0.08,
    traps: true,
  },
  fp: {
    items: [30, 60],
    weights: { integer: 6, compressed: 3, float: 90, floatMemory: 10, floatControl: 6, branch: 2, loop: 2 },
    modes: { m: 1, u: 1 },
  },
  system: {
    items: [20, 50],
    weights: {
      integer: 15,
      compressed: 8,
      memory: 8,
      float: 3,
      floatControl: 2,
      csr: 20,
      csrProbe: 5,
      illegal: 5,
      trap: 3,
      wild: 3,
      branch: 3,
      loop: 1,
      sfence: 1,
      waitForInterrupt: 2,
    },
    modes: { m: 3, s: 2, u: 1 },
    traps: true,
    floatOff: true,
    badPointers: 0.03,
  },
  privilege: {
    items: [20, 50],
    weights: {
      integer: 15,
      compressed: 8,
      memory: 8,
      csr: 8,
      changeMode: 8,
      interrupt: 10,
      softwareInterrupt: 2,
      trap: 4,
      illegal: 2,
      wild: 2,
      loop: 1,
    },
    modes: { m: 2, s: 2, u: 1 },
    paging: { bare: 1, sv39: 1 },
    traps: true,
    interrupts: true,
  },
  paging: {
    items: [20, 50],
    weights: {
      integer: 10,
      memory: 45,
      floatMemory: 4,
      atomic: 6,
      reserved: 1,
      probe: 3,
      pageTableEntry: 8,
      crossPages: 5,
      permission: 6,
      changeMode: 3,
      sfence: 1,
      wild: 1,
      loop: 1,
      branch: 2,
    },
    modes: { m: 2, s: 4, u: 2 },
    paging: { sv39: 1, sv48: 1 },
    traps: true,
    trapLimit: 80,
  },
  code: {
    items: [15, 40],
    weights: { ...INTEGER, patch: 12, generate: 8 },
    modes: { m: 2, s: 2 },
    paging: { bare: 1, sv39: 1 },
  },
  protection: {
    items: [20, 50],
    weights: { integer: 10, memory: 40, floatMemory: 4, atomic: 6, probe: 4, permission: 2, changeMode: 3, loop: 1, branch: 2 },
    modes: { m: 1, s: 2, u: 2 },
    protection: true,
    aligned: true,
    trapLimit: 80,
  },
  mixed: {
    items: [20, 60],
    weights: {
      ...INTEGER,
      memory: 20,
      floatMemory: 5,
      atomic: 4,
      reserved: 2,
      float: 20,
      floatControl: 2,
      csr: 4,
      csrProbe: 1,
      illegal: 1,
      trap: 1,
      wild: 1,
      changeMode: 2,
      interrupt: 2,
      pageTableEntry: 2,
      crossPages: 1,
      permission: 2,
      patch: 1,
    },
    modes: { m: 1, s: 1, u: 1 },
    paging: { bare: 1, sv39: 1, sv48: 1 },
    traps: true,
    interrupts: true,
    badPointers: 0.02,
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
