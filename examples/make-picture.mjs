// Makes demo.svg, the README's picture, from a real run of the guided tour: node examples/make-picture.mjs
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { status, stdout } = spawnSync(process.execPath, [here('../dist/lib/cli/main.js'), 'demo'], { encoding: 'utf8' });
if (status !== 0) throw new Error(`the demo ended with ${status}`);

const [COLUMN, LINE, MARGIN] = [8.4, 18, 16];
const COLUMNS = 96;
const COLOURS = [
  [/^\d\. |^hindsight/, '#ffffff'],
  [/^-+$/, '#606060'],
  [/^ {2}\|/, '#6fc3df'],
  [/^equal/, '#7fd07f'],
  [/->/, '#f0c674'],
];
/** The pieces of a line that is wider than the picture, broken at spaces. */
const wrapped = (line) => line.match(new RegExp(`.{1,${COLUMNS}}(?= |$)`, 'g'))?.map((piece) => piece.replace(/^ (?! )/, '')) ?? [''];
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
// What can be typed afterwards is in the README itself.
const [shown] = stdout.trimEnd().split(/\n+By hand\n/);
const lines = ['$ npm start', '', ...shown.split('\n')].flatMap(wrapped);
const width = COLUMNS * COLUMN + 2 * MARGIN;
const height = lines.length * LINE + 2 * MARGIN;
const text = lines.map((line, row) => {
  const colour = COLOURS.find(([pattern]) => pattern.test(line))?.[1] ?? '#c8c8c8';
  return `<text x="${MARGIN}" y="${MARGIN + (row + 0.75) * LINE}" fill="${colour}" xml:space="preserve">${escaped(line)}</text>`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="#1c1c1c"/>
${text.join('\n')}
</svg>
`;
writeFileSync(here('demo.svg'), svg);
