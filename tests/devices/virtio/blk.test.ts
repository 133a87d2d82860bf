import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestDevice, loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { VirtioBlk } from '../../../lib/devices/virtio/blk.js';
import { MemoryDisk } from '../../support/memory-disk.js';
import { type Buffer, RAM_BASE, REG, VirtioDriver } from '../../support/virtio-driver.js';

const [T_IN, T_OUT, T_FLUSH, T_GET_ID, T_DISCARD, T_WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const [F_RO, F_DISCARD, F_WRITE_ZEROES] = [5, 13, 14];
const SECTORS = 64;

function header(type: number, sector: number): number[] {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return [...bytes];
}

function rangeBytes(sector: number, count: number, flags = 0): number[] {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, count, true);
  view.setUint32(12, flags, true);
  return [...bytes];
}

class Bench {
  readonly disk: MemoryDisk;
  readonly driver: VirtioDriver;

  constructor(options: { readOnly?: boolean; serial?: string } = {}) {
    this.disk = new MemoryDisk(SECTORS * 512, options);
    this.driver = new VirtioDriver(new VirtioBlk({ backend: this.disk, serial: options.serial ?? 'drive0' })).start();
  }

  /** Sends a request; gives its status. */
  status(type: number, sector: number, data: readonly Buffer[] = []): number | undefined {
    const status = this.driver.in(1);
    const { driver } = this;
    const parts = [driver.out(header(type, sector)), ...data, status];
    return driver.request(0, parts) === undefined ? undefined : driver.contents(status)[0];
  }

  read(sector: number, bytes: number): { status: number | undefined; data: Uint8Array } {
    const buffer = this.driver.in(bytes);
    return { status: this.status(T_IN, sector, [buffer]), data: this.driver.contents(buffer) };
  }
}

const test = suite('virtio-blk');

test('the configuration tells capacity, block size and limits', () => {
  const { driver } = new Bench();
  const word = (offset: number) => driver.get(REG.config + offset);
  assert.equal([word(0), word(4)], [SECTORS, 0]);
  assert.equal([word(12), word(20)], [254, 512]);
  assert.equal([word(36), word(40), word(48), word(52)], [0x8000, 1, 0x8000, 1]);
});

test('sectors are read to where the driver wants them', () => {
  const bench = new Bench();
  const { status, data } = bench.read(3, 1024);
  assert.is(status, OK);
  assert.equal(data, bench.disk.bytes.slice(3 * 512, 5 * 512));
});

test('sectors are written from buffers of any cut, header and status included', () => {
  const bench = new Bench();
  const { driver } = bench;
  const data = Array.from({ length: 1024 }, (_, i) => (i * 3) & 0xff);
  const bytes = [...header(T_OUT, 7), ...data];
  const status = driver.in(1);
  const parts = [bytes.slice(0, 5), bytes.slice(5, 16), bytes.slice(16, 17), bytes.slice(17, 700), bytes.slice(700)].map((part) =>
    driver.out(part),
  );
  assert.is(driver.request(0, [...parts, status]), 1);
  assert.equal([...driver.contents(status)], [OK]);
  assert.equal([...bench.disk.bytes.subarray(7 * 512, 9 * 512)], data);
});

test('a read may share its buffer with the status', () => {
  const bench = new Bench();
  const buffer = bench.driver.in(513);
  assert.is(bench.driver.request(0, [bench.driver.out(header(T_IN, 1)), buffer]), 513);
  assert.equal([...bench.driver.contents(buffer)], [...bench.disk.bytes.subarray(512, 1024), OK]);
});

test('several requests at one notification are all done', () => {
  const bench = new Bench();
  const { driver } = bench;
  const reads = [0, 5, 63].map((sector, index) => {
    const [data, status] = [driver.in(512), driver.in(1)];
    driver.offer(0, [driver.out(header(T_IN, sector)), data, status], { head: index * 3 });
    return { sector, data, status };
  });
  driver.notify(0);
  assert.is(driver.used(0).length, 3);
  for (const { sector, data, status } of reads) {
    assert.equal(
      [...driver.contents(data), ...driver.contents(status)],
      [...bench.disk.bytes.subarray(sector * 512, sector * 512 + 512), OK],
    );
  }
});

test('several disks are told apart by what they hold and by their serial numbers', () => {
  const benches = ['drive0', 'a serial number of 21'].map((serial) => new Bench({ serial }));
  benches[1]?.disk.bytes.fill(9);
  const ids = benches.map((bench) => {
    const id = bench.driver.in(20);
    assert.is(bench.status(T_GET_ID, 0, [id]), OK);
    return Buffer.from(bench.driver.contents(id)).toString('latin1');
  });
  assert.equal(ids, ['drive0'.padEnd(20, '\0'), 'a serial number of 2']);
  assert.equal(
    benches.map((bench) => bench.read(1, 512).data[0]),
    [(512 >> 9) ^ ((512 * 7) & 0xff), 9],
  );
});

test('what does not lie on the disk, or is not made of sectors, is an I/O error and touches nothing', () => {
  const bench = new Bench();
  const before = bench.disk.bytes.slice();
  for (const [sector, bytes] of [
    [SECTORS, 512],
    [SECTORS - 1, 1024],
    [2 ** 55 - 1, 512],
    [2 ** 53, 512],
    [0, 511],
  ] as const) {
    assert.is(bench.read(sector, bytes).status, IOERR, `read ${sector} ${bytes}`);
    assert.is(bench.status(T_OUT, sector, [bench.driver.out(new Uint8Array(bytes))]), IOERR, `write ${sector} ${bytes}`);
  }
  assert.equal(bench.disk.bytes, before);
  assert.equal(bench.disk.log, []);
});

test('what the backend cannot do is an I/O error', () => {
  const bench = new Bench();
  bench.disk.fails = true;
  assert.is(bench.read(0, 512).status, IOERR);
  assert.is(bench.status(T_OUT, 0, [bench.driver.out(new Uint8Array(512))]), IOERR);
  assert.is(bench.status(T_FLUSH, 0), IOERR);
  assert.is(bench.status(T_DISCARD, 0, [bench.driver.out(rangeBytes(0, 8))]), IOERR);
  assert.not(bench.driver.needsReset);
});

test('flush reaches the backend', () => {
  const bench = new Bench();
  assert.is(bench.status(T_FLUSH, 0), OK);
  assert.equal(bench.disk.log, ['flush']);
});

test('discard and write zeroes go to the backend as ranges of bytes', () => {
  const bench = new Bench();
  assert.is(bench.status(T_DISCARD, 0, [bench.driver.out(rangeBytes(8, 16))]), OK);
  assert.is(bench.status(T_WRITE_ZEROES, 0, [bench.driver.out(rangeBytes(1, 2))]), OK);
  assert.is(bench.status(T_WRITE_ZEROES, 0, [bench.driver.out(rangeBytes(0, 1, 1))]), OK);
  assert.equal(bench.disk.log, ['discard 4096 8192', 'zero 512 1024', 'zero 0 512']);
});

test('bad ranges are refused', () => {
  const bench = new Bench();
  const refuse = (type: number, bytes: readonly number[], status: number | undefined) =>
    assert.is(bench.status(type, 0, [bench.driver.out(bytes)]), status, `${type} ${bytes}`);
  refuse(T_DISCARD, rangeBytes(0, 8, 1), UNSUPP);
  refuse(T_WRITE_ZEROES, rangeBytes(0, 8, 2), UNSUPP);
  refuse(T_DISCARD, rangeBytes(SECTORS - 1, 2), IOERR);
  refuse(T_WRITE_ZEROES, rangeBytes(2 ** 54, 1), IOERR);
  refuse(T_WRITE_ZEROES, rangeBytes(0, 0x8001), IOERR);
  refuse(T_DISCARD, [...rangeBytes(0, 1), ...rangeBytes(1, 1)], IOERR);
  refuse(T_DISCARD, rangeBytes(0, 1).slice(0, 15), IOERR);
  assert.equal(bench.disk.log, []);
});

test('a read-only disk says so and refuses all writes', () => {
  const bench = new Bench({ readOnly: true });
  const offered = bench.driver.offered();
  assert.equal(
    [F_RO, F_DISCARD, F_WRITE_ZEROES].map((feature) => offered.includes(feature)),
    [true, false, false],
  );
  assert.is(bench.status(T_OUT, 0, [bench.driver.out(new Uint8Array(512))]), IOERR);
  assert.is(bench.status(T_DISCARD, 0, [bench.driver.out(rangeBytes(0, 8))]), IOERR);
  assert.is(bench.status(T_WRITE_ZEROES, 0, [bench.driver.out(rangeBytes(0, 8))]), IOERR);
  assert.is(bench.read(0, 512).status, OK);
  assert.is(bench.disk.log.length, 1);
});

test('an unknown request is unsupported', () => {
  assert.is(new Bench().status(99, 0), UNSUPP);
});

test('a request without room for header or status asks for a reset', () => {
  for (const parts of [
    (driver: VirtioDriver) => [driver.out(new Uint8Array(15)), driver.in(1)],
    (driver: VirtioDriver) => [driver.out(header(T_FLUSH, 0))],
  ]) {
    const { driver } = new Bench();
    driver.request(0, parts(driver));
    assert.ok(driver.needsReset);
  }
});

test('one notification moves a gigabyte at most', () => {
  const { driver, disk } = new Bench();
  // One page of RAM, named many times over.
  const big = Array.from({ length: 512 }, () => ({ paddr: RAM_BASE + 0x40000, length: 0x200000, writable: false }));
  const status = driver.in(1);
  driver.offer(0, [driver.out(header(T_OUT, 0)), ...big, status], { indirect: true });
  driver.notify(0);
  assert.equal([driver.used(0).length, driver.contents(status)[0], disk.log.length], [1, IOERR, 0]);
});

test('a large request is moved in pieces', () => {
  const disk = new MemoryDisk(0x280000);
  const driver = new VirtioDriver(new VirtioBlk({ backend: disk, serial: '' })).start();
  const [data, status] = [driver.in(0x240000), driver.in(1)];
  driver.request(0, [driver.out(header(T_IN, 2)), data, status]);
  assert.equal(disk.log, ['read 1024 1048576', 'read 1049600 1048576', 'read 2098176 262144']);
  assert.ok(Buffer.compare(driver.contents(data), disk.bytes.subarray(1024, 1024 + 0x240000)) === 0);
});

test("the backend's state is saved, restored and digested with the device", () => {
  const [one, two] = [new Bench(), new Bench()];
  one.status(T_OUT, 0, [one.driver.out(new Uint8Array(512).fill(99))]);
  loadDevice(two.driver.mmio, JSON.parse(JSON.stringify(saveDevice(one.driver.mmio))));
  assert.is(two.disk.bytes[0], 99);
  assert.is((digestDevice(one.driver.mmio).data as { device: string }).device, 'digest');
});

test.run();
