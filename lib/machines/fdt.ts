/** Flattened device trees: writer and reader, after the Devicetree Specification 0.4, chapter 5. */
import { ByteWriter } from '../util/bytes.js';
import { type ImageError, imageErrorAt } from '../util/errors.js';

export interface FdtNode {
  /** With unit address: `serial@10000000`; empty for the root. */
  readonly name: string;
  /** Property values as the blob has them; see `cells`, `cells64`, `strings`, `EMPTY`. */
  readonly properties: { readonly [name: string]: Uint8Array };
  readonly children: readonly FdtNode[];
}

const FDT_MAGIC = 0xd00dfeed;
const FDT_VERSION = 17;
const FDT_LAST_COMPATIBLE = 16;
const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_NOP = 4;
const FDT_END = 9;
const HEADER_SIZE = 40;
const RESERVATION_SIZE = 16;
const DEPTH_MAX = 64;

/** A property without value: its presence says all. */
export const EMPTY = new Uint8Array(0);

/** 32-bit cells. */
export function cells(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

/** Numbers of two cells each, as addresses and sizes are where `#address-cells` and `#size-cells` are 2. */
export function cells64(...values: readonly number[]): Uint8Array {
  return cells(...values.flatMap((value) => [Math.floor(value / 0x100000000), value % 0x100000000]));
}

/** A list of strings. */
export function strings(...values: readonly string[]): Uint8Array {
  return new TextEncoder().encode(values.map((value) => `${value}\0`).join(''));
}

/** What a blob has besides the tree. */
export interface FdtExtras {
  readonly bootHart?: number;
  /** The memory reservation block, without its terminating entry. */
  readonly reservations?: Uint8Array;
}

/** The blob of a device tree. */
export function writeFdt(root: FdtNode, options: FdtExtras = {}): Uint8Array<ArrayBuffer> {
  const names = new Map<string, number>();
  const stringBlock = new ByteWriter();
  const structure = new ByteWriter();
  const nameOffset = (name: string): number => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const offset = stringBlock.length;
    names.set(name, offset);
    stringBlock.raw(strings(name));
    return offset;
  };
  const writeNode = (node: FdtNode): void => {
    structure.raw(cells(FDT_BEGIN_NODE));
    padded(structure, strings(node.name));
    for (const [name, value] of Object.entries(node.properties)) {
      structure.raw(cells(FDT_PROP, value.length, nameOffset(name)));
      padded(structure, value);
    }
    for (const child of node.children) writeNode(child);
    structure.raw(cells(FDT_END_NODE));
  };
  writeNode(root);
  structure.raw(cells(FDT_END));

  const { reservations = EMPTY } = options;
  const structureAt = HEADER_SIZE + reservations.length + RESERVATION_SIZE;
  const stringsAt = structureAt + structure.length;
  const total = stringsAt + stringBlock.length;
  const blob = new Uint8Array(total);
  const sizes = [stringBlock.length, structure.length];
  const header = [FDT_MAGIC, total, structureAt, stringsAt, HEADER_SIZE, FDT_VERSION, FDT_LAST_COMPATIBLE, options.bootHart ?? 0, ...sizes];
  blob.set(cells(...header));
  blob.set(reservations, HEADER_SIZE);
  blob.set(structure.view(), structureAt);
  blob.set(stringBlock.view(), stringsAt);
  return blob;
}

function padded(out: ByteWriter, bytes: Uint8Array): void {
  out.raw(bytes);
  while (out.length % 4 !== 0) out.u8(0);
}

/** What the blob has besides the tree, and how long it says it is. Throws `ImageError`. */
export function readFdtExtras(contents: Uint8Array, file = 'device tree'): FdtExtras & { readonly totalBytes: number } {
  const blob = new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength);
  if (blob.length < HEADER_SIZE) throw imageErrorAt(file, blob.length, 'device tree is cut off');
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const [totalBytes, start, bootHart] = [view.getUint32(4), view.getUint32(16), view.getUint32(28)];
  if (totalBytes < HEADER_SIZE || totalBytes > blob.length)
    throw imageErrorAt(file, 4, `device tree of ${totalBytes} bytes in a file of ${blob.length}`);
  let end = start;
  for (; ; end += RESERVATION_SIZE) {
    if (end + RESERVATION_SIZE > totalBytes) throw imageErrorAt(file, end, 'memory reservations are cut off');
    if (blob.subarray(end, end + RESERVATION_SIZE).every((byte) => byte === 0)) break;
  }
  return { totalBytes, bootHart, reservations: blob.slice(start, end) };
}

/** Reads a blob. Throws `ImageError`, which names `file` and the offset, for anything malformed. */
export function readFdt(contents: Uint8Array, file = 'device tree'): FdtNode {
  const blob = new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength);
  const fail = (at: number, what: string): ImageError => imageErrorAt(file, at, what);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const u32 = (at: number): number => {
    if (at + 4 > blob.length) throw fail(at, 'device tree is cut off');
    return view.getUint32(at);
  };
  const text = (at: number): string => {
    const end = blob.indexOf(0, at);
    if (at >= blob.length || end < 0) throw fail(at, 'string without end');
    return new TextDecoder().decode(blob.subarray(at, end));
  };
  const bytes = (at: number, length: number): Uint8Array => {
    if (at + length > blob.length) throw fail(at, 'property is cut off');
    return blob.slice(at, at + length);
  };
  const align = (at: number): number => (at + 3) & ~3;
  if (u32(0) !== FDT_MAGIC) throw fail(0, 'no device tree (wrong magic number)');
  if (u32(24) > FDT_VERSION || u32(20) < FDT_LAST_COMPATIBLE) throw fail(20, `device tree of version ${u32(20)}`);
  const stringsAt = u32(12);

  let at = u32(8);
  const token = (): number => {
    while (u32(at) === FDT_NOP) at += 4;
    at += 4;
    return u32(at - 4);
  };
  const readNode = (depth: number): FdtNode => {
    if (depth > DEPTH_MAX) throw fail(at, 'nodes are nested too deep');
    const name = text(at);
    at = align(at + new TextEncoder().encode(name).length + 1);
    const properties: Record<string, Uint8Array> = {};
    const children: FdtNode[] = [];
    for (;;) {
      const kind = token();
      if (kind === FDT_END_NODE) return { name, properties, children };
      if (kind === FDT_BEGIN_NODE) children.push(readNode(depth + 1));
      else if (kind === FDT_PROP) {
        const [length, nameAt] = [u32(at), u32(at + 4)];
        properties[text(stringsAt + nameAt)] = bytes(at + 8, length);
        at = align(at + 8 + length);
      } else throw fail(at - 4, `unknown token ${kind}`);
    }
  };
  if (token() !== FDT_BEGIN_NODE) throw fail(at - 4, 'no root node');
  const root = readNode(0);
  if (token() !== FDT_END) throw fail(at - 4, 'more than one root node');
  return root;
}

/** The node at `path` (`/soc/serial@10000000`), if there is one. */
export function findNode(root: FdtNode, path: string): FdtNode | undefined {
  let node: FdtNode | undefined = root;
  for (const name of path.split('/').filter(Boolean)) node = node?.children.find((child) => child.name === name);
  return node;
}
