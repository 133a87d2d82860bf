import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GdbAddress, type GdbServer, parseGdbAddress, startGdbServer } from '../../gdbstub/server.js';
import { ConfigError } from '../../lib/util/errors.js';
import { FAKE_BASE, FAKE_BYTES, FakeTarget } from '../support/fake-target.js';
import { withFolder } from '../support/files.js';
import { framePacket, splitWire } from '../support/gdb-client.js';

// What is kept counts, not what waits to be collected.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const test = suite('gdb server');

/** A client over a socket. */
class Client {
  readonly socket: Socket;
  readonly items: string[] = [];
  closed = false;
  private wire = Buffer.alloc(0);
  private wakeUp: () => void = () => undefined;

  constructor(address: string | { host: string; port: number }) {
    this.socket = typeof address === 'string' ? connect(address) : connect(address);
    this.socket.on('data', (bytes) => {
      const { items, rest } = splitWire(Buffer.concat([this.wire, bytes]));
      this.wire = Buffer.from(rest);
      this.items.push(...items);
      this.wakeUp();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      this.wakeUp();
    });
  }

  /** The next packet; undefined when the connection ended. */
  async packet(): Promise<string | undefined> {
    for (;;) {
      const index = this.items.findIndex((item) => item !== '+');
      if (index >= 0) return this.items.splice(0, index + 1)[index];
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
    }
  }

  ask(payload: string): Promise<string | undefined> {
    this.socket.write(framePacket(payload));
    return this.packet();
  }

  async gone(): Promise<void> {
    while (!this.closed)
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
  }
}

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function withServer(
  body: (bench: { target: FakeTarget; server: GdbServer; dial: () => Client }) => Promise<void>,
  address: GdbAddress = LOOPBACK,
): Promise<void> {
  const target = new FakeTarget({ canReverse: false });
  target.program.set(FAKE_BASE + 8n, { jump: FAKE_BASE });
  const server = await startGdbServer(target, address);
  const clients: Client[] = [];
  const dial = () => {
    const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(server.address) ?? [];
    const client = new Client('path' in address ? address.path : { host: host!, port: Number(port) });
    clients.push(client);
    return client;
  };
  try {
    await body({ target, server, dial });
  } finally {
    for (const { socket } of clients) socket.destroy();
    target.interrupt();
    await server.close();
  }
}

// biome-ignore format: a table
const ADDRESSES: readonly [string, GdbAddress][] = [
  ['',                { host: '127.0.0.1', port: 1234 }],
  ['4321',            { host: '127.0.0.1', port: 4321 }],
  [':0',              { host: '127.0.0.1', port: 0 }],
  ['tcp::1234',       { host: '127.0.0.1', port: 1234 }],
  ['localhost:99',    { host: 'localhost', port: 99 }],
  ['0.0.0.0:65535',   { host: '0.0.0.0', port: 65535 }],
  ['[::1]:1234',      { host: '::1', port: 1234 }],
  ['/run/gdb.sock',   { path: '/run/gdb.sock' }],
  ['./gdb.sock',      { path: './gdb.sock' }],
  ['unix:gdb.sock',   { path: 'gdb.sock' }],
];

for (const [text, address] of ADDRESSES) test(`--gdb '${text}' is an address`, () => assert.equal(parseGdbAddress(text), address));

for (const text of ['x', '65536', 'host:', '::1:1234', '[1.2.3.4]:5', '[::1]', '1:2:3', '-1'])
  test(`--gdb ${text} is none`, () =>
    assert.throws(
      () => parseGdbAddress(text),
      (error: unknown) => error instanceof ConfigError && error.message.includes(text),
    ));

test('port 0 is a free port, and the address is said', () =>
  withServer(async ({ server, dial }) => {
    assert.match(server.address, /^127\.0\.0\.1:[1-9]\d+$/);
    assert.not(server.isConnected);
    assert.is(await dial().ask('qC'), 'QC1');
    assert.ok(server.isConnected);
  }));

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family, internal }) => family === 'IPv6' && internal));

test('IPv6', async () => {
  if (!hasIpv6) return console.error('SKIPPED: gdb over IPv6: no ::1 here');
  await withServer(
    async ({ server, dial }) => {
      assert.match(server.address, /^\[::1\]:\d+$/);
      assert.is(await dial().ask('qC'), 'QC1');
    },
    { host: '::1', port: 0 },
  );
});

test('a Unix socket, also where a dead server left one behind', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'gdb.sock');
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    assert.ok(existsSync(path));
    await withServer(async ({ dial }) => assert.is(await dial().ask('qC'), 'QC1'), { path });
    assert.not.ok(existsSync(path));
    await withServer(
      async () => {
        const message = await startGdbServer(new FakeTarget(), { path }).catch((error: unknown) => (error as Error).message);
        assert.is(message, `gdb: cannot listen on ${path}: the address is in use`);
      },
      { path },
    );
  }));

test('an address in use is an error of one line', () =>
  withServer(async ({ server }) => {
    const port = Number(server.address.split(':')[1]);
    const message = await startGdbServer(new FakeTarget(), { host: '127.0.0.1', port }).catch((error: unknown) => (error as Error).message);
    assert.is(message, `gdb: cannot listen on 127.0.0.1:${port}: the address is in use`);
  }));

test('a second client is told why it is sent away, and the first is not disturbed', () =>
  withServer(async ({ dial }) => {
    const first = dial();
    assert.is(await first.ask('qC'), 'QC1');
    const second = dial();
    assert.is(await second.ask('qSupported:multiprocess+'), 'E.another debugger is connected');
    await second.gone();
    assert.is(await first.ask('qC'), 'QC1');
  }));

test('after a client is gone the next finds the machine as it was left', () =>
  withServer(async ({ target, dial }) => {
    const first = dial();
    await first.ask('s');
    first.socket.destroy();
    await first.gone();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.not(target.isRunning);
    const second = dial();
    assert.match((await second.ask('?')) ?? '', /^T05thread:1;20:0400/);
    second.socket.write(Buffer.concat([framePacket('c')]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    second.socket.destroy();
    await second.gone();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(target.isRunning);
    assert.match((await dial().ask('?')) ?? '', /^T02/);
  }));

test('a client that asks and asks and never reads costs little memory, and goes on when it reads', () =>
  withServer(async ({ dial, target }) => {
    // Without runs: nothing to shorten.
    for (let at = 0; at < FAKE_BYTES; at++) target.memory[at] = at * 37;
    const client = dial();
    await client.ask('QStartNoAckMode');
    client.socket.pause();
    const request = framePacket(`m${FAKE_BASE.toString(16)},8000`);
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    // 600 answers of 64 KiB each.
    for (let i = 0; i < 600; i++) client.socket.write(request);
    await new Promise((resolve) => setTimeout(resolve, 200));
    collectGarbage();
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 12 * 1024 * 1024, `${grown} bytes more`);
    client.socket.resume();
    for (let i = 0; i < 600; i++) assert.is((await client.packet())?.length, 0x10000);
  }));

test('a port scanner does not stop the machine', () =>
  withServer(async ({ target, dial }) => {
    target.resume({ action: { kind: 'continue' }, direction: 'forward', harts: -1 });
    const scanner = dial();
    scanner.socket.write('GET / HTTP/1.0\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(target.isRunning);
  }));

test.run();
