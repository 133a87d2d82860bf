/** The benchmark tools start, and their parts work; nothing is timed here. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cli } from '../support/cli.js';
import { file, ROOT, withFolder } from '../support/files.js';
import { hindsightArgs } from './measure.js';
import { launch } from './process.js';
import { replaceSection, SECTIONS, type Tool } from './results.js';
import { quantile, spread, table } from './statistics.js';
import { storeLoop } from './store-loop.js';
import { TimedRuns } from './timed-runs.js';
import { BEGIN, END, GROUPS, scriptOf, workloadsOf } from './workloads.js';

const TOOLS = Object.keys(SECTIONS) as Tool[];
const RESULTS = readFileSync(join(ROOT, 'tests/bench/RESULTS.md'), 'utf8');

interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool where there is neither QEMU nor GDB. */
function run(tool: Tool, args: readonly string[]): Promise<Output> {
  const env = { ...process.env, CI: '', QEMU_SYSTEM_RISCV64: '/nonexistent/qemu', GDB: '/nonexistent/gdb' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'dist/tests/bench', `${tool}.js`), ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

const tools = suite('benchmark tools');

for (const tool of TOOLS) {
  tools(`${tool}.js says how it is used, and refuses an option that it does not know`, async () => {
    const help = await run(tool, ['--help']);
    assert.is(help.code, 0, help.stderr);
    assert.match(help.stdout, `node dist/tests/bench/${tool}.js [options]`);
    assert.match(help.stdout, /--write +renew/);
    const wrong = await run(tool, ['--wirte']);
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, /--wirte/);
  });
}

const WITHOUT: Readonly<Record<Tool, readonly string[]>> = {
  run: ['empty'],
  system: [],
  debugging: ['boot', 'condition', 'watchpoint', 'size'],
  timeline: [],
};
for (const [tool, names] of Object.entries(WITHOUT)) {
  tools(`${tool}.js says what it skips where QEMU, GDB and the images are not there`, async () => {
    const { code, stderr } = await run(tool as Tool, [...names, ...(tool === 'run' ? [] : ['--images', '/nonexistent'])]);
    assert.is(code, 0, stderr);
    assert.match(stderr, /SKIPPED: /);
  });
}

tools('a section of the results is replaced where it is, and put where it belongs if it is not there', () => {
  const first = replaceSection('# Old\n\nold\n\n## Kernels\n\nkept\n\n## Unknown\n\ngone\n', 'timeline', ['new', '']);
  assert.match(first, /^# Benchmark results\n\n.*\n\n## Kernels\n\nkept\n\n## Going back in time\n\nnew\n$/);
  const second = replaceSection(first, 'system', ['between']);
  assert.match(second, /kept\n\n## The whole system\n\nbetween\n\n## Going back in time\n\nnew\n$/);
  assert.is(replaceSection(second, 'timeline', ['new']), second);
});

tools('RESULTS.md is as the tools leave it', () => {
  const kernels = /## Kernels\n\n([\s\S]*?)\n\n*(?=## |$(?![\s\S]))/.exec(RESULTS)![1]!;
  assert.is(replaceSection(RESULTS, 'run', kernels.split('\n')), RESULTS);
});

tools('a quantile lies between two values in proportion, and a spread has the extremes', () => {
  assert.is(quantile([3, 1, 2], 0.5), 2);
  assert.is(quantile([1, 2], 0.25), 1.25);
  assert.is(spread([1.5, 1, 3], 1), '1.5 (1.0 to 3.0)');
  assert.equal(table(['a', 'b'], [['x', '1']]), ['| a | b |', '| --- | --: |', '| x | 1 |', '']);
});

tools('a launched process tells when it prints what, and its end', async () => {
  const script = `console.log('one'); process.stdin.on('data', () => { console.log('two'); process.exit(3); })`;
  const child = launch(process.execPath, ['-e', script], { input: true });
  const one = await child.printed(/^(o)ne$/m);
  assert.is(one.match[1], 'o');
  child.child.stdin?.write('.');
  const two = await child.printed(/two/);
  assert.ok(two.wall >= one.wall);
  assert.is((await child.ended([3])).stdout, 'one\ntwo\n');
  const failed = await launch(process.execPath, ['-e', 'process.exit(1)'])
    .printed(/never/)
    .catch((error: Error) => error.message);
  assert.match(String(failed), /exit 1/);
});

tools('the loop of stores prints its marks, and breakpoints that it never meets are found', () =>
  withFolder(async (folder) => {
    const { elf, store, neighbour } = storeLoop(300);
    const path = file(folder, 'loop.elf', elf);
    assert.is((await cli(['run', path, '--bios', 'none'])).stdout, '@begin\n@end\n');
    const runs = new TimedRuns({ title: 'loop', args: hindsightArgs(path), done: END }, folder);
    assert.equal(await runs.coldOf([BigInt(store), BigInt(neighbour)]), [BigInt(neighbour)]);
  }),
);

tools('the script of the workloads marks each of them, and fits into a command line', () => {
  const workloads = GROUPS.flatMap((group) => workloadsOf(group, { diskMib: 1024, netMib: 1024 }, { source: 65535, sink: 65535 }));
  const script = scriptOf(workloads, true);
  assert.is(script.split('echo @begin;').length, workloads.length + 1);
  assert.ok(script.length < 900 && !script.includes('"'), script);
  assert.ok(BEGIN.test('x\r\n@begin\r\n') && !BEGIN.test('echo @begin;'));
});

tools.run();
