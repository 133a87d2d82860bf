/** What the guest has printed, as text: all of it, in pieces as it comes, and a watch for something that is waited for. */

const NEWLINE = 10;

export class ConsoleText {
  /** How many bytes the guest has printed up to where it is; less than before once the machine went back. */
  position: () => number = () => 0;
  private bytes = new Uint8Array(4096);
  /** What `onOutput` got already; where the present watch began; where the present line did. */
  private told = 0;
  private watchFrom = 0;
  private line = 0;
  private watcher: ((byte: number) => boolean) | undefined;
  private found: () => void = () => {};
  private readonly decoder = new TextDecoder();
  private readonly onOutput: ((text: string) => void) | undefined;

  constructor(onOutput: ((text: string) => void) | undefined) {
    this.onOutput = onOutput;
  }

  /** The guest prints a byte that it has not printed before. */
  put(byte: number): void {
    const at = this.position() - 1;
    if (at >= this.bytes.length) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[at] = byte;
    // On another line of history, what was told of the former one does not count.
    this.told = Math.min(this.told, at);
    if (this.watcher?.(at + 1)) this.found();
    if (byte === NEWLINE) this.line = at + 1;
  }

  /** All of it up to where the machine is. */
  get text(): string {
    return new TextDecoder().decode(this.bytes.subarray(0, this.position()));
  }

  /** Calls `found` when `wanted` is printed from here on: text, or what a line matches. `undefined`: nothing is waited for any more. */
  watch(wanted: string | RegExp | undefined, found: () => void): void {
    this.watchFrom = this.position();
    this.found = found;
    this.watcher = wanted === undefined ? undefined : typeof wanted === 'string' ? this.endsWith(wanted) : this.lineMatches(wanted);
  }

  /** Hands on what came since the last time. */
  flush(): void {
    const end = this.position();
    if (end <= this.told) return;
    const text = this.decoder.decode(this.bytes.subarray(this.told, end), { stream: true });
    this.told = end;
    if (text !== '') this.onOutput?.(text);
  }

  private endsWith(wanted: string): (end: number) => boolean {
    const tail = new TextEncoder().encode(wanted);
    return (end) => {
      const start = end - tail.length;
      return start >= this.watchFrom && tail.every((byte, index) => this.bytes[start + index] === byte);
    };
  }

  private lineMatches(wanted: RegExp): (end: number) => boolean {
    const pattern = new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, ''));
    return (end) => pattern.test(new TextDecoder().decode(this.bytes.subarray(Math.max(this.line, this.watchFrom), end)));
  }
}
