/**
 * The real-time clock "google,goldfish-rtc", after the goldfish virtual hardware specification, section "Goldfish real-time clock", and
 * QEMU's `goldfish_rtc`: nanoseconds since 1970, and an alarm.
 *
 * It runs on virtual time, from a start that its constructor gets: what the host's clock says comes in there, once, or not at all.
 */
import { type Device, type IrqLine, type PlainData, StateReader, type TimerHandle, type VirtualClock } from './device.js';

// Registers of 32 bits
const TIME_LOW = 0x00; // a read latches TIME_HIGH
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08; // a write arms the alarm
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_ALARM = 0x14;
const ALARM_STATUS = 0x18;
const CLEAR_INTERRUPT = 0x1c;

const U32 = 0xffffffff;
const U64 = (1n << 64n) - 1n;
const RTC_SIZE = 0x1000;

export interface GoldfishRtcPorts {
  readonly irq: IrqLine;
  readonly clock: VirtualClock;
  /** What it shows when virtual time is 0: nanoseconds since 1970. */
  readonly startNs: bigint;
}

export class GoldfishRtc implements Device {
  readonly name = 'goldfish-rtc';
  readonly version = 1;
  readonly sizeBytes = RTC_SIZE;
  readonly accessSizes = [4] as const;

  private readonly ports: GoldfishRtcPorts;
  /** What it shows less virtual time, modulo 2^64. */
  private offset: bigint;
  private timeHigh = 0;
  private alarm = 0n;
  private alarmArmed = false;
  private pending = false;
  private enabled = false;
  private timer: TimerHandle | undefined;

  constructor(ports: GoldfishRtcPorts) {
    this.ports = ports;
    this.offset = ports.startNs & U64;
  }

  read(offset: number, _size: number): number {
    switch (offset) {
      case TIME_LOW: {
        const now = this.now();
        this.timeHigh = Number(now >> 32n);
        return Number(now & BigInt(U32));
      }
      case TIME_HIGH:
        return this.timeHigh;
      case ALARM_LOW:
        return Number(this.alarm & BigInt(U32));
      case ALARM_HIGH:
        return Number(this.alarm >> 32n);
      case IRQ_ENABLED:
        return this.enabled ? 1 : 0;
      case ALARM_STATUS:
        return this.alarmArmed ? 1 : 0;
      default:
        return 0;
    }
  }

  write(offset: number, _size: number, value: number): void {
    switch (offset) {
      case TIME_LOW:
        return this.setTime(withLow(this.now(), value));
      case TIME_HIGH:
        return this.setTime(withHigh(this.now(), value));
      case ALARM_LOW:
        this.alarm = withLow(this.alarm, value);
        return this.arm(true);
      case ALARM_HIGH:
        this.alarm = withHigh(this.alarm, value);
        return;
      case IRQ_ENABLED:
        this.enabled = (value & 1) === 1;
        return this.update();
      case CLEAR_ALARM:
        return this.arm(false);
      case CLEAR_INTERRUPT:
        this.pending = false;
        return this.update();
    }
  }

  /** The clock itself goes on where its start put it. */
  reset(): void {
    this.offset = this.ports.startNs & U64;
    this.timeHigh = 0;
    this.alarm = 0n;
    this.pending = false;
    this.enabled = false;
    this.arm(false);
    this.update();
  }

  save(): PlainData {
    const { offset, timeHigh, alarm, alarmArmed, pending, enabled } = this;
    return { offset: `${offset}`, timeHigh, alarm: `${alarm}`, alarmArmed, pending, enabled };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const [offset, alarm, timeHigh] = [state.bigint('offset'), state.bigint('alarm'), state.integer('timeHigh', U32)];
    const flags = [state.boolean('alarmArmed'), state.boolean('pending'), state.boolean('enabled')] as const;
    if (offset > U64) throw state.bad('offset');
    if (alarm > U64) throw state.bad('alarm');
    this.offset = offset;
    this.alarm = alarm;
    this.timeHigh = timeHigh;
    [, this.pending, this.enabled] = flags;
    this.arm(flags[0]);
    this.update();
  }

  private now(): bigint {
    return (BigInt(Math.floor(this.ports.clock.nowNs())) + this.offset) & U64;
  }

  private setTime(time: bigint): void {
    this.offset = (this.offset + time - this.now()) & U64;
    this.arm(this.alarmArmed);
  }

  /** Arms the alarm or disarms it; one whose time has passed goes off at once. */
  private arm(armed: boolean): void {
    if (this.timer) this.ports.clock.cancel(this.timer);
    this.timer = undefined;
    this.alarmArmed = armed;
    if (!armed) return;
    const wait = this.alarm - this.now();
    if (wait <= 0n) return this.goOff();
    const timeNs = this.ports.clock.nowNs() + Number(wait);
    // One that far away will never be reached.
    if (timeNs > Number.MAX_SAFE_INTEGER) return;
    this.timer = this.ports.clock.at(timeNs, () => {
      this.timer = undefined;
      this.goOff();
    });
  }

  private goOff(): void {
    this.alarmArmed = false;
    this.pending = true;
    this.update();
  }

  private update(): void {
    this.ports.irq.set(this.pending && this.enabled);
  }
}

function withLow(value: bigint, low: number): bigint {
  return (value & ~BigInt(U32)) | BigInt(low);
}

function withHigh(value: bigint, high: number): bigint {
  return (value & BigInt(U32)) | (BigInt(high) << 32n);
}
