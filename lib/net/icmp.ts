/** ICMP (RFC 792): the echo, and the message that a destination cannot be reached. */
import { checksumOf } from '../util/internet-checksum.js';
import { header, u8, u16, u32 } from './header.js';
import { encodeIpv4, type IpPacket, PROTOCOL_ICMP, putChecksum } from './ipv4.js';

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO_REQUEST = 8;
export const UNREACHABLE_NETWORK = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PORT = 3;
/** Of the packet that could not be delivered, its header and this much goes back. */
const QUOTED_BYTES = 28;

/** `rest`: identifier and sequence number, or nothing. */
const ICMP = header({ type: u8, code: u8, checksum: u16, rest: u32 });
const CHECKSUM_AT = 2;

function encodeIcmp(fields: { type: number; code?: number; rest?: number }, body: Uint8Array): Uint8Array {
  const bytes = ICMP.write(fields, body);
  putChecksum(bytes, CHECKSUM_AT, checksumOf(bytes));
  return bytes;
}

/** The answer to an echo request; `undefined` for all else. */
export function echoReply(request: IpPacket): IpPacket | undefined {
  const fields = ICMP.read(request.payload);
  if (fields?.type !== ECHO_REQUEST || fields.code !== 0 || checksumOf(request.payload) !== 0) return undefined;
  const payload = encodeIcmp({ type: ECHO_REPLY, rest: fields.rest }, request.payload.subarray(ICMP.sizeBytes));
  return { source: request.destination, destination: request.source, protocol: PROTOCOL_ICMP, payload };
}

/** Tells the sender of `packet` that it did not arrive; `code` says why. `from` is who says so. */
export function unreachable(packet: IpPacket, code: number, from: number): IpPacket {
  const payload = encodeIcmp({ type: UNREACHABLE, code }, encodeIpv4(packet, 0).subarray(0, QUOTED_BYTES));
  return { source: from, destination: packet.source, protocol: PROTOCOL_ICMP, payload };
}
