/**
 * The built-in SBI: what supervisor software calls where no firmware runs in M-mode. After the RISC-V Supervisor Binary Interface
 * specification 2.0: base, timer, IPI, remote fences, hart state management, system reset, debug console, and the legacy extensions.
 *
 * An environment call is one tick, as a trap is. Remote fences have nothing to do: TLBs are coherent and self-modifying code is exact.
 * Not modelled: performance monitoring, suspend-to-RAM, nested acceleration.
 */
import type { PowerPort } from '../devices/device.js';
import type { AddressSpace } from '../mem/address-space.js';
import { ENV_STOPPED, HART_SIZE } from '../mem/layout.js';
import { assert } from '../util/errors.js';

/** What the SBI does to harts; exports of the RISC-V module. */
export interface SbiHarts {
  startSupervisor(env: number, pc: bigint, opaque: bigint): void;
  stopHart(env: number): void;
  setTimer(env: number, time: bigint): void;
  setSoftwareInterrupt(env: number, level: number): void;
}

export interface SbiPorts {
  readonly memory: WebAssembly.Memory;
  /** Host address of the first hart's area. */
  readonly hartsAt: number;
  readonly harts: number;
  readonly space: AddressSpace;
  readonly power: PowerPort;
  /** The debug console. */
  readonly putByte: (byte: number) => void;
  /** A byte of input, or -1. */
  readonly getByte: () => number;
  /** Timers or harts may have changed: the engine plans anew. */
  readonly replan: () => void;
  /** A store by the firmware: with all the tracking of a guest's store. */
  readonly storeByte: (paddr: number, value: number) => boolean;
}

const SUCCESS = 0n;
const ERR_FAILED = -1n;
const ERR_NOT_SUPPORTED = -2n;
const ERR_INVALID_PARAM = -3n;
const ERR_INVALID_ADDRESS = -5n;
const ERR_ALREADY_AVAILABLE = -6n;

const SPEC_VERSION = 2n << 24n;
/** Not registered; "hs" in ASCII. */
const IMPLEMENTATION_ID = 0x6873n;
const IMPLEMENTATION_VERSION = 1n;

const HART_STARTED = 0n;
const HART_STOPPED = 1n;

const X = (index: number): number => index * 8;
const A0 = X(10);
const A1 = X(11);

interface Result {
  readonly error: bigint;
  readonly value?: bigint;
}
/** Undefined: the call does not return. */
type Call = (sbi: Sbi, env: number, args: readonly bigint[]) => Result | undefined;

const done = (value = 0n): Result => ({ error: SUCCESS, value });
const failure = (error: bigint): Result => ({ error, value: 0n });

const BASE: readonly Call[] = [
  () => done(SPEC_VERSION),
  () => done(IMPLEMENTATION_ID),
  () => done(IMPLEMENTATION_VERSION),
  (_sbi, _env, [extension]) => done(EXTENSIONS.has(Number(BigInt.asUintN(32, extension))) ? 1n : 0n),
  () => done(),
  () => done(),
  () => done(),
];

const setTimer: Call = (sbi, env, [time]) => {
  sbi.harts.setTimer(env, time);
  sbi.ports.replan();
  return done();
};
const sendIpi: Call = (sbi, _env, [mask, base]) => {
  const targets = sbi.select(mask, base);
  if (!targets) return failure(ERR_INVALID_PARAM);
  for (const target of targets) sbi.harts.setSoftwareInterrupt(target, 1);
  return done();
};
const fence: Call = (sbi, _env, [mask, base]) => (sbi.select(mask, base) ? done() : failure(ERR_INVALID_PARAM));

const HSM: readonly Call[] = [
  (sbi, _env, [hart, address, opaque]) => {
    const target = sbi.hart(hart);
    if (target === undefined) return failure(ERR_INVALID_PARAM);
    if (!sbi.isStopped(target)) return failure(ERR_ALREADY_AVAILABLE);
    if (!sbi.ports.space.memoryAt(Number(address), 2)) return failure(ERR_INVALID_ADDRESS);
    sbi.harts.startSupervisor(target, address, opaque);
    return done();
  },
  (sbi, env) => {
    sbi.harts.stopHart(env);
    return undefined;
  },
  (sbi, _env, [hart]) => {
    const target = sbi.hart(hart);
    return target === undefined ? failure(ERR_INVALID_PARAM) : done(sbi.isStopped(target) ? HART_STOPPED : HART_STARTED);
  },
  // Suspension is optional: wfi does the same.
  () => failure(ERR_NOT_SUPPORTED),
];

const RESET_SHUTDOWN = 0;
const RESET_WARM = 2;
const systemReset: Call = (sbi, _env, [type]) => {
  const kind = Number(BigInt.asUintN(32, type));
  if (kind > RESET_WARM) return failure(ERR_INVALID_PARAM);
  if (kind === RESET_SHUTDOWN) sbi.ports.power.exit(0);
  else sbi.ports.power.reset();
  return undefined;
};

const DEBUG_CONSOLE: readonly Call[] = [
  (sbi, _env, [count, low, high]) => {
    const bytes = high === 0n ? sbi.ports.space.readBytes(Number(low), Number(count)) : undefined;
    if (!bytes) return failure(ERR_INVALID_PARAM);
    for (const byte of bytes) sbi.ports.putByte(byte);
    return done(count);
  },
  (sbi, _env, [count, low, high]) => {
    if (high !== 0n || !sbi.ports.space.memoryAt(Number(low), Number(count))) return failure(ERR_INVALID_PARAM);
    let read = 0;
    for (let byte = 0; read < Number(count); read++) {
      byte = sbi.ports.getByte();
      if (byte < 0) break;
      if (!sbi.ports.storeByte(Number(low) + read, byte)) return failure(ERR_FAILED);
    }
    return done(BigInt(read));
  },
  (sbi, _env, [byte]) => {
    sbi.ports.putByte(Number(byte & 0xffn));
    return done();
  },
];

/** Extension id -> functions by number. */
const EXTENSIONS: ReadonlyMap<number, readonly Call[]> = new Map([
  [0x10, BASE],
  [0x54494d45, [setTimer]],
  [0x735049, [sendIpi]],
  [0x52464e43, [fence, fence, fence, fence, fence, fence, fence]],
  [0x48534d, HSM],
  [0x53525354, [systemReset]],
  [0x4442434e, DEBUG_CONSOLE],
]);

const putByte: Call = (sbi, _env, [byte]) => {
  sbi.ports.putByte(Number(byte & 0xffn));
  return done();
};
const clearIpi: Call = (sbi, env) => {
  sbi.harts.setSoftwareInterrupt(env, 0);
  return done();
};
const sendIpiToAll: Call = (sbi) => {
  for (const env of sbi.all()) sbi.harts.setSoftwareInterrupt(env, 1);
  return done();
};
const shutdown: Call = (sbi) => {
  sbi.ports.power.exit(0);
  return undefined;
};

/** Legacy extensions: id -> function; the result comes in a0 alone. */
const LEGACY: ReadonlyMap<number, Call> = new Map<number, Call>([
  [0, setTimer],
  [1, putByte],
  [2, (sbi) => ({ error: BigInt(sbi.ports.getByte()) })],
  [3, clearIpi],
  [4, sendIpiToAll],
  [5, () => done()],
  [6, () => done()],
  [7, () => done()],
  [8, shutdown],
]);

export class Sbi {
  readonly ports: SbiPorts;
  private module: SbiHarts | undefined;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;

  constructor(ports: SbiPorts) {
    this.ports = ports;
    this.i32 = new Int32Array(ports.memory.buffer);
    this.i64 = new BigInt64Array(ports.memory.buffer);
  }

  /** Gives it the RISC-V module's functions. */
  attach(exports: WebAssembly.Exports): void {
    this.module = exports as unknown as SbiHarts;
  }

  get harts(): SbiHarts {
    assert(this.module, 'sbi: used before the machine is built');
    return this.module;
  }

  /** Power-on: hart 0 starts at `entry` with the device tree's address in a1, the others are stopped. */
  boot(entry: number, deviceTree: number): void {
    for (const [hart, env] of this.all().entries()) {
      if (hart === 0) this.harts.startSupervisor(env, BigInt(entry), BigInt(deviceTree));
      else this.harts.stopHart(env);
    }
  }

  /** Handles the environment call in the registers of the hart at `env` (SBI specification, "Binary Encoding"). */
  call(env: number): void {
    const registers = Array.from({ length: 8 }, (_, i) => this.i64[(env + A0 + i * 8) >> 3]);
    const extension = Number(BigInt.asUintN(32, registers[7]));
    const legacy = LEGACY.get(extension);
    const call = legacy ?? EXTENSIONS.get(extension)?.[Number(BigInt.asUintN(32, registers[6]))];
    const result = call ? call(this, env, registers) : failure(ERR_NOT_SUPPORTED);
    if (!result) return;
    this.i64[(env + A0) >> 3] = result.error;
    if (!legacy) this.i64[(env + A1) >> 3] = result.value ?? 0n;
  }

  all(): number[] {
    return Array.from({ length: this.ports.harts }, (_, i) => this.ports.hartsAt + i * HART_SIZE);
  }

  hart(index: bigint): number | undefined {
    return this.all()[Number(BigInt.asUintN(64, index))];
  }

  isStopped(env: number): boolean {
    return this.i32[(env + ENV_STOPPED) >> 2] !== 0;
  }

  /** The harts that a mask and its base name (base -1: all); undefined when one of them does not exist. */
  select(mask: bigint, base: bigint): number[] | undefined {
    if (base === -1n) return this.all();
    const named: number[] = [];
    for (let bit = 0n; bit < 64n; bit++) {
      if (((mask >> bit) & 1n) === 0n) continue;
      const env = this.hart(base + bit);
      if (env === undefined) return undefined;
      named.push(env);
    }
    return named;
  }
}
