/** The server with a real GDB: with a fake machine, and with examples/hello (which has DWARF) on the real one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GdbServer, startGdbServer } from '../../gdbstub/server.js';
import { hasBinutils, objdumpFile } from '../support/binutils.js';
import { FAKE_BASE, FakeTarget } from '../support/fake-target.js';
import { HELLO, withFolder } from '../support/files.js';
import { haveGdb, runGdb, startMachine, startQemuMachine } from '../support/gdb.js';
import { assertInOrder, type GdbStep, listingOf, plainInsn, runGdbSteps } from '../support/gdb-steps.js';
import { haveQemu } from '../support/qemu.js';

const test = suite('gdb');

async function withFake(target: FakeTarget, body: (address: string, server: GdbServer) => Promise<void>): Promise<void> {
  const server = await startGdbServer(target, { host: '127.0.0.1', port: 0 });
  try {
    await body(server.address, server);
  } finally {
    target.interrupt();
    await server.close();
  }
}

/** Goes through `steps` on our machine with hello.elf. */
async function onHello(steps: readonly GdbStep[], options: readonly string[] = []): Promise<string> {
  const machine = await startMachine(HELLO, options);
  try {
    return await runGdbSteps({ address: machine.address, elf: HELLO }, steps);
  } finally {
    await machine.end();
  }
}

if (haveGdb('tests of the GDB server')) {
  test('fake machine: registers, memory, threads, `info os`, monitor', () =>
    withFake(new FakeTarget({ harts: 2 }), async (address) => {
      const commands = [
        'info threads',
        'p/x $pc',
        'thread 2',
        'p/x $mhartid',
        'p $fcsr',
        'p $f1',
        'set $s5 = 77',
        'p $x21',
        'set *(int*)0x80000100 = 99',
      ];
      commands.push(
        'p *(int*)0xffffffff80000100',
        'p *(int*)0x10',
        'info os harts',
        'monitor hello',
        'find 0x80000000, +0x8000, (int)99',
        'maint packet qOffsets',
      );
      const text = await runGdb({ address, commands });
      assertInOrder(text, [/\* 1 +Thread 1\.1 "hart 0" \(running in M\) 0x0+80000000/, /2 +Thread 1\.2 "hart 1"/, '$1 = 0x80000000']);
      assertInOrder(text, ['$2 = 0x1', '$3 = 0', '$4 = {float = 0, double = 0}', '$6 = 99', 'Cannot access memory at address 0x10']);
      assertInOrder(text, [/1 +hart 0 +running in M 0x80000000/, 'you said hello', '0x80000100\n1 pattern found', 'received: ""']);
    }));

  test('fake machine: reverse commands, and watchpoints where GDB shows the store', () => {
    const target = new FakeTarget({ harts: 2 });
    target.program.set(FAKE_BASE + 0x10n, { increment: { address: FAKE_BASE + 0x8000n, bytes: 8 } });
    target.program.set(FAKE_BASE + 0x30n, { jump: FAKE_BASE });
    target.program.set(FAKE_BASE + 0x1030n, { jump: FAKE_BASE + 0x1000n });
    return withFake(target, async (address) => {
      const commands = [
        'watch *(int*)0x80008004',
        'watch *(int*)0x80008000',
        'c',
        'p/x $pc',
        'c',
        'reverse-continue',
        'p/x $pc',
        'reverse-stepi',
      ];
      commands.push('delete', 'break *0x80000008', 'reverse-continue', 'reverse-continue', 'reverse-continue', 'stepi', 'p/x $pc');
      const text = await runGdb({ address, commands });
      assertInOrder(text, ['hit Hardware watchpoint 2', 'Old value = 19\nNew value = 20\n0x0000000080000014', '$1 = 0x80000014']);
      assertInOrder(text, [
        '$1',
        'Old value = 20\nNew value = 21',
        'Old value = 21\nNew value = 20\n0x0000000080000010',
        '$2 = 0x80000010',
        '0x000000008000000c',
      ]);
      assertInOrder(text, [
        '0x000000008000000c',
        'hit Breakpoint 3, 0x0000000080000008',
        'hit Breakpoint 3',
        'No more reverse-execution history',
        /\$3 = 0x8000[01]004/,
      ]);
    });
  });

  test('fake machine: dprintf in the target, and a second debugger', () => {
    const target = new FakeTarget();
    target.program.set(FAKE_BASE + 4n, { count: 10 });
    target.program.set(FAKE_BASE + 8n, { jump: FAKE_BASE });
    return withFake(target, async (address, server) => {
      const commands = [
        'set dprintf-style agent',
        'dprintf *0x80000008,"a0 is %d, %s\\n", $a0, 0x80000100',
        'break *0x80000000 if $a0 == 3',
      ];
      commands.push('set {char[4]}0x80000100 = "abc"', 'c', 'p $a0');
      assertInOrder(await runGdb({ address, commands }), ['a0 is 1, abc\na0 is 2, abc\na0 is 3, abc\n', 'Breakpoint 2', '$1 = 3']);
      const first = runGdb({ address, commands: ['echo connected\\n', 'shell sleep 3', 'p/x $pc'] });
      while (!server.isConnected) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.match(await runGdb({ address, commands: [] }), 'another debugger is connected');
      assert.match(await first, '$1 = 0x8000000');
    });
  });

  test('breakpoints of all kinds, backtraces, finish, until, advance, stepping by line and instruction', async () => {
    await onHello([
      ['info threads', /\* 1 +Thread 1\.1 "hart 0"/],
      ['stepi', '0x0000000000001004'],
      ['stepi', '0x0000000000001008'],
      ['tbreak main', 'Temporary breakpoint 1 at 0x80000240'],
      ['continue', 'Temporary breakpoint 1, main () at ./main.c:86'],
      ['nexti', '0x0000000080000242'],
      ['next', '87'],
      ['hbreak fib'],
      ['continue', 'Breakpoint 2, fib (n=27'],
      ['bt', /#0 +fib \(n=27.*\n#1 .*in measure.*\n#2 .*in main \(\) at .\/main.c:93/],
      ['delete'],
      ['finish', 'in measure (', '40'],
      ['advance 95', 'main () at ./main.c:94'],
      ['step', '95'],
      ['break check'],
      ['continue', 'check (what=', '"environment call from M-mode", good=1)'],
      ['finish'],
      ['p trap_cause', '= 11'],
      ['info registers pc priv mstatus', '<main+', 'prv:3 [Machine]', 'FS:'],
      ['delete'],
      ['until 64'],
      ['continue', /exited normally|powered off/],
    ]);
  });

  test('a step is one tick: into a trap, out of it, over wfi; an interrupt meanwhile is handled unseen', async () => {
    await onHello([
      ['tbreak *0x80000324'],
      ['continue', 'exceptions ()'],
      ['x/i $pc', 'ecall'],
      ['stepi', 'trap_entry ()'],
      ['p $mcause', '= 11'],
      ['tbreak *0x800000a4'],
      ['continue', 'trap_entry ()'],
      ['x/i $pc', 'mret'],
      ['stepi', 'exceptions ()'],
      ['x/i $pc', '0x80000328'],
      ['tbreak *0x80000420'],
      ['continue', 'interrupts ()'],
      ['x/i $pc', 'wfi'],
      ['p traps', '= 6'],
      ['stepi'],
      ['x/i $pc', '0x80000424'],
      ['stepi'],
      ['x/i $pc', '0x80000426'],
      ['p traps', '= 7'],
      ['maint packet qqemu.sstep', 'received: "0x7"'],
    ]);
  });

  test('watch, rwatch and awatch stop behind the access, and only there', async () => {
    await onHello([
      ['break exceptions'],
      ['continue', 'exceptions'],
      ['delete'],
      ['watch traps'],
      ['continue', 'Hardware watchpoint 2: traps', 'Old value = 0\nNew value = 1\ntrap (cause=11', 'main.c:24'],
      ['rwatch trap_cause'],
      ['continue', 'Hardware read watchpoint 3: trap_cause', 'Value = 11', 'exceptions ()'],
      ['continue', 'Old value = 1\nNew value = 2\ntrap (cause=3'],
      ['delete'],
      ['awatch trap_value'],
      ['continue', 'Hardware access (read/write) watchpoint 4: trap_value', 'New value = 4294967295\ntrap (cause=2'],
      ['delete'],
      ['watch failures'],
      ['continue', /exited normally|powered off/],
    ]);
  });

  test('conditions are evaluated in the machine: 800,000 false hits, and the last one true', async () => {
    await onHello([
      ['break fib if n == 99'],
      ['break sieve if 0'],
      ['break pi_double'],
      ['continue', 'Breakpoint 3, pi_double'],
      ['info breakpoints', 'stop only if n == 99 (target evals)', 'stop only if 0'],
    ]);
  });

  test('code is what objdump shows; memory can be searched, compared, changed and loaded', async () => {
    const text = await onHello([
      ['x/10i main', '<main>'],
      ['compare-sections', '.text', 'matched', '.rodata', 'matched'],
      ["find &_start, +0x1000, 'H','e','l','l','o'", '1 pattern found'],
      ['break check'],
      ['continue', 'check (what='],
      ['p $_exitcode'],
      ['set var failures = 7'],
      ['p failures', '= 7'],
      ['p fib(10)', '= 55'],
      ['delete'],
      ['set var *(char *)main = 0'],
      ['compare-sections .text', 'MIS-MATCHED'],
      ['load', 'Loading section .text', 'Start address 0x0000000080000000'],
      ['compare-sections .text', 'matched'],
      ['p/x $pc', '0x80000000'],
      ['p traps = 0'],
      ['break main'],
      ['continue', 'main () at'],
      ['maint packet qMemoryRegionInfo:80001234', 'start:80001000;size:1000000;permissions:rwx;'],
      ['maint packet qMemoryRegionInfo:70000000', 'permissions:;'],
      ['call print_hex(0x1234)'],
      ['p/x $pc', '0x80000240'],
    ]);
    if (!hasBinutils()) return;
    assert.equal(listingOf(text, 'main').slice(0, 10), objdumpFile(HELLO, 'main').slice(0, 10).map(plainInsn));
  });

  test("devices' registers can be looked at and written, live and back in time", async () => {
    await onHello([
      ['break main'],
      ['continue', 'main () at'],
      ['p/x *(long long *)0x2004000', '$1 = '],
      ['set var *(long long *)0x2004000 = 0x123456789abc'],
      ['p/x *(long long *)0x2004000', '$2 = 0x123456789abc'],
      ['x/4xb 0x10000004', '0x10000004:', '0x60'],
      ['tbreak fib'],
      ['continue', 'fib (n='],
      ['p/x *(long long *)0x2004000', '0x123456789abc'],
      ['reverse-continue', 'main () at'],
      ['reverse-stepi'],
      ['p/x *(long long *)0x2004000 != 0x123456789abc', '= 0x1'],
      ['tbreak fib'],
      ['continue', 'main () at'],
      ['continue', 'fib (n='],
      ['p/x *(long long *)0x2004000', '0x123456789abc'],
    ]);
  });

  test('back in time: steps, breakpoints, conditions, finish, to the beginning, and the same way forward again', async () => {
    const text = await onHello([
      ['tbreak exceptions'],
      ['continue', 'exceptions () at ./main.c:56'],
      ['p $cycle', '$1 = '],
      ['reverse-stepi', 'in print ('],
      ['reverse-stepi'],
      ['stepi'],
      ['stepi', 'exceptions ()'],
      ['p $cycle', '$2 = '],
      ['break fib if n == 26'],
      ['reverse-continue', 'Breakpoint 2, fib (n=n@entry=26)'],
      ['bt', '#0 ', '#1 ', 'fib (n=27', '#2 ', 'measure', '#3 ', 'main ()'],
      ['reverse-finish', 'in fib (n=27'],
      ['delete'],
      ['tbreak matrix'],
      ['reverse-continue', 'matrix ()'],
      ['reverse-continue', 'No more reverse-execution history', '0x0000000000001000'],
      ['p $cycle', '$3 = 0'],
      ['tbreak exceptions'],
      ['continue', 'exceptions ()'],
      ['p $cycle', '$4 = '],
      ['reverse-next', '96\t'],
      ['set exec-direction reverse'],
      ['tbreak measure'],
      ['continue', 'measure ('],
      ['advance main', 'main ()'],
      ['set exec-direction forward'],
      ['continue', 'powered off (exit code 0)', 'No more reverse-execution history'],
      ['reverse-stepi', '0x00000000800008e6'],
    ]);
    const cycles = [...text.matchAll(/^\$[124] = (\d+)$/gm)].map(([, cycle]) => cycle);
    assert.equal(cycles, Array(3).fill(cycles[0]));
  });

  test('back in time: watchpoints show the store that is undone, and reads', async () => {
    await onHello([
      ['tbreak interrupts'],
      ['continue', 'interrupts ()'],
      ['watch traps'],
      ['reverse-continue', 'Hardware watchpoint 2: traps', 'Old value = 5\nNew value = 4', 'in trap (cause=7'],
      ['x/i $pc', '=> ', 'sd'],
      ['reverse-continue', 'Old value = 4\nNew value = 3', 'in trap (cause=5'],
      ['continue', 'Old value = 3\nNew value = 4', 'trap (cause=5'],
      ['delete'],
      ['awatch *(int *)((char *)&trap_value + 4)'],
      ['reverse-continue', 'Hardware access (read/write) watchpoint 3', 'trap ('],
      ['delete'],
      ['rwatch trap_cause'],
      ['reverse-continue', 'Hardware read watchpoint 4: trap_cause', 'Value = '],
    ]);
  });

  test('back in time with four harts: each steps back on its own', async () => {
    await onHello(
      [
        ['thread 3'],
        ['stepi', '0x0000000000001004'],
        ['stepi', '0x0000000000001008'],
        ['reverse-stepi', '0x0000000000001004'],
        ['reverse-stepi', '0x0000000000001000'],
        ['tbreak main'],
        ['continue', 'main ()'],
        ['break park'],
        ['reverse-continue', 'park ()'],
        ['reverse-continue', 'park ()'],
        ['delete'],
        ['reverse-continue', 'No more reverse-execution history'],
        ['thread apply all p/x $pc', '0x1000', '0x1000', '0x1000', '0x1000'],
      ],
      ['--smp', '4'],
    );
  });

  test('^C stops a search of the past', async () => {
    const machine = await startMachine(HELLO);
    try {
      const commands = [
        'tbreak exceptions',
        'continue',
        'break fib if n == 99',
        'break sieve if $a0 == 12345',
        'echo running\\n',
        'reverse-continue',
        'p $cycle > 0',
        'reverse-stepi',
        'stepi',
        'p 1 + 1',
      ];
      const text = await runGdb({ address: machine.address, elf: HELLO, commands, interruptAt: 'running' });
      assertInOrder(text, ['running', /received signal SIGINT|No more reverse-execution history/, '$1 = ', '$2 = 2']);
    } finally {
      await machine.end();
    }
  });

  test('four harts: threads, scheduler-locking, stepping each', async () => {
    await onHello(
      [
        ['info threads', '"hart 3"'],
        ['thread 2', 'Switching to thread 2'],
        ['set scheduler-locking on'],
        ['stepi', '0x0000000000001004'],
        ['stepi', '0x0000000000001008'],
        ['thread apply all p/x $pc', '0x1000', '0x1000', '0x1008', '0x1000'],
        ['set scheduler-locking off'],
        ['thread 1'],
        ['break main'],
        ['continue', 'Thread 1 "hart 0" hit Breakpoint 1, main ()'],
        ['info threads', /\* 1 .*main \(\)/, /4 .*park \(\)/],
        ['thread apply all p $mhartid', '= 3', '= 2', '= 1', '= 0'],
        ['delete'],
        ['watch traps'],
        ['continue', 'Thread 1 "hart 0" hit Hardware watchpoint'],
      ],
      ['--smp', '4'],
    );
  });

  test('^C stops the machine; after a reconnect it is where it was', async () => {
    const machine = await startMachine(HELLO);
    try {
      const commands = [
        'tbreak fibonacci',
        'continue',
        'set var *(int *)$pc = 0xa001a001',
        'echo running\\n',
        'continue',
        'p/x $pc',
        'disconnect',
      ];
      const text = await runGdb({ address: machine.address, elf: HELLO, commands, interruptAt: 'running' });
      assertInOrder(text, ['running', 'received signal SIGINT', /fibonacci/, /\$1 = 0x8000066[a-c]/]);
      assertInOrder(await runGdb({ address: machine.address, elf: HELLO, commands: ['bt'] }), [
        /#0 +(0x\w+ in )?fibonacci/,
        'measure',
        'main',
      ]);
    } finally {
      await machine.end();
    }
  });

  test('QEMU, asked the same, gives the same values', async () => {
    if (!haveQemu('a comparison of GDB sessions')) return;
    const commands = [
      'tbreak main',
      'c',
      'bt',
      'info registers sp ra gp s0 s1',
      'x/12i main',
      'tbreak fib',
      'c',
      'bt',
      'info registers a0 a1 s0 s1 sp ra',
    ];
    commands.push(
      'finish',
      'p a',
      'x/8xw $sp',
      'tbreak pi_double',
      'c',
      'p c[3][4]',
      'p/x composite[90]@16',
      'watch traps',
      'c',
      'bt',
      'p trap_cause',
    );
    commands.push(
      'p/x $mcause',
      'p/x $mepc',
      'p/x $mtvec',
      'c',
      'p trap_cause',
      'stepi',
      'stepi',
      'stepi',
      'p/x $pc',
      'x/s 0x80000a00',
      'p $ft0',
    );
    await withFolder(async (folder) => {
      const transcripts: string[][] = [];
      for (const machine of [await startMachine(HELLO), await startQemuMachine(HELLO, folder)]) {
        const text = await runGdb({ address: machine.address, elf: HELLO, commands }).finally(() => machine.end());
        const lines = text.slice(text.indexOf('Temporary breakpoint 1')).split('\n');
        // Only one of them names threads; and the connection ends in different ways.
        transcripts.push(lines.filter((line) => !/Thread|Inferior|detached|^$/.test(line)));
      }
      assert.ok(transcripts[0].length > 60, transcripts[0].join('\n'));
      for (const [i, line] of transcripts[0].entries()) assert.is(line, transcripts[1][i], `after ${transcripts[0][i - 1]}`);
      assert.is(transcripts[0].length, transcripts[1].length);
    });
  });
}

test.run();
