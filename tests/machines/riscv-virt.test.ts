import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Device } from '../../lib/devices/device.js';
import { NO_BOOT_FILES } from '../../lib/devices/fw-cfg.js';
import { deviceTreeAddress } from '../../lib/machines/boot.js';
import { cells, cells64, EMPTY, findNode, readFdt, strings } from '../../lib/machines/fdt.js';
import { createDevices, type MachineConfig, type MachineRow, withRows } from '../../lib/machines/machine.js';
import { resetVector } from '../../lib/machines/reset-vector.js';
import { RISCV_VIRT } from '../../lib/machines/riscv-virt.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import { ConfigError } from '../../lib/util/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { Terminal } from '../support/ports.js';

const MiB = 2 ** 20;
const CONFIG: MachineConfig = { harts: 1, memoryBytes: 256 * MiB, bootArgs: 'console=ttyS0', seed: 0n, startTimeMs: 0 };
const tree = (config: Partial<MachineConfig> = {}) => readFdt(RISCV_VIRT.deviceTree({ ...CONFIG, ...config }));

const test = suite('riscv-virt');

test("addresses, sizes and interrupts are those of QEMU's virt", () => {
  const rows = RISCV_VIRT.rows(CONFIG).map(({ name, base, size, irq }) => [name, base, size, irq]);
  assert.equal(rows, [
    ['mrom', 0x1000, 0xf000, undefined],
    ['test', 0x100000, 0x1000, undefined],
    ['rtc', 0x101000, 0x1000, 11],
    ['clint', 0x2000000, 0x10000, undefined],
    ['plic', 0xc000000, 0x600000, undefined],
    ['serial', 0x10000000, 0x100, 10],
    ...Array.from({ length: 8 }, (_, slot) => [`virtio${slot}`, 0x10001000 + slot * 0x1000, 0x1000, 1 + slot]),
    ['fw-cfg', 0x10100000, 0x18, undefined],
    ['flash0', 0x20000000, 32 * MiB, undefined],
    ['flash1', 0x22000000, 32 * MiB, undefined],
    ['memory', 0x80000000, 256 * MiB, undefined],
  ]);
});

test('memory outside of what the machine takes is a ConfigError', () => {
  for (const memoryBytes of [0, MiB - 4096, 3 * 1024 * MiB + 4096, MiB + 1]) {
    assert.throws(
      () => RISCV_VIRT.rows({ ...CONFIG, memoryBytes }),
      (error: unknown) => error instanceof ConfigError,
      `${memoryBytes}`,
    );
  }
  RISCV_VIRT.rows({ ...CONFIG, memoryBytes: 3 * 1024 * MiB });
});

test('the device tree tells of memory, the command line and the console', () => {
  const root = tree();
  assert.equal(findNode(root, '/memory@80000000')?.properties.reg, cells64(0x80000000, 256 * MiB));
  assert.equal(findNode(root, '/chosen')?.properties.bootargs, strings('console=ttyS0'));
  assert.equal(findNode(root, '/chosen')?.properties['stdout-path'], strings('/soc/serial@10000000'));
  assert.ok(findNode(root, '/soc/serial@10000000'));
  assert.is(findNode(tree({ bootArgs: '' }), '/chosen')?.properties.bootargs, undefined);
});

test('the device tree tells what the hart can do, in both notations', () => {
  const cpu = findNode(tree(), '/cpus/cpu@0')?.properties;
  assert.equal(cpu?.['riscv,isa'], strings('rv64imafdc_zicsr_zifencei_zihintpause_zicntr_zihpm_zba_zbb_zbs_zicbom_zicboz_sstc'));
  assert.equal(cpu?.['riscv,isa-base'], strings('rv64i'));
  const extensions = [
    'i',
    'm',
    'a',
    'f',
    'd',
    'c',
    'zicsr',
    'zifencei',
    'zihintpause',
    'zicntr',
    'zihpm',
    'zba',
    'zbb',
    'zbs',
    'zicbom',
    'zicboz',
    'sstc',
  ];
  assert.equal(cpu?.['riscv,isa-extensions'], strings(...extensions));
  assert.equal(cpu?.['mmu-type'], strings('riscv,sv48'));
  assert.equal([cpu?.['riscv,cbom-block-size'], cpu?.['riscv,cboz-block-size']], [cells(64), cells(64)]);
  assert.equal(findNode(tree(), '/cpus')?.properties['timebase-frequency'], cells(10_000_000));
});

test("the CLINT's interrupts lead to the hart's own controller", () => {
  const root = tree();
  const controller = findNode(root, '/cpus/cpu@0/interrupt-controller')?.properties.phandle as Uint8Array;
  const handle = new DataView(controller.buffer, controller.byteOffset).getUint32(0);
  assert.equal(findNode(root, '/soc/clint@2000000')?.properties['interrupts-extended'], cells(handle, 3, handle, 7));
});

const cellsOf = (bytes: Uint8Array | undefined): number[] => {
  const view = new DataView((bytes ?? new Uint8Array(0)).slice().buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(i * 4));
};

test("the PLIC's contexts are M and S of each hart in turn, and it has 95 sources", () => {
  const root = tree({ harts: 3 });
  const plic = findNode(root, '/soc/plic@c000000')?.properties;
  const controllers = [0, 1, 2].map((hart) => cellsOf(findNode(root, `/cpus/cpu@${hart}/interrupt-controller`)?.properties.phandle)[0]);
  assert.equal(
    cellsOf(plic?.['interrupts-extended']),
    controllers.flatMap((controller) => [controller, 11, controller, 9]),
  );
  assert.equal([cellsOf(plic?.['riscv,ndev']), cellsOf(plic?.reg)], [[95], [0, 0xc000000, 0, 0x600000]]);
});

test("the devices' interrupts lead to the PLIC", () => {
  const root = tree();
  const plic = cellsOf(findNode(root, '/soc/plic@c000000')?.properties.phandle);
  const inputs = (findNode(root, '/soc')?.children ?? []).flatMap(({ name, properties }) => {
    if (!properties.interrupts) return [];
    assert.equal(cellsOf(properties['interrupt-parent']), plic, name);
    return [[name, cellsOf(properties.interrupts)[0]]];
  });
  const virtio = Array.from({ length: 8 }, (_, slot) => [`virtio_mmio@1000${slot + 1}000`, slot + 1]);
  assert.equal(inputs, [['rtc@101000', 11], ['serial@10000000', 10], ...virtio]);
});

test("flash and fw_cfg have the nodes of QEMU's tree", () => {
  const root = tree();
  const flash = findNode(root, '/flash@20000000')?.properties;
  assert.equal(flash, {
    compatible: strings('cfi-flash'),
    reg: cells64(0x20000000, 0x2000000, 0x22000000, 0x2000000),
    'bank-width': cells(4),
  });
  const fwCfg = findNode(root, '/fw-cfg@10100000')?.properties;
  assert.equal(fwCfg, { compatible: strings('qemu,fw-cfg-mmio'), reg: cells64(0x10100000, 0x18), 'dma-coherent': EMPTY });
});

test('power-off and reboot are writes to the test finisher', () => {
  const root = tree();
  const finisher = cellsOf(findNode(root, '/soc/test@100000')?.properties.phandle);
  for (const [name, value] of [
    ['poweroff', 0x5555],
    ['reboot', 0x7777],
  ] as const) {
    const properties = findNode(root, `/${name}`)?.properties;
    assert.equal(properties?.compatible, strings(`syscon-${name}`));
    assert.equal([cellsOf(properties?.regmap), cellsOf(properties?.offset), cellsOf(properties?.value)], [finisher, [0], [value]]);
  }
});

test('interrupts go from the devices through the PLIC to the harts', () => {
  const lines = new Map<string, boolean>();
  const { space } = allocateGuestMemory({ harts: 2, arenaBytes: 0, regions: [] });
  const devices = createDevices(RISCV_VIRT.rows(CONFIG), space, {
    clock: new FakeClock(),
    console: new Terminal(),
    power: { exit() {}, reset() {} },
    memory: { read: () => undefined, write: () => false },
    bootFiles: NO_BOOT_FILES,
    virtio: [],
    harts: 2,
    hartInterrupt: (hart, bit) => ({ set: (level) => void lines.set(`${hart} ${bit}`, level) }),
  });
  const device = (name: string) => devices.find((candidate) => candidate.name === name) as Device;
  const plic = device('plic');
  for (const source of [10, 11]) plic.write(source * 4, 4, 1);
  plic.write(0x2000 + 3 * 0x80, 4, 1 << 10);
  plic.write(0x2000 + 0 * 0x80, 4, 1 << 11);
  device('ns16550a').write(1, 1, 2);
  assert.equal([lines.get('1 9'), lines.get('0 11')], [true, undefined]);
  device('goldfish-rtc').write(0x10, 4, 1);
  device('goldfish-rtc').write(0x08, 4, 0);
  assert.is(lines.get('0 11'), true);
  assert.is(device('goldfish-rtc').read(0, 4), 0);
});

test('the entropy in the device tree is the same for the same seed, and only then', () => {
  const seedOf = (seed: bigint) => Buffer.from(findNode(tree({ seed }), '/chosen')?.properties['rng-seed'] ?? []).toString('hex');
  assert.is(seedOf(1n), seedOf(1n));
  assert.is.not(seedOf(1n), seedOf(2n));
  assert.is(seedOf(1n).length, 64);
});

for (const harts of [1, 8]) {
  test(`the device tree compiler reads the tree of ${harts} harts without a warning`, () => {
    const { error, status, stdout, stderr } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], {
      input: RISCV_VIRT.deviceTree({ ...CONFIG, harts }),
      encoding: 'utf8',
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return; // not installed here: the reader above has checked the tree
    assert.equal([status, stderr], [0, '']);
    assert.match(stdout, 'timebase-frequency = <0x989680>;');
  });
}

test('the device tree lies at the end of RAM, 2 MiB aligned, below 3 GiB', () => {
  assert.is(deviceTreeAddress(256 * MiB, 5000), 0x80000000 + 254 * MiB);
  assert.is(deviceTreeAddress(3 * 1024 * MiB, 5000), 0xc0000000 - 2 * MiB);
  assert.is(deviceTreeAddress(1 * MiB, 5000), 0x80000000 + MiB - 8192);
  assert.throws(
    () => deviceTreeAddress(MiB, MiB),
    (error: unknown) => error instanceof ConfigError,
  );
});

test("the boot ROM has the words of QEMU's, with entry, device tree and fw_dynamic_info behind them", () => {
  const rom = resetVector({ entry: 0x80000000, deviceTree: 0x8fe00000, nextEntry: 0x80200000 });
  const view = new DataView(rom.buffer);
  const words = Array.from({ length: 6 }, (_, i) => view.getUint32(i * 4, true));
  assert.equal(words, [0x00000297, 0x02828613, 0xf1402573, 0x0202b583, 0x0182b283, 0x00028067]);
  const doubles = Array.from({ length: 8 }, (_, i) => Number(view.getBigUint64(0x18 + i * 8, true)));
  assert.equal(doubles, [0x80000000, 0x8fe00000, 0x4942534f, 2, 0x80200000, 1, 0, 0]);
});

test('a machine with one more device has a row and a node for it', () => {
  const more: MachineRow = {
    name: 'more',
    base: 0x10200000,
    size: 0x1000,
    irq: 12,
    kind: 'ram',
    place: 'root',
    node: (row, tree) => ({
      name: `more@${row.base.toString(16)}`,
      properties: { 'interrupt-parent': cells(tree.phandle('plic')) },
      children: [],
    }),
  };
  const machine = withRows(RISCV_VIRT, [more]);
  assert.is(machine.rows(CONFIG).length, RISCV_VIRT.rows(CONFIG).length + 1);
  assert.is(machine.rows(CONFIG).at(-1), more);
  const root = readFdt(machine.deviceTree(CONFIG));
  const plic = findNode(root, '/soc/plic@c000000')?.properties.phandle;
  assert.equal(findNode(root, '/more@10200000')?.properties['interrupt-parent'], plic);
  for (const wrong of [{ name: 'rtc' }, { base: 0x101800 }, { irq: 11 }]) {
    const clash = withRows(RISCV_VIRT, [{ ...more, ...wrong }]);
    assert.throws(
      () => clash.rows(CONFIG),
      (error: unknown) => error instanceof ConfigError && error.message.endsWith('is that of rtc'),
    );
  }
});

test.run();
