/** What is behind a disk: a sequence of bytes, and how much of it can fail. */
import type { PlainData } from './device.js';

/**
 * All positions and lengths are bytes, inside the disk. What cannot be done is answered by false; telling the user is the backend's
 * business, the device tells the guest.
 */
export interface BlockBackend {
  /** A multiple of 512. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Fills `into` from `position` on. */
  read(position: number, into: Uint8Array): boolean;
  write(position: number, bytes: Uint8Array): boolean;
  /** Afterwards these bytes read as zeros. */
  zero(position: number, length: number): boolean;
  /** The guest does not need these bytes any more. */
  discard(position: number, length: number): boolean;
  /** What was written stays, whatever happens to the host. */
  flush(): boolean;
  /** State that is not in a file on the host. Costs no more than what was written since the last time, as checkpoints are many. */
  save(): PlainData;
  load(data: PlainData): void;
  /** What the state digest covers. */
  digest(): PlainData;
}
