/**
 * A machine without a processor, for recorders and replayers: each tick mixes a number into its memory, sometimes it waits for a timer or for
 * input, prints, and reads its disk. What it does depends on nothing but its state and its input.
 */
import { createHash } from 'node:crypto';
import type { BlockBackend } from '../../lib/devices/block-backend.js';
import { type Device, type PlainData, StateReader } from '../../lib/devices/device.js';
import type { EngineDebug } from '../../lib/exec/debug.js';
import type { RunLimits, StopReason } from '../../lib/exec/machine-engine.js';
import type { DirtyLog, GuestPages } from '../../lib/exec/state.js';
import type { InputEvent, Position } from '../../lib/system/input-event.js';
import type { Machine, MachineState } from '../../lib/system/machine.js';

const PAGE = 4096;
const PAGES = 4;
const NEVER = { tick: Number.POSITIVE_INFINITY, skippedNs: 0 };
const ROOM = 16;

export interface FakeMachineOptions {
  readonly print?: (byte: number) => void;
  readonly disk?: BlockBackend;
  /** It powers off there, with exit code 7. */
  readonly offTick?: number;
  /** Something goes wrong there: another result than elsewhere. */
  readonly faultTick?: number;
}

export class FakeMachine implements Machine {
  tick = 0;
  skippedNs = 0;
  powerOff: number | undefined;
  onInput: ((at: Position, event: InputEvent) => void) | undefined;
  readonly memoryBytes = new Uint8Array(PAGES * PAGE);
  readonly devices: readonly Device[];
  private readonly options: FakeMachineOptions;
  private value = 1;
  private wakeNs: number | undefined;
  private stopRequested = false;
  /** Per open log, the pages that were stored to. */
  private readonly logs = new Set<Set<number>>();

  constructor(options: FakeMachineOptions = {}) {
    this.options = options;
    const device = { name: 'value', version: 1, save: (): PlainData => this.value, load: () => {}, reset: () => {} };
    this.devices = [device as unknown as Device];
  }

  get position(): Position {
    return { tick: this.tick, skippedNs: this.skippedNs };
  }

  get nowNs(): number {
    return this.tick + this.skippedNs;
  }

  get pages(): GuestPages {
    const page = (frame: number) => this.memoryBytes.subarray(frame * PAGE, (frame + 1) * PAGE);
    return {
      count: PAGES,
      read: page,
      write: (frame, bytes) => {
        page(frame).set(bytes);
        this.stored(frame);
      },
      openDirtyLog: () => this.openDirtyLog(),
      paddrOf: (frame) => frame * PAGE,
      frameOf: (paddr) => paddr / PAGE,
    };
  }

  get debug(): EngineDebug {
    const registers = [{ name: 'value' }, { name: 'wake' }];
    const readRegister = (_hart: number, index: number) => BigInt(index === 0 ? this.value : (this.wakeNs ?? 0));
    const nothing = () => {};
    const stops = { setBreakpoints: nothing, setWatchpoints: nothing };
    return { harts: 1, registers, readRegister, hartTicks: () => this.tick, ...stops } as unknown as EngineDebug;
  }

  private openDirtyLog(): DirtyLog {
    const log = new Set(Array.from({ length: PAGES }, (_, frame) => frame));
    this.logs.add(log);
    const take = () => {
      const frames = Int32Array.from(log).sort();
      log.clear();
      return frames;
    };
    return { take, close: () => this.logs.delete(log) };
  }

  private stored(frame: number): void {
    for (const log of this.logs) log.add(frame);
  }

  get space(): never {
    return unsupported();
  }

  get memory(): never {
    return unsupported();
  }

  run(untilTick: number, { skipUntilNs = Number.POSITIVE_INFINITY, until = NEVER }: RunLimits = {}): StopReason {
    const lastNs = Math.min(skipUntilNs, until.tick + until.skippedNs);
    const reached = () => this.tick > until.tick || (this.tick === until.tick && this.skippedNs >= until.skippedNs);
    for (;;) {
      if (this.stopRequested || this.powerOff !== undefined) {
        this.stopRequested = false;
        return { kind: 'stopped' };
      }
      if (this.tick >= untilTick || reached()) return { kind: 'limit' };
      const { wakeNs } = this;
      if (wakeNs === undefined) this.step();
      else if (wakeNs === Number.POSITIVE_INFINITY) return { kind: 'idle' };
      else {
        this.skippedNs += Math.max(0, Math.min(wakeNs, lastNs) - this.nowNs);
        if (this.nowNs >= wakeNs) this.wakeNs = undefined;
        else if (!reached()) return { kind: 'idle', wakeNs };
      }
    }
  }

  requestStop(): void {
    this.stopRequested = true;
  }

  input(event: InputEvent): boolean {
    if ('bytes' in event && event.kind !== 'memory' && event.bytes.length > ROOM) return false;
    this.onInput?.(this.position, event);
    const bytes = 'bytes' in event ? [...event.bytes] : Buffer.from(event.kind);
    for (const byte of bytes) this.mix(byte);
    this.wakeNs = undefined;
    return true;
  }

  room(): number {
    return ROOM;
  }

  save(): MachineState {
    const { tick, skippedNs, value, wakeNs = -1 } = this;
    const harts = [Uint8Array.of(1, 2, 3)];
    // From 2 on; 1: none, 0: never.
    const data = { value, wakeNs: wakeNs === Number.POSITIVE_INFINITY ? 0 : wakeNs + 2, disk: this.options.disk?.save() ?? null };
    const devices = [{ name: 'value', version: 1, data }];
    return {
      engine: { tick, skippedNs, turn: 0, turnEnd: -1, held: 0, harts },
      devices,
      powerOff: this.powerOff ?? -1,
      outputs: [0, 0, 0],
    };
  }

  load(state: MachineState): void {
    const data = new StateReader('value', state.devices[0]?.data ?? null);
    const wake = data.integer('wakeNs', Number.MAX_SAFE_INTEGER);
    this.tick = state.engine.tick;
    this.skippedNs = state.engine.skippedNs;
    this.value = data.integer('value', 2 ** 32 - 1);
    this.wakeNs = wake === 1 ? undefined : wake === 0 ? Number.POSITIVE_INFINITY : wake - 2;
    this.powerOff = state.powerOff < 0 ? undefined : state.powerOff;
    this.options.disk?.load(data.data('disk'));
  }

  stateDigest(): string {
    const disk = JSON.stringify(this.options.disk?.digest() ?? null);
    const rest = `${this.tick} ${this.skippedNs} ${this.value} ${this.wakeNs} ${disk}`;
    return createHash('sha256').update(this.memoryBytes).update(rest).digest('hex').slice(0, 32);
  }

  forgetOutput(): void {}

  readonly printed = 0;

  tapConsole(): () => void {
    return () => {};
  }

  get outputsSeen(): readonly number[] {
    return [0, 0, 0];
  }

  stats(): never {
    return unsupported();
  }

  private step(): void {
    this.mix(this.tick === this.options.faultTick ? 1 : 0);
    this.access();
    this.tick++;
    if (this.value % 61 === 0) this.options.print?.(this.value & 0xff);
    if (this.value % 97 === 0) this.wakeNs = this.nowNs + 1 + (this.value % 5000);
    if (this.value % 9973 === 0) this.wakeNs = Number.POSITIVE_INFINITY;
    if (this.tick === this.options.offTick) this.powerOff = 7;
  }

  private mix(byte: number): void {
    this.value = (Math.imul(this.value ^ byte, 2654435761) ^ (this.value >>> 13)) >>> 0 || 1;
    const at = this.value % this.memoryBytes.length;
    this.memoryBytes[at] ^= this.value >>> 24;
    this.stored(Math.floor(at / PAGE));
  }

  private access(): void {
    const { disk } = this.options;
    if (!disk || this.value % 13 !== 0) return;
    const sectors = disk.sizeBytes / 512;
    const first = this.value % sectors;
    const bytes = new Uint8Array(512 * (1 + (this.value % Math.min(8, sectors - first))));
    const kind = (this.value >>> 8) % 6;
    let done: boolean;
    if (kind < 3) done = disk.read(first * 512, bytes);
    else if (kind === 3) done = disk.readOnly || disk.write(first * 512, bytes.fill(this.value & 0xff));
    else if (kind === 4) done = disk.readOnly || disk.zero(first * 512, bytes.length);
    else done = disk.discard(first * 512, bytes.length);
    this.mix(done ? createHash('sha256').update(bytes).digest()[0] : 0x55);
  }
}

function unsupported(): never {
  throw new Error('the fake machine does not have that');
}
