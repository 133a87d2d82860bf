import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GUEST } from '../../lib/net/address.js';
import { netOption } from '../../lib/net/options.js';
import { describeForward } from '../../lib/net/user-network.js';
import { ConfigError } from '../../lib/util/errors.js';

const test = suite('--net');

function fails(value: string, message: RegExp): void {
  assert.throws(
    () => netOption(value),
    (error: Error) => error instanceof ConfigError && message.test(error.message),
    value,
  );
}

const forwards = (value: string) => netOption(value)?.forwards.map(describeForward);

test('none is no network; user is one', () => {
  assert.is(netOption('none'), undefined);
  assert.equal(netOption('user'), { forwards: [] });
});

test('forwards as in QEMU; without an address they are open to this host only', () => {
  assert.equal(netOption('user,hostfwd=tcp:127.0.0.1:2222-:22')?.forwards, [
    { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 2222, guestAddress: GUEST, guestPort: 22 },
  ]);
  assert.equal(forwards('user,hostfwd=tcp::0-:80,hostfwd=udp:0.0.0.0:53-10.0.2.20:5353,hostfwd=:[::1]:1-:1'), [
    'tcp 127.0.0.1:0 -> 10.0.2.15:80',
    'udp 0.0.0.0:53 -> 10.0.2.20:5353',
    'tcp ::1:1 -> 10.0.2.15:1',
  ]);
});

test('what is wrong is named', () => {
  fails('tap', /must be none, or user/);
  fails('', /must be none, or user/);
  fails('user,', /the only setting is hostfwd/);
  fails('user,restrict=on', /restrict=on: the only setting is hostfwd/);
  fails('user,hostfwd', /must be like hostfwd=/);
  fails('user,hostfwd=tcp:2222-:22', /must be like hostfwd=/);
  fails('user,hostfwd=sctp::2222-:22', /must be like hostfwd=/);
  fails('user,hostfwd=tcp:localhost:2222-:22', /localhost is not an IP address/);
  fails('user,hostfwd=tcp::2222-192.168.0.1:22', /192\.168\.0\.1 is no address of the guest/);
  fails('user,hostfwd=tcp::2222-10.0.2.2:22', /10\.0\.2\.2 is no address of the guest/);
  fails('user,hostfwd=tcp::70000-:22', /ports are below 65536/);
  fails('user,hostfwd=tcp::2222-:0', /the guest's is not 0/);
});

test.run();
