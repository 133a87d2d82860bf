/** A TCP connection of the guest and the host's socket that it is spliced to. */
import type { Socket } from 'node:net';
import { UNREACHABLE_HOST, UNREACHABLE_NETWORK } from './icmp.js';
import { TcpEndpoint, type TcpPorts, type TcpUser } from './tcp-endpoint.js';
import { RST, type TcpSegment } from './tcp-segment.js';

/** How long a finished connection still answers the guest's last segment when that comes again. */
const LINGER_MS = 5000;
const CONNECT_TIMEOUT_MS = 30_000;

/** What the guest is told instead of a reset when the host cannot connect. */
const UNREACHABLE_CODES: Readonly<Record<string, number>> = {
  ENETUNREACH: UNREACHABLE_NETWORK,
  EHOSTUNREACH: UNREACHABLE_HOST,
  EHOSTDOWN: UNREACHABLE_HOST,
  ETIMEDOUT: UNREACHABLE_HOST,
};

export interface ConnectionOwner {
  nowMs(): number;
  /** The connection may have something to send, or be over. */
  changed(connection: TcpConnection): void;
  /** The guest's call failed; `code`: of an ICMP message, absent for a reset. */
  refused(connection: TcpConnection, code: number | undefined): void;
}

/** The network's address, and the guest's. */
export interface Route {
  readonly source: number;
  readonly destination: number;
}

export class TcpConnection implements TcpUser {
  readonly key: string;
  readonly route: Route;
  private readonly socket: Socket;
  private readonly owner: ConnectionOwner;
  /** Absent while the host connects. */
  private endpoint: TcpEndpoint | undefined;
  private readonly startedMs: number;
  private finishedMs: number | undefined;
  private over = false;

  private constructor(key: string, route: Route, socket: Socket, owner: ConnectionOwner) {
    this.key = key;
    this.route = route;
    this.socket = socket;
    this.owner = owner;
    this.startedMs = owner.nowMs();
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.fromHost(bytes));
    socket.on('end', () => this.hostEnded());
    socket.on('error', (error) => this.hostFailed(error));
    socket.on('close', () => this.hostClosed());
  }

  /** The guest calls with `syn`, which is answered as soon as the host's socket is connected. */
  static fromGuest(key: string, route: Route, socket: Socket, owner: ConnectionOwner, syn: TcpSegment, sequence: number): TcpConnection {
    const connection = new TcpConnection(key, route, socket, owner);
    socket.once('connect', () => {
      if (connection.over) return;
      connection.endpoint = TcpEndpoint.accept(syn, connection, sequence);
      owner.changed(connection);
    });
    return connection;
  }

  /** Someone on the host's side has connected: calls the guest. */
  static fromHost(key: string, route: Route, socket: Socket, owner: ConnectionOwner, ports: TcpPorts, sequence: number): TcpConnection {
    const connection = new TcpConnection(key, route, socket, owner);
    connection.endpoint = TcpEndpoint.connect(ports, connection, sequence);
    return connection;
  }

  get ready(): boolean {
    return this.endpoint?.ready ?? false;
  }

  /** Nothing more is to be expected from it but the answer to a late segment. */
  get finished(): boolean {
    return this.over || (this.endpoint?.finished ?? false);
  }

  /** It can be forgotten. */
  get dead(): boolean {
    return this.endpoint ? this.endpoint.dead : this.over;
  }

  next(nowMs: number, maxBytes: number): TcpSegment | undefined {
    return this.endpoint?.next(nowMs, maxBytes);
  }

  receive(segment: TcpSegment, nowMs: number): void {
    if (this.endpoint) this.endpoint.receive(segment, nowMs);
    // The guest does not wait any more; repeated calls are no news.
    else if (segment.flags & RST) this.close();
  }

  /** Lets time pass. False: to be forgotten. */
  tick(nowMs: number): boolean {
    if (!this.endpoint) {
      if (!this.over && nowMs - this.startedMs > CONNECT_TIMEOUT_MS) this.refuse(UNREACHABLE_HOST);
      return !this.over;
    }
    this.endpoint.tick(nowMs);
    if (this.endpoint.finished) this.finishedMs ??= nowMs;
    return !this.dead && (this.finishedMs === undefined || nowMs - this.finishedMs < LINGER_MS);
  }

  /** Ends both sides at once. */
  close(): void {
    this.over = true;
    this.endpoint?.abort();
    this.resetSocket();
  }

  // What the endpoint tells:

  established(): void {}

  data(bytes: Uint8Array): void {
    // All that comes in one go, while the guest runs, is one system call.
    if (this.socket.writableCorked === 0) {
      this.socket.cork();
      process.nextTick(() => this.socket.uncork());
    }
    this.socket.write(bytes, () => {
      this.endpoint?.consumed(bytes.length);
      this.owner.changed(this);
    });
  }

  ended(): void {
    this.socket.end();
  }

  drained(): void {
    if (this.socket.isPaused() && !this.endpoint?.full) this.socket.resume();
  }

  aborted(): void {
    this.over = true;
    this.resetSocket();
  }

  // What the host's socket tells:

  private fromHost(bytes: Uint8Array): void {
    if (!this.endpoint) return;
    this.endpoint.write(bytes);
    if (this.endpoint.full) this.socket.pause();
    this.owner.changed(this);
  }

  private hostEnded(): void {
    this.endpoint?.end();
    this.owner.changed(this);
  }

  private hostFailed(error: NodeJS.ErrnoException): void {
    if (this.over) return;
    if (!this.endpoint) return this.refuse(UNREACHABLE_CODES[error.code ?? '']);
    if (this.endpoint.finished) return;
    this.over = true;
    this.endpoint.abort();
    this.owner.changed(this);
  }

  private hostClosed(): void {
    if (this.over || this.socket.readableEnded) return;
    this.hostFailed(new Error('closed'));
  }

  private refuse(code: number | undefined): void {
    this.over = true;
    this.socket.destroy();
    this.owner.refused(this, code);
  }

  private resetSocket(): void {
    if (this.socket.connecting) this.socket.destroy();
    else if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }
}
