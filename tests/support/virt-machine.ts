/** The whole machine `riscv-virt` with a bare program in RAM, for tests that go forth and back in its time: every device is there, and a disk, an entropy source and a console. */
import { digestDevice } from '../../lib/devices/device.js';
import { NO_BOOT_FILES } from '../../lib/devices/fw-cfg.js';
import { OverlayDisk } from '../../lib/devices/overlay-disk.js';
import { VirtioBlk } from '../../lib/devices/virtio/blk.js';
import { VirtioConsole } from '../../lib/devices/virtio/console.js';
import { VirtioRng } from '../../lib/devices/virtio/rng.js';
import { MachineEngine } from '../../lib/exec/engine.js';
import type { Engine } from '../../lib/exec/machine-engine.js';
import { riscv } from '../../lib/isa/riscv/index.js';
import { createDevices, memoryRegionsOf } from '../../lib/machines/machine.js';
import { RAM_BASE, RISCV_VIRT } from '../../lib/machines/riscv-virt.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import { ConsolePort } from '../../lib/system/console-port.js';
import { GuestMachine } from '../../lib/system/guest-machine.js';
import { Power } from '../../lib/system/power.js';
import { MemoryDisk } from './memory-disk.js';
import type { PathOptions } from './paths.js';

export interface VirtOptions extends PathOptions {
  readonly harts?: number;
  readonly memoryBytes?: number;
  readonly nsPerTick?: number;
}

const DISK_BYTES = 0x40000;

export class VirtMachine extends GuestMachine {
  readonly engine: Engine;
  /** What came out of the serial line. */
  readonly output: number[];

  private constructor(parts: ConstructorParameters<typeof GuestMachine>[0], output: number[]) {
    super(parts);
    this.engine = parts.engine;
    this.output = output;
  }

  /** `program` lies at the start of RAM, where all harts start, in M-mode. */
  static create(program: Uint8Array, options: VirtOptions = {}): VirtMachine {
    const { harts = 1, memoryBytes = 0x400000, nsPerTick = 1, mode = 'auto', chain = true, arenaBytes = 1 << 20, hotThreshold } = options;
    const rows = RISCV_VIRT.rows({ harts, memoryBytes, bootArgs: '', seed: 1n, startTimeMs: 1_700_000_000_000 });
    const guest = allocateGuestMemory({ harts, arenaBytes, regions: memoryRegionsOf(rows) });
    const { space } = guest;
    const loadImages = (): void => void space.writeBytes(RAM_BASE, program);
    loadImages();
    const deviceState = (): string => JSON.stringify(devices.map(digestDevice));
    const threshold = hotThreshold === undefined ? {} : { hotThreshold };
    const engine = new MachineEngine(riscv, { ...guest, harts, resetPc: RAM_BASE, nsPerTick, mode, chain, deviceState, ...threshold });
    const power = new Power(() => engine.requestStop());
    const output: number[] = [];
    const serial = new ConsolePort();
    serial.output.sink = (byte) => output.push(byte);
    const virtioPort = new ConsolePort();
    const console = new VirtioConsole({ backend: virtioPort, columns: 80, lines: 24 });
    const disk = new OverlayDisk({ base: new MemoryDisk(DISK_BYTES, { readOnly: true }), onFull: () => {} });
    const virtio = [new VirtioBlk({ backend: disk, serial: 'test' }), new VirtioRng({ seed: 7n }), console];
    const hartInterrupt = (hart: number, bit: number) => ({ set: (level: boolean) => engine.setInterrupt(hart, bit, level) });
    const { clock, memory } = engine;
    const devices = createDevices(rows, space, {
      clock,
      memory,
      console: serial,
      power,
      virtio,
      bootFiles: NO_BOOT_FILES,
      hartInterrupt,
      harts,
    });
    const parts = { engine, devices, space, nsPerTick, power, serial, loadImages, start: () => {} };
    return new VirtMachine({ ...parts, virtioConsole: { port: virtioPort, device: console } }, output);
  }
}
