/** examples/editors and the GDB script that comes with hindsight. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { file, ROOT, withFolder } from '../support/files.js';
import { haveGdb, runGdb, startMachine } from '../support/gdb.js';

const FOLDER = join(ROOT, 'examples/editors');
const SCRIPT = join(ROOT, 'gdbstub/hindsight.gdb');
const HEISENBUG = join(ROOT, 'examples/heisenbug/heisenbug.elf');
const PYTHON_TEST = 'if ! $_isvoid($_streq)';

interface Launch {
  readonly configurations: readonly { readonly preLaunchTask?: string; readonly setupCommands: readonly { readonly text: string }[] }[];
}
interface Tasks {
  readonly tasks: readonly { readonly label: string }[];
}

const test = suite('examples/editors');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

test('launch.json and gdbinit name a script that is shipped, and a task that exists', () => {
  const launch = JSON.parse(read('launch.json')) as Launch;
  const tasks = JSON.parse(read('tasks.json')) as Tasks;
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  assert.ok(files.includes('gdbstub/hindsight.gdb'));
  for (const { preLaunchTask, setupCommands } of launch.configurations) {
    assert.ok(setupCommands.some(({ text }) => text.endsWith('/node_modules/hindsight/gdbstub/hindsight.gdb')));
    if (preLaunchTask) assert.ok(tasks.tasks.some(({ label }) => label === preLaunchTask));
  }
  assert.match(read('gdbinit'), /^source node_modules\/hindsight\/gdbstub\/hindsight\.gdb$/m);
});

/** What GDB prints for each of the commands, with `script` sourced, when the heisenbug has shown. */
async function afterPanic(script: string, commands: readonly string[]): Promise<string[]> {
  const machine = await startMachine(HEISENBUG, ['--seed', '33']);
  try {
    const steps = commands.flatMap((command) => ['echo \\n---\\n', command]);
    const text = await runGdb({
      address: machine.address,
      elf: HEISENBUG,
      commands: [`source ${script}`, 'break panic', 'continue', ...steps, 'kill'],
    });
    return text.split('\n---\n').slice(1);
  } finally {
    await machine.end();
  }
}

async function checkCommands(script: string): Promise<void> {
  const commands = ['when', 'last-write filter_task.flags', 'seek 50%', 'back', 'back', 'forward', 'forward'];
  const [when, write, seek, back, noBack, forward, noForward] = await afterPanic(script, commands);
  const [, end] = /^tick (\d+), 0\.00\d+ s, at the end of history/.exec(when) ?? [];
  assert.ok(end, when);
  assert.match(write, /^written by hart 0, pc 0x[0-9a-f]+; seek \d+ stands in front of it/);
  const middle = `tick ${Math.round(Number(end) / 2)}, `;
  assert.ok(seek.includes(middle), seek);
  assert.ok(back.includes(`tick ${end}, `) && back.includes('panic'), back);
  assert.match(noBack, /^there is no place to go back to/);
  assert.ok(forward.includes(middle), forward);
  assert.match(noForward, /^there is no place to go forward to/);
}

if (haveGdb("tests of the GDB script's commands")) {
  test('the commands of the GDB script move through history', () => checkCommands(SCRIPT));

  test('and without Python in GDB', () =>
    withFolder(async (folder) => {
      const text = readFileSync(SCRIPT, 'utf8');
      assert.ok(text.includes(PYTHON_TEST));
      await checkCommands(file(folder, 'plain.gdb', text.replace(PYTHON_TEST, 'if 0')));
    }));

  test('reverse-continue is undone by back, and last-write leads to the cause', async () => {
    const commands = ['watch filter_task.flags', 'reverse-continue', 'when', 'back', 'last-write filter_task.flags'];
    const [, reversed, when, back, write] = await afterPanic(SCRIPT, commands);
    assert.match(reversed, /task_done .*task\.c:41/);
    const [, tick] = /seek (\d+) stands/.exec(write) ?? [];
    assert.ok(tick && when.includes(`tick ${tick},`), `${when}${write}`);
    assert.ok(back.includes('panic'), back);
  });

  test('says how a command is used', async () => {
    const [seek, write] = await afterPanic(SCRIPT, ['seek', 'last-write']);
    assert.match(seek, /^usage: seek TICK/);
    assert.match(write, /^usage: last-write EXPRESSION/);
  });
}

test.run();
