/** What is below an overlay: a disk that is only read, and has no state. */
import type { BlockBackend } from './block-backend.js';
import type { PlainData } from './device.js';

export abstract class ReadOnlyDisk implements BlockBackend {
  readonly readOnly = true;
  readonly sizeBytes: number;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  abstract read(position: number, into: Uint8Array): boolean;

  write(): boolean {
    return false;
  }

  zero(): boolean {
    return false;
  }

  discard(): boolean {
    return true;
  }

  flush(): boolean {
    return true;
  }

  save(): PlainData {
    return null;
  }

  load(_data: PlainData): void {}

  digest(): PlainData {
    return null;
  }
}
