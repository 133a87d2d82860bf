/** The guest's TCP connections to the host and beyond, and those that port forwards bring in. */
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { GATEWAY, guestViewOf, inNetwork } from './address.js';
import { unreachable } from './icmp.js';
import type { IpPacket } from './ipv4.js';
import { type Forward, type HostTarget, type Link, PortCounter } from './link.js';
import { type ConnectionOwner, type Route, TcpConnection } from './tcp-connection.js';
import { ACK, decodeTcp, encodeTcp, RST, resetFor, SYN, type TcpSegment } from './tcp-segment.js';

const CONNECTIONS_MAX = 512;
/** The clock behind initial sequence numbers (RFC 9293, section 3.4.1) counts every 4 microseconds. */
const SEQUENCES_PER_MS = 250;

const keyOf = ({ source, destination }: Route, segment: { sourcePort: number; destinationPort: number }): string =>
  `${source}:${segment.sourcePort} ${destination}:${segment.destinationPort}`;

export class TcpNat implements ConnectionOwner {
  private readonly link: Link;
  private readonly targetOf: (ip: number, port: number) => HostTarget | undefined;
  private readonly connections = new Map<string, TcpConnection>();
  /** Those with something to send, in turn. */
  private readonly ready = new Set<TcpConnection>();
  /** The guest's calls that the host has not answered yet. */
  private readonly calls = new Map<TcpConnection, { readonly packet: IpPacket; readonly segment: TcpSegment }>();
  private readonly servers: Server[] = [];
  private readonly ports = new PortCounter();

  constructor(link: Link, targetOf: (ip: number, port: number) => HostTarget | undefined) {
    this.link = link;
    this.targetOf = targetOf;
  }

  nowMs(): number {
    return this.link.nowMs();
  }

  /** How many connections have segments for the guest. */
  get waiting(): number {
    return this.ready.size;
  }

  /** Segments may come without the guest asking. */
  get busy(): boolean {
    for (const connection of this.connections.values()) if (!connection.finished) return true;
    return false;
  }

  /** There is something that the time matters to. */
  get active(): boolean {
    return this.connections.size > 0;
  }

  /** Takes a packet of the guest. */
  receive(packet: IpPacket): void {
    const segment = decodeTcp(packet);
    if (!segment) return;
    const route = { source: packet.destination, destination: packet.source };
    const key = keyOf(route, { sourcePort: segment.destinationPort, destinationPort: segment.sourcePort });
    const isCall = (segment.flags & (SYN | ACK | RST)) === SYN;
    const connection = this.connections.get(key);
    if (connection && !(isCall && connection.finished)) {
      connection.receive(segment, this.nowMs());
      this.changed(connection);
    } else if (isCall) {
      if (connection) this.forget(connection);
      this.callHost(key, route, packet, segment);
    } else this.reset(segment, route);
  }

  /** The next packet for the guest, of the connections in turn; with at most `maxBytes` of payload where that is more than an ordinary segment's. */
  next(maxBytes = 0): IpPacket | undefined {
    for (const connection of this.ready) {
      this.ready.delete(connection);
      const segment = connection.next(this.nowMs(), maxBytes);
      if (connection.ready) this.ready.add(connection);
      if (connection.dead) this.forget(connection);
      if (segment) return encodeTcp(segment, connection.route);
    }
    return undefined;
  }

  /** Lets time pass: retransmissions, timeouts. */
  tick(): void {
    for (const connection of this.connections.values()) {
      if (!connection.tick(this.nowMs())) this.forget(connection);
      else if (connection.ready) this.ready.add(connection);
    }
  }

  changed(connection: TcpConnection): void {
    if (this.connections.get(connection.key) !== connection) return;
    if (connection.ready) {
      this.calls.delete(connection);
      this.ready.add(connection);
    } else this.ready.delete(connection);
    if (connection.dead) this.forget(connection);
    this.link.changed();
  }

  refused(connection: TcpConnection, code: number | undefined): void {
    const call = this.calls.get(connection);
    this.forget(connection);
    if (!call) return;
    if (code === undefined) this.reset(call.segment, connection.route);
    else this.link.send(unreachable(call.packet, code, GATEWAY));
  }

  /** Opens a port of the host. Rejects with the system's error; gives the port. */
  listen(forward: Forward): Promise<number> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => this.callGuest(forward, socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: forward.hostAddress, port: forward.hostPort }, () => {
        server.off('error', reject);
        // A connection that cannot be accepted (out of descriptors) is that client's trouble.
        server.on('error', () => {});
        this.servers.push(server);
        resolve((server.address() as { port: number }).port);
      });
    });
  }

  /** Ends all connections and closes the ports. */
  close(): void {
    for (const connection of [...this.connections.values()]) {
      connection.close();
      this.forget(connection);
    }
    for (const server of this.servers.splice(0)) server.close();
  }

  private callHost(key: string, route: Route, packet: IpPacket, segment: TcpSegment): void {
    const target = this.targetOf(packet.destination, segment.destinationPort);
    if (!target || !this.makeRoom()) return this.reset(segment, route);
    const socket = netConnect({ ...target, allowHalfOpen: true });
    const connection = TcpConnection.fromGuest(key, route, socket, this, segment, this.initialSequence());
    this.connections.set(key, connection);
    this.calls.set(connection, { packet, segment });
  }

  private callGuest(forward: Forward, socket: Socket): void {
    if (!this.makeRoom()) {
      socket.destroy();
      return;
    }
    const peer = guestViewOf(socket.remoteAddress ?? '');
    const source = peer === undefined || inNetwork(peer) ? GATEWAY : peer;
    const route = { source, destination: forward.guestAddress };
    const portsWith = (sourcePort: number) => ({ sourcePort, destinationPort: forward.guestPort });
    const ports = portsWith(this.ports.take((port) => this.connections.has(keyOf(route, portsWith(port)))));
    const connection = TcpConnection.fromHost(keyOf(route, ports), route, socket, this, ports, this.initialSequence());
    this.connections.set(connection.key, connection);
    this.changed(connection);
  }

  /** Makes sure that one more connection is allowed; finished ones give way. */
  private makeRoom(): boolean {
    if (this.connections.size < CONNECTIONS_MAX) return true;
    for (const connection of this.connections.values()) {
      if (!connection.finished) continue;
      this.forget(connection);
      return true;
    }
    return false;
  }

  private forget(connection: TcpConnection): void {
    this.ready.delete(connection);
    this.calls.delete(connection);
    if (this.connections.get(connection.key) === connection) this.connections.delete(connection.key);
    this.link.changed();
  }

  private reset(segment: TcpSegment, route: Route): void {
    const reset = resetFor(segment);
    if (reset) this.link.send(encodeTcp(reset, route));
  }

  private initialSequence(): number {
    return (this.nowMs() * SEQUENCES_PER_MS) % 2 ** 32;
  }
}
