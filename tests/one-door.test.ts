/**
 * Nothing but logged input may reach the guest. So in the folders whose code the guest's behaviour depends on, nobody looks at the host: not at its
 * clock, its chance, its files, its network, nor at what differs between hosts. Exceptions are listed, each with the reason why the guest cannot see it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from './support/files.js';

const test = suite('one door');

const FOLDERS = ['util', 'wasm', 'ir', 'isa', 'mem', 'devices', 'machines', 'exec', 'system'];

/** What shows the host, by the name under which it is reported. */
const LEAKS: Readonly<Record<string, RegExp>> = {
  Date: /\bDate\b/,
  performance: /\bperformance\b/,
  'Math.random': /\bMath\.random\b/,
  // Their last bits are the host's: ECMAScript leaves them to the implementation.
  'inexact Math': /\bMath\.(a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b/,
  crypto: /\bcrypto\b(?!')/,
  timers: /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
  process: /\bprocess\b(?!-)/,
  'global object': /\b(globalThis|navigator)\b/,
  network: /\b(WebSocket|XMLHttpRequest)\b|(?<![.\w])fetch\((?!env\b|[^)]*: )/,
  threads: /\b(Worker|SharedArrayBuffer|Atomics|MessageChannel)\b/,
  'garbage collection': /\b(WeakRef|FinalizationRegistry)\b/,
  locale: /\b(Intl|toLocale\w*|localeCompare)\b/,
  asynchrony: /\b(async|await|Promise)\b/,
  'code at run time': /\b(eval|Function)\(|\bimport\(|\brequire\(/,
};

/** File, what it uses, and why the guest cannot tell. */
const EXCEPTIONS: readonly (readonly [file: string, leak: string, reason: string])[] = [
  ['lib/exec/compiler.ts', 'performance', 'how long compiling took: a statistic, and which code is compiled is not visible to the guest'],
  ['lib/exec/engine.ts', 'node:v8', 'sets a flag of the host that changes its speed only'],
  ['lib/exec/mmu.ts', 'node:fs', "loads the program's own WebAssembly"],
  ['lib/isa/riscv/index.ts', 'node:fs', "loads the program's own WebAssembly"],
  ['lib/exec/digest.ts', 'node:crypto', 'a hash: a function of its input'],
  ['lib/devices/overlay-disk.ts', 'node:crypto', 'a hash: a function of its input'],
  ['lib/machines/riscv-virt-tree.ts', 'node:crypto', 'a hash: a function of its input'],
  ['lib/util/random.ts', 'node:crypto', 'a hash: a function of its input'],
  ['lib/machines/load-kernel.ts', 'node:fs', 'files are read before the run, and a recording has them'],
  ['lib/machines/load-kernel.ts', 'node:zlib', 'decompression: a function of its input'],
];

/** Names that may be imported from modules of which others would leak. */
const HARMLESS_NAMES: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash'],
  'node:v8': ['setFlagsFromString'],
};

function sources(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, 'lib', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => `lib/${folder}/${name}`),
  ).sort();
}

/** The code of a file, without comments and texts. */
function codeOf(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[^:'"])\/\/.*$/gm, '$1')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

/** What a file's text shows of the host: names of LEAKS, and of modules that are not the program's own. */
function leaksIn(text: string): string[] {
  const code = codeOf(text);
  const uses = Object.entries(LEAKS).flatMap(([name, pattern]) => (pattern.test(code) ? [name] : []));
  const withoutComments = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const modules = [...withoutComments.matchAll(/\bfrom '([^'.][^']*)'|\bimport '([^'.][^']*)'/g)].map((match) => match[1] ?? match[2]);
  return [...uses, ...modules];
}

/** Names that a file imports from `module`. */
function namesFrom(text: string, module: string): string[] {
  return [...text.matchAll(/import \{([^}]*)\} from '([^']*)'/g)]
    .filter((match) => match[2] === module)
    .flatMap((match) => match[1].split(',').map((name) => name.trim()))
    .filter((name) => name !== '');
}

test('nobody whom the guest can see looks at the host, but for the exceptions', () => {
  const found = sources().flatMap((file) => leaksIn(readFileSync(join(ROOT, file), 'utf8')).map((leak) => `${file}: ${leak}`));
  const allowed = new Set(EXCEPTIONS.map(([file, leak]) => `${file}: ${leak}`));
  assert.equal(
    found.filter((one) => !allowed.has(one)),
    [],
  );
});

test('every exception is still one', () => {
  const stale = EXCEPTIONS.filter(([file, leak]) => !leaksIn(readFileSync(join(ROOT, file), 'utf8')).includes(leak));
  assert.equal(stale, []);
});

test('of modules that could leak, only harmless names are imported', () => {
  for (const file of sources()) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [module, harmless] of Object.entries(HARMLESS_NAMES)) {
      assert.equal(
        namesFrom(text, module).filter((name) => !harmless.includes(name)),
        [],
        file,
      );
    }
  }
});

test('what a guest sees of the host enters in the command line only, by one call of the machine', () => {
  const callers = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        name.endsWith('.ts') &&
        /\b(console|port|net|serial|virtioConsole|device)\??\.(port\??\.|device\.)?(receive|resize)\(/.test(
          codeOf(readFileSync(join(ROOT, 'lib', name), 'utf8')),
        ),
    )
    .sort();
  assert.equal(callers, ['system/guest-machine.ts']);
});

test('the test would notice', () => {
  const samples = [
    'const now = Date.now();',
    'x = Math.random();',
    'const ms = performance.now();',
    'setTimeout(work, 1);',
    "import { randomBytes } from 'node:crypto';",
    "import net from 'node:net';",
    'const seed = crypto.getRandomValues(a);',
    'const page = await fetch(url);',
    'y = Math.pow(2, x);',
    "if (process.platform === 'linux') z();",
    'list.sort((a, b) => a.localeCompare(b));',
    "import 'msgpackr';",
  ];
  for (const sample of samples) assert.ok(leaksIn(sample).length > 0, sample);
  for (const harmless of ["const text = 'Date';", '/* performance */ const a = 1;', '// Math.random()', "import { a } from './date.js';"]) {
    assert.equal(leaksIn(harmless), [], harmless);
  }
});

test.run();
