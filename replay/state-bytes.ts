/** How much memory saved state takes that shares parts with the state saved before it. */

const VALUE_BYTES = 8;
const OBJECT_BYTES = 40;

/** Bytes of `data`, about; what is the very same object in `shared`, at the same place, costs nothing. */
export function stateBytes(data: unknown, shared?: unknown): number {
  if (typeof data === 'string') return OBJECT_BYTES + data.length;
  if (typeof data !== 'object' || data === null) return VALUE_BYTES;
  if (data === shared) return VALUE_BYTES;
  if (data instanceof Uint8Array) return OBJECT_BYTES * 2 + data.byteLength;
  const other = typeof shared === 'object' && shared !== null ? shared : undefined;
  let bytes = OBJECT_BYTES;
  if (Array.isArray(data)) {
    for (let at = 0; at < data.length; at++) bytes += stateBytes(data[at], (other as readonly unknown[] | undefined)?.[at]);
    return bytes;
  }
  for (const key of Object.keys(data)) {
    const field = key as keyof typeof data;
    bytes += VALUE_BYTES + stateBytes(data[field], (other as typeof data | undefined)?.[field]);
  }
  return bytes;
}
