import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse, type Structure } from '../../lib/ir/structure.js';
import { randomSource } from '../support/random.js';

const test = suite('structured control flow');

type Graph = readonly (readonly number[])[];

/** The edges that are left, among reachable nodes. */
const kept = (graph: Graph, s: Structure): number[][] =>
  graph.map((list, from) => list.filter((to) => s.rank[from]! >= 0 && !s.isCut(from, to)));

function reachable(edges: Graph, without = -1): Set<number> {
  const seen = new Set<number>();
  const visit = (node: number): void => {
    if (node === without || seen.has(node)) return;
    seen.add(node);
    for (const to of edges[node]!) visit(to);
  };
  visit(0);
  return seen;
}

/** What every result must satisfy; dominance is checked from its definition. */
function check(graph: Graph): Structure {
  const s = analyse(graph);
  const edges = kept(graph, s);
  const nodes = reachable(edges);
  const text = JSON.stringify(graph);
  assert.equal(
    [...s.order].sort((x, y) => x - y),
    [...nodes].sort((x, y) => x - y),
    `${text}: exactly the reachable nodes`,
  );
  for (const [rank, node] of s.order.entries()) assert.is(s.rank[node], rank);
  const dominates = (a: number, b: number): boolean => a === b || !reachable(edges, a).has(b);
  const parent = new Map<number, number>();
  for (const [node, list] of s.children.entries()) for (const child of list) parent.set(child, node);
  for (const node of nodes) {
    if (node === 0) continue;
    const idom = parent.get(node)!;
    assert.ok(idom !== node && dominates(idom, node), `${text}: ${idom} dominates ${node}`);
    const between = [...nodes].filter((other) => other !== node && other !== idom && dominates(other, node) && dominates(idom, other));
    assert.equal(between, [], `${text}: ${idom} is the nearest dominator of ${node}`);
  }
  for (const node of nodes) {
    const forward = [...nodes].flatMap((from) => edges[from]!.filter((to) => to === node && s.rank[from]! < s.rank[node]!));
    const back = [...nodes].filter((from) => edges[from]!.includes(node) && s.rank[from]! >= s.rank[node]!);
    assert.is(s.isMerge[node], forward.length > 1, `${text}: merge ${node}`);
    assert.is(s.isLoop[node], back.length > 0, `${text}: loop ${node}`);
    assert.ok(
      back.every((from) => dominates(node, from)),
      `${text}: the graph that is left is reducible at ${node}`,
    );
  }
  return s;
}

const cuts = (graph: Graph, s: Structure): string[] =>
  graph.flatMap((list, from) => list.filter((to) => s.isCut(from, to)).map((to) => `${from}>${to}`));

test('a straight line, a diamond, a loop', () => {
  assert.equal(check([[1], [2], []]).order, [0, 1, 2]);
  const diamond = check([[1, 2], [3], [3], []]);
  assert.equal(diamond.isMerge, [false, false, false, true]);
  assert.equal(diamond.children[0]!.length, 3);
  const loop = check([[1], [1, 2], []]);
  assert.equal(loop.isLoop, [false, true, false]);
});

test('the entry may be a loop', () => {
  assert.ok(check([[0]]).isLoop[0]);
  assert.ok(check([[1, 2], [0], []]).isLoop[0]);
});

test('unreachable blocks are left out', () => {
  const s = check([[2], [0], []]);
  assert.is(s.rank[1], -1);
  assert.equal(s.order, [0, 2]);
});

test('nested loops with exits from inside', () => {
  const graph = [[1], [2, 6], [3, 5], [2, 4], [1], [6], []];
  const s = check(graph);
  assert.equal(cuts(graph, s), []);
  assert.ok(s.isLoop[1] && s.isLoop[2]);
});

test('a loop with two entries is cut, and once only', () => {
  const graph = [[1, 2], [2], [1]];
  assert.is(cuts(graph, check(graph)).length, 1);
});

test('a branch with both targets the same is a merge', () => {
  assert.ok(check([[1, 1], []]).isMerge[1]);
});

test('reducible graphs are never cut: random structured programs', () => {
  const random = randomSource(11);
  for (let i = 0; i < 300; i++) {
    const graph: number[][] = [[]];
    /** Appends a random statement behind `from`; returns the node where control goes on. */
    const statement = (from: number, depth: number): number => {
      const node = (): number => graph.push([]) - 1;
      const kind = depth === 0 ? 0 : random() % 3;
      if (kind === 0) {
        const next = node();
        graph[from]!.push(next);
        return next;
      }
      if (kind === 1) {
        const [left, right] = [node(), node()];
        graph[from]!.push(left, right);
        const [a, b] = [statement(left, depth - 1), statement(right, depth - 1)];
        const join = node();
        graph[a]!.push(join);
        graph[b]!.push(join);
        return join;
      }
      const head = node();
      graph[from]!.push(head);
      const end = statement(statement(head, depth - 1), depth - 1);
      graph[end]!.push(head);
      const exit = node();
      graph[head]!.push(exit);
      return exit;
    };
    let at = 0;
    for (let j = 0; j < 3; j++) at = statement(at, 2);
    assert.equal(cuts(graph, check(graph)), [], JSON.stringify(graph));
  }
});

test('random graphs, irreducible ones too', () => {
  const random = randomSource(12);
  let irreducible = 0;
  for (let i = 0; i < 1500; i++) {
    const size = 2 + (random() % 9);
    const graph = Array.from({ length: size }, () => Array.from({ length: random() % 4 }, () => random() % size));
    if (cuts(graph, check(graph)).length > 0) irreducible++;
  }
  assert.ok(irreducible > 100);
});

test('a long chain does not overflow the stack', () => {
  const graph = Array.from({ length: 5000 }, (_, i) => (i < 4999 ? [i + 1] : [0]));
  assert.is(analyse(graph).order.length, 5000);
});

test.run();
