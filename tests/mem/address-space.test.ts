import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddressSpace, type Region } from '../../lib/mem/address-space.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import type { AccessSize, BusTarget } from '../../lib/mem/bus.js';
import * as layout from '../../lib/mem/layout.js';
import { ConfigError, InternalError } from '../../lib/util/errors.js';

class Recorder implements BusTarget {
  readonly name: string;
  readonly sizeBytes: number;
  readonly accessSizes: readonly AccessSize[];
  log: string[] = [];

  constructor(name: string, sizeBytes: number, accessSizes: readonly AccessSize[]) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.accessSizes = accessSizes;
  }

  read(offset: number, size: number): number {
    this.log.push(`r${size} ${offset}`);
    return 0xf0000000 + offset;
  }

  write(offset: number, size: number, value: number): void {
    this.log.push(`w${size} ${offset} ${value.toString(16)}`);
  }
}

const RAM: Region = { name: 'ram', base: 0x80000000, size: 0x8000, kind: 'ram' };
const ROM: Region = { name: 'rom', base: 0x1000, size: 0x3000, kind: 'rom' };
const allocate = (regions: readonly Region[]) => allocateGuestMemory({ harts: 2, arenaBytes: 0x10000, regions });

function bench() {
  const words = new Recorder('words', 0x100, [4]);
  const bytes = new Recorder('bytes', 8, [1, 2]);
  const guest = allocate([RAM, ROM, { name: 'words', base: 0x20000, size: 0x100, kind: words }]);
  guest.space.map({ name: 'bytes', base: 0x30000, size: 0x100, kind: bytes });
  const view = new DataView(guest.memory.buffer);
  const env = guest.hartsAt + layout.HART_SIZE;
  const faulted = () => {
    const status = view.getInt32(env + layout.ENV_STATUS, true);
    view.setInt32(env + layout.ENV_STATUS, 0, true);
    return status === layout.STATUS_TRAP && view.getBigInt64(env + layout.ENV_CAUSE, true) === 0n;
  };
  const high = () => view.getInt32(env + layout.ENV_MMIO_HIGH, true);
  return { ...guest, words, bytes, view, env, faulted, high };
}

const test = suite('address space');

test('region and frame tables describe RAM and ROM, by ascending address', () => {
  const { view, space } = bench();
  const regionAt = (index: number) => {
    const at = layout.GLOBAL_REGIONS + index * layout.REGION_SIZE;
    const u64 = (offset: number) => Number(view.getBigUint64(at + offset, true));
    const i32 = (offset: number) => view.getInt32(at + offset, true);
    return [u64(layout.REGION_START), u64(layout.REGION_END), i32(layout.REGION_HOST), i32(layout.REGION_FRAME), i32(layout.REGION_FLAGS)];
  };
  const [rom, ram] = space.memoryRegions;
  assert.is(view.getInt32(layout.GLOBAL_REGION_COUNT, true), 2);
  assert.is(view.getInt32(layout.GLOBAL_FRAME_COUNT, true), 3 + 8);
  assert.equal(regionAt(0), [0x1000, 0x4000, rom?.host, 0, layout.FRAME_READONLY]);
  assert.equal(regionAt(1), [0x80000000, 0x80008000, ram?.host, 3, 0]);
  const frames = view.getInt32(layout.GLOBAL_FRAMES, true);
  const flags = Array.from({ length: 11 }, (_, i) => view.getInt32(frames + i * layout.FRAME_SIZE + layout.FRAME_FLAGS, true));
  assert.equal(flags, [...Array(3).fill(layout.FRAME_READONLY), ...Array(8).fill(0)]);
});

test('hart areas, arena, frames and contents follow each other without overlap', () => {
  const { view, space, hartsAt, arenaAt, arenaBytes, memory } = bench();
  const frames = view.getInt32(layout.GLOBAL_FRAMES, true);
  assert.equal([view.getInt32(layout.GLOBAL_HARTS, true), view.getInt32(layout.GLOBAL_HART_COUNT, true)], [hartsAt, 2]);
  assert.ok(hartsAt >= layout.GLOBAL_END && arenaAt >= hartsAt + 2 * layout.HART_SIZE && frames >= arenaAt + arenaBytes);
  assert.ok((space.memoryRegions[0]?.host ?? 0) >= frames + 11 * layout.FRAME_SIZE);
  assert.ok(space.hostEnd <= memory.buffer.byteLength);
});

test('bytes are copied to and from RAM and ROM, and nothing is outside', () => {
  const { space } = bench();
  assert.ok(space.writeBytes(0x80007ffe, Uint8Array.of(1, 2)));
  assert.ok(space.writeBytes(0x1000, Uint8Array.of(9)));
  assert.equal([...(space.readBytes(0x80007ffd, 3) ?? [])], [0, 1, 2]);
  assert.not(space.writeBytes(0x80007fff, Uint8Array.of(1, 2)));
  assert.not(space.writeBytes(0x20000, Uint8Array.of(1)));
  assert.is(space.readBytes(0x80008000, 1), undefined);
  assert.ok(space.zeroBytes(0x80007ffe, 2));
  assert.equal([...(space.readBytes(0x80007ffe, 2) ?? [])], [0, 0]);
});

test('an access of a declared size reaches the device once', () => {
  const { space, env, words, high, faulted } = bench();
  assert.is(space.mmioRead(env, 0x20010, 4), 0xf0000010 | 0);
  assert.is(high(), 0);
  assert.is(space.mmioWrite(env, 0x200fc, 4, -1, 0), 1);
  assert.equal(words.log, ['r4 16', 'w4 252 ffffffff']);
  assert.not(faulted());
});

test('8 bytes of a 4-byte device become two accesses, low half first', () => {
  const { space, env, words, high } = bench();
  assert.is(space.mmioRead(env, 0x20008, 8), 0xf0000008 | 0);
  assert.is(high(), 0xf000000c | 0);
  space.mmioWrite(env, 0x20008, 8, 0x11, -2);
  assert.equal(words.log, ['r4 8', 'r4 12', 'w4 8 11', 'w4 12 fffffffe']);
});

test('a narrow write carries only its own bits', () => {
  const { space, env, bytes } = bench();
  space.mmioWrite(env, 0x30001, 1, 0x1234, 0);
  space.mmioWrite(env, 0x30002, 2, 0x12345, 0);
  assert.equal(bytes.log, ['w1 1 34', 'w2 2 2345']);
});

for (const [what, paddr, size] of [
  ['too narrow', 0x20000, 2],
  ['too wide', 0x30000, 4],
  ['8 bytes of a 2-byte device', 0x30000, 8],
  ['misaligned', 0x20002, 4],
  ['misaligned by 4', 0x20004, 8],
  ['behind the device', 0x30008, 1],
  ['in front of it', 0x1ffff, 1],
  ['across its end', 0x200fc, 8],
  ['to nothing', 0x40000, 4],
] as const) {
  test(`an access ${what} is an access fault, and the device does not see it`, () => {
    const { space, env, words, bytes, faulted } = bench();
    assert.is(space.mmioRead(env, paddr, size), 0);
    assert.ok(faulted());
    assert.is(space.mmioWrite(env, paddr, size, 1, 1), 0);
    assert.ok(faulted());
    assert.equal([...words.log, ...bytes.log], []);
  });
}

test('the device is found among many, in any order of access', () => {
  const devices = Array.from({ length: 33 }, (_, i) => ({
    name: `d${i}`,
    base: 0x10000 + i * 0x200,
    size: 0x100,
    kind: new Recorder(`d${i}`, 0x100, [4]),
  }));
  const { space, hartsAt } = allocate([RAM, ...devices]);
  for (const step of [1, 7, 20]) {
    for (let i = 0, k = 0; i < devices.length; i++, k = (k + step) % devices.length)
      space.mmioRead(hartsAt, 0x10000 + k * 0x200 + 4 * step, 4);
  }
  for (const { kind } of devices) assert.equal(kind.log, ['r4 4', 'r4 28', 'r4 80']);
});

test('a machine whose regions overlap or are not made of pages is refused', () => {
  const device = new Recorder('d', 0x100, [4]);
  const bad: Region[][] = [
    [RAM, { name: 'd', base: 0x80007fff, size: 0x100, kind: device }],
    [RAM, { ...RAM, base: 0x80001000 }],
    [{ ...RAM, base: 0x80000800 }],
    [{ ...RAM, size: 0x1800 }],
    [{ ...RAM, size: 0 }],
  ];
  for (const regions of bad)
    assert.throws(
      () => allocate(regions),
      (error: unknown) => error instanceof InternalError,
    );
  const { space } = allocate([RAM]);
  assert.throws(
    () => space.map({ name: 'd', base: 0x80000000, size: 0x100, kind: device }),
    (error: unknown) => error instanceof InternalError,
  );
});

test('an address space that does not fit into its memory is refused', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  assert.throws(() => new AddressSpace(memory, 0x2000, [{ ...RAM, size: 0x10000 }]), /does not fit/);
  assert.throws(() => new AddressSpace(memory, 0x1000, [ROM]), /does not fit/);
});

test("3 GiB of RAM can be laid out and reached to the last byte, more is the user's mistake", () => {
  const big: Region = { ...RAM, size: 3 * 2 ** 30 };
  const { space } = allocate([big]);
  assert.ok(space.writeBytes(0x80000000 + 3 * 2 ** 30 - 1, Uint8Array.of(0x5a)));
  assert.equal([...(space.readBytes(0x80000000 + 3 * 2 ** 30 - 1, 1) ?? [])], [0x5a]);
  assert.throws(
    () => allocate([{ ...RAM, size: 3 * 2 ** 30 + 0x1000 }]),
    (error: unknown) => error instanceof ConfigError,
  );
});

test.run();
