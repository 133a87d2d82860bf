/** `hindsight info --timeline`, as a user runs it. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cli } from '../support/cli.js';
import { HELLO, withFolder } from '../support/files.js';

const test = suite('hindsight info --timeline');

test('draws the run in 80 columns, or gives the numbers; not together with --compare', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'hello.rec');
    const recorded = await cli(['run', HELLO, '--bios', 'none', '--record', path]);
    const picture = await cli(['info', path, '--timeline']);
    assert.equal([picture.code, picture.stderr], [0, '']);
    const text = Buffer.from(picture.stdout, 'latin1').toString('utf8');
    const rows = text.split('\n').slice(2, -1);
    assert.ok(
      rows.every((line) => line.length <= 80),
      text,
    );
    assert.match(text, new RegExp(`^output .*█ ${recorded.stdout.length}$`, 'm'));
    assert.match(text, /^exceptions .*█ 5$/m);
    assert.match(text, /^none: input, external, other traps, switches, checkpoints$/m);
    assert.not.ok(text.includes('\x1b'));
    const { columns, to } = JSON.parse((await cli(['info', path, '--timeline', '--json'])).stdout);
    const last = columns.at(-1);
    assert.is(last.tick + last.ticks, to);
    assert.is(
      columns.reduce((total: number, { outputBytes }: { outputBytes: number }) => total + outputBytes, 0),
      recorded.stdout.length,
    );
    const both = await cli(['info', path, '--timeline', '--compare', path]);
    assert.is(both.code, 2);
    assert.match(both.stderr, /--timeline and --compare do not go together/);
  }));

test.run();
