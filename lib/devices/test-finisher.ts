/** SiFive's test finisher, which ends a simulation; as in QEMU's `sifive_test` (register protocol of "sifive,test1"). */
import type { Device, PlainData, PowerPort } from './device.js';

// One register at offset 0: bits 15..0 say what to do, bits 31..16 are the exit code of FINISHER_FAIL.
const FINISHER_PASS = 0x5555;
const FINISHER_FAIL = 0x3333;
const FINISHER_RESET = 0x7777;

export class TestFinisher implements Device {
  readonly name = 'test-finisher';
  readonly version = 1;
  readonly sizeBytes = 0x1000;
  readonly accessSizes = [2, 4] as const;
  private readonly power: PowerPort;

  constructor(ports: { power: PowerPort }) {
    this.power = ports.power;
  }

  read(_offset: number, _size: number): number {
    return 0;
  }

  /** Any other value is ignored. A failure with code 0 exits with code 1: a failure never looks like success. */
  write(offset: number, _size: number, value: number): void {
    if (offset !== 0) return;
    const action = value & 0xffff;
    if (action === FINISHER_PASS) this.power.exit(0);
    else if (action === FINISHER_FAIL) this.power.exit(value >>> 16 || 1);
    else if (action === FINISHER_RESET) this.power.reset();
  }

  reset(): void {}

  /** It has no state. */
  save(): PlainData {
    return {};
  }

  load(_data: PlainData): void {}
}
