/** The device tree of `riscv-virt`: the nodes of QEMU's machine `virt`, each made from the row of the machine's table that it tells of. */
import { createHash } from 'node:crypto';
import { MTIME_HZ } from '../devices/clint.js';
import { PLIC_SOURCES } from '../devices/plic.js';
import { cells, cells64, EMPTY, type FdtNode, strings, writeFdt } from './fdt.js';
import type { MachineConfig, MachineRow, TreeContext } from './machine.js';

const UART_CLOCK_HZ = 3_686_400;

// Bits of `mip` (Privileged ISA, "Machine Interrupt Registers").
export const MIP_MSIP = 3;
export const MIP_MTIP = 7;
const MIP_SEIP = 9;
const MIP_MEIP = 11;
/** The interrupts of a hart that the PLIC drives, in the order of its contexts. */
export const PLIC_CONTEXTS = [MIP_MEIP, MIP_SEIP];

/** Values of the test finisher's register that `poweroff` and `reboot` write. */
const POWEROFF_VALUE = 0x5555;
const REBOOT_VALUE = 0x7777;

const ISA_BASE = 'rv64i';
const ISA_LETTERS = ['i', 'm', 'a', 'f', 'd', 'c'];
const ISA_NAMES = ['zicsr', 'zifencei', 'zihintpause', 'zicntr', 'zihpm', 'zba', 'zbb', 'zbs', 'zicbom', 'zicboz', 'sstc'];
const CACHE_BLOCK_BYTES = 64;
const FLASH_BUS_BYTES = 4;

const node = (name: string, properties: FdtNode['properties'], children: readonly FdtNode[] = []): FdtNode => ({
  name,
  properties,
  children,
});
const at = (name: string, row: MachineRow): string => `${name}@${row.base.toString(16)}`;
const reg = (row: MachineRow): Uint8Array => cells64(row.base, row.size);

export function testNode(row: MachineRow, tree: TreeContext): FdtNode {
  const compatible = strings('sifive,test1', 'sifive,test0', 'syscon');
  return node(at('test', row), { compatible, reg: reg(row), phandle: cells(tree.phandle(row.name)) });
}

export function clintNode(row: MachineRow, tree: TreeContext): FdtNode {
  const compatible = strings('sifive,clint0', 'riscv,clint0');
  return node(at('clint', row), { compatible, reg: reg(row), 'interrupts-extended': hartLines(tree, [MIP_MSIP, MIP_MTIP]) });
}

export function plicNode(row: MachineRow, tree: TreeContext): FdtNode {
  return node(at('plic', row), {
    compatible: strings('sifive,plic-1.0.0', 'riscv,plic0'),
    reg: reg(row),
    '#address-cells': cells(0),
    '#interrupt-cells': cells(1),
    'interrupt-controller': EMPTY,
    'interrupts-extended': hartLines(tree, PLIC_CONTEXTS),
    'riscv,ndev': cells(PLIC_SOURCES),
    phandle: cells(tree.phandle(row.name)),
  });
}

/** For each hart, its interrupts `bits` as inputs of its own controller. */
function hartLines(tree: TreeContext, bits: readonly number[]): Uint8Array {
  const harts = Array.from({ length: tree.harts }, (_, hart) => tree.hartController(hart));
  return cells(...harts.flatMap((controller) => bits.flatMap((bit) => [controller, bit])));
}

/** The properties of a device that interrupts through the PLIC. */
function plicInput(row: MachineRow, tree: TreeContext): FdtNode['properties'] {
  return { interrupts: cells(row.irq ?? 0), 'interrupt-parent': cells(tree.phandle('plic')) };
}

export function serialNode(row: MachineRow, tree: TreeContext): FdtNode {
  const compatible = strings('ns16550a');
  return node(at('serial', row), { compatible, reg: reg(row), 'clock-frequency': cells(UART_CLOCK_HZ), ...plicInput(row, tree) });
}

export function rtcNode(row: MachineRow, tree: TreeContext): FdtNode {
  return node(at('rtc', row), { compatible: strings('google,goldfish-rtc'), reg: reg(row), ...plicInput(row, tree) });
}

export function virtioNode(row: MachineRow, tree: TreeContext): FdtNode {
  return node(at('virtio_mmio', row), { compatible: strings('virtio,mmio'), reg: reg(row), ...plicInput(row, tree) });
}

export function fwCfgNode(row: MachineRow): FdtNode {
  return node(at('fw-cfg', row), { compatible: strings('qemu,fw-cfg-mmio'), reg: reg(row), 'dma-coherent': EMPTY });
}

/** One node for both banks, which lie behind each other. */
export function flashNode(row: MachineRow): FdtNode {
  const banks = cells64(row.base, row.size, row.base + row.size, row.size);
  return node(at('flash', row), { compatible: strings('cfi-flash'), reg: banks, 'bank-width': cells(FLASH_BUS_BYTES) });
}

export function memoryNode(row: MachineRow): FdtNode {
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

/** The device tree of the machine whose table is `table`, as a blob. */
export function deviceTree(config: MachineConfig, table: readonly MachineRow[]): Uint8Array<ArrayBuffer> {
  const tree = treeContext(config.harts);
  const nodesOf = (wanted: (row: MachineRow) => boolean) => table.filter(wanted).flatMap((row) => (row.node ? [row.node(row, tree)] : []));
  const devices = nodesOf((row) => typeof row.kind === 'function' && row.place === undefined);
  const serial = devices.find((device) => device.name.startsWith('serial@'))?.name ?? '';
  const width = { '#address-cells': cells(2), '#size-cells': cells(2) };
  const root = node('', { ...width, compatible: strings('riscv-virtio'), model: strings('riscv-virtio,hindsight') }, [
    chosenNode(config, `/soc/${serial}`),
    ...nodesOf((row) => row.place === 'root'),
    ...nodesOf((row) => row.kind === 'ram'),
    cpusNode(tree),
    node('soc', { ...width, compatible: strings('simple-bus'), ranges: EMPTY }, devices),
    syscon('poweroff', POWEROFF_VALUE, tree),
    syscon('reboot', REBOOT_VALUE, tree),
  ]);
  return writeFdt(root);
}
