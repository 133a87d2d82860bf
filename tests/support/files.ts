/** Files that tests read and write. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, seen from dist/tests/support. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const HELLO = join(ROOT, 'examples/hello/hello.elf');

export const helloBytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(HELLO));

/** Runs `body` with a folder of its own, which is gone afterwards. */
export async function withFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-test-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file into `folder` and gives its path. */
export function file(folder: string, name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}
