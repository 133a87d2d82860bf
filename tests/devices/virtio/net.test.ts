import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { type NetBackend, type NetReceiver, VirtioNet } from '../../../lib/devices/virtio/net.js';
import { checksumOf, pseudoHeaderSum } from '../../../lib/util/internet-checksum.js';
import { F_VERSION_1, REG, VirtioDriver } from '../../support/virtio-driver.js';

const [RECEIVE, TRANSMIT] = [0, 1];
const F_MRG_RXBUF = 15;
const MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

class Network implements NetBackend {
  readonly sent: Uint8Array[] = [];
  receiver: NetReceiver | undefined;

  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }

  onReceive(receiver: NetReceiver): void {
    this.receiver = receiver;
  }
}

function bench(options: { features?: readonly number[] } = {}) {
  const network = new Network();
  const driver = new VirtioDriver(new VirtioNet({ backend: network, mac: MAC })).start(options);
  return { network, driver };
}

const frameOf = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i);
const test = suite('virtio-net');

test('the configuration has the address, and says that the link is up', () => {
  const { driver } = bench();
  assert.equal(
    Array.from({ length: 8 }, (_, i) => driver.mmio.read(REG.config + i, 1)),
    [...MAC, 1, 0],
  );
});

for (const [what, features, header] of [
  ['with mergeable buffers', [F_VERSION_1, F_MRG_RXBUF], 12],
  ['without mergeable buffers', [F_VERSION_1], 12],
  ['without VERSION_1', [], 10],
] as const) {
  test(`frames go out ${what}, without the header of ${header} bytes`, () => {
    const { network, driver } = bench({ features });
    const packet = [...new Uint8Array(header), ...frameOf(60)];
    driver.request(TRANSMIT, [driver.out(packet.slice(0, 30)), driver.out(packet.slice(30))]);
    assert.equal(network.sent, [frameOf(60)]);
  });

  test(`frames come in ${what}, behind a header of ${header} bytes`, () => {
    const { network, driver } = bench({ features });
    const buffer = driver.in(1600);
    driver.offer(RECEIVE, [buffer]);
    driver.notify(RECEIVE);
    network.receiver?.receive(frameOf(60, 3));
    assert.ok(driver.irq.level);
    assert.is(driver.used(RECEIVE)[0]?.written, header + 60);
    const bytes = [...driver.contents(buffer)];
    assert.equal(bytes.slice(0, header), header === 12 ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0] : new Array(10).fill(0));
    assert.equal(bytes.slice(header, header + 60), [...frameOf(60, 3)]);
  });
}

test('a frame is spread over as many mergeable buffers as it takes', () => {
  const { network, driver } = bench({ features: [F_VERSION_1, F_MRG_RXBUF] });
  const buffers = [100, 100, 100].map((length, head) => {
    const buffer = driver.in(length);
    driver.offer(RECEIVE, [buffer], { head });
    return buffer;
  });
  network.receiver?.receive(frameOf(250));
  assert.equal(
    driver.used(RECEIVE).map(({ written }) => written),
    [100, 100, 62],
  );
  const bytes = buffers.flatMap((buffer) => [...driver.contents(buffer)]);
  assert.equal([bytes[10], bytes[11]], [3, 0]);
  assert.equal(bytes.slice(12, 262), [...frameOf(250)]);
});

test('a frame waits until there are enough buffers, and frames keep their order', () => {
  const { network, driver } = bench({ features: [F_VERSION_1, F_MRG_RXBUF] });
  driver.offer(RECEIVE, [driver.in(100)], { head: 0 });
  network.receiver?.receive(frameOf(150));
  network.receiver?.receive(frameOf(14, 100));
  assert.equal(driver.used(RECEIVE), []);
  const [second, third] = [driver.in(100), driver.in(100)];
  driver.offer(RECEIVE, [second], { head: 1 });
  driver.offer(RECEIVE, [third], { head: 2 });
  driver.notify(RECEIVE);
  assert.equal(
    driver.used(RECEIVE).map(({ written }) => written),
    [100, 62, 26],
  );
  assert.equal([...driver.contents(third).subarray(12, 26)], [...frameOf(14, 100)]);
});

test('without mergeable buffers a frame that is too long for its buffer is dropped, the buffer is not', () => {
  const { network, driver } = bench({ features: [F_VERSION_1] });
  driver.offer(RECEIVE, [driver.in(100)]);
  network.receiver?.receive(frameOf(200));
  network.receiver?.receive(frameOf(60));
  assert.equal(driver.used(RECEIVE), [{ head: 0, written: 72 }]);
});

test('there is room for 64 frames, and none without a driver', () => {
  const { network, driver } = bench();
  for (let left = 64; left > 0; left--) {
    assert.is(network.receiver?.room, left);
    network.receiver?.receive(frameOf(60));
  }
  network.receiver?.receive(frameOf(60));
  assert.is(network.receiver?.room, 0);
  driver.set(REG.status, 0);
  assert.is(network.receiver?.room, 0);
  driver.start();
  assert.is(network.receiver?.room, 64);
});

test('frames of absurd length are dropped', () => {
  const { network, driver } = bench({ features: [F_VERSION_1] });
  driver.request(TRANSMIT, [driver.out(new Uint8Array(12 + 1519))]);
  driver.request(TRANSMIT, [driver.out(new Uint8Array(12))]);
  driver.request(TRANSMIT, [driver.out(new Uint8Array(3))]);
  network.receiver?.receive(new Uint8Array(1519));
  assert.equal([network.sent.length, network.receiver?.room, driver.needsReset], [0, 64, false]);
});

/** A TCP segment over IPv4, with a checksum that is not complete: that of its pseudo header. */
function segment(payloadBytes: number): Uint8Array {
  const frame = new Uint8Array(54 + payloadBytes).map((_, at) => at * 7);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 40 + payloadBytes);
  view.setUint8(23, 6);
  view.setUint32(26, 0x0a00020f);
  view.setUint32(30, 0x0a000202);
  view.setUint8(46, 0x50);
  view.setUint16(50, pseudoHeaderSum({ source: 0x0a00020f, destination: 0x0a000202 }, 6, 20 + payloadBytes));
  return frame;
}

/** Whether the TCP checksum is right. */
function isSummed(frame: Uint8Array): boolean {
  return checksumOf(frame.subarray(34), pseudoHeaderSum({ source: 0x0a00020f, destination: 0x0a000202 }, 6, frame.length - 34)) === 0;
}

const OFFLOADS = { F_CSUM: 0, F_GUEST_CSUM: 1, F_GUEST_TSO4: 7, F_HOST_TSO4: 11 };
const ALL = [F_VERSION_1, F_MRG_RXBUF, ...Object.values(OFFLOADS)];
const without = (...names: (keyof typeof OFFLOADS)[]) => ALL.filter((feature) => !names.some((name) => OFFLOADS[name] === feature));
// flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, num_buffers
const NEEDS_CHECKSUM = [1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0];
const LARGE = [1, 1, 54, 0, 1460 & 0xff, 1460 >> 8, 34, 0, 16, 0, 0, 0];

function transmitted(features: readonly number[], header: readonly number[], frame: Uint8Array): Uint8Array | undefined {
  const { network, driver } = bench({ features });
  driver.request(TRANSMIT, [driver.out(Uint8Array.from(header)), driver.out(frame)]);
  assert.not.ok(driver.needsReset);
  return network.sent[0];
}

test('a checksum that the driver leaves to the device is completed', () => {
  const frame = segment(100);
  assert.not.ok(isSummed(frame));
  const [sent, plain] = [transmitted(ALL, NEEDS_CHECKSUM, frame), transmitted(ALL, new Array(12).fill(0), frame)];
  assert.ok(sent && isSummed(sent));
  const differing = [...sent].flatMap((byte, at) => (byte === frame[at] ? [] : [at]));
  assert.ok(differing.every((at) => at === 50 || at === 51));
  assert.equal(plain, frame, 'as it is, unless asked for');
});

test('a completed checksum is never 0, which would mean "none"', () => {
  const frame = new Uint8Array(60);
  frame.set([0xff, 0xff], 40);
  assert.equal([...(transmitted(ALL, [1, 0, 0, 0, 0, 0, 40, 0, 10, 0, 0, 0], frame)?.subarray(50, 52) ?? [])], [0xff, 0xff]);
});

test('dropped are frames whose header asks for what was not negotiated, or makes no sense', () => {
  const small = segment(100);
  assert.is(transmitted(without('F_CSUM'), NEEDS_CHECKSUM, small), undefined);
  assert.is(transmitted(ALL, [1, 0, 0, 0, 0, 0, 200, 0, 16, 0, 0, 0], small), undefined, 'the field lies behind the end');
  assert.is(transmitted(ALL, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], small), undefined, 'segmentation without checksum');
  assert.is(transmitted(without('F_HOST_TSO4'), LARGE, segment(3000)), undefined);
  assert.is(transmitted(ALL, NEEDS_CHECKSUM, segment(3000)), undefined, 'too long, and not to be split');
  assert.is(transmitted(ALL, [1, 3, ...LARGE.slice(2)], segment(3000)), undefined, 'UDP');
  assert.is(transmitted(ALL, LARGE, new Uint8Array(3000)), undefined, 'no TCP');
  assert.is(transmitted(ALL, LARGE, segment(65_496)), undefined, 'longer than an IPv4 packet');
});

test('large segments go out as they are; a short one is an ordinary frame', () => {
  assert.equal(transmitted(ALL, LARGE, segment(60_000)), segment(60_000));
  const short = transmitted(ALL, LARGE, segment(1000));
  assert.ok(short && isSummed(short));
});

test('large segments come in, spread over buffers, with a header that says how to split them', () => {
  const { network, driver } = bench({ features: ALL });
  assert.is(network.receiver?.frameBytesMax, 65_549);
  const frame = segment(5000);
  const buffers = [4096, 4096].map((length, head) => {
    const buffer = driver.in(length);
    driver.offer(RECEIVE, [buffer], { head });
    return buffer;
  });
  network.receiver?.receive(frame);
  const bytes = buffers.flatMap((buffer) => [...driver.contents(buffer)]);
  assert.equal(bytes.slice(0, 12), [...LARGE.slice(0, 10), 2, 0]);
  assert.equal(Uint8Array.from(bytes.slice(12, 12 + frame.length)), frame);
});

test('ordinary frames come in with a header of zeros, also where large ones could', () => {
  const { network, driver } = bench({ features: ALL });
  const buffer = driver.in(1600);
  driver.offer(RECEIVE, [buffer]);
  network.receiver?.receive(segment(1000));
  assert.equal([...driver.contents(buffer).subarray(0, 12)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
});

test('long frames are dropped where the driver takes none, and where they are no large segments', () => {
  for (const features of [without('F_GUEST_TSO4'), without('F_GUEST_CSUM')]) {
    const { network } = bench({ features });
    assert.is(network.receiver?.frameBytesMax, 1518);
    network.receiver?.receive(segment(3000));
    assert.is(network.receiver?.room, 64);
  }
  const { network, driver } = bench({ features: ALL });
  driver.offer(RECEIVE, [driver.in(4096)]);
  // No IPv4; an IPv4 header that is too short; a TCP header that is.
  for (const frame of [new Uint8Array(3000), segment(3000).fill(0x44, 14, 15), segment(3000).fill(0x40, 46, 47)])
    network.receiver?.receive(frame);
  assert.equal([network.receiver?.room, driver.used(RECEIVE).length], [64, 0]);
});

test('a restored device has the frames that wait', () => {
  const [one, two] = [bench(), bench()];
  one.network.receiver?.receive(frameOf(60));
  one.network.receiver?.receive(frameOf(1500, 1));
  const saved = JSON.parse(JSON.stringify(saveDevice(one.driver.mmio)));
  loadDevice(two.driver.mmio, saved);
  assert.equal(saveDevice(two.driver.mmio), saved);
  const buffer = two.driver.in(1600);
  two.driver.request(RECEIVE, [buffer]);
  assert.equal([...two.driver.contents(buffer).subarray(12, 72)], [...frameOf(60)]);
  assert.is(two.network.receiver?.room, 63);
});

test.run();
