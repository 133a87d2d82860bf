/** The debugger's side of the engine: registers, address translation, disassembly, and the break- and watchpoints' entry. */
import type { CodeReader, DebugRegister, Guest, HartInspector } from '../isa/guest.js';
import type { AddressSpace } from '../mem/address-space.js';
import { ENV_BUDGET, ENV_PC, ENV_STOPPED, ENV_TICK_LIMIT, ENV_TICK_SKEW, ENV_TICKS, ENV_WFI } from '../mem/layout.js';
import type { Breakpoints } from './breakpoints.js';
import type { Breakpoint, EngineDebug, Watchpoint } from './debug.js';

/** What the run loop knows. */
export interface RunView {
  readonly tick: number;
  readonly currentHart: number;
  /** The area of the hart that is running, -1 between runs. */
  readonly runningHart: number;
}

export interface InspectorOptions {
  readonly memory: WebAssembly.Memory;
  readonly space: AddressSpace;
  readonly guest: Guest;
  readonly inspector: HartInspector;
  /** Host addresses of the harts' areas. */
  readonly harts: readonly number[];
  readonly breakpoints: Breakpoints;
  readonly watchpoints: { set(watchpoints: readonly Watchpoint[]): void };
  readonly run: RunView;
}

/** There is no memory where an instruction's bytes should be. */
class Unmapped extends Error {}

export class Inspector implements EngineDebug {
  readonly harts: number;
  private readonly o: InspectorOptions;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  private readonly u8: Uint8Array;

  constructor(options: InspectorOptions) {
    this.o = options;
    this.harts = options.harts.length;
    this.i32 = new Int32Array(options.memory.buffer);
    this.i64 = new BigInt64Array(options.memory.buffer);
    this.u8 = new Uint8Array(options.memory.buffer);
  }

  get architecture(): string {
    return this.o.inspector.architecture;
  }

  get registers(): readonly DebugRegister[] {
    return this.o.inspector.registers;
  }

  get currentHart(): number {
    return this.o.run.currentHart;
  }

  setBreakpoints(breakpoints: readonly Breakpoint[]): void {
    this.o.breakpoints.set(breakpoints);
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.o.watchpoints.set(watchpoints);
  }

  pc(hart: number): bigint {
    return BigInt.asUintN(64, this.i64[(this.o.harts[hart] + ENV_PC) >> 3]);
  }

  isWaiting(hart: number): boolean {
    const env = this.o.harts[hart];
    return this.i32[(env + ENV_WFI) >> 2] !== 0 || this.i32[(env + ENV_STOPPED) >> 2] !== 0;
  }

  hartTicks(hart: number): number {
    const { i64 } = this;
    const { runningHart: running, tick } = this.o.run;
    const env = this.o.harts[hart];
    return Number(env === running ? BigInt(tick) - i64[(env + ENV_TICK_SKEW) >> 3] : i64[(env + ENV_TICKS) >> 3]);
  }

  readRegister(hart: number, index: number): bigint {
    const register = this.registers[index];
    return register ? this.o.inspector.read(this.atNow(hart), register) : 0n;
  }

  writeRegister(hart: number, index: number, value: bigint): boolean {
    const register = this.registers[index];
    return register !== undefined && this.o.inspector.write(this.atNow(hart), register, BigInt.asUintN(64, value));
  }

  translate(hart: number, vaddr: bigint): number | undefined {
    return this.o.inspector.translate(this.o.harts[hart], vaddr);
  }

  disassemble(hart: number, vaddr: bigint): { readonly text: string; readonly length: number } | undefined {
    const byte = (index: number): number => this.byteAt(hart, BigInt.asUintN(64, vaddr + BigInt(index)));
    const code: CodeReader = { byte, unit: (index) => byte(index * 2) | (byte(index * 2 + 1) << 8) };
    try {
      return this.o.guest.disassemble(code, BigInt.asUintN(64, vaddr));
    } catch (error) {
      if (error instanceof Unmapped) return undefined;
      throw error;
    }
  }

  private byteAt(hart: number, vaddr: bigint): number {
    const paddr = this.translate(hart, vaddr);
    const region = paddr === undefined ? undefined : this.o.space.memoryAt(paddr, 1);
    if (paddr === undefined || !region) throw new Unmapped();
    return this.u8[region.host + (paddr - region.base)];
  }

  /** The hart's area; what it derives from the time is up to date. */
  private atNow(hart: number): number {
    const env = this.o.harts[hart];
    const { runningHart: running, tick } = this.o.run;
    if (env === running) return env;
    this.i64[(env + ENV_TICK_LIMIT) >> 3] = BigInt(tick);
    this.i32[(env + ENV_BUDGET) >> 2] = 0;
    return env;
  }
}
