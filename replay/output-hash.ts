/** What a guest printed, as a number of bytes and a hash: recorded at the end of a run and compared at the end of its replay. */
import { createHash } from 'node:crypto';

const BUFFER_BYTES = 4096;

export class OutputHash {
  private readonly hash = createHash('sha256');
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  private before = 0;

  get bytes(): number {
    return this.before + this.used;
  }

  write(byte: number): void {
    this.buffer[this.used++] = byte;
    if (this.used === BUFFER_BYTES) this.flush();
  }

  /** Of all that was written so far: 64 hexadecimal digits. */
  digest(): string {
    this.flush();
    return this.hash.copy().digest('hex');
  }

  private flush(): void {
    this.hash.update(this.buffer.subarray(0, this.used));
    this.before += this.used;
    this.used = 0;
  }
}
