/** UDP datagrams (RFC 768). */
import { checksumOf, pseudoHeaderSum } from '../util/internet-checksum.js';
import { header, u16 } from './header.js';
import { IP_PAYLOAD_MAX, type IpPacket, PROTOCOL_UDP, putChecksum } from './ipv4.js';

const UDP = header({ sourcePort: u16, destinationPort: u16, lengthBytes: u16, checksum: u16 });
const CHECKSUM_AT = 6;
/** What fits into one frame. */
export const UDP_PAYLOAD_MAX = IP_PAYLOAD_MAX - UDP.sizeBytes;

export interface Datagram {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** `undefined` for what is malformed or wrongly summed. */
export function decodeUdp(packet: IpPacket): Datagram | undefined {
  const fields = UDP.read(packet.payload);
  if (!fields) return undefined;
  const { lengthBytes, checksum, sourcePort, destinationPort } = fields;
  if (lengthBytes < UDP.sizeBytes || lengthBytes > packet.payload.length) return undefined;
  const bytes = packet.payload.subarray(0, lengthBytes);
  if (checksum !== 0 && checksumOf(bytes, pseudoHeaderSum(packet, PROTOCOL_UDP, lengthBytes)) !== 0) return undefined;
  const { source, destination } = packet;
  return { source, sourcePort, destination, destinationPort, payload: bytes.subarray(UDP.sizeBytes) };
}

/** At most `UDP_PAYLOAD_MAX` bytes of payload. */
export function encodeUdp(datagram: Datagram): IpPacket {
  const { source, destination, payload } = datagram;
  const lengthBytes = UDP.sizeBytes + payload.length;
  const bytes = UDP.write({ sourcePort: datagram.sourcePort, destinationPort: datagram.destinationPort, lengthBytes }, payload);
  // 0 would mean "without checksum".
  putChecksum(bytes, CHECKSUM_AT, checksumOf(bytes, pseudoHeaderSum(datagram, PROTOCOL_UDP, lengthBytes)) || 0xffff);
  return { source, destination, protocol: PROTOCOL_UDP, payload: bytes };
}

/** The datagram that goes back to the sender of `datagram`. */
export function replyTo(datagram: Datagram, payload: Uint8Array): Datagram {
  const { source, sourcePort, destination, destinationPort } = datagram;
  return { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort, payload };
}
