/** What a machine is: a table of what answers at which address. Its devices and its device tree derive from it. */
import type { CharBackend, Device, InterruptController, IrqLine, PhysicalMemory, PowerPort, VirtualClock } from '../devices/device.js';
import type { BootFiles } from '../devices/fw-cfg.js';
import type { VirtioDevice } from '../devices/virtio/virtio.js';
import type { AddressSpace, Region } from '../mem/address-space.js';
import { ConfigError, InternalError } from '../util/errors.js';
import { clockOfDevice } from '../util/virtual-clock.js';
import type { FdtNode } from './fdt.js';

/** What the user chose. */
export interface MachineConfig {
  readonly harts: number;
  readonly memoryBytes: number;
  /** The kernel's command line. */
  readonly bootArgs: string;
  /** Where the initial RAM disk is: first physical address, one past the last. */
  readonly initrd?: { readonly start: number; readonly end: number };
  /** All entropy of the guest derives from it. */
  readonly seed: bigint;
  /** What the guest's clock shows at the start: milliseconds since 1970. */
  readonly startTimeMs: number;
}

/** What the devices of a machine are wired to. */
export interface MachinePorts {
  readonly clock: VirtualClock;
  readonly console: CharBackend;
  readonly power: PowerPort;
  /** For devices that access memory by themselves. */
  readonly memory: PhysicalMemory;
  /** What firmware is to load. */
  readonly bootFiles: BootFiles;
  /** What is in the virtio slots, from the first on. */
  readonly virtio: readonly VirtioDevice[];
  /** Bit `bit` of the pending interrupts of a hart. */
  hartInterrupt(hart: number, bit: number): IrqLine;
}

/** The ports of one row's device. */
export interface RowPorts extends MachinePorts {
  /** The row's own interrupt. */
  readonly irq: IrqLine;
  readonly harts: number;
}

/** Handles that nodes of a device tree name each other by. */
export interface TreeContext {
  readonly harts: number;
  /** Phandle of a hart's own interrupt controller. */
  hartController(hart: number): number;
  /** Phandle of the row `name`. */
  phandle(name: string): number;
}

export interface MachineRow {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** RAM, ROM, or what makes the device. */
  readonly kind: 'ram' | 'rom' | ((ports: RowPorts) => Device);
  /** Its input of the machine's interrupt controller. */
  readonly irq?: number;
  /** Where its node goes; in /soc if absent. */
  readonly place?: 'root';
  /** Its node in the device tree. */
  readonly node?: (row: MachineRow, tree: TreeContext) => FdtNode;
}

export interface MachineDescription {
  readonly name: string;
  readonly hartsMax: number;
  /** How many virtio devices it takes. */
  readonly virtioSlots: number;
  /** Where every hart starts. */
  readonly resetPc: number;
  readonly nsPerTick: number;
  rows(config: MachineConfig): readonly MachineRow[];
  /** Of the machine with these rows: its own, if none are given. */
  deviceTree(config: MachineConfig, rows?: readonly MachineRow[]): Uint8Array<ArrayBuffer>;
}

/** The machine with more devices: rows behind its own. Throws `ConfigError` for a name, an address or an interrupt that is taken. */
export function withRows(machine: MachineDescription, more: readonly MachineRow[]): MachineDescription {
  if (more.length === 0) return machine;
  const rows = (config: MachineConfig): readonly MachineRow[] => {
    const table = [...machine.rows(config)];
    for (const row of more) {
      const clash = table.find((other) => clashes(row, other));
      if (clash) throw new ConfigError(`device ${row.name}: its name, address or interrupt is that of ${clash.name}`);
      table.push(row);
    }
    return table;
  };
  return { ...machine, rows, deviceTree: (config) => machine.deviceTree(config, rows(config)) };
}

function clashes(a: MachineRow, b: MachineRow): boolean {
  const overlap = a.base < b.base + b.size && b.base < a.base + a.size;
  return a.name === b.name || overlap || (a.irq !== undefined && a.irq === b.irq);
}

/** The rows that live in linear memory. */
export function memoryRegionsOf(rows: readonly MachineRow[]): Region[] {
  return rows.flatMap(({ name, base, size, kind }) => (typeof kind === 'string' ? [{ name, base, size, kind }] : []));
}

/** Makes the devices of `rows` and maps them into `space`. The rows' interrupts go to the one of them that is an interrupt controller. */
export function createDevices(
  rows: readonly MachineRow[],
  space: AddressSpace,
  ports: MachinePorts & { readonly harts: number },
): Device[] {
  let controller: InterruptController | undefined;
  const wire = (input: number): IrqLine => {
    let line: IrqLine | undefined;
    return {
      set: (level) => {
        line ??= controller?.input(input);
        line?.set(level);
      },
    };
  };
  return rows.flatMap((row, index) => {
    if (typeof row.kind === 'string') return [];
    const clock = clockOfDevice(ports.clock, index);
    const device = row.kind({ ...ports, clock, irq: row.irq === undefined ? UNWIRED : wire(row.irq) });
    if (isInterruptController(device)) controller = device;
    space.map({ name: row.name, base: row.base, size: row.size, kind: device });
    return [device];
  });
}

const UNWIRED: IrqLine = { set() {} };

function isInterruptController(device: Device): device is InterruptController {
  return 'input' in device;
}

/** The row called `name`. */
export function rowOf(rows: readonly MachineRow[], name: string): MachineRow {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) throw new InternalError(`machine has no row "${name}"`);
  return row;
}
