/** A machine in a program's hands. Everything it does depends on nothing but what it was created from and what is done to it: the same calls give the same run. */
import type { FileRole } from '../../replay/header.js';
import type { Breakpoint, DebugStop, WatchKind, Watchpoint } from '../exec/debug.js';
import type { EngineStats, StopReason } from '../exec/machine-engine.js';
import { loadMachine } from '../host/boot.js';
import { RecordableInputs } from '../host/recording.js';
import { openSymbols, type Symbols } from '../symbols/symbols.js';
import { readGuest, writeEvents } from '../system/guest-memory.js';
import { ConfigError } from '../util/errors.js';
import { given } from '../util/given.js';
import { assemble, type MachineParts, warn } from './assemble.js';
import { type Driver, directDriver } from './driver.js';
import { type CreateOptions, machineOptions } from './options.js';

/** A place in memory: an address, or the name of a symbol. Addresses above 2^53 must be bigints. */
export type Place = number | bigint | string;

export interface RunOptions {
  /** At most so many ticks: instructions and traps. */
  readonly ticks?: number;
  /** Until the guest prints this, or a line that matches it, from here on. */
  readonly until?: string | RegExp;
}

/** Why a run ended. */
export type Stop =
  /** `ticks` are over. */
  | { readonly kind: 'limit' }
  /** What `until` waits for was printed: the last instruction did it. */
  | { readonly kind: 'printed' }
  | { readonly kind: 'poweroff'; readonly code: number }
  /** All harts wait, and nothing can wake them but input. */
  | { readonly kind: 'idle' }
  /** `stop` was called. */
  | { readonly kind: 'stopped' }
  /** The recording ends here. */
  | { readonly kind: 'end' }
  | DebugStop;

/** Which address space an address is in. */
export interface AddressOptions {
  /** Whose virtual addresses. Default: 0. */
  readonly hart?: number;
  /** The address is a physical one. */
  readonly physical?: boolean;
}

export interface BreakpointOptions {
  /** Only harts for which it gives true stop. It may look at the machine, and must not change it. */
  readonly condition?: (hart: number) => boolean;
}

export interface WatchpointOptions extends AddressOptions {
  /** Bytes. Default: 8. */
  readonly length?: number;
  /** Default: `write`. */
  readonly kind?: WatchKind;
}

/** Something that stops a run until it is removed. */
export interface Removable {
  remove(): void;
}

/** The host's other work, and output, get their turn after so many ticks; typed text, sooner. */
const SLICE_TICKS = 10_000_000;
const TYPING_TICKS = 20_000;

export class Machine {
  /** What it is made of: the door to everything that is not offered here, and no promise. */
  readonly parts: MachineParts;
  private typed: number[] = [];
  private breakpoints: readonly Breakpoint[] = [];
  private watchpoints: readonly Watchpoint[] = [];
  /** The tick of a stop at a breakpoint: the next run begins with the instruction behind it. */
  private passTick = -1;
  private openedSymbols: Symbols | undefined;

  constructor(parts: MachineParts) {
    this.parts = parts;
  }

  /** Builds a machine, switched on and before its first instruction. Throws `ConfigError` and `ImageError`. */
  static create(options: CreateOptions): Machine {
    const contents = new Map<FileRole, Uint8Array>();
    const built = machineOptions(options, contents);
    const inputs = new RecordableInputs(options.onWarning ?? warn, contents);
    const symbols = options.symbols ?? (typeof options.kernel === 'string' ? options.kernel : undefined);
    const printed = (byte: number): void => parts.recorder?.printed(byte);
    const assembled = assemble(loadMachine(built, inputs), { ...options, ...given({ symbols }) }, printed);
    inputs.machine = assembled.guest;
    const parts: MachineParts = { ...assembled, inputs, driver: directDriver(assembled.guest, undefined) };
    return new Machine(parts);
  }

  // --- running -----------------------------------------------------------------------------------------------------------

  /** Runs until something stops it: see `Stop`. Idle time takes no time. Throws what a block hook threw. */
  run({ ticks = Number.POSITIVE_INFINITY, until }: RunOptions = {}): Stop {
    const { parts } = this;
    const end = this.tick + ticks;
    let printed = false;
    parts.console.watch(until, () => {
      printed = true;
      parts.guest.requestStop();
    });
    for (let pass = this.passTick === this.tick; ; pass = false) {
      this.deliver();
      const slice = this.tick + (this.typed.length > 0 ? TYPING_TICKS : SLICE_TICKS);
      const stop = parts.driver.run(Math.min(end, slice, parts.recorder?.nextTick ?? slice), { passBreakpoint: pass });
      parts.console.flush();
      parts.recorder?.betweenSlices();
      this.throwFailure();
      const reason = printed ? ({ kind: 'printed' } as const) : this.reasonOf(stop, end);
      if (!reason) continue;
      if (reason.kind === 'breakpoint') this.passTick = this.tick;
      return reason;
    }
  }

  /** Why to return to the caller; undefined where the run goes on. */
  private reasonOf(stop: StopReason, end: number): Stop | undefined {
    const { driver } = this.parts;
    if (this.powerOff !== undefined) return { kind: 'poweroff', code: this.powerOff };
    if (stop.kind === 'limit') return this.tick >= end ? stop : undefined;
    if (stop.kind === 'idle') return this.typed.length > 0 && this.canType ? undefined : { kind: 'idle' };
    if (stop.kind === 'stopped') return driver.ended ? { kind: 'end' } : stop;
    return stop;
  }

  private throwFailure(): void {
    const { failures } = this.parts;
    if (failures.length > 0) throw failures.pop();
  }

  /** Ends the present `run` soon: for callbacks. Between runs, ends the next one before it begins. */
  stop(): void {
    this.parts.guest.requestStop();
  }

  /** Types on the console. The guest gets it while it runs, as fast as its device takes it. */
  type(text: string): void {
    this.typed.push(...new TextEncoder().encode(text));
  }

  private get canType(): boolean {
    return this.parts.guest.room('serial') > 0;
  }

  private deliver(): void {
    const bytes = Uint8Array.from(this.typed.slice(0, this.parts.guest.room('serial')));
    if (bytes.length === 0 || !this.parts.driver.input({ kind: 'console', port: 'serial', bytes })) return;
    this.typed = this.typed.slice(bytes.length);
  }

  /** Presses the reset button. */
  reset(): void {
    this.parts.driver.input({ kind: 'reset' });
  }

  /** Closes its files: for programs that make many machines. It runs no more. */
  close(): void {
    this.parts.inputs?.close();
    this.openedSymbols?.close();
  }

  // --- what it is and was ------------------------------------------------------------------------------------------------

  /** Instructions retired and traps taken so far, of all harts: names each state of a run. */
  get tick(): number {
    return this.parts.guest.tick;
  }

  /** Virtual time in nanoseconds. */
  get nowNs(): number {
    return this.parts.guest.nowNs;
  }

  /** The exit code with which the guest powered off; undefined while it is on. */
  get powerOff(): number | undefined {
    return this.parts.guest.powerOff;
  }

  /** All that the guest has printed up to here. */
  get console(): string {
    return this.parts.console.text;
  }

  /** 32 hexadecimal digits over the whole state: equal for equal states. */
  stateDigest(): string {
    return this.parts.guest.stateDigest();
  }

  stats(): EngineStats {
    return this.parts.guest.stats();
  }

  get harts(): number {
    return this.parts.guest.debug.harts;
  }

  /** The hart whose turn it is. */
  get currentHart(): number {
    return this.parts.guest.debug.currentHart;
  }

  /** Names of places and lines of source. Throws `ConfigError` where there is no file to read them from, and `ImageError`. */
  get symbols(): Symbols {
    const { symbols: path } = this.parts.plugins;
    if (path === undefined) throw new ConfigError('symbols: no file was given that has them');
    this.openedSymbols ??= openSymbols(path);
    return this.openedSymbols;
  }

  /** The virtual address of a place. Throws `ConfigError` for an unknown name. */
  address(place: Place): bigint {
    if (typeof place !== 'string') return BigInt.asUintN(64, BigInt(place));
    const [symbol] = this.symbols.symbolsNamed(place);
    if (symbol) return symbol.address;
    const nearest = this.symbols.nearestName(place);
    throw new ConfigError(`no symbol ${place}${nearest ? `; did you mean ${nearest}?` : ''}`);
  }

  // --- registers and memory ----------------------------------------------------------------------------------------------

  /** All registers of a hart by GDB's names. */
  registers(hart = 0): Readonly<Record<string, bigint>> {
    const { debug } = this.parts.guest;
    return Object.fromEntries(debug.registers.map(({ name }, index) => [name, debug.readRegister(hart, index)]));
  }

  /** A register by any of its names: `a0`, `x10`, `pc`, `mstatus`. Throws `ConfigError`. */
  register(name: string, hart = 0): bigint {
    return this.parts.guest.debug.readRegister(hart, this.registerIndex(name));
  }

  /** Throws `ConfigError` for an unknown register. */
  setRegister(name: string, value: bigint, hart = 0): void {
    const register = this.parts.guest.debug.registers[this.registerIndex(name)].name;
    this.parts.driver.input({ kind: 'register', hart, register, value: BigInt.asUintN(64, value) });
  }

  private registerIndex(name: string): number {
    const { registers } = this.parts.guest.debug;
    const index = registers.findIndex((register) => register.name === name || register.aliases.includes(name));
    if (index < 0) throw new ConfigError(`no register ${name}`);
    return index;
  }

  /** Bytes of memory, through the hart's page tables and without side effects. Throws `RangeError` where there is none. */
  readMemory(place: Place, length: number, { hart = 0, physical = false }: AddressOptions = {}): Uint8Array {
    const bytes = readGuest(this.parts.guest, this.address(place), length, { hart, physical });
    if (bytes.length < length) throw new RangeError(`no memory at 0x${(this.address(place) + BigInt(bytes.length)).toString(16)}`);
    return bytes;
  }

  /** An unsigned little-endian integer of `length` bytes. Throws `RangeError` where there is no memory. */
  readInteger(place: Place, length: number, options: AddressOptions = {}): bigint {
    return this.readMemory(place, length, options).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** Throws `RangeError` where there is no RAM. */
  writeMemory(place: Place, bytes: Uint8Array, { hart = 0, physical = false }: AddressOptions = {}): void {
    const events = writeEvents(this.parts.guest, this.address(place), bytes, { hart, physical });
    if (!events) throw new RangeError(`no RAM at 0x${this.address(place).toString(16)}, or not for ${bytes.length} bytes`);
    for (const event of events) this.parts.driver.input(event);
  }

  /** The physical address of a place; undefined where nothing is mapped. */
  physical(place: Place, hart = 0): number | undefined {
    return this.parts.guest.debug.translate(hart, this.address(place));
  }

  /** The text of the instruction there; undefined where there is no memory. */
  disassemble(place: Place, hart = 0): { readonly text: string; readonly length: number } | undefined {
    return this.parts.guest.debug.disassemble(hart, this.address(place));
  }

  // --- stops -------------------------------------------------------------------------------------------------------------

  /** Stops runs in front of the instruction there. */
  breakpoint(place: Place, { condition }: BreakpointOptions = {}): Removable {
    const breakpoint: Breakpoint = { pc: this.address(place), ...given({ condition }) };
    const set = (breakpoints: readonly Breakpoint[]): void => {
      this.breakpoints = breakpoints;
      this.parts.driver.setBreakpoints(breakpoints);
    };
    set([...this.breakpoints, breakpoint]);
    return { remove: () => set(this.breakpoints.filter((other) => other !== breakpoint)) };
  }

  /** Stops runs behind the instruction that accesses memory there. */
  watchpoint(place: Place, { length = 8, kind = 'write', physical = false }: WatchpointOptions = {}): Removable {
    const watchpoint: Watchpoint = { address: this.address(place), length, kind, space: physical ? 'physical' : 'virtual' };
    const set = (watchpoints: readonly Watchpoint[]): void => {
      this.watchpoints = watchpoints;
      this.parts.driver.setWatchpoints(watchpoints);
    };
    set([...this.watchpoints, watchpoint]);
    return { remove: () => set(this.watchpoints.filter((other) => other !== watchpoint)) };
  }

  /** From here on `driver` moves the machine. Its stops stay. */
  setDriver(driver: Driver): void {
    this.parts.driver = driver;
    driver.setBreakpoints(this.breakpoints);
    driver.setWatchpoints(this.watchpoints);
  }
}
