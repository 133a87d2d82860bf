/** Addresses as numbers, and who is who in the guest's network, which is laid out as QEMU's user-mode network. */

const part = (a: number, b: number, c: number, d: number): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

export const NETWORK = part(10, 0, 2, 0);
export const NETMASK = part(255, 255, 255, 0);
export const NETWORK_BROADCAST = part(10, 0, 2, 255);
/** The host: its loopback interface, as the guest sees it. */
export const GATEWAY = part(10, 0, 2, 2);
export const DNS_SERVER = part(10, 0, 2, 3);
/** What DHCP gives to the first client. */
export const GUEST = part(10, 0, 2, 15);
export const BROADCAST = part(255, 255, 255, 255);

export const MAC_BROADCAST = 0xffffffffffff;
/** Of gateway and name server. */
export const MAC_GATEWAY = 0x525400000202;
/** The guest's network device, as in QEMU. */
export const MAC_GUEST = 0x525400123456;

const LOOPBACK = '127.0.0.1';

/** The six bytes of an Ethernet address. */
export function macBytes(mac: number): number[] {
  return [40, 32, 24, 16, 8, 0].map((shift) => Math.floor(mac / 2 ** shift) % 256);
}

export function formatIp(ip: number): string {
  return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 0xff).join('.');
}

/** The number of a dotted address; `undefined` if it is none. */
export function parseIp(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const numbers = match?.slice(1).map(Number);
  if (!numbers || numbers.some((number) => number > 255)) return undefined;
  return part(...(numbers as [number, number, number, number]));
}

export const inNetwork = (ip: number): boolean => (ip & NETMASK) >>> 0 === NETWORK;

/** Whether the guest may use `ip` as its own. */
export const isGuestAddress = (ip: number): boolean => inNetwork(ip) && ![NETWORK, NETWORK_BROADCAST, GATEWAY, DNS_SERVER].includes(ip);

/** Where on the host, or behind it, packets to `ip` go; `undefined` for addresses that lead nowhere: the network's own, "this host", loopback, multicast. */
export function hostAddressOf(ip: number): string | undefined {
  if (ip === GATEWAY) return LOOPBACK;
  const first = ip >>> 24;
  return inNetwork(ip) || first === 0 || first === 127 || first >= 224 ? undefined : formatIp(ip);
}

/** The address that the guest knows a host under; `undefined` if there is none (IPv6). */
export function guestViewOf(address: string): number | undefined {
  const ip = parseIp(address.replace(/^::ffff:/i, ''));
  return ip !== undefined && ip >>> 24 === 127 ? GATEWAY : ip;
}
