import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cellsIn, drawPicture } from '../../lib/cli/picture.js';
import type { Column } from '../../lib/host/recording-columns.js';

const test = suite('picture of a recording');

/** Columns of 100 ticks in which nothing happens, but for what `changes` says. */
function columns(...changes: Partial<Column>[]): Column[] {
  const nothing = { idleNs: 0, outputBytes: 0, traps: 0, exceptions: 0, otherTraps: 0, switches: 0, inputs: 0, digests: 0, checkpoints: 0 };
  const interrupts = { timer: 0, software: 0, external: 0 };
  return changes.map((change, index) => ({ tick: 1000 + 100 * index, ticks: 100, virtualNs: 100, ...nothing, interrupts, ...change }));
}

const ESCAPE = '\x1b';
const PLAIN = { width: 80, colour: false, ascii: false };

test('a row has a cell for each column, as full as its value is of the greatest, and its sum', () => {
  const picture = drawPicture(
    'a.rec',
    columns({ outputBytes: 8 }, { outputBytes: 4, inputs: 1 }, {}, { outputBytes: 1, idleNs: 300, virtualNs: 400 }, { digests: 1 }),
    PLAIN,
  );
  assert.equal(picture, [
    'a.rec: 500 ticks, 0.000001 s of virtual time',
    '',
    'output      █▄ ▁  13',
    'input        █    1',
    'idle           ▆  37.5 %',
    'digests         █ 1',
    'tick        1000 1500',
    '',
    'a column is 100 ticks; a full cell: the most of its row (idle: all of it)',
    'none: timer, software, external, exceptions, other traps, switches, checkpoints',
  ]);
});

test('what is there is seen, however little it is, and only what is full looks full', () => {
  const picture = drawPicture('a.rec', columns({ outputBytes: 1 }, { outputBytes: 1_000_000 }, { idleNs: 1 }, { idleNs: 100 }), PLAIN);
  assert.is(picture[2], 'output      ▁█   1000001');
  assert.is(picture[3], 'idle          ▁█ 25.3 %');
});

test('each kind of trap has its row, and what is not certain is explained', () => {
  const kinds = { interrupts: { timer: 3, software: 2, external: 1 }, exceptions: 5, otherTraps: 4, switches: 6 };
  const picture = drawPicture('a.rec', columns(kinds), PLAIN);
  const rows = ['timer', 'software', 'external', 'exceptions', 'other traps', 'switches'].map((label, index) => [
    label,
    `${label.padEnd(12)}█ ${[3, 2, 1, 5, 4, 6][index]}`,
  ]);
  for (const [label, row] of rows) assert.ok(picture.includes(row), label);
  assert.ok(picture.some((line) => line.startsWith('other traps: ')));
  assert.ok(picture.some((line) => line.startsWith('switches: ')));
});

test('ASCII is ASCII, colours are there when they are wanted, and lines stay within the width', () => {
  const width = 60;
  const many = columns(...Array.from({ length: cellsIn(width) }, (_, i) => ({ outputBytes: 2 ** (i % 31), otherTraps: i, switches: i })));
  const ascii = drawPicture('a.rec', many, { width, colour: false, ascii: true });
  assert.match(ascii.join(''), /^[ -~]+$/);
  assert.ok(
    ascii.slice(2, 6).every((line) => line.length <= width),
    ascii.join('\n'),
  );
  const plain = drawPicture('a.rec', many, { ...PLAIN, width });
  const coloured = drawPicture('a.rec', many, { ...PLAIN, width, colour: true });
  assert.not.ok(plain.join('').includes(ESCAPE));
  assert.equal(
    coloured.map((line) =>
      line
        .split(ESCAPE)
        .map((part, index) => (index === 0 ? part : part.replace(/^\[\d+m/, '')))
        .join(''),
    ),
    plain,
  );
  assert.ok(coloured[2].includes(`${ESCAPE}[32m`) && coloured[2].includes(`${ESCAPE}[0m `));
});

test('a recording without columns is no picture', () => {
  assert.equal(drawPicture('a.rec', [], PLAIN), []);
});

test.run();
