import { createSocket } from 'node:dgram';
import { createServer, connect as hostConnect, type Server, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DNS_SERVER, GATEWAY, GUEST, parseIp } from '../../lib/net/address.js';
import { echoReply } from '../../lib/net/icmp.js';
import type { Forward } from '../../lib/net/link.js';
import { UserNetwork, type UserNetworkOptions } from '../../lib/net/user-network.js';
import { ConfigError } from '../../lib/util/errors.js';
import { Xoshiro128 } from '../../lib/util/random.js';
import { type GuestSocket, NetGuest, until } from '../support/net-guest.js';

const MEGABYTE = 2 ** 20;
const random = Xoshiro128.seeded('user-network.test', 1n);
const text = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString();

interface Bench {
  readonly network: UserNetwork;
  readonly guest: NetGuest;
  readonly cleanups: (() => void)[];
}

async function withNetwork(
  body: (bench: Bench) => Promise<void>,
  options: Partial<UserNetworkOptions> & { loses?: () => boolean; large?: boolean } = {},
): Promise<void> {
  const network = new UserNetwork({ forwards: [], dnsServers: [], ...options });
  await network.listen();
  const guest = new NetGuest(network, options);
  const cleanups: (() => void)[] = [];
  try {
    await body({ network, guest, cleanups });
  } finally {
    guest.close();
    for (const cleanup of cleanups) cleanup();
  }
}

/** A server on the host's loopback interface. */
async function serve(bench: Bench, handler: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    bench.cleanups.push(() => socket.destroy());
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.cleanups.push(() => server.close());
  return (server.address() as { port: number }).port;
}

const forward = (protocol: 'tcp' | 'udp', guestPort: number): Forward => ({
  protocol,
  hostAddress: '127.0.0.1',
  hostPort: 0,
  guestAddress: GUEST,
  guestPort,
});

const test = suite('user network');

test('the guest connects to a server on the host, both speak, the guest ends first', () =>
  withNetwork(async (bench) => {
    const heard: Buffer[] = [];
    const port = await serve(bench, (socket) => {
      socket.on('data', (bytes) => heard.push(bytes));
      socket.on('end', () => socket.end('bye'));
    });
    const socket = bench.guest.connect(port);
    socket.write(Buffer.from('hello'));
    socket.end();
    await until(() => socket.ended, 'the end');
    assert.is(text(heard), 'hello');
    assert.is(text(socket.received), 'bye');
    assert.not.ok(socket.wasReset);
    await until(() => !bench.network.inputOpen, 'nothing is open any more');
  }));

test('when the host ends first, the guest may still send', () =>
  withNetwork(async (bench) => {
    const heard: Buffer[] = [];
    let hostSawEnd = false;
    const port = await serve(bench, (socket) => {
      socket.on('data', (bytes) => heard.push(bytes));
      socket.on('end', () => {
        hostSawEnd = true;
      });
      socket.end('first');
    });
    const socket = bench.guest.connect(port);
    await until(() => socket.ended, "the host's end");
    assert.is(text(socket.received), 'first');
    socket.write(Buffer.from('later'));
    socket.end();
    await until(() => hostSawEnd, "the guest's end");
    assert.is(text(heard), 'later');
    await until(() => !bench.network.inputOpen, 'nothing is open any more');
  }));

for (const [percent, large] of [
  [0, false],
  [3, false],
  [0, true],
  [3, true],
] as const) {
  test(`megabytes arrive whole in both directions at once, ${large ? 'in large segments, ' : ''}with ${percent} % of the frames to the guest lost`, () => {
    const loss = Xoshiro128.seeded('loss', 2n);
    const loses = () => loss.next() % 100 < percent;
    return withNetwork(
      async (bench) => {
        const [down, up] = [random.bytes(3 * MEGABYTE), random.bytes(2 * MEGABYTE)];
        const heard: Buffer[] = [];
        let hostSawEnd = false;
        const port = await serve(bench, (socket) => {
          socket.on('data', (bytes) => heard.push(bytes));
          socket.on('end', () => {
            hostSawEnd = true;
          });
          socket.end(down);
        });
        const socket = bench.guest.connect(port);
        socket.write(up);
        socket.end();
        await until(() => socket.ended && hostSawEnd, 'both ends');
        assert.ok(Buffer.concat(heard).equals(up));
        assert.ok(Buffer.concat(socket.received).equals(down));
        const longest = Math.max(...bench.guest.frames.map((frame) => frame.length));
        assert.is(longest > 1514, large, `${longest}`);
        assert.ok(longest <= 65549);
      },
      { loses, large },
    );
  });
}

test('a refused connection is a reset', () =>
  withNetwork(async (bench) => {
    const port = await serve(bench, () => {});
    bench.cleanups[0]?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const socket = bench.guest.connect(port);
    await until(() => socket.wasReset, 'the reset');
    assert.not.ok(socket.established);
    assert.not.ok(bench.network.inputOpen);
  }));

test('addresses that lead nowhere refuse: others of the network, port 0', () =>
  withNetwork(async ({ guest, network }) => {
    const sockets = [
      guest.connect(80, parseIp('10.0.2.77') as number),
      guest.connect(0),
      guest.connect(80, parseIp('127.0.0.1') as number),
    ];
    await until(() => sockets.every(({ wasReset }) => wasReset), 'the resets');
    assert.not.ok(network.inputOpen);
  }));

test("a reset by the host's program reaches the guest, and one by the guest the host's program", () =>
  withNetwork(async (bench) => {
    const accepted: Socket[] = [];
    const errors: string[] = [];
    const port = await serve(bench, (socket) => {
      accepted.push(socket);
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
    });
    const first = bench.guest.connect(port);
    await until(() => accepted.length === 1 && first.established, 'the first connection');
    accepted[0]?.resetAndDestroy();
    await until(() => first.wasReset, "the host's reset");
    const second = bench.guest.connect(port);
    await until(() => accepted.length === 2 && second.established, 'the second connection');
    accepted[1]?.resume();
    second.reset();
    await until(() => errors.length === 1, "the guest's reset");
    assert.equal(errors, ['ECONNRESET']);
    assert.not.ok(bench.network.inputOpen);
  }));

test("a program that does not read closes the guest's window, and what it gets later is complete", () =>
  withNetwork(async (bench) => {
    const sent = random.bytes(8 * MEGABYTE);
    const accepted: Socket[] = [];
    const port = await serve(bench, (socket) => {
      socket.pause();
      accepted.push(socket);
    });
    const socket = bench.guest.connect(port);
    const acknowledged = () => sent.length - (socket as unknown as { unsent: Uint8Array }).unsent.length;
    socket.write(sent);
    await until(() => accepted.length === 1 && acknowledged() > 0, 'the first bytes');
    let before = -1;
    await until(() => {
      const stands = before === acknowledged();
      before = acknowledged();
      return stands;
    }, 'a stand-still');
    assert.ok(before < sent.length, 'the network does not take everything');
    const heard: Buffer[] = [];
    accepted[0]?.on('data', (bytes) => heard.push(bytes)).resume();
    await until(() => heard.reduce((sum, { length }) => sum + length, 0) === sent.length, 'all bytes');
    assert.ok(Buffer.concat(heard).equals(sent));
  }));

test('a guest that does not read stops the program on the host, and is sent the rest when its window opens', () =>
  withNetwork(async (bench) => {
    const sent = random.bytes(8 * MEGABYTE);
    let written = false;
    const port = await serve(bench, (socket) => {
      socket.write(sent, () => {
        written = true;
      });
    });
    const socket = bench.guest.connect(port);
    socket.windowBytes = 0;
    await until(() => socket.established, 'the connection');
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.is(socket.receivedBytes, 0);
    assert.not.ok(written);
    socket.windowBytes = 60_000;
    socket.update();
    await until(() => socket.receivedBytes === sent.length, 'all bytes');
    assert.ok(Buffer.concat(socket.received).equals(sent));
  }));

test('while the guest takes no frames, no more than one of each connection waits', () =>
  withNetwork(async (bench) => {
    const port = await serve(bench, (socket) => socket.write(new Uint8Array(MEGABYTE)));
    const socket = bench.guest.connect(port);
    await until(() => socket.receivedBytes > 0, 'the first bytes');
    bench.guest.paused = true;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.ok(bench.network.waiting <= 1, String(bench.network.waiting));
    bench.guest.paused = false;
    bench.guest.wake();
    await until(() => socket.receivedBytes === MEGABYTE, 'the rest');
  }));

test('a hundred connections at once', () =>
  withNetwork(async (bench) => {
    const port = await serve(bench, (socket) => socket.pipe(socket));
    const sockets = Array.from({ length: 100 }, () => bench.guest.connect(port));
    sockets.forEach((socket, index) => {
      socket.write(Buffer.from(`number ${index}`));
      socket.end();
    });
    await until(() => sockets.every(({ ended }) => ended), 'all ends');
    sockets.forEach((socket, index) => {
      assert.is(text(socket.received), `number ${index}`);
    });
  }));

test('connections beyond the bound are refused', () =>
  withNetwork(async (bench) => {
    const port = await serve(bench, () => {});
    const sockets = Array.from({ length: 520 }, () => bench.guest.connect(port));
    await until(() => sockets.every(({ established, wasReset }) => established || wasReset), 'all answers');
    assert.is(sockets.filter(({ wasReset }) => wasReset).length, 8);
  }));

test('a forwarded TCP port leads into the guest', () =>
  withNetwork(
    async (bench) => {
      const { guest, network } = bench;
      const accepted: GuestSocket[] = [];
      guest.listen(22, (socket) => accepted.push(socket));
      assert.ok(network.inputOpen);
      const host = hostConnect({ host: '127.0.0.1', port: network.forwards[0]?.hostPort as number, allowHalfOpen: true });
      bench.cleanups.push(() => host.destroy());
      const heard: Buffer[] = [];
      let ended = false;
      host
        .on('data', (bytes) => heard.push(bytes))
        .on('end', () => {
          ended = true;
        });
      host.end('who is there?');
      await until(() => accepted[0]?.ended ?? false, "the host's text");
      assert.is(text(accepted[0]?.received ?? []), 'who is there?');
      accepted[0]?.write(Buffer.from('a guest'));
      accepted[0]?.end();
      await until(() => ended, "the guest's text");
      assert.is(text(heard), 'a guest');
    },
    { forwards: [forward('tcp', 22)] },
  ));

test('a forwarded port to which nobody listens in the guest resets', () =>
  withNetwork(
    async ({ network }) => {
      const host = hostConnect({ host: '127.0.0.1', port: network.forwards[0]?.hostPort as number });
      const codes: (string | undefined)[] = [];
      host.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
      await until(() => codes.length > 0, 'the reset');
      assert.equal(codes, ['ECONNRESET']);
    },
    { forwards: [forward('tcp', 22)] },
  ));

test('a port that is in use cannot be forwarded, and says so', async () => {
  await withNetwork(
    async ({ network }) => {
      const hostPort = network.forwards[0]?.hostPort as number;
      const second = new UserNetwork({ forwards: [{ ...forward('tcp', 22), hostPort }] });
      const error = await second.listen().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.instance(error, ConfigError);
      assert.match((error as Error).message, `--net: cannot forward tcp port ${hostPort} of 127.0.0.1: the port is in use`);
    },
    { forwards: [forward('tcp', 22)] },
  );
});

test("the guest's datagrams reach the host, and answers come from where they went", () =>
  withNetwork(async (bench) => {
    const server = createSocket('udp4');
    server.on('message', (bytes, from) => server.send(`${bytes} back`, from.port, from.address));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    bench.cleanups.push(() => server.close());
    const { port } = server.address();
    bench.guest.sendUdp({ sourcePort: 5000, destinationPort: port, payload: Buffer.from('there and') });
    await until(() => bench.guest.datagrams.length === 1, 'the answer');
    const [answer] = bench.guest.datagrams;
    assert.equal([answer?.source, answer?.sourcePort, answer?.destinationPort], [GATEWAY, port, 5000]);
    assert.is(text([answer?.payload as Uint8Array]), 'there and back');
  }));

test('a forwarded UDP port leads into the guest, whose answers find the way back', () =>
  withNetwork(
    async (bench) => {
      const client = createSocket('udp4');
      bench.cleanups.push(() => client.close());
      const heard: string[] = [];
      client.on('message', (bytes) => heard.push(String(bytes)));
      client.send('question', bench.network.forwards[0]?.hostPort as number, '127.0.0.1');
      await until(() => bench.guest.datagrams.length === 1, 'the question');
      const [question] = bench.guest.datagrams;
      assert.equal([question?.source, question?.destination, question?.destinationPort], [GATEWAY, GUEST, 53]);
      bench.guest.sendUdp({ sourcePort: 53, destinationPort: question?.sourcePort as number, payload: Buffer.from('answer') });
      await until(() => heard.length === 1, 'the answer');
      assert.equal(heard, ['answer']);
    },
    { forwards: [forward('udp', 53)] },
  ));

/** A question for the address of `host`. */
const question = Buffer.from('1234010000010000000000000468 6f73740000010001'.replaceAll(' ', ''), 'hex');

test("a question goes to the host's name servers, to the next one if the first does not serve", () =>
  withNetwork(async (bench) => {
    const server = createSocket('udp4');
    server.on('message', (bytes, from) => {
      const answer = Buffer.concat([bytes, Buffer.from('c00c00010001000000 3c00047f000001'.replaceAll(' ', ''), 'hex')]);
      answer[2] = 0x81;
      answer[7] = 1;
      server.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    bench.cleanups.push(() => server.close());
    const network = new UserNetwork({ forwards: [], dnsServers: ['127.0.0.1:9', `127.0.0.1:${server.address().port}`] });
    const guest = new NetGuest(network);
    bench.cleanups.push(() => guest.close());
    guest.sendUdp({ destination: DNS_SERVER, sourcePort: 6000, destinationPort: 53, payload: question });
    assert.ok(network.inputOpen);
    await until(() => guest.datagrams.length === 1, 'the answer');
    const [answer] = guest.datagrams;
    assert.equal([answer?.source, answer?.sourcePort, answer?.destinationPort], [DNS_SERVER, 53, 6000]);
    assert.equal([...(answer?.payload.subarray(-4) ?? [])], [127, 0, 0, 1]);
    assert.not.ok(network.inputOpen);
  }));

test('a question that no server answers is answered with a failure', () =>
  withNetwork(async ({ guest }) => {
    guest.sendUdp({ destination: DNS_SERVER, sourcePort: 6000, destinationPort: 53, payload: question });
    await until(() => guest.datagrams.length === 1, 'the answer');
    const expected = Buffer.from(question);
    expected[2] = 0x81;
    expected[3] = 0x82;
    assert.equal(Buffer.from(guest.datagrams[0]?.payload as Uint8Array), expected);
  }));

test('the gateway answers echoes; nobody else does', () =>
  withNetwork(async ({ guest }) => {
    const echo = Uint8Array.from([8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3]);
    const packet = { source: GUEST, destination: GATEWAY, protocol: 1, payload: echo };
    const sum = (bytes: Uint8Array) => {
      let total = 0;
      for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
      while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
      return total;
    };
    const checksum = ~sum(echo) & 0xffff;
    [echo[2], echo[3]] = [checksum >> 8, checksum & 0xff];
    guest.sendIp(packet);
    guest.sendIp({ ...packet, destination: parseIp('10.0.2.99') as number });
    await until(() => guest.others.length === 1, 'the reply');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.is(guest.others.length, 1);
    const [reply] = guest.others;
    assert.equal([reply?.source, reply?.destination, reply?.payload[0]], [GATEWAY, GUEST, 0]);
    assert.equal(reply?.payload.subarray(4), echo.subarray(4));
    assert.is(sum(reply?.payload as Uint8Array), 0xffff);
    assert.is(echoReply({ ...packet, payload: Uint8Array.from([...echo.slice(0, 10), 9]) }), undefined, 'the checksum counts');
  }));

test('a guest that was reset answers segments of a connection that it has forgotten with a reset, which ends it on the host', () =>
  withNetwork(
    async (bench) => {
      const { guest, network } = bench;
      const sockets: Socket[] = [];
      let closed = false;
      const port = await serve(bench, (socket) => {
        sockets.push(socket);
        socket.on('close', () => {
          closed = true;
        });
        socket.resume();
      });
      const socket = guest.connect(port);
      await until(() => socket.established, 'the connection');
      guest.forget();
      sockets[0]?.write('are you there?');
      await until(() => closed, "the host's end of it");
      assert.is(network.forwards.length, 1);
      await until(() => network.waiting === 0, 'nothing is left for the guest');
    },
    { forwards: [forward('tcp', 22)] },
  ));

test.run();
