import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('architecture');

// Compiled to dist/tests: the sources are two folders up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

interface Import {
  readonly from: string;
  readonly to: string;
}

function sources(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}

function existingFolders(...names: string[]): string[] {
  const present = new Set(readdirSync(root));
  return names.filter((name) => present.has(name));
}

/** The relative imports and re-exports of `file`, types included. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const matches = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;]*?from\s*'(\.[^']*)'|(?:^|\n)\s*import\s*'(\.[^']*)'|\bimport\(\s*'(\.[^']*)'\s*\)/g,
  );
  return [...matches].map((match) => {
    const path = (match[1] ?? match[2] ?? match[3]) as string;
    return { from: file, to: posix.join(posix.dirname(file), path.replace(/(\.js|\.ts)?$/, '.ts')) };
  });
}

const files = existingFolders('lib', 'gdbstub', 'replay').flatMap(sources);
const imports = files.flatMap(importsOf);

/** The part of the program that a file belongs to. */
function partOf(file: string): string {
  const [top, second, third] = file.split('/');
  if (top !== 'lib') return top as string;
  return second === 'isa' && third && !third.endsWith('.ts') ? `isa/${third}` : (second as string);
}

/** What the files of a part may import, besides their own part and lib/mem/layout.ts, which everyone may. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  util: [],
  wasm: ['util'],
  ir: ['util', 'wasm'],
  isa: ['util', 'ir'],
  'isa/*': ['util', 'ir', 'isa'],
  mem: ['util'],
  devices: ['util', 'mem'],
  machines: ['util', 'mem', 'devices'],
  symbols: ['util'],
  net: ['util'],
  exec: ['util', 'ir', 'wasm', 'mem', 'lib/isa/guest.ts'],
  system: ['util', 'mem', 'devices', 'machines', 'exec', 'isa'],
  host: ['util', 'isa', 'isa/*', 'mem', 'devices', 'machines', 'exec', 'system', 'net', 'replay'],
  api: ['util', 'isa', 'isa/*', 'ir', 'machines', 'devices', 'exec', 'system', 'host', 'symbols', 'replay'],
  'index.ts': ['api', 'util', 'exec', 'symbols', 'replay'],
  cli: [
    'util',
    'wasm',
    'ir',
    'isa',
    'isa/*',
    'mem',
    'devices',
    'machines',
    'exec',
    'system',
    'host',
    'symbols',
    'net',
    'gdbstub',
    'replay',
  ],
  gdbstub: ['util', 'mem', 'devices', 'machines', 'exec', 'isa', 'system'],
  replay: ['util', 'mem', 'devices', 'machines', 'exec', 'isa', 'system', 'symbols'],
};

/** Who may import lib/isa/riscv. */
const KNOWS_RISCV = ['isa/riscv', 'machines', 'host', 'api', 'cli'];

function isAllowed({ from, to }: Import): boolean {
  if (to === 'lib/mem/layout.ts') return true;
  // A guest's page walk and its traps share code with the soft-MMU, inside WebAssembly.
  if (to.startsWith('lib/mem/assembly/') && /^lib\/isa\/\w+\/assembly\//.test(from)) return true;
  const [here, there] = [partOf(from), partOf(to)];
  if (here === there) return true;
  const rules = ALLOWED[here.startsWith('isa/') ? 'isa/*' : here];
  const name = there.startsWith('isa/') ? 'isa/*' : there;
  if (there === 'isa/riscv' && KNOWS_RISCV.includes(here)) return true;
  return rules !== undefined && (rules.includes(name) || rules.includes(to));
}

const show = ({ from, to }: Import): string => `${from} -> ${to}`;

test('the sources are found, and their imports', () => {
  assert.ok(files.includes('lib/exec/engine.ts'));
  assert.ok(imports.some(({ from, to }) => from === 'lib/exec/engine.ts' && to === 'lib/ir/interpreter.ts'));
  assert.equal(imports.filter(({ to }) => !files.includes(to)).map(show), [], 'imports that lead nowhere');
});

test('every part has a rule', () => {
  const parts = new Set(files.map(partOf).map((part) => (part.startsWith('isa/') ? 'isa/*' : part)));
  assert.equal(
    [...parts].filter((part) => !Object.hasOwn(ALLOWED, part)),
    [],
  );
});

test('imports go one way', () => {
  assert.equal(imports.filter((edge) => !isAllowed(edge)).map(show), []);
});

test('the rule would notice: devices that import a machine, an ISA that imports WebAssembly or another ISA', () => {
  const wrong = [
    { from: 'lib/devices/clint.ts', to: 'lib/machines/machine.ts' },
    { from: 'lib/devices/clint.ts', to: 'lib/exec/engine.ts' },
    { from: 'lib/isa/riscv/index.ts', to: 'lib/wasm/code.ts' },
    { from: 'lib/isa/riscv/index.ts', to: 'lib/isa/x86/index.ts' },
    { from: 'lib/exec/engine.ts', to: 'lib/isa/riscv/index.ts' },
    { from: 'lib/exec/engine.ts', to: 'lib/isa/table.ts' },
    { from: 'lib/net/tcp-nat.ts', to: 'lib/exec/engine.ts' },
    { from: 'lib/net/user-network.ts', to: 'lib/devices/virtio/net.ts' },
    { from: 'lib/devices/virtio/net.ts', to: 'lib/net/user-network.ts' },
    { from: 'lib/mem/address-space.ts', to: 'lib/isa/guest.ts' },
    { from: 'lib/machines/machine.ts', to: 'lib/cli/main.ts' },
    { from: 'lib/host/boot.ts', to: 'lib/cli/options.ts' },
    { from: 'lib/host/boot.ts', to: 'gdbstub/target.ts' },
    { from: 'lib/host/boot.ts', to: 'lib/api/machine.ts' },
    { from: 'lib/api/machine.ts', to: 'lib/cli/run.ts' },
    { from: 'lib/symbols/symbols.ts', to: 'lib/machines/elf.ts' },
    { from: 'gdbstub/packet.ts', to: 'lib/symbols/symbols.ts' },
    { from: 'replay/codec.ts', to: 'gdbstub/packet.ts' },
  ];
  assert.equal(wrong.filter(isAllowed).map(show), []);
});

test('no cycle of imports', () => {
  const edges = new Map(files.map((file) => [file, importsOf(file).map(({ to }) => to)]));
  const done = new Set<string>();
  const cycleFrom = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ');
    if (done.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const cycle = cycleFrom(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  assert.equal(
    files.map((file) => cycleFrom(file, [])).filter((cycle) => cycle !== undefined),
    [],
  );
});

test('every test file runs its suites', () => {
  const tests = sources('tests').filter((file) => file.endsWith('.test.ts'));
  assert.ok(tests.includes('tests/architecture.test.ts'));
  const silent = tests.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const suites = [...text.matchAll(/\bconst (\w+) = suite\b/g)].map((match) => match[1] as string);
    return suites.length === 0 ? !text.includes('.run()') : suites.some((name) => !new RegExp(`^\\s*${name}\\.run\\(\\);`, 'm').test(text));
  });
  assert.equal(silent, []);
});

test.run();
