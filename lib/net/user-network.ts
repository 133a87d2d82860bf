/**
 * User-mode networking: a network of which the guest is the only visitor, laid out as QEMU's (10.0.2.0/24; see address.ts), and whose
 * gateway hands connections on to ordinary sockets of the host's user.
 *
 * All of this is on the host's side: it runs on the host's time, and nothing of it is the machine's state. What reaches the guest are the
 * frames of `take`, which the run loop delivers at a tick of its choice, and which are all that a recording needs to hold.
 *
 * TCP segments come and go in large ones (lib/util/frames.ts) where the guest's driver takes these: this is no wire, and each costs about the same.
 *
 * Not modelled: IPv6, IP fragments (dropped in both directions), VLAN tags, multicast, ICMP but for echoes of the gateway and name server.
 */
import { getServers } from 'node:dns';
import { ConfigError, describeSystemError } from '../util/errors.js';
import { FRAME_BYTES_MAX } from '../util/frames.js';
import {
  BROADCAST,
  DNS_SERVER,
  formatIp,
  GATEWAY,
  hostAddressOf,
  isGuestAddress,
  MAC_BROADCAST,
  MAC_GATEWAY,
  MAC_GUEST,
} from './address.js';
import { DHCP_SERVER_PORT, DhcpServer } from './dhcp.js';
import { DNS_PORT, DnsForwarder, parseServer } from './dns.js';
import { ARP_REPLY, ARP_REQUEST, decodeArp, decodeEthernet, ETHERTYPE_ARP, ETHERTYPE_IPV4, encodeArp, encodeEthernet } from './ethernet.js';
import { echoReply } from './icmp.js';
import { decodeIpv4, encodeIpv4, type IpPacket, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from './ipv4.js';
import type { Forward, HostTarget, Link } from './link.js';
import { TcpNat } from './tcp-nat.js';
import { decodeUdp, encodeUdp } from './udp.js';
import { UdpNat } from './udp-nat.js';

/** Frames that wait for the guest, besides TCP segments, which are made on demand. */
const QUEUE_MAX = 256;
/** Ethernet addresses that are remembered: a guest may have guests of its own. */
const NEIGHBOURS_MAX = 64;
const TICK_MS = 100;
/** A second without a frame, and nobody waits any more. */
const ANSWER_MS = 1000;
/** Of Ethernet, IPv4 and TCP, without options. */
const HEADERS_BYTES = 54;

export interface UserNetworkOptions {
  readonly forwards: readonly Forward[];
  /** As `node:dns` names them; the host's if absent. */
  readonly dnsServers?: readonly string[];
}

export class UserNetwork {
  /** Called when frames are ready, and when `inputOpen` may have changed. */
  onChange: (() => void) | undefined;
  /** The forwards that are open, with the ports that were found for them. */
  readonly forwards: Forward[] = [];
  private readonly wanted: readonly Forward[];
  private readonly dnsServers: readonly HostTarget[];
  private queue: Uint8Array[] = [];
  private packetId = 0;
  /** When the guest last sent or got one. */
  private lastFrameMs = 0;
  private readonly neighbours = new Map<number, number>();
  private readonly dhcp = new DhcpServer();
  private readonly dns: DnsForwarder;
  private readonly tcp: TcpNat;
  private readonly udp: UdpNat;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: UserNetworkOptions) {
    this.wanted = options.forwards;
    this.dnsServers = (options.dnsServers ?? getServers()).map(parseServer);
    const link: Link = {
      nowMs: () => performance.now(),
      send: (packet) => this.sendPacket(packet),
      changed: () => this.changed(),
    };
    this.dns = new DnsForwarder(link, this.dnsServers);
    this.tcp = new TcpNat(link, (ip, port) => this.targetOf(ip, port));
    this.udp = new UdpNat(link);
  }

  /** Opens the forwarded ports. Rejects with `ConfigError` for one that cannot be had; then none is open. */
  async listen(): Promise<void> {
    for (const forward of this.wanted) {
      const { protocol, hostAddress, hostPort } = forward;
      try {
        const port = await (protocol === 'tcp' ? this.tcp : this.udp).listen(forward);
        this.forwards.push({ ...forward, hostPort: port });
      } catch (error) {
        this.close();
        throw new ConfigError(`--net: cannot forward ${protocol} port ${hostPort} of ${hostAddress}: ${describeSystemError(error)}`);
      }
    }
  }

  /** How many frames `take` has ready, at least. */
  get waiting(): number {
    return this.queue.length + this.tcp.waiting;
  }

  /** Frames may come that the guest does not ask for: there are forwards, connections, or questions that are not answered yet. */
  get inputOpen(): boolean {
    return this.forwards.length > 0 || this.waiting > 0 || this.isBusy;
  }

  /** Milliseconds for which the host is given the time to answer what the guest has sent: connections take a while, also to the host itself. */
  get awaitedMs(): number {
    return this.isBusy ? Math.max(0, this.lastFrameMs + ANSWER_MS - performance.now()) : 0;
  }

  private get isBusy(): boolean {
    return this.tcp.busy || this.udp.busy || this.dns.busy;
  }

  /**
   * The next frames for the guest, at most `maxFrames` of at most `maxBytes` each (lib/util/frames.ts): the only way in which anything reaches it. Those taken
   * are to be delivered.
   */
  take(maxFrames: number, maxBytes = FRAME_BYTES_MAX): Uint8Array[] {
    const frames = this.queue.splice(0, maxFrames);
    if (this.waiting > 0 || frames.length > 0) this.lastFrameMs = performance.now();
    while (frames.length < maxFrames) {
      const packet = this.tcp.next(maxBytes - HEADERS_BYTES);
      if (!packet) break;
      frames.push(this.frameOf(packet));
    }
    return frames;
  }

  /** Lets go of all sockets and timers. */
  close(): void {
    this.closed = true;
    this.forwards.length = 0;
    this.tcp.close();
    this.udp.close();
    this.dns.close();
    this.queue = [];
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Takes a frame of the guest. Whatever is in it: it is answered, handed on or dropped. */
  send(bytes: Uint8Array): void {
    this.lastFrameMs = performance.now();
    const frame = decodeEthernet(bytes);
    if (this.closed || !frame || (frame.destination !== MAC_GATEWAY && frame.destination !== MAC_BROADCAST)) return;
    if (frame.type === ETHERTYPE_ARP) this.receiveArp(frame.payload);
    else if (frame.type === ETHERTYPE_IPV4) {
      const packet = decodeIpv4(frame.payload);
      if (!packet) return;
      this.learn(packet.source, frame.source);
      this.receiveIp(packet);
    }
    this.keepTime();
  }

  private changed(): void {
    this.keepTime();
    this.onChange?.();
  }

  private sendPacket(packet: IpPacket): void {
    this.queueFrame(this.frameOf(packet));
  }

  private receiveArp(payload: Uint8Array): void {
    const message = decodeArp(payload);
    if (!message) return;
    this.learn(message.senderIp, message.senderMac);
    const isForUs = message.targetIp === GATEWAY || message.targetIp === DNS_SERVER;
    if (message.operation !== ARP_REQUEST || !isForUs) return;
    const { senderMac, senderIp, targetIp } = message;
    const reply = { operation: ARP_REPLY, senderMac: MAC_GATEWAY, senderIp: targetIp, targetMac: senderMac, targetIp: senderIp };
    this.queueFrame(encodeEthernet({ destination: senderMac, source: MAC_GATEWAY, type: ETHERTYPE_ARP, payload: encodeArp(reply) }));
  }

  private receiveIp(packet: IpPacket): void {
    if (packet.protocol === PROTOCOL_UDP) return this.receiveUdp(packet);
    if (!isGuestAddress(packet.source)) return;
    if (packet.protocol === PROTOCOL_TCP) return this.tcp.receive(packet);
    const isForUs = packet.destination === GATEWAY || packet.destination === DNS_SERVER;
    const reply = packet.protocol === PROTOCOL_ICMP && isForUs ? echoReply(packet) : undefined;
    if (reply) this.sendPacket(reply);
  }

  private receiveUdp(packet: IpPacket): void {
    const datagram = decodeUdp(packet);
    if (!datagram) return;
    const { source, destination, destinationPort } = datagram;
    if (destinationPort === DHCP_SERVER_PORT && (destination === BROADCAST || destination === GATEWAY)) {
      const reply = this.dhcp.answer(datagram);
      if (reply) this.sendPacket(encodeUdp(reply));
    } else if (!isGuestAddress(source)) return;
    else if (destination === DNS_SERVER && destinationPort === DNS_PORT) this.dns.receive(datagram);
    else this.udp.receive(datagram);
  }

  private targetOf(ip: number, port: number): HostTarget | undefined {
    if (ip === DNS_SERVER && port === DNS_PORT) return this.dnsServers[0];
    const host = hostAddressOf(ip);
    return host === undefined || port === 0 ? undefined : { host, port };
  }

  private learn(ip: number, mac: number): void {
    if (!isGuestAddress(ip) || (this.neighbours.size >= NEIGHBOURS_MAX && !this.neighbours.has(ip))) return;
    this.neighbours.set(ip, mac);
  }

  private frameOf(packet: IpPacket): Uint8Array {
    const { destination } = packet;
    const mac = destination === BROADCAST ? MAC_BROADCAST : (this.neighbours.get(destination) ?? MAC_GUEST);
    this.packetId = (this.packetId + 1) & 0xffff;
    const payload = encodeIpv4(packet, this.packetId);
    return encodeEthernet({ destination: mac, source: MAC_GATEWAY, type: ETHERTYPE_IPV4, payload });
  }

  private queueFrame(frame: Uint8Array): void {
    if (this.closed || this.queue.length >= QUEUE_MAX) return;
    this.queue.push(frame);
    this.changed();
  }

  /** The clock of retransmissions and timeouts runs only while something depends on it. */
  private keepTime(): void {
    const isNeeded = !this.closed && (this.tcp.active || this.udp.busy);
    if (isNeeded) this.timer ??= setInterval(() => this.tick(), TICK_MS).unref();
    else if (this.timer) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private tick(): void {
    this.tcp.tick();
    this.udp.tick();
    this.keepTime();
    if (this.waiting > 0) this.onChange?.();
  }
}

/** What a forward is to the user. */
export function describeForward({ protocol, hostAddress, hostPort, guestAddress, guestPort }: Forward): string {
  return `${protocol} ${hostAddress}:${hostPort} -> ${formatIp(guestAddress)}:${guestPort}`;
}
