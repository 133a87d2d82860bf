import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FwCfg, NO_BOOT_FILES } from '../../lib/devices/fw-cfg.js';
import { ImageError } from '../../lib/util/errors.js';
import { FakeMemory } from '../support/fake-memory.js';
import { randomSource } from '../support/random.js';

const RAM = 0x8000_0000;
const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >> 8);
const KERNEL = Uint8Array.from({ length: 1000 }, (_, i) => i);

function create() {
  const memory = new FakeMemory(RAM, 0x4000);
  const files = { ...NO_BOOT_FILES, kernel: KERNEL, commandLine: 'console=ttyS0' };
  const device = new FwCfg({ memory, ramBytes: 0x1_8000_0000, harts: 3, files });
  const select = (item: number) => device.write(8, 2, swap16(item));
  const bytes = (item: number, count: number): number[] => {
    select(item);
    return Array.from({ length: count }, () => device.read(0, 1));
  };
  /** Makes a DMA request at RAM + 0x100, and gives its control word afterwards. */
  const dma = (control: number, length: number, address: number): number => {
    const { view } = memory;
    view.setUint32(0x100, control);
    view.setUint32(0x104, length);
    view.setBigUint64(0x108, BigInt(address));
    device.write(0x10, 4, 0);
    device.write(0x14, 4, 0x00010080); // 0x80000100, big-endian
    return view.getUint32(0x100);
  };
  return { device, memory, select, bytes, dma };
}

const test = suite('fw_cfg');

test('has the signature, and says that it knows DMA', () => {
  const { bytes, device } = create();
  assert.is(String.fromCharCode(...bytes(0, 4)), 'QEMU');
  assert.equal(bytes(1, 4), [3, 0, 0, 0]);
  assert.equal([device.read(0x10, 4), device.read(0x14, 4)], [0x554d4551, 0x47464320]);
});

test('has the size of RAM, the number of harts, and what is to be booted', () => {
  const { bytes } = create();
  assert.equal(bytes(3, 8), [0, 0, 0, 0x80, 1, 0, 0, 0]);
  assert.equal(
    [bytes(5, 2), bytes(15, 2)],
    [
      [3, 0],
      [3, 0],
    ],
  );
  assert.equal(bytes(8, 4), [0xe8, 3, 0, 0]);
  assert.equal(bytes(0x11, 1000), [...KERNEL]);
  assert.equal(bytes(0x14, 4), [14, 0, 0, 0]);
  assert.is(String.fromCharCode(...bytes(0x15, 14)), 'console=ttyS0\0');
  assert.equal(bytes(0x19, 4), [0, 0, 0, 0]);
});

test('reads zeros behind the end of an item, and everywhere in an item that does not exist', () => {
  const { bytes } = create();
  assert.equal(bytes(5, 6), [3, 0, 0, 0, 0, 0]);
  assert.equal(bytes(0x7777, 3), [0, 0, 0]);
});

test('wide reads give the bytes in the order of memory', () => {
  const { select, device } = create();
  select(0x11);
  assert.equal([device.read(0, 2), device.read(0, 4), device.read(4, 4)], [0x0100, 0x05040302, 0x09080706]);
});

test('DMA selects, skips and reads in one request or several', () => {
  const { dma, memory } = create();
  assert.is(dma((0x11 << 16) | 8 | 2, 16, RAM + 0x800), 0);
  assert.equal([...memory.bytes.subarray(0x800, 0x811)], [...KERNEL.subarray(0, 16), 0]);
  assert.is(dma(4, 4, 0), 0);
  assert.is(dma(2, 4, RAM + 0x800), 0);
  assert.equal([...memory.bytes.subarray(0x800, 0x804)], [20, 21, 22, 23]);
  memory.bytes.fill(9, 0x1000, 0x3000);
  assert.is(dma((0x11 << 16) | 8 | 2, 1500, RAM + 0x1000), 0);
  assert.equal([...memory.bytes.subarray(0x1000, 0x1000 + 1501)], [...KERNEL, ...Array(500).fill(0), 9]);
});

test('DMA outside of RAM, and writes to items, are errors', () => {
  const { dma, device } = create();
  assert.is(dma((0x11 << 16) | 8 | 2, 16, RAM + 0x3ff8), 1);
  assert.is(dma(2, 16, 0xffff_ffff_ffff), 1);
  assert.is(dma((0x11 << 16) | 8 | 0x10, 16, RAM), 1);
  // A request that is in no memory has nowhere to say so.
  device.write(0x10, 4, 0xffffffff);
  device.write(0x14, 4, 0xffffffff);
});

test('random accesses end in a state that is saved and restored', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = randomSource(seed);
    const { device, memory } = create();
    for (let i = 0; i < 0x200; i++) memory.bytes[i] = random();
    for (let i = 0; i < 200; i++) {
      const size = ([1, 2, 4] as const)[random() % 3] as number;
      const offset = (random() % (0x18 / size)) * size;
      if (random() % 2) device.read(offset, size);
      else device.write(offset, size, size === 2 ? swap16(random() % 0x20) : random() % 256 === 0 ? random() : 0x80);
    }
    const other = create().device;
    other.load(JSON.parse(JSON.stringify(device.save())));
    assert.equal(other.save(), device.save());
    assert.is(other.read(0, 4), device.read(0, 4));
  }
});

test('damaged state is an ImageError', () => {
  for (const data of [{}, { selected: 0, position: 5, dmaHigh: 0 }, { selected: 0x10000, position: 0, dmaHigh: 0 }]) {
    assert.throws(
      () => create().device.load(data),
      (error: unknown) => error instanceof ImageError,
    );
  }
});

test.run();
