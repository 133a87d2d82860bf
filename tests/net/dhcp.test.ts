import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatIp, GATEWAY, GUEST } from '../../lib/net/address.js';
import { DhcpServer } from '../../lib/net/dhcp.js';
import { decodeEthernet } from '../../lib/net/ethernet.js';
import { decodeIpv4, type IpPacket } from '../../lib/net/ipv4.js';
import { type Datagram, decodeUdp } from '../../lib/net/udp.js';
import { LINUX_FRAMES } from '../support/linux-frames.js';

const packet = decodeIpv4(decodeEthernet(LINUX_FRAMES.dhcpDiscover)?.payload as Uint8Array);
const discover = decodeUdp(packet as IpPacket) as Datagram;
const OPTIONS_AT = 240;
const [DISCOVER, OFFER, REQUEST, DECLINE, ACKNOWLEDGE, REFUSE, INFORM] = [1, 2, 3, 4, 5, 6, 8];

/** Linux' message with other options, from the client with that last byte of its address. */
function message(options: readonly number[], edits: { mac?: number; clientIp?: number } = {}): Datagram {
  const payload = new Uint8Array(300);
  payload.set(discover.payload.subarray(0, OPTIONS_AT));
  payload.set([...options, 255], OPTIONS_AT);
  if (edits.mac !== undefined) payload[33] = edits.mac;
  if (edits.clientIp !== undefined) new DataView(payload.buffer).setUint32(12, edits.clientIp);
  return { ...discover, payload };
}

const ipOption = (code: number, ip: number) => [code, 4, ip >>> 24, (ip >>> 16) & 0xff, (ip >>> 8) & 0xff, ip & 0xff];

/** The options of an answer, by code, as text. */
function optionsOf(answer: Datagram | undefined): Record<number, string> {
  const found: Record<number, string> = {};
  const bytes = answer?.payload ?? new Uint8Array(0);
  for (let at = OPTIONS_AT; at < bytes.length && bytes[at] !== 255; at += 2 + (bytes[at + 1] as number)) {
    found[bytes[at] as number] = bytes.subarray(at + 2, at + 2 + (bytes[at + 1] as number)).join('.');
  }
  return found;
}

const yourIp = (answer: Datagram | undefined) => answer && formatIp(new DataView(answer.payload.buffer).getUint32(16));

const test = suite('DHCP');

test('a busybox client is offered the address, gateway and name server that QEMU would offer', () => {
  const offer = new DhcpServer().answer(discover);
  assert.ok(offer);
  assert.equal([offer.source, offer.sourcePort, offer.destinationPort], [GATEWAY, 67, 68]);
  assert.is(formatIp(offer.destination), '255.255.255.255');
  assert.is(yourIp(offer), '10.0.2.15');
  assert.equal(offer.payload.subarray(4, 8), discover.payload.subarray(4, 8), 'the transaction');
  assert.equal(offer.payload.subarray(28, 34), discover.payload.subarray(28, 34), 'the client');
  assert.ok(offer.payload.length >= 300);
  assert.equal(optionsOf(offer), {
    1: '255.255.255.0',
    3: '10.0.2.2',
    6: '10.0.2.3',
    28: '10.0.2.255',
    51: '0.1.81.128',
    53: String(OFFER),
    54: '10.0.2.2',
  });
});

test('a request for that address is acknowledged, one for another is refused', () => {
  const server = new DhcpServer();
  const good = server.answer(message([53, 1, REQUEST, ...ipOption(50, GUEST), ...ipOption(54, GATEWAY)]));
  assert.equal([optionsOf(good)[53], yourIp(good)], [String(ACKNOWLEDGE), '10.0.2.15']);
  const bad = server.answer(message([53, 1, REQUEST, ...ipOption(50, GUEST + 3)]));
  assert.equal([optionsOf(bad), yourIp(bad)], [{ 53: String(REFUSE), 54: '10.0.2.2' }, '0.0.0.0']);
});

test('a renewal is acknowledged to the address itself', () => {
  const answer = new DhcpServer().answer(message([53, 1, REQUEST], { clientIp: GUEST }));
  assert.equal([optionsOf(answer)[53], answer?.destination], [String(ACKNOWLEDGE), GUEST]);
});

test('who has an address and only asks for the rest gets no lease', () => {
  const answer = new DhcpServer().answer(message([53, 1, INFORM], { clientIp: GUEST }));
  assert.equal([optionsOf(answer)[53], optionsOf(answer)[51], yourIp(answer)], [String(ACKNOWLEDGE), undefined, '0.0.0.0']);
});

test('each client keeps its own address, and there are sixteen', () => {
  const server = new DhcpServer();
  const offers = Array.from({ length: 18 }, (_, mac) => yourIp(server.answer(message([53, 1, DISCOVER], { mac }))));
  assert.equal(offers.slice(0, 2), ['10.0.2.15', '10.0.2.16']);
  assert.equal(offers.slice(15), ['10.0.2.30', undefined, undefined]);
  assert.is(yourIp(server.answer(message([53, 1, DISCOVER], { mac: 1 }))), '10.0.2.16');
});

test('what is not for this server has no answer: another server, other messages, other protocols, cut-off ones', () => {
  const server = new DhcpServer();
  assert.is(server.answer(message([53, 1, REQUEST, ...ipOption(50, GUEST), ...ipOption(54, GUEST)])), undefined);
  assert.is(server.answer(message([53, 1, DECLINE])), undefined);
  assert.is(server.answer(message([])), undefined, 'BOOTP');
  for (const at of [0, 1, 236]) {
    const other = message([53, 1, DISCOVER]);
    other.payload[at] = 77;
    assert.is(server.answer(other), undefined, `byte ${at}`);
  }
  for (let length = 0; length < OPTIONS_AT + 3; length++) {
    assert.is(server.answer({ ...discover, payload: discover.payload.subarray(0, length) }), undefined, `${length} bytes`);
  }
});

test.run();
