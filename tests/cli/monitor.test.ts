import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyFilter } from '../../lib/cli/input.js';
import { completeMonitorLine, MONITOR_COMMANDS, monitorContext, runMonitorLine } from '../../lib/cli/monitor.js';
import { MonitorPrompt } from '../../lib/cli/monitor-prompt.js';
import { asm } from '../support/assembler.js';
import { VirtMachine } from '../support/virt-machine.js';

const test = suite('monitor');

const program = asm((a) => a.text('csrr a0, mhartid; li s1, 0x1234; sleep: csrw mie, zero; wfi; j sleep'));

function create() {
  const machine = VirtMachine.create(program, { harts: 2 });
  machine.run(4);
  const quits: number[] = [];
  const context = () => monitorContext(machine, () => quits.push(machine.tick));
  return { machine, quits, context, run: (line: string) => runMonitorLine(MONITOR_COMMANDS, line, context()) };
}

test('help lists every command, or those that begin with a word', async () => {
  const { run } = create();
  const text = await run('help');
  for (const { name } of MONITOR_COMMANDS) assert.match(text, new RegExp(`^${name}\\b.* {2}\\w`, 'm'));
  assert.is((await run('help when')).split('\n').length, 2);
});

test('info registers shows those of the current hart, or of another, or all of them', async () => {
  const { run } = create();
  assert.match(await run('info registers'), /^hart 0.*\n(.*\n)*.*\bs1 +0000000000001234\b/);
  assert.match(await run('info registers 1'), /^hart 1/);
  assert.not.match(await run('info registers'), /mstatus/);
  assert.match(await run('info registers 1 all'), /\bmhartid +0000000000000001\b/);
  assert.match(await run('info registers 7'), /^info registers: 7: must be a hart from 0 to 1\n$/);
});

test('info mem says where addresses are not translated', async () => {
  assert.is(await create().run('info mem'), 'hart 0: addresses are not translated\n');
});

test('info devices is the memory map, and shows the state of a device', async () => {
  const { run } = create();
  const map = await run('info devices');
  assert.match(map, /^0010000000 0000000100 serial +ns16550a$/m);
  assert.match(map, /^0080000000 0000400000 memory +ram$/m);
  assert.match(await run('info devices rtc'), /^\{\n/);
  assert.match(await run('info devices memory'), /no device memory/);
});

test('when, stats, info tlb and info translation show figures', async () => {
  const { run } = create();
  assert.is(await run('when'), "tick 4, 0.000000004 s, hart 0's turn\n");
  for (const line of ['stats', 'info tlb', 'info translation']) assert.match(await run(line), /^(\w+ +[\d.]+\n)+$/);
});

test('quit ends the run', async () => {
  const { run, quits } = create();
  assert.is(await run('quit'), '');
  assert.equal(quits, [4]);
});

test('words may be shortened while it is clear what they mean; everything else is answered in words', async () => {
  const { run } = create();
  assert.is(await run('inf reg'), await run('info registers'));
  assert.is(await run('w'), await run('when'));
  assert.match(await run('info t'), /^info t: could be info tlb or info translation\n$/);
  assert.match(await run('info'), /^info.*(could be|needs one of)/);
  assert.match(await run('info nothing'), /^info needs one of: registers, mem/);
  assert.match(await run('whne'), /did you mean when\?/);
  assert.is(await run('  '), '');
});

test('no command changes the machine', async () => {
  const { run, machine } = create();
  const digest = machine.stateDigest();
  for (const { name } of MONITOR_COMMANDS) await run(name);
  assert.is(machine.stateDigest(), digest);
});

test('names are completed', () => {
  assert.equal(completeMonitorLine(MONITOR_COMMANDS, 'info t'), ['info tlb', 'info translation']);
  assert.equal(completeMonitorLine(MONITOR_COMMANDS, 'he'), ['help']);
});

test('the prompt edits lines, answers them, and closes at Ctrl-D', async () => {
  const { context } = create();
  const output = new PassThrough();
  let shown = '';
  output.setEncoding('latin1').on('data', (text: string) => {
    shown += text;
  });
  let changes = 0;
  const prompt = new MonitorPrompt({ output, onChange: () => changes++ });
  prompt.toggle();
  assert.is(prompt.isOpen, false);
  prompt.access = { commands: MONITOR_COMMANDS, context };
  prompt.toggle();
  assert.is(prompt.isOpen, true);
  prompt.type(Buffer.from('whem\x7fn\r'));
  for (let waited = 0; !shown.includes('tick 4') && waited < 200; waited++) await sleep(10);
  assert.match(shown, /\(hindsight\) [\s\S]*tick 4, 0\.000000004 s, hart 0's turn\r\n/);
  prompt.type(Uint8Array.of(4));
  for (let waited = 0; prompt.isOpen && waited < 200; waited++) await sleep(10);
  assert.equal([prompt.isOpen, changes], [false, 2]);
});

test('what is typed goes to the prompt while it is open, but for Ctrl-A and its key', () => {
  let typed = '';
  let open = false;
  const filter = keyFilter(
    (command) => {
      if (command === 'c') open = !open;
    },
    () =>
      open
        ? (bytes) => {
            typed += Buffer.from(bytes).toString('latin1');
          }
        : undefined,
  );
  assert.is(Buffer.from(filter(Buffer.from('ab\x01cde\x01afg\x01chi'))).toString('latin1'), 'abhi');
  assert.is(typed, 'de\x01fg');
});

test.run();
