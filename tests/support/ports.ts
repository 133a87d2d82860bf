/** Ends of wires for tests of devices. */
import type { CharBackend, CharReceiver, IrqLine } from '../../lib/devices/device.js';

export class Line implements IrqLine {
  level = false;
  changes = 0;

  set(level: boolean): void {
    if (level !== this.level) this.changes++;
    this.level = level;
  }
}

export class Terminal implements CharBackend {
  text = '';
  receiver: CharReceiver | undefined;

  write(byte: number): void {
    this.text += String.fromCharCode(byte);
  }

  onInput(receiver: CharReceiver): void {
    this.receiver = receiver;
  }

  /** Types `text`; gives what the device had no room for. */
  type(text: string): string {
    const fits = text.slice(0, this.receiver?.room ?? 0);
    this.receiver?.receive(Buffer.from(fits, 'latin1'));
    return text.slice(fits.length);
  }
}
