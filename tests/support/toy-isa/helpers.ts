/** The toy guest's instance: hooks and helpers, in TypeScript. They work on the hart's area in linear memory, as those of real guests do. */

import { type GuestImports, POLL_NONE, POLL_TAKEN, POLL_WAIT } from '../../../lib/isa/guest.js';
import {
  ACCESS_FETCH,
  ACCESS_READ,
  ENV_BUDGET,
  ENV_CAUSE,
  ENV_FLAGS,
  ENV_PC,
  ENV_PC_MASK,
  ENV_POLL,
  ENV_REGISTERS,
  ENV_STATUS,
  ENV_TEMPS,
  ENV_TICK_LIMIT,
  ENV_TRAPS,
  ENV_TVAL,
  ENV_WFI,
  PAGE_SIZE,
  STATUS_EXIT,
  STATUS_TRAP,
  TRANSLATE_READ,
  TRANSLATE_WRITE,
} from '../../../lib/mem/layout.js';
import type { ValueType } from '../../../lib/wasm/opcodes.js';
import { asExports, type JsFunction } from '../js-exports.js';
import {
  ALIAS,
  CAUSE,
  CAUSE_FETCH,
  CAUSE_INTERRUPT,
  CAUSE_LOAD,
  CAUSE_PRIVILEGED,
  CAUSE_STORE,
  CAUSE_SYS,
  CONTROL_TICK,
  CONTROL_TRAPS,
  DEVICE,
  DEVICE_SIZE,
  EPC,
  ESTATE,
  PENDING,
  RAM_SIZE,
  STATE,
  STATE_INTERRUPTS,
  STATE_NARROW,
  STATE_USER,
  TVAL,
  USER_END,
  VECTOR,
} from './layout.js';

const HELPER_NAMES = ['raise', 'iret', 'rdc', 'wrc', 'user', 'mode', 'irq', 'wait'] as const;
export type HelperName = (typeof HELPER_NAMES)[number];
export const HELPERS = HELPER_NAMES.map((name) => ({ name, mayLeave: true }));
export const HELPER = Object.fromEntries(HELPER_NAMES.map((name, i) => [name, i])) as Record<HelperName, number>;

/** Exports of the soft-MMU that the guest uses. */
interface Mmu {
  selectBank(env: number, key: bigint): void;
  selectContext(env: number, key: bigint): void;
}

type Access = 'load' | 'store' | 'fetch';
const FAULT: Record<Access, number> = { load: CAUSE_LOAD, store: CAUSE_STORE, fetch: CAUSE_FETCH };

/** Physical address of `vaddr`, or -1 where there is nothing or user mode must not go. */
function mapAddress(vaddr: bigint, options: { user: boolean; access: Access }): number {
  const aliased = vaddr >= ALIAS;
  const offset = aliased ? vaddr - ALIAS : vaddr;
  if (offset < 0n || offset >= DEVICE + DEVICE_SIZE) return -1;
  const paddr = aliased ? Number(offset) ^ PAGE_SIZE : Number(offset);
  if (paddr < RAM_SIZE) return options.user && paddr >= USER_END ? -1 : paddr;
  return paddr >= DEVICE && !aliased && !options.user && options.access !== 'fetch' ? paddr : -1;
}

/** What a debugger finds at `vaddr`. */
export function findPhysical(vaddr: bigint): number | undefined {
  const paddr = mapAddress(vaddr, { user: false, access: 'load' });
  return paddr < 0 ? undefined : paddr;
}

class ToyHelpers {
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  private readonly mmu: Mmu;

  constructor({ memory, mmu }: GuestImports) {
    this.i32 = new Int32Array(memory.buffer);
    this.i64 = new BigInt64Array(memory.buffer);
    this.mmu = mmu as unknown as Mmu;
  }

  get(env: number, field: number): bigint {
    return this.i64[(env + field) >> 3];
  }

  set(env: number, field: number, value: bigint | number): void {
    this.i64[(env + field) >> 3] = BigInt(value);
  }

  state(env: number): number {
    return Number(this.get(env, STATE));
  }

  /** Sets STATE and everything derived from it. */
  setState(env: number, state: number): void {
    this.set(env, STATE, state);
    this.refresh(env);
    this.i32[(env + ENV_POLL) >> 2] = 1;
  }

  refresh(env: number): void {
    const context = this.state(env) & (STATE_USER | STATE_NARROW);
    this.i32[(env + ENV_FLAGS) >> 2] = context & STATE_NARROW;
    this.set(env, ENV_PC_MASK, -PAGE_SIZE);
    this.mmu.selectBank(env, BigInt(1 + (context & STATE_USER)));
    this.mmu.selectContext(env, BigInt(1 + context));
  }

  status(env: number, status: number): void {
    this.i32[(env + ENV_STATUS) >> 2] = status;
  }

  raise(env: number, cause: number, tval: bigint): bigint {
    this.status(env, STATUS_TRAP);
    this.set(env, ENV_CAUSE, cause);
    this.set(env, ENV_TVAL, tval);
    return 0n;
  }

  /** paddr, or -1 with a trap pending. */
  address(env: number, vaddr: bigint, access: Access): number {
    const paddr = mapAddress(vaddr, { user: (this.state(env) & STATE_USER) !== 0, access });
    if (paddr < 0) this.raise(env, FAULT[access], vaddr);
    return paddr;
  }

  translate(env: number, vaddr: bigint, access: number): bigint {
    const kind = (access & 15) === ACCESS_FETCH ? 'fetch' : (access & 15) === ACCESS_READ ? 'load' : 'store';
    const paddr = this.address(env, vaddr, kind);
    return paddr < 0 ? -1n : BigInt(paddr - (paddr % PAGE_SIZE)) | BigInt(TRANSLATE_READ | TRANSLATE_WRITE);
  }

  enter(env: number, cause: number, tval: bigint): void {
    this.set(env, EPC, this.get(env, ENV_PC) + (cause === CAUSE_SYS ? 2n : 0n));
    this.set(env, CAUSE, cause);
    this.set(env, TVAL, tval);
    this.set(env, ESTATE, this.get(env, STATE));
    this.set(env, ENV_PC, this.get(env, VECTOR));
    this.set(env, ENV_TRAPS, this.get(env, ENV_TRAPS) + 1n);
    this.setState(env, 0);
  }

  poll(env: number): number {
    const pending = this.get(env, PENDING) !== 0n;
    const waits = (env + ENV_WFI) >> 2;
    if (this.i32[waits] && !pending) return POLL_WAIT;
    this.i32[waits] = 0;
    if (!pending || (this.state(env) & STATE_INTERRUPTS) === 0) return POLL_NONE;
    this.enter(env, CAUSE_INTERRUPT, this.get(env, PENDING));
    return POLL_TAKEN;
  }

  reset(env: number, pc: bigint): void {
    for (let slot = ENV_REGISTERS; slot < ENV_TEMPS; slot += 8) this.set(env, slot, 0);
    for (let slot = VECTOR; slot <= PENDING; slot += 8) this.set(env, slot, 0);
    this.set(env, ENV_PC, pc);
    this.i32[(env + ENV_WFI) >> 2] = 0;
    this.setState(env, 0);
  }

  wire(env: number, bit: number, level: number): void {
    const mask = 1n << BigInt(bit);
    const pending = this.get(env, PENDING);
    this.set(env, PENDING, level ? pending | mask : pending & ~mask);
    this.i32[(env + ENV_POLL) >> 2] = 1;
  }

  /** False with a trap pending in user mode. */
  privileged(env: number): boolean {
    if ((this.state(env) & STATE_USER) === 0) return true;
    this.raise(env, CAUSE_PRIVILEGED, 0n);
    return false;
  }

  /** Changes STATE at the end of the instruction, for supervisors. */
  change(env: number, state: number): bigint {
    if (!this.privileged(env)) return 0n;
    this.setState(env, state);
    this.status(env, STATUS_EXIT);
    return 0n;
  }

  readControl(env: number, index: number): bigint {
    if (!this.privileged(env)) return 0n;
    if (index === CONTROL_TICK) return this.get(env, ENV_TICK_LIMIT) - BigInt(this.i32[(env + ENV_BUDGET) >> 2]);
    if (index === CONTROL_TRAPS) return this.get(env, ENV_TRAPS);
    return index < CONTROL_TICK ? this.get(env, VECTOR + 8 * index) : 0n;
  }

  writeControl(env: number, index: number, value: bigint): bigint {
    if (this.privileged(env) && index < CONTROL_TICK) this.set(env, VECTOR + 8 * index, value);
    return 0n;
  }

  returnFromTrap(env: number): bigint {
    if (!this.privileged(env)) return 0n;
    this.set(env, ENV_PC, this.get(env, EPC));
    this.setState(env, Number(this.get(env, ESTATE)) & (STATE_USER | STATE_NARROW | STATE_INTERRUPTS));
    return 0n;
  }

  wait(env: number): bigint {
    if (!this.privileged(env)) return 0n;
    this.i32[(env + ENV_WFI) >> 2] = 1;
    this.i32[(env + ENV_POLL) >> 2] = 1;
    this.status(env, STATUS_EXIT);
    return 0n;
  }
}

const flag = (state: number, bit: number, on: boolean): number => (on ? state | bit : state & ~bit);

/** The exports listed in lib/isa/guest.ts. */
export function instantiateToy(imports: GuestImports): WebAssembly.Exports {
  const h = new ToyHelpers(imports);
  type HelperCall = (env: number, a: bigint, b: bigint) => bigint;
  const helpers: Record<HelperName, HelperCall> = {
    raise: (env, a, b) => h.raise(env, Number(a), b),
    iret: (env) => h.returnFromTrap(env),
    rdc: (env, _, b) => h.readControl(env, Number(b)),
    wrc: (env, a, b) => h.writeControl(env, Number(b), a),
    user: (env) => h.change(env, h.state(env) | STATE_USER),
    mode: (env, _, b) => h.change(env, flag(h.state(env), STATE_NARROW, b !== 0n)),
    irq: (env, _, b) => h.change(env, flag(h.state(env), STATE_INTERRUPTS, b !== 0n)),
    wait: (env) => h.wait(env),
  };
  const func = (params: ValueType[], results: ValueType[], call: JsFunction) => ({ signature: { params, results }, call });
  return asExports({
    translate: func(['i32', 'i64', 'i32'], ['i64'], (env: number, vaddr: bigint, access: number) => h.translate(env, vaddr, access)),
    fetch: func(['i32', 'i64'], ['i64'], (env: number, vaddr: bigint) => BigInt(h.address(env, vaddr, 'fetch'))),
    takeTrap: func(['i32'], [], (env: number) => h.enter(env, Number(h.get(env, ENV_CAUSE)), h.get(env, ENV_TVAL))),
    poll: func(['i32'], ['i32'], (env: number) => h.poll(env)),
    resetHart: func(['i32', 'i64'], [], (env: number, pc: bigint) => h.reset(env, pc)),
    refresh: func(['i32'], [], (env: number) => h.refresh(env)),
    wireInterrupt: func(['i32', 'i32', 'i32'], [], (env: number, bit: number, level: number) => h.wire(env, bit, level)),
    nextTimerTick: func(['i32'], ['i64'], () => -1n),
    tableStore: func(['i32', 'i64', 'i64', 'i32', 'i32'], ['i32'], () => 0),
    accessFault: func(['i32', 'i64', 'i32'], [], (env: number, vaddr: bigint, access: number) => {
      h.raise(env, access === ACCESS_READ ? CAUSE_LOAD : CAUSE_STORE, vaddr);
    }),
    ...Object.fromEntries(HELPER_NAMES.map((name) => [name, func(['i32', 'i64', 'i64', 'i64', 'i32'], ['i64'], helpers[name])])),
  });
}
