/** A running machine as the debugger, the recorder and the timeline know it: deterministic, and with one door. Types only; guest-machine.ts is it. */
import type { Device, SavedDevice } from '../devices/device.js';
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
  /** Exit code with which the guest powered off, -1 while it has not. */
  readonly powerOff: number;
  /** How much the machine had put out: bytes of the serial line, bytes of the virtio console, frames. */
  readonly outputs: readonly number[];
}

/** What a device can have room for: bytes of the serial line or of the virtio console, frames, bytes of one frame (lib/util/frames.ts). */
export type RoomKind = 'serial' | 'virtio' | 'frame' | 'frameBytes';

/** Is told of a byte that a console put out, how many that console had put out before, and which it is. */
export type ConsoleTap = (byte: number, before: number, port: 'serial' | 'virtio') => void;

export interface Machine {
  readonly tick: number;
  readonly position: Position;
  /** Virtual time in nanoseconds. */
  readonly nowNs: number;
  readonly pages: GuestPages;
  readonly debug: EngineDebug;
  readonly space: AddressSpace;
  readonly devices: readonly Device[];
  /** Physical memory without side effects; writes are for devices only: a debugger's are input. */
  readonly memory: PhysicalMemory;
  /** Executes; the machine ends the run at resets by itself and goes on. */
  run(untilTick: number, limits?: RunLimits): StopReason;
  /** Makes `run` return after the current instruction, or at once when it is called next. */
  requestStop(): void;
  /** Is told of every input that changed the machine, before it does. */
  onInput: ((at: Position, event: InputEvent) => void) | undefined;
  /** The door. Between two calls of `run` only. False when nothing was changed: a device without room, a register that does not exist. */
  input(event: InputEvent): boolean;
  /** How many bytes or frames the device behind that event takes now. */
  room(kind: RoomKind): number;
  /** Between two calls of `run` only. */
  save(): MachineState;
  /** Restores what `save` gave; the contents of memory (`pages`) must be restored before. Throws `ImageError`. */
  load(state: MachineState): void;
  /** 32 hexadecimal digits over the whole state. */
  stateDigest(): string;

  /** Tells of every byte of the consoles, also of those that the world has seen before. Gives what ends that. */
  tapConsole(tap: ConsoleTap): () => void;
  /** Bytes that the serial line has put out up to here. */
  readonly printed: number;
  /** The machine is about to do something else than what the world saw: what it puts out from here on is news. */
  forgetOutput(seen?: readonly number[]): void;
  /** How much of the machine's output the world has seen: as `MachineState.outputs`. `forgetOutput` with it takes that back. */
  readonly outputsSeen: readonly number[];
  stats(): EngineStats;
  /** The guest powered off, and with which exit code. It is machine state: going back takes it back. */
  readonly powerOff: number | undefined;
}
