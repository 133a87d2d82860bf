/** How accesses reach a device: which sizes it takes as they are, which are split, and which fault. */

/** What the address space sees of a device. Offsets are relative to the device's base. */
export interface BusTarget {
  readonly name: string;
  /** Bytes of address space that it decodes. */
  readonly sizeBytes: number;
  /** Sizes in bytes (of 1, 2, 4, 8) that it takes as they are; 8 means 4 and is never declared. */
  readonly accessSizes: readonly AccessSize[];
  /** Reads `size` bytes at `offset`: an unsigned 32-bit integer. */
  read(offset: number, size: number): number;
  /** What `read` would give, without what a read changes. For debuggers; absent where reads change nothing. */
  peek?(offset: number, size: number): number;
  /** Writes the low `size` bytes of `value`, an unsigned 32-bit integer. */
  write(offset: number, size: number, value: number): void;
}

/** Sizes that one call of a device's `read` or `write` can have. */
export type AccessSize = 1 | 2 | 4;

/** An access of `size` bytes becomes `parts` accesses of `partSize` bytes, low half first; 0 parts: an access fault. */
export interface AccessPlan {
  readonly parts: number;
  readonly partSize: number;
}

const FAULT: AccessPlan = { parts: 0, partSize: 0 };

/** What becomes of an access of `size` bytes at `offset`: a misaligned, undeclared or overlong one is an access fault. */
export function planAccess(target: BusTarget, offset: number, size: number): AccessPlan {
  if (offset % size !== 0 || offset + size > target.sizeBytes) return FAULT;
  const sizes: readonly number[] = target.accessSizes;
  if (sizes.includes(size)) return { parts: 1, partSize: size };
  return size === 8 && sizes.includes(4) ? { parts: 2, partSize: 4 } : FAULT;
}
