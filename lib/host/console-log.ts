/** What the guest has printed on its serial line, up to wherever the machine is now: the last so many bytes of it. */
import type { Machine } from '../system/machine.js';

const SIZE = 2 ** 20;

export class ConsoleLog {
  private readonly bytes = new Uint8Array(SIZE);
  private readonly machine: Machine;

  /** Notes what comes from now on. */
  constructor(machine: Machine) {
    this.machine = machine;
    machine.tapConsole((byte, before, port) => {
      if (port === 'serial') this.bytes[before % SIZE] = byte;
    });
  }

  /** Notes what is known from elsewhere: the last of the first `printed` bytes. */
  note(printed: number, text: Uint8Array): void {
    for (const [index, byte] of text.entries()) this.bytes[(printed - text.length + index) % SIZE] = byte;
  }

  /** The last `length` bytes, at most, of what had been printed by now. */
  tail(length: number): Uint8Array {
    const end = this.machine.printed;
    const start = Math.max(0, end - Math.min(length, SIZE));
    return Uint8Array.from({ length: end - start }, (_, index) => this.bytes[(start + index) % SIZE]);
  }
}
