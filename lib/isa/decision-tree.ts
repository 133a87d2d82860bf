/** Finds the pattern that a number matches by looking at a few runs of its bits. */

export interface Pattern {
  readonly mask: number;
  readonly match: number;
}

interface Node<P> {
  readonly shift: number;
  readonly mask: number;
  /** By the value of the tested bits; empty in a leaf. */
  readonly children: readonly Node<P>[];
  /** In a leaf: what is left to try. */
  readonly patterns: readonly P[];
}

const LEAF_SIZE = 2;
const RUN_MAX = 8;

export class DecisionTree<P extends Pattern> {
  private readonly root: Node<P>;

  /** Of overlapping patterns, the first one wins. */
  constructor(patterns: readonly P[]) {
    this.root = grow(patterns, 0xffffffff);
  }

  find(bits: number): P | undefined {
    let node = this.root;
    while (node.children.length !== 0) node = node.children[(bits >>> node.shift) & node.mask]!;
    const { patterns } = node;
    for (let i = 0; i < patterns.length; i++) {
      const pattern = patterns[i]!;
      if (((bits ^ pattern.match) & pattern.mask) === 0) return pattern;
    }
    return undefined;
  }
}

/** A tree over `patterns`, testing bits in `open` only. */
function grow<P extends Pattern>(patterns: readonly P[], open: number): Node<P> {
  const common = patterns.reduce((mask, pattern) => mask & pattern.mask, open);
  if (patterns.length <= LEAF_SIZE || common === 0) return { shift: 0, mask: 0, children: [], patterns };
  const { shift, width } = longestRun(common);
  const mask = (1 << width) - 1;
  const rest = open & ~(mask << shift);
  const groups: P[][] = Array.from({ length: mask + 1 }, () => []);
  for (const pattern of patterns) groups[(pattern.match >>> shift) & mask]!.push(pattern);
  return { shift, mask, children: groups.map((group) => grow(group, rest)), patterns: [] };
}

/** The longest run of ones in `bits`, of at most RUN_MAX. */
function longestRun(bits: number): { shift: number; width: number } {
  let best = { shift: 0, width: 0 };
  let width = 0;
  for (let bit = 0; bit < 32; bit++) {
    width = (bits >>> bit) & 1 ? Math.min(width + 1, RUN_MAX) : 0;
    if (width > best.width) best = { shift: bit - width + 1, width };
  }
  return best;
}
