import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cells, cells64, findNode, readFdt, readFdtExtras, strings, writeFdt } from '../../lib/machines/fdt.js';
import { userDeviceTree } from '../../lib/machines/user-tree.js';
import { ImageError } from '../../lib/util/errors.js';
import { randomSource } from '../support/random.js';

const test = suite("the user's device tree");

const chosen = { name: 'chosen', properties: { bootargs: strings('old'), 'stdout-path': strings('/uart') }, children: [] };
const uart = { name: 'uart', properties: { reg: cells(1) }, children: [] };
const reservations = cells64(0x8000_0000, 0x1000);
const FILE = writeFdt({ name: '', properties: {}, children: [uart, chosen] }, { bootHart: 2, reservations });
const INITRD = { start: 0x8400_0000, end: 0x8400_1234 };

test('stays byte by byte as it is where the command line says nothing', () => {
  assert.equal(userDeviceTree('t.dtb', FILE, { bootArgs: '' }), FILE);
});

test('is taken up to the length that it says, whatever follows in the file', () => {
  assert.equal(userDeviceTree('t.dtb', Buffer.concat([FILE, Buffer.from('more')]), { bootArgs: '' }), FILE);
});

test('gets the command line and the initial RAM disk, and keeps everything else', () => {
  const blob = userDeviceTree('t.dtb', FILE, { bootArgs: 'new', initrd: INITRD });
  const { properties } = findNode(readFdt(blob), '/chosen')!;
  assert.equal(properties, {
    bootargs: strings('new'),
    'stdout-path': strings('/uart'),
    'linux,initrd-start': cells64(INITRD.start),
    'linux,initrd-end': cells64(INITRD.end),
  });
  assert.equal(findNode(readFdt(blob), '/uart'), uart);
  const { bootHart, reservations: kept } = readFdtExtras(blob);
  assert.equal([bootHart, kept], [2, reservations]);
});

test('gets a /chosen where it has none', () => {
  const blob = userDeviceTree('t.dtb', writeFdt({ name: '', properties: {}, children: [uart] }), { bootArgs: 'x' });
  assert.equal(findNode(readFdt(blob), '/chosen')?.properties, { bootargs: strings('x') });
});

test('is refused when it is malformed, with the offset', () => {
  const damaged = (offset: number, value: number) => {
    const blob = FILE.slice();
    new DataView(blob.buffer).setUint32(offset, value);
    return () => userDeviceTree('t.dtb', blob, { bootArgs: 'x' });
  };
  assert.throws(damaged(0, 1), /^t\.dtb: at offset 0x0: no device tree/);
  assert.throws(damaged(4, 0x7fffffff), /^t\.dtb: at offset 0x4: device tree of 2147483647 bytes in a file of/);
  assert.throws(damaged(16, FILE.length), /^t\.dtb: at offset 0x[0-9a-f]+: memory reservations are cut off/);
  assert.throws(() => userDeviceTree('t.dtb', new Uint8Array(3), { bootArgs: '' }), /^t\.dtb: at offset 0x0: device tree is cut off/);
  const huge = writeFdt({ name: '', properties: { filler: new Uint8Array(2 ** 20) }, children: [] });
  assert.throws(() => userDeviceTree('t.dtb', huge, { bootArgs: '' }), /larger than 1 MiB/);
});

test('is read or an ImageError whatever bytes it has', () => {
  let refused = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const random = randomSource(seed);
    const blob = FILE.slice(0, random() % 3 ? FILE.length : random() % FILE.length);
    for (let i = 0; i <= random() % 4; i++) if (blob.length > 0) blob[random() % Math.min(blob.length, 60 + (random() % 200))] = random();
    try {
      readFdt(userDeviceTree('t.dtb', blob, { bootArgs: 'x', initrd: INITRD }));
    } catch (error) {
      assert.instance(error, ImageError);
      refused++;
    }
  }
  assert.ok(refused > 500 && refused < 2000);
});

test.run();
