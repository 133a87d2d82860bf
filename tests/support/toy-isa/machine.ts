/** A machine around the toy guest: RAM, one device, one engine. */
import { MachineEngine } from '../../../lib/exec/engine.js';
import { allocateGuestMemory } from '../../../lib/mem/allocate.js';
import { ENV_PC } from '../../../lib/mem/layout.js';
import { given } from '../../../lib/util/given.js';
import { type PathMachine, type PathOptions, runUntil } from '../paths.js';
import { assembleToy, type ToyProgram } from './assembler.js';
import { toy } from './guest.js';
import { slotOf } from './instructions.js';
import { CAUSE, DEVICE, DEVICE_SIZE, EPC, FLAG_N, FLAG_Z, RAM_SIZE, TVAL, VECTOR } from './layout.js';

/** Registers of the device. Reads of COUNTER count; a write to TIMER raises the interrupt so many ns later; ACK (read or write) lowers it, RAISE raises it. */
export const DEVICE_COUNTER = DEVICE;
export const DEVICE_TIMER = DEVICE + 8;
export const DEVICE_ACK = DEVICE + 16;
export const DEVICE_RAISE = DEVICE + 24;

export class ToyMachine implements PathMachine {
  readonly engine: MachineEngine;
  readonly program: ToyProgram;
  private readonly env: number;
  private readonly i64: BigInt64Array;
  private readonly ram: Uint8Array;
  private reads = 0;

  constructor(source: string | ToyProgram, options: PathOptions = {}) {
    const { mode = 'auto', chain = true, arenaBytes = 1 << 20, hotThreshold, tableCellsMax } = options;
    this.program = typeof source === 'string' ? assembleToy(source) : source;
    const device = {
      name: 'counter',
      sizeBytes: DEVICE_SIZE,
      accessSizes: [1, 4] as const,
      read: (offset: number) => this.readDevice(DEVICE + offset),
      write: (offset: number, _size: number, value: number) => this.writeDevice(DEVICE + offset, value),
    };
    const { memory, space, hartsAt, arenaAt } = allocateGuestMemory({
      harts: 1,
      arenaBytes,
      regions: [
        { name: 'ram', base: 0, size: RAM_SIZE, kind: 'ram' },
        { name: 'counter', base: DEVICE, size: DEVICE_SIZE, kind: device },
      ],
    });
    const region = space.memoryAt(0, RAM_SIZE)!;
    this.ram = new Uint8Array(memory.buffer, region.host, RAM_SIZE);
    this.ram.set(this.program.bytes);
    this.env = hartsAt;
    this.i64 = new BigInt64Array(memory.buffer);
    this.engine = new MachineEngine(toy, {
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
      deviceState: () => `${this.reads}`,
    });
  }

  /** Executes up to `tick`; in single steps with `step`. */
  run(tick: number, options: { step?: boolean } = {}): void {
    runUntil(this.engine, tick, options);
  }

  get tick(): number {
    return this.engine.tick;
  }

  summary() {
    const registers = Array.from({ length: 8 }, (_, i) => this.register(i).toString(16)).join(' ');
    const { engine, flags, trap } = this;
    return { tick: engine.tick, pc: this.pc.toString(16), registers, flags, trap, digest: engine.stateDigest() };
  }

  register(index: number): bigint {
    return this.slot(slotOf(index));
  }

  get pc(): bigint {
    return this.slot(ENV_PC);
  }

  get flags(): { z: boolean; n: boolean } {
    return { z: this.slot(FLAG_Z) !== 0n, n: this.slot(FLAG_N) !== 0n };
  }

  /** The last trap. */
  get trap(): { cause: number; tval: bigint; epc: bigint } {
    return { cause: Number(this.slot(CAUSE)), tval: this.slot(TVAL), epc: this.slot(EPC) };
  }

  get vector(): bigint {
    return this.slot(VECTOR);
  }

  quad(paddr: number): bigint {
    return new DataView(this.ram.buffer, this.ram.byteOffset).getBigInt64(paddr, true);
  }

  private slot(offset: number): bigint {
    return this.i64[(this.env + offset) >> 3];
  }

  private readDevice(address: number): number {
    if (address === DEVICE_COUNTER) return ++this.reads;
    if (address === DEVICE_ACK) this.engine.setInterrupt(0, 0, false);
    if (address === DEVICE_RAISE) this.engine.setInterrupt(0, 0, true);
    return address & 0xff;
  }

  private writeDevice(address: number, value: number): void {
    const { clock } = this.engine;
    if (address === DEVICE_TIMER) clock.at(clock.nowNs() + value, () => this.engine.setInterrupt(0, 0, true));
    if (address === DEVICE_ACK || address === DEVICE_RAISE) this.engine.setInterrupt(0, 0, address === DEVICE_RAISE);
  }
}
