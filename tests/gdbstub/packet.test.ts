import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePacket, PACKET_SIZE, type PacketItem, PacketReader } from '../../gdbstub/packet.js';
import { decodePayload, framePacket } from '../support/gdb-client.js';
import { randomSource } from '../support/random.js';

const test = suite('gdb packets');

const show = (item: PacketItem): string => (item.kind === 'packet' ? item.payload : `<${item.kind}>`);

/** What comes out of `pieces`, each a segment of its own. */
function read(pieces: readonly (string | Uint8Array)[], checks = true): string[] {
  const reader = new PacketReader();
  const items: string[] = [];
  for (const piece of pieces)
    reader.feed(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, (item) => items.push(show(item)), {
      checks: () => checks,
    });
  return items;
}

test('a packet is what lies between $ and #, if the checksum says so', () => {
  assert.equal(read(['$qC#b4']), ['qC']);
  assert.equal(read(['$qC#b5']), ['<damaged>']);
  assert.equal(read(['$qC#bx']), ['<damaged>']);
  assert.equal(read(['$#00']), ['']);
});

test('without acknowledgments checksums do not count', () => {
  assert.equal(read(['$qC#00'], false), ['qC']);
});

test('acknowledgments and the interrupt byte count between packets, in order; other bytes are skipped', () => {
  assert.equal(read(['+$qC#b4\x03-\r\n$g#67+']), ['<ack>', 'qC', '<interrupt>', '<nak>', 'g', '<ack>']);
});

test('an interrupt byte inside of a packet is data', () => {
  assert.equal(read([framePacket('X0,1:\x03')]), ['X0,1:\x03']);
});

test('segments may be cut and joined anywhere', () => {
  const wire = Buffer.concat([framePacket('m0,4'), Buffer.from('+\x03'), framePacket('X0,4:#$}*'), Buffer.from('-')]);
  const whole = ['m0,4', '<ack>', '<interrupt>', 'X0,4:#$}*', '<nak>'];
  for (let i = 0; i <= wire.length; i++)
    for (let j = i; j <= wire.length; j++) assert.equal(read([wire.subarray(0, i), wire.subarray(i, j), wire.subarray(j)]), whole);
});

test('a packet whose end was lost gives way to the next', () => {
  assert.equal(read(['$m0,4$qC#b4']), ['qC']);
});

test('bytes that mean something are escaped, and come back', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  assert.equal(read([framePacket(all)]), [all]);
  assert.is(decodePayload(encodePacket(all).subarray(1, -3)), all);
  assert.is(encodePacket('#').toString('latin1'), '$}\x03#80');
});

test('runs are shortened as the manual has it', () => {
  assert.is(encodePacket('0000').toString('latin1'), '$0* #7a');
  assert.is(encodePacket('000').toString('latin1'), '$000#90');
  // Runs of 7 and 8 would need # and $ as counts.
  assert.is(encodePacket('0000000').toString('latin1'), '$0*"0#ac');
});

test('whatever is encoded decodes to itself', () => {
  const random = randomSource(3);
  for (let round = 0; round < 300; round++) {
    let payload = '';
    while (payload.length < 400) payload += String.fromCharCode(random() % 256).repeat(random() % 4 === 0 ? random() % 120 : 1);
    const wire = encodePacket(payload);
    const data = wire.subarray(1, -3);
    assert.not.ok(data.includes(0x23) || data.includes(0x24), 'a frame inside of the data');
    assert.is(decodePayload(data), payload);
  }
});

test('a packet of the announced size is taken, a longer one is reported and skipped', () => {
  const longest = 'X'.repeat(PACKET_SIZE);
  const frame = (data: string) => `$${data}#${(Buffer.from(data).reduce((a, b) => a + b, 0) & 0xff).toString(16).padStart(2, '0')}`;
  assert.equal(read([frame(longest)]), [longest]);
  assert.equal(read([frame(`${longest}X`), '$qC#b4']), ['<oversized>', 'qC']);
});

test.run();
