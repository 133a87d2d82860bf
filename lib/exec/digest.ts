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

export class StateDigest {
  private readonly u8: Uint8Array;
  private readonly hashFrame: (frame: number) => bigint;
  private readonly hashes: BigUint64Array;
  private readonly dirty: DirtyPages;
  private log: DirtyLog | undefined;
  private total = 0n;

  constructor(memory: WebAssembly.Memory, parts: { dirty: DirtyPages; hashFrame(frame: number): bigint }) {
    this.u8 = new Uint8Array(memory.buffer);
    this.hashFrame = parts.hashFrame;
    this.dirty = parts.dirty;
    this.hashes = new BigUint64Array(parts.dirty.count);
  }

  /** The digest, 32 hexadecimal digits. `harts`: host addresses of the harts' areas; `rest`: all other state, as text. Only pages that were stored to since the last call are hashed. */
  compute(harts: readonly number[], rest: string): string {
    this.hashMemory();
    const hash = createHash('sha256');
    for (const env of harts) for (const [from, to] of HART_STATE) hash.update(this.u8.subarray(env + from, env + to));
    return hash.update(rest).update(this.total.toString(16)).digest('hex').slice(0, 32);
  }

  private hashMemory(): void {
    if (this.log) {
      for (const frame of this.log.take()) this.hashPage(frame);
      return;
    }
    this.log = this.dirty.open();
    for (let frame = 0; frame < this.hashes.length; frame++) this.hashPage(frame);
  }

  private hashPage(frame: number): void {
    const hash = BigInt.asUintN(64, this.hashFrame(frame));
    // Place and content both count: the frame number is mixed in, and the sum can be corrected page by page.
    this.total = BigInt.asUintN(64, this.total - mix(this.hashes[frame], frame) + mix(hash, frame));
    this.hashes[frame] = hash;
  }
}

function mix(hash: bigint, frame: number): bigint {
  const x = BigInt.asUintN(64, (hash ^ (BigInt(frame + 1) * 0x9e3779b97f4a7c15n)) * 0xbf58476d1ce4e5b9n);
  return BigInt.asUintN(64, (x ^ (x >> 29n)) * 0x94d049bb133111ebn);
}
