import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cells, cells64, EMPTY, type FdtNode, findNode, readFdt, strings, writeFdt } from '../../lib/machines/fdt.js';
import { ImageError } from '../../lib/util/errors.js';
import { randomSource } from '../support/random.js';

const TREE: FdtNode = {
  name: '',
  properties: { compatible: strings('a,b', 'c'), ranges: EMPTY, odd: Uint8Array.of(1, 2, 3, 4, 5) },
  children: [
    {
      name: 'soc',
      properties: {},
      children: [{ name: 'uart@10', properties: { reg: cells64(0x1_0000_0010, 8), compatible: strings('x') }, children: [] }],
    },
    { name: 'memory@0', properties: { reg: cells(0, 0xffffffff) }, children: [] },
  ],
};

const test = suite('flattened device tree');

test('what was written is read again', () => {
  assert.equal(readFdt(writeFdt(TREE)), TREE);
});

test('the header has the fields of version 17, with the blocks aligned and inside', () => {
  const blob = writeFdt(TREE, { bootHart: 3 });
  const view = new DataView(blob.buffer);
  const [magic, total, structure, text, reserve, version, compatible, boot, textSize, structureSize] = Array.from({ length: 10 }, (_, i) =>
    view.getUint32(i * 4),
  );
  assert.equal([magic, total, version, compatible, boot], [0xd00dfeed, blob.length, 17, 16, 3]);
  assert.is((structure as number) % 4, 0);
  assert.is((reserve as number) % 8, 0);
  assert.equal([...blob.subarray(reserve, (reserve as number) + 16)], Array(16).fill(0));
  assert.is((structure as number) + (structureSize as number), text);
  assert.is((text as number) + (textSize as number), total);
});

test('a property name is stored once', () => {
  const text = Buffer.from(writeFdt(TREE)).toString('latin1');
  assert.is(text.split('compatible\0').length - 1, 1);
});

test('cells are big-endian, and 64-bit numbers take two', () => {
  assert.equal([...cells(0x01020304)], [1, 2, 3, 4]);
  assert.equal([...cells64(0x1_0000_0002)], [0, 0, 0, 1, 0, 0, 0, 2]);
});

test('nodes are found by path', () => {
  assert.equal(findNode(TREE, '/soc/uart@10')?.properties.compatible, strings('x'));
  assert.is(findNode(TREE, '/'), TREE);
  assert.is(findNode(TREE, '/soc/none'), undefined);
});

test('a blob cut off anywhere is an ImageError', () => {
  const blob = writeFdt(TREE);
  for (let length = 0; length < blob.length; length++) {
    assert.throws(
      () => readFdt(blob.subarray(0, length)),
      (error: unknown) => error instanceof ImageError,
      `${length} bytes`,
    );
  }
});

test('a damaged blob is read or is an ImageError, and nothing else', () => {
  const blob = writeFdt(TREE);
  let refused = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const random = randomSource(seed);
    const damaged = blob.slice();
    for (let i = 0; i <= random() % 4; i++) damaged[random() % damaged.length] = random() % 3 ? random() : 0xff;
    try {
      readFdt(damaged);
    } catch (error) {
      assert.instance(error, ImageError);
      refused++;
    }
  }
  assert.ok(refused > 100);
});

test('nodes nested without end are an ImageError', () => {
  const begin = cells(...Array.from({ length: 5000 }, () => [1, 0]).flat());
  const head = cells(0xd00dfeed, 40 + begin.length, 40, 40, 40, 17, 16, 0, 0, begin.length);
  assert.throws(() => readFdt(Buffer.concat([head, begin])), /nested too deep/);
});

test.run();
