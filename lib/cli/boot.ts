/** Builds a machine from the user's options: memory, engine, devices, and what is in memory at power-on. */

import type { FileRole } from '../../replay/header.js';
import type { BlockBackend } from '../devices/block-backend.js';
import { type Device, digestDevice } from '../devices/device.js';
import { VirtioBlk } from '../devices/virtio/blk.js';
import { VirtioNet } from '../devices/virtio/net.js';
import { VirtioRng } from '../devices/virtio/rng.js';
import type { VirtioDevice } from '../devices/virtio/virtio.js';
import type { Engine } from '../exec/machine-engine.js';
import { initrdPlace, writeBootImages } from '../machines/boot.js';
import { parseKernel, readInput } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, type MachineRow, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { Sbi } from '../machines/sbi.js';
import { userDeviceTree } from '../machines/user-tree.js';
import { allocateGuestMemory, type GuestMemory } from '../mem/allocate.js';
import { MAC_GUEST, macBytes } from '../net/address.js';
import { ConsolePort } from '../system/console-port.js';
import { type FullEngine, GuestMachine } from '../system/guest-machine.js';
import { NetPort } from '../system/net-port.js';
import { Power } from '../system/power.js';
import { ConfigError } from '../util/errors.js';
import type { CreateEngine } from './create-engine.js';
import { openDrives, type Warn, type WrapDisk } from './drive.js';
import type { DriveOption, RunOptions } from './options.js';

/** Where a kernel goes in RAM when firmware, or room for it, is at its start. */
const KERNEL_OFFSET = 2 * 2 ** 20;
// The 16550's line status register, which the built-in SBI polls for input.
const UART_LSR = 5;
const UART_LSR_DR = 1;
/** Room for blocks of intermediate code; reserved, and only used as far as needed. */
const ARENA_BYTES = 64 * 2 ** 20;

/** Where the contents of a machine's files come from: the host's files, or a recording. */
export interface MachineInputs {
  /** Throws `ImageError`. */
  readFile(role: FileRole, path: string): Uint8Array;
  /** Throws `ConfigError`. */
  openDrives(drives: readonly DriveOption[]): readonly BlockBackend[];
}

/** The files that the options name. `warn` is for what goes wrong later; `wrap`: see `openDrives`. */
export function hostInputs(warn: Warn, wrap?: WrapDisk): MachineInputs {
  return { readFile: (_role, path) => readInput(path), openDrives: (drives) => openDrives(drives, warn, wrap) };
}

export function machineConfig(options: RunOptions): MachineConfig {
  const { harts, memoryBytes, bootArgs, seed, startTimeMs } = options;
  return { harts, memoryBytes, bootArgs, seed, startTimeMs };
}

/** The blob of the machine's device tree, or of the user's. Throws `ImageError` and `ConfigError`. */
export function deviceTreeOf(options: RunOptions, config: MachineConfig, inputs: MachineInputs): Uint8Array<ArrayBuffer> {
  const { machine, dtb } = options;
  return dtb === undefined ? machine.deviceTree(config) : userDeviceTree(dtb, inputs.readFile('device tree', dtb), config);
}

/** A machine's memory with everything in it that is there at power-on. */
export interface LoadedMachine {
  readonly options: RunOptions;
  readonly rows: readonly MachineRow[];
  readonly guest: GuestMemory;
  /** Where the kernel starts, and where the device tree is. */
  readonly entry: number;
  readonly deviceTree: number;
  readonly virtio: readonly VirtioDevice[];
  /** Writes the initial contents of memory again. */
  reload(): void;
}

/** Does all that can fail because of the options and the files: throws `ConfigError` and `ImageError`. */
export function loadMachine(options: RunOptions, inputs: MachineInputs): LoadedMachine {
  const { machine, harts, memoryBytes: ramBytes, bios } = options;
  const firmware = bios.kind === 'file' ? parseKernel(bios.path, inputs.readFile('firmware', bios.path), RAM_BASE) : undefined;
  // Firmware lies at the start of RAM; a flat kernel goes where a Linux Image would.
  const kernelBase = bios.kind === 'none' ? RAM_BASE : RAM_BASE + KERNEL_OFFSET;
  const kernel = parseKernel(options.kernel, inputs.readFile('kernel', options.kernel), kernelBase);
  const initrdBytes = options.initrd === undefined ? undefined : inputs.readFile('initrd', options.initrd);
  const place = initrdBytes && initrdPlace(ramBytes, initrdBytes.length);
  const config = { ...machineConfig(options), ...(place ? { initrd: place } : {}) };
  const rows = machine.rows(config);
  const deviceTree = deviceTreeOf(options, config, inputs);
  const virtio = virtioDevices(options, inputs);
  const guest = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  const initrd = place && initrdBytes && { start: place.start, bytes: initrdBytes };
  const reload = () => writeBootImages(guest.space, { kernel, firmware, initrd, deviceTree, ramBytes });
  return { options, rows, guest, virtio, entry: kernel.entry, deviceTree: reload(), reload };
}

/** What the machine puts out goes there. */
export interface MachineSinks {
  serial(byte: number): void;
  /** Takes Ethernet frames; absent: they are lost. */
  frame?(frame: Uint8Array): void;
}

/** Adds engine and devices. */
export function bootMachine(loaded: LoadedMachine, parts: { sinks: MachineSinks; createEngine: CreateEngine }): GuestMachine {
  const { options, rows, guest } = loaded;
  const { machine, harts, mode, chain, svadu, hotThreshold } = options;
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(digestDevice));
  const power = new Power(() => engine.requestStop());
  const serial = new ConsolePort(parts.sinks.serial);
  const net = options.network ? new NetPort(parts.sinks.frame ?? (() => {})) : undefined;
  const virtio = [...loaded.virtio, ...(net ? [new VirtioNet({ backend: net, mac: macBytes(MAC_GUEST) })] : [])];
  const uart = (): Device | undefined => devices.find((device) => device.name === 'ns16550a');
  const sbi = new Sbi({
    ...guest,
    harts,
    power,
    putByte: (byte) => uart()?.write(0, 1, byte),
    getByte: () => {
      const device = uart();
      return device && device.read(UART_LSR, 1) & UART_LSR_DR ? device.read(0, 1) : -1;
    },
    replan: () => engine.interruptSlice(),
    storeByte: (paddr, value) => engine.storeByte(paddr, value),
  });
  const builtIn = options.bios.kind === 'default';
  const engine: Engine = parts.createEngine(
    { ...guest, harts, resetPc, nsPerTick, mode, chain, deviceState, ...(hotThreshold === undefined ? {} : { hotThreshold }) },
    { svadu, ...(builtIn ? { sbi } : {}) },
  );
  const start = () => {
    if (builtIn) sbi.boot(loaded.entry, loaded.deviceTree);
  };
  const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
  const { clock, memory } = engine;
  const ports = { clock, memory, console: serial, power, virtio, hartInterrupt, harts };
  const devices: readonly Device[] = createDevices(rows, guest.space, ports);
  start();
  const { space } = guest;
  const cable = net ? { net } : {};
  return new GuestMachine({
    engine: engine as FullEngine,
    devices,
    space,
    nsPerTick,
    power,
    serial,
    ...cable,
    loadImages: loaded.reload,
    start,
  });
}

/** What is in the virtio slots, but for the network device, which comes last: the drives as the user ordered them, then the rest. */
function virtioDevices(options: RunOptions, inputs: MachineInputs): VirtioDevice[] {
  const rest = [new VirtioRng({ seed: options.seed })];
  const room = options.machine.virtioSlots - rest.length - (options.network ? 1 : 0);
  if (options.drives.length > room) throw new ConfigError(`--drive: ${options.machine.name} takes at most ${room}`);
  const drives = inputs.openDrives(options.drives).map((backend, index) => new VirtioBlk({ backend, serial: `drive${index}` }));
  return [...drives, ...rest];
}
