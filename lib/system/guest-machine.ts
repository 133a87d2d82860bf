/**
 * A running machine: engine, devices and the one door for everything that comes from outside. Given the same input at the same positions it
 * does the same, whoever drives it: the run loop, a replayer, a timeline.
 */
import { type Device, loadDevice, saveDevice } from '../devices/device.js';
import type { VirtioConsole } from '../devices/virtio/console.js';
import type { EngineDebug } from '../exec/debug.js';
import type { Engine, EngineStats, RunLimits, StopReason } from '../exec/machine-engine.js';
import type { GuestPages } from '../exec/state.js';
import type { AddressSpace } from '../mem/address-space.js';
import type { PhysicalMemory } from '../mem/physical-memory.js';
import { ImageError, unreachable } from '../util/errors.js';
import type { ConsolePort } from './console-port.js';
import { isDevice, writeDevice } from './guest-memory.js';
import type { InputEvent, Position } from './input-event.js';
import type { ConsoleTap, Machine, MachineState, RoomKind } from './machine.js';
import type { NetPort } from './net-port.js';
import type { Power } from './power.js';

export interface MachineParts {
  readonly engine: Engine;
  readonly devices: readonly Device[];
  readonly space: AddressSpace;
  readonly nsPerTick: number;
  readonly power: Power;
  readonly serial: ConsolePort;
  /** Where the machine has them. */
  readonly virtioConsole?: { readonly port: ConsolePort; readonly device: VirtioConsole };
  readonly net?: NetPort;
  /** Writes what is in memory at power-on. */
  readonly loadImages: () => void;
  /** What firmware does that is not in memory, after the harts' reset. */
  readonly start: () => void;
}

export class GuestMachine implements Machine {
  /** Is told of every input that changed the machine, before it does. */
  onInput: ((at: Position, event: InputEvent) => void) | undefined;
  private readonly parts: MachineParts;

  constructor(parts: MachineParts) {
    this.parts = parts;
  }

  get tick(): number {
    return this.parts.engine.tick;
  }

  get nowNs(): number {
    return this.parts.engine.clock.nowNs();
  }

  get position(): Position {
    const { tick } = this;
    return { tick, skippedNs: this.nowNs - tick * this.parts.nsPerTick };
  }

  get pages(): GuestPages {
    return this.parts.engine.snapshots.pages;
  }

  get debug(): EngineDebug {
    return this.parts.engine.debug;
  }

  get space(): AddressSpace {
    return this.parts.space;
  }

  get memory(): PhysicalMemory {
    return this.parts.engine.memory;
  }

  get devices(): readonly Device[] {
    return this.parts.devices;
  }

  get powerOff(): number | undefined {
    return this.parts.power.off;
  }

  run(untilTick: number, limits?: RunLimits): StopReason {
    const { engine, power } = this.parts;
    for (;;) {
      if (power.off !== undefined) return { kind: 'stopped' };
      const stop = engine.run(untilTick, limits);
      if (!power.resetRequested || power.off !== undefined) return stop;
      this.reset();
    }
  }

  requestStop(): void {
    this.parts.engine.requestStop();
  }

  input(event: InputEvent): boolean {
    if (!this.accepts(event)) return false;
    this.onInput?.(this.position, event);
    this.apply(event);
    return true;
  }

  room(kind: RoomKind): number {
    if (kind === 'serial') return this.parts.serial.room;
    if (kind === 'virtio') return this.parts.virtioConsole?.port.room ?? 0;
    const { net } = this.parts;
    return (kind === 'frame' ? net?.room : net?.frameBytesMax) ?? 0;
  }

  save(): MachineState {
    const { engine, devices, power } = this.parts;
    return {
      engine: engine.snapshots.save(),
      devices: devices.map(saveDevice),
      powerOff: power.off ?? -1,
      outputs: this.outputs,
    };
  }

  load(state: MachineState): void {
    const { engine, devices, power, serial, virtioConsole, net } = this.parts;
    if (state.devices.length !== devices.length) throw new ImageError('saved state of a machine with other devices');
    engine.snapshots.load(state.engine);
    for (const [index, device] of devices.entries()) loadDevice(device, state.devices[index]);
    power.off = state.powerOff < 0 ? undefined : state.powerOff;
    power.resetRequested = false;
    for (const [index, port] of [serial, virtioConsole?.port, net].entries()) if (port) port.output.count = state.outputs[index] ?? 0;
  }

  /** How much came out up to here, as in `MachineState.outputs`. */
  get outputs(): readonly number[] {
    return this.outlets.map((outlet) => outlet?.count ?? 0);
  }

  get outputsSeen(): readonly number[] {
    return this.outlets.map((outlet) => outlet?.seen ?? 0);
  }

  tapConsole(tap: ConsoleTap): () => void {
    const { serial, virtioConsole } = this.parts;
    const serialTap = (byte: number, before: number): void => tap(byte, before, 'serial');
    const virtioTap = (byte: number, before: number): void => tap(byte, before, 'virtio');
    serial.output.taps.add(serialTap);
    virtioConsole?.port.output.taps.add(virtioTap);
    return () => {
      serial.output.taps.delete(serialTap);
      virtioConsole?.port.output.taps.delete(virtioTap);
    };
  }

  get printed(): number {
    return this.parts.serial.output.count;
  }

  forgetOutput(seen?: readonly number[]): void {
    for (const [index, outlet] of this.outlets.entries()) outlet?.forget(seen?.[index]);
  }

  /** In the order of `MachineState.outputs`. */
  private get outlets() {
    const { serial, virtioConsole, net } = this.parts;
    return [serial.output, virtioConsole?.port.output, net?.output];
  }

  stateDigest(): string {
    return this.parts.engine.stateDigest();
  }

  stats(): EngineStats {
    return this.parts.engine.stats();
  }

  /** Puts everything into the state after power-on; RAM that no image covers keeps its contents. */
  private reset(): void {
    const { engine, devices, power, loadImages, start } = this.parts;
    power.resetRequested = false;
    loadImages();
    for (const device of devices) device.reset();
    engine.reset();
    start();
  }

  private accepts(event: InputEvent): boolean {
    switch (event.kind) {
      case 'console':
        return event.bytes.length > 0 && event.bytes.length <= this.room(event.port);
      case 'resize':
        return this.parts.virtioConsole !== undefined;
      case 'frame':
        return this.room('frame') > 0 && event.bytes.length <= this.room('frameBytes');
      case 'register':
        return event.hart < this.debug.harts && this.registerIndex(event.register) >= 0;
      case 'memory':
        return this.isRam(event) || isDevice(this.space, event.paddr, event.bytes.length);
      case 'reset':
      case 'hold':
        return true;
      default:
        return unreachable(event);
    }
  }

  private isRam({ paddr, bytes }: { readonly paddr: number; readonly bytes: Uint8Array }): boolean {
    return this.space.memoryAt(paddr, bytes.length)?.kind === 'ram';
  }

  private registerIndex(name: string): number {
    return this.debug.registers.findIndex((register) => register.name === name);
  }

  private apply(event: InputEvent): void {
    const { serial, virtioConsole, net, engine } = this.parts;
    switch (event.kind) {
      case 'console':
        (event.port === 'serial' ? serial : virtioConsole?.port)?.receive(event.bytes);
        break;
      case 'resize':
        virtioConsole?.device.resize(event.columns, event.lines);
        break;
      case 'frame':
        net?.receive(event.bytes);
        break;
      case 'register':
        this.debug.writeRegister(event.hart, this.registerIndex(event.register), event.value);
        break;
      case 'memory':
        if (this.isRam(event)) engine.memory.write(event.paddr, event.bytes);
        else writeDevice(this.space, event.paddr, event.bytes);
        break;
      case 'reset':
        this.reset();
        break;
      case 'hold':
        engine.hold(event.harts);
        break;
      default:
        unreachable(event);
    }
  }
}
