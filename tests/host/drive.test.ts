import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileDisk, openDrives } from '../../lib/host/drive.js';
import { ConfigError } from '../../lib/util/errors.js';
import { file, withFolder } from '../support/files.js';

const bytesOf = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i * 3);

/** Opens an image of `length` bytes, and gives it with its path and what the user was told. */
function open(folder: string, length: number, options: { write: boolean }) {
  const warnings: string[] = [];
  const path = file(folder, 'disk.img', bytesOf(length));
  const [disk] = openDrives([{ path, ...options }], (message) => warnings.push(message));
  return { disk: disk as NonNullable<typeof disk>, path, warnings };
}

const test = suite('drives');

test('without ,write the file stays as it is, and the guest sees its writes', () =>
  withFolder((folder) => {
    const { disk, path } = open(folder, 10_240, { write: false });
    assert.ok(disk.write(512, bytesOf(1024, 9)));
    assert.ok(disk.zero(4096, 512) && disk.discard(8192, 512) && disk.flush());
    const seen = new Uint8Array(1536);
    assert.ok(disk.read(0, seen));
    assert.equal(seen, Uint8Array.from([...bytesOf(512), ...bytesOf(1024, 9)]));
    assert.equal([...readFileSync(path)], [...bytesOf(10_240)]);
  }));

test('with ,write what the guest writes is in the file at once', () =>
  withFolder((folder) => {
    const { disk, path } = open(folder, 10_240, { write: true });
    assert.ok(disk.write(512, bytesOf(1024, 9)));
    assert.ok(disk.zero(4096, 1024) && disk.discard(8192, 512) && disk.flush());
    const expected = bytesOf(10_240);
    expected.set(bytesOf(1024, 9), 512);
    expected.fill(0, 4096, 5120);
    assert.equal([...readFileSync(path)], [...expected]);
  }));

test('an image that is no multiple of 512 bytes ends in zeros, and grows when they are written to', () =>
  withFolder((folder) => {
    for (const write of [false, true]) {
      const { disk, path } = open(folder, 1300, { write });
      assert.is(disk.sizeBytes, 1536);
      const tail = new Uint8Array(512).fill(0xee);
      assert.ok(disk.read(1024, tail));
      assert.equal(tail, Uint8Array.from([...bytesOf(1300).subarray(1024), ...new Array(236).fill(0)]));
      assert.ok(disk.write(1024, bytesOf(512, 5)));
      assert.ok(disk.read(1024, tail));
      assert.equal(tail, bytesOf(512, 5));
      assert.is(readFileSync(path).length, write ? 1536 : 1300);
    }
  }));

test('a file that is cut off while it is in use is an I/O error, and the user is told once', () =>
  withFolder((folder) => {
    const { disk, path, warnings } = open(folder, 8192, { write: false });
    truncateSync(path, 4096);
    assert.not(disk.read(4096, new Uint8Array(512)));
    assert.not(disk.read(3584, new Uint8Array(1024)));
    assert.ok(disk.read(0, new Uint8Array(4096)));
    assert.equal(warnings, [`--drive ${path}: the file was cut off while it was in use; the guest sees an input/output error`]);
  }));

test('a write that the host refuses is an I/O error, and the user is told once', () =>
  withFolder((folder) => {
    const warnings: string[] = [];
    const fd = openSync(file(folder, 'disk.img', bytesOf(512)), 'r');
    const disk = new FileDisk({ fd, fileBytes: 512, name: 'a disk', readOnly: false }, (message) => warnings.push(message));
    assert.not(disk.write(0, bytesOf(512)));
    assert.not(disk.zero(0, 512));
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^a disk: .*; the guest sees an input\/output error$/);
    closeSync(fd);
  }));

test('a sparse file far beyond memory is a disk, read where the guest reads', () =>
  withFolder((folder) => {
    const path = file(folder, 'big.img', bytesOf(512));
    truncateSync(path, 2 ** 40);
    const [disk] = openDrives([{ path, write: false }], assert.unreachable);
    const end = new Uint8Array(512).fill(0xee);
    assert.ok(disk?.read(2 ** 40 - 512, end));
    assert.equal(end, new Uint8Array(512));
    assert.ok(disk?.write(2 ** 39, bytesOf(512)));
    assert.ok(disk?.read(2 ** 39, end));
    assert.equal(end, bytesOf(512));
  }));

test('what cannot be a disk is refused in one line', () =>
  withFolder((folder) => {
    mkdirSync(join(folder, 'folder'));
    file(folder, 'empty', '');
    for (const [name, problem] of [
      ['missing', 'no such file or directory'],
      ['folder', 'is a directory'],
      ['empty', 'is empty'],
    ] as const) {
      const path = join(folder, name);
      assert.throws(
        () => openDrives([{ path, write: false }], assert.unreachable),
        (error: unknown) => error instanceof ConfigError && error.message === `--drive ${path}: ${problem}`,
        name,
      );
    }
    assert.throws(
      () => openDrives([{ path: '/dev/null', write: false }], assert.unreachable),
      (error: unknown) => error instanceof ConfigError && error.message === '--drive /dev/null: is no regular file',
    );
  }));

test('one file can be two disks unless one of them is written to', () =>
  withFolder((folder) => {
    const path = file(folder, 'a.img', bytesOf(512));
    const other = join(folder, 'link.img');
    symlinkSync(path, other);
    const drives = (write: readonly [boolean, boolean]) => [
      { path, write: write[0] },
      { path: other, write: write[1] },
    ];
    assert.is(openDrives(drives([false, false]), assert.unreachable).length, 2);
    for (const write of [
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      assert.throws(
        () => openDrives(drives(write), assert.unreachable),
        (error: unknown) =>
          error instanceof ConfigError && error.message === `--drive ${other}: the same file as --drive ${path}, and written to`,
      );
    }
  }));

test('the digest of an overlay follows what the guest wrote; that of a file does not', () =>
  withFolder((folder) => {
    const overlay = open(folder, 8192, { write: false }).disk;
    const before = overlay.digest();
    overlay.write(0, bytesOf(512, 1));
    assert.is.not(overlay.digest(), before);
    const through = open(folder, 8192, { write: true }).disk;
    assert.is(through.digest(), null);
    through.load(JSON.parse(JSON.stringify(through.save())));
  }));

test.run();
