/**
 * Drives the compiled soft-MMU and RISC-V modules directly, without the engine: lays out memory as lib/mem/layout.ts says, with RAM at RAM_BASE, one page of ROM at ROM_BASE,
 * and everything else devices that record what is done to them.
 */
import { readFileSync } from 'node:fs';
import * as R from '../../lib/isa/riscv/layout.js';
import * as L from '../../lib/mem/layout.js';

export const RAM_BASE = 0x80000000n;
export const RAM_PAGES = 1024;
export const ROM_BASE = 0x1000n;
export const DEVICE_BASE = 0x10000000n;
/** Reads and writes of devices here fault: nothing answers. */
export const HOLE_BASE = 0x20000000n;

const HARTS_AT = 0x100000;
const FRAMES_AT = 0x10000;

type Integer = bigint | number;
type Functions<Names extends string> = Record<Names, (...args: Integer[]) => Integer>;

const MMU_EXPORTS = [
  'beforeStore',
  'cleanPages',
  'closeWriter',
  'dropPage',
  'flushAll',
  'frameOf',
  'blankDigest',
  'frameDigest',
  'hashFrame',
  'hostAddress',
  'isRam',
  'loadPhysical',
  'lookupRead',
  'lookupWrite',
  'markCode',
  'markTable',
  'paddrOfHost',
  'renewContexts',
  'selectBank',
  'slowLoad',
  'slowStore',
  'storePhysical',
  'unmarkCode',
] as const;
const GUEST_EXPORTS = [
  'accessFault',
  'amo',
  'cbo',
  'csr',
  'ecall',
  'fetch',
  'lr',
  'mret',
  'nextTimerTick',
  'poll',
  'raise',
  'refresh',
  'resetHart',
  'sc',
  'sfence',
  'sret',
  'tableStore',
  'takeTrap',
  'translate',
  'wfi',
  'wireInterrupt',
] as const;

/** What the host functions of the soft-MMU were called with. */
export type HostCall =
  | { readonly kind: 'read'; readonly paddr: number; readonly size: number }
  | { readonly kind: 'write'; readonly paddr: number; readonly size: number; readonly low: number; readonly high: number }
  | { readonly kind: 'sbi'; readonly env: number }
  | { readonly kind: 'code'; readonly paddr: number; readonly size: number };

export interface Trap {
  readonly cause: number;
  readonly tval: bigint;
}

export class Harness {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  readonly view: DataView;
  readonly mmu: Functions<(typeof MMU_EXPORTS)[number]>;
  readonly guest: Functions<(typeof GUEST_EXPORTS)[number]>;
  readonly calls: HostCall[] = [];
  /** What device reads give. */
  deviceValue = { low: 0, high: 0 };
  /** What device writes answer: nonzero asks to leave translated code. */
  deviceLeaves = 0;
  readonly ramHost: number;
  readonly romHost: number;

  constructor(options: { harts?: number; options?: number } = {}) {
    const harts = options.harts ?? 1;
    this.ramHost = HARTS_AT + harts * L.HART_SIZE;
    this.romHost = this.ramHost + RAM_PAGES * L.PAGE_SIZE;
    const pages = (this.romHost + 0x10000) >> 16;
    this.memory = new WebAssembly.Memory({ initial: pages });
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: L.FN_REGIONS });
    this.view = new DataView(this.memory.buffer);
    this.layOut(harts);
    const env = { memory: this.memory, table: this.table };
    const mmu = this.instantiate('mem', { env, host: this.host() });
    const guest = this.instantiate('isa/riscv', { env, mmu, host: this.host() });
    this.mmu = mmu as unknown as Functions<(typeof MMU_EXPORTS)[number]>;
    this.guest = guest as unknown as Functions<(typeof GUEST_EXPORTS)[number]>;
    this.table.set(L.FN_TRANSLATE, guest.translate);
    this.table.set(L.FN_TABLE_STORE, guest.tableStore);
    this.table.set(L.FN_ACCESS_FAULT, guest.accessFault);
    this.mmu.flushAll();
    for (let i = 0; i < harts; i++) {
      const hart = this.hart(i);
      this.setI32(hart + L.ENV_HART, i);
      this.setI64(hart + R.OPTIONS, BigInt(options.options ?? 0));
      this.setI64(hart + L.ENV_TICK_LIMIT, 0n);
      this.guest.resetHart(hart, RAM_BASE);
    }
  }

  private instantiate(module: string, imports: Record<string, Record<string, unknown>>): WebAssembly.Exports {
    const bytes = readFileSync(new URL(`../../lib/${module}/assembly.wasm`, import.meta.url));
    return new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), imports).exports;
  }

  private host(): Record<string, unknown> {
    const absent = (env: number, paddr: number): boolean => {
      if (paddr < Number(HOLE_BASE)) return false;
      this.setI64(env + L.ENV_CAUSE, 0n);
      this.setI32(env + L.ENV_STATUS, L.STATUS_TRAP);
      return true;
    };
    return {
      mmioRead: (env: number, paddr: number, size: number): number => {
        this.calls.push({ kind: 'read', paddr, size });
        if (absent(env, paddr)) return 0;
        this.setI32(env + L.ENV_MMIO_HIGH, this.deviceValue.high);
        return this.deviceValue.low;
      },
      mmioWrite: (env: number, paddr: number, size: number, low: number, high: number): number => {
        this.calls.push({ kind: 'write', paddr, size, low, high });
        return absent(env, paddr) ? 0 : this.deviceLeaves;
      },
      environmentCall: (env: number): void => {
        this.calls.push({ kind: 'sbi', env });
      },
      codeWritten: (_env: number, paddr: number, size: number): void => {
        this.calls.push({ kind: 'code', paddr, size });
      },
    };
  }

  private layOut(harts: number): void {
    const region = (index: number, start: bigint, pages: number, host: number, frame: number, flags: number) => {
      const at = L.GLOBAL_REGIONS + index * L.REGION_SIZE;
      this.setI64(at + L.REGION_START, start);
      this.setI64(at + L.REGION_END, start + BigInt(pages * L.PAGE_SIZE));
      this.setI32(at + L.REGION_HOST, host);
      this.setI32(at + L.REGION_FRAME, frame);
      this.setI32(at + L.REGION_FLAGS, flags);
    };
    region(0, RAM_BASE, RAM_PAGES, this.ramHost, 0, 0);
    region(1, ROM_BASE, 1, this.romHost, RAM_PAGES, L.FRAME_READONLY);
    this.setI32(L.GLOBAL_REGION_COUNT, 2);
    this.setI32(L.GLOBAL_FRAMES, FRAMES_AT);
    this.setI32(L.GLOBAL_FRAME_COUNT, RAM_PAGES + 1);
    this.setI32(FRAMES_AT + RAM_PAGES * L.FRAME_SIZE + L.FRAME_FLAGS, L.FRAME_READONLY);
    this.setI32(L.GLOBAL_HARTS, HARTS_AT);
    this.setI32(L.GLOBAL_HART_COUNT, harts);
    this.setI64(L.GLOBAL_NS_PER_TICK, 10n);
  }

  /** Host address of a hart's area. */
  hart(index: number): number {
    return HARTS_AT + index * L.HART_SIZE;
  }

  i32(at: number): number {
    return this.view.getInt32(at, true);
  }
  setI32(at: number, value: number): void {
    this.view.setInt32(at, value, true);
  }
  i64(at: number): bigint {
    return this.view.getBigInt64(at, true);
  }
  setI64(at: number, value: bigint): void {
    this.view.setBigInt64(at, BigInt.asIntN(64, value), true);
  }

  /** Host address of a byte of RAM. */
  ram(paddr: bigint): number {
    return this.ramHost + Number(paddr - RAM_BASE);
  }

  /** Host address of the record of RAM's frame at `paddr`. */
  frame(paddr: bigint): number {
    return FRAMES_AT + (Number(paddr - RAM_BASE) >> L.PAGE_BITS) * L.FRAME_SIZE;
  }

  /** Takes over the status that the last call left. */
  takeStatus(env: number): number {
    const status = this.i32(env + L.ENV_STATUS);
    this.setI32(env + L.ENV_STATUS, L.STATUS_NONE);
    return status;
  }

  /** The trap that the last call left pending, if it did. */
  takePending(env: number): Trap | undefined {
    if (this.takeStatus(env) !== L.STATUS_TRAP) return undefined;
    return { cause: Number(this.i64(env + L.ENV_CAUSE)), tval: BigInt.asUintN(64, this.i64(env + L.ENV_TVAL)) };
  }

  /** A load as translated code does it: the fast path by the TLB, or else the slow path. Gives the value, or the trap. */
  load(env: number, vaddr: bigint, size: 1 | 2 | 4 | 8): bigint | Trap {
    const host = this.fastPath(env, vaddr, size, L.TLB_READ);
    const read = { 1: 'getUint8', 2: 'getUint16', 4: 'getUint32', 8: 'getBigUint64' } as const;
    if (host >= 0) return BigInt(this.view[read[size]](host, true));
    const value = BigInt.asUintN(64, BigInt(this.mmu.slowLoad(env, BigInt.asIntN(64, vaddr), size)));
    return this.takePendingOnly(env) ?? value;
  }

  /** A store as translated code does it; gives the trap if there is one. */
  store(env: number, vaddr: bigint, value: bigint, size: 1 | 2 | 4 | 8): Trap | undefined {
    const host = this.fastPath(env, vaddr, size, L.TLB_WRITE);
    if (host < 0) {
      this.mmu.slowStore(env, BigInt.asIntN(64, vaddr), BigInt.asIntN(64, value), size);
      return this.takePendingOnly(env);
    }
    for (let i = 0; i < size; i++) this.view.setUint8(host + i, Number((value >> BigInt(8 * i)) & 0xffn));
    return undefined;
  }

  /** Host address if the TLB has the access, else -1. */
  fastPath(env: number, vaddr: bigint, size: number, table: number): number {
    const entry = this.entry(env, vaddr, table);
    const masked = BigInt.asIntN(64, (vaddr + BigInt(size - 1)) & ~0xfffn);
    if (this.i64(entry + L.TLB_TAG) !== masked) return -1;
    return (Number(BigInt.asIntN(32, vaddr)) + this.i32(entry + L.TLB_ADDEND)) | 0;
  }

  /** Host address of the entry for `vaddr` in a table (TLB_READ, TLB_WRITE) of the current bank. */
  entry(env: number, vaddr: bigint, table: number): number {
    return tlbEntry(this.i32(env + L.ENV_TLB), vaddr, table);
  }

  private takePendingOnly(env: number): Trap | undefined {
    return this.i32(env + L.ENV_STATUS) === L.STATUS_TRAP ? this.takePending(env) : undefined;
  }
}

/** Host address of the entry for `vaddr` in a table (TLB_READ, TLB_WRITE) of `bank`. */
export function tlbEntry(bank: number, vaddr: bigint, table: number): number {
  const [indexBits, entryBits] =
    table === L.TLB_READ ? [L.TLB_READ_INDEX_BITS, L.TLB_READ_ENTRY_BITS] : [L.TLB_WRITE_INDEX_BITS, L.TLB_WRITE_ENTRY_BITS];
  const index = Number((vaddr >> 12n) & ((1n << BigInt(indexBits)) - 1n));
  return bank + table + (index << entryBits);
}
