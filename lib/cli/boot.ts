/** Builds a machine from the user's options: memory, engine, devices, and what is in memory at power-on. */
import { type Device, digestDevice, type PowerPort } from '../devices/device.js';
import { VirtioBlk } from '../devices/virtio/blk.js';
import { VirtioRng } from '../devices/virtio/rng.js';
import type { VirtioDevice } from '../devices/virtio/virtio.js';
import type { Engine, EngineFactory } from '../exec/machine-engine.js';
import { writeBootImages } from '../machines/boot.js';
import { loadKernel } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, type MachineRow, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { allocateGuestMemory, type GuestMemory } from '../mem/allocate.js';
import { ConfigError } from '../util/errors.js';
import type { HostConsole } from './console.js';
import { openDrives, type Warn } from './drive.js';
import type { RunOptions } from './options.js';
import type { Session } from './session.js';

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
  readonly virtio: readonly VirtioDevice[];
  /** Writes the initial contents of memory again. */
  reload(): void;
}

/** Does all that can fail because of the options and the kernel: throws `ConfigError` and `ImageError`. `warn` is for what goes wrong later. */
export function loadMachine(options: RunOptions, warn: Warn): LoadedMachine {
  const { machine, harts, memoryBytes: ramBytes } = options;
  const config = machineConfig(options);
  const rows = machine.rows(config);
  const kernel = loadKernel(options.kernel, RAM_BASE);
  const deviceTree = machine.deviceTree(config);
  const virtio = virtioDevices(options, warn);
  const guest = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  const reload = () => writeBootImages(guest.space, { kernel, deviceTree, ramBytes });
  reload();
  return { options, rows, guest, virtio, reload };
}

/** Adds engine and devices. */
export function bootMachine(
  loaded: LoadedMachine,
  parts: { console: HostConsole; session: Session; createEngine: EngineFactory },
): BootedMachine {
  const { options, rows, guest, virtio, reload } = loaded;
  const { machine, harts, mode, chain } = options;
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(digestDevice));
  const engine = parts.createEngine({ ...guest, harts, resetPc, nsPerTick, mode, chain, deviceState });
  const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
  const { clock, memory } = engine;
  const ports = { clock, memory, console: parts.console, power: powerPort(parts.session, engine), virtio, hartInterrupt, harts };
  const devices: readonly Device[] = createDevices(rows, guest.space, ports);
  const reset = () => {
    reload();
    for (const device of devices) device.reset();
    engine.reset();
  };
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
