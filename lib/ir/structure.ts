/**
 * Structured control flow from a graph of blocks with one entry: reverse postorder, dominator tree, loops.
 * After Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow" (2022), and Cooper, Harvey, Kennedy,
 * "A Simple, Fast Dominance Algorithm" (2001). Edges that make the graph irreducible are reported, to be turned into exits.
 */

export interface Structure {
  /** Nodes in reverse postorder; unreachable nodes are absent. */
  readonly order: readonly number[];
  /** Position of each node in `order`, -1 when unreachable. */
  readonly rank: readonly number[];
  /** Children in the dominator tree, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** Node is the target of a back edge. */
  readonly isLoop: readonly boolean[];
  /** Node has at least two forward edges in. */
  readonly isMerge: readonly boolean[];
  /** Whether the edge must become an exit of the region. */
  isCut(from: number, to: number): boolean;
}

/** Analyses the graph of `successors`; node 0 is the entry. */
export function analyse(successors: readonly (readonly number[])[]): Structure {
  const cut = new Set<number>();
  const size = successors.length;
  const key = (from: number, to: number): number => from * size + to;
  for (;;) {
    const edges = successors.map((list, from) => list.filter((to) => !cut.has(key(from, to))));
    const order = reversePostorder(edges);
    const rank = successors.map(() => -1);
    for (const [i, node] of order.entries()) rank[node] = i;
    const dominator = dominators(edges, order, rank);
    const before = cut.size;
    for (const from of order) {
      for (const to of edges[from]) if (rank[to] <= rank[from] && !dominates(dominator, rank, to, from)) cut.add(key(from, to));
    }
    if (cut.size === before)
      return { ...describe(edges, order, rank, dominator), order, rank, isCut: (from, to) => cut.has(key(from, to)) };
  }
}

function reversePostorder(edges: readonly (readonly number[])[]): number[] {
  const seen = edges.map(() => false);
  const post: number[] = [];
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }];
  seen[0] = true;
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const list = edges[top.node];
    if (top.next < list.length) {
      // The last successor first, so that the first one (a branch's fall-through order) comes right behind its block.
      const to = list[list.length - 1 - top.next++];
      if (!seen[to]) {
        seen[to] = true;
        stack.push({ node: to, next: 0 });
      }
    } else {
      post.push(top.node);
      stack.pop();
    }
  }
  return post.reverse();
}

/** Immediate dominators by node; the entry's is itself. */
function dominators(edges: readonly (readonly number[])[], order: readonly number[], rank: readonly number[]): number[] {
  const predecessors: number[][] = edges.map(() => []);
  for (const from of order) for (const to of edges[from]) predecessors[to].push(from);
  const dominator = edges.map(() => -1);
  dominator[0] = 0;
  const intersect = (x: number, y: number): number => {
    let [a, b] = [x, y];
    while (a !== b) {
      while (rank[a] > rank[b]) a = dominator[a];
      while (rank[b] > rank[a]) b = dominator[b];
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of order) {
      if (node === 0) continue;
      let best = -1;
      for (const from of predecessors[node]) if (dominator[from] >= 0) best = best < 0 ? from : intersect(from, best);
      if (dominator[node] !== best) {
        dominator[node] = best;
        changed = true;
      }
    }
  }
  return dominator;
}

function dominates(dominator: readonly number[], rank: readonly number[], upper: number, node: number): boolean {
  let at = node;
  while (rank[at] > rank[upper]) at = dominator[at];
  return at === upper;
}

function describe(edges: readonly (readonly number[])[], order: readonly number[], rank: readonly number[], dominator: readonly number[]) {
  const children: number[][] = edges.map(() => []);
  for (const node of order) if (node !== 0) children[dominator[node]].push(node);
  const isLoop = edges.map(() => false);
  const forward = edges.map(() => 0);
  for (const from of order) {
    for (const to of edges[from]) {
      if (rank[to] <= rank[from]) isLoop[to] = true;
      else forward[to]++;
    }
  }
  return { children, isLoop, isMerge: forward.map((count) => count > 1) };
}
