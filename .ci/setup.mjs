// Installs and builds what `npm start` and `npm test` need, and only when something changed since the last time.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' });

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function sourcesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

/** Runs `action` unless the stamp at `stampFile` says that it ran for the same `key` already. */
function once(stampFile, key, action) {
  const stamp = join(root, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  action();
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, key);
}

once('node_modules/.setup-stamp', hashOf(['package.json', 'package-lock.json']), () => {
  console.error('setup: installing development dependencies (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
});
const sources = ['lib', 'gdbstub', 'replay', 'tests', 'examples'].flatMap(sourcesBelow);
once('dist/.setup-stamp', hashOf(['package-lock.json', 'tsconfig.json', '.ci/build-wasm.mjs', ...sources]), () => {
  console.error('setup: building (tsc, asc)');
  run('npm', ['run', '--silent', 'build']);
});
