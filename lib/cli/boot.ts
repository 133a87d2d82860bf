/** Builds a machine from the user's options: memory, engine, devices, and what is in memory at power-on. */
import { type Device, digestDevice, type PowerPort } from '../devices/device.js';
import { VirtioBlk } from '../devices/virtio/blk.js';
import { VirtioRng } from '../devices/virtio/rng.js';
import type { VirtioDevice } from '../devices/virtio/virtio.js';
import type { Engine } from '../exec/machine-engine.js';
import { initrdPlace, writeBootImages } from '../machines/boot.js';
import { loadKernel, readInput } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, type MachineRow, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { Sbi } from '../machines/sbi.js';
import { allocateGuestMemory, type GuestMemory } from '../mem/allocate.js';
import { ConfigError } from '../util/errors.js';
import type { HostConsole } from './console.js';
import type { CreateEngine } from './create-engine.js';
import { openDrives, type Warn } from './drive.js';
import type { RunOptions } from './options.js';
import type { Session } from './session.js';

/** Where a kernel goes in RAM when firmware, or room for it, is at its start. */
const KERNEL_OFFSET = 2 * 2 ** 20;
// The 16550's line status register, which the built-in SBI polls for input.
const UART_LSR = 5;
const UART_LSR_DR = 1;
/** Room for blocks of intermediate code; reserved, and only used as far as needed. */
const ARENA_BYTES = 64 * 2 ** 20;

export interface BootedMachine {
  readonly engine: Engine;
  readonly devices: readonly Device[];
  /** Puts everything into the state after power-on; RAM that no image covers keeps its contents. */
  reset(): void;
}

export function machineConfig(options: RunOptions): MachineConfig {
  const { harts, memoryBytes, bootArgs, seed, startTimeMs } = options;
  return { harts, memoryBytes, bootArgs, seed, startTimeMs };
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

/** Does all that can fail because of the options and the files: throws `ConfigError` and `ImageError`. `warn` is for what goes wrong later. */
export function loadMachine(options: RunOptions, warn: Warn): LoadedMachine {
  const { machine, harts, memoryBytes: ramBytes, bios } = options;
  const firmware = bios.kind === 'file' ? loadKernel(bios.path, RAM_BASE) : undefined;
  // Firmware lies at the start of RAM; a flat kernel goes where a Linux Image would.
  const kernel = loadKernel(options.kernel, bios.kind === 'none' ? RAM_BASE : RAM_BASE + KERNEL_OFFSET);
  const initrdBytes = options.initrd === undefined ? undefined : readInput(options.initrd);
  const place = initrdBytes && initrdPlace(ramBytes, initrdBytes.length);
  const config = { ...machineConfig(options), ...(place ? { initrd: place } : {}) };
  const rows = machine.rows(config);
  const deviceTree = machine.deviceTree(config);
  const virtio = virtioDevices(options, warn);
  const guest = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  const initrd = place && initrdBytes && { start: place.start, bytes: initrdBytes };
  const reload = () => writeBootImages(guest.space, { kernel, firmware, initrd, deviceTree, ramBytes });
  return { options, rows, guest, virtio, entry: kernel.entry, deviceTree: reload(), reload };
}

/** Adds engine and devices. */
export function bootMachine(
  loaded: LoadedMachine,
  parts: { console: HostConsole; session: Session; createEngine: CreateEngine },
): BootedMachine {
  const { options, rows, guest, virtio, reload } = loaded;
  const { machine, harts, mode, chain, svadu, hotThreshold } = options;
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(digestDevice));
  const power: PowerPort = {
    exit: (code) => powerPort(parts.session, engine).exit(code),
    reset: () => powerPort(parts.session, engine).reset(),
  };
  const serial = (): Device | undefined => devices.find((device) => device.name === 'ns16550a');
  const sbi = new Sbi({
    ...guest,
    harts,
    power,
    putByte: (byte) => serial()?.write(0, 1, byte),
    getByte: () => {
      const device = serial();
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
  const ports = { clock, memory, console: parts.console, power, virtio, hartInterrupt, harts };
  const devices: readonly Device[] = createDevices(rows, guest.space, ports);
  const reset = () => {
    reload();
    for (const device of devices) device.reset();
    engine.reset();
    start();
  };
  start();
  return { engine, devices, reset };
}

/** What is in the virtio slots: the drives as the user ordered them, then the rest. */
function virtioDevices(options: RunOptions, warn: Warn): VirtioDevice[] {
  const rest = [new VirtioRng({ seed: options.seed })];
  const room = options.machine.virtioSlots - rest.length;
  if (options.drives.length > room) throw new ConfigError(`--drive: ${options.machine.name} takes at most ${room}`);
  const drives = openDrives(options.drives, warn).map((backend, index) => new VirtioBlk({ backend, serial: `drive${index}` }));
  return [...drives, ...rest];
}

function powerPort(session: Session, engine: Engine): PowerPort {
  return {
    exit: (code) => {
      session.finish({ reason: 'poweroff', code });
      engine.requestStop();
    },
    reset: () => {
      session.resetRequested = true;
      engine.requestStop();
    },
  };
}
