/** Structured control flow for a region's graph: nested blocks and loops, after the dominator tree (structure.ts). */
import type { Code, Label } from '../../wasm/code.js';
import type { Shape } from '../region.js';

export class Flow {
  private readonly w: Code;
  private readonly shape: Shape;
  /** Emits a node's own code, which ends by going on elsewhere. */
  private readonly emitBlock: (node: number) => void;
  private readonly loopLabels = new Map<number, Label>();
  private readonly forwardLabels = new Map<number, Label>();

  constructor(w: Code, shape: Shape, emitBlock: (node: number) => void) {
    this.w = w;
    this.shape = shape;
    this.emitBlock = emitBlock;
  }

  /** Emits `node` and all that it dominates. */
  emitNode(node: number): void {
    const { w } = this;
    const { structure } = this.shape;
    const merges = structure.children[node]
      .filter((child) => structure.isMerge[child])
      .sort((x, y) => structure.rank[y] - structure.rank[x]);
    if (structure.isLoop[node]) this.loopLabels.set(node, w.loop());
    this.emitWithin(node, merges, 0);
    if (structure.isLoop[node]) w.end();
  }

  /** Goes on at `to`, which is a block of the region. */
  jump(from: number, to: number): void {
    const { structure } = this.shape;
    if (structure.rank[to] <= structure.rank[from]) return this.w.br(this.loopLabels.get(to)!);
    const label = this.forwardLabels.get(to);
    if (label !== undefined) return this.w.br(label);
    this.emitNode(to);
  }

  /** The region's node for a static edge, if it is inside and not cut. */
  inside(from: number, offset: number): number | undefined {
    const to = this.shape.nodeOf.get(offset);
    return to === undefined || this.shape.structure.isCut(from, to) ? undefined : to;
  }

  /** The nodes that `from` may go on at. */
  successors(from: number): readonly number[] {
    const { structure, successors } = this.shape;
    return successors[from].filter((to) => !structure.isCut(from, to));
  }

  /** The node's own code inside one block per merge node that it dominates, each followed by that node's code. */
  private emitWithin(node: number, merges: readonly number[], index: number): void {
    if (index === merges.length) return this.emitBlock(node);
    const merge = merges[index];
    const label = this.w.block();
    this.forwardLabels.set(merge, label);
    this.emitWithin(node, merges, index + 1);
    this.w.end();
    this.forwardLabels.delete(merge);
    this.emitNode(merge);
  }
}
