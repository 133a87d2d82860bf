import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePacket, PACKET_SIZE } from '../../gdbstub/packet.js';
import { FAKE_BASE, FakeTarget } from '../support/fake-target.js';
import { framePacket, WireClient } from '../support/gdb-client.js';

const test = suite('gdb session');

/** A machine that runs in a circle. */
function bench(options: { harts?: number; canReverse?: boolean } = { canReverse: false }) {
  const target = new FakeTarget(options);
  target.program.set(FAKE_BASE + 8n, { jump: FAKE_BASE });
  return { target, client: new WireClient(target) };
}

const idle = () => new Promise((resolve) => setImmediate(resolve));

test('packets are acknowledged before they are answered', () => {
  const { client } = bench();
  client.send('qC');
  assert.equal(client.items, ['+', 'QC1']);
});

test('a damaged packet is asked for again, and not executed', () => {
  const { client } = bench();
  client.raw('$qC#00');
  assert.equal(client.items, ['-']);
  client.send('qC');
  assert.equal(client.items, ['-', '+', 'QC1']);
});

test('the last answer is sent again when asked for', () => {
  const { client } = bench();
  client.raw('-');
  assert.equal(client.items, []);
  client.send('qC');
  client.raw('--');
  assert.equal(client.takePackets(), ['QC1', 'QC1', 'QC1']);
});

test('after QStartNoAckMode there are neither acknowledgments nor checks', () => {
  const { client } = bench();
  client.send('QStartNoAckMode');
  client.raw('+$qC#00-');
  assert.equal(client.items, ['+', 'OK', 'QC1']);
});

test('a packet that is too long is an error, and not asked for again', async () => {
  const { client } = bench();
  client.send('X'.repeat(PACKET_SIZE + 1));
  assert.equal(client.items, ['+', 'E16']);
});

test('many packets in one segment are answered in order', () => {
  const { client } = bench();
  client.session.receive(Buffer.concat(['qC', 'p5', 'vMustReplyEmpty', 'qAttached'].map(framePacket)));
  assert.equal(client.takePackets(), ['QC1', '0000000000000000', '', '1']);
});

test('the interrupt byte stops a running machine, also in the segment of the packet that started it', async () => {
  const { client, target } = bench();
  client.session.receive(Buffer.concat([framePacket('c'), Buffer.from('\x03')]));
  assert.match(await client.packet(), /^T02thread:1;/);
  assert.not(target.isRunning);
});

test('vCtrlC stops a running machine and is answered first', async () => {
  const { client } = bench();
  client.send('c');
  client.send('vCtrlC');
  assert.is(await client.packet(), 'OK');
  assert.match(await client.packet(), /^T02/);
});

test('an interrupt while the machine stands still does nothing', async () => {
  const { client, target } = bench();
  client.raw('\x03');
  await client.ask('qC');
  client.raw('\x03');
  await idle();
  assert.equal([client.items, target.calls], [[], []]);
});

test('packets that come while the machine runs are answered when it stands still', async () => {
  const { client } = bench();
  client.send('c');
  client.send('qC');
  await idle();
  assert.equal(client.takePackets(), []);
  client.raw('\x03');
  assert.match(await client.packet(), /^T02/);
  assert.is(await client.packet(), 'QC1');
});

test('who floods a running machine with packets is thrown out', () => {
  const { client } = bench();
  client.send('c');
  for (let i = 0; i < 20 && !client.closedFor; i++) client.send(`X0,0:${'x'.repeat(100_000)}`);
  assert.match(client.closedFor ?? '', 'while the machine runs');
  client.session.end();
});

test('a client that does not read gets no more answers until it does', () => {
  const { client } = bench();
  client.unsentBytes = 10_000_000;
  client.send('qC');
  assert.ok(client.session.isBlocked);
  assert.equal(client.takePackets(), []);
  client.unsentBytes = 0;
  client.session.drained();
  assert.equal(client.takePackets(), ['QC1']);
});

test('console text that comes while the machine stands still waits for the next run', async () => {
  const { client, target } = bench();
  await client.ask('qC');
  target.onOutput?.('before\n');
  assert.equal(client.items, []);
  client.send('c');
  target.onOutput?.('während\n');
  client.raw('\x03');
  assert.is(Buffer.from((await client.packet()).slice(1), 'hex').toString(), 'before\n');
  assert.is(Buffer.from((await client.packet()).slice(1), 'hex').toString(), 'während\n');
  assert.match(await client.packet(), /^T02/);
});

test('console text is dropped when nobody reads it', async () => {
  const { client, target } = bench();
  client.send('c');
  client.unsentBytes = 1_000_000;
  for (let i = 0; i < 1000; i++) target.onOutput?.('x'.repeat(10_000));
  assert.equal(client.takePackets(), []);
  client.session.end();
  target.interrupt();
});

test('a long command is given up on ^C', async () => {
  const { client } = bench();
  client.send(`qRcmd,${Buffer.from('slow').toString('hex')}`);
  await idle();
  client.raw('\x03');
  const { reply, console } = await client.askWithConsole('qC');
  assert.equal([console, reply], ['given up\n', 'OK']);
  assert.is(await client.packet(), 'QC1');
});

test('a long search is given up on ^C', async () => {
  const { client, target } = bench();
  target.readMemory = (_hart, _address, length) => new Uint8Array(length);
  client.send('qSearch:memory:0;ffffffffffff;x');
  client.raw('\x03');
  assert.is(await client.packet(), 'E04');
});

test('a machine that runs is stopped by the first packet, not by the connection', async () => {
  const { target } = bench();
  target.resume({ action: { kind: 'continue' }, direction: 'forward', harts: -1 });
  const client = new WireClient(target);
  client.raw('+\x03');
  assert.equal(target.calls, []);
  assert.match(await client.ask('?'), /^T02thread:1;/);
  assert.not(target.isRunning);
});

test('a client that is gone leaves no breakpoints, and the machine running if it ran', async () => {
  const { client, target } = bench();
  await client.ask(`Z0,${(FAKE_BASE + 0x100n).toString(16)},4`);
  client.send('c');
  assert.is(target.breakpoints.length, 1);
  client.session.end();
  assert.is(target.breakpoints.length, 0);
  assert.ok(target.isRunning);
  const next = new WireClient(target);
  assert.match(await next.ask('?'), /^T02/);
});

test('a client that is gone leaves the machine stopped if it was stopped', async () => {
  const { client, target } = bench();
  await client.ask('s');
  client.session.end();
  await idle();
  assert.not(target.isRunning);
  const next = new WireClient(target);
  assert.match(await next.ask('?'), /^T05thread:1;20:0400/);
});

test('D lets the machine go on alone; the next packet takes it over again', async () => {
  const { client, target } = bench();
  await client.ask('?');
  assert.is(await client.ask('D'), 'OK');
  assert.ok(target.isRunning);
  assert.match(await client.ask('?'), /^T02/);
});

test('an error inside of the machine is an error reply', async () => {
  const { client, target } = bench();
  target.readRegister = () => {
    throw new Error('broken');
  };
  target.resume = () => {
    throw new Error('broken');
  };
  assert.equal([await client.ask('g'), await client.ask('c'), await client.ask('qC')], ['E16', 'E16', 'QC1']);
});

test('what comes after the end is ignored', async () => {
  const { client, target } = bench();
  await client.ask('?');
  client.session.end();
  client.session.end();
  client.session.receive(encodePacket('c'));
  assert.equal([client.items, target.isRunning], [[], false]);
});

test.run();
