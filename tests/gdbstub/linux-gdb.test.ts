/** GDB with symbols on examples/linux: what debugging a kernel is like, forward and back. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasBinutils, objdumpFile } from '../support/binutils.js';
import { ROOT } from '../support/files.js';
import { haveGdb, startKernel } from '../support/gdb.js';
import { type GdbStep, listingOf, plainInsn, runGdbSteps } from '../support/gdb-steps.js';

const LINUX = join(ROOT, 'examples/linux');

const test = suite('gdb on Linux');

/** Goes through `steps` with the kernel of examples/linux in front of its first instruction. */
async function onLinux(vmlinux: string, append: string, steps: readonly GdbStep[], options: readonly string[] = []): Promise<string> {
  const initrd = ['--initrd', join(LINUX, 'initramfs.cpio.lz4')];
  const machine = await startKernel(join(LINUX, 'Image.gz'), [...initrd, '--append', `console=ttyS0 ${append}`, ...options]);
  try {
    return await runGdbSteps({ address: machine.address, elf: vmlinux }, steps);
  } finally {
    await machine.end();
  }
}

if (haveGdb('debugging Linux')) {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-test-'));
  const vmlinux = join(folder, 'vmlinux');
  test.before(() => {
    execFileSync(process.execPath, [join(LINUX, 'unpack-symbols.mjs'), vmlinux]);
  });
  test.after(() => rmSync(folder, { recursive: true }));

  test('start_kernel, before there are page tables: breakpoints by name, code, variables, threads', async () => {
    const text = await onLinux(
      vmlinux,
      '',
      [
        ['p/x $satp', '= 0x0'],
        ['hbreak start_kernel', 'Hardware assisted breakpoint 1 at 0xffffffff'],
        ['break setup_arch', 'Breakpoint 2 at 0xffffffff'],
        ['continue', 'Thread 1 "hart 0" hit Breakpoint 1, start_kernel () at init/main.c:'],
        ['bt', '#0  start_kernel ()', /#1 .* in _start_kernel \(\) at arch\/riscv\/kernel\/head\.S:/],
        ['info threads', /\* 1 .*start_kernel \(\)/, /2 +Thread 1\.2 "hart 1" \(waiting for an interrupt\)/],
        ['info line start_kernel', /Line \d+ of "init\/main\.c" starts at address 0xffffffff\w+ <start_kernel> and ends at/],
        ['x/10i $pc', '=> '],
        ['p linux_banner', '"Linux version '],
        ['monitor info mem', /^vaddr/m, /^ffffffff80000000 0000000080400000 \w+ rwx-gad/m],
        ['p init_task.comm', '= "swapper'],
        ['p system_state', '= SYSTEM_BOOTING'],
        ['continue', 'hit Breakpoint 2, setup_arch ('],
        ['finish', 'start_kernel () at init/main.c:'],
        ['p loops_per_jiffy'],
        ['set var loops_per_jiffy = 4321'],
        ['p loops_per_jiffy', '= 4321'],
        ['p gcd(12, 18)', '= 6'],
      ],
      ['--smp', '2'],
    );
    if (!hasBinutils()) return;
    assert.equal(listingOf(text, 'start_kernel').slice(0, 10), objdumpFile(vmlinux, 'start_kernel').slice(0, 10).map(plainInsn));
  });

  test('with both harts up: watch jiffies_64, a driver, a system call, calls on a stack that is not executable', async () => {
    const text = await onLinux(
      vmlinux,
      '',
      [
        ['tbreak kernel_init'],
        ['continue', 'kernel_init ('],
        ['call int_sqrt(144)', '= 12'],
        ['tbreak serial8250_register_8250_port'],
        ['continue', 'serial8250_register_8250_port ('],
        ['bt', 'of_platform_serial_probe', 'platform_probe', 'really_probe', 'driver_register', 'do_one_initcall', 'kernel_init_freeable'],
        ['p ((struct uart_8250_port *)$a0)->port.mapbase', '= 268435456'],
        ['tbreak n_tty_write'],
        ['continue', 'n_tty_write ('],
        ['bt', 'tty_write', 'vfs_write', 'do_trap_ecall_u', 'handle_exception ()'],
        ['p ((struct task_struct *)$tp)->comm', '= "'],
        ['info threads', '"hart 0"', '"hart 1"'],
        ['call gcd(12, 18)', '= 6'],
        ['finish'],
        ['watch jiffies_64', 'Hardware watchpoint 4: jiffies_64'],
        ...Array<GdbStep>(4).fill(['continue', 'hit Hardware watchpoint 4: jiffies_64', 'Old value = ', 'New value = ']),
        ['bt', /tick_(periodic|do_update_jiffies64)/, 'handle_irq', 'handle_exception'],
        ['delete'],
        ['thread apply all bt 1', '#0', '#0'],
      ],
      ['--smp', '2'],
    );
    const values = [...text.matchAll(/^Old value = (\d+)\nNew value = (\d+)$/gm)].map(([, ...pair]) => pair.map(Number));
    assert.is(values.length, 4);
    for (const [before, after] of values) assert.is(after, before + 1);
  });

  test('a panic for want of an init: back to who cleared the name of it, to who set it, and to the panic again', async () => {
    const text = await onLinux(vmlinux, 'rdinit=/nonexistent init=/nonexistent', [
      ['break panic'],
      ['continue', 'Breakpoint 1, panic ('],
      ['bt', 'mount_root_generic', 'prepare_namespace ()', 'kernel_init_freeable ()', 'kernel_init (', 'ret_from_fork'],
      ['p/x $pc', '$1 = '],
      ['monitor when', 'at the end of history'],
      ['p ramdisk_execute_command', '= 0x0'],
      ['watch ramdisk_execute_command'],
      ['reverse-continue', 'New value = ', '"/nonexistent"', 'in kernel_init_freeable () at init/main.c:'],
      ['x/i $pc', '<kernel_init_freeable+', 'sd\tzero'],
      ['reverse-continue', '"/nonexistent"', 'New value = ', '"/init"', 'in rdinit_setup ('],
      [
        'bt',
        'rdinit_setup (',
        'obsolete_checksetup (',
        'unknown_bootoption (param=',
        '"rdinit=/nonexistent"',
        'parse_args (',
        'start_kernel ()',
      ],
      ['reverse-step', 'main.c'],
      ['reverse-step', 'main.c'],
      ['p str', '"/nonexistent"'],
      ['reverse-finish', 'in obsolete_checksetup ('],
      ['bt 1', '#0 '],
      ['delete'],
      ['monitor seek end', 'at the end of history'],
      ['maintenance flush register-cache'],
      ['frame', 'panic ('],
      ['p/x $pc', '= '],
      ['monitor when', 'at the end of history'],
      ['eval "monitor last-write %lu 8", (unsigned long)&ramdisk_execute_command', /written by hart 0, pc 0x\w+; seek \d+ stands/],
    ]);
    assert.is(text.match(/^tick (\d+), .*, at the end of history$/gm)?.length, 3, text);
    assert.is(new Set(text.match(/^tick (\d+), .*, at the end of history$/gm)).size, 1, text);
    const pcs = [...text.matchAll(/^\$\d+ = (0xf\w+)$/gm)].map(([, pc]) => pc);
    assert.is(pcs.length, 2, text);
    assert.is(pcs[0], pcs[1]);
  });
}

test.run();
