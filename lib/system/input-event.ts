/**
 * Everything that reaches the guest from outside, and nothing else does: the events that enter a machine through its one door, that a recorder writes
 * down and a replayer feeds again.
 */

/** Where a run is: the tick, and the idle time skipped so far, which tells apart the moments of one tick while all harts wait. */
export interface Position {
  readonly tick: number;
  /** Nanoseconds. */
  readonly skippedNs: number;
}

export type InputEvent =
  /** Bytes for a console: the serial line, or the virtio console. At most as many as its device has room for. */
  | { readonly kind: 'console'; readonly port: 'serial' | 'virtio'; readonly bytes: Uint8Array }
  /** The terminal behind the virtio console has another size. */
  | { readonly kind: 'resize'; readonly columns: number; readonly lines: number }
  /** An Ethernet frame, without check sequence, no longer than the device takes (lib/util/frames.ts). */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  /** The user resets the machine, as by its button. */
  | { readonly kind: 'reset' }
  /** A debugger wrote the register of that name. */
  | { readonly kind: 'register'; readonly hart: number; readonly register: string; readonly value: bigint }
  /** A debugger wrote RAM or registers of a device, at a physical address. */
  | { readonly kind: 'memory'; readonly paddr: number; readonly bytes: Uint8Array }
  /** A debugger holds harts back (scheduler locking): bit n for hart n. 0: none any more. */
  | { readonly kind: 'hold'; readonly harts: number };

export interface PositionedEvent {
  readonly at: Position;
  readonly event: InputEvent;
}

/** Negative, zero or positive as `a` is before, at or behind `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.tick - b.tick || a.skippedNs - b.skippedNs;
}
