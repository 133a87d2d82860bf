/** Adds a device to the machine, an adder, with a row in its table and a node in its device tree: node dist/examples/library/add-device.js */
import { Machine } from 'hindsight';
import { cells64, type Device, type MachineRow, type PlainData, StateReader, strings } from 'hindsight/devices';
import { machineCode } from 'hindsight/riscv';

/** Registers of 32 bits: the operands at 0 and 4, their sum at 8. */
class Adder implements Device {
  readonly name = 'adder';
  readonly version = 1;
  readonly sizeBytes = 0x1000;
  readonly accessSizes = [4] as const;
  private operands = [0, 0];

  read(offset: number): number {
    return offset === 8 ? (this.operands[0] + this.operands[1]) >>> 0 : (this.operands[offset / 4] ?? 0);
  }
  write(offset: number, _size: number, value: number): void {
    if (offset < 8) this.operands[offset / 4] = value;
  }
  reset(): void {
    this.operands = [0, 0];
  }
  // What it saves is what a replay and a step back restore, and what the state digest covers.
  save(): PlainData {
    return { operands: [...this.operands] };
  }
  load(data: PlainData): void {
    this.operands = new StateReader(this.name, data).integers('operands', 0xffffffff, 2);
  }
}

const row: MachineRow = {
  name: 'adder',
  base: 0x10200000,
  size: 0x1000,
  kind: () => new Adder(),
  node: ({ base, size }) => ({
    name: `adder@${base.toString(16)}`,
    properties: { compatible: strings('example,adder'), reg: cells64(base, size) },
    children: [],
  }),
};

const [t0, t1, a0] = [5, 6, 10];
const kernel = machineCode([
  ['lui', { rd: t0, imm: row.base }],
  ['addi', { rd: t1, rs1: 0, imm: 20 }],
  ['sw', { rs1: t0, rs2: t1, imm: 0 }],
  ['addi', { rd: t1, rs1: 0, imm: 22 }],
  ['sw', { rs1: t0, rs2: t1, imm: 4 }],
  ['lw', { rd: a0, rs1: t0, imm: 8 }],
  ['wfi'],
]);
const machine = Machine.create({ kernel, bios: 'none', devices: [row] });
const stop = machine.run();
console.log(`${stop.kind}: the adder says 20 + 22 = ${machine.register('a0')}`);
