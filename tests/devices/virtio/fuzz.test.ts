import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { OverlayDisk } from '../../../lib/devices/overlay-disk.js';
import { VirtioBlk } from '../../../lib/devices/virtio/blk.js';
import { VirtioConsole } from '../../../lib/devices/virtio/console.js';
import { type NetReceiver, VirtioNet } from '../../../lib/devices/virtio/net.js';
import { VirtioRng } from '../../../lib/devices/virtio/rng.js';
import type { VirtioDevice } from '../../../lib/devices/virtio/virtio.js';
import { MemoryDisk } from '../../support/memory-disk.js';
import { Terminal } from '../../support/ports.js';
import { randomSource } from '../../support/random.js';
import { F_VERSION_1, RAM_BASE, REG, VirtioDriver } from '../../support/virtio-driver.js';

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[random() % list.length] as T;

/** Everything that one kind of device meets from outside, besides its driver. */
interface Subject {
  readonly device: VirtioDevice;
  readonly poke?: (random: Random) => void;
}

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  blk: () => ({ device: new VirtioBlk({ backend: new OverlayDisk({ base: new MemoryDisk(1 << 18), onFull() {} }), serial: 'fuzz' }) }),
  rng: () => ({ device: new VirtioRng({ seed: 1n }) }),
  console: () => {
    const terminal = new Terminal();
    const device = new VirtioConsole({ backend: terminal, columns: 80, lines: 25 });
    return { device, poke: (random) => void terminal.type('x'.repeat(random() % 300)) };
  },
  net: () => {
    let receiver: NetReceiver | undefined;
    const device = new VirtioNet({ backend: { send() {}, onReceive: (end) => (receiver = end) }, mac: [2, 0, 0, 0, 0, 1] });
    return { device, poke: (random) => receiver?.receive(new Uint8Array(random() % (random() % 4 === 0 ? 70_000 : 1600))) };
  },
};

/** Addresses and lengths, mostly near something that matters. */
function address(random: Random): number {
  const places = [RAM_BASE, RAM_BASE + 0x2000, RAM_BASE + 0x3000, RAM_BASE + 0x40000, RAM_BASE + 0x400000 - 8, 0, 0xffff_ffff_ffff, 0x1000];
  return Math.max(0, pick(random, places) + (random() % 64) - (random() % 8 === 0 ? 16 : 0));
}

function length(random: Random): number {
  return pick(random, [0, 1, 16, 17, 512, 513, 1024, 4096, 0x10000, 0x7fffffff, 0xffffffff, random() % 5000]);
}

function randomDescriptor(driver: VirtioDriver, random: Random, paddr: number, size: number): void {
  const flags = pick(random, [0, 1, 1, 1, 2, 3, 3, 4, 5, 7, random() & 0xffff]);
  driver.descriptor(paddr, { paddr: address(random), length: length(random), flags, next: random() % (size + 1) });
}

/** One act of a driver that knows the rules and does not care. */
function misbehave(driver: VirtioDriver, random: Random): void {
  const queue = random() % driver.rings.length;
  const rings = driver.rings[queue] as VirtioDriver['rings'][0];
  const { view } = driver.memory;
  const { size } = rings;
  switch (random() % 9) {
    case 0:
    case 1:
    case 2: {
      for (let i = 0; i < 4; i++) randomDescriptor(driver, random, rings.desc + (random() % size) * 16, size);
      for (let i = random() % 5; i > 0; i--) driver.offerHead(queue, random() % (size + 1));
      break;
    }
    case 3: {
      // An indirect table in the buffers.
      const [table, count] = [RAM_BASE + 0x40000 + (random() % 16) * 16, 1 + (random() % 6)];
      for (let i = 0; i < count; i++) randomDescriptor(driver, random, table + i * 16, count);
      driver.descriptor(rings.desc, { paddr: table, length: count * 16, flags: 4, next: 0 });
      driver.offerHead(queue, 0);
      break;
    }
    case 4: {
      // A request that could be one: header, data, status.
      const header = driver.out(
        Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? pick(random, [0, 1, 4, 8, 11, 13, 77]) : i === 8 ? random() : 0)),
      );
      driver.offer(queue, [header, driver.in(pick(random, [512, 1024, 20, 1])), driver.in(1)]);
      break;
    }
    case 5:
      view.setUint16(rings.avail - RAM_BASE + 2, random(), true);
      break;
    case 6:
      driver.memory.bytes[(random() % 0x4000) + queue * 0x4000] = random();
      break;
    case 7:
      driver.mmio.write(
        (random() % 0x60) * 4,
        pick(random, [1, 2, 4, 4, 4]),
        pick(random, [0, 1, 2, 3, 8, 0x0f, 0x80000000, 0xffffffff, random()]),
      );
      break;
    default:
      driver.mmio.read(random() % 0x200, pick(random, [1, 2, 4]));
  }
  driver.notify(random() % 3);
}

const ROUNDS = 400;
const ACTS = 25;
const test = suite('hostile virtio drivers');

for (const [name, create] of Object.entries(SUBJECTS)) {
  test(`${name}: ${ROUNDS * ACTS} bad acts never throw, and a reset heals`, () => {
    const random = randomSource(name.length * 7919);
    const { device, poke } = create();
    const driver = new VirtioDriver(device);
    let failures = 0;
    for (let round = 0; round < ROUNDS; round++) {
      driver.start({ size: pick(random, [1, 2, 8, 16]), ...(random() % 2 ? {} : { features: [F_VERSION_1, 28] }) });
      for (let act = 0; act < ACTS; act++) {
        misbehave(driver, random);
        if (random() % 4 === 0) poke?.(random);
      }
      if (driver.needsReset) failures++;
      if (round % 16 === 0) {
        const twin = new VirtioDriver(create().device);
        const saved = JSON.parse(JSON.stringify(saveDevice(driver.mmio)));
        loadDevice(twin.mmio, saved);
        assert.equal(saveDevice(twin.mmio), saved);
      }
      driver.start();
      assert.equal([driver.needsReset, driver.irq.level], [false, false]);
    }
    // Most rounds break the rules of the queues, and some do not.
    assert.ok(failures > ROUNDS / 4 && failures < ROUNDS, `${failures}`);
    const queue = driver.get(REG.deviceId) === 4 || driver.get(REG.deviceId) === 2 ? 0 : 1;
    const header = driver.out(new Uint8Array(16));
    const parts = driver.get(REG.deviceId) === 4 ? [driver.in(16)] : queue === 0 ? [header, driver.in(512), driver.in(1)] : [header];
    assert.is.not(driver.request(queue, parts), undefined);
  });
}

test.run();
