/**
 * The machine `riscv-virt`: addresses and interrupt numbers of QEMU's machine `virt` for RISC-V. Its device tree is in riscv-virt-tree.ts.
 *
 * Not there: PCI.
 */
import { CfiFlash, ErasedFlash } from '../devices/cfi-flash.js';
import { CLINT_SIZE, Clint } from '../devices/clint.js';
import { FW_CFG_SIZE, FwCfg } from '../devices/fw-cfg.js';
import { GoldfishRtc } from '../devices/goldfish-rtc.js';
import { Ns16550a } from '../devices/ns16550a.js';
import { OverlayDisk } from '../devices/overlay-disk.js';
import { PLIC_SIZE, Plic } from '../devices/plic.js';
import { TestFinisher } from '../devices/test-finisher.js';
import { VIRTIO_MMIO_SIZE, VirtioMmio } from '../devices/virtio/virtio-mmio.js';
import { RAM_MAX } from '../mem/allocate.js';
import { PAGE_SIZE } from '../mem/layout.js';
import { ConfigError } from '../util/errors.js';
import type { MachineConfig, MachineDescription, MachineRow, RowPorts } from './machine.js';
import * as tree from './riscv-virt-tree.js';

export const RAM_BASE = 0x80000000;
export const RAM_MIN = 0x100000;
export const MROM_BASE = 0x1000;
export const VIRTIO_SLOTS = 8;
const VIRTIO_BASE = 0x10001000;
const VIRTIO_IRQ = 1;
const FLASH_BASE = 0x20000000;
const FLASH_BANK = 0x2000000;
const MS_NS = 1_000_000n;

function rows(config: MachineConfig): readonly MachineRow[] {
  const { memoryBytes: ramBytes } = config;
  checkMemory(ramBytes);
  const createFwCfg = ({ bootFiles: files, ...ports }: RowPorts) => new FwCfg({ ...ports, ramBytes, files });
  const startNs = BigInt(config.startTimeMs) * MS_NS;
  return [
    { name: 'mrom', base: MROM_BASE, size: 0xf000, kind: 'rom' },
    { name: 'test', base: 0x100000, size: 0x1000, kind: (ports) => new TestFinisher(ports), node: tree.testNode },
    { name: 'rtc', base: 0x101000, size: 0x1000, irq: 11, kind: (ports) => new GoldfishRtc({ ...ports, startNs }), node: tree.rtcNode },
    { name: 'clint', base: 0x2000000, size: CLINT_SIZE, kind: createClint, node: tree.clintNode },
    { name: 'plic', base: 0xc000000, size: PLIC_SIZE, kind: createPlic, node: tree.plicNode },
    { name: 'serial', base: 0x10000000, size: 0x100, irq: 10, kind: createSerial, node: tree.serialNode },
    ...Array.from({ length: VIRTIO_SLOTS }, (_, slot) => virtioRow(slot)),
    { name: 'fw-cfg', base: 0x10100000, size: FW_CFG_SIZE, kind: createFwCfg, node: tree.fwCfgNode, place: 'root' },
    { name: 'flash0', base: FLASH_BASE, size: FLASH_BANK, kind: createFlash, node: tree.flashNode, place: 'root' },
    { name: 'flash1', base: FLASH_BASE + FLASH_BANK, size: FLASH_BANK, kind: createFlash },
    { name: 'memory', base: RAM_BASE, size: config.memoryBytes, kind: 'ram', node: tree.memoryNode },
  ];
}

function createClint(ports: RowPorts): Clint {
  const lines = harts(ports).map((hart) => ({
    msip: ports.hartInterrupt(hart, tree.MIP_MSIP),
    mtip: ports.hartInterrupt(hart, tree.MIP_MTIP),
  }));
  return new Clint({ clock: ports.clock, harts: lines });
}

function createPlic(ports: RowPorts): Plic {
  const contexts = harts(ports).flatMap((hart) => tree.PLIC_CONTEXTS.map((bit) => ports.hartInterrupt(hart, bit)));
  return new Plic({ contexts });
}

/** Erased at first, and kept only where it was written to. */
function createFlash(): CfiFlash {
  return new CfiFlash({ contents: new OverlayDisk({ base: new ErasedFlash(FLASH_BANK), onFull: () => {} }) });
}

function createSerial({ console, ...ports }: RowPorts): Ns16550a {
  return new Ns16550a({ ...ports, backend: console });
}

/** QEMU lists the slots from the last to the first; here the first comes first, so that Linux numbers disks as the user did. */
function virtioRow(slot: number): MachineRow {
  return {
    name: `virtio${slot}`,
    base: VIRTIO_BASE + slot * VIRTIO_MMIO_SIZE,
    size: VIRTIO_MMIO_SIZE,
    irq: VIRTIO_IRQ + slot,
    kind: ({ irq, memory, virtio }) => new VirtioMmio({ irq, memory, device: virtio[slot] }),
    node: tree.virtioNode,
  };
}

function harts(ports: RowPorts): number[] {
  return Array.from({ length: ports.harts }, (_, hart) => hart);
}

function checkMemory(bytes: number): void {
  if (bytes < RAM_MIN) throw new ConfigError(`--memory: ${bytes} bytes are too little for riscv-virt: at least 1M`);
  if (bytes > RAM_MAX) throw new ConfigError('--memory: riscv-virt takes at most 3G');
  if (bytes % PAGE_SIZE !== 0) throw new ConfigError(`--memory: ${bytes} bytes are not a multiple of 4K`);
}

export const RISCV_VIRT: MachineDescription = {
  name: 'riscv-virt',
  hartsMax: 8,
  virtioSlots: VIRTIO_SLOTS,
  resetPc: MROM_BASE,
  nsPerTick: 1,
  rows,
  deviceTree: (config, table = rows(config)) => tree.deviceTree(config, table),
};
