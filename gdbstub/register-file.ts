/** The register table as packets use it: by GDB's numbers, as hexadecimal bytes in the guest's order. */
import { EINVAL, littleEndian, littleEndianHex, ProtocolError } from './arguments.js';
import type { DebugTarget } from './target.js';

export class RegisterFile {
  /** How many of the first registers are in `g`: the general ones with the pc. The others are asked for one by one when someone looks. */
  readonly generalCount: number;
  readonly pcIndex: number;
  /** Worth sending with each stop, so that GDB need not ask: pc, stack pointer, frame pointer. */
  readonly expedited: readonly number[];
  private readonly target: DebugTarget;
  private readonly indexOf: ReadonlyMap<number, number>;

  constructor(target: DebugTarget) {
    this.target = target;
    const { registers } = target;
    const other = registers.findIndex(({ group }) => group !== 'general');
    this.generalCount = other < 0 ? registers.length : other;
    this.pcIndex = registers.findIndex(({ name, type }) => name === 'pc' || type === 'code_ptr');
    const named = (name: string) => registers.findIndex((register) => register.name === name || register.aliases.includes(name));
    this.expedited = [named('pc'), named('sp'), named('fp')].filter((index) => index >= 0);
    this.indexOf = new Map(registers.map(({ number }, index) => [number, index]));
  }

  /** The index in the table of GDB's number; throws `ProtocolError` if there is none. */
  index(number: number): number {
    const index = this.indexOf.get(number);
    if (index === undefined) throw new ProtocolError(EINVAL, `there is no register ${number}`);
    return index;
  }

  /** The value of GDB's number; undefined if there is none. */
  readNumber(hart: number, number: number): bigint | undefined {
    const index = this.indexOf.get(number);
    return index === undefined ? undefined : this.target.readRegister(hart, index);
  }

  hex(hart: number, index: number): string {
    return littleEndianHex(this.target.readRegister(hart, index), this.target.registers[index].bits);
  }

  /** The payload of `g`. */
  allHex(hart: number): string {
    let text = '';
    for (let index = 0; index < this.generalCount; index++) text += this.hex(hart, index);
    return text;
  }

  /** Writes the registers of `g`, as many as `bytes` has; those that are read-only stay. */
  writeAll(hart: number, bytes: Uint8Array): void {
    let at = 0;
    for (let index = 0; index < this.generalCount && at < bytes.length; index++) {
      const size = this.target.registers[index].bits / 8;
      if (at + size > bytes.length) throw new ProtocolError(EINVAL, 'a register is cut short');
      this.target.writeRegister(hart, index, littleEndian(bytes.subarray(at, at + size)));
      at += size;
    }
    if (at < bytes.length) throw new ProtocolError(EINVAL, 'there are fewer registers');
  }

  write(hart: number, index: number, bytes: Uint8Array): void {
    const { name, bits } = this.target.registers[index];
    if (bytes.length !== bits / 8) throw new ProtocolError(EINVAL, `${name} has ${bits} bits`);
    if (!this.target.writeRegister(hart, index, littleEndian(bytes))) throw new ProtocolError(EINVAL, `${name} cannot be written`);
  }
}
