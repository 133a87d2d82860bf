/** A guest's network stack of the simplest kind, at the other end of a `UserNetwork`: enough of IP, UDP and TCP to talk to it. */
import { GATEWAY, GUEST, MAC_GATEWAY, MAC_GUEST } from '../../lib/net/address.js';
import { decodeEthernet, ETHERTYPE_IPV4, encodeEthernet } from '../../lib/net/ethernet.js';
import { decodeIpv4, encodeIpv4, type IpPacket, PROTOCOL_TCP, PROTOCOL_UDP } from '../../lib/net/ipv4.js';
import { ACK, decodeTcp, encodeTcp, FIN, lengthOf, RST, resetFor, SYN, type TcpSegment } from '../../lib/net/tcp-segment.js';
import { type Datagram, decodeUdp, encodeUdp } from '../../lib/net/udp.js';
import type { UserNetwork } from '../../lib/net/user-network.js';
import { FRAME_BYTES_MAX, LARGE_FRAME_BYTES_MAX } from '../../lib/util/frames.js';

const EMPTY = new Uint8Array(0);
const RETRY_MS = 100;
const WINDOW_BYTES = 60_000;
const before = (a: number, b: number) => ((a - b) | 0) < 0;

/** A TCP connection: goes back to the first unacknowledged byte when nothing moves, and keeps what comes out of order. */
export class GuestSocket {
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  established = false;
  ended = false;
  wasReset = false;
  /** What the guest still takes; 0 closes the window. */
  windowBytes = WINDOW_BYTES;
  private expected = 0;
  private unacknowledged = 1000;
  private next = 1000;
  private peerWindow = 0;
  private peerScale = 0;
  private unsent: Uint8Array = EMPTY;
  private finishing = false;
  private finished = false;
  private moved = true;
  private readonly early = new Map<number, TcpSegment>();
  private readonly timer: NodeJS.Timeout;
  private readonly transmit: (segment: TcpSegment) => void;
  private readonly segmentBytes: number;
  readonly ports: { readonly sourcePort: number; readonly destinationPort: number };

  /** `segmentBytes`: what it sends at once; more than 1460 are large segments (lib/util/frames.ts). */
  constructor(transmit: (segment: TcpSegment) => void, ports: { sourcePort: number; destinationPort: number }, segmentBytes = 1460) {
    this.transmit = transmit;
    this.segmentBytes = segmentBytes;
    this.ports = ports;
    this.timer = setInterval(() => this.retry(), RETRY_MS);
  }

  call(): void {
    this.segment(SYN, this.unacknowledged, EMPTY);
    this.next = this.unacknowledged + 1;
  }

  answer(syn: TcpSegment): void {
    this.expected = (syn.sequence + 1) >>> 0;
    this.peerScale = syn.windowScale ?? 0;
    this.segment(SYN | ACK, this.unacknowledged, EMPTY);
    this.next = this.unacknowledged + 1;
  }

  write(bytes: Uint8Array): void {
    this.unsent = Buffer.concat([this.unsent, bytes]);
    this.flush();
  }

  end(): void {
    this.finishing = true;
    this.flush();
  }

  reset(): void {
    this.segment(RST | ACK, this.next, EMPTY);
    this.close();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Tells the network of a window that has changed. */
  update(): void {
    this.segment(ACK, this.next, EMPTY);
  }

  receive(segment: TcpSegment): void {
    if (segment.flags & RST) {
      this.wasReset = true;
      return this.close();
    }
    if (segment.flags & SYN) {
      this.expected = (segment.sequence + 1) >>> 0;
      this.peerScale = segment.windowScale ?? 0;
    }
    if (segment.flags & ACK) this.acknowledge(segment);
    this.peerWindow = segment.flags & SYN ? segment.window : segment.window << this.peerScale;
    if (segment.flags & SYN) this.update();
    else this.take(segment);
    this.flush();
  }

  private acknowledge({ acknowledgment }: TcpSegment): void {
    if (!before(this.unacknowledged, acknowledgment)) return;
    let count = (acknowledgment - this.unacknowledged) >>> 0;
    this.moved = true;
    this.unacknowledged = acknowledgment;
    if (!this.established) {
      this.established = true;
      count--;
    }
    this.unsent = this.unsent.subarray(Math.min(count, this.unsent.length));
    if (before(this.next, acknowledgment)) this.next = acknowledgment;
    if (this.finishing && this.unsent.length === 0) this.finished = acknowledgment === this.next;
  }

  private take(segment: TcpSegment): void {
    if (lengthOf(segment) === 0) return;
    if (segment.payload.length <= this.windowBytes && !before(segment.sequence, this.expected)) this.early.set(segment.sequence, segment);
    for (let next = this.early.get(this.expected); next; next = this.early.get(this.expected)) {
      this.early.delete(this.expected);
      this.expected = (this.expected + lengthOf(next)) >>> 0;
      if (next.payload.length > 0) this.received.push(next.payload.slice());
      this.receivedBytes += next.payload.length;
      if (next.flags & FIN) this.ended = true;
    }
    this.update();
  }

  private flush(): void {
    if (!this.established) return;
    for (;;) {
      const offset = (this.next - this.unacknowledged) >>> 0;
      const payload = this.unsent.subarray(offset, Math.min(offset + this.segmentBytes, this.peerWindow));
      const isLast = offset + payload.length === this.unsent.length;
      const fin = this.finishing && isLast && offset <= this.unsent.length && !this.finished;
      if (payload.length === 0 && !fin) return;
      this.segment(fin ? ACK | FIN : ACK, this.next, payload);
      this.next = (this.next + payload.length + (fin ? 1 : 0)) >>> 0;
    }
  }

  private retry(): void {
    if (!this.moved && this.established && this.next !== this.unacknowledged) {
      this.next = this.unacknowledged;
      this.flush();
    }
    this.moved = false;
  }

  private segment(flags: number, sequence: number, payload: Uint8Array): void {
    const options = flags & SYN ? { mss: 1460, windowScale: 0 } : {};
    const acknowledgment = flags & ACK ? this.expected : 0;
    this.transmit({ ...this.ports, sequence, acknowledgment, flags, window: this.windowBytes, payload, ...options });
  }
}

export class NetGuest {
  readonly datagrams: Datagram[] = [];
  readonly others: IpPacket[] = [];
  readonly frames: Uint8Array[] = [];
  readonly sockets: GuestSocket[] = [];
  private readonly network: UserNetwork;
  private readonly loses: () => boolean;
  private readonly large: boolean;
  private readonly listeners = new Map<number, (socket: GuestSocket) => void>();
  private scheduled = false;
  private nextPort = 40000;
  /** Takes no frames while set. */
  paused = false;

  /** `large`: takes and sends large segments. */
  constructor(network: UserNetwork, options: { loses?: () => boolean; large?: boolean } = {}) {
    this.network = network;
    this.loses = options.loses ?? (() => false);
    this.large = options.large ?? false;
    network.onChange = () => this.wake();
  }

  /** Takes frames soon. */
  wake(): void {
    if (this.scheduled || this.paused) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const frame of this.network.take(16, this.large ? LARGE_FRAME_BYTES_MAX : FRAME_BYTES_MAX))
        if (!this.loses()) this.receive(frame);
      if (this.network.waiting > 0) this.wake();
    });
  }

  sendIp(packet: IpPacket): void {
    const payload = encodeIpv4(packet, 7);
    this.network.send(encodeEthernet({ destination: MAC_GATEWAY, source: MAC_GUEST, type: ETHERTYPE_IPV4, payload }));
    this.wake();
  }

  sendUdp(datagram: Pick<Datagram, 'sourcePort' | 'destinationPort' | 'payload'> & Partial<Datagram>): void {
    this.sendIp(encodeUdp({ source: GUEST, destination: GATEWAY, ...datagram }));
  }

  connect(destinationPort: number, destination: number = GATEWAY): GuestSocket {
    const socket = this.open(destination, { sourcePort: this.nextPort++, destinationPort });
    socket.call();
    return socket;
  }

  listen(port: number, handler: (socket: GuestSocket) => void): void {
    this.listeners.set(port, handler);
  }

  /** Knows of no connection any more, as after a reset of the machine. */
  forget(): void {
    for (const socket of this.sockets.splice(0)) socket.close();
  }

  close(): void {
    this.forget();
    this.network.close();
  }

  private open(destination: number, ports: { sourcePort: number; destinationPort: number }): GuestSocket {
    const route = { source: GUEST, destination };
    const socket = new GuestSocket((segment) => this.sendIp(encodeTcp(segment, route)), ports, this.large ? 40_000 : 1460);
    this.sockets.push(socket);
    return socket;
  }

  private receive(bytes: Uint8Array): void {
    this.frames.push(bytes);
    const frame = decodeEthernet(bytes);
    const packet = frame?.type === ETHERTYPE_IPV4 ? decodeIpv4(frame.payload) : undefined;
    if (!packet) return;
    const datagram = packet.protocol === PROTOCOL_UDP ? decodeUdp(packet) : undefined;
    if (datagram) this.datagrams.push(datagram);
    else if (packet.protocol === PROTOCOL_TCP) this.receiveTcp(packet);
    else this.others.push(packet);
  }

  private receiveTcp(packet: IpPacket): void {
    const segment = decodeTcp(packet);
    if (!segment) throw new Error('the network sent a bad segment');
    const { sourcePort, destinationPort } = segment;
    const known = this.sockets.findLast(({ ports }) => ports.sourcePort === destinationPort && ports.destinationPort === sourcePort);
    if (known) return known.receive(segment);
    const handler = this.listeners.get(destinationPort);
    if (!handler) {
      const reset = resetFor(segment);
      if (reset) this.sendIp(encodeTcp(reset, { source: GUEST, destination: packet.source }));
      return;
    }
    const socket = this.open(packet.source, { sourcePort: destinationPort, destinationPort: sourcePort });
    socket.answer(segment);
    handler(socket);
  }
}

/** Waits until `condition` holds; rejects after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
