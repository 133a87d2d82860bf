/** Builds a machine from the user's options: memory, engine, devices, and what is in memory at power-on. */
import { type Device, type PowerPort, saveDevice } from '../devices/device.js';
import type { Engine, EngineFactory } from '../exec/machine-engine.js';
import { writeBootImages } from '../machines/boot.js';
import { loadKernel } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, type MachineRow, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { allocateGuestMemory, type GuestMemory } from '../mem/allocate.js';
import type { HostConsole } from './console.js';
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
  const { harts, memoryBytes, bootArgs, seed } = options;
  return { harts, memoryBytes, bootArgs, seed };
}

/** A machine's memory with everything in it that is there at power-on. */
export interface LoadedMachine {
  readonly options: RunOptions;
  readonly rows: readonly MachineRow[];
  readonly guest: GuestMemory;
  /** Writes the initial contents of memory again. */
  reload(): void;
}

/** Does all that can fail because of the options and the kernel: throws `ConfigError` and `ImageError`. */
export function loadMachine(options: RunOptions): LoadedMachine {
  const { machine, harts, memoryBytes: ramBytes } = options;
  const config = machineConfig(options);
  const rows = machine.rows(config);
  const kernel = loadKernel(options.kernel, RAM_BASE);
  const deviceTree = machine.deviceTree(config);
  const guest = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  const reload = () => writeBootImages(guest.space, { kernel, deviceTree, ramBytes });
  reload();
  return { options, rows, guest, reload };
}

/** Adds engine and devices. */
export function bootMachine(
  loaded: LoadedMachine,
  parts: { console: HostConsole; session: Session; createEngine: EngineFactory },
): BootedMachine {
  const { options, rows, guest, reload } = loaded;
  const { machine, harts, mode, chain } = options;
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(saveDevice));
  const engine = parts.createEngine({ ...guest, harts, resetPc, nsPerTick, mode, chain, deviceState });
  const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
  const ports = { clock: engine.clock, console: parts.console, power: powerPort(parts.session, engine), hartInterrupt, harts };
  const devices: readonly Device[] = createDevices(rows, guest.space, ports);
  const reset = () => {
    reload();
    for (const device of devices) device.reset();
    engine.reset();
  };
  return { engine, devices, reset };
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
