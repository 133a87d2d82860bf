/**
 * Blocks by number, in versions that share what is the same: taking a version and going back to one costs nothing, and a write after that
 * copies one block and the way to it.
 *
 * A version is plain data: a tree of lists of FANOUT entries, each a list of the next level, a block (4096 bytes), 0 for a block of zeros,
 * or null where there is none.
 */
import { type PlainData, StateReader } from './device.js';

export const BLOCK_SIZE = 4096;
const FANOUT_BITS = 5;
const FANOUT = 1 << FANOUT_BITS;

/** 0: zeros. */
export type Block = Uint8Array | 0;
type Entry = Node | Block | null;
interface Node extends Array<Entry> {}

/** The versions that trees in this process have given out, which nobody changes, with the size of their tree: they need no check. */
const versions = new WeakMap<object, number>();

/** What was copied of versions that came from elsewhere, and as which part of a tree: versions that share something still do as copies. */
const copies = new WeakMap<
  object,
  { readonly copy: Node | Uint8Array; readonly count: number; readonly level: number; readonly first: number }
>();

export class BlockTree {
  private readonly count: number;
  private readonly depth: number;
  private root: Node;
  /** Nodes and blocks that no version holds: these may be changed. */
  private own = new WeakSet<object>();

  /** For blocks 0 to `count` - 1. */
  constructor(count: number) {
    this.count = count;
    let depth = 1;
    while (2 ** (FANOUT_BITS * depth) < count) depth++;
    this.depth = depth;
    this.root = this.newNode();
  }

  get(index: number): Block | undefined {
    let entry: Entry = this.root;
    for (let level = this.depth - 1; level >= 0 && entry; level--) entry = (entry as Node)[slot(index, level)];
    return entry === null ? undefined : (entry as Block);
  }

  /** Enters a block, which belongs to the tree from now on. */
  set(index: number, block: Block): void {
    if (block) this.own.add(block);
    if (!this.own.has(this.root)) this.root = this.newNode(this.root);
    let node = this.root;
    for (let level = this.depth - 1; level > 0; level--) {
      const at = slot(index, level);
      const next = node[at] as Node | null;
      node = next && this.own.has(next) ? next : (node[at] = this.newNode(next ?? undefined));
    }
    node[slot(index, 0)] = block;
  }

  /** Whether the block may be changed in place. */
  owns(block: Uint8Array): boolean {
    return this.own.has(block);
  }

  /** The contents as they are now. Costs nothing. */
  version(): PlainData {
    this.own = new WeakSet();
    versions.set(this.root, this.count);
    return this.root;
  }

  /** Goes to a version, of this tree, of another one of the same size, or from a file; gives the numbers of the blocks that may differ. Throws `ImageError`. */
  restore(version: PlainData): number[] {
    const root = typeof version === 'object' && version !== null && versions.get(version) === this.count ? version : this.checked(version);
    const changed: number[] = [];
    compare(this.root, root as Node, this.depth - 1, 0, changed);
    this.root = root as Node;
    this.own = new WeakSet();
    return changed;
  }

  private newNode(from?: Node): Node {
    const node: Node = from ? from.slice() : new Array<Entry>(FANOUT).fill(null);
    this.own.add(node);
    return node;
  }

  /** A copy of a tree that may be anything. */
  private checked(version: PlainData): Node {
    const { count } = this;
    const copy = (entry: PlainData | undefined, level: number, first: number): Entry => {
      if (entry === null || (entry === 0 && level < 0)) return entry;
      if (first >= count || typeof entry !== 'object') throw bad();
      const known = copies.get(entry);
      if (known?.count === count && known.level === level && known.first === first) return known.copy;
      const made =
        level < 0 ? copyBlock(entry) : copyNode(entry, (child, at) => copy(child, level - 1, first + at * 2 ** (FANOUT_BITS * level)));
      copies.set(entry, { copy: made, count, level, first });
      return made;
    };
    const root = copy(version, this.depth - 1, 0);
    if (root === null) throw bad();
    return root as Node;
  }
}

function slot(index: number, level: number): number {
  return Math.floor(index / 2 ** (FANOUT_BITS * level)) % FANOUT;
}

/** Collects the numbers of the blocks from `first` on in which two subtrees of the same `level` differ. */
function compare(a: Entry, b: Entry, level: number, first: number, changed: number[]): void {
  if (a === b) return;
  if (level < 0) {
    changed.push(first);
    return;
  }
  for (let at = 0; at < FANOUT; at++) {
    const [left, right] = [a ? (a as Node)[at] : null, b ? (b as Node)[at] : null];
    compare(left, right, level - 1, first + at * 2 ** (FANOUT_BITS * level), changed);
  }
}

function copyBlock(block: PlainData): Uint8Array {
  if (!(block instanceof Uint8Array) || block.length !== BLOCK_SIZE) throw bad();
  return block.slice();
}

function copyNode(node: PlainData, copyChild: (child: PlainData, at: number) => Entry): Node {
  if (!Array.isArray(node) || node.length !== FANOUT) throw bad();
  return node.map(copyChild);
}

function bad(): Error {
  return new StateReader('overlay-disk', {}).bad('blocks');
}
