import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cli } from '../support/cli.js';
import { ROOT } from '../support/files.js';

const test = suite('lock torture');

const TICKS = 20_000_000;
const ELF = join(ROOT, 'examples/lock-torture/lock-torture.elf');
const ENGINES = [['--engine', 'interpret'], [], ['--hot-threshold', '50'], ['--no-chain', '--hot-threshold', '1000']];

for (const harts of [2, 3, 4]) {
  test(`${harts} harts keep locks of all kinds, lose no increment and no interrupt, and do the same on every engine`, async () => {
    const digests = new Set<string>();
    for (const engine of ENGINES) {
      const args = ['run', ELF, '--bios', 'none', '--memory', '8M', '--smp', String(harts), '--max-ticks', String(TICKS), '--stats', '-'];
      const { code, stdout } = await cli([...args, ...engine]);
      // 4: the limit. A violation has a number from 1 to 6, and is printed.
      assert.is(code, 4, stdout);
      assert.not.match(stdout, /violation/);
      const [, timers, interrupts] =
        new RegExp(`harts ${harts}, rounds \\d+, timers (\\d+), interrupts (\\d+)\\n(?!harts)`).exec(stdout) ?? [];
      assert.ok(Number(timers) > 1000 && Number(interrupts) > 100, stdout);
      digests.add(/"stateDigest":"(\w+)"/.exec(stdout)?.[1] ?? '');
    }
    assert.is(digests.size, 1, [...digests].join(' '));
  });
}

test.run();
