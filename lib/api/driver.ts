/** Who moves a machine: the machine itself, a replay of a recording, or a timeline that can go back. */
import type { Breakpoint, Watchpoint } from '../exec/debug.js';
import type { RunLimits, StopReason } from '../exec/machine-engine.js';
import type { GuestMachine } from '../system/guest-machine.js';
import type { InputEvent } from '../system/input-event.js';

export interface Driver {
  run(untilTick: number, limits?: RunLimits): StopReason;
  input(event: InputEvent): boolean;
  setBreakpoints(breakpoints: readonly Breakpoint[]): void;
  setWatchpoints(watchpoints: readonly Watchpoint[]): void;
  /** The past may be changed. */
  readonly goesBack: boolean;
  /** A recording is at its end. */
  readonly ended: boolean;
}

/** The machine runs by itself, or as `replay` makes it. */
export function directDriver(guest: GuestMachine, replay: Pick<Driver, 'run' | 'input' | 'ended'> | undefined): Driver {
  return {
    run: (untilTick, limits) => (replay ?? guest).run(untilTick, limits),
    input: (event) => (replay ?? guest).input(event),
    setBreakpoints: (breakpoints) => guest.debug.setBreakpoints(breakpoints),
    setWatchpoints: (watchpoints) => guest.debug.setWatchpoints(watchpoints),
    goesBack: false,
    get ended() {
      return replay?.ended ?? false;
    },
  };
}
