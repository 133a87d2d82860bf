import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, type PlainData, saveDevice } from '../../../lib/devices/device.js';
import type { VirtioDevice, VirtioPort } from '../../../lib/devices/virtio/virtio.js';
import { ImageError } from '../../../lib/util/errors.js';
import { F_EVENT_IDX, F_INDIRECT, F_VERSION_1, RAM_BASE, REG, STATUS, VirtioDriver } from '../../support/virtio-driver.js';

const F_OWN = 3;

/** Writes what it reads, byte by byte plus one. */
class Incrementer implements VirtioDevice {
  readonly name = 'incrementer';
  readonly version = 4;
  readonly id = 42;
  readonly features = [F_OWN];
  readonly queueSizes = [64, 8];
  readonly log: string[] = [];
  count = 0;
  port!: VirtioPort;

  attach(port: VirtioPort): void {
    this.port = port;
  }

  config(): Uint8Array {
    return Uint8Array.of(1, 2, 3, 4, 5, 6, this.count);
  }

  notify(index: number): void {
    this.log.push(`notify ${index}`);
    const queue = this.port.queue(index);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const bytes = chain.read(0, chain.readableBytes).map((byte) => byte + 1);
      chain.write(0, bytes);
      queue.push(chain, Math.min(bytes.length, chain.writableBytes));
      this.count++;
    }
  }

  reset(): void {
    this.log.push('reset');
  }

  save(): PlainData {
    return { count: this.count };
  }

  load(data: PlainData): void {
    const { count } = data as { count: number };
    if (typeof count !== 'number') throw new ImageError('bad count');
    this.count = count;
  }
}

function bench(options: { features?: readonly number[]; size?: number } = {}) {
  const device = new Incrementer();
  return { device, driver: new VirtioDriver(device).start(options) };
}

const test = suite('virtio-mmio');

test('a slot without a device says so, and nothing else', () => {
  const driver = new VirtioDriver(undefined);
  assert.equal(
    [REG.magic, REG.version, REG.deviceId, REG.vendorId].map((r) => driver.get(r)),
    [0x74726976, 2, 0, 0x554d4551],
  );
  for (let offset = 0x10; offset < 0x200; offset += 4) {
    driver.set(offset, 0xffffffff);
    assert.is(driver.get(offset), 0, `${offset}`);
  }
  assert.not(driver.irq.level);
});

test('a device identifies itself and offers its features with those of the transport', () => {
  const driver = new VirtioDriver(new Incrementer());
  assert.equal(
    [REG.magic, REG.version, REG.deviceId].map((r) => driver.get(r)),
    [0x74726976, 2, 42],
  );
  assert.equal(driver.offered(), [F_OWN, F_INDIRECT, F_EVENT_IDX, F_VERSION_1]);
  driver.set(REG.deviceFeaturesSel, 2);
  assert.is(driver.get(REG.deviceFeatures), 0);
});

test('FEATURES_OK stays clear when the driver accepts what was not offered', () => {
  const driver = new VirtioDriver(new Incrementer());
  driver.set(REG.status, STATUS.acknowledge | STATUS.driver);
  driver.accept([F_VERSION_1, 7]);
  driver.set(REG.status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk);
  assert.is(driver.get(REG.status), STATUS.acknowledge | STATUS.driver);
  driver.accept([F_VERSION_1]);
  driver.set(REG.status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk);
  assert.is(driver.get(REG.status) & STATUS.featuresOk, STATUS.featuresOk);
});

test('features cannot be changed after FEATURES_OK', () => {
  const { driver, device } = bench({ features: [F_VERSION_1] });
  driver.accept([F_VERSION_1, F_OWN]);
  assert.equal([device.port.has(F_OWN), device.port.has(F_VERSION_1)], [false, true]);
});

test('registers take words only, the configuration any size', () => {
  const { driver } = bench();
  assert.equal([driver.mmio.read(REG.magic, 1), driver.mmio.read(REG.magic, 2)], [0, 0]);
  driver.mmio.write(REG.status, 1, 0);
  assert.is.not(driver.get(REG.status), 0);
  const { mmio } = driver;
  assert.equal(
    [mmio.read(0x100, 1), mmio.read(0x102, 2), mmio.read(0x100, 4), mmio.read(0x104, 4), mmio.read(0x200, 4)],
    [1, 0x0403, 0x04030201, 0x0605, 0],
  );
});

test('a shared memory region that is not there has length -1', () => {
  const { driver } = bench();
  assert.equal([driver.get(0xb0), driver.get(0xb4)], [0xffffffff, 0xffffffff]);
});

test('a queue that is not there has size 0 and ignores everything', () => {
  const { driver, device } = bench();
  driver.set(REG.queueSel, 2);
  driver.set(REG.queueReady, 1);
  assert.equal([driver.get(REG.queueNumMax), driver.get(REG.queueReady)], [0, 0]);
  device.log.length = 0;
  driver.notify(2);
  assert.equal([device.log, driver.needsReset], [[], false]);
});

test('sizes are powers of two up to the maximum, and a ready queue does not change', () => {
  const driver = new VirtioDriver(new Incrementer());
  driver.set(REG.queueSel, 1);
  for (const size of [0, 3, 16, 0x80000000]) driver.set(REG.queueNum, size);
  driver.start({ size: 8 });
  driver.set(REG.queueSel, 1);
  driver.set(REG.queueNum, 2);
  driver.set(REG.queueDesc, 0);
  for (let i = 0; i < 5; i++) assert.is(driver.request(1, [driver.out([i]), driver.in(1)]), 1);
});

for (const indirect of [false, true]) {
  for (const eventIndex of [false, true]) {
    test(`requests are served with ${indirect ? 'indirect' : 'direct'} descriptors, ${eventIndex ? 'event indices' : 'flags'}`, () => {
      const features = [F_VERSION_1, F_OWN, ...(indirect ? [F_INDIRECT] : []), ...(eventIndex ? [F_EVENT_IDX] : [])];
      const { driver } = bench({ features, size: 4 });
      for (let round = 0; round < 70_000; round += round < 20 || round > 65_500 ? 1 : 977) {
        const reply = [driver.in(2), driver.in(3)];
        const written = driver.request(0, [driver.out([round & 0xff, 7]), driver.out([9, 250]), ...reply], { indirect });
        assert.is(written, 4);
        assert.equal([...reply.flatMap((b) => [...driver.contents(b)])], [(round + 1) & 0xff, 8, 10, 251, 0xee]);
      }
    });
  }
}

test('indices wrap around at 65536', () => {
  const { driver, device } = bench({ size: 2 });
  for (let i = 0; i < 65_540; i++) {
    driver.offer(0, [{ paddr: RAM_BASE + 0x80000, length: 1, writable: false }], { head: i & 1 });
    driver.notify(0);
    driver.used(0);
  }
  assert.equal([device.count, driver.needsReset], [65_540, false]);
});

test('several chains are given back in order with one interrupt', () => {
  const { driver } = bench({ features: [F_VERSION_1] });
  for (const head of [4, 2, 0]) driver.offer(0, [driver.out([head]), driver.in(1)], { head });
  const { changes } = driver.irq;
  driver.notify(0);
  assert.equal([driver.irq.level, driver.irq.changes, driver.get(REG.interruptStatus)], [true, changes + 1, 1]);
  assert.equal(
    driver.used(0).map(({ head }) => head),
    [4, 2, 0],
  );
  assert.not(driver.irq.level);
});

test('VIRTQ_AVAIL_F_NO_INTERRUPT holds back the interrupt', () => {
  const { driver } = bench({ features: [F_VERSION_1] });
  driver.memory.view.setUint16((driver.rings[0]?.avail ?? 0) - RAM_BASE, 1, true);
  driver.offer(0, [driver.out([1])]);
  driver.notify(0);
  assert.equal([driver.irq.level, driver.used(0).length], [false, 1]);
});

test('with event indices the interrupt comes when the used index passes used_event', () => {
  const { driver } = bench({ features: [F_VERSION_1, F_EVENT_IDX] });
  driver.setUsedEvent(0, 2);
  const levels = [0, 2, 4, 6].map((head) => {
    driver.offer(0, [driver.out([1])], { head });
    driver.notify(0);
    const { level } = driver.irq;
    driver.set(REG.interruptAck, 3);
    return level;
  });
  assert.equal(levels, [false, false, true, false]);
  assert.is(driver.availEvent(0), 4);
});

test('what was made available before DRIVER_OK is served when it is set, and not before', () => {
  const device = new Incrementer();
  const driver = new VirtioDriver(device);
  driver.prepare();
  driver.offer(0, [driver.out([1]), driver.in(1)]);
  driver.notify(0);
  assert.equal([device.count, driver.irq.level], [0, false]);
  driver.set(REG.status, STATUS.acknowledge | STATUS.driver | STATUS.featuresOk | STATUS.driverOk);
  assert.equal([device.count, driver.irq.level], [1, true]);
});

test('a write of 0 to the status resets queues, features, interrupts and the device', () => {
  const { driver, device } = bench();
  driver.offer(0, [driver.out([1])]);
  driver.notify(0);
  assert.ok(driver.irq.level);
  device.log.length = 0;
  driver.set(REG.status, 0);
  assert.equal([driver.irq.level, driver.get(REG.status), driver.get(REG.interruptStatus), device.log], [false, 0, 0, ['reset']]);
  driver.set(REG.queueSel, 0);
  assert.is(driver.get(REG.queueReady), 0);
  assert.not(device.port.has(F_VERSION_1));
  driver.start();
  assert.is(driver.request(0, [driver.out([1]), driver.in(1)]), 1);
});

test('a change of the configuration interrupts and shows in the generation', () => {
  const { driver, device } = bench();
  device.port.configChanged();
  assert.equal([driver.irq.level, driver.get(REG.interruptStatus), driver.get(REG.configGeneration)], [true, 2, 1]);
});

/** What a driver may do wrong, and each time the device must ask for a reset. */
const CRIMES: Readonly<Record<string, (driver: VirtioDriver) => void>> = {
  'a loop of descriptors': (driver) => {
    const { desc } = driver.rings[0] as { desc: number };
    driver.descriptor(desc, { paddr: RAM_BASE, length: 1, flags: 1, next: 1 });
    driver.descriptor(desc + 16, { paddr: RAM_BASE, length: 1, flags: 1, next: 0 });
    driver.offerHead(0, 0);
  },
  'a head outside of the table': (driver) => driver.offerHead(0, 16),
  'a next outside of the table': (driver) => {
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: RAM_BASE, length: 1, flags: 1, next: 16 });
    driver.offerHead(0, 0);
  },
  'a readable buffer behind a writable one': (driver) => driver.offer(0, [driver.in(1), driver.out([1])]),
  'a buffer outside of memory': (driver) => driver.offer(0, [{ paddr: RAM_BASE - 1, length: 2, writable: false }]),
  'a buffer that wraps around the address space': (driver) =>
    driver.offer(0, [{ paddr: 0xffff_ffff_f000, length: 0xffffffff, writable: false }]),
  'a writable buffer outside of memory': (driver) => driver.offer(0, [driver.out([1]), { paddr: 0, length: 1, writable: true }]),
  'more available chains than the queue holds': (driver) => {
    driver.memory.view.setUint16((driver.rings[0] as { avail: number }).avail - RAM_BASE + 2, 17, true);
  },
  'an indirect descriptor with a next one': (driver) => {
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: RAM_BASE + 0x80000, length: 16, flags: 5, next: 1 });
    driver.offerHead(0, 0);
  },
  'an indirect table in an indirect table': (driver) => {
    driver.descriptor(RAM_BASE + 0x80000, { paddr: RAM_BASE + 0x80000, length: 16, flags: 4, next: 0 });
    driver.offer(0, [{ paddr: RAM_BASE + 0x80000, length: 16, writable: false }]);
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: RAM_BASE + 0x80000, length: 16, flags: 4, next: 0 });
  },
  'an indirect table of an odd length': (driver) => {
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: RAM_BASE + 0x80000, length: 24, flags: 4, next: 0 });
    driver.offerHead(0, 0);
  },
  'an empty indirect table': (driver) => {
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: RAM_BASE + 0x80000, length: 0, flags: 4, next: 0 });
    driver.offerHead(0, 0);
  },
  'an indirect table outside of memory': (driver) => {
    driver.descriptor((driver.rings[0] as { desc: number }).desc, { paddr: 0x1000, length: 16, flags: 4, next: 0 });
    driver.offerHead(0, 0);
  },
};

for (const [crime, commit] of Object.entries(CRIMES)) {
  test(`the device needs a reset after ${crime}, and works again after it`, () => {
    const { driver, device } = bench({ features: [F_VERSION_1, F_INDIRECT] });
    commit(driver);
    driver.notify(0);
    assert.ok(driver.needsReset);
    assert.equal([driver.irq.level, driver.get(REG.interruptStatus) & 2], [true, 2]);
    const { count } = device;
    driver.notify(0);
    driver.set(REG.status, 0xff);
    assert.equal([device.count, driver.needsReset], [count, true]);
    driver.start();
    assert.equal([driver.needsReset, driver.irq.level], [false, false]);
    assert.is(driver.request(0, [driver.out([1]), driver.in(1)]), 1);
  });
}

test('queues outside of memory ask for a reset', () => {
  for (const register of [REG.queueDesc, REG.queueDriver, REG.queueDevice]) {
    const { driver } = bench();
    driver.set(REG.queueSel, 0);
    driver.set(REG.queueReady, 0);
    driver.set(register + 4, 0x12345678);
    driver.set(REG.queueReady, 1);
    driver.offer(0, [driver.out([1]), driver.in(1)]);
    driver.notify(0);
    assert.ok(driver.needsReset, `${register}`);
  }
});

test('a device that overwrites its own available ring does not run forever', () => {
  const { driver, device } = bench({ features: [F_VERSION_1], size: 2 });
  const { avail } = driver.rings[0] as { avail: number };
  // Each request adds one to the available index: as if another chain came in while the device works.
  for (const head of [0, 1]) {
    driver.descriptor((driver.rings[0] as { desc: number }).desc + head * 16, { paddr: avail + 2, length: 1, flags: 1, next: head });
  }
  const { desc } = driver.rings[0] as { desc: number };
  driver.descriptor(desc, { paddr: avail + 2, length: 1, flags: 1, next: 1 });
  driver.descriptor(desc + 16, { paddr: avail + 2, length: 1, flags: 2, next: 0 });
  driver.offerHead(0, 0);
  driver.notify(0);
  assert.ok(driver.needsReset);
  assert.is(device.count, 2);
});

test('a restored transport and device go on where the saved ones were', () => {
  const [one, two] = [bench({ size: 4 }), bench({ features: [F_VERSION_1] })];
  for (let i = 0; i < 7; i++) one.driver.request(0, [one.driver.out([i]), one.driver.in(1)]);
  one.driver.offer(0, [one.driver.out([41]), one.driver.in(1)]);
  one.device.port.configChanged();
  const saved = JSON.parse(JSON.stringify(saveDevice(one.driver.mmio)));
  two.driver.memory.bytes.set(one.driver.memory.bytes);
  loadDevice(two.driver.mmio, saved);
  assert.equal(saveDevice(two.driver.mmio), saved);
  for (const { driver, device } of [one, two]) {
    driver.notify(0);
    assert.equal([device.count, driver.get(REG.interruptStatus) & 2], [8, 2]);
  }
  assert.equal([...two.driver.memory.bytes], [...one.driver.memory.bytes]);
  assert.equal(saveDevice(two.driver.mmio), saveDevice(one.driver.mmio));
});

test('bad saved state changes nothing', () => {
  const { driver } = bench();
  driver.request(0, [driver.out([1]), driver.in(1)]);
  const before = saveDevice(driver.mmio);
  const data = before.data as { [key: string]: PlainData };
  const queues = data.queues as readonly { [key: string]: PlainData }[];
  const bad: PlainData[] = [
    null,
    { ...data, queues: [] },
    { ...data, queues: [{ ...queues[0], size: 3 }, queues[1] ?? null] },
    { ...data, queues: [{ ...queues[0], usedIndex: 65536 }, queues[1] ?? null] },
    { ...data, accepted: [0x80, 1] },
    { ...data, status: 256 },
    { ...data, device: null },
    { ...data, device: { name: 'incrementer', version: 3, data: { count: 1 } } },
    { ...data, device: { name: 'other', version: 4, data: { count: 1 } } },
    { ...data, device: { name: 'incrementer', version: 4, data: {} } },
  ];
  for (const [index, state] of bad.entries()) {
    assert.throws(
      () => loadDevice(driver.mmio, { ...before, data: state }),
      (error: unknown) => error instanceof ImageError,
      `${index}`,
    );
    assert.equal(saveDevice(driver.mmio), before, `${index}`);
  }
});

test.run();
