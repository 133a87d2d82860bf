import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Assembler, asm } from '../support/assembler.js';
import { cli } from '../support/cli.js';
import { file, withFolder } from '../support/files.js';

const RAM = 0x80000000;
const [QUEUE, HEADER, DATA, STATUS] = [RAM + 0x10000, RAM + 0x20000, RAM + 0x21000, RAM + 0x22000];
const [DESC, AVAIL, USED] = [QUEUE, QUEUE + 0x1000, QUEUE + 0x2000];
const PLIC = 0xc000000;
const [NEXT, WRITE] = [1, 2];

/** Writes a word: `address` and `value` are constants. */
function poke(a: Assembler, address: number, value: number): void {
  a.li('t0', address);
  a.li('t1', value);
  a.text('sw t1, 0(t0)');
}

/** One descriptor of the queue. */
function descriptor(a: Assembler, index: number, d: { paddr: number; length: number; flags: number }): void {
  const at = DESC + index * 16;
  for (const [offset, value] of [d.paddr, 0, d.length, d.flags | ((index + 1) << 16)].entries()) poke(a, at + offset * 4, value);
}

/** Brings up the disk in `slot` and does one request of one sector; waits for the interrupt through the PLIC. */
function request(a: Assembler, options: { slot: number; type: 0 | 1; sector: number; index: number }): void {
  const { slot, type, sector, index } = options;
  const mmio = 0x10001000 + slot * 0x1000;
  if (index === 1) {
    for (const status of [0, 1, 3]) poke(a, mmio + 0x70, status);
    for (const [sel, bits] of [
      [0, 0],
      [1, 1],
    ] as const) {
      poke(a, mmio + 0x24, sel);
      poke(a, mmio + 0x20, bits);
    }
    poke(a, mmio + 0x70, 0x0b);
    poke(a, mmio + 0x30, 0);
    poke(a, mmio + 0x38, 4);
    for (const [register, address] of [
      [0x80, DESC],
      [0x90, AVAIL],
      [0xa0, USED],
    ] as const) {
      poke(a, mmio + register, address);
      poke(a, mmio + register + 4, 0);
    }
    poke(a, mmio + 0x44, 1);
    poke(a, mmio + 0x70, 0x0f);
    poke(a, PLIC + (1 + slot) * 4, 1);
    poke(a, PLIC + 0x2000, 1 << (1 + slot));
  }
  for (const [offset, value] of [type, 0, sector, 0].entries()) poke(a, HEADER + offset * 4, value);
  descriptor(a, 0, { paddr: HEADER, length: 16, flags: NEXT });
  descriptor(a, 1, { paddr: DATA, length: 512, flags: NEXT | (type === 0 ? WRITE : 0) });
  descriptor(a, 2, { paddr: STATUS, length: 1, flags: WRITE });
  poke(a, AVAIL, index << 16);
  poke(a, AVAIL + 4, 0);
  poke(a, STATUS, 0xff);
  poke(a, mmio + 0x50, 0);
  a.li('t0', PLIC + 0x200004);
  // The interrupt is there at once: claim, acknowledge, complete. s3 gathers what must be zero.
  a.text('wfi; lw t2, 0(t0)');
  a.text(`addi t3, t2, -${1 + slot}; or s3, s3, t3`);
  a.li('t1', mmio);
  a.text('lw t3, 0x60(t1); sw t3, 0x64(t1); addi t3, t3, -1; or s3, s3, t3; sw t2, 0(t0)');
  a.li('t0', STATUS);
  a.text('lbu t3, 0(t0); or s3, s3, t3');
}

/** Reads sector 1, prints its first 8 bytes, and writes it back to sector 0 with the first byte changed to `!`. */
const guest = (slot: number): Uint8Array =>
  asm((a) => {
    // Interrupts wake wfi, and are not taken: mstatus.MIE stays 0.
    a.text('li s3, 0; li t0, 2048; csrw mie, t0');
    request(a, { slot, type: 0, sector: 1, index: 1 });
    a.li('t0', DATA);
    a.li('t1', 0x10000000);
    for (let i = 0; i < 8; i++) a.text(`lbu t2, ${i}(t0); sb t2, 0(t1)`);
    a.text('li t2, 33; sb t2, 0(t0)');
    request(a, { slot, type: 1, sector: 0, index: 2 });
    a.li('t0', 0x100000);
    a.li('t1', 0x5555);
    a.li('t2', 0x00013333);
    a.text('beqz s3, good; mv t1, t2; good: sw t1, 0(t0); stop: j stop');
  });

const image = (mark: string) => Buffer.concat([Buffer.alloc(512, '.'), Buffer.alloc(512, mark), Buffer.alloc(100, '.')]);
const test = suite('disks under the command line');

test('a guest reads and writes its disks through virtio and the PLIC; the files change with ,write only', () =>
  withFolder(async (folder) => {
    const drives = ['first,', 'second'].map((mark, index) => file(folder, `${index}.img`, image(mark)));
    for (const [slot, text] of ['first,fi', 'secondse'].entries()) {
      const kernel = file(folder, 'kernel.bin', guest(slot));
      const result = await cli(['run', kernel, '--bios', 'none', '--drive', drives[0] as string, `--drive=${drives[1]},write`]);
      assert.equal({ ...result }, { code: 0, signal: null, stdout: text, stderr: '' });
    }
    assert.equal(readFileSync(drives[0] as string), image('first,'));
    const second = readFileSync(drives[1] as string);
    assert.is(second.toString('latin1', 0, 8), '!econdse');
    assert.equal(second.subarray(512), image('second').subarray(512));
  }));

test('the state at the end is the same in both engines, and again', () =>
  withFolder(async (folder) => {
    const drive = file(folder, 'a.img', image('again'));
    const kernel = file(folder, 'kernel.bin', guest(0));
    const digests: string[] = [];
    for (const engine of ['interpret', 'translate', 'auto', 'auto']) {
      const { code, stdout } = await cli([
        'run',
        kernel,
        '--bios=none',
        '--console=none',
        `--drive=${drive}`,
        `--engine=${engine}`,
        '--stats=-',
      ]);
      assert.is(code, 0);
      digests.push((JSON.parse(stdout) as { stateDigest: string }).stateDigest);
    }
    assert.is(new Set(digests).size, 1);
  }));

test('bad drives and dates are errors of one line', () =>
  withFolder(async (folder) => {
    const kernel = file(folder, 'kernel.bin', guest(0));
    const drive = file(folder, 'a.img', image('x'));
    for (const [args, message] of [
      [['--drive', `${folder}/none.img`], `--drive ${folder}/none.img: no such file or directory`],
      [['--drive', ',write'], '--drive ,write: must be FILE or FILE,write'],
      [Array.from({ length: 8 }, () => `--drive=${drive}`), '--drive: riscv-virt takes at most 7'],
      [['--rtc', 'yesterday'], '--rtc yesterday: must be now or a date such as 2027-01-31T12:00 (UTC)'],
    ] as const) {
      assert.equal(await cli(['run', kernel, ...args]), { code: 2, signal: null, stdout: '', stderr: `hindsight: ${message}\n` });
    }
  }));

test.run();
