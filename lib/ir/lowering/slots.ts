/** The slots of a region as WebAssembly locals: guest registers, which are loaded on entry and stored on exits, and temporaries, which are not. */
import { ENV_TEMPS, ENV_TEMPS_END } from '../../mem/layout.js';
import { Bits } from '../../util/bits.js';
import { assert } from '../../util/errors.js';
import type { Code } from '../../wasm/code.js';
import { ENV } from '../access.js';
import type { IrBlock } from '../decode.js';
import type { SlotType } from '../op-kinds.js';
import { sources, writes } from '../operands.js';
import type { Shape } from '../region.js';

/** What lowering must know of the guest. */
export interface LoweringGuest {
  /** Type of the guest register at a slot, undefined for other slots. */
  registerType(slot: number): SlotType | undefined;
  readonly zeroSlot: number;
}

export class Slots {
  /** Registers that any block of the region writes. */
  readonly dirty: readonly number[];
  /** By node: registers that a block on some way to its end has written. */
  readonly dirtyAt: readonly (readonly number[])[];
  private readonly w: Code;
  private readonly zeroSlot: number;
  private readonly registers = new Map<number, { readonly local: number; readonly type: SlotType }>();
  private readonly temps = new Map<string, number>();
  private readonly tempTypes = new Map<number, SlotType>();

  constructor(w: Code, guest: LoweringGuest, blocks: readonly IrBlock[], { structure, successors }: Shape) {
    this.w = w;
    this.zeroSlot = guest.zeroSlot;
    // One bit per register that the region touches, in the order in which it was met; 31 to a word.
    const slots: number[] = [];
    const bitOf = new Map<number, number>();
    const touch = (slot: number): number => {
      const known = bitOf.get(slot);
      if (known !== undefined) return known;
      const type = slot === guest.zeroSlot ? undefined : guest.registerType(slot);
      const bit = type === undefined ? -1 : slots.push(slot) - 1;
      bitOf.set(slot, bit);
      if (type !== undefined) this.registers.set(slot, { local: w.local(type), type });
      return bit;
    };
    const written = blocks.map(() => new Bits());
    for (const node of structure.order) {
      for (const op of blocks[node].ops) {
        for (const source of sources(op)) touch(op[source]);
        if (!writes(op)) continue;
        const bit = touch(op.d);
        if (bit >= 0) written[node].add(bit);
      }
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of structure.order) for (const to of successors[node]) if (written[to].include(written[node])) changed = true;
    }
    const slotsIn = (bits: Bits) => bits.list().map((bit) => slots[bit]);
    this.dirtyAt = written.map(slotsIn);
    const all = new Bits();
    for (const node of structure.order) all.include(written[node]);
    this.dirty = slotsIn(all);
  }

  /** Loads the registers. */
  load(): void {
    const { w } = this;
    for (const [slot, { local, type }] of this.registers) {
      w.get(ENV);
      w.mem(type === 'f64' ? 'f64.load' : 'i64.load', slot);
      w.set(local);
    }
  }

  /** Stores the registers at `slots`. */
  store(slots: Iterable<number>): void {
    for (const slot of slots) {
      const register = this.registers.get(slot);
      assert(register, 'lower: storing a slot that is no register');
      this.w.get(ENV);
      this.w.get(register.local);
      this.w.mem(register.type === 'f64' ? 'f64.store' : 'i64.store', slot);
    }
  }

  /** Pushes the value of `slot` as one of `type`. */
  push(slot: number, type: SlotType): void {
    const { w } = this;
    if (slot === this.zeroSlot) return type === 'f64' ? w.f64(0) : w.i64(0);
    const register = this.registers.get(slot);
    if (register) {
      w.get(register.local);
      return this.convert(register.type, type);
    }
    const tempType = this.tempTypes.get(slot);
    if (tempType) {
      w.get(this.temp(slot, tempType));
      return this.convert(tempType, type);
    }
    w.get(ENV);
    w.mem(type === 'f64' ? 'f64.load' : 'i64.load', slot);
  }

  /** Writes the value of `type` that `value` pushes to `slot`. */
  assign(slot: number, type: SlotType, value: () => void): void {
    const { w } = this;
    const register = this.registers.get(slot);
    if (register) {
      value();
      this.convert(type, register.type);
      return w.set(register.local);
    }
    if (slot >= ENV_TEMPS && slot < ENV_TEMPS_END) {
      value();
      this.tempTypes.set(slot, type);
      return w.set(this.temp(slot, type));
    }
    w.get(ENV);
    value();
    w.mem(type === 'f64' ? 'f64.store' : 'i64.store', slot);
  }

  /** Writes the bits in the i64 local `value` to `slot`, as a value of `type`. */
  assignBits(slot: number, type: SlotType, value: number): void {
    this.assign(slot, type, () => {
      this.w.get(value);
      this.convert('i64', type);
    });
  }

  /** Type of the register at `slot`, undefined where it is none. */
  registerType(slot: number): SlotType | undefined {
    return this.registers.get(slot)?.type;
  }

  /** The type in which reading `slot` costs nothing. */
  naturalType(slot: number): SlotType {
    return this.registerType(slot) ?? this.tempTypes.get(slot) ?? 'i64';
  }

  /** Emits two ways to assign `slot`, of which one is taken. Both read what was there before: a temporary that the first gives another type has its old one in the second. */
  eitherWay(slot: number, first: () => void, second: () => void): void {
    const before = this.tempTypes.get(slot);
    first();
    if (before) this.tempTypes.set(slot, before);
    second();
  }

  private temp(slot: number, type: SlotType): number {
    const key = `${slot}:${type}`;
    let local = this.temps.get(key);
    if (local === undefined) {
      local = this.w.local(type);
      this.temps.set(key, local);
    }
    return local;
  }

  private convert(from: SlotType, to: SlotType): void {
    if (from === to) return;
    this.w.op(to === 'f64' ? 'f64.reinterpret_i64' : 'i64.reinterpret_f64');
  }
}
