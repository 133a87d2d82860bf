/** A running machine as the debugger, the recorder and the timeline know it: deterministic, and with one door. Types only; lib/cli/boot.ts builds it. */
import type { SavedDevice } from '../devices/device.js';
import type { EngineDebug } from '../exec/debug.js';
import type { EngineStats, RunLimits, StopReason } from '../exec/machine-engine.js';
import type { EngineState, GuestPages } from '../exec/state.js';
import type { AddressSpace } from '../mem/address-space.js';
import type { PhysicalMemory } from '../mem/physical-memory.js';
import type { InputEvent, Position } from './input-event.js';

/** State of everything but the contents of memory. Plain data, safe for msgpack. */
export interface MachineState {
  readonly engine: EngineState;
  /** In the order of `Machine.devices`. */
  readonly devices: readonly SavedDevice[];
}

export interface Machine {
  readonly tick: number;
  readonly position: Position;
  /** Virtual time in nanoseconds. */
  readonly nowNs: number;
  readonly pages: GuestPages;
  readonly debug: EngineDebug;
  readonly space: AddressSpace;
  /** Physical memory without side effects; writes are for devices only: a debugger's are input. */
  readonly memory: PhysicalMemory;
  /** Executes; the machine ends the run at resets by itself and goes on. */
  run(untilTick: number, limits?: RunLimits): StopReason;
  /** Makes `run` return after the current instruction, or at once when it is called next. */
  requestStop(): void;
  /** The door. Between two calls of `run` only. False when nothing was changed: a device without room, a register that does not exist. */
  input(event: InputEvent): boolean;
  /** How many bytes or frames the device behind that event takes now. */
  room(kind: 'serial' | 'virtio' | 'frame'): number;
  /** Between two calls of `run` only. */
  save(): MachineState;
  /** Restores what `save` gave; the contents of memory (`pages`) must be restored before. Throws `ImageError`. */
  load(state: MachineState): void;
  /** 32 hexadecimal digits over the whole state. */
  stateDigest(): string;

  stats(): EngineStats;
  /** The guest powered off, and with which exit code. It is machine state: going back takes it back. */
  readonly powerOff: number | undefined;
}
