// Compiles the AssemblyScript modules (everything below a folder named `assembly` with an index.ts) to dist/.../NAME.wasm.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');

function assemblyFolders(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = `${folder}/${entry.name}`;
    return entry.name === 'assembly' && existsSync(join(root, path, 'index.ts')) ? [path] : assemblyFolders(path);
  });
}

for (const folder of assemblyFolders('lib')) {
  const out = join(root, 'dist', dirname(folder), 'assembly.wasm');
  mkdirSync(dirname(out), { recursive: true });
  const options = [
    '-O3',
    '--runtime',
    'stub',
    '--noAssert',
    '--importMemory',
    '--initialMemory',
    '1',
    '--importTable',
    '--noExportMemory',
    '--enable',
    'nontrapping-f2i',
    '--memoryBase',
    '64',
    '--use',
    'abort=',
  ];
  execFileSync(process.execPath, [asc, `${folder}/index.ts`, '-o', out, ...options], { cwd: root, stdio: 'inherit' });
}
