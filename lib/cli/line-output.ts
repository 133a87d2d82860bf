/** Lines for standard output, collected while the guest runs and handed over in between, as fast as the reader takes them. */
import type { Writable } from 'node:stream';

export class LineOutput {
  /** The reader went away. */
  closed = false;
  private readonly stream: Writable;
  private lines: string[] = [];

  constructor(stream: Writable) {
    this.stream = stream;
    stream.once('error', () => {
      this.closed = true;
    });
  }

  line(text: string): void {
    this.lines.push(text);
  }

  get hasLines(): boolean {
    return this.lines.length > 0;
  }

  /** Hands over what was collected and waits until the reader wants more; false when it went away. Others run meanwhile. */
  async flush(): Promise<boolean> {
    const { lines, stream } = this;
    this.lines = [];
    if (lines.length > 0 && !this.closed) {
      await new Promise<void>((resolve) => stream.write(`${lines.join('\n')}\n`, () => resolve()));
    } else await new Promise((resolve) => setImmediate(resolve));
    return !this.closed;
  }
}
