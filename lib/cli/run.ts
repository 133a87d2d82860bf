/**
 * The run loop: lets the engine run in slices of a few milliseconds, and the host's events (input, output, signals) in between.
 *
 * How long slices are and when the host's events come is not the guest's business: only input is, and it enters at one place, at the
 * tick where a slice ended.
 */
import type { Engine, StopReason } from '../exec/machine-engine.js';
import type { HostConsole } from './console.js';
import type { RunEnd, Session } from './session.js';

const SLICE_MS = 3;
const SLICE_TICKS_MIN = 1000;
const SLICE_TICKS_MAX = 50_000_000;
const SLICE_TICKS_FIRST = 100_000;
const MS_NS = 1e6;

export interface RunParts {
  readonly engine: Engine;
  readonly console: HostConsole;
  readonly session: Session;
  readonly maxTicks: number;
  /** Absent: real as long as host input can still arrive, fast otherwise. */
  readonly pace: 'real' | 'fast' | undefined;
  /** Milliseconds of the host's clock. */
  readonly nowMs: () => number;
  /** Puts the machine into its state after power-on. */
  readonly resetMachine: () => void;
}

/** Runs the machine until something ends the session. Throws what made output fail. */
export async function run(parts: RunParts): Promise<RunEnd> {
  const { engine, console, session, maxTicks, nowMs } = parts;
  const startMs = nowMs();
  const hostNs = () => Math.floor((nowMs() - startMs) * MS_NS);
  const isReal = () => parts.pace === 'real' || (parts.pace === undefined && console.inputOpen);
  let slice = SLICE_TICKS_FIRST;
  while (!session.end && !session.failure) {
    if (engine.tick >= maxTicks) session.finish({ reason: 'limit' });
    else {
      const before = nowMs();
      const stop = engine.run(Math.min(engine.tick + slice, maxTicks), isReal() ? { skipUntilNs: hostNs() } : {});
      if (stop.kind === 'limit') slice = nextSlice(slice, nowMs() - before);
      console.flush();
      if (session.resetRequested && !session.end) {
        session.resetRequested = false;
        parts.resetMachine();
      }
      const delivered = console.deliver();
      if (stop.kind === 'idle' && !delivered && !session.end) await waitIdle(parts, stop, hostNs);
      else await new Promise((resolve) => setImmediate(resolve));
      while (console.outputFull && !session.end && !session.failure) await session.sleep();
    }
  }
  if (session.failure) throw session.failure;
  return session.end as RunEnd;
}

/** The next slice's ticks, so that it takes about SLICE_MS; `tookMs` is what `ticks` took. */
function nextSlice(ticks: number, tookMs: number): number {
  const factor = Math.min(2, Math.max(0.25, SLICE_MS / Math.max(tookMs, 0.01)));
  return Math.round(Math.min(SLICE_TICKS_MAX, Math.max(SLICE_TICKS_MIN, ticks * factor)));
}

/** Waits until input arrives or the host's clock has caught up with the guest's next timer; ends the session when neither can happen. */
async function waitIdle(parts: RunParts, idle: StopReason & { kind: 'idle' }, hostNs: () => number): Promise<void> {
  const { console, session } = parts;
  if (idle.wakeNs !== undefined) {
    const ms = Math.ceil((idle.wakeNs - hostNs()) / MS_NS);
    if (ms > 0) await session.sleep(Math.min(ms, 0x7fffffff));
  } else if (console.inputUsable) await session.sleep();
  else session.finish({ reason: 'idle' });
}
