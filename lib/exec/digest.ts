/** The state digest: one hash over registers, devices and memory that is equal exactly where the machine's state is. */
import { createHash } from 'node:crypto';
import {
  ENV_GUEST,
  ENV_GUEST_END,
  ENV_PC,
  ENV_REGISTERS,
  ENV_RESERVATION,
  ENV_STOPPED,
  ENV_TEMPS,
  ENV_TICKS,
  ENV_TRAPS,
  ENV_WFI,
} from '../mem/layout.js';
import type { DirtyPages } from './dirty-log.js';
import type { DirtyLog } from './state.js';

/** Parts of a hart's area that are machine state: [first byte, one past the last]. */
export const HART_STATE: readonly (readonly [number, number])[] = [
  [ENV_REGISTERS, ENV_TEMPS],
  [ENV_PC, ENV_PC + 8],
  [ENV_TRAPS, ENV_TRAPS + 8],
  [ENV_RESERVATION, ENV_RESERVATION + 8],
  [ENV_WFI, ENV_WFI + 4],
  [ENV_STOPPED, ENV_STOPPED + 4],
  [ENV_TICKS, ENV_TICKS + 8],
  [ENV_GUEST, ENV_GUEST_END],
];

/** Exports of the soft-MMU (lib/mem/assembly/hash.ts). */
export interface MemoryHash {
  frameDigest(frame: number): bigint;
  blankDigest(frames: number): bigint;
}

export class StateDigest {
  private readonly u8: Uint8Array;
  private readonly hash: MemoryHash;
  /** What each frame adds to `total`, modulo 2^64: the sum can be corrected page by page. */
  private readonly parts: BigInt64Array;
  private readonly dirty: DirtyPages;
  private log: DirtyLog | undefined;
  private total: bigint;

  constructor(memory: WebAssembly.Memory, parts: { dirty: DirtyPages; hash: MemoryHash }) {
    this.u8 = new Uint8Array(memory.buffer);
    this.hash = parts.hash;
    this.dirty = parts.dirty;
    this.parts = new BigInt64Array(parts.dirty.count);
    this.total = parts.hash.blankDigest(parts.dirty.count);
  }

  /** The digest, 32 hexadecimal digits. `harts`: host addresses of the harts' areas; `rest`: all other state, as text. Only pages that were stored to since the last call, or at all, are hashed. */
  compute(harts: readonly number[], rest: string): string {
    this.hashMemory();
    const hash = createHash('sha256');
    for (const env of harts) for (const [from, to] of HART_STATE) hash.update(this.u8.subarray(env + from, env + to));
    return hash.update(rest).update(this.total.toString(16)).digest('hex').slice(0, 32);
  }

  private hashMemory(): void {
    this.log ??= this.dirty.open();
    for (const frame of this.log.take()) {
      const part = this.hash.frameDigest(frame);
      this.total = BigInt.asUintN(64, this.total - this.parts[frame] + part);
      this.parts[frame] = part;
    }
  }
}
