import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('background threads');

const MODULE = new URL('../../lib/cli/background-threads.js', import.meta.url).href;

/** Nice values of a process's threads, its main one first, after the call. */
function niceValues(): number[] {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { deferBackgroundThreads } from '${MODULE}';
    deferBackgroundThreads();
    const nice = (thread) => Number(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[16]);
    const threads = readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid);
    console.log([process.pid, ...threads].map(nice).join(' '));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  return output.toString().trim().split(' ').map(Number);
}

if (process.platform === 'linux') {
  test('they give way to the main thread, which stays as it was', () => {
    const [main, ...others] = niceValues();
    assert.ok(others.length > 0);
    assert.is(others.filter((nice) => nice > main).length, others.length, `${main}: ${others}`);
  });
} else {
  test('nothing happens where threads have no priorities', async () => {
    const { deferBackgroundThreads } = await import('../../lib/cli/background-threads.js');
    assert.not.throws(deferBackgroundThreads);
  });
}

test.run();
