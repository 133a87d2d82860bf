/**
 * The guest's UDP datagrams to the host and beyond, and those that port forwards bring in. Each port of the guest has a socket on the
 * host, on which only hosts that the guest has written to can answer. A flow that nobody uses ends after a while.
 */
import { createSocket, type Socket } from 'node:dgram';
import { GATEWAY, guestViewOf, hostAddressOf } from './address.js';
import { type Forward, type Link, PortCounter } from './link.js';
import { type Datagram, encodeUdp, UDP_PAYLOAD_MAX } from './udp.js';

const IDLE_MS = 60_000;
const FLOWS_MAX = 256;
const PEERS_MAX = 64;

/** A port of the guest, and its socket. */
interface Flow {
  readonly socket: Socket;
  /** Addresses of the host's side that may answer. */
  readonly peers: Set<string>;
  usedMs: number;
}

/** Someone who writes to a forwarded port; `port` of the gateway stands for them. */
interface Visitor {
  readonly forward: Forward;
  readonly socket: Socket;
  readonly address: string;
  readonly remotePort: number;
  readonly port: number;
  usedMs: number;
}

export class UdpNat {
  private readonly link: Link;
  private readonly flows = new Map<string, Flow>();
  private readonly visitors = new Map<string, Visitor>();
  private readonly visitorPorts = new Map<number, Visitor>();
  private readonly servers: Socket[] = [];
  private readonly ports = new PortCounter();

  constructor(link: Link) {
    this.link = link;
  }

  /** Datagrams may come without the guest asking. */
  get busy(): boolean {
    return this.flows.size > 0 || this.visitors.size > 0;
  }

  /** Takes a datagram of the guest. */
  receive(datagram: Datagram): void {
    const { source, sourcePort, destination, destinationPort, payload } = datagram;
    const visitor = destination === GATEWAY ? this.visitorPorts.get(destinationPort) : undefined;
    if (visitor && visitor.forward.guestPort === sourcePort && visitor.forward.guestAddress === source) {
      visitor.usedMs = this.link.nowMs();
      return visitor.socket.send(payload, visitor.remotePort, visitor.address, () => {});
    }
    const host = hostAddressOf(destination);
    if (host === undefined || destinationPort === 0) return;
    const flow = this.flowOf(source, sourcePort);
    flow.usedMs = this.link.nowMs();
    if (flow.peers.size >= PEERS_MAX && !flow.peers.has(host)) flow.peers.delete(flow.peers.values().next().value as string);
    flow.peers.add(host);
    flow.socket.send(payload, destinationPort, host, () => {});
  }

  /** Lets time pass. */
  tick(): void {
    const deadlineMs = this.link.nowMs() - IDLE_MS;
    for (const [key, flow] of this.flows) if (flow.usedMs < deadlineMs) this.endFlow(key, flow);
    for (const [key, visitor] of this.visitors) if (visitor.usedMs < deadlineMs) this.endVisitor(key, visitor);
  }

  /** Opens a port of the host. Rejects with the system's error; gives the port. */
  listen(forward: Forward): Promise<number> {
    const socket = createSocket(forward.hostAddress.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes, from) => this.fromVisitor(forward, socket, bytes, from));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: forward.hostAddress, port: forward.hostPort }, () => {
        socket.off('error', reject);
        socket.on('error', () => {});
        this.servers.push(socket);
        resolve(socket.address().port);
      });
    });
  }

  /** Ends all flows and closes the ports. */
  close(): void {
    for (const [key, flow] of this.flows) this.endFlow(key, flow);
    for (const [key, visitor] of this.visitors) this.endVisitor(key, visitor);
    for (const socket of this.servers.splice(0)) socket.close();
  }

  private flowOf(guestAddress: number, guestPort: number): Flow {
    const key = `${guestAddress}:${guestPort}`;
    const known = this.flows.get(key);
    if (known) return known;
    evictOldest(this.flows, (oldKey, flow) => this.endFlow(oldKey, flow));
    const socket = createSocket('udp4');
    const flow: Flow = { socket, peers: new Set(), usedMs: this.link.nowMs() };
    socket.on('message', (payload, from) => {
      const source = guestViewOf(from.address);
      if (source === undefined || !flow.peers.has(from.address) || payload.length > UDP_PAYLOAD_MAX) return;
      flow.usedMs = this.link.nowMs();
      this.link.send(encodeUdp({ source, sourcePort: from.port, destination: guestAddress, destinationPort: guestPort, payload }));
    });
    socket.on('error', () => this.endFlow(key, flow));
    this.flows.set(key, flow);
    return flow;
  }

  private endFlow(key: string, flow: Flow): void {
    if (this.flows.get(key) !== flow) return;
    this.flows.delete(key);
    flow.socket.close();
    this.link.changed();
  }

  private fromVisitor(forward: Forward, socket: Socket, payload: Uint8Array, from: { address: string; port: number }): void {
    if (payload.length > UDP_PAYLOAD_MAX) return;
    const key = `${from.address} ${from.port} ${forward.hostAddress} ${forward.guestPort}`;
    const visitor = this.visitors.get(key) ?? this.newVisitor(key, { forward, socket, address: from.address, remotePort: from.port });
    visitor.usedMs = this.link.nowMs();
    const { guestAddress, guestPort } = forward;
    const route = { source: GATEWAY, sourcePort: visitor.port, destination: guestAddress, destinationPort: guestPort };
    this.link.send(encodeUdp({ ...route, payload }));
  }

  private newVisitor(key: string, who: Omit<Visitor, 'port' | 'usedMs'>): Visitor {
    evictOldest(this.visitors, (oldKey, visitor) => this.endVisitor(oldKey, visitor));
    const port = this.ports.take((candidate) => this.visitorPorts.has(candidate));
    const visitor: Visitor = { ...who, port, usedMs: this.link.nowMs() };
    this.visitors.set(key, visitor);
    this.visitorPorts.set(port, visitor);
    return visitor;
  }

  private endVisitor(key: string, visitor: Visitor): void {
    this.visitors.delete(key);
    this.visitorPorts.delete(visitor.port);
    this.link.changed();
  }
}

/** Makes room for one more. */
function evictOldest<T extends { readonly usedMs: number }>(entries: ReadonlyMap<string, T>, end: (key: string, entry: T) => void): void {
  if (entries.size < FLOWS_MAX) return;
  const [key, entry] = [...entries].reduce((oldest, one) => (one[1].usedMs < oldest[1].usedMs ? one : oldest));
  end(key, entry);
}
