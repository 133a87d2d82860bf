import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Progress } from '../../lib/cli/progress.js';

const test = suite('progress');

/** A progress line on a made-up terminal, with the clock in the test's hand. */
function start(options: { isTTY?: boolean; quiet?: boolean } = {}) {
  const clock = { ms: 5000 };
  const written: string[] = [];
  const stream = { isTTY: options.isTTY ?? true, write: (text: string) => written.push(text) };
  return { clock, written, progress: new Progress({ stream, quiet: options.quiet ?? false, nowMs: () => clock.ms }) };
}

test('what takes less than a second shows nothing, and what takes longer a line that goes away', () => {
  const { clock, written, progress } = start();
  clock.ms += 999;
  progress.at('looking', 1, 10);
  progress.clear();
  assert.equal(written, []);
  clock.ms += 1;
  progress.at('looking', 5, 10);
  clock.ms += 100;
  progress.at('looking', 6, 10);
  clock.ms += 100;
  progress.at('looking', 20, 10);
  progress.clear();
  progress.clear();
  assert.equal(written, ['\r\x1b[Klooking: 50 %', '\r\x1b[Klooking: 100 %', '\r\x1b[K']);
});

for (const options of [{ isTTY: false }, { quiet: true }]) {
  test(`nothing is shown with ${JSON.stringify(options)}`, () => {
    const { clock, written, progress } = start(options);
    clock.ms += 60_000;
    progress.at('looking', 1, 2);
    progress.clear();
    assert.equal(written, []);
  });
}

test.run();
