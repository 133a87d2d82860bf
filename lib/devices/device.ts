/**
 * What a device is, and the ports that it gets in its constructor: what a wire would carry, and nothing of the machine.
 *
 * A device's file has its registers on top as a table with the data sheet's names, declares its access sizes, and saves its whole
 * state as plain data under its name and a version.
 */
import type { BusTarget } from '../mem/bus.js';
import { ImageError } from '../util/errors.js';

export type { BusTarget } from '../mem/bus.js';
export type { PhysicalMemory } from '../mem/physical-memory.js';
export type { TimerHandle, VirtualClock } from '../util/virtual-clock.js';

/** Plain data, safe for msgpack; without bytes safe for JSON too. Whoever gets it does not change it. */
export type PlainData = number | boolean | string | null | Uint8Array | readonly PlainData[] | { readonly [key: string]: PlainData };

export interface Device extends BusTarget {
  /** Version of the data that `save` gives; `load` takes no other. */
  readonly version: number;
  /** The state after power-on. */
  reset(): void;
  /** The whole state. It is not changed later, though it may share what is large with the device. */
  save(): PlainData;
  /** Restores what `save` gave and arms the device's timers again; throws `ImageError` for anything that is no such state. */
  load(data: PlainData): void;
  /** What the state digest covers, where `save` is too much to compute often: equal exactly where the whole state is; without bytes. */
  digest?(): PlainData;
}

/**
 * An interrupt line, low at first. An interrupt controller may take `set(true)` on a line that is high as one more request. Restoring a
 * device drives no line: whoever listens to it has its own state.
 */
export interface IrqLine {
  set(level: boolean): void;
}

/** A device that collects the interrupt lines of others. */
export interface InterruptController extends Device {
  /** Its input number `source`. */
  input(source: number): IrqLine;
}

/** The device's end that a character backend delivers input to. */
export interface CharReceiver {
  /** How many bytes it takes now; more would be lost. */
  readonly room: number;
  /** Takes `bytes`, at most `room` of them. Called between two instructions, at an exact tick. */
  receive(bytes: Uint8Array): void;
}

/** The other end of a serial line. */
export interface CharBackend {
  /** Takes a byte that the device has sent. */
  write(byte: number): void;
  /** Names the receiver of input. */
  onInput(receiver: CharReceiver): void;
}

/** The machine's power button, from inside. */
export interface PowerPort {
  /** The guest powered off with this exit code. */
  exit(code: number): void;
  /** The guest asked for a reset of the machine. */
  reset(): void;
}

/** A device's state with what it belongs to. */
export interface SavedDevice {
  readonly name: string;
  readonly version: number;
  readonly data: PlainData;
}

/** What the state digest covers of a device. */
export function digestDevice(device: Device): SavedDevice {
  return { name: device.name, version: device.version, data: device.digest ? device.digest() : device.save() };
}

export function saveDevice(device: Device): SavedDevice {
  return { name: device.name, version: device.version, data: device.save() };
}

/** Restores `device`; throws `ImageError` when `saved` is of another device or version. */
export function loadDevice(device: Device, saved: SavedDevice): void {
  if (saved.name !== device.name) throw new ImageError(`saved state of device "${saved.name}" given to "${device.name}"`);
  if (saved.version !== device.version) {
    throw new ImageError(
      `saved state of device "${saved.name}" has version ${saved.version}, this program reads version ${device.version}`,
    );
  }
  device.load(saved.data);
}

/** Reads the fields of saved state, each checked. `device` names the state in errors. */
export class StateReader {
  private readonly fields: { readonly [key: string]: PlainData };
  private readonly device: string;

  constructor(device: string, data: PlainData) {
    this.device = device;
    if (typeof data !== 'object' || data === null || Array.isArray(data) || data instanceof Uint8Array)
      throw new ImageError(`saved state of device "${device}" is no object`);
    this.fields = data as { readonly [key: string]: PlainData };
  }

  /** An integer from 0 to `maximum`. */
  integer(field: string, maximum: number): number {
    return this.checked(field, this.fields[field], maximum);
  }

  boolean(field: string): boolean {
    const value = this.fields[field];
    if (typeof value !== 'boolean') throw this.bad(field);
    return value;
  }

  /** A list of at most `maximumLength` integers from 0 to `maximum`. */
  integers(field: string, maximum: number, maximumLength: number): number[] {
    const list = this.fields[field];
    if (!Array.isArray(list) || list.length > maximumLength) throw this.bad(field);
    return list.map((value: PlainData) => this.checked(field, value, maximum));
  }

  /** A list of at most `maximumLength` texts. */
  texts(field: string, maximumTextLength: number, maximumLength: number): string[] {
    const list = this.fields[field];
    if (!Array.isArray(list) || list.length > maximumLength) throw this.bad(field);
    return list.map((value: PlainData) => {
      if (typeof value !== 'string' || value.length > maximumTextLength) throw this.bad(field);
      return value;
    });
  }

  text(field: string, maximumLength: number): string {
    const value = this.fields[field];
    if (typeof value !== 'string' || value.length > maximumLength) throw this.bad(field);
    return value;
  }

  /** A non-negative integer of any size, saved as decimal digits. */
  bigint(field: string): bigint {
    const value = this.text(field, 40);
    if (!/^\d+$/.test(value)) throw this.bad(field);
    return BigInt(value);
  }

  /** Nested state. */
  data(field: string): PlainData {
    const value = this.fields[field];
    if (value === undefined) throw this.bad(field);
    return value;
  }

  /** A list of `length` nested states. */
  states(field: string, length: number): StateReader[] {
    const list = this.fields[field];
    if (!Array.isArray(list) || list.length !== length) throw this.bad(field);
    return list.map((data: PlainData) => new StateReader(this.device, data));
  }

  private checked(field: string, value: PlainData | undefined, maximum: number): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maximum) throw this.bad(field);
    return value;
  }

  /** The error for a field that is not what it must be. */
  bad(field: string): ImageError {
    return new ImageError(`saved state of device "${this.device}": bad field "${field}"`);
  }
}
