/** What a run with breakpoints must do, found by single steps, and whether it does. */
import * as assert from 'uvu/assert';
import type { Breakpoint } from '../../lib/exec/debug.js';
import type { RunLimits } from '../../lib/exec/machine-engine.js';
import { MCAUSE } from '../../lib/isa/riscv/layout.js';
import { ENV_TRAPS } from '../../lib/mem/layout.js';
import type { Position } from '../../lib/system/input-event.js';
import type { RiscvMachine } from './riscv-machine.js';

/** A hart that is about to execute an instruction, or to find that it cannot be fetched. */
export interface Moment {
  readonly tick: number;
  readonly skippedNs: number;
  readonly hart: number;
  readonly pc: bigint;
}

/** Where and when the instructions of the first `ticks` ticks are executed or fail to be fetched: all but interrupts. */
export function trace(machine: RiscvMachine, ticks: number): Moment[] {
  const { engine } = machine;
  const { debug } = engine;
  const moments: Moment[] = [];
  const harts = Array.from({ length: debug.harts }, (_, hart) => hart);
  while (engine.tick < ticks) {
    const before = harts.map((hart) => ({ pc: debug.pc(hart), ticks: debug.hartTicks(hart), traps: machine.slot(ENV_TRAPS, hart) }));
    const { tick } = engine;
    if (engine.run(tick + 1).kind === 'idle') break;
    const hart = harts.find((each) => debug.hartTicks(each) > before[each].ticks)!;
    const cause = machine.slot(MCAUSE, hart);
    const trapped = machine.slot(ENV_TRAPS, hart) !== before[hart].traps;
    if (trapped && cause < 0n) continue;
    moments.push({ tick, skippedNs: engine.clock.skippedNs, hart, pc: before[hart].pc });
  }
  return moments;
}

/** The state at each of these moments, by a machine without breakpoints. */
export function digestsAt(machine: RiscvMachine, moments: readonly Position[]): string[] {
  return moments.map(({ tick, skippedNs }) => {
    machine.engine.run(tick, { until: { tick, skippedNs } });
    assert.is(machine.engine.run(Number.POSITIVE_INFINITY, { until: { tick, skippedNs } }).kind, 'limit');
    assert.is(machine.engine.tick, tick);
    return machine.engine.stateDigest();
  });
}

/** Runs to `ticks`, which must stop at these moments and no others. */
export function expectStops(
  machine: RiscvMachine,
  ticks: number,
  moments: readonly Moment[],
  digests: readonly string[],
  name: string,
): void {
  const { engine } = machine;
  const limits: RunLimits = { passBreakpoint: true };
  for (const [i, moment] of moments.entries()) {
    const stop = engine.run(ticks, i === 0 ? {} : limits);
    const where = `${name}, stop ${i} at tick ${moment.tick}`;
    if (stop.kind !== 'breakpoint') throw new Error(`${where}: ${stop.kind} at tick ${engine.tick}`);
    assert.is(BigInt.asUintN(64, stop.breakpoint.pc), moment.pc, where);
    const got: Moment = { tick: engine.tick, skippedNs: engine.clock.skippedNs, hart: stop.hart, pc: engine.debug.pc(stop.hart) };
    assert.equal(got, moment, where);
    assert.is(engine.stateDigest(), digests[i], where);
  }
  const end = engine.run(ticks, limits);
  assert.ok(end.kind === 'limit' || end.kind === 'idle', `${name}: ${end.kind} at tick ${engine.tick} instead of the end`);
}

export const breakAt = (pcs: Iterable<bigint>): Breakpoint[] => [...pcs].map((pc) => ({ pc }));
