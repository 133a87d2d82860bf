/** The value of `--net`. */
import { isIP } from 'node:net';
import { ConfigError } from '../util/errors.js';
import { GUEST, isGuestAddress, parseIp } from './address.js';
import type { Forward } from './link.js';

/** Without an address, a port is open to this host only. */
const HOST_ADDRESS = '127.0.0.1';
const FORWARD = /^(tcp|udp|):(\[[^\]]*\]|[^:]*):(\d{1,5})-([^:]*):(\d{1,5})$/;

export interface NetOption {
  readonly forwards: readonly Forward[];
}

/**
 * Reads `none`, or `user` with any number of `,hostfwd=PROTOCOL:[HOST-ADDRESS]:HOST-PORT-[GUEST-ADDRESS]:GUEST-PORT`; `undefined` for none.
 * Throws `ConfigError`.
 */
export function netOption(value: string): NetOption | undefined {
  if (value === 'none') return undefined;
  const [kind, ...settings] = value.split(',');
  if (kind !== 'user') throw new ConfigError(`--net ${value}: must be none, or user with ,hostfwd=tcp:127.0.0.1:2222-:22 and the like`);
  return { forwards: settings.map((setting) => forwardOf(setting)) };
}

function forwardOf(setting: string): Forward {
  const [name, ...rest] = setting.split('=');
  if (name !== 'hostfwd') throw new ConfigError(`--net user,${setting}: the only setting is hostfwd`);
  const match = FORWARD.exec(rest.join('='));
  if (!match) throw new ConfigError(`--net ${setting}: must be like hostfwd=tcp:127.0.0.1:2222-:22`);
  const [protocol, hostAddress, hostPort, guestAddress, guestPort] = match.slice(1) as [string, string, string, string, string];
  const address = hostAddress.replace(/^\[|\]$/g, '') || HOST_ADDRESS;
  if (isIP(address) === 0) throw new ConfigError(`--net ${setting}: ${address} is not an IP address`);
  const guest = guestAddress === '' ? GUEST : parseIp(guestAddress);
  if (guest === undefined || !isGuestAddress(guest)) {
    throw new ConfigError(`--net ${setting}: ${guestAddress} is no address of the guest (10.0.2.15, or another of 10.0.2.0/24)`);
  }
  const [from, to] = [Number(hostPort), Number(guestPort)];
  if (from > 0xffff || to > 0xffff || to === 0) throw new ConfigError(`--net ${setting}: ports are below 65536, and the guest's is not 0`);
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', hostAddress: address, hostPort: from, guestAddress: guest, guestPort: to };
}
