/** Whatever a guest sends, the network neither throws nor keeps more than it is bound to, and stays able to serve. */
import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DNS_SERVER, GATEWAY, GUEST, MAC_GATEWAY, MAC_GUEST, parseIp } from '../../lib/net/address.js';
import { decodeEthernet, ETHERTYPE_IPV4, encodeEthernet } from '../../lib/net/ethernet.js';
import { decodeIpv4, encodeIpv4, type IpPacket, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../lib/net/ipv4.js';
import { ACK, encodeTcp, PSH, SYN } from '../../lib/net/tcp-segment.js';
import { encodeUdp } from '../../lib/net/udp.js';
import { UserNetwork } from '../../lib/net/user-network.js';
import { checksumOf, pseudoHeaderSum } from '../../lib/util/internet-checksum.js';
import { Xoshiro128 } from '../../lib/util/random.js';
import { LINUX_FRAMES } from '../support/linux-frames.js';
import { NetGuest, until } from '../support/net-guest.js';

const QUEUE_MAX = 256;
/** Leads nowhere: what is sent there touches no one on the host. */
const NOWHERE = parseIp('10.0.2.99') as number;
const CHECKSUM_AT: Readonly<Record<number, number>> = { [PROTOCOL_ICMP]: 2, [PROTOCOL_TCP]: 16, [PROTOCOL_UDP]: 6 };

const wrap = (packet: IpPacket): Uint8Array =>
  encodeEthernet({ destination: MAC_GATEWAY, source: MAC_GUEST, type: ETHERTYPE_IPV4, payload: encodeIpv4(packet, 1) });

/** Frames to change: Linux', but that those which would open a connection lead nowhere. */
const frames: readonly Uint8Array[] = Object.values(LINUX_FRAMES).map((frame) => {
  const packet = decodeIpv4(decodeEthernet(frame)?.payload as Uint8Array);
  return packet?.protocol === PROTOCOL_TCP ? wrap(resummed({ ...packet, destination: NOWHERE })) : frame;
});

/** `bytes` with some of them changed, from `from` on. */
function mutated(bytes: Uint8Array, random: Xoshiro128, from = 0): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i <= random.next() % 4 && copy.length > from; i++) {
    const at = from + (random.next() % (copy.length - from));
    copy[at] = [0, 0xff, 0x80, random.next()][random.next() % 4] as number;
  }
  return copy;
}

/** The packet with its inner checksum made right, so that the damage gets further than that. */
function resummed(packet: IpPacket): IpPacket {
  const payload = packet.payload.slice();
  const at = CHECKSUM_AT[packet.protocol];
  if (at === undefined || payload.length < at + 2) return packet;
  payload.fill(0, at, at + 2);
  const pseudo = packet.protocol === PROTOCOL_ICMP ? 0 : pseudoHeaderSum(packet, packet.protocol, payload.length);
  const sum = checksumOf(payload, pseudo);
  payload.set([sum >> 8, sum & 0xff], at);
  return { ...packet, payload };
}

function withNetwork(body: (network: UserNetwork) => void): void {
  const network = new UserNetwork({ forwards: [], dnsServers: [] });
  try {
    body(network);
  } finally {
    network.close();
  }
}

/** Takes all frames that wait, which must be whole ones. */
function takeAll(network: UserNetwork): void {
  assert.ok(network.waiting <= QUEUE_MAX, String(network.waiting));
  for (const frame of network.take(1000)) {
    assert.ok(frame.length >= 60 && frame.length <= 1514, String(frame.length));
    const decoded = decodeEthernet(frame);
    if (decoded?.type === ETHERTYPE_IPV4) assert.ok(decodeIpv4(decoded.payload), 'a packet with a right checksum');
  }
}

const test = suite('network fuzz');

test('random bytes, of any length', () => {
  const random = Xoshiro128.seeded('net fuzz bytes', 1n);
  withNetwork((network) => {
    for (let i = 0; i < 20_000; i++) {
      const frame = random.bytes(random.next() % 120);
      if (i % 2 && frame.length > 14) frame.set(decodeHead(i));
      network.send(frame);
      if (i % 100 === 0) takeAll(network);
    }
    takeAll(network);
    assert.not.ok(network.inputOpen, 'nothing of that was a connection');
  });
});

/** Ethernet headers that reach the parsers. */
function decodeHead(i: number): Uint8Array {
  return (i % 4 === 1 ? LINUX_FRAMES.arpRequest : LINUX_FRAMES.tcpSyn).subarray(0, 14);
}

test("Linux' frames cut off at every length", () => {
  withNetwork((network) => {
    for (const frame of frames) {
      for (let length = 0; length < frame.length; length++) network.send(frame.slice(0, length));
      takeAll(network);
    }
    assert.is(network.waiting, 0);
  });
});

test("Linux' frames with bytes changed, sums as they were or made right", () => {
  const random = Xoshiro128.seeded('net fuzz frames', 2n);
  withNetwork((network) => {
    for (let i = 0; i < 20_000; i++) {
      const frame = frames[i % frames.length] as Uint8Array;
      const packet = decodeIpv4(decodeEthernet(frame)?.payload ?? frame);
      if (i % 3 === 0 || !packet) {
        network.send(mutated(frame, random, i % 2 ? 14 : 0));
      } else {
        const destination = packet.protocol === PROTOCOL_TCP || packet.protocol === PROTOCOL_UDP ? NOWHERE : packet.destination;
        const payload = mutated(packet.payload, random).subarray(0, i % 5 === 0 ? random.next() % packet.payload.length : undefined);
        network.send(wrap(resummed({ ...packet, payload, destination })));
      }
      if (i % 50 === 0) takeAll(network);
    }
    takeAll(network);
  });
});

test('changed messages for the DHCP and the DNS server', () => {
  const random = Xoshiro128.seeded('net fuzz services', 3n);
  const services = [LINUX_FRAMES.dhcpDiscover, LINUX_FRAMES.dnsQuestion].map(
    (frame) => decodeIpv4(decodeEthernet(frame)?.payload as Uint8Array) as IpPacket,
  );
  withNetwork((network) => {
    for (let i = 0; i < 20_000; i++) {
      const packet = services[i % 2] as IpPacket;
      // The ports stay, so that it arrives.
      const payload = mutated(packet.payload, random, 4).subarray(0, 8 + (random.next() % (packet.payload.length - 7)));
      payload.set([payload.length >> 8, payload.length & 0xff], 4);
      network.send(wrap(resummed({ ...packet, payload })));
      if (i % 50 === 0) takeAll(network);
    }
    takeAll(network);
  });
});

test('what nobody takes is dropped when it gets too much', () => {
  withNetwork((network) => {
    for (let i = 0; i < 5000; i++) network.send(LINUX_FRAMES.echoRequest);
    assert.is(network.waiting, QUEUE_MAX);
    assert.is(network.take(10_000).length, QUEUE_MAX);
    assert.is(network.waiting, 0);
  });
});

test('questions to no one are bounded, and so are the flows of many ports', async () => {
  const network = new UserNetwork({ forwards: [], dnsServers: ['127.0.0.1:9'] });
  const question = { source: GUEST, destination: DNS_SERVER, destinationPort: 53, payload: new Uint8Array(12) };
  for (let port = 1; port < 2000; port++) network.send(wrap(encodeUdp({ ...question, sourcePort: port })));
  // Port 9 of the loopback interface discards, or refuses.
  const waste = { source: GUEST, destination: GATEWAY, destinationPort: 9, payload: new Uint8Array(1) };
  for (let port = 1; port < 2000; port++) network.send(wrap(encodeUdp({ ...waste, sourcePort: port })));
  const { flows } = (network as unknown as { udp: { flows: Map<string, unknown> } }).udp;
  const { pending } = (network as unknown as { dns: { pending: Set<unknown> } }).dns;
  assert.ok(flows.size <= 256, String(flows.size));
  assert.ok(pending.size <= 64, String(pending.size));
  network.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal([flows.size, pending.size], [0, 0]);
});

test('segments of all kinds on an open connection, after which another one works', async () => {
  const random = Xoshiro128.seeded('net fuzz segments', 4n);
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const network = new UserNetwork({ forwards: [], dnsServers: [] });
  const guest = new NetGuest(network);
  try {
    for (let round = 0; round < 20; round++) {
      const socket = guest.connect(port);
      await until(() => socket.established, 'a connection');
      for (let i = 0; i < 300; i++) {
        const near = (base: number) => (random.next() % 3 ? base + (random.next() % 4000) - 2000 : random.next()) >>> 0;
        // No SYN without ACK: that would be a connection of its own.
        const flags = (random.next() & 0x3f) | (random.next() % 8 ? ACK | PSH : ACK);
        const options = flags & SYN ? { mss: random.next() & 0xffff, windowScale: random.next() & 0xff } : {};
        const fields = { sequence: near(1001), acknowledgment: near(random.next()), window: random.next() & 0xffff };
        const payload = random.bytes(random.next() % 1400);
        const segment = { sourcePort: socket.ports.sourcePort, destinationPort: port, flags, ...fields, payload, ...options };
        guest.sendIp(encodeTcp(segment, { source: GUEST, destination: GATEWAY }));
      }
      socket.close();
    }
    const last = guest.connect(port);
    last.write(Buffer.from('still there?'));
    await until(() => last.receivedBytes === 12, 'an echo');
    assert.is(Buffer.concat(last.received).toString(), 'still there?');
  } finally {
    guest.close();
    for (const socket of accepted) socket.destroy();
    server.close();
  }
});

test.run();
