import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../lib/api/machine.js';
import { type Device, saveDevice } from '../../lib/devices/device.js';
import type { GuestMachine } from '../../lib/system/guest-machine.js';
import { readGuest, writeEvents } from '../../lib/system/guest-memory.js';
import { HELLO } from '../support/files.js';

const test = suite('memory as debuggers see it');

const PHYSICAL = { hart: 0, physical: true };
const [UART, PLIC, MSIP, MTIMECMP] = [0x10000000, 0xc000000, 0x2000000, 0x2004000] as const;
/** Registers lie at the beginning of what a device decodes, and the PLIC's contexts behind this. */
const OFFSETS = [...Array(0x110).keys(), 0x1000, 0x1004, 0x2000, 0x2080, 0x200000, 0x200004, 0x201000, 0x201004];

function create(): GuestMachine {
  const { guest } = Machine.create({ kernel: HELLO, bios: 'none' }).parts;
  guest.run(1000);
  return guest;
}

function write(guest: GuestMachine, paddr: number, ...bytes: number[]): void {
  const events = writeEvents(guest, BigInt(paddr), Uint8Array.from(bytes), PHYSICAL);
  assert.ok(
    events?.every((event) => guest.input(event)),
    paddr.toString(16),
  );
}

const states = ({ devices }: GuestMachine) => JSON.stringify(devices.map((device: Device) => saveDevice(device)));

/** Input waits in the UART, whose interrupt is enabled up to the PLIC, and the clock's latch is old. */
function busy(): GuestMachine {
  const guest = create();
  guest.input({ kind: 'console', port: 'serial', bytes: Uint8Array.of(65, 66) });
  write(guest, UART + 1, 7);
  write(guest, PLIC + 10 * 4, 1, 0, 0, 0);
  write(guest, PLIC + 0x2000, 0, 4, 0, 0);
  guest.run(guest.tick + 5000);
  return guest;
}

test('looking at all registers of all devices changes nothing, and shows what the guest would read', () => {
  const guest = busy();
  const before = states(guest);
  const digest = guest.stateDigest();
  const seen: [Device, number, number, number][] = [];
  for (const { kind, base, size } of guest.space.deviceRegions) {
    for (const offset of OFFSETS.filter((each) => each < size)) {
      for (const bytes of (kind as Device).accessSizes.filter((each) => offset % each === 0 && offset + each <= size)) {
        const found = readGuest(guest, BigInt(base + offset), bytes, PHYSICAL);
        assert.is(found.length, bytes);
        seen.push([kind as Device, offset, bytes, found.reduceRight((value, byte) => value * 256 + byte, 0)]);
      }
    }
  }
  assert.ok(seen.length > 5000);
  assert.is(states(guest), before);
  assert.is(guest.stateDigest(), digest);
  const shown = (device: string, at: number) => seen.find(([{ name }, offset]) => name === device && offset === at)?.[3];
  assert.equal([shown('ns16550a', 0), shown('plic', 0x200004)], [65, 10]);
  // Reads of the guest's have effects, on what is read next too: one from each new state.
  const effects = ['ns16550a', 'plic', 'goldfish-rtc'];
  const chosen = seen.filter(([{ name }, offset], i) => effects.includes(name) && (offset < 8 || offset >= 0x200000 || i % 97 === 0));
  for (const [device, offset, bytes, value] of chosen) {
    const fresh = busy().devices.find(({ name }) => name === device.name) as Device;
    assert.is(fresh.read(offset, bytes) >>> 0, value, `${device.name} ${offset.toString(16)}`);
  }
});

test('a register is written as the guest would, or not at all', () => {
  const guest = create();
  write(guest, MTIMECMP, 1, 2, 3, 4, 5, 6, 7, 8);
  assert.equal([...readGuest(guest, BigInt(MTIMECMP), 8, PHYSICAL)], [1, 2, 3, 4, 5, 6, 7, 8]);
  write(guest, MSIP, 1, 0, 0, 0);
  const mip = guest.debug.registers.findIndex(({ name }) => name === 'mip');
  assert.is(guest.debug.readRegister(0, mip) & 8n, 8n, 'MSIP is pending');
  assert.is(writeEvents(guest, BigInt(MTIMECMP + 1), Uint8Array.of(1, 2, 3), PHYSICAL), undefined, 'no such access');
  assert.is(writeEvents(guest, 0x1000n, Uint8Array.of(1), PHYSICAL), undefined, 'ROM');
  assert.is(writeEvents(guest, 0x60000000n, Uint8Array.of(1), PHYSICAL), undefined, 'nothing');
});

test.run();
