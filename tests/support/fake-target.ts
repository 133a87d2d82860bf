/**
 * A machine for tests of the GDB server: harts that walk over a small memory, with a history. An instruction is 4 bytes long and does what the program
 * says for its address, or nothing. The harts take turns tick by tick.
 */
import type {
  DebugTarget,
  HartInfo,
  MemoryArea,
  ResumeRequest,
  TargetBreakpoint,
  TargetStop,
  TargetWatchpoint,
} from '../../gdbstub/target.js';
import type { DebugRegister } from '../../lib/isa/guest.js';

export const FAKE_BASE = 0x8000_0000n;
export const FAKE_BYTES = 64 * 1024;
const NOP = 0x13;
/** A test that waits for a stop that never comes fails instead. */
const TICKS_MAX = 4_000_000;

export interface FakeInsn {
  /** Adds 1 to the number of `bytes` at `address`. */
  readonly increment?: { readonly address: bigint; readonly bytes: 1 | 2 | 4 | 8 };
  readonly read?: { readonly address: bigint; readonly bytes: 1 | 2 | 4 | 8 };
  /** Adds 1 to the register. */
  readonly count?: number;
  readonly jump?: bigint;
  readonly exit?: number;
}

const ABI = ['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 'fp', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'];
ABI.push('s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6');

const cpu = { group: 'general', feature: 'org.gnu.gdb.riscv.cpu', bits: 64 } as const;
const fpu = { group: 'float', feature: 'org.gnu.gdb.riscv.fpu' } as const;

export const FAKE_REGISTERS: readonly DebugRegister[] = [
  ...ABI.map((name, number) => ({
    ...cpu,
    name,
    aliases: [`x${number}`],
    type: name === 'sp' || name === 'fp' ? 'data_ptr' : 'int',
    number,
  })),
  { ...cpu, name: 'pc', aliases: [], type: 'code_ptr', number: 32 },
  ...Array.from({ length: 32 }, (_, i) => ({ ...fpu, name: `f${i}`, aliases: [], type: 'ieee_double', bits: 64 as const, number: 33 + i })),
  ...['fflags', 'frm', 'fcsr'].map((name, i) => ({ ...fpu, name, aliases: [], type: 'int', bits: 32 as const, number: 66 + i })),
  { name: 'mstatus', aliases: [], bits: 64, type: 'int', group: 'system', feature: 'org.gnu.gdb.riscv.csr', number: 65 + 0x300 },
  { name: 'mhartid', aliases: [], bits: 64, type: 'int', group: 'system', feature: 'org.gnu.gdb.riscv.csr', number: 65 + 0xf14 },
];
export const FAKE_PC = 32;

interface Step {
  readonly hart: number;
  readonly undo: () => void;
}

export interface FakeOptions {
  readonly harts?: number;
  readonly canReverse?: boolean;
  readonly sliceTicks?: number;
}

export class FakeTarget implements DebugTarget {
  readonly architecture = 'riscv:rv64';
  readonly triple = 'riscv64-unknown-none';
  readonly registers = FAKE_REGISTERS;
  readonly harts: number;
  readonly memory = Buffer.alloc(FAKE_BYTES);
  readonly program = new Map<bigint, FakeInsn>();
  readonly values: bigint[][];
  readonly canReverse: boolean;
  stopReason: TargetStop = { kind: 'interrupt', hart: 0 };
  isRunning = false;
  onStop: ((stop: TargetStop) => void) | undefined;
  onOutput: ((text: string) => void) | undefined;
  stepsHideInterrupts = false;
  breakpoints: readonly TargetBreakpoint[] = [];
  watchpoints: readonly TargetWatchpoint[] = [];
  /** What was asked for, for tests. */
  readonly requests: ResumeRequest[] = [];
  readonly calls: string[] = [];
  private history: Step[] = [];
  private interrupted = false;
  private turn = 0;
  private ticksLeft = 0;
  /** Between two looks at other events. */
  private readonly sliceTicks: number;

  constructor({ harts = 1, canReverse = true, sliceTicks = 20_000 }: FakeOptions = {}) {
    this.sliceTicks = sliceTicks;
    this.harts = harts;
    this.canReverse = canReverse;
    for (let at = 0; at < FAKE_BYTES; at += 4) this.memory.writeUInt32LE(NOP, at);
    this.values = Array.from({ length: harts }, (_, hart) => FAKE_REGISTERS.map(({ name }) => (name === 'mhartid' ? BigInt(hart) : 0n)));
    for (let hart = 0; hart < harts; hart++) this.values[hart][FAKE_PC] = FAKE_BASE + BigInt(hart * 0x1000);
  }

  get ticks(): number {
    return this.history.length;
  }

  hartInfo(hart: number): HartInfo {
    return { name: `hart ${hart}`, state: 'running in M' };
  }

  pc(hart: number): bigint {
    return this.values[hart][FAKE_PC];
  }

  readRegister(hart: number, index: number): bigint {
    return this.values[hart][index];
  }

  writeRegister(hart: number, index: number, value: bigint): boolean {
    if (index === 0 || FAKE_REGISTERS[index].name === 'mhartid') return false;
    this.values[hart][index] = BigInt.asUintN(FAKE_REGISTERS[index].bits, value);
    return true;
  }

  /** Virtual addresses are physical ones; those above 2^63 show the same memory. */
  private offset(address: bigint, physical: boolean): number {
    const base = address >> 63n && !physical ? 0xffff_ffff_8000_0000n : FAKE_BASE;
    const offset = address - base;
    return offset >= 0n && offset < BigInt(FAKE_BYTES) ? Number(offset) : -1;
  }

  readMemory(_hart: number, address: bigint, length: number, { physical }: { physical: boolean }): Uint8Array {
    const offset = this.offset(address, physical);
    return offset < 0 ? new Uint8Array(0) : Uint8Array.from(this.memory.subarray(offset, offset + length));
  }

  writeMemory(_hart: number, address: bigint, bytes: Uint8Array, { physical }: { physical: boolean }): boolean {
    const offset = this.offset(address, physical);
    if (offset < 0 || offset + bytes.length > FAKE_BYTES) return false;
    this.memory.set(bytes, offset);
    return true;
  }

  memoryMap(): readonly MemoryArea[] {
    return [
      { name: 'ram', start: Number(FAKE_BASE), length: FAKE_BYTES, kind: 'ram' },
      { name: 'serial', start: 0x1000_0000, length: 0x100, kind: 'device' },
    ];
  }

  region(_hart: number, address: bigint) {
    const start = address & ~0xfffn;
    return this.offset(address, false) < 0
      ? { start, length: 0x1000n, permissions: '' }
      : { start, length: 0x1000n, permissions: 'rwx', name: 'ram' };
  }

  setBreakpoints(breakpoints: readonly TargetBreakpoint[]): void {
    this.breakpoints = breakpoints;
    this.calls.push(`breakpoints ${breakpoints.length}`);
  }

  setWatchpoints(watchpoints: readonly TargetWatchpoint[]): void {
    this.watchpoints = watchpoints;
    this.calls.push(`watchpoints ${watchpoints.length}`);
  }

  resume(request: ResumeRequest): void {
    this.requests.push(request);
    this.isRunning = true;
    this.interrupted = false;
    this.ticksLeft = TICKS_MAX;
    setImmediate(() => this.slice(request, true));
  }

  interrupt(): void {
    this.calls.push('interrupt');
    this.interrupted = true;
  }

  restart(): void {
    this.calls.push('restart');
    this.history = [];
    this.stopReason = { kind: 'step', hart: 0 };
    this.values.forEach((values, hart) => {
      values[FAKE_PC] = FAKE_BASE + BigInt(hart * 0x1000);
    });
  }

  kill(): void {
    this.calls.push('kill');
  }

  async monitor(command: string): Promise<string> {
    if (command !== 'slow') return command === 'quiet' ? '' : `you said ${command}`;
    this.interrupted = false;
    while (!this.interrupted) await new Promise((resolve) => setImmediate(resolve));
    return 'given up';
  }

  /** Some ticks; `first`: breakpoints count where the harts are. */
  private slice(request: ResumeRequest, first: boolean): void {
    const movers = this.values.map((_, hart) => hart).filter((hart) => request.harts === -1 || request.harts & (1 << hart));
    let stop = first && request.direction === 'forward' && request.action.kind === 'continue' ? this.breakpointStop(movers) : undefined;
    for (let tick = 0; tick < this.sliceTicks && !stop; tick++) {
      if (this.ticksLeft-- === 0) this.interrupted = true;
      stop = this.interrupted
        ? { kind: 'interrupt', hart: this.turn }
        : request.direction === 'forward'
          ? this.forward(request)
          : this.back(request);
    }
    if (!stop) {
      setImmediate(() => this.slice(request, false));
      return;
    }
    this.isRunning = false;
    this.stopReason = stop;
    this.onStop?.(stop);
  }

  private forward(request: ResumeRequest): TargetStop | undefined {
    const hart = this.nextHart(request.harts);
    const insn = this.program.get(this.pc(hart)) ?? {};
    if (insn.exit !== undefined) return { kind: 'exit', code: insn.exit };
    this.execute(hart, insn);
    return this.watchStop(hart, insn) ?? this.stepStop(request, hart) ?? this.breakpointStop([hart]);
  }

  private back(request: ResumeRequest): TargetStop | undefined {
    const step = this.history.pop();
    if (!step) return { kind: 'history', end: 'begin', hart: this.turn };
    step.undo();
    this.turn = step.hart;
    return (
      this.watchStop(step.hart, this.program.get(this.pc(step.hart)) ?? {}) ??
      this.stepStop(request, step.hart) ??
      this.breakpointStop([step.hart])
    );
  }

  private nextHart(mask: number): number {
    do this.turn = (this.turn + 1) % this.harts;
    while (mask !== -1 && !(mask & (1 << this.turn)));
    return this.turn;
  }

  private execute(hart: number, { increment, count, jump }: FakeInsn): void {
    const values = this.values[hart];
    const at = increment ? this.offset(increment.address, false) : 0;
    if (this.canReverse) {
      const pc = values[FAKE_PC];
      const counted = count === undefined ? 0n : values[count];
      const memory = Buffer.from(this.memory.subarray(at, at + (increment?.bytes ?? 0)));
      this.history.push({
        hart,
        undo: () => {
          values[FAKE_PC] = pc;
          if (count !== undefined) values[count] = counted;
          memory.copy(this.memory, at);
        },
      });
    }
    if (count !== undefined) values[count]++;
    values[FAKE_PC] = jump ?? this.pc(hart) + 4n;
    for (let i = 0; increment && i < increment.bytes && (this.memory[at + i] = (this.memory[at + i] + 1) & 0xff) === 0; i++);
  }

  private stepStop({ action }: ResumeRequest, hart: number): TargetStop | undefined {
    if (action.kind !== 'step' || action.hart !== hart) return undefined;
    const inside = action.range && this.pc(hart) >= action.range.from && this.pc(hart) < action.range.to;
    return inside ? undefined : { kind: 'step', hart };
  }

  private breakpointStop(harts: readonly number[]): TargetStop | undefined {
    for (const hart of harts) {
      const hit = this.breakpoints.find(({ address, condition }) => address === this.pc(hart) && (condition?.(hart) ?? true));
      if (hit) return { kind: 'breakpoint', hart, address: hit.address };
    }
    return undefined;
  }

  private watchStop(hart: number, { increment, read }: FakeInsn): TargetStop | undefined {
    const touches = (watchpoint: TargetWatchpoint, access: FakeInsn['read']): boolean =>
      access !== undefined &&
      access.address < watchpoint.address + BigInt(watchpoint.length) &&
      watchpoint.address < access.address + BigInt(access.bytes);
    const watchpoint = this.watchpoints.find(
      (watch) => (watch.kind !== 'read' && touches(watch, increment)) || (watch.kind !== 'write' && touches(watch, read)),
    );
    if (!watchpoint || !(watchpoint.condition?.(hart) ?? true)) return undefined;
    return { kind: 'watchpoint', hart, address: (increment ?? read)!.address, watchpoint };
  }
}
