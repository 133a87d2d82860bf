import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../lib/isa/riscv/index.js';
import { readElf } from '../../lib/machines/elf.js';
import { ROOT } from '../support/files.js';
import { BASE, coldcodeElf } from './coldcode.js';
import { COLD, KERNELS, kernelFile } from './kernels.js';

const FOLDER = join(ROOT, 'tests/bench/guests');
const guests = suite('benchmark guests');

guests('every kernel but the generated one has a committed ELF, and no other ELF is there', () => {
  const built = readdirSync(FOLDER).filter((name) => name.endsWith('.elf'));
  const named = KERNELS.filter((name) => name !== COLD).map((name) => `${name}.elf`);
  assert.equal(built.sort(), named.sort());
});

for (const name of KERNELS.filter((kernel) => kernel !== COLD)) {
  guests(`${name}.elf starts at the start of RAM, is small, and has code and data on pages of their own`, () => {
    const bytes = readFileSync(kernelFile(name));
    const image = readElf(name, bytes);
    assert.is(image.entry, BASE);
    assert.ok(bytes.length < 40 * 1024);
    const pages = image.segments.flatMap(({ paddr, memoryBytes }) => [paddr >>> 12, (paddr + memoryBytes - 1) >>> 12]);
    assert.equal(
      pages,
      [...pages].sort((a, b) => a - b),
    );
    assert.is(image.segments.length, 2);
    assert.ok(pages[1]! < pages[2]!);
  });
}

guests('coldcode has as many legal instructions as asked for, half of them compressed', () => {
  const wanted = 20_000;
  const [segment] = readElf(COLD, coldcodeElf(wanted)).segments;
  const view = Buffer.from(segment!.bytes);
  let legal = 0;
  let compressed = 0;
  // Behind the start and the text: functions up to the padding.
  for (let at = 44; legal < wanted; ) {
    const low = view.readUInt16LE(at);
    const bits = (low & 3) === 3 ? view.readUInt32LE(at) : low;
    assert.ok(decode(bits), `at ${at}: ${bits.toString(16)}`);
    legal++;
    if (bits === low) compressed++;
    at += bits === low ? 2 : 4;
  }
  assert.ok(compressed > wanted * 0.4 && compressed < wanted * 0.6, `${compressed} of ${wanted}`);
});

guests('coldcode is the same for the same seed, and another for another', () => {
  assert.equal(coldcodeElf(1000, 1), coldcodeElf(1000, 1));
  assert.not.equal(coldcodeElf(1000, 1), coldcodeElf(1000, 2));
});

guests.run();
