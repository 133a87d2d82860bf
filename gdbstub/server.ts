/**
 * Listens for debuggers: TCP or a Unix socket. One at a time; a second one is told so and sent away. When one is gone the next may come.
 */
import { rmSync, statSync } from 'node:fs';
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { ConfigError, describeSystemError } from '../lib/util/errors.js';
import { encodePacket, PacketReader } from './packet.js';
import { type Connection, Session } from './session.js';
import type { DebugTarget } from './target.js';

export type GdbAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export const DEFAULT_GDB_ADDRESS: GdbAddress = { host: '127.0.0.1', port: 1234 };

/** Reads `PORT`, `HOST:PORT`, `[IPV6]:PORT`, `tcp::PORT` (QEMU's way), `unix:PATH`, or a path that begins with `/`, `./` or `../`. Throws `ConfigError`. */
export function parseGdbAddress(text: string): GdbAddress {
  if (text === '') return DEFAULT_GDB_ADDRESS;
  const path = /^unix:(.+)$/s.exec(text)?.[1] ?? (/^\.{0,2}\//.test(text) ? text : undefined);
  if (path !== undefined) return { path };
  const [, ipv6, name, digits] = /^(?:tcp:)?(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535 || (ipv6 !== undefined && isIP(ipv6) !== 6))
    throw new ConfigError(`--gdb ${text}: neither PORT, HOST:PORT, [IPV6]:PORT nor a path`);
  return { host: ipv6 || name || '127.0.0.1', port };
}

export interface GdbServer {
  /** As it is printed: `127.0.0.1:1234`, `[::1]:1234`, or the path. */
  readonly address: string;
  /** Whether a debugger is connected. */
  readonly isConnected: boolean;
  /** Ends the connection and stops listening. */
  close(): Promise<void>;
}

/** How long a second client may take to say something before it is sent away. */
const REFUSAL_MS = 2000;
/** After which a vanished host is noticed (and a few probes later given up). */
const KEEP_ALIVE_MS = 15_000;
const REFUSAL = 'another debugger is connected';

/** Starts to listen. Throws `ConfigError` where that is not possible. */
export async function startGdbServer(target: DebugTarget, address: GdbAddress): Promise<GdbServer> {
  const sockets = new Set<Socket>();
  let current: Socket | undefined;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (current) return refuse(socket);
    current = socket;
    serve(socket, target, () => {
      current = undefined;
    });
  });
  if ('path' in address) await removeStale(address.path);
  await listen(server, address);
  return {
    address: addressOf(server, address),
    get isConnected() {
      return current !== undefined;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Removes the socket that a server left behind when it was killed: nobody answers there. */
function removeStale(path: string): Promise<void> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve();
  return new Promise((resolve) => {
    const probe = connect(path);
    const done = () => {
      probe.destroy();
      resolve();
    };
    probe.on('connect', done);
    probe.on('error', (error) => {
      if ((error as { code?: string }).code === 'ECONNREFUSED') rmSync(path, { force: true });
      done();
    });
  });
}

function listen(server: Server, address: GdbAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
      reject(new ConfigError(`gdb: cannot listen on ${where}: ${describeListenError(error)}`));
    });
    server.listen(address, resolve);
  });
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'unknown host',
};

const describeListenError = (error: Error): string => LISTEN_ERRORS[(error as { code?: string }).code ?? ''] ?? describeSystemError(error);

function addressOf(server: Server, address: GdbAddress): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return 'path' in address ? address.path : '';
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

function serve(socket: Socket, target: DebugTarget, done: () => void): void {
  const connection: Connection = {
    write: (bytes) => {
      if (!socket.destroyed && socket.writable) socket.write(bytes);
    },
    get unsentBytes() {
      return socket.writableLength;
    },
    close: () => socket.destroy(),
  };
  const session = new Session(target, connection);
  socket.on('data', (bytes) => {
    session.receive(bytes);
    if (session.isBlocked) socket.pause();
  });
  socket.on('drain', () => {
    session.drained();
    if (!session.isBlocked) socket.resume();
  });
  // The client may have gone without a word; `close` follows.
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    session.end();
    done();
  });
}

/** Tells a second client why, in answer to its first packet, which is when GDB listens. */
function refuse(socket: Socket): void {
  const reader = new PacketReader();
  const timer = setTimeout(() => socket.destroy(), REFUSAL_MS);
  socket.on('error', () => undefined);
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (bytes) => {
    let asked = false;
    reader.feed(
      bytes,
      ({ kind }) => {
        asked ||= kind === 'packet';
      },
      { checks: () => true },
    );
    if (asked && socket.writable) socket.end(Buffer.concat([Buffer.from('+'), encodePacket(`E.${REFUSAL}`)]));
  });
}
