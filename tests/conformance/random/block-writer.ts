/**
 * Writes the instructions of one block. It knows which x registers may be written (pointers, loop counters and links may not, while they are
 * in use), so that a stream keeps away from the harness and comes to its end.
 */
import type { Field } from '../../../lib/isa/table.js';
import type { Assembler } from '../../support/assembler.js';
import { decode, type InsnRow, ROWS, registerClass } from '../../support/instructions.js';
import { xName } from '../../support/registers.js';
import type { Weights } from './items.js';
import { CONTEXT_REGISTER, RECOVERY_REGISTER } from './layout.js';
import type { Random } from './prng.js';

const CONTROL =
  /^(jal|jalr|beq|bne|blt|bge|bltu|bgeu|c\.(j|jr|jalr|beqz|bnez|ebreak)|ecall|ebreak|mret|sret|wfi|sfence\.vma|fence\.i|csr.*|cbo\..*)$/;
const ATOMIC = /^(lr|sc|amo)/;
const MEMORY = /^(l[bhwd]u?|lwu|s[bhwd]|fl[wd]|fs[wd]|c\.f?[ls][wd](sp)?)$/;
const BITS = /^(sh[123]add|add\.uw|slli\.uw|andn|orn|xnor|c[lt]z|cpop|max|min|sext|zext|ro[lr]|orc|rev8|b(clr|ext|inv|set))/;

/** Rows by what they need; control transfers, system instructions and what QEMU 7.2 does not have, or gets wrong, are not among them. */
export type Pool = 'integer' | 'bits' | 'float' | 'memory' | 'floatMemory' | 'atomic';

const isFloat = (row: InsnRow): boolean => Object.entries(row.fields).some(([name, field]) => registerClass(name, field) === 'f');

function poolOf(row: InsnRow): Pool | undefined {
  if (row.name === 'ctzw') return undefined;
  if (CONTROL.test(row.name)) return undefined;
  if (ATOMIC.test(row.name)) return row.name.startsWith('amo') ? 'atomic' : undefined;
  if (MEMORY.test(row.name)) return isFloat(row) ? 'floatMemory' : 'memory';
  if (isFloat(row)) return 'float';
  return BITS.test(row.name) ? 'bits' : 'integer';
}

const POOLS: Record<Pool, InsnRow[]> = { integer: [], bits: [], float: [], memory: [], floatMemory: [], atomic: [] };
for (const row of ROWS) {
  const pool = poolOf(row);
  if (pool) POOLS[pool].push(row);
}
export const pools: Readonly<Record<Pool, readonly InsnRow[]>> = POOLS;

const registersOf = new Map<Field, readonly number[]>();

/** The register numbers that a field can name. */
function encodable(field: Field): readonly number[] {
  let list = registersOf.get(field);
  if (!list) {
    list = Array.from({ length: 32 }, (_, i) => i).filter((i) => {
      try {
        return field.extract(field.insert(i)) === i;
      } catch {
        return false;
      }
    });
    registersOf.set(field, list);
  }
  return list;
}

export interface PageTableEntry {
  readonly address: number;
  readonly isLeaf: boolean;
}

export interface BlockEnvironment {
  readonly mode: 0 | 1 | 3;
  /** Whether satp translates. */
  readonly paging: 'bare' | 'sv39' | 'sv48';
  /** Where U-mode executes the streams. */
  readonly userBase: number;
  /** Addresses that cannot be executed. */
  readonly wildTargets: readonly bigint[];
  /** Page-table entries that a stream may change. */
  readonly entries: readonly PageTableEntry[];
  /** Virtual addresses of functions that cross from one page of code to another. */
  readonly crossings: readonly bigint[];
  readonly weights: Weights;
  /** Whether all accesses are to be aligned. */
  readonly aligned: boolean;
}

export class BlockWriter {
  readonly a: Assembler;
  readonly random: Random;
  readonly environment: BlockEnvironment;
  /** Registers that hold data pointers; the first of them is sp. */
  readonly pointers: readonly number[];
  /** Those of them that a store or load always finds data at, on a multiple of 8. */
  readonly safePointers: readonly number[];
  /** How many bodies of loops and branches this is inside of. */
  depth = 0;
  private writable: Set<number>;
  private spDrift = 0;
  private readonly functions: { readonly writable: ReadonlySet<number>; readonly write: () => void }[] = [];

  constructor(options: {
    a: Assembler;
    random: Random;
    environment: BlockEnvironment;
    pointers: readonly number[];
    safePointers: readonly number[];
  }) {
    this.a = options.a;
    this.random = options.random;
    this.environment = options.environment;
    this.pointers = options.pointers;
    this.safePointers = options.safePointers;
    const fixed = [0, RECOVERY_REGISTER, CONTEXT_REGISTER, ...this.pointers];
    this.writable = new Set(Array.from({ length: 32 }, (_, i) => i).filter((i) => !fixed.includes(i)));
  }

  /** Calls `use` with the names of `count` registers that nothing else writes meanwhile. */
  reserve(count: number, use: (...names: string[]) => void): void {
    const taken: number[] = [];
    for (let i = 0; i < count; i++) {
      const index = this.random.pick([...this.writable]);
      this.writable.delete(index);
      taken.push(index);
    }
    use(...taken.map(xName));
    for (const index of taken) this.writable.add(index);
  }

  /** As `reserve`, of the register `index`; false if it is in use already. */
  reserveRegister(index: number, use: () => void): boolean {
    if (!this.writable.delete(index)) return false;
    use();
    this.writable.add(index);
    return true;
  }

  /** Keeps a function to be written behind the block: it may write what may be written now. */
  later(write: () => void): void {
    this.functions.push({ writable: new Set(this.writable), write });
  }

  /** Writes the functions that were kept. */
  writeFunctions(): void {
    for (const { writable, write } of this.functions) {
      this.writable = new Set(writable);
      write();
    }
  }

  /** The bits of a random integer instruction of `width` bits. */
  integerBits(width: 16 | 32): number {
    for (;;) {
      const row = this.random.pick(POOLS.integer);
      if (row.width !== width || row.name === 'c.addi16sp') continue;
      const bits = this.operands(row);
      if (bits !== undefined && decode(bits)?.name === row.name) return bits;
    }
  }

  /** Name of a register that may be written, sometimes x0. */
  destination(): string {
    return this.random.chance(0.05) ? 'zero' : xName(this.random.pick([...this.writable]));
  }

  /** Name of any register. */
  source(): string {
    return xName(this.random.below(32));
  }

  /** Writes a random instruction of a pool. */
  plain(pool: Pool): void {
    this.insnOf(this.random.pick(POOLS[pool]));
  }

  /** Writes `row` with random operands; does nothing if its operands cannot be had. */
  insnOf(row: InsnRow): void {
    for (let attempt = 0; attempt < 20; attempt++) {
      const bits = this.operands(row);
      if (bits === undefined) continue;
      const found = decode(bits);
      if (found?.name !== row.name && !(found === undefined && this.random.chance(0.02))) continue;
      if (row.name === 'c.addi16sp' && !this.allowDrift(row.fields.imm!.extract(bits))) return;
      this.a.raw(bits);
      return;
    }
  }

  /** Whether sp, which is a pointer, may move by `delta`: not far, and not in a loop. */
  private allowDrift(delta: number): boolean {
    if (this.depth > 0 || Math.abs(this.spDrift + delta) > 512) return false;
    this.spDrift += delta;
    return true;
  }

  private operands(row: InsnRow): number | undefined {
    const memory = MEMORY.test(row.name) || ATOMIC.test(row.name);
    const all = row.width === 16 ? 0xffff : -1;
    let bits = row.match | (this.random.u32() & ~row.mask & all);
    for (const [name, field] of Object.entries(row.fields)) {
      const registers = registerClass(name, field) === 'x' ? this.choices(name, field, memory) : undefined;
      if (registers === undefined) continue;
      if (registers.length === 0) return undefined;
      bits = (bits & ~field.mask) | field.insert(this.random.pick(registers));
    }
    const { imm } = row.fields;
    if (memory && imm && this.environment.aligned) bits = (bits & ~imm.mask) | imm.insert(imm.extract(bits) & ~7);
    return row.width === 16 ? bits : bits >>> 0;
  }

  private choices(name: string, field: Field, memory: boolean): readonly number[] {
    const possible = encodable(field);
    if (name === 'rd') {
      const free = possible.filter((i) => this.writable.has(i));
      return possible.includes(0) && this.random.chance(0.04) ? [0] : free;
    }
    if (name === 'rs1' && memory) return possible.filter((i) => this.pointers.includes(i));
    return possible;
  }
}
