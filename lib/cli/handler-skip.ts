/**
 * Stepping that does not show interrupts: when a step took an interrupt, its handler runs unseen, and the step begins again where the
 * handler returns to. The guest does what it would do anyway: nothing is masked, so that the machine's course does not depend on who watches.
 */
import type { Breakpoint, EngineDebug } from '../exec/debug.js';

/** What tells the interrupted flow from others that pass the same pc. */
interface Flow {
  readonly pc: bigint;
  readonly sp: bigint;
  readonly privilege: bigint;
}

/** Registers by which an interrupt is known, for each privilege mode that takes one. */
const TRAP_REGISTERS = [
  { privilege: 3n, cause: 'mcause', pc: 'mepc', vector: 'mtvec' },
  { privilege: 1n, cause: 'scause', pc: 'sepc', vector: 'stvec' },
] as const;

export class HandlerSkip {
  /** Stops where the handler has returned to. */
  readonly breakpoint: Breakpoint;
  private readonly debug: EngineDebug;
  private readonly hart: number;
  private readonly flow: Flow;

  private constructor(debug: EngineDebug, hart: number) {
    this.debug = debug;
    this.hart = hart;
    this.flow = this.current();
    this.breakpoint = { pc: this.flow.pc, condition: (who) => who === hart && this.isBack() };
  }

  /** Remembers where `hart` is, in front of a step. */
  static before(debug: EngineDebug, hart: number): HandlerSkip {
    return new HandlerSkip(debug, hart);
  }

  /** Whether the tick since then took an interrupt: nothing else jumps to the handler with the pc that it will return to. */
  tookInterrupt(): boolean {
    const privilege = this.register('priv');
    const registers = TRAP_REGISTERS.find((row) => row.privilege === privilege);
    if (!registers) return false;
    const isInterrupt = BigInt.asIntN(64, this.register(registers.cause)) < 0n;
    const base = this.register(registers.vector) & ~3n;
    const pc = this.debug.pc(this.hart);
    return isInterrupt && this.register(registers.pc) === this.flow.pc && pc >= base && pc < base + 256n;
  }

  private isBack(): boolean {
    const { sp, privilege } = this.current();
    return sp === this.flow.sp && privilege === this.flow.privilege;
  }

  private current(): Flow {
    return { pc: this.debug.pc(this.hart), sp: this.register('sp'), privilege: this.register('priv') };
  }

  private register(name: string): bigint {
    return this.debug.readRegister(
      this.hart,
      this.debug.registers.findIndex((register) => register.name === name),
    );
  }
}
