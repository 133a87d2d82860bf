import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { type NetBackend, type NetReceiver, VirtioNet } from '../../../lib/devices/virtio/net.js';
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
