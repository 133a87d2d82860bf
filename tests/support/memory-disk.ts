/** A disk in memory that can be made to fail, and that notes what is done to it. */
import type { BlockBackend } from '../../lib/devices/block-backend.js';
import { type PlainData, StateReader } from '../../lib/devices/device.js';

export class MemoryDisk implements BlockBackend {
  readonly bytes: Uint8Array;
  readonly readOnly: boolean;
  fails = false;
  log: string[] = [];

  constructor(sizeBytes: number, options: { readOnly?: boolean } = {}) {
    this.bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => (i >> 9) ^ (i * 7));
    this.readOnly = options.readOnly ?? false;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(position: number, into: Uint8Array): boolean {
    this.log.push(`read ${position} ${into.length}`);
    into.set(this.bytes.subarray(position, position + into.length));
    return !this.fails;
  }

  write(position: number, bytes: Uint8Array): boolean {
    this.log.push(`write ${position} ${bytes.length}`);
    if (!this.fails) this.bytes.set(bytes, position);
    return !this.fails;
  }

  zero(position: number, length: number): boolean {
    this.log.push(`zero ${position} ${length}`);
    this.bytes.fill(0, position, position + length);
    return !this.fails;
  }

  discard(position: number, length: number): boolean {
    this.log.push(`discard ${position} ${length}`);
    return !this.fails;
  }

  flush(): boolean {
    this.log.push('flush');
    return !this.fails;
  }

  save(): PlainData {
    return { first: this.bytes[0] ?? 0 };
  }

  load(data: PlainData): void {
    this.bytes[0] = new StateReader('memory-disk', data).integer('first', 255);
  }

  digest(): PlainData {
    return 'digest';
  }
}
