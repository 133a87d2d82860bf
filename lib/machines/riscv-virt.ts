/**
 * The machine `riscv-virt`: addresses, interrupt numbers and device tree of QEMU's machine `virt` for RISC-V.
 *
 * Not there: PLIC, RTC, flash, PCI, virtio. So the UART's interrupt leads nowhere, and its node names none.
 */
import { createHash } from 'node:crypto';
import { CLINT_SIZE, Clint, MTIME_HZ } from '../devices/clint.js';
import { Ns16550a } from '../devices/ns16550a.js';
import { TestFinisher } from '../devices/test-finisher.js';
import { RAM_MAX } from '../mem/allocate.js';
import { PAGE_SIZE } from '../mem/layout.js';
import { ConfigError } from '../util/errors.js';
import { cells, cells64, EMPTY, type FdtNode, strings, writeFdt } from './fdt.js';
import type { MachineConfig, MachineDescription, MachineRow, TreeContext } from './machine.js';

export const RAM_BASE = 0x80000000;
export const RAM_MIN = 0x100000;
export const MROM_BASE = 0x1000;
const UART_CLOCK_HZ = 3_686_400;

// Bits of `mip` (Privileged ISA, "Machine Interrupt Registers").
const MIP_MSIP = 3;
const MIP_MTIP = 7;

/** Values of the test finisher's register that `poweroff` and `reboot` write. */
const POWEROFF_VALUE = 0x5555;
const REBOOT_VALUE = 0x7777;

const ISA_BASE = 'rv64i';
const ISA_LETTERS = ['i', 'm', 'a', 'f', 'd', 'c'];
const ISA_NAMES = ['zicsr', 'zifencei', 'zicntr', 'zihpm', 'zba', 'zbb', 'zbs', 'zicbom', 'zicboz', 'sstc'];
const CACHE_BLOCK_BYTES = 64;

function rows(config: MachineConfig): readonly MachineRow[] {
  checkMemory(config.memoryBytes);
  return [
    { name: 'mrom', base: MROM_BASE, size: 0xf000, kind: 'rom' },
    { name: 'test', base: 0x100000, size: 0x1000, kind: (ports) => new TestFinisher(ports), node: testNode },
    {
      name: 'clint',
      base: 0x2000000,
      size: CLINT_SIZE,
      kind: (ports) => new Clint({ clock: ports.clock, harts: clintLines(ports) }),
      node: clintNode,
    },
    {
      name: 'serial',
      base: 0x10000000,
      size: 0x100,
      irq: 10,
      kind: ({ console, ...ports }) => new Ns16550a({ ...ports, backend: console }),
      node: serialNode,
    },
    { name: 'memory', base: RAM_BASE, size: config.memoryBytes, kind: 'ram', node: memoryNode },
  ];
}

function clintLines(ports: { harts: number; hartInterrupt: (hart: number, bit: number) => { set(level: boolean): void } }) {
  return Array.from({ length: ports.harts }, (_, hart) => ({
    msip: ports.hartInterrupt(hart, MIP_MSIP),
    mtip: ports.hartInterrupt(hart, MIP_MTIP),
  }));
}

function checkMemory(bytes: number): void {
  if (bytes < RAM_MIN) throw new ConfigError(`--memory: ${bytes} bytes are too little for riscv-virt: at least 1M`);
  if (bytes > RAM_MAX) throw new ConfigError('--memory: riscv-virt takes at most 3G');
  if (bytes % PAGE_SIZE !== 0) throw new ConfigError(`--memory: ${bytes} bytes are not a multiple of 4K`);
}

const node = (name: string, properties: FdtNode['properties'], children: readonly FdtNode[] = []): FdtNode => ({
  name,
  properties,
  children,
});
const at = (name: string, row: MachineRow): string => `${name}@${row.base.toString(16)}`;
const reg = (row: MachineRow): Uint8Array => cells64(row.base, row.size);

function testNode(row: MachineRow, tree: TreeContext): FdtNode {
  const compatible = strings('sifive,test1', 'sifive,test0', 'syscon');
  return node(at('test', row), { compatible, reg: reg(row), phandle: cells(tree.phandle(row.name)) });
}

function clintNode(row: MachineRow, tree: TreeContext): FdtNode {
  const lines = Array.from({ length: tree.harts }, (_, hart) => [tree.hartController(hart), MIP_MSIP, tree.hartController(hart), MIP_MTIP]);
  const compatible = strings('sifive,clint0', 'riscv,clint0');
  return node(at('clint', row), { compatible, reg: reg(row), 'interrupts-extended': cells(...lines.flat()) });
}

function serialNode(row: MachineRow): FdtNode {
  return node(at('serial', row), { compatible: strings('ns16550a'), reg: reg(row), 'clock-frequency': cells(UART_CLOCK_HZ) });
}

function memoryNode(row: MachineRow): FdtNode {
  return node(at('memory', row), { device_type: strings('memory'), reg: reg(row) });
}

function cpuNode(hart: number, tree: TreeContext): FdtNode {
  const controller = node('interrupt-controller', {
    '#address-cells': cells(0),
    '#interrupt-cells': cells(1),
    'interrupt-controller': EMPTY,
    compatible: strings('riscv,cpu-intc'),
    phandle: cells(tree.hartController(hart)),
  });
  const properties = {
    device_type: strings('cpu'),
    reg: cells(hart),
    status: strings('okay'),
    compatible: strings('riscv'),
    'riscv,isa': strings([`${ISA_BASE.slice(0, 4)}${ISA_LETTERS.join('')}`, ...ISA_NAMES].join('_')),
    'riscv,isa-base': strings(ISA_BASE),
    'riscv,isa-extensions': strings(...ISA_LETTERS, ...ISA_NAMES),
    'riscv,cbom-block-size': cells(CACHE_BLOCK_BYTES),
    'riscv,cboz-block-size': cells(CACHE_BLOCK_BYTES),
    'mmu-type': strings('riscv,sv48'),
    phandle: cells(tree.phandle(`cpu${hart}`)),
  };
  return node(`cpu@${hart.toString(16)}`, properties, [controller]);
}

function cpusNode(tree: TreeContext): FdtNode {
  const harts = Array.from({ length: tree.harts }, (_, hart) => hart);
  const cores = harts.map((hart) => node(`core${hart}`, { cpu: cells(tree.phandle(`cpu${hart}`)) }));
  const properties = { '#address-cells': cells(1), '#size-cells': cells(0), 'timebase-frequency': cells(MTIME_HZ) };
  return node('cpus', properties, [...harts.map((hart) => cpuNode(hart, tree)), node('cpu-map', {}, [node('cluster0', {}, cores)])]);
}

function chosenNode(config: MachineConfig, serial: string): FdtNode {
  return node('chosen', {
    ...(config.bootArgs ? { bootargs: strings(config.bootArgs) } : {}),
    ...(config.initrd ? { 'linux,initrd-start': cells64(config.initrd.start), 'linux,initrd-end': cells64(config.initrd.end) } : {}),
    'stdout-path': strings(serial),
    'rng-seed': createHash('sha256').update(`rng-seed ${config.seed}`).digest(),
  });
}

function syscon(name: string, value: number, tree: TreeContext): FdtNode {
  return node(name, { compatible: strings(`syscon-${name}`), regmap: cells(tree.phandle('test')), offset: cells(0), value: cells(value) });
}

/** Numbers phandles from 1 on in the order in which they are first asked for. */
function treeContext(harts: number): TreeContext {
  const handles = new Map<string, number>();
  const phandle = (name: string): number => {
    const known = handles.get(name) ?? handles.size + 1;
    handles.set(name, known);
    return known;
  };
  return { harts, phandle, hartController: (hart) => phandle(`cpu${hart}/interrupt-controller`) };
}

function deviceTree(config: MachineConfig): Uint8Array<ArrayBuffer> {
  const tree = treeContext(config.harts);
  const table = rows(config);
  const nodesOf = (wanted: (row: MachineRow) => boolean) => table.filter(wanted).flatMap((row) => (row.node ? [row.node(row, tree)] : []));
  const devices = nodesOf((row) => typeof row.kind === 'function');
  const serial = devices.find((device) => device.name.startsWith('serial@'))?.name ?? '';
  const width = { '#address-cells': cells(2), '#size-cells': cells(2) };
  const root = node('', { ...width, compatible: strings('riscv-virtio'), model: strings('riscv-virtio,hindsight') }, [
    chosenNode(config, `/soc/${serial}`),
    ...nodesOf((row) => row.kind === 'ram'),
    cpusNode(tree),
    node('soc', { ...width, compatible: strings('simple-bus'), ranges: EMPTY }, devices),
    syscon('poweroff', POWEROFF_VALUE, tree),
    syscon('reboot', REBOOT_VALUE, tree),
  ]);
  return writeFdt(root);
}

export const RISCV_VIRT: MachineDescription = { name: 'riscv-virt', hartsMax: 8, resetPc: MROM_BASE, nsPerTick: 1, rows, deviceTree };
