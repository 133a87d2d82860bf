import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostNetwork } from '../../lib/cli/network.js';
import { Session } from '../../lib/cli/session.js';
import { netOption } from '../../lib/net/options.js';
import type { InputEvent } from '../../lib/system/input-event.js';
import { LINUX_FRAMES } from '../support/linux-frames.js';

function open(value: string, session = new Session()): Promise<HostNetwork> {
  return HostNetwork.open(netOption(value) ?? { forwards: [] }, session);
}

const test = suite('network port');

test('frames go through the door, no more than the device has room for', async () => {
  const network = await open('user');
  const events: InputEvent[] = [];
  let room = 2;
  const door = { room: () => room, input: (event: InputEvent) => events.push(event) > 0 };
  assert.not.ok(network.deliver(door));
  for (let i = 0; i < 3; i++) network.send(LINUX_FRAMES.echoRequest);
  assert.ok(network.inputOpen && network.canWake(door));
  assert.ok(network.deliver(door));
  assert.equal(
    events.map((event) => event.kind === 'frame' && event.bytes.length),
    [98, 98],
  );
  room = 0;
  assert.not.ok(network.deliver(door));
  assert.not.ok(network.canWake(door), 'no driver is there');
  room = 64;
  assert.ok(network.deliver(door));
  assert.is(events.length, 3);
  assert.not.ok(network.inputOpen);
  network.close();
});

test('a connection from outside wakes the run loop, and has a frame for the guest', async () => {
  const session = new Session();
  const network = await open('user,hostfwd=tcp:127.0.0.1:0-:22', session);
  const port = Number(/^tcp 127\.0\.0\.1:(\d+) -> 10\.0\.2\.15:22$/.exec(network.forwards[0] ?? '')?.[1]);
  assert.ok(port > 0, network.forwards.join());
  const slept = session.sleep();
  const client = connect({ host: '127.0.0.1', port }).on('error', () => {});
  await slept;
  const events: InputEvent[] = [];
  assert.ok(network.deliver({ room: () => 64, input: (event) => events.push(event) > 0 }));
  assert.is(events.length, 1);
  client.destroy();
  network.close();
});

test.run();
