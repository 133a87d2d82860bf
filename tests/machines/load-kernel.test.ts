import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeBootImages } from '../../lib/machines/boot.js';
import { readElf } from '../../lib/machines/elf.js';
import { parseKernel, readInput } from '../../lib/machines/load-kernel.js';
import { memoryRegionsOf } from '../../lib/machines/machine.js';
import { RISCV_VIRT } from '../../lib/machines/riscv-virt.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import { ImageError } from '../../lib/util/errors.js';
import { file, HELLO, helloBytes, withFolder } from '../support/files.js';
import { randomSource } from '../support/random.js';

const RAM_BASE = 0x80000000;
const RAM_BYTES = 4 * 2 ** 20;
// Fields of an ELF file, and of hello.elf's second program header, which is its PT_LOAD.
const E = { class: 4, data: 5, type: 16, machine: 18, entry: 24, phoff: 32, phentsize: 54, phnum: 56 };
const PH = { type: 120, offset: 128, vaddr: 136, paddr: 144, filesz: 152, memsz: 160 };

function machine() {
  const rows = RISCV_VIRT.rows({ harts: 1, memoryBytes: RAM_BYTES, bootArgs: '', seed: 0n, startTimeMs: 0 });
  return allocateGuestMemory({ harts: 1, arenaBytes: 0x10000, regions: memoryRegionsOf(rows) }).space;
}

const boot = (kernel: ReturnType<typeof readElf>, space = machine()) =>
  writeBootImages(space, { kernel, deviceTree: new Uint8Array(1000), ramBytes: RAM_BYTES });

type Field = readonly [offset: number, size: 1 | 2 | 4 | 8, value: number | bigint];

/** hello.elf with some fields changed. */
function changed(...fields: readonly Field[]): Uint8Array {
  const bytes = helloBytes();
  const view = new DataView(bytes.buffer);
  for (const [at, size, value] of fields) {
    if (size === 1) view.setUint8(at, Number(value));
    else if (size === 2) view.setUint16(at, Number(value), true);
    else if (size === 4) view.setUint32(at, Number(value), true);
    else view.setBigUint64(at, BigInt(value), true);
  }
  return bytes;
}

const refuses = (body: () => unknown, pattern: RegExp) => {
  assert.throws(body, (error: unknown) => {
    assert.instance(error, ImageError);
    assert.match((error as Error).message, pattern);
    return true;
  });
};

const loadKernel = (file: string, ramBase: number) => parseKernel(file, readInput(file), ramBase);

const test = suite('kernel files');

test('hello.elf is loaded where it says, with its BSS zeroed', () => {
  const space = machine();
  const image = loadKernel(HELLO, RAM_BASE);
  const [segment] = image.segments;
  assert.equal([image.format, image.entry, image.segments.length, segment?.paddr], ['ELF', RAM_BASE, 1, RAM_BASE]);
  space.writeBytes(RAM_BASE, new Uint8Array(segment?.memoryBytes ?? 0).fill(0xaa));
  boot(image, space);
  assert.equal(space.readBytes(RAM_BASE, segment?.bytes.length ?? 0), new Uint8Array(segment?.bytes ?? []));
  const bss = space.readBytes(RAM_BASE + (segment?.bytes.length ?? 0), (segment?.memoryBytes ?? 0) - (segment?.bytes.length ?? 0));
  assert.ok(bss && bss.length > 0 && bss.every((byte) => byte === 0));
});

test('a virtual entry becomes the physical address of its segment', () => {
  const image = readElf('k', changed([PH.vaddr, 8, 0xffffffff80000000n], [E.entry, 8, 0xffffffff80000124n]));
  assert.is(image.entry, RAM_BASE + 0x124);
});

const MALFORMED: readonly [what: string, bytes: () => Uint8Array, error: RegExp][] = [
  ['of 32 bits', () => changed([E.class, 1, 1]), /^k: at offset 0x4: not a 64-bit/],
  ['in big-endian', () => changed([E.data, 1, 2]), /at offset 0x5: not a little-endian/],
  ['for x86-64', () => changed([E.machine, 2, 62]), /at offset 0x12: for another architecture.*62/],
  ['that is an object file', () => changed([E.type, 2, 1]), /at offset 0x10: no executable/],
  ['with odd header sizes', () => changed([E.phentsize, 2, 32]), /at offset 0x36: program headers of 32 bytes/],
  ['without program headers', () => changed([E.phnum, 2, 0]), /at offset 0x38: no program headers/],
  ['with headers behind its end', () => changed([E.phoff, 8, 1e6]), /at offset 0x20: .*behind the end/],
  ['with headers at 2^64 - 1', () => changed([E.phoff, 8, 2n ** 64n - 1n]), /at offset 0x20: .*behind the end/],
  ['that needs an interpreter', () => changed([PH.type, 4, 3]), /at offset 0x78: dynamically linked/],
  ['with nothing to load', () => changed([PH.type, 4, 0]), /nothing to load/],
  ['with an empty segment only', () => changed([PH.filesz, 8, 0], [PH.memsz, 8, 0]), /nothing to load/],
  ['whose segment is behind its end', () => changed([PH.offset, 8, 1e6]), /at offset 0x80: segment ends behind the end of the file/],
  ['whose segment offset wraps around', () => changed([PH.offset, 8, 2n ** 64n - 16n]), /segment ends behind the end of the file/],
  ['with more in the file than in memory', () => changed([PH.memsz, 8, 16]), /at offset 0x98: segment is larger in the file/],
  ['with an odd entry', () => changed([E.entry, 8, 0x80000001n]), /at offset 0x18: entry 0x80000001 is odd/],
  ['with an entry outside', () => changed([E.entry, 8, 0x1000]), /at offset 0x18: entry 0x1000 is in no segment/],
  ['cut off in its header', () => helloBytes().subarray(0, 40), /at offset 0x28: ELF header is cut off/],
  ['cut off in its segment', () => helloBytes().subarray(0, 0x1800), /the file is cut off/],
];
for (const [what, bytes, error] of MALFORMED) {
  test(`an ELF file ${what} is an ImageError that says where`, () => refuses(() => readElf('k', bytes()), error));
}

const MISPLACED: readonly [what: string, fields: readonly Field[], error: RegExp][] = [
  ['below RAM', [[PH.paddr, 8, 0x40000000]], /at offset 0x78: segment 0x40000000 to 0x.* is outside/],
  ['beyond the end of RAM', [[PH.paddr, 8, RAM_BASE + RAM_BYTES - 4096]], /is outside of the guest's memory/],
  ['at 2^64 - 4096', [[PH.paddr, 8, 2n ** 64n - 4096n]], /is outside/],
  ['larger than RAM', [[PH.memsz, 8, 2n ** 40n]], /is outside/],
  ['over the device tree', [[PH.memsz, 8, 0x200001]], /overlaps the device tree/],
  [
    'over the boot ROM',
    [
      [PH.paddr, 8, 0x1000],
      [PH.memsz, 8, 0xf000],
    ],
    /overlaps the boot ROM/,
  ],
];
for (const [what, fields, error] of MISPLACED) {
  test(`a segment ${what} is an ImageError`, () => {
    const image = readElf('k', changed(...fields));
    refuses(() => boot(image), error);
  });
}

test('segments that overlap are an ImageError, and nothing is written', () => {
  const [space, image] = [machine(), readElf('k', helloBytes())];
  const [first] = image.segments;
  assert.ok(first);
  refuses(() => boot({ ...image, segments: [first, { ...first, paddr: RAM_BASE + 16 }] }, space), /overlaps another segment at 0x80000000/);
  assert.equal(space.readBytes(RAM_BASE, 4), new Uint8Array(4));
});

test('hello.elf cut off anywhere in front of the end of its segment is an ImageError', () => {
  const bytes = helloBytes();
  const view = new DataView(bytes.buffer);
  const end = Number(view.getBigUint64(PH.offset, true) + view.getBigUint64(PH.filesz, true));
  for (let length = 4; length < end; length += 7) refuses(() => readElf('k', bytes.subarray(0, length)), /^k: at offset 0x/);
});

test('a damaged hello.elf loads or is an ImageError, and nothing else', () => {
  const [space, counts] = [machine(), { loaded: 0, refused: 0 }];
  for (let seed = 1; seed <= 4000; seed++) {
    const random = randomSource(seed);
    const bytes = helloBytes();
    const interesting = [0, 0xff, 0x80, 0x7f, 1];
    for (let i = 0; i <= random() % 5; i++) {
      const at = random() % (random() % 4 ? 176 : bytes.length);
      bytes[at] = random() % 2 ? random() : (interesting[random() % interesting.length] as number);
    }
    try {
      boot(readElf('k', bytes), space);
      counts.loaded++;
    } catch (error) {
      assert.instance(error, ImageError, `seed ${seed}: ${(error as Error).stack}`);
      counts.refused++;
    }
  }
  assert.ok(counts.loaded > 100 && counts.refused > 100, JSON.stringify(counts));
});

test('anything without a known magic number is a flat binary at the start of RAM', () =>
  withFolder((folder) => {
    const image = loadKernel(file(folder, 'flat.bin', Uint8Array.of(0x13, 0, 0, 0, 7)), RAM_BASE);
    assert.equal([image.format, image.entry], ['flat binary', RAM_BASE]);
    assert.equal([...(image.segments[0]?.bytes ?? [])], [0x13, 0, 0, 0, 7]);
  }));

test('a Linux Image goes where its header says, and takes the room it says', () =>
  withFolder((folder) => {
    const bytes = new Uint8Array(256);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(8, 0x200000n, true);
    view.setBigUint64(16, 0x1234n, true);
    bytes.set(Buffer.from('RSC\x05'), 0x38);
    const image = loadKernel(file(folder, 'Image', bytes), RAM_BASE);
    assert.equal([image.format, image.entry, image.segments[0]?.memoryBytes], ['Linux Image', RAM_BASE + 0x200000, 0x1234]);
    view.setBigUint64(8, 2n ** 60n, true);
    refuses(() => loadKernel(file(folder, 'Image', bytes), RAM_BASE), /at offset 0x8: absurd text offset/);
  }));

test('a gzip file is unpacked first, and a damaged one is an ImageError', () =>
  withFolder((folder) => {
    const packed = gzipSync(helloBytes());
    assert.is(loadKernel(file(folder, 'hello.gz', packed), RAM_BASE).format, 'ELF');
    refuses(() => loadKernel(file(folder, 'cut.gz', packed.subarray(0, 500)), RAM_BASE), /cut\.gz: bad gzip data/);
  }));

test('missing files, directories, devices and empty files are ImageErrors that name the file', () =>
  withFolder((folder) => {
    mkdirSync(join(folder, 'd'));
    refuses(() => loadKernel(join(folder, 'none'), RAM_BASE), /none: no such file/);
    refuses(() => loadKernel(join(folder, 'd'), RAM_BASE), /d: is a directory/);
    refuses(() => loadKernel('/dev/null', RAM_BASE), /^\/dev\/null: is no regular file/);
    refuses(() => loadKernel(file(folder, 'empty', ''), RAM_BASE), /empty: the file is empty/);
  }));

test.run();
