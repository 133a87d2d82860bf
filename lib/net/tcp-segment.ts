/** TCP segments (RFC 9293, section 3.1) with the options for segment size and window scale (RFC 7323); others are skipped. */
import { isLargeFrame } from '../util/frames.js';
import { checksumOf, pseudoHeaderSum, sumOf } from '../util/internet-checksum.js';
import { header, u8, u16, u32 } from './header.js';
import { IP_PAYLOAD_MAX, type IpPacket, PROTOCOL_TCP, putChecksum } from './ipv4.js';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

const TCP = header({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgment: u32,
  offset: u8,
  flags: u8,
  window: u16,
  checksum: u16,
  urgent: u16,
});
const CHECKSUM_AT = 16;
/** Of Ethernet and IPv4, without options. */
const LOWER_HEADERS_BYTES = 34;
const EMPTY = new Uint8Array(0);
/** The largest segment in one frame. */
export const MSS = IP_PAYLOAD_MAX - TCP.sizeBytes;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;
const WINDOW_SCALE_MAX = 14;

/** What both ends of a connection say in their first segments. */
export interface TcpOptions {
  readonly mss?: number;
  readonly windowScale?: number;
}

export interface TcpSegment extends TcpOptions {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  /** As in the header: not scaled. */
  readonly window: number;
  readonly payload: Uint8Array;
}

/** `undefined` for what is malformed or wrongly summed. The sum of a large segment is not looked at. */
export function decodeTcp(packet: IpPacket): TcpSegment | undefined {
  const bytes = packet.payload;
  const fields = TCP.read(bytes);
  if (!fields) return undefined;
  const headerBytes = (fields.offset >>> 4) * 4;
  if (headerBytes < TCP.sizeBytes || headerBytes > bytes.length) return undefined;
  if (!isLarge(bytes) && checksumOf(bytes, pseudoHeaderSum(packet, PROTOCOL_TCP, bytes.length)) !== 0) return undefined;
  return { ...fields, ...decodeOptions(bytes.subarray(TCP.sizeBytes, headerBytes)), payload: bytes.subarray(headerBytes) };
}

function decodeOptions(bytes: Uint8Array): TcpOptions {
  let options: TcpOptions = {};
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    const length = kind === OPTION_NOP ? 1 : (bytes[at + 1] ?? 0);
    if (kind === OPTION_END || length === 0 || (kind !== OPTION_NOP && length < 2) || at + length > bytes.length) break;
    if (kind === OPTION_MSS && length === 4) {
      options = { ...options, mss: ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number) };
    } else if (kind === OPTION_WINDOW_SCALE && length === 3) {
      options = { ...options, windowScale: Math.min(bytes[at + 2] as number, WINDOW_SCALE_MAX) };
    }
    at += length;
  }
  return options;
}

export function encodeTcp(segment: TcpSegment, route: { source: number; destination: number }): IpPacket {
  const options = encodeOptions(segment);
  const body = new Uint8Array(options.length + segment.payload.length);
  body.set(options);
  body.set(segment.payload, options.length);
  const { sourcePort, destinationPort, sequence, acknowledgment, flags, window } = segment;
  const offset = ((TCP.sizeBytes + options.length) / 4) << 4;
  const bytes = TCP.write({ sourcePort, destinationPort, sequence, acknowledgment, flags, window, offset }, body);
  const pseudo = pseudoHeaderSum(route, PROTOCOL_TCP, bytes.length);
  putChecksum(bytes, CHECKSUM_AT, isLarge(bytes) ? sumOf(EMPTY, pseudo) : checksumOf(bytes, pseudo));
  return { source: route.source, destination: route.destination, protocol: PROTOCOL_TCP, payload: bytes };
}

/** One that stands for several, and has no complete checksum (lib/util/frames.ts). */
function isLarge(bytes: Uint8Array): boolean {
  return isLargeFrame(bytes.length + LOWER_HEADERS_BYTES);
}

function encodeOptions({ mss, windowScale }: TcpOptions): number[] {
  const size = mss === undefined ? [] : [OPTION_MSS, 4, mss >>> 8, mss & 0xff];
  return windowScale === undefined ? size : [...size, OPTION_NOP, OPTION_WINDOW_SCALE, 3, windowScale];
}

/** How many sequence numbers a segment takes. */
export function lengthOf({ flags, payload }: TcpSegment): number {
  return payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
}

/** The reset that answers a segment for which there is no connection (section 3.10.7.1); `undefined` if none is due. */
export function resetFor(segment: TcpSegment): TcpSegment | undefined {
  if (segment.flags & RST) return undefined;
  const hasAck = (segment.flags & ACK) !== 0;
  return {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: hasAck ? segment.acknowledgment : 0,
    acknowledgment: hasAck ? 0 : (segment.sequence + lengthOf(segment)) >>> 0,
    flags: hasAck ? RST : RST | ACK,
    window: 0,
    payload: new Uint8Array(0),
  };
}
