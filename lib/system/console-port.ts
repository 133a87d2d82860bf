/** The machine's end of a serial line: what a device sends passes an outlet, and what the host sends waits for no one but the device. */
import type { CharBackend, CharReceiver } from '../devices/device.js';
import { Outlet } from './outlet.js';

export class ConsolePort implements CharBackend {
  /** The bytes that the guest sends. */
  readonly output = new Outlet<number>();
  private receiver: CharReceiver | undefined;

  write(byte: number): void {
    this.output.put(byte);
  }

  onInput(receiver: CharReceiver): void {
    this.receiver = receiver;
  }

  /** How many bytes the device takes now. */
  get room(): number {
    return this.receiver?.room ?? 0;
  }

  /** Gives the device at most `room` bytes. */
  receive(bytes: Uint8Array): void {
    this.receiver?.receive(bytes);
  }
}
