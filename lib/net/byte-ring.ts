/** A queue of bytes that can be read at any offset. */
const CAPACITY_MIN = 4096;

export class ByteRing {
  length = 0;
  private bytes = new Uint8Array(0);
  private start = 0;

  /** Appends `chunk`; grows as needed. */
  push(chunk: Uint8Array): void {
    this.reserve(this.length + chunk.length);
    const at = (this.start + this.length) % Math.max(this.bytes.length, 1);
    const first = chunk.subarray(0, this.bytes.length - at);
    this.bytes.set(first, at);
    this.bytes.set(chunk.subarray(first.length), 0);
    this.length += chunk.length;
  }

  /** A copy of `length` bytes from `offset` on; both within the queue. */
  copy(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    if (length === 0) return copy;
    const at = (this.start + offset) % this.bytes.length;
    const first = this.bytes.subarray(at, at + length);
    copy.set(first);
    copy.set(this.bytes.subarray(0, length - first.length), first.length);
    return copy;
  }

  /** Removes the first `count` bytes. */
  drop(count: number): void {
    this.length -= count;
    this.start = this.length === 0 ? 0 : (this.start + count) % this.bytes.length;
  }

  private reserve(capacity: number): void {
    if (capacity <= this.bytes.length) return;
    const grown = new Uint8Array(2 ** Math.ceil(Math.log2(Math.max(capacity, CAPACITY_MIN))));
    grown.set(this.copy(0, this.length));
    this.bytes = grown;
    this.start = 0;
  }
}
