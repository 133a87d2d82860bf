/**
 * Compresses vmlinux to vmlinux.br, with brotli, which Node.js unpacks without help, and without what is in Image.gz:
 *
 *     node pack-symbols.mjs VMLINUX IMAGE.GZ VMLINUX.BR
 *
 * A window of 16 MiB, so that any decoder takes it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib';
import { withoutImage } from './without-image.mjs';

const [vmlinux, image, packed] = process.argv.slice(2);
const elf = readFileSync(vmlinux);
withoutImage(elf, gunzipSync(readFileSync(image)));
const params = {
  [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  [constants.BROTLI_PARAM_SIZE_HINT]: elf.length,
};
writeFileSync(packed, brotliCompressSync(elf, { params }));
