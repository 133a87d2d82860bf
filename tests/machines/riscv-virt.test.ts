import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceTreeAddress } from '../../lib/machines/boot.js';
import { cells, cells64, findNode, readFdt, strings } from '../../lib/machines/fdt.js';
import type { MachineConfig } from '../../lib/machines/machine.js';
import { resetVector } from '../../lib/machines/reset-vector.js';
import { RISCV_VIRT } from '../../lib/machines/riscv-virt.js';
import { ConfigError } from '../../lib/util/errors.js';

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
  assert.equal(cpu?.['riscv,isa'], strings('rv64imafdc_zicsr_zifencei_zicntr_zihpm_zba_zbb_zbs_zicbom_zicboz_sstc'));
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

test('the entropy in the device tree is the same for the same seed, and only then', () => {
  const seedOf = (seed: bigint) => Buffer.from(findNode(tree({ seed }), '/chosen')?.properties['rng-seed'] ?? []).toString('hex');
  assert.is(seedOf(1n), seedOf(1n));
  assert.is.not(seedOf(1n), seedOf(2n));
  assert.is(seedOf(1n).length, 64);
});

test('the device tree compiler reads the tree without a warning', () => {
  const { error, status, stdout, stderr } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], {
    input: RISCV_VIRT.deviceTree(CONFIG),
    encoding: 'utf8',
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return; // not installed here: the reader above has checked the tree
  assert.equal([status, stderr], [0, '']);
  assert.match(stdout, 'timebase-frequency = <0x989680>;');
});

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

test.run();
