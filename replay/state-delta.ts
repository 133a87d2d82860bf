/**
 * A machine's saved state as what changed since an earlier one. Disks share what they have not written to with the states that they gave before, as
 * the very same objects: these are not said again.
 *
 * A map with the one field `=` stands for what the earlier state has in the same place. No device saves such a map.
 */
import { ImageError } from '../lib/util/errors.js';

const SAME = '=';

type Parts = Readonly<Record<string, unknown>>;

/** Plain data from which `applyDelta` makes `data` again. `earlier`: undefined where there is none. */
export function deltaOf(data: unknown, earlier: unknown): unknown {
  if (!hasParts(data) && !(data instanceof Uint8Array)) return data;
  if (data === earlier) return { [SAME]: 0 };
  if (data instanceof Uint8Array) return data;
  return mapParts(data, (part, name) => deltaOf(part, partOf(earlier, name)));
}

/** What `deltaOf` was given. Throws `ImageError`, whose message begins with `where`, for what cannot be behind such an `earlier` state. */
export function applyDelta(delta: unknown, earlier: unknown, where: string): unknown {
  if (!hasParts(delta)) return delta;
  if (!Object.hasOwn(delta, SAME)) return mapParts(delta, (part, name) => applyDelta(part, partOf(earlier, name), where));
  if (earlier === undefined) throw new ImageError(`${where}: refers to a state that is not there`);
  return earlier;
}

function hasParts(data: unknown): data is Parts {
  return typeof data === 'object' && data !== null && !(data instanceof Uint8Array);
}

function partOf(data: unknown, name: string): unknown {
  return hasParts(data) && Object.hasOwn(data, name) ? data[name] : undefined;
}

function mapParts(data: Parts, map: (part: unknown, name: string) => unknown): unknown {
  if (Array.isArray(data)) return data.map((part, index) => map(part, String(index)));
  return Object.fromEntries(Object.entries(data).map(([name, part]) => [name, map(part, name)]));
}
