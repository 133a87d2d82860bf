/** A small RISC-V machine for tests of the engine: RAM, a CLINT, one hart or several. */
import { CLINT_SIZE, Clint } from '../../lib/devices/clint.js';
import { MachineEngine } from '../../lib/exec/engine.js';
import type { BlockHook } from '../../lib/exec/machine-engine.js';
import { riscv } from '../../lib/isa/riscv/index.js';
import { FFLAGS, FRM, MCAUSE, MEPC, MIP, MSTATUS, MTVAL, PRIV, SATP } from '../../lib/isa/riscv/layout.js';
import { X_REGISTERS } from '../../lib/isa/riscv/registers.js';
import { allocateGuestMemory } from '../../lib/mem/allocate.js';
import { ENV_PC, ENV_TICKS, HART_SIZE } from '../../lib/mem/layout.js';
import { given } from '../../lib/util/given.js';
import { type PathMachine, type PathOptions, runUntil } from './paths.js';

export const RAM_BASE = 0x80000000;
const RAM_SIZE = 0x400000;
export const CLINT_BASE = 0x2000000;

// Bits of mip.
const MIP_MSIP = 3;
const MIP_MTIP = 7;

/** Control registers, to show where two states differ. */
const CONTROLS: readonly (readonly [name: string, offset: number])[] = [
  ['fflags', FFLAGS],
  ['frm', FRM],
  ['mstatus', MSTATUS],
  ['priv', PRIV],
  ['mepc', MEPC],
  ['mcause', MCAUSE],
  ['mtval', MTVAL],
  ['mip', MIP],
  ['satp', SATP],
];

export class RiscvMachine implements PathMachine {
  readonly engine: MachineEngine;
  private readonly env: number;
  private readonly i64: BigInt64Array;
  private readonly ram: DataView;

  constructor(program: Uint8Array, options: PathOptions & { readonly harts?: number; readonly onBlock?: BlockHook } = {}) {
    const {
      harts = 1,
      mode = 'auto',
      chain = true,
      arenaBytes = 1 << 20,
      hotThreshold,
      tableCellsMax,

      onBlock,
    } = options;
    const { memory, space, hartsAt, arenaAt } = allocateGuestMemory({
      harts,
      arenaBytes,
      regions: [{ name: 'ram', base: RAM_BASE, size: RAM_SIZE, kind: 'ram' }],
    });
    space.writeBytes(RAM_BASE, program);
    this.env = hartsAt;
    this.i64 = new BigInt64Array(memory.buffer);
    this.ram = new DataView(memory.buffer, space.memoryAt(RAM_BASE, RAM_SIZE)!.host, RAM_SIZE);
    let clint: Clint | undefined;
    this.engine = new MachineEngine(riscv, {
      memory,
      space,
      harts,
      hartsAt,
      arenaAt,
      arenaBytes,
      resetPc: RAM_BASE,
      nsPerTick: 1,
      mode,
      chain,
      ...given({ hotThreshold, tableCellsMax }),
      ...(onBlock ? { onBlock } : {}),
      deviceState: () => JSON.stringify(clint?.save()),
    });
    const line = (hart: number, bit: number) => ({ set: (level: boolean) => this.engine.setInterrupt(hart, bit, level) });
    const lines = Array.from({ length: harts }, (_, hart) => ({ msip: line(hart, MIP_MSIP), mtip: line(hart, MIP_MTIP) }));
    clint = new Clint({ clock: this.engine.clock, harts: lines });
    space.map({ name: 'clint', base: CLINT_BASE, size: CLINT_SIZE, kind: clint });
  }

  run(tick: number, options: { step?: boolean } = {}): void {
    runUntil(this.engine, tick, options);
  }

  get tick(): number {
    return this.engine.tick;
  }

  summary() {
    const registers = X_REGISTERS.map(({ abiName, offset }) => `${abiName}=${BigInt.asUintN(64, this.slot(offset)).toString(16)}`);
    const controls = CONTROLS.map(([name, offset]) => `${name}=${BigInt.asUintN(64, this.slot(offset)).toString(16)}`);
    const { engine } = this;
    const pc = BigInt.asUintN(64, this.slot(ENV_PC)).toString(16);
    return { tick: engine.tick, pc, registers: registers.join(' '), controls: controls.join(' '), digest: engine.stateDigest() };
  }

  /** An x register by its ABI name. */
  register(name: string): bigint {
    return this.slot(X_REGISTERS.find(({ abiName }) => abiName === name)!.offset);
  }

  /** A slot of a hart's area. */
  slot(offset: number, hart = 0): bigint {
    return this.i64[(this.env + hart * HART_SIZE + offset) >> 3];
  }

  /** Ticks that the hart itself took. */
  hartTicks(hart: number): number {
    return Number(this.slot(ENV_TICKS, hart));
  }

  /** The four bytes at `vaddr` of a hart's address space; 0 where they are not in RAM. */
  bitsAt(hart: number, vaddr: bigint): number {
    const byte = (i: number): number => {
      const offset = (this.engine.debug.translate(hart, vaddr + BigInt(i)) ?? 0) - RAM_BASE;
      return offset >= 0 && offset < RAM_SIZE ? this.ram.getUint8(offset) : 0;
    };
    return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
  }

  dword(paddr: number): bigint {
    return this.ram.getBigInt64(paddr - RAM_BASE, true);
  }
}
