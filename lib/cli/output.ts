/** Console output: collected byte by byte while the guest runs, handed to a stream between slices, and never lost or reordered. */
import type { Writable } from 'node:stream';
import { ByteWriter } from '../util/bytes.js';

export class Output {
  /** The reader went away: whatever else is written goes nowhere. */
  closed = false;
  private buffer = new ByteWriter();
  private readonly stream: Writable;
  private readonly endsStream: boolean;

  /**
   * `endsStream`: `finish` ends the stream too. `onDrain` is told when the stream takes more again, `onClosed` when the reader went
   * away, `onError` when writing failed otherwise; no more is written after these two.
   */
  constructor(
    stream: Writable,
    options: { endsStream: boolean; onDrain: () => void; onClosed: () => void; onError: (error: Error) => void },
  ) {
    this.stream = stream;
    this.endsStream = options.endsStream;
    stream.on('drain', options.onDrain);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.closed) return;
      this.closed = true;
      if (error.code === 'EPIPE') options.onClosed();
      else options.onError(error);
    });
  }

  write(byte: number): void {
    this.buffer.u8(byte);
  }

  /** Hands to the stream what was written so far. */
  flush(): void {
    if (this.buffer.length === 0) return;
    const bytes = this.buffer.view();
    this.buffer = new ByteWriter();
    if (!this.closed) this.stream.write(bytes);
  }

  /** The stream has more than it wants: wait for `onDrain`. */
  get full(): boolean {
    return !this.closed && this.stream.writableNeedDrain;
  }

  /** Hands over the rest and resolves when all of it is written (or never will be). */
  async finish(): Promise<void> {
    this.flush();
    if (this.closed || this.stream.destroyed) return;
    await new Promise<void>((resolve) => {
      this.stream.once('error', () => resolve());
      if (this.endsStream) this.stream.end(() => resolve());
      else this.stream.write('', () => resolve());
    });
  }
}
