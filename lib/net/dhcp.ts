/** The DHCP server (RFC 2131, options of RFC 2132). Addresses go to clients in the order in which they ask; there are a few. */
import { BROADCAST, DNS_SERVER, GATEWAY, GUEST, NETMASK, NETWORK_BROADCAST } from './address.js';
import { header, u8, u16, u32, u48, unused } from './header.js';
import type { Datagram } from './udp.js';

export const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;
const LEASES_MAX = 16;
const LEASE_SECONDS = 86400;

const BOOT_REQUEST = 1;
const BOOT_REPLY = 2;
const HARDWARE_ETHERNET = 1;
const COOKIE = 0x63825363;
/** Of BOOTP; older clients take no shorter messages. */
const MESSAGE_BYTES_MIN = 300;

const MESSAGE = header({
  operation: u8,
  hardware: u8,
  hardwareBytes: u8,
  hops: u8,
  transaction: u32,
  seconds: u16,
  flags: u16,
  clientIp: u32,
  yourIp: u32,
  serverIp: u32,
  relayIp: u32,
  clientMac: u48,
  clientMacRest: unused(10),
  serverName: unused(64),
  file: unused(128),
  cookie: u32,
});

const OPTION_PAD = 0;
const OPTION_END = 255;
/** The options that are used, with the bytes of their value. */
const OPTIONS = {
  netmask: { code: 1, bytes: 4 },
  router: { code: 3, bytes: 4 },
  nameServer: { code: 6, bytes: 4 },
  broadcast: { code: 28, bytes: 4 },
  requestedIp: { code: 50, bytes: 4 },
  leaseSeconds: { code: 51, bytes: 4 },
  type: { code: 53, bytes: 1 },
  server: { code: 54, bytes: 4 },
} as const;
type Options = { readonly [Name in keyof typeof OPTIONS]?: number };
const ROWS = Object.entries(OPTIONS) as [keyof Options, { code: number; bytes: number }][];

const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const ACKNOWLEDGE = 5;
const REFUSE = 6;
const INFORM = 8;

/** Reads the options that are known and well-formed. */
function decodeOptions(bytes: Uint8Array): Options {
  const options: { -readonly [Name in keyof Options]: number } = {};
  for (let at = 0; at < bytes.length && bytes[at] !== OPTION_END; ) {
    if (bytes[at] === OPTION_PAD) {
      at++;
      continue;
    }
    const value = bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0));
    const row = ROWS.find(([, { code }]) => code === bytes[at]);
    if (row && value.length === row[1].bytes) options[row[0]] = value.reduce((number, byte) => number * 256 + byte, 0);
    at += 2 + (bytes[at + 1] ?? 0);
  }
  return options;
}

function encodeOptions(options: Options): Uint8Array {
  const bytes = ROWS.flatMap(([name, row]) => {
    const value = options[name];
    if (value === undefined) return [];
    return [row.code, row.bytes, ...Array.from({ length: row.bytes }, (_, i) => (value >>> ((row.bytes - 1 - i) * 8)) & 0xff)];
  });
  return Uint8Array.from([...bytes, OPTION_END]);
}

export class DhcpServer {
  /** By Ethernet address. */
  private readonly leases = new Map<number, number>();

  /** The answer to a client's message; `undefined` for what asks for none. */
  answer(request: Datagram): Datagram | undefined {
    const message = MESSAGE.read(request.payload);
    const isForUs = message?.operation === BOOT_REQUEST && message.hardware === HARDWARE_ETHERNET && message.cookie === COOKIE;
    if (!message || !isForUs) return undefined;
    const asked = decodeOptions(request.payload.subarray(MESSAGE.sizeBytes));
    if (asked.server !== undefined && asked.server !== GATEWAY) return undefined;
    const ip = this.leaseOf(message.clientMac);
    const type = answerType(asked, message.clientIp, ip);
    if (ip === undefined || type === undefined) return undefined;
    const isGiven = type !== REFUSE && asked.type !== INFORM;
    const options: Options = {
      type,
      server: GATEWAY,
      ...(type === REFUSE ? {} : { netmask: NETMASK, router: GATEWAY, nameServer: DNS_SERVER, broadcast: NETWORK_BROADCAST }),
      ...(isGiven ? { leaseSeconds: LEASE_SECONDS } : {}),
    };
    const { hardware, hardwareBytes, transaction, flags, clientIp, clientMac } = message;
    const fields = { operation: BOOT_REPLY, hardware, hardwareBytes, transaction, flags, clientIp, clientMac, cookie: COOKIE };
    const reply = MESSAGE.write({ ...fields, yourIp: isGiven ? ip : 0, serverIp: GATEWAY }, encodeOptions(options));
    const payload = new Uint8Array(Math.max(MESSAGE_BYTES_MIN, reply.length));
    payload.set(reply);
    const destination = clientIp !== 0 && type !== REFUSE ? clientIp : BROADCAST;
    return { source: GATEWAY, sourcePort: DHCP_SERVER_PORT, destination, destinationPort: DHCP_CLIENT_PORT, payload };
  }

  private leaseOf(mac: number): number | undefined {
    const known = this.leases.get(mac);
    if (known !== undefined || this.leases.size >= LEASES_MAX) return known;
    const ip = GUEST + this.leases.size;
    this.leases.set(mac, ip);
    return ip;
  }
}

function answerType(asked: Options, clientIp: number, ip: number | undefined): number | undefined {
  switch (asked.type) {
    case DISCOVER:
      return OFFER;
    case REQUEST:
      return (asked.requestedIp ?? clientIp) === ip ? ACKNOWLEDGE : REFUSE;
    case INFORM:
      return ACKNOWLEDGE;
    default:
      return undefined;
  }
}
