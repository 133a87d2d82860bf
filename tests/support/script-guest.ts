/**
 * A guest without an instruction set: instruction k (2 bytes that hold k) does what the k-th function of a script emits. So tests can run any IR on
 * the real engine. Faults and traps skip their instruction.
 */
import { MachineEngine } from '../../lib/exec/engine.js';
import type { Builder, Value } from '../../lib/ir/builder.js';
import type { Guest, GuestImports } from '../../lib/isa/guest.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import {
  ENV_FLAGS,
  ENV_GUEST,
  ENV_PC,
  ENV_PC_MASK,
  ENV_POLL,
  ENV_REGISTERS,
  ENV_STATUS,
  ENV_TEMPS,
  ENV_TRAPS,
  PAGE_SIZE,
  STATUS_EXIT,
  STATUS_TRAP,
} from '../../lib/mem/layout.js';
import { given } from '../../lib/util/given.js';
import { asExports, type JsFunction } from './js-exports.js';
import { type PathMachine, type PathOptions, runUntil } from './paths.js';
import { slotInspector } from './slot-inspector.js';

export type Script = readonly ((b: Builder) => void)[];

export const INSN_BYTES = 2;
const X_COUNT = 16;
const F_COUNT = 8;
const ZERO = ENV_REGISTERS;

/** Integer register `index`; register 0 is always zero. */
export const x = (index: number): number => ENV_REGISTERS + 8 * index;
export const f = (index: number): number => ENV_REGISTERS + 8 * (X_COUNT + index);
/** Slots that lowered code does not keep in locals. */
export const control = (index: number): number => ENV_GUEST + 8 * index;
/** Counts calls of helpers: state that only they change. */
const CALLS = ENV_GUEST + 0x100;

export const REGISTERS = [
  ...Array.from({ length: X_COUNT - 1 }, (_, i) => ({ name: `x${i + 1}`, offset: x(i + 1), type: 'i64' as const })),
  ...Array.from({ length: F_COUNT }, (_, i) => ({ name: `f${i}`, offset: f(i), type: 'f64' as const })),
];

/** Helpers: `mix` computes something of all its operands; `trapIf` traps and `exitIf` leaves translated code when bit 0 of a is set. */
export const HELPER = { mix: 0, trapIf: 1, exitIf: 2 } as const;
const HELPERS = [
  { name: 'mix', mayLeave: false },
  { name: 'trapIf', mayLeave: true },
  { name: 'exitIf', mayLeave: true },
];

export const RAM_SIZE = 0x40000;

function instantiate({ memory, mmu }: GuestImports, fixedPc: boolean): WebAssembly.Exports {
  const i32 = new Int32Array(memory.buffer);
  const i64 = new BigInt64Array(memory.buffer);
  const select = mmu as unknown as { selectBank(env: number, key: bigint): void; selectContext(env: number, key: bigint): void };
  const refresh = (env: number): void => {
    i64[(env + ENV_PC_MASK) >> 3] = fixedPc ? 0n : BigInt(-PAGE_SIZE);
    select.selectBank(env, 1n);
    select.selectContext(env, 1n);
  };
  const trap = (env: number): bigint => {
    i32[(env + ENV_STATUS) >> 2] = STATUS_TRAP;
    return -1n;
  };
  const mapped = (env: number, vaddr: bigint): bigint => (vaddr >= 0n && vaddr < BigInt(RAM_SIZE) ? vaddr : trap(env));
  const helper = (body: (env: number, a: bigint, b: bigint, c: bigint, arg: number) => bigint) =>
    func(['i32', 'i64', 'i64', 'i64', 'i32'], ['i64'], (env: number, a: bigint, b: bigint, c: bigint, arg: number) => {
      i64[(env + CALLS) >> 3]++;
      return BigInt.asIntN(64, body(env, a, b, c, arg));
    });
  const leave = (env: number, a: bigint, status: number, value: bigint): bigint => {
    if (a & 1n) i32[(env + ENV_STATUS) >> 2] = status;
    return value;
  };
  return asExports({
    translate: func(['i32', 'i64', 'i32'], ['i64'], (env: number, vaddr: bigint) => {
      const paddr = mapped(env, vaddr);
      return paddr < 0n ? -1n : (paddr & ~0xfffn) | 3n;
    }),
    fetch: func(['i32', 'i64'], ['i64'], mapped),
    takeTrap: func(['i32'], [], (env: number) => {
      i64[(env + ENV_PC) >> 3] = (i64[(env + ENV_PC) >> 3] + BigInt(INSN_BYTES)) & BigInt(RAM_SIZE - 1);
      i64[(env + ENV_TRAPS) >> 3]++;
    }),
    poll: func(['i32'], ['i32'], () => 0),
    resetHart: func(['i32', 'i64'], [], (env: number, pc: bigint) => {
      i64.fill(0n, (env + ENV_REGISTERS) >> 3, (env + ENV_TEMPS) >> 3);
      i64[(env + ENV_PC) >> 3] = pc;
      i32[(env + ENV_FLAGS) >> 2] = 0;
      refresh(env);
    }),
    refresh: func(['i32'], [], refresh),
    wireInterrupt: func(['i32', 'i32', 'i32'], [], (env: number) => {
      i32[(env + ENV_POLL) >> 2] = 1;
    }),
    nextTimerTick: func(['i32'], ['i64'], () => -1n),
    tableStore: func(['i32', 'i64', 'i64', 'i32', 'i32'], ['i32'], () => 0),
    accessFault: func(['i32', 'i64', 'i32'], [], (env: number) => void trap(env)),
    mix: helper((_, a, b, c, arg) => (a * 3n + b * 5n) ^ (c * 7n + BigInt(arg & 0xff))),
    trapIf: helper((env, a, b) => leave(env, a, STATUS_TRAP, b)),
    exitIf: helper((env, a, b) => leave(env, a, STATUS_EXIT, b)),
  });
}

const func = (params: ('i32' | 'i64')[], results: ('i32' | 'i64')[], call: JsFunction) => ({ signature: { params, results }, call });

export interface ScriptOptions {
  /** Fetches are not translated: pcs are constants, and static exits reach everywhere. */
  readonly fixedPc?: boolean;
}

export function scriptGuest(script: Script, options: ScriptOptions = {}): Guest {
  const { fixedPc = false } = options;
  return {
    name: 'script',
    registers: REGISTERS,
    zeroSlot: ZERO,
    helpers: HELPERS,
    maxInsnBytes: INSN_BYTES,
    insnAlignment: INSN_BYTES,
    instantiate: (imports) => instantiate(imports, fixedPc),
    translateInsn: (b, code) => {
      b.insnBytes = INSN_BYTES;
      const emit = script[code.unit(0)];
      if (emit) emit(b);
      else b.jumpRel(0);
    },
    inspect: (memory) => slotInspector(memory, REGISTERS, (_, vaddr) => (vaddr < BigInt(RAM_SIZE) ? Number(vaddr) : undefined)),
    disassemble: (code) => ({ text: `script ${code.unit(0)}`, length: INSN_BYTES }),
  };
}

/** A machine whose memory holds the instructions 0, 1, 2, .. of a script from address 0 on. */
export class ScriptMachine implements PathMachine {
  readonly engine: MachineEngine;
  readonly memory: DataView;
  private readonly env: number;
  private readonly state: DataView;

  constructor(script: Script, options: PathOptions & ScriptOptions = {}) {
    const { mode = 'auto', chain = true, arenaBytes = 1 << 20, hotThreshold, tableCellsMax } = options;
    const { memory, space, hartsAt, arenaAt } = allocateGuestMemory({
      harts: 1,
      arenaBytes,
      regions: [{ name: 'ram', base: 0, size: RAM_SIZE, kind: 'ram' }],
    });
    this.memory = new DataView(memory.buffer, space.memoryAt(0, RAM_SIZE)!.host, RAM_SIZE);
    for (let i = 0; i < RAM_SIZE / INSN_BYTES; i++) this.memory.setUint16(i * INSN_BYTES, i < script.length ? i : 0xffff, true);
    this.env = hartsAt;
    this.state = new DataView(memory.buffer);
    this.engine = new MachineEngine(scriptGuest(script, options), {
      memory,
      space,
      harts: 1,
      hartsAt,
      arenaAt,
      arenaBytes,
      resetPc: 0,
      nsPerTick: 1,
      mode,
      chain,
      ...given({ hotThreshold, tableCellsMax }),
    });
  }

  get tick(): number {
    return this.engine.tick;
  }

  run(tick: number, options: { step?: boolean } = {}): void {
    runUntil(this.engine, tick, options);
  }

  slot(offset: number): bigint {
    return this.state.getBigInt64(this.env + offset, true);
  }

  setSlot(offset: number, value: bigint): void {
    this.state.setBigInt64(this.env + offset, value, true);
  }

  summary() {
    const registers = REGISTERS.map(({ name, offset }) => `${name}=${BigInt.asUintN(64, this.slot(offset)).toString(16)}`).join(' ');
    return { tick: this.tick, pc: this.slot(ENV_PC), registers, digest: this.engine.stateDigest() };
  }
}

/** The value of a register. */
export const reg = (b: Builder, slot: number): Value => b.slot(slot);
