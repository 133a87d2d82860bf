/** Builds a machine from its options: memory, engine, devices, and what is in memory at power-on. */

import { isRecording } from '../../replay/codec.js';
import type { FileRole } from '../../replay/header.js';
import type { BlockBackend } from '../devices/block-backend.js';
import { type Device, digestDevice } from '../devices/device.js';
import type { BootFiles } from '../devices/fw-cfg.js';
import { VirtioBlk } from '../devices/virtio/blk.js';
import { VirtioConsole } from '../devices/virtio/console.js';
import { VirtioNet } from '../devices/virtio/net.js';
import { VirtioRng } from '../devices/virtio/rng.js';
import type { VirtioDevice } from '../devices/virtio/virtio.js';
import type { BlockHook, Engine } from '../exec/machine-engine.js';
import type { RiscvExtension } from '../isa/riscv/index.js';
import { initrdPlace, writeBootImages } from '../machines/boot.js';
import { parseKernel, readInput } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, type MachineRow, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { Sbi } from '../machines/sbi.js';
import { userDeviceTree } from '../machines/user-tree.js';
import { allocateGuestMemory, type GuestMemory } from '../mem/allocate.js';
import { MAC_GUEST, macBytes } from '../net/address.js';
import { ConsolePort } from '../system/console-port.js';
import { GuestMachine } from '../system/guest-machine.js';
import { NetPort } from '../system/net-port.js';
import { Power } from '../system/power.js';
import { ConfigError, ImageError } from '../util/errors.js';
import { given } from '../util/given.js';
import type { CreateEngine } from './create-engine.js';
import { openDrives, type Warn, type WrapDisk } from './drive.js';
import type { DriveOption, EngineSettings, MachineOptions } from './machine-options.js';

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

export function machineConfig(options: MachineOptions): MachineConfig {
  const { harts, memoryBytes, bootArgs, seed, startTimeMs } = options;
  return { harts, memoryBytes, bootArgs, seed, startTimeMs };
}

/** The blob of the machine's device tree, or of the user's. Throws `ImageError` and `ConfigError`. */
export function deviceTreeOf(options: MachineOptions, config: MachineConfig, inputs: MachineInputs): Uint8Array<ArrayBuffer> {
  const { machine, dtb } = options;
  return dtb === undefined ? machine.deviceTree(config) : userDeviceTree(dtb, inputs.readFile('device tree', dtb), config);
}

/** A machine's memory with everything in it that is there at power-on. */
export interface LoadedMachine {
  readonly options: MachineOptions;
  readonly rows: readonly MachineRow[];
  readonly guest: GuestMemory;
  /** Where the kernel starts, and where the device tree is. */
  readonly entry: number;
  readonly deviceTree: number;
  readonly virtio: readonly VirtioDevice[];
  /** The network cable, where there is one. */
  readonly net?: NetPort;
  /** The virtio console, where there is one. */
  readonly virtioConsole?: { readonly port: ConsolePort; readonly device: VirtioConsole };
  readonly bootFiles: BootFiles;
  /** Writes the initial contents of memory again. */
  reload(): void;
}

/** Does all that can fail because of the options and the files: throws `ConfigError` and `ImageError`. */
export function loadMachine(options: MachineOptions, inputs: MachineInputs): LoadedMachine {
  const { machine, harts, memoryBytes: ramBytes, bios } = options;
  const firmware = bios.kind === 'file' ? parseKernel(bios.path, inputs.readFile('firmware', bios.path), RAM_BASE) : undefined;
  // Firmware lies at the start of RAM; a flat kernel goes where a Linux Image would.
  const kernelBase = bios.kind === 'none' ? RAM_BASE : RAM_BASE + KERNEL_OFFSET;
  const kernelBytes = inputs.readFile('kernel', options.kernel);
  // It would run as a flat binary.
  if (isRecording(kernelBytes)) throw new ImageError(`${options.kernel}: is a recording; hindsight replay runs it again`);
  const kernel = parseKernel(options.kernel, kernelBytes, kernelBase);
  const initrdBytes = options.initrd === undefined ? undefined : inputs.readFile('initrd', options.initrd);
  const place = initrdBytes && initrdPlace(ramBytes, initrdBytes.length);
  const config = { ...machineConfig(options), ...(place ? { initrd: place } : {}) };
  const rows = machine.rows(config);
  const deviceTree = deviceTreeOf(options, config, inputs);
  const net = options.net ? new NetPort() : undefined;
  const virtioConsole = options.virtioConsole ? createVirtioConsole() : undefined;
  const virtio = virtioDevices(options, inputs, [
    ...(net ? [new VirtioNet({ backend: net, mac: macBytes(MAC_GUEST) })] : []),
    ...(virtioConsole ? [virtioConsole.device] : []),
  ]);
  const guest = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  const initrd = place && initrdBytes && { start: place.start, bytes: initrdBytes };
  const reload = () => writeBootImages(guest.space, { kernel, firmware, initrd, deviceTree, ramBytes });
  const bootFiles = { kernel: kernelBytes, initrd: initrdBytes ?? new Uint8Array(0), commandLine: options.bootArgs };
  const ports = { ...(net ? { net } : {}), ...(virtioConsole ? { virtioConsole } : {}) };
  return { options, rows, guest, virtio, ...ports, bootFiles, entry: kernel.entry, deviceTree: reload(), reload };
}

/** What the machine puts out goes there. */
export interface MachineSinks {
  serial(byte: number): void;
  /** A byte of the virtio console. */
  virtio(byte: number): void;
  /** An Ethernet frame, the sink's to keep. */
  frame(frame: Uint8Array): void;
}

export interface BootParts {
  readonly sinks: MachineSinks;
  readonly createEngine: CreateEngine;
  readonly engine: EngineSettings;
  /** Instructions besides the harts' own. */
  readonly extensions?: readonly RiscvExtension[];
  readonly onBlock?: BlockHook;
}

/** Adds engine and devices. */
export function bootMachine(loaded: LoadedMachine, parts: BootParts): GuestMachine {
  const { options, rows, guest, virtio, bootFiles, net, virtioConsole } = loaded;
  const { machine, harts, svadu } = options;
  const { mode, chain, hotThreshold } = parts.engine;
  const { extensions, onBlock } = parts;
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(digestDevice));
  const power = new Power(() => engine.requestStop());
  const serial = new ConsolePort();
  serial.output.sink = parts.sinks.serial;
  if (net) net.output.sink = parts.sinks.frame;
  if (virtioConsole) virtioConsole.port.output.sink = parts.sinks.virtio;
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
    { ...guest, harts, resetPc, nsPerTick, mode, chain, deviceState, ...given({ hotThreshold, onBlock }) },
    { svadu, ...given({ extensions, sbi: builtIn ? sbi : undefined }) },
  );
  const start = () => {
    if (builtIn) sbi.boot(loaded.entry, loaded.deviceTree);
  };
  const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
  const { clock, memory } = engine;
  const ports = { clock, memory, console: serial, power, virtio, bootFiles, hartInterrupt, harts };
  const devices: readonly Device[] = createDevices(rows, guest.space, ports);
  start();
  const { space } = guest;
  const ends = { serial, ...(net ? { net } : {}), ...(virtioConsole ? { virtioConsole } : {}) };
  return new GuestMachine({ engine, devices, space, nsPerTick, power, ...ends, loadImages: loaded.reload, start });
}

/** The terminal's real size arrives as input. */
function createVirtioConsole(): { port: ConsolePort; device: VirtioConsole } {
  const port = new ConsolePort();
  return { port, device: new VirtioConsole({ backend: port, columns: 80, lines: 24 }) };
}

/** What is in the virtio slots: the drives as the user ordered them, then `others`, then what is always there. */
function virtioDevices(options: MachineOptions, inputs: MachineInputs, others: readonly VirtioDevice[]): VirtioDevice[] {
  const rest: VirtioDevice[] = [...others, new VirtioRng({ seed: options.seed })];
  const room = options.machine.virtioSlots - rest.length;
  if (options.drives.length > room) throw new ConfigError(`--drive: ${options.machine.name} takes at most ${room}`);
  const drives = inputs.openDrives(options.drives).map((backend, index) => new VirtioBlk({ backend, serial: `drive${index}` }));
  return [...drives, ...rest];
}
