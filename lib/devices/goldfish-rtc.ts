/**
 * The real-time clock "google,goldfish-rtc", after the goldfish virtual hardware specification, section "Goldfish real-time clock", and
 * QEMU's `goldfish_rtc`: nanoseconds since 1970, and an alarm.
 *
 * It runs on virtual time, from a start that its constructor gets: what the host's clock says comes in there, once, or not at all.
 */
import { type Device, type IrqLine, type PlainData, StateReader, type TimerHandle, type VirtualClock } from './device.js';

const U32 = 0xffffffff;
const U64 = (1n << 64n) - 1n;
const RTC_SIZE = 0x1000;

interface Row {
  readonly name: string;
  readonly offset: number;
  readonly read?: () => number;
  readonly write?: (value: number) => void;
}

export interface GoldfishRtcPorts {
  readonly irq: IrqLine;
  readonly clock: VirtualClock;
  /** What it shows when virtual time is 0: nanoseconds since 1970. */
  readonly startNs: bigint;
}

export class GoldfishRtc implements Device {
  readonly name = 'goldfish-rtc';
  readonly version = 2;
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
  /** Virtual time at which the alarm goes off, 0 when it will not: a later write to ALARM_HIGH alone does not move it. */
  private dueNs = 0;
  private timer: TimerHandle | undefined;

  private readonly rows: readonly Row[] = [
    { name: 'TIME_LOW', offset: 0x00, read: () => this.latchTime(), write: (value) => this.setTime(withLow(this.now(), value)) },
    { name: 'TIME_HIGH', offset: 0x04, read: () => this.timeHigh, write: (value) => this.setTime(withHigh(this.now(), value)) },
    { name: 'ALARM_LOW', offset: 0x08, read: () => low(this.alarm), write: (value) => this.setAlarm(withLow(this.alarm, value)) },
    { name: 'ALARM_HIGH', offset: 0x0c, read: () => high(this.alarm), write: (value) => this.keepAlarm(withHigh(this.alarm, value)) },
    { name: 'IRQ_ENABLED', offset: 0x10, read: () => Number(this.enabled), write: (value) => this.enable((value & 1) === 1) },
    { name: 'CLEAR_ALARM', offset: 0x14, write: () => this.arm(false) },
    { name: 'ALARM_STATUS', offset: 0x18, read: () => Number(this.alarmArmed) },
    { name: 'CLEAR_INTERRUPT', offset: 0x1c, write: () => this.acknowledge() },
  ];

  constructor(ports: GoldfishRtcPorts) {
    this.ports = ports;
    this.offset = ports.startNs & U64;
  }

  read(offset: number, _size: number): number {
    return this.rows.find((row) => row.offset === offset)?.read?.() ?? 0;
  }

  peek(offset: number, size: number): number {
    const { timeHigh } = this;
    const value = this.read(offset, size);
    this.timeHigh = timeHigh;
    return value;
  }

  write(offset: number, _size: number, value: number): void {
    this.rows.find((row) => row.offset === offset)?.write?.(value);
  }

  /** The time is that of the start again, plus virtual time. */
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
    const { offset, timeHigh, alarm, alarmArmed, dueNs, pending, enabled } = this;
    return { offset: `${offset}`, timeHigh, alarm: `${alarm}`, alarmArmed, dueNs, pending, enabled };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const [offset, alarm, timeHigh] = [state.bigint('offset'), state.bigint('alarm'), state.integer('timeHigh', U32)];
    const flags = [state.boolean('alarmArmed'), state.boolean('pending'), state.boolean('enabled')] as const;
    const dueNs = state.integer('dueNs', Number.MAX_SAFE_INTEGER);
    if (offset > U64) throw state.bad('offset');
    if (alarm > U64) throw state.bad('alarm');
    this.offset = offset;
    this.alarm = alarm;
    this.timeHigh = timeHigh;
    [this.alarmArmed, this.pending, this.enabled] = flags;
    this.schedule(dueNs);
  }

  private now(): bigint {
    return (BigInt(Math.floor(this.ports.clock.nowNs())) + this.offset) & U64;
  }

  /** TIME_HIGH goes with the TIME_LOW that was read last. */
  private latchTime(): number {
    const now = this.now();
    this.timeHigh = high(now);
    return low(now);
  }

  private setTime(time: bigint): void {
    this.offset = (this.offset + time - this.now()) & U64;
    this.arm(this.alarmArmed);
  }

  private setAlarm(time: bigint): void {
    this.alarm = time;
    this.arm(true);
  }

  /** The high half goes first; writing the low half arms. */
  private keepAlarm(time: bigint): void {
    this.alarm = time;
  }

  private enable(enabled: boolean): void {
    this.enabled = enabled;
    this.update();
  }

  private acknowledge(): void {
    this.pending = false;
    this.update();
  }

  /** Arms the alarm or disarms it; one whose time has passed goes off at once. */
  private arm(armed: boolean): void {
    this.schedule(0);
    this.alarmArmed = armed;
    if (!armed) return;
    const wait = this.alarm - this.now();
    if (wait <= 0n) {
      this.goOff();
      return;
    }
    const timeNs = this.ports.clock.nowNs() + Number(wait);
    // One that far away will never be reached.
    if (timeNs <= Number.MAX_SAFE_INTEGER) this.schedule(timeNs);
  }

  private schedule(timeNs: number): void {
    if (this.timer) this.ports.clock.cancel(this.timer);
    this.timer = undefined;
    this.dueNs = timeNs;
    if (timeNs === 0) return;
    this.timer = this.ports.clock.at(timeNs, () => {
      this.timer = undefined;
      this.dueNs = 0;
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

function low(value: bigint): number {
  return Number(value & BigInt(U32));
}

function high(value: bigint): number {
  return Number(value >> 32n);
}

function withLow(value: bigint, word: number): bigint {
  return (value & ~BigInt(U32)) | BigInt(word);
}

function withHigh(value: bigint, word: number): bigint {
  return (value & BigInt(U32)) | (BigInt(word) << 32n);
}
