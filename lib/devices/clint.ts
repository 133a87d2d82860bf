/**
 * The core-local interruptor, after the SiFive FU540-C000 manual, chapter 9: software interrupts, and timer interrupts against one clock.
 *
 * `mtime` counts virtual time at 10 MHz. It is the clock that the `time` CSR shows too, so it cannot be set: writes to it are ignored.
 */
import { type Device, type IrqLine, type PlainData, StateReader, type TimerHandle, type VirtualClock } from './device.js';

// Registers, per hart where a stride is given. Everything between them reads as zero and ignores writes.
const MSIP = { base: 0x0000, stride: 4 } as const;
const MTIMECMP = { base: 0x4000, stride: 8 } as const;
const MTIME = 0xbff8;

export const CLINT_SIZE = 0x10000;
export const MTIME_HZ = 10_000_000;
const MTIME_NS = 1e9 / MTIME_HZ;
/** The most harts that fit between two kinds of registers. */
const HARTS_MAX = (MTIME - MTIMECMP.base) / MTIMECMP.stride;
const U32 = 0xffffffff;

export interface ClintHartLines {
  readonly msip: IrqLine;
  readonly mtip: IrqLine;
}

interface HartState {
  msip: number;
  mtimecmpLow: number;
  mtimecmpHigh: number;
  timer: TimerHandle | undefined;
}

export class Clint implements Device {
  readonly name = 'clint';
  readonly version = 1;
  readonly sizeBytes = CLINT_SIZE;
  readonly accessSizes = [4] as const;

  private readonly clock: VirtualClock;
  private readonly lines: readonly ClintHartLines[];
  private readonly harts: HartState[];

  constructor(ports: { clock: VirtualClock; harts: readonly ClintHartLines[] }) {
    this.clock = ports.clock;
    this.lines = ports.harts.slice(0, HARTS_MAX);
    this.harts = this.lines.map(() => ({ msip: 0, mtimecmpLow: U32, mtimecmpHigh: U32, timer: undefined }));
  }

  read(offset: number, _size: number): number {
    const mtime = this.mtime();
    if (offset === MTIME) return mtime % 0x100000000;
    if (offset === MTIME + 4) return Math.floor(mtime / 0x100000000);
    const { msip, compare } = this.locate(offset);
    if (msip) return msip.msip;
    if (compare) return offset & 4 ? compare.mtimecmpHigh : compare.mtimecmpLow;
    return 0;
  }

  write(offset: number, _size: number, value: number): void {
    const { index, msip, compare } = this.locate(offset);
    if (msip) {
      msip.msip = value & 1;
      this.lines[index]?.msip.set(msip.msip === 1);
    }
    if (compare) {
      if (offset & 4) compare.mtimecmpHigh = value;
      else compare.mtimecmpLow = value;
      this.arm(index);
    }
  }

  reset(): void {
    for (const [index, hart] of this.harts.entries()) this.set(index, hart, { msip: 0, low: U32, high: U32 });
  }

  save(): PlainData {
    return this.harts.map(({ msip, mtimecmpLow, mtimecmpHigh }) => ({ msip, mtimecmpLow, mtimecmpHigh }));
  }

  load(data: PlainData): void {
    const list = Array.isArray(data) ? (data as readonly PlainData[]) : [];
    const states = this.harts.map((_, index) => {
      const state = new StateReader(this.name, list[index] ?? null);
      return { msip: state.integer('msip', 1), low: state.integer('mtimecmpLow', U32), high: state.integer('mtimecmpHigh', U32) };
    });
    for (const [index, hart] of this.harts.entries()) this.set(index, hart, states[index] as (typeof states)[0]);
  }

  private mtime(): number {
    return Math.floor(this.clock.nowNs() / MTIME_NS);
  }

  /** The hart whose `msip` or `mtimecmp` register is at `offset`. */
  private locate(offset: number): { index: number; msip?: HartState | undefined; compare?: HartState | undefined } {
    if (offset < MTIMECMP.base) {
      const index = Math.floor((offset - MSIP.base) / MSIP.stride);
      return { index, msip: this.harts[index] };
    }
    const index = Math.floor((offset - MTIMECMP.base) / MTIMECMP.stride);
    return { index, compare: this.harts[index] };
  }

  private set(index: number, hart: HartState, state: { msip: number; low: number; high: number }): void {
    hart.msip = state.msip;
    hart.mtimecmpLow = state.low;
    hart.mtimecmpHigh = state.high;
    this.lines[index]?.msip.set(hart.msip === 1);
    this.arm(index);
  }

  /** Sets the hart's timer line, and the timer for when it will rise. */
  private arm(index: number): void {
    const hart = this.harts[index] as HartState;
    if (hart.timer) this.clock.cancel(hart.timer);
    hart.timer = undefined;
    // Beyond 2^53 this is rounded, which is centuries away either way.
    const mtimecmp = hart.mtimecmpHigh * 0x100000000 + hart.mtimecmpLow;
    const due = this.mtime() >= mtimecmp;
    this.lines[index]?.mtip.set(due);
    if (due || mtimecmp * MTIME_NS > Number.MAX_SAFE_INTEGER) return;
    const rise = (): void => {
      hart.timer = undefined;
      this.lines[index]?.mtip.set(true);
    };
    hart.timer = this.clock.at(mtimecmp * MTIME_NS, rise, index);
  }
}
