/** IPv4 packets (RFC 791). Fragments are dropped; options are skipped. */
import { checksumOf } from '../util/internet-checksum.js';
import { header, u8, u16, u32 } from './header.js';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** The largest payload of a packet on Ethernet. */
export const IP_PAYLOAD_MAX = 1480;
const TTL = 64;
const VERSION_4 = 0x40;
const FLAG_DONT_FRAGMENT = 0x4000;
/** More fragments, and the fragment's offset. */
const FRAGMENT_MASK = 0x3fff;

const IPV4 = header({
  versionAndWords: u8,
  service: u8,
  totalBytes: u16,
  id: u16,
  fragment: u16,
  ttl: u8,
  protocol: u8,
  checksum: u16,
  source: u32,
  destination: u32,
});
const CHECKSUM_AT = 10;

export interface IpPacket {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** `undefined` for what is malformed, wrongly summed or a fragment. */
export function decodeIpv4(bytes: Uint8Array): IpPacket | undefined {
  const fields = IPV4.read(bytes);
  if (!fields || (fields.versionAndWords & 0xf0) !== VERSION_4 || fields.fragment & FRAGMENT_MASK) return undefined;
  const headerBytes = (fields.versionAndWords & 0x0f) * 4;
  const { totalBytes, source, destination, protocol } = fields;
  if (headerBytes < IPV4.sizeBytes || totalBytes < headerBytes || totalBytes > bytes.length) return undefined;
  if (checksumOf(bytes.subarray(0, headerBytes)) !== 0) return undefined;
  return { source, destination, protocol, payload: bytes.subarray(headerBytes, totalBytes) };
}

/** A packet of at most `IP_PAYLOAD_MAX` bytes of payload; `id` tells packets of a flow apart. */
export function encodeIpv4({ source, destination, protocol, payload }: IpPacket, id: number): Uint8Array {
  const bytes = IPV4.write(
    {
      versionAndWords: VERSION_4 | (IPV4.sizeBytes / 4),
      totalBytes: IPV4.sizeBytes + payload.length,
      id,
      fragment: FLAG_DONT_FRAGMENT,
      ttl: TTL,
      protocol,
      source,
      destination,
    },
    payload,
  );
  putChecksum(bytes, CHECKSUM_AT, checksumOf(bytes.subarray(0, IPV4.sizeBytes)));
  return bytes;
}

export function putChecksum(bytes: Uint8Array, at: number, checksum: number): void {
  bytes[at] = checksum >>> 8;
  bytes[at + 1] = checksum;
}
