/** Console input: queued as it arrives from the host, handed to the guest's device between slices. */
import type { Readable } from 'node:stream';

/** The source is asked to pause above this, and to go on below half of it. */
const QUEUE_BYTES = 65536;
const CTRL_A = 0x01;

/** What Ctrl-A and a key do on a terminal. */
export const KEYS = {
  x: 'end',
  c: 'open the monitor, or close it',
  h: 'show this help',
  a: 'send Ctrl-A to the guest',
} as const;
export type KeyCommand = Exclude<keyof typeof KEYS, 'a'>;

export class Input {
  /** No more will come. */
  ended = false;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private readonly stream: Readable;

  /** `filter` is what every chunk goes through first; `onChange` is told when there is more, or the end. */
  constructor(stream: Readable, options: { filter?: (chunk: Uint8Array) => Uint8Array; onChange: () => void }) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => {
      const bytes = options.filter ? options.filter(chunk) : chunk;
      if (bytes.length > 0) this.queue.push(bytes);
      this.queuedBytes += bytes.length;
      if (this.queuedBytes >= QUEUE_BYTES) stream.pause();
      options.onChange();
    });
    const end = () => {
      this.ended = true;
      options.onChange();
    };
    for (const event of ['end', 'close', 'error']) stream.on(event, end);
  }

  /** How many bytes wait to be taken. */
  get waiting(): number {
    return this.queuedBytes;
  }

  /** Takes up to `maximum` bytes off the queue, in order. */
  take(maximum: number): Uint8Array {
    const length = Math.min(maximum, this.queuedBytes);
    const taken = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const head = this.queue[0] as Uint8Array;
      const part = head.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === head.length) this.queue.shift();
      else this.queue[0] = head.subarray(part.length);
    }
    this.queuedBytes -= length;
    if (this.stream.isPaused() && this.queuedBytes < QUEUE_BYTES / 2) this.stream.resume();
    return taken;
  }

  /** Reads no more. */
  stop(): void {
    this.ended = true;
    this.stream.pause();
  }
}

/**
 * Takes commands (Ctrl-A and a key) out of what is typed; any other key after Ctrl-A is dropped. `aside` takes the rest while it is not undefined:
 * then nothing is left for the guest.
 */
export function keyFilter(
  onCommand: (command: KeyCommand) => void,
  aside: () => ((bytes: Uint8Array) => void) | undefined = () => undefined,
): (chunk: Uint8Array) => Uint8Array {
  let prefixed = false;
  const filterByte = (byte: number): number[] => {
    if (!prefixed) {
      prefixed = byte === CTRL_A;
      return prefixed ? [] : [byte];
    }
    prefixed = false;
    const key = String.fromCharCode(byte).toLowerCase();
    if (key === 'x' || key === 'c' || key === 'h') onCommand(key);
    return key === 'a' || byte === CTRL_A ? [CTRL_A] : [];
  };
  return (chunk) =>
    Uint8Array.from(
      [...chunk].flatMap((byte) => {
        const bytes = filterByte(byte);
        const taker = aside();
        if (!taker) return bytes;
        if (bytes.length > 0) taker(Uint8Array.from(bytes));
        return [];
      }),
    );
}
