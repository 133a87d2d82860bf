/** Checksum and segmentation offload of the network device: virtio 1.2, sections 5.1.6.2 and 5.1.6.4. */
import { isLargeFrame, LARGE_FRAME_BYTES_MAX } from '../../util/frames.js';
import { sumOf } from '../../util/internet-checksum.js';

// Packet header: flags (u8), gso_type (u8), hdr_len, gso_size, csum_start, csum_offset, num_buffers (u16)
const FLAGS = 0;
const GSO_TYPE = 1;
const HEADER_LENGTH = 2;
const GSO_SIZE = 4;
const CHECKSUM_START = 6;
const CHECKSUM_OFFSET = 8;
const NEEDS_CHECKSUM = 1;
const GSO_NONE = 0;
const GSO_TCP_V4 = 1;
const GSO_ECN = 0x80;

const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const IPV4_BYTES_MIN = 20;
const PROTOCOL_TCP = 6;
const TCP_BYTES_MIN = 20;
const TCP_CHECKSUM = 16;
/** What an ordinary frame carries behind its Ethernet header. */
const MTU = 1500;
/** A checksum of 0 means "none" to UDP; this is the same number. */
const NEGATIVE_ZERO = 0xffff;

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/**
 * Takes a frame that the driver wants sent, with its packet header: completes the checksum of an ordinary one. `undefined` for what makes no sense, or was
 * not negotiated.
 */
export function takeFrame(
  header: Uint8Array,
  frame: Uint8Array,
  offered: { checksum: boolean; segmentation: boolean },
): Uint8Array | undefined {
  const isPartial = ((header[FLAGS] as number) & NEEDS_CHECKSUM) !== 0;
  const gsoType = (header[GSO_TYPE] as number) & ~GSO_ECN;
  if (frame.length === 0 || (isPartial && !offered.checksum)) return undefined;
  if (isLargeFrame(frame.length)) {
    const isLarge = offered.segmentation && isPartial && gsoType === GSO_TCP_V4 && frame.length <= LARGE_FRAME_BYTES_MAX;
    return isLarge && tcpHeaders(frame) ? frame : undefined;
  }
  if (!isPartial) return gsoType === GSO_NONE ? frame : undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return completeChecksum(frame, view.getUint16(CHECKSUM_START, true), view.getUint16(CHECKSUM_OFFSET, true));
}

/** The field at `start` + `offset` holds the sum of a pseudo header: adds that of all bytes from `start` on. */
function completeChecksum(frame: Uint8Array, start: number, offset: number): Uint8Array | undefined {
  const at = start + offset;
  if (at + 2 > frame.length) return undefined;
  const checksum = ~sumOf(frame.subarray(start)) & 0xffff || NEGATIVE_ZERO;
  frame[at] = checksum >>> 8;
  frame[at + 1] = checksum;
  return frame;
}

/** Writes into a packet header, of zeros, what the driver must know of a large segment; false for what is none. */
export function describeLargeFrame(header: Uint8Array, frame: Uint8Array): boolean {
  const headers = tcpHeaders(frame);
  if (!headers) return false;
  const { tcpStart, end } = headers;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  header[FLAGS] = NEEDS_CHECKSUM;
  header[GSO_TYPE] = GSO_TCP_V4;
  view.setUint16(HEADER_LENGTH, end, true);
  view.setUint16(GSO_SIZE, MTU - (end - ETHERNET_BYTES), true);
  view.setUint16(CHECKSUM_START, tcpStart, true);
  view.setUint16(CHECKSUM_OFFSET, TCP_CHECKSUM, true);
  return true;
}

/** Where the TCP header begins and ends; `undefined` where there is none. */
function tcpHeaders(frame: Uint8Array): { tcpStart: number; end: number } | undefined {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES_MIN || u16(frame, ETHERNET_BYTES - 2) !== ETHERTYPE_IPV4) return undefined;
  const version = frame[ETHERNET_BYTES] as number;
  const tcpStart = ETHERNET_BYTES + (version & 0x0f) * 4;
  const isTcp = version >>> 4 === 4 && frame[ETHERNET_BYTES + 9] === PROTOCOL_TCP;
  if (!isTcp || tcpStart < ETHERNET_BYTES + IPV4_BYTES_MIN || tcpStart + TCP_BYTES_MIN > frame.length) return undefined;
  const end = tcpStart + ((frame[tcpStart + 12] as number) >>> 4) * 4;
  return end >= tcpStart + TCP_BYTES_MIN && end <= frame.length ? { tcpStart, end } : undefined;
}
