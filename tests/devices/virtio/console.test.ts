import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../../lib/devices/device.js';
import { VirtioConsole } from '../../../lib/devices/virtio/console.js';
import { Terminal } from '../../support/ports.js';
import { REG, VirtioDriver } from '../../support/virtio-driver.js';

const [RECEIVE, TRANSMIT] = [0, 1];

function bench() {
  const terminal = new Terminal();
  const device = new VirtioConsole({ backend: terminal, columns: 80, lines: 25 });
  return { terminal, device, driver: new VirtioDriver(device) };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const test = suite('virtio-console');

test('what the guest sends arrives in order', () => {
  const { terminal, driver } = bench();
  driver.start();
  driver.request(TRANSMIT, [driver.out(Buffer.from('hel')), driver.out(Buffer.from('lo, '))]);
  driver.request(TRANSMIT, [driver.out(Buffer.from('world'))]);
  assert.is(terminal.text, 'hello, world');
});

test('input fills the buffers that the driver has given, and interrupts', () => {
  const { terminal, driver } = bench();
  driver.start();
  const buffers = [driver.in(4), driver.in(4)];
  for (const [index, buffer] of buffers.entries()) driver.offer(RECEIVE, [buffer], { head: index });
  driver.notify(RECEIVE);
  assert.not(driver.irq.level);
  terminal.type('abcdef');
  assert.ok(driver.irq.level);
  assert.equal(driver.used(RECEIVE), [
    { head: 0, written: 4 },
    { head: 1, written: 2 },
  ]);
  assert.equal(
    buffers.map((buffer) => text(driver.contents(buffer))),
    ['abcd', 'ef\xee\xee'],
  );
});

test('input waits for buffers, up to a limit, and nothing is lost on the way', () => {
  const { terminal, driver } = bench();
  driver.start();
  const sent = `${'x'.repeat(4090)}the end of it, which does not fit`;
  const rest = terminal.type(sent);
  assert.is(rest.length, sent.length - 4096);
  let received = '';
  while (received.length < 4096) {
    const buffer = driver.in(1000);
    const written = driver.request(RECEIVE, [buffer]) ?? 0;
    received += text(driver.contents(buffer).subarray(0, written));
  }
  assert.is(received + rest, sent);
  assert.is(driver.request(RECEIVE, [driver.in(10)]), undefined);
});

test('no input is taken while no driver is there', () => {
  const { terminal, driver, device } = bench();
  assert.is(terminal.type('lost?'), 'lost?');
  driver.start();
  assert.is(device.room, 4096);
  driver.set(REG.status, 0);
  assert.is(device.room, 0);
});

test('the size is in the configuration, and a change of it interrupts', () => {
  const { driver, device } = bench();
  driver.start();
  assert.is(driver.get(REG.config), (25 << 16) | 80);
  device.resize(80, 25);
  assert.not(driver.irq.level);
  device.resize(132, 50);
  assert.equal([driver.irq.level, driver.get(REG.interruptStatus), driver.get(REG.config)], [true, 2, (50 << 16) | 132]);
});

test('a megabyte at once asks for a reset', () => {
  const { driver, terminal } = bench();
  driver.start();
  driver.request(
    TRANSMIT,
    [driver.in(0x100001)].map((buffer) => ({ ...buffer, writable: false })),
  );
  assert.equal([driver.needsReset, terminal.text], [true, '']);
});

test('a restored console has the input that waits, and the size', () => {
  const [one, two] = [bench(), bench()];
  one.driver.start();
  one.terminal.type('waiting');
  one.device.resize(10, 5);
  const saved = JSON.parse(JSON.stringify(saveDevice(one.driver.mmio)));
  two.driver.start();
  loadDevice(two.driver.mmio, saved);
  assert.equal(saveDevice(two.driver.mmio), saved);
  const buffer = two.driver.in(7);
  two.driver.request(RECEIVE, [buffer]);
  assert.equal([text(two.driver.contents(buffer)), two.driver.get(REG.config)], ['waiting', (5 << 16) | 10]);
});

test.run();
