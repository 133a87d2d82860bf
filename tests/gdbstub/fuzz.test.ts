/**
 * Nothing that a client sends ends the process, hangs it or lets memory grow: random packets, mutated ones and plain noise, cut anywhere.
 * FUZZ_PACKETS and FUZZ_SEED make it longer or other.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../gdbstub/commands.js';
import { type Connection, Session } from '../../gdbstub/session.js';
import { FAKE_BASE, FakeTarget } from '../support/fake-target.js';
import { framePacket, WireClient } from '../support/gdb-client.js';
import { randomSource } from '../support/random.js';

const test = suite('gdb fuzz');

const PACKETS = Number(process.env.FUZZ_PACKETS ?? 60_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

const A = FAKE_BASE.toString(16);
/** Packets that mean something, to be spoiled. */
const GOOD = [
  ...COMMANDS.map(({ name }) => name),
  'qSupported:multiprocess+;swbreak+;hwbreak+;error-message+',
  ...['g', 'p20', 'P5=0011223344556677', `G${'00'.repeat(264)}`, 'Hgp1.2', 'Hc-1', 'Tp1.1', 'qThreadExtraInfo,1', 'qThreadStopInfo2'],
  ...[
    `m${A},100`,
    `M${A},4:00112233`,
    `X${A},4:abcd`,
    `x${A},10`,
    `qCRC:${A},1000`,
    `qSearch:memory:${A};8000;abc`,
    `qMemoryRegionInfo:${A}`,
  ],
  ...[
    `Z0,${A},4`,
    `z0,${A},4`,
    `Z1,${A},4;X7,26000a22031327`,
    `Z0,${A},4;cmds:0,Xb,220022003400000200412700`,
    `Z2,${A},8`,
    `Z3,${A},1`,
    `Z4,${A},4;X3,220127`,
  ],
  ...['c', 's', `c${A}`, 'C05', 'S05;0', 'vCont;c', 'vCont;s:1;c', `vCont;r${A},${A}:1`, 'bs', 'bc', 'D', 'vRun;', 'R00'],
  ...[
    'qXfer:features:read:target.xml:0,fff',
    'qXfer:osdata:read:harts:0,fff',
    'qXfer:threads:read::0,fff',
    'qRegisterInfo1',
    'jThreadsInfo',
  ],
  ...[
    'qRcmd,68656c70',
    'Qqemu.sstep=7',
    'Qqemu.PhyMemMode:1',
    'Qqemu.PhyMemMode:0',
    'QRestoreRegisterState:1',
    'QThreadSuffixSupported',
    'p1;thread:2;',
  ],
];
const PIECES = [
  ',',
  ':',
  ';',
  '=',
  '-1',
  'p1.',
  'ffffffffffffffff',
  '0',
  'X',
  'thread:',
  '}',
  '*',
  '$',
  '#',
  '\x03',
  '\0',
  '\xff',
  A,
  'cmds:0,',
  '8000000000000000',
];

/** Swallows what comes, as a client that reads at once. */
class Sink implements Connection {
  readonly unsentBytes = 0;
  closed = false;
  bytes = 0;

  write(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }

  close(): void {
    this.closed = true;
  }
}

class Noise {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = randomSource(seed);
  }

  below(limit: number): number {
    return this.random() % limit;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  text(): string {
    return Buffer.from(Array.from({ length: this.below(40) }, () => this.below(256))).toString('latin1');
  }

  private mutated(): string {
    let text = this.pick(GOOD);
    for (let count = this.below(4); count > 0; count--) {
      const at = this.below(text.length + 1);
      const piece = this.below(3) ? this.pick(PIECES) : this.text();
      text = text.slice(0, at) + piece + text.slice(at + this.below(4));
    }
    return text;
  }

  /** One packet, damaged framing or noise. */
  bytes(): Buffer {
    const kind = this.below(20);
    if (kind === 0) return Buffer.from(this.text(), 'latin1');
    const packet = framePacket(kind < 4 ? this.text() : this.mutated());
    if (kind === 5) packet[this.below(packet.length)] = this.below(256);
    return kind === 6 ? Buffer.concat([packet, Buffer.from('\x03')]) : packet;
  }
}

function machine(): FakeTarget {
  const target = new FakeTarget({ harts: 2, canReverse: false, sliceTicks: 50 });
  target.program.set(FAKE_BASE + 0x40n, { jump: FAKE_BASE });
  target.program.set(FAKE_BASE + 0x1040n, { jump: FAKE_BASE + 0x1000n });
  target.program.set(FAKE_BASE + 0x20n, { increment: { address: FAKE_BASE + 0x8000n, bytes: 8 } });
  return target;
}

const idle = () => new Promise((resolve) => setImmediate(resolve));

/** Whether a new client finds the machine answering. */
async function answers(target: FakeTarget): Promise<void> {
  const client = new WireClient(target);
  client.send('QStartNoAckMode');
  for (let i = 0; i < 100 && !client.items.includes('OK'); i++) await idle();
  assert.ok(client.items.includes('OK'), 'no answer');
  client.session.end();
}

test(`${PACKETS} packets of nonsense, cut anywhere`, async () => {
  const noise = new Noise(SEED);
  const target = machine();
  let sink = new Sink();
  let session = new Session(target, sink);
  const before = process.memoryUsage();
  for (let sent = 0; sent < PACKETS; ) {
    const batch: Buffer[] = [];
    for (let i = noise.below(20); i >= 0; i--, sent++) batch.push(noise.bytes());
    const stream = Buffer.concat(batch);
    for (let at = 0; at < stream.length; ) {
      const end = noise.below(4) ? stream.length : at + 1 + noise.below(stream.length - at);
      session.receive(stream.subarray(at, end));
      at = end;
    }
    if (noise.below(3) === 0) session.receive(Buffer.from('#00\x03'));
    await idle();
    if (!sink.closed && noise.below(100)) continue;
    session.end();
    sink = new Sink();
    session = new Session(target, sink);
  }
  session.end();
  target.calls.length = 0;
  target.requests.length = 0;
  const grown = process.memoryUsage().heapUsed - before.heapUsed;
  assert.ok(grown < 150 * 1024 * 1024, `${grown} bytes more`);
  await answers(target);
});

test('a conversation cut at every place leaves the machine answering', async () => {
  const conversation = Buffer.concat(['qSupported:multiprocess+', `Z0,${A},4;X3,220127`, `X${A},4:}#$*`, 'vCont;c', 'g'].map(framePacket));
  for (let cut = 0; cut <= conversation.length; cut++) {
    const target = machine();
    const session = new Session(target, new Sink());
    session.receive(conversation.subarray(0, cut));
    session.end();
    await answers(target);
  }
});

test('breakpoints are bounded in number and in size', async () => {
  const client = new WireClient(machine());
  client.send('QStartNoAckMode');
  client.items = [];
  for (let i = 0; i < 65_536; i++) client.send(`Z0,${i.toString(16)},4`);
  assert.ok(client.takePackets().every((reply) => reply === 'OK'));
  assert.is(await client.ask('Z0,ffffff,4'), 'E1c');
  for (let i = 0; i < 65_536; i++) client.send(`z0,${i.toString(16)},4`);
  client.items = [];
  // 8 KiB of bytecode each.
  const code = `2201${'2829'.repeat(4090)}27`;
  const condition = `X${(code.length / 2).toString(16)},${code}`;
  let accepted = 0;
  while (accepted < 1000 && (await client.ask(`Z0,${accepted.toString(16)},4;${condition}`)) === 'OK') accepted++;
  assert.ok(accepted > 20 && accepted < 200, `${accepted} accepted`);
  client.session.end();
});

test.run();
