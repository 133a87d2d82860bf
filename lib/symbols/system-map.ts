/** Linux' System.map: what `nm -n` prints of the kernel, a line `ffffffff80000000 T _start` per symbol. It has no sizes. */
import { ImageError } from '../util/errors.js';
import type { SymbolKind } from './answers.js';
import { KINDS, type SymbolColumns } from './symbol-index.js';

/** By the letter of nm(1), in lower case; others name no place. */
const KIND_OF_LETTER: Readonly<Record<string, SymbolKind>> = {
  t: 'function',
  w: 'function',
  i: 'function',
  d: 'object',
  b: 'object',
  r: 'object',
  v: 'object',
  g: 'object',
  s: 'object',
  a: 'constant',
};
/** How far the last symbol reaches at most: a page. */
const LAST_BYTES = 4096n;

/** Reads the text of a System.map. Throws `ImageError` that names `path` and the line. */
export function readSystemMap(path: string, text: string): SymbolColumns {
  const rows: { name: string; address: bigint; kind: SymbolKind; isGlobal: boolean }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const match = /^([0-9a-f]{1,16}) ([A-Za-z?-]) (\S+)(\s+\[\S+\])?\s*$/.exec(line);
    if (!match)
      throw new ImageError(`${path}:${index + 1}: neither an ELF file nor a System.map (no line such as "ffffffff80000000 T _start")`);
    const [, address, letter, name] = match as unknown as [string, string, string, string];
    const kind = KIND_OF_LETTER[letter.toLowerCase()];
    const isLocalLabel = /^(\$|\.L)/.test(name);
    if (kind && !isLocalLabel) rows.push({ name, address: BigInt(`0x${address}`), kind, isGlobal: letter !== letter.toLowerCase() });
  }
  const byName = new Map<string, number[]>();
  for (const [index, { name }] of rows.entries()) {
    const same = byName.get(name);
    if (same) same.push(index);
    else byName.set(name, [index]);
  }
  const end = rows.reduce((last, { address }) => (address > last ? address : last), 0n) + LAST_BYTES;
  return {
    count: rows.length,
    addresses: BigUint64Array.from(rows, ({ address }) => address),
    sizes: new Float64Array(rows.length),
    kinds: Uint8Array.from(rows, ({ kind }) => KINDS.indexOf(kind)),
    globals: Uint8Array.from(rows, ({ isGlobal }) => Number(isGlobal)),
    nameOf: (index) => rows[index]!.name,
    named: (name) => byName.get(name) ?? [],
    limitOf: () => end,
  };
}
