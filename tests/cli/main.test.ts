import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findNode, readFdt, strings } from '../../lib/machines/fdt.js';
import { cli } from '../support/cli.js';
import { file, HELLO, helloBytes, ROOT, withFolder } from '../support/files.js';

const test = suite('command line');

const WRONG: readonly [args: readonly string[], message: RegExp][] = [
  [[], /no command; see hindsight --help/],
  [['rnu', HELLO], /unknown command rnu; did you mean run\?/],
  [['frobnicate'], /unknown command frobnicate; see hindsight --help/],
  [['--quiet', 'run', HELLO], /--quiet: options go behind the command/],
  [['run'], /no kernel given/],
  [['run', '--quiet'], /no kernel given/],
  [['run', HELLO, HELLO], /unexpected argument .*hello\.elf/],
  [['run', HELLO, '--memroy', '64M'], /unknown option --memroy; did you mean --memory\?/],
  [['run', HELLO, '--mem=64M'], /unknown option --mem; did you mean --memory\?/],
  [['run', HELLO, '--no-chian'], /unknown option --no-chian; did you mean --no-chain\?/],
  [['run', HELLO, '--frobnicate'], /unknown option --frobnicate; see hindsight run --help/],
  [['run', HELLO, '-x'], /unknown option -x/],
  [['run', HELLO, '--memory'], /--memory needs a value/],
  [['run', '--memory'], /--memory needs a value/],
  [['run', HELLO, '--memory', '--quiet'], /--memory needs a value/],
  [['run', HELLO, '--memory', '4G'], /--memory: riscv-virt takes at most 3G/],
  [['run', HELLO, '--memory', '1K'], /--memory: 1024 bytes are too little/],
  [['run', HELLO, '--smp', '9'], /--smp 9: riscv-virt takes 1 to 8 harts/],
  [['run', HELLO, '--console', 'file:/'], /--console \/: is a directory/],
  [['run', HELLO, '--stats', '/nonexistent/stats'], /--stats \/nonexistent\/stats: no such file or directory/],
  [['run', HELLO, '--dump-dtb', '/nonexistent/dtb'], /--dump-dtb \/nonexistent\/dtb: no such file or directory/],
  [['run', HELLO, '--bios', 'none', '--dtb', '/nonexistent/dtb'], /\/nonexistent\/dtb: no such file or directory/],
  [['run', HELLO, '--bios', 'none', '--dtb', HELLO], /hello\.elf: at offset 0x0: no device tree \(wrong magic number\)/],
  [['run', '/nonexistent/kernel'], /^hindsight: \/nonexistent\/kernel: no such file or directory$/],
  [['run', ROOT], /: is a directory$/],
  [['replay', HELLO], /hello\.elf: is no recording of hindsight/],
  [['run', '/dev/zero'], /\/dev\/zero: is no regular file/],
];
for (const [args, message] of WRONG) {
  test(`"hindsight ${args.join(' ').replaceAll(ROOT, '')}" is refused with one line and exit code 2`, async () => {
    const { code, stdout, stderr } = await cli(args);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    assert.match(stderr, /^hindsight: [^\n]*\n$/);
    assert.match(stderr.trimEnd(), message);
  });
}

test('bad kernel files are refused with one line that names the file and the offset', () =>
  withFolder(async (folder) => {
    const cut = file(folder, 'cut.elf', helloBytes().subarray(0, 5000));
    const empty = file(folder, 'empty', '');
    const packed = file(folder, 'packed.gz', Uint8Array.of(0x1f, 0x8b, 8, 0));
    for (const [path, message] of [
      [cut, /cut\.elf: at offset 0x[0-9a-f]+: segment ends behind the end of the file/],
      [empty, /empty: the file is empty/],
      [packed, /packed\.gz: bad gzip data/],
    ] as const) {
      const { code, stdout, stderr } = await cli(['run', path, '--bios', 'none']);
      assert.equal([code, stdout], [2, '']);
      assert.match(stderr, /^hindsight: [^\n]*\n$/);
      assert.match(stderr, message);
    }
  }));

test('a kernel for M-mode that is run under the built-in firmware is told of --bios none', async () => {
  const { code, stderr } = await cli(['run', HELLO, '--max-ticks', '1000']);
  assert.is(code, 4);
  assert.match(stderr, /hello\.elf starts at 0x80000000, where firmware belongs; if it is for M-mode, say --bios none\n/);
  assert.not.match((await cli(['run', HELLO, '--bios', 'none', '--max-ticks', '1000'])).stderr, /firmware/);
});

test('--help lists the commands, and run --help every option with its default, and examples', async () => {
  const [general, run] = await Promise.all([cli(['--help']), cli(['run', '--help'])]);
  assert.equal([general.code, run.code, general.stderr, run.stderr], [0, 0, '', '']);
  assert.match(general.stdout, /run +Boot a machine/);
  assert.match(run.stdout, /--memory +SIZE.*default 256M/);
  assert.match(run.stdout, /Examples\n.*\$ hindsight run /);
});

test('--version says the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const { code, stdout } = await cli(['--version']);
  assert.equal([code, stdout], [0, `hindsight, ${version}\n`]);
});

test('--dump-dtb writes the device tree and starts nothing', () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, 'sub'));
    const path = join(folder, 'sub/virt.dtb');
    const result = await cli(['run', '/nonexistent/kernel', '--append', '-x "y"', '--dump-dtb', path]);
    assert.equal([result.code, result.stdout, result.stderr], [0, '', '']);
    assert.equal(findNode(readFdt(readFileSync(path)), '/chosen')?.properties.bootargs, strings('-x "y"'));
  }));

test('--dtb takes the place of the device tree, with what --append says', () =>
  withFolder(async (folder) => {
    const [first, second] = [join(folder, 'first.dtb'), join(folder, 'second.dtb')];
    await cli(['run', HELLO, '--smp', '3', '--append', 'one', '--dump-dtb', first]);
    await cli(['run', HELLO, '--dtb', first, '--append', 'two', '--dump-dtb', second]);
    const tree = readFdt(readFileSync(second));
    assert.equal(findNode(tree, '/chosen')?.properties.bootargs, strings('two'));
    assert.ok(findNode(tree, '/cpus/cpu@2'));
    const { code } = await cli(['run', HELLO, '--bios', 'none', '--dtb', second]);
    assert.is(code, 0);
  }));

test.run();
