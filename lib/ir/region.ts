/** A region as a graph: its blocks, and the edges between them that one function can have inside. */
import type { IrBlock, IrOp } from './decode.js';
import { HINT_CALL, HINT_RETURN } from './encoding.js';
import { analyse, type Structure } from './structure.js';

export interface RegionInput {
  /** blocks[0] is the entry. */
  readonly blocks: readonly IrBlock[];
  /** Fetches are not translated: pcOffsets are pcs, and static targets anywhere may be chained. */
  readonly fixedPc: boolean;
}

/** At most so many targets of an indirect exit are compared in line. */
const TARGETS_MAX = 8;

export interface Shape {
  readonly nodeOf: ReadonlyMap<number, number>;
  readonly structure: Structure;
  readonly successors: readonly (readonly number[])[];
}

/** The region's graph: an edge where a static target, or a target that an indirect exit was seen to take, is a block of it. */
export function shapeOf(input: RegionInput): Shape {
  const { blocks } = input;
  const nodeOf = new Map(blocks.map((block, node) => [block.pcOffset, node]));
  const sites = returnSites(blocks);
  const successors = blocks.map((block) => {
    const last = block.ops[block.ops.length - 1];
    const offsets = last.name === 'indirect' ? indirectTargets(last, block, sites) : last.targets.map((target) => target.offset);
    return offsets.map((offset) => nodeOf.get(offset)).filter((node) => node !== undefined);
  });
  return { nodeOf, successors, structure: analyse(successors) };
}

/** pcOffsets behind the calls in `blocks`. */
function returnSites(blocks: readonly IrBlock[]): number[] {
  const sites = blocks.flatMap((block) => block.ops[block.ops.length - 1]).filter((op) => op.name === 'goto' && op.hint === HINT_CALL);
  return [...new Set(sites.map((op) => op.returnOffset))].sort((x, y) => x - y).slice(0, TARGETS_MAX);
}

/** pcOffsets that the indirect exit `op` of `block` is likely to go to, ascending: its profile, or all returns when a return has none. */
export function indirectTargets(op: IrOp, block: IrBlock, sites: readonly number[]): readonly number[] {
  if (op.profile.length === 0) return op.hint === HINT_RETURN ? sites : [];
  const high = block.pcOffset - (block.pcOffset % 0x100000000);
  return op.profile.map((offset) => high + offset);
}
