import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CfiFlash, ErasedFlash } from '../../lib/devices/cfi-flash.js';
import { OverlayDisk } from '../../lib/devices/overlay-disk.js';
import { ImageError } from '../../lib/util/errors.js';
import { randomSource } from '../support/random.js';

const MiB = 2 ** 20;
const BANK = 32 * MiB;
const SECTOR = 0x40000;

const create = () => new CfiFlash({ contents: new OverlayDisk({ base: new ErasedFlash(BANK), onFull: () => {} }) });
/** Drivers of two chips give each of them the command. */
const both = (command: number): number => command * 0x10001;

const test = suite('CFI flash');

test('is erased at first, and costs no memory for that', () => {
  const flash = create();
  assert.equal([flash.read(0, 4), flash.read(BANK - 1, 1), flash.read(0x1002, 2)], [0xffffffff, 0xff, 0xffff]);
  const { contents } = flash.save() as { contents: { blocks: unknown[] } };
  assert.ok(contents.blocks.length > 0 && contents.blocks.every((entry) => entry === null));
});

test('the query table says Intel commands, two chips of 16 MiB, 128 blocks of 128 KiB each', () => {
  const flash = create();
  flash.write(0x55 * 4, 4, both(0x98));
  const table = Array.from({ length: 0x40 }, (_, word) => flash.read(word * 4, 4));
  assert.ok(table.every((value) => value >>> 16 === (value & 0xffff)));
  const byte = (at: number): number => (table[at] as number) & 0xff;
  const u16 = (at: number): number => byte(at) | (byte(at + 1) << 8);
  assert.is(String.fromCharCode(byte(0x10), byte(0x11), byte(0x12)), 'QRY');
  assert.equal([u16(0x13), u16(0x15), 2 ** byte(0x27), byte(0x2c)], [1, 0x31, 16 * MiB, 1]);
  assert.equal([u16(0x2d) + 1, u16(0x2f) * 256, 2 ** u16(0x2a)], [128, 128 * 1024, 2048]);
  assert.is(String.fromCharCode(byte(0x31), byte(0x32), byte(0x33)), 'PRI');
  flash.write(0, 4, both(0xff));
  assert.is(flash.read(0x40, 4), 0xffffffff);
});

test('the identification is that of an Intel chip', () => {
  const flash = create();
  flash.write(0, 4, both(0x90));
  assert.equal([flash.read(0, 4), flash.read(4, 4), flash.read(8, 4)], [both(0x89), both(0x18), 0]);
  assert.equal([flash.read(0, 1), flash.read(1, 1), flash.read(2, 2)], [0x89, 0, 0x89]);
});

test('a word is programmed by clearing bits; reads give the status until the array is asked for', () => {
  const flash = create();
  const program = (offset: number, size: number, value: number) => {
    flash.write(offset, 4, both(0x40));
    flash.write(offset, size, value);
    assert.is(flash.read(offset & ~3, 4), both(0x80));
  };
  program(0x1234, 4, 0x12345678);
  program(0x1234, 4, 0xffff00ff);
  program(0x1239, 1, 0x7f);
  flash.write(0, 4, both(0xff));
  assert.equal([flash.read(0x1234, 4), flash.read(0x1238, 4)], [0x12340078, 0xffff7fff]);
});

test('a buffer of words is written when it is confirmed', () => {
  const flash = create();
  flash.write(0x2000, 4, both(0xe8));
  assert.is(flash.read(0x2000, 4), both(0x80));
  flash.write(0x2000, 4, both(3));
  for (let i = 0; i < 4; i++) flash.write(0x2000 + 4 * i, 4, 0x1000 + i);
  flash.write(0x2000, 4, both(0xd0));
  assert.is(flash.read(0x2000, 4), both(0x80));
  flash.write(0, 4, both(0xff));
  assert.equal(
    [0, 1, 2, 3, 4].map((i) => flash.read(0x2000 + 4 * i, 4)),
    [0x1000, 0x1001, 0x1002, 0x1003, 0xffffffff],
  );
});

test('more words than the buffer holds, and a write without confirmation, are errors until the status is cleared', () => {
  const flash = create();
  flash.write(0, 4, both(0xe8));
  flash.write(0, 4, both(1024));
  assert.is(flash.read(0, 4), both(0x90));
  flash.write(0, 4, both(0x50));
  assert.is(flash.read(0, 4), both(0x80));
  flash.write(0, 4, both(0x20));
  flash.write(0, 4, both(0xff));
  assert.is(flash.read(0, 4), both(0xb0));
});

test('erasing makes ones of the whole block and of no other', () => {
  const flash = create();
  for (const offset of [SECTOR - 4, SECTOR, 2 * SECTOR - 4, 2 * SECTOR]) {
    flash.write(offset, 4, both(0x10));
    flash.write(offset, 4, 0);
  }
  flash.write(SECTOR + 0x800, 4, both(0x20));
  flash.write(SECTOR + 0x800, 4, both(0xd0));
  assert.is(flash.read(0, 4), both(0x80));
  flash.write(0, 4, both(0xff));
  const words = [SECTOR - 4, SECTOR, 2 * SECTOR - 4, 2 * SECTOR].map((offset) => flash.read(offset, 4));
  assert.equal(words, [0, 0xffffffff, 0xffffffff, 0]);
});

test('a reset keeps the contents and reads the array', () => {
  const flash = create();
  flash.write(0, 4, both(0x40));
  flash.write(0, 4, 5);
  flash.reset();
  assert.is(flash.read(0, 4), 5);
});

test('random accesses end in a state that is saved, restored and digested as what it is', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomSource(seed);
    const [flash, other] = [create(), create()];
    const commands = [0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xd0, 0xe8, 0xff, 0, 1, 3];
    const access = (target: CfiFlash, offset: number, size: 1 | 2 | 4, value: number): number => {
      target.write(offset, size, value);
      return target.read(offset, size);
    };
    const draw = () => {
      const size = ([1, 2, 4] as const)[random() % 3] as 1 | 2 | 4;
      return [(random() % 4) * SECTOR + (random() % 64) * size, size, both(commands[random() % commands.length] as number)] as const;
    };
    for (let i = 0; i < 60; i++) access(flash, ...draw());
    other.load(structuredClone(flash.save()));
    assert.equal(other.digest(), flash.digest());
    for (let i = 0; i < 60; i++) {
      const step = draw();
      assert.is(access(other, ...step), access(flash, ...step));
    }
    assert.equal(other.digest(), flash.digest());
  }
});

test('damaged state is an ImageError', () => {
  for (const damage of [{ mode: 9 }, { step: -1 }, { wordsLeft: 5000 }, { contents: { indices: [1], contents: ['xxxx'] } }]) {
    const data = { ...(create().save() as object), ...damage };
    assert.throws(
      () => create().load(data),
      (error: unknown) => error instanceof ImageError,
    );
  }
});

test.run();
