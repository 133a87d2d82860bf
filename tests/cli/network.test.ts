import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostNetwork } from '../../lib/cli/network.js';
import { Session } from '../../lib/cli/session.js';
import { UserNetwork } from '../../lib/net/user-network.js';
import type { InputEvent } from '../../lib/system/input-event.js';
import { LINUX_FRAMES } from '../support/linux-frames.js';

const test = suite('network port');

test('frames go through the door, no more than the device has room for', () => {
  const network = new UserNetwork({ forwards: [], dnsServers: [] });
  const port = new HostNetwork(network, new Session());
  const events: InputEvent[] = [];
  let room = 2;
  const door = { room: () => room, input: (event: InputEvent) => events.push(event) > 0 };
  assert.not.ok(port.deliver(door));
  for (let i = 0; i < 3; i++) network.send(LINUX_FRAMES.echoRequest);
  assert.ok(port.inputOpen && port.canWake(door));
  assert.ok(port.deliver(door));
  assert.equal(
    events.map((event) => event.kind === 'frame' && event.bytes.length),
    [98, 98],
  );
  room = 0;
  assert.not.ok(port.deliver(door));
  assert.not.ok(port.canWake(door), 'no driver is there');
  room = 64;
  assert.ok(port.deliver(door));
  assert.is(events.length, 3);
  assert.not.ok(port.inputOpen);
  network.close();
});

test('frames wake the run loop', async () => {
  const network = new UserNetwork({ forwards: [], dnsServers: [] });
  const session = new Session();
  assert.ok(new HostNetwork(network, session));
  const slept = session.sleep();
  network.send(LINUX_FRAMES.arpRequest);
  await slept;
  assert.is(network.waiting, 1);
  network.close();
});

test.run();
