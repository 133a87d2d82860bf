/** Ethernet II frames (without check sequence) and the Address Resolution Protocol for IPv4 (RFC 826). */
import { type Header, header, u8, u16, u32, u48 } from './header.js';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
/** Drivers expect no shorter ones. */
const FRAME_BYTES_MIN = 60;

const ETHERNET = header({ destination: u48, source: u48, type: u16 });

export interface EthernetFrame {
  readonly destination: number;
  readonly source: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

export function decodeEthernet(bytes: Uint8Array): EthernetFrame | undefined {
  const fields = ETHERNET.read(bytes);
  return fields && { ...fields, payload: bytes.subarray(ETHERNET.sizeBytes) };
}

/** Pads the frame to the shortest length that Ethernet has. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = ETHERNET.write(frame, frame.payload);
  if (bytes.length >= FRAME_BYTES_MIN) return bytes;
  const padded = new Uint8Array(FRAME_BYTES_MIN);
  padded.set(bytes);
  return padded;
}

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
const HARDWARE_ETHERNET = 1;

const ARP = header({
  hardware: u16,
  protocol: u16,
  hardwareBytes: u8,
  protocolBytes: u8,
  operation: u16,
  senderMac: u48,
  senderIp: u32,
  targetMac: u48,
  targetIp: u32,
});

type FieldsOf<H> = H extends Header<infer Name> ? Record<Name, number> : never;
export type ArpMessage = Pick<FieldsOf<typeof ARP>, 'operation' | 'senderMac' | 'senderIp' | 'targetMac' | 'targetIp'>;

const ARP_CONSTANTS = { hardware: HARDWARE_ETHERNET, protocol: ETHERTYPE_IPV4, hardwareBytes: 6, protocolBytes: 4 };

/** `undefined` for what is not about Ethernet and IPv4. */
export function decodeArp(bytes: Uint8Array): ArpMessage | undefined {
  const fields = ARP.read(bytes);
  if (!fields) return undefined;
  const names = Object.keys(ARP_CONSTANTS) as (keyof typeof ARP_CONSTANTS)[];
  return names.every((name) => fields[name] === ARP_CONSTANTS[name]) ? fields : undefined;
}

export function encodeArp(message: ArpMessage): Uint8Array {
  return ARP.write({ ...message, ...ARP_CONSTANTS });
}
