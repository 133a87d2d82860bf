/** Sets of numbered things (sectors, pages) as runs of neighbours, and as the gaps and lengths that recordings hold. */
import type { Fields } from './plain.js';

export interface Run {
  readonly first: number;
  readonly count: number;
}

/** The runs that ascending, distinct `numbers` form. */
export function runsOf(numbers: Iterable<number>): Run[] {
  const runs: { first: number; count: number }[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last.first + last.count === number) last.count++;
    else runs.push({ first: number, count: 1 });
  }
  return runs;
}

/** For each run its distance from the end of the one before, and its length. */
export function encodeRuns(runs: readonly Run[]): number[] {
  let end = 0;
  return runs.flatMap(({ first, count }) => {
    const gap = first - end;
    end = first + count;
    return [gap, count];
  });
}

/** Reads what `encodeRuns` gave from a field: runs inside of `limit`, at most `countMax` things. Throws `ImageError`. */
export function decodeRuns(fields: Fields, field: string | number, limits: { limit: number; countMax: number }): Run[] {
  const list = fields.list(field);
  const runs: Run[] = [];
  let [end, total] = [0, 0];
  for (let i = 0; i < list.length; i += 2) {
    const [gap, count] = [list[i], list[i + 1]];
    if (!isCount(gap) || !isCount(count) || count === 0) throw fields.bad(field);
    runs.push({ first: end + gap, count });
    end += gap + count;
    total += count;
    if (end > limits.limit || total > limits.countMax) throw fields.bad(field);
  }
  return runs;
}

export function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
