import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DNS_SERVER,
  formatIp,
  GATEWAY,
  GUEST,
  guestViewOf,
  hostAddressOf,
  MAC_GATEWAY,
  MAC_GUEST,
  macBytes,
  parseIp,
} from '../../lib/net/address.js';
import { ARP_REQUEST, decodeArp, decodeEthernet, encodeArp, encodeEthernet } from '../../lib/net/ethernet.js';
import { echoReply, UNREACHABLE_HOST, unreachable } from '../../lib/net/icmp.js';
import { decodeIpv4, encodeIpv4, type IpPacket, PROTOCOL_TCP, PROTOCOL_UDP } from '../../lib/net/ipv4.js';
import { ACK, decodeTcp, encodeTcp, FIN, PSH, RST, resetFor, SYN } from '../../lib/net/tcp-segment.js';
import { decodeUdp, encodeUdp } from '../../lib/net/udp.js';
import { FRAME_BYTES_MAX } from '../../lib/util/frames.js';
import { checksumOf, pseudoHeaderSum } from '../../lib/util/internet-checksum.js';
import { LINUX_FRAMES } from '../support/linux-frames.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

function payloadOf(frame: Uint8Array): Uint8Array {
  return decodeEthernet(frame)?.payload as Uint8Array;
}

function packetOf(frame: Uint8Array): IpPacket {
  return decodeIpv4(payloadOf(frame)) as IpPacket;
}

/** The identification in the header, which the decoder does not tell. */
const idOf = (frame: Uint8Array) => ((frame[18] as number) << 8) | (frame[19] as number);

/** `bytes` with one bit changed. */
function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

const test = suite('network codecs');

test('the checksum of the example of RFC 1071, section 3', () => {
  assert.is(checksumOf(hex('0001 f203 f4f5 f6f7')), ~0xddf2 & 0xffff);
  assert.is(checksumOf(hex('0001 f203 f4f5 f6')), ~0xdcfb & 0xffff);
});

test('addresses are read and written', () => {
  assert.is(formatIp(GUEST), '10.0.2.15');
  assert.is(parseIp('10.0.2.2'), GATEWAY);
  assert.is(parseIp('255.255.255.255'), 0xffffffff);
  for (const wrong of ['', '10.0.2', '10.0.2.256', '10.0.2.2.', 'a.b.c.d', '::1']) assert.is(parseIp(wrong), undefined, wrong);
  assert.equal(macBytes(MAC_GUEST), [0x52, 0x54, 0, 0x12, 0x34, 0x56]);
});

test('the gateway is the loopback interface of the host, in both directions; what is nowhere leads nowhere', () => {
  assert.is(hostAddressOf(GATEWAY), '127.0.0.1');
  assert.is(hostAddressOf(parseIp('192.0.2.1') as number), '192.0.2.1');
  for (const ip of ['10.0.2.99', '10.0.2.255', '0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255']) {
    assert.is(hostAddressOf(parseIp(ip) as number), undefined, ip);
  }
  assert.is(guestViewOf('127.0.0.1'), GATEWAY);
  assert.is(guestViewOf('::ffff:127.0.0.1'), GATEWAY);
  assert.is(guestViewOf('192.0.2.1'), parseIp('192.0.2.1'));
  assert.is(guestViewOf('fe80::1'), undefined);
});

test("Linux' ARP request, there and back again", () => {
  const payload = payloadOf(LINUX_FRAMES.arpRequest);
  const message = decodeArp(payload);
  const expected = { operation: ARP_REQUEST, senderMac: MAC_GUEST, senderIp: GUEST, targetMac: 0, targetIp: GATEWAY };
  assert.equal({ ...message, ...expected }, message as object);
  assert.equal(encodeArp(expected), payload);
  assert.is(decodeArp(damaged(payload, 1)), undefined, 'of another hardware');
});

test('frames have at least 60 bytes', () => {
  const frame = encodeEthernet({ destination: MAC_GUEST, source: MAC_GATEWAY, type: 0x806, payload: Uint8Array.from([1]) });
  assert.is(frame.length, 60);
  assert.equal(frame.subarray(0, 16), hex('525400123456 525400000202 0806 01 00'));
});

for (const name of ['echoRequest', 'dnsQuestion', 'tcpSyn', 'tcpData', 'tcpFin'] as const) {
  test(`the IPv4 header of Linux' ${name}, there and back again`, () => {
    const frame = LINUX_FRAMES[name];
    assert.equal(encodeIpv4(packetOf(frame), idOf(frame)), payloadOf(frame));
  });
}

test('IPv4 headers that are wrong: checksum, version, lengths, a fragment', () => {
  const good = payloadOf(LINUX_FRAMES.dnsQuestion);
  const withSum = (edit: (bytes: Uint8Array) => void) => {
    const bytes = good.slice();
    edit(bytes);
    bytes.set([0, 0], 10);
    const sum = checksumOf(bytes.subarray(0, 20));
    bytes.set([sum >> 8, sum & 0xff], 10);
    return decodeIpv4(bytes);
  };
  assert.ok(withSum(() => {}));
  assert.is(decodeIpv4(damaged(good, 10)), undefined);
  assert.is(
    withSum((bytes) => bytes.set([0x65], 0)),
    undefined,
    'version 6',
  );
  assert.is(
    withSum((bytes) => bytes.set([0x44], 0)),
    undefined,
    'header too short',
  );
  assert.is(
    withSum((bytes) => bytes.set([0xff, 0xff], 2)),
    undefined,
    'longer than the frame',
  );
  assert.is(
    withSum((bytes) => bytes.set([0, 19], 2)),
    undefined,
    'shorter than the header',
  );
  assert.is(
    withSum((bytes) => bytes.set([0x20, 0], 6)),
    undefined,
    'more fragments follow',
  );
  assert.is(
    withSum((bytes) => bytes.set([0, 1], 6)),
    undefined,
    'a later fragment',
  );
});

test("Linux' question for a name is a UDP datagram, there and back again", () => {
  const packet = packetOf(LINUX_FRAMES.dnsQuestion);
  const datagram = decodeUdp(packet);
  assert.ok(datagram);
  assert.equal([datagram.source, datagram.destination, datagram.destinationPort], [GUEST, DNS_SERVER, 53]);
  assert.is(packet.protocol, PROTOCOL_UDP);
  assert.equal(encodeUdp(datagram), packet);
  assert.is(decodeUdp({ ...packet, payload: damaged(packet.payload, 9) }), undefined, 'the checksum counts');
});

test('a UDP datagram may be without checksum; its length must be right', () => {
  const datagram = (lengthBytes: number) => ({
    source: GUEST,
    destination: GATEWAY,
    protocol: PROTOCOL_UDP,
    payload: Uint8Array.from([0, 1, 0, 2, 0, lengthBytes, 0, 0, 7, 8]),
  });
  assert.equal(decodeUdp(datagram(10))?.payload, Uint8Array.from([7, 8]));
  assert.equal(decodeUdp(datagram(9))?.payload, Uint8Array.from([7]), 'padding is cut off');
  assert.is(decodeUdp(datagram(11)), undefined);
  assert.is(decodeUdp(datagram(7)), undefined);
});

test('a checksum of zero is sent as its other form', () => {
  // The words of the pseudo header, the header and these two bytes add up to 0xffff.
  const base = { source: 0, destination: 0, sourcePort: 0, destinationPort: 0 };
  const rest = 0xffff - PROTOCOL_UDP - 10 - 10;
  const packet = encodeUdp({ ...base, payload: Uint8Array.from([rest >> 8, rest & 0xff]) });
  assert.equal([...packet.payload.subarray(6, 8)], [0xff, 0xff]);
  assert.ok(decodeUdp(packet));
});

test("Linux' TCP segments are read; those without options, there and back again", () => {
  const syn = decodeTcp(packetOf(LINUX_FRAMES.tcpSyn));
  assert.equal([syn?.flags, syn?.mss, syn?.windowScale, syn?.window, syn?.payload.length], [SYN, 1460, 5, 64240, 0]);
  for (const [name, flags] of [
    ['tcpAck', ACK],
    ['tcpData', ACK | PSH],
    ['tcpFin', ACK | FIN],
  ] as const) {
    const packet = packetOf(LINUX_FRAMES[name]);
    const segment = decodeTcp(packet);
    assert.ok(segment);
    assert.is(segment.flags, flags);
    assert.is(packet.protocol, PROTOCOL_TCP);
    assert.equal(encodeTcp(segment, packet), packet);
  }
  const text = decodeTcp(packetOf(LINUX_FRAMES.tcpData))?.payload ?? [];
  assert.match(String.fromCharCode(...text), /^GET \/x HTTP\/1\.1\r\n/);
});

test('the checksum of a large segment is that of the pseudo header', () => {
  const route = { source: 0x0a000202, destination: 0x0a00020f };
  const fields = { sourcePort: 80, destinationPort: 40000, sequence: 1, acknowledgment: 2, flags: ACK, window: 3 };
  const packet = encodeTcp({ ...fields, payload: new Uint8Array(3000).fill(7) }, route);
  const sum = 0x0a00 + 0x0202 + 0x0a00 + 0x020f + PROTOCOL_TCP + 3020;
  assert.equal([...packet.payload.subarray(16, 18)], [sum >> 8, sum & 0xff]);
  assert.is(decodeTcp(packet)?.payload.length, 3000);
  const ordinary = encodeTcp({ ...fields, payload: new Uint8Array(1460).fill(7) }, route);
  assert.ok(decodeTcp(ordinary));
  assert.is(decodeTcp({ ...ordinary, payload: ordinary.payload.map((byte, at) => (at === 100 ? byte + 1 : byte)) }), undefined);
});

test('what is no large frame to the device has a complete checksum, also if it is a little longer than an ordinary segment', () => {
  const route = { source: 0x0a000202, destination: 0x0a00020f };
  const fields = { sourcePort: 80, destinationPort: 40000, sequence: 1, acknowledgment: 2, flags: ACK, window: 3 };
  for (let length = 1455; length < 1475; length++) {
    const packet = encodeTcp({ ...fields, payload: new Uint8Array(length).fill(7) }, route);
    const frame = encodeEthernet({ destination: 1, source: 2, type: 0x0800, payload: encodeIpv4(packet, 1) });
    const sum = checksumOf(packet.payload, pseudoHeaderSum(route, PROTOCOL_TCP, packet.payload.length));
    assert.is(sum === 0, frame.length <= FRAME_BYTES_MAX, String(length));
    assert.is(decodeTcp(packet)?.payload.length, length);
  }
});

test('options that are cut off, empty or unknown do no harm', () => {
  const segmentWith = (...options: number[]) => {
    const words = Math.ceil(options.length / 4);
    const payload = new Uint8Array(20 + words * 4);
    payload.set([0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, (5 + words) << 4, SYN]);
    payload.set(options, 20);
    const route = { source: GUEST, destination: GATEWAY };
    const sum = checksumOf(payload, (GUEST >>> 16) + (GUEST & 0xffff) + (GATEWAY >>> 16) + (GATEWAY & 0xffff) + 6 + payload.length);
    payload.set([sum >> 8, sum & 0xff], 16);
    return decodeTcp({ ...route, protocol: PROTOCOL_TCP, payload });
  };
  assert.is(segmentWith(2, 4, 5, 0xb4)?.mss, 1460);
  assert.is(segmentWith(1, 1, 1, 1, 2, 4, 5, 0xb4)?.mss, 1460);
  assert.is(segmentWith(99, 3, 7, 2, 4, 5, 0xb4)?.mss, 1460, 'behind an unknown one');
  assert.is(segmentWith(3, 3, 99)?.windowScale, 14);
  assert.is(segmentWith(2, 4, 5)?.mss, 5 << 8, 'the padding is part of it');
  for (const options of [
    [2, 0, 5, 0xb4],
    [2, 1, 5, 0xb4],
    [2, 40, 5, 0xb4],
    [0, 2, 4, 5],
    [1, 1, 1, 2],
  ]) {
    const segment = segmentWith(...options);
    assert.ok(segment, String(options));
    assert.is(segment.mss, undefined, String(options));
  }
});

test('the echo is answered to whom it came from, unchanged', () => {
  const request = packetOf(LINUX_FRAMES.echoRequest);
  const reply = echoReply(request) as IpPacket;
  assert.equal([reply.source, reply.destination, reply.payload[0]], [GATEWAY, GUEST, 0]);
  assert.equal(reply.payload.subarray(4), request.payload.subarray(4));
  assert.is(checksumOf(reply.payload), 0);
  assert.is(echoReply(reply), undefined, 'no answer to an answer');
  assert.is(echoReply({ ...request, payload: damaged(request.payload, 20) }), undefined, 'the checksum counts');
});

test('what cannot be reached is quoted: header and eight bytes', () => {
  const packet = packetOf(LINUX_FRAMES.tcpSyn);
  const message = unreachable(packet, UNREACHABLE_HOST, GATEWAY);
  assert.equal([message.destination, message.payload[0], message.payload[1], message.payload.length], [GUEST, 3, 1, 36]);
  assert.is(checksumOf(message.payload), 0);
  assert.equal(message.payload.subarray(28), packet.payload.subarray(0, 8));
});

test('resets answer what belongs to no connection, and never a reset', () => {
  const syn = decodeTcp(packetOf(LINUX_FRAMES.tcpSyn));
  const fin = decodeTcp(packetOf(LINUX_FRAMES.tcpFin));
  assert.ok(syn && fin);
  const toSyn = resetFor(syn);
  assert.equal([toSyn?.flags, toSyn?.sequence, toSyn?.acknowledgment], [RST | ACK, 0, syn.sequence + 1]);
  const toFin = resetFor(fin);
  assert.equal([toFin?.flags, toFin?.sequence, toFin?.destinationPort], [RST, fin.acknowledgment, fin.sourcePort]);
  assert.is(resetFor({ ...syn, flags: RST }), undefined);
});

test.run();
