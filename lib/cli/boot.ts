/** Builds a machine from the user's options: memory, engine, devices, and what is in memory at power-on. */
import { type Device, type PowerPort, saveDevice } from '../devices/device.js';
import type { Engine, EngineFactory } from '../exec/machine-engine.js';
import { writeBootImages } from '../machines/boot.js';
import { loadKernel } from '../machines/load-kernel.js';
import { createDevices, type MachineConfig, memoryRegionsOf } from '../machines/machine.js';
import { RAM_BASE } from '../machines/riscv-virt.js';
import { allocateGuestMemory } from '../mem/allocate.js';
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

/** Throws `ConfigError` and `ImageError` for what is wrong with the options and the kernel. */
export function bootMachine(
  options: RunOptions,
  parts: { console: HostConsole; session: Session; createEngine: EngineFactory },
): BootedMachine {
  const { machine, harts, mode, chain, memoryBytes: ramBytes } = options;
  const config = machineConfig(options);
  const rows = machine.rows(config);
  const kernel = loadKernel(options.kernel, RAM_BASE);
  const deviceTree = machine.deviceTree(config);
  const { memory, space, ...places } = allocateGuestMemory({ harts, arenaBytes: ARENA_BYTES, regions: memoryRegionsOf(rows) });
  writeBootImages(space, { kernel, deviceTree, ramBytes });
  const { resetPc, nsPerTick } = machine;
  const deviceState = (): string => JSON.stringify(devices.map(saveDevice));
  const engine = parts.createEngine({ memory, space, ...places, harts, resetPc, nsPerTick, mode, chain, deviceState });
  const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
  const power = powerPort(parts.session, engine);
  const devices: readonly Device[] = createDevices(rows, space, { clock: engine.clock, console: parts.console, power, hartInterrupt, harts });
  const reset = () => {
    writeBootImages(space, { kernel, deviceTree, ramBytes });
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
