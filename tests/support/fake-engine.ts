/** An engine without a processor: tests say what happens at which tick, and when the guest waits. */
import type { Engine, EngineStats, RunLimits, StopReason } from '../../lib/exec/machine-engine.js';
import { InternalError } from '../../lib/util/errors.js';
import { FakeClock } from './fake-clock.js';

export class FakeEngine implements Engine {
  tick = 0;
  readonly clock = new FakeClock();
  /** It has no memory. */
  readonly memory = { read: () => undefined, write: () => false };
  /** Virtual nanoseconds that were skipped, and the calls of `run`. */
  skippedNs = 0;
  runs = 0;
  resets = 0;
  /** What a machine around it would say of its power. */
  powerOff: number | undefined;
  private stopRequested = false;
  private readonly guest: { onTick?: (tick: number) => void; waits?: () => boolean };

  /** `onTick`: what the guest does at each tick. `waits`: whether it waits for an interrupt now. */
  constructor(guest: { onTick?: (tick: number) => void; waits?: () => boolean } = {}) {
    this.guest = guest;
  }

  run(untilTick: number, limits: RunLimits = {}): StopReason {
    const { skipUntilNs = Number.POSITIVE_INFINITY } = limits;
    this.runs++;
    if (skipUntilNs % 1 !== 0 && skipUntilNs !== Number.POSITIVE_INFINITY)
      throw new RangeError(`${skipUntilNs} is no whole number of nanoseconds`);
    for (;;) {
      if (this.stopRequested) {
        this.stopRequested = false;
        return { kind: 'stopped' };
      }
      if (this.guest.waits?.()) {
        const wakeNs = this.clock.nextNs;
        this.skipTo(Math.min(wakeNs ?? 0, skipUntilNs));
        if (wakeNs === undefined) return { kind: 'idle' };
        if (wakeNs > skipUntilNs) return { kind: 'idle', wakeNs };
        continue;
      }
      if (this.tick >= untilTick) return { kind: 'limit' };
      this.tick++;
      this.clock.advanceTo(this.tick + this.skippedNs);
      this.guest.onTick?.(this.tick);
    }
  }

  get snapshots(): never {
    throw new Error('a fake engine has no state');
  }

  interruptSlice(): void {}

  /** It has no harts, and so nothing to debug. */
  get debug(): never {
    throw new InternalError('the fake engine has no debugger');
  }

  hold(): void {}

  storeByte(): boolean {
    return false;
  }

  requestStop(): void {
    this.stopRequested = true;
  }

  setInterrupt(): void {}

  stateDigest(): string {
    return `tick ${this.tick}`;
  }

  stats(): EngineStats {
    const engine = {
      translatedTicks: 0,
      interpretedTicks: this.tick,
      regions: 0,
      modules: 0,
      compileSeconds: 0,
      chained: 0,
      unchained: 0,
      invalidated: 0,
    };
    return { instructions: this.tick, engine, tlb: { fills: 0, slowPaths: 0 } };
  }

  reset(): void {
    this.resets++;
  }

  private skipTo(timeNs: number): void {
    if (timeNs <= this.clock.nowNs()) return;
    this.skippedNs += timeNs - this.clock.nowNs();
    this.clock.advanceTo(timeNs);
  }
}
