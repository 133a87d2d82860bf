#!/usr/bin/env node
/**
 * Unpacks vmlinux.br beside this file to vmlinux: the kernel of Image.gz as an ELF file with its symbols and debug information, for GDB.
 *
 *     node examples/linux/unpack-symbols.mjs [FILE]     (default: vmlinux beside this file)
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { withoutImage } from './without-image.mjs';

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const target = process.argv[2] ?? beside('vmlinux');
// Under another name until it is complete, so that a vmlinux that is there is a whole one.
const partial = `${target}.${process.pid}.part`;
try {
  const elf = brotliDecompressSync(readFileSync(beside('vmlinux.br')));
  withoutImage(elf, gunzipSync(readFileSync(beside('Image.gz'))));
  writeFileSync(partial, elf);
  renameSync(partial, target);
  console.log(`${target}: ${(elf.length / 2 ** 20).toFixed(1)} MiB`);
} catch (error) {
  rmSync(partial, { force: true });
  console.error(`unpack-symbols: ${error.message}`);
  process.exitCode = 2;
}
