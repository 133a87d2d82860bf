/**
 * The run loop: lets the machine run in slices of a few milliseconds, and the host's events (input, output, signals) in between.
 *
 * How long slices are and when the host's events come is not the guest's business: only input is, and it enters at one place, the machine's
 * door, at the tick where a slice ended.
 */
import type { RunLimits, StopReason } from '../exec/machine-engine.js';
import type { Machine } from '../system/machine.js';
import type { RunEnd, Session } from './session.js';

const SLICE_MS = 3;
const SLICE_TICKS_MIN = 1000;
const SLICE_TICKS_MAX = 50_000_000;
const SLICE_TICKS_FIRST = 100_000;
const MS_NS = 1e6;

/** What the loop drives: a machine, or what stands between it and its machine. */
export type Driven = Pick<Machine, 'tick' | 'run' | 'powerOff'> & Door;

/** Where the host's input goes. */
export type Door = Pick<Machine, 'input' | 'room'>;

/** Something on the host that the machine talks with: a terminal, a network. */
export interface HostPort {
  /** Host input can still arrive. */
  readonly inputOpen: boolean;
  /** Gives the machine what has arrived, as far as its device takes it; true if that was anything. */
  deliver(door: Door): boolean;
  /** Input can still arrive, and the machine's device has room for it. */
  canWake(door: Door): boolean;
  /** What the guest puts out may have an answer ready at once. */
  readonly answers?: boolean;
  /** For so many milliseconds of the host's clock an answer may still come that takes the host some time: until then, no idle time is skipped at once. */
  readonly awaitedMs?: number;
  /** Hands output to the host. */
  flush(): void;
  /** The host takes no more output for now. */
  readonly outputFull: boolean;
}

/** Who decides beside the loop: a debugger. */
export interface RunControl {
  /** The machine stands still. `session.wake` ends that. */
  readonly paused: boolean;
  /** Runs the machine for a slice, as it sees fit. */
  run(untilTick: number, limits: RunLimits): StopReason;
  /** A slice ended, for whatever reason; true when that was all (the control has seen to it), false where the loop is to go on as usual. */
  onSlice(stop: StopReason): boolean;
  /** Idle time is skipped at once: the machine is in its past. */
  readonly hurry: boolean;
}

/** Who must be told between slices: a recorder. */
export interface RunObserver {
  /** No slice goes beyond it. */
  readonly nextTick: number;
  betweenSlices(): void;
}

export interface RunParts {
  readonly machine: Driven;
  readonly ports: readonly HostPort[];
  readonly session: Session;
  readonly maxTicks: number;
  /** Absent: real as long as host input can still arrive, fast otherwise. */
  readonly pace: 'real' | 'fast' | undefined;
  /** Milliseconds of the host's clock. */
  readonly nowMs: () => number;
  readonly control?: RunControl;
  readonly observer?: RunObserver;
}

class RunLoop {
  private readonly parts: RunParts;
  /** The host's clock when virtual time was 0, moved on by pauses. */
  private startMs: number;
  private slice = SLICE_TICKS_FIRST;
  /** The machine was idle, and nothing had arrived for it. */
  private wasIdle = false;

  constructor(parts: RunParts) {
    this.parts = parts;
    this.startMs = parts.nowMs();
  }

  async run(): Promise<RunEnd> {
    const { session, machine, maxTicks, control } = this.parts;
    while (!session.end && !session.failure) {
      if (control?.paused) await this.pause();
      else if (machine.tick >= maxTicks) session.finish({ reason: 'limit' });
      else await this.step();
    }
    if (session.failure) throw session.failure;
    return session.end as RunEnd;
  }

  /** One slice, and what the host wants after it. */
  private async step(): Promise<void> {
    const { machine, ports, session, control, observer } = this.parts;
    const stop = this.runSlice();
    for (const port of ports) port.flush();
    observer?.betweenSlices();
    const handled = control?.onSlice(stop) ?? false;
    if (machine.powerOff !== undefined && !handled) session.finish({ reason: 'poweroff', code: machine.powerOff });
    // All of them, whatever the first one says.
    const delivered = ports.map((port) => port.deliver(machine)).includes(true);
    this.wasIdle = stop.kind === 'idle' && !delivered;
    if (stop.kind === 'idle' && !delivered && !handled && !session.end) await this.waitIdle(stop);
    else await new Promise((resolve) => setImmediate(resolve));
    while (ports.some((port) => port.outputFull) && !session.end && !session.failure) await session.sleep();
  }

  private runSlice(): StopReason {
    const { machine, maxTicks, nowMs, control, observer } = this.parts;
    const before = nowMs();
    const untilTick = Math.min(machine.tick + this.slice, maxTicks, observer?.nextTick ?? Number.POSITIVE_INFINITY);
    const stop = (control ?? machine).run(untilTick, this.skipLimit());
    if (stop.kind === 'limit') this.slice = nextSlice(this.slice, nowMs() - before);
    return stop;
  }

  /** How far idle time may be skipped: not at all before what answers the guest's last deeds has arrived. */
  private skipLimit(): { skipUntilNs?: number } {
    if (!this.wasIdle && this.parts.ports.some((port) => port.answers)) return { skipUntilNs: 0 };
    if (this.isReal) return { skipUntilNs: this.hostNs() };
    return this.awaitedMs > 0 ? { skipUntilNs: 0 } : {};
  }

  private get awaitedMs(): number {
    const { ports, control } = this.parts;
    return control?.hurry ? 0 : Math.max(0, ...ports.map((port) => port.awaitedMs ?? 0));
  }

  private get isReal(): boolean {
    const { pace, ports, control } = this.parts;
    if (control?.hurry) return false;
    return pace === 'real' || (pace === undefined && ports.some((port) => port.inputOpen));
  }

  /** Virtual time as it would be if it were the host's. */
  private hostNs(): number {
    return Math.max(0, Math.floor((this.parts.nowMs() - this.startMs) * MS_NS));
  }

  /** The machine stands still, and so does its time. */
  private async pause(): Promise<void> {
    const { session, nowMs, ports } = this.parts;
    const before = nowMs();
    for (const port of ports) port.flush();
    await session.sleep();
    this.startMs += nowMs() - before;
  }

  /** Waits until input arrives or the host's clock has caught up with the guest's next timer; ends the session when neither can happen. */
  private async waitIdle(idle: StopReason & { kind: 'idle' }): Promise<void> {
    const { machine, ports, session, control } = this.parts;
    if (idle.wakeNs !== undefined) {
      const ms = this.isReal ? (idle.wakeNs - this.hostNs()) / MS_NS : this.awaitedMs;
      if (ms > 0) await session.sleep(Math.min(Math.ceil(ms), 0x7fffffff));
    } else if (control || ports.some((port) => port.canWake(machine))) await session.sleep();
    else session.finish({ reason: 'idle' });
  }
}

/** Runs the machine until something ends the session. Throws what made output fail. */
export function run(parts: RunParts): Promise<RunEnd> {
  return new RunLoop(parts).run();
}

/** The next slice's ticks, so that it takes about SLICE_MS; `tookMs` is what `ticks` took. */
function nextSlice(ticks: number, tookMs: number): number {
  const factor = Math.min(2, Math.max(0.25, SLICE_MS / Math.max(tookMs, 0.01)));
  return Math.round(Math.min(SLICE_TICKS_MAX, Math.max(SLICE_TICKS_MIN, ticks * factor)));
}
