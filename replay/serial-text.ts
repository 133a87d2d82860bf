/** What the guest prints on its serial line from one checkpoint of a recording to the next: who goes there at once has not seen it. */
import type { Machine } from '../lib/system/machine.js';

/** Of more than this the last. */
export const TEXT_BYTES_MAX = 2 ** 20;
const BYTES_FIRST = 4096;

export class SerialText {
  private readonly machine: Machine;
  private readonly untap: () => void;
  private bytes = new Uint8Array(BYTES_FIRST);
  private count = 0;
  /** How many bytes the line had put out before the next one that is new. */
  private next: number;

  /** From where `machine` is. `isWanted`: whether what is printed now is what really happens. */
  constructor(machine: Machine, isWanted: () => boolean) {
    this.machine = machine;
    this.next = machine.printed;
    this.untap = machine.tapConsole((byte, before, port) => {
      if (port === 'serial' && before === this.next && isWanted()) this.add(byte);
    });
  }

  /** How much was printed by now, and the last of it since the last call. */
  take(): { readonly printed: number; readonly output: Uint8Array } {
    const { count, bytes } = this;
    const start = Math.max(0, count - TEXT_BYTES_MAX);
    const output = Uint8Array.from({ length: count - start }, (_, index) => bytes[(start + index) % bytes.length]);
    this.count = 0;
    return { printed: this.machine.printed, output };
  }

  close(): void {
    this.untap();
  }

  private add(byte: number): void {
    if (this.count === this.bytes.length && this.count < TEXT_BYTES_MAX) {
      const longer = new Uint8Array(this.count * 2);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes[this.count++ % this.bytes.length] = byte;
    this.next++;
  }
}
