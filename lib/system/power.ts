/** The machine's power button, from inside: what the guest asked for, until the machine has done it. */
import type { PowerPort } from '../devices/device.js';

export class Power implements PowerPort {
  /** The guest powered off, with this exit code. */
  off: number | undefined;
  resetRequested = false;
  private readonly stop: () => void;

  /** `stop` ends the engine's run after the current instruction. */
  constructor(stop: () => void) {
    this.stop = stop;
  }

  exit(code: number): void {
    this.off = code;
    this.stop();
  }

  reset(): void {
    this.resetRequested = true;
    this.stop();
  }
}
