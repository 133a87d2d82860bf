/** Random scripts: instructions of random IR around a page end, with loads, stores (into the code too), helpers, branches to anywhere. */
import type { Builder, Value } from '../../lib/ir/builder.js';
import { HINT_CALL, HINT_NONE, HINT_RETURN } from '../../lib/ir/encoding.js';
import type { OpInfo } from '../../lib/ir/op-kinds.js';
import {
  type BinaryName,
  type BranchName,
  type FloatName,
  type LoadName,
  OPS,
  type OpName,
  type StoreName,
  type UnaryName,
} from '../../lib/ir/ops.js';
import { PAGE_SIZE } from '../../lib/mem/layout.js';
import { randomSource } from './random.js';
import { control, f, HELPER, INSN_BYTES, type Script, x } from './script-guest.js';

const kindOf = (name: OpName): OpInfo['kind'] => OPS[name].kind;
const namesOf = <N extends OpName>(kind: OpInfo['kind']): N[] =>
  (Object.keys(OPS) as OpName[]).filter((name): name is N => kindOf(name) === kind);
const BINARY = namesOf<BinaryName>('binary');
const UNARY = namesOf<UnaryName>('unary');
const BRANCH = namesOf<BranchName>('branch');
const LOAD = namesOf<LoadName>('load');
const STORE = namesOf<StoreName>('store');
const FLOAT = namesOf<FloatName>('float');

/** The script's instructions lie around the end of the first page. */
const INSNS = 64;
const FIRST = PAGE_SIZE / INSN_BYTES - INSNS / 2;
const DATA = 0x8000;
const CONSTANTS = [0, 1, -1, 2, 5, 63, 0xff, 0x8000, -0x8000, 0x7fffffff, 0x123456789abcdefn, -1n << 63n] as const;

type Source = ReturnType<typeof randomSource>;
/** What an instruction does, in the order of its ops: chosen once, so that it is the same whenever it is translated. */
type Step = (e: Emission) => void;

/** Values of the instruction that is being emitted. */
interface Emission {
  readonly b: Builder;
  readonly values: Value[];
}

class ScriptWriter {
  private readonly random: Source;

  constructor(seed: number) {
    this.random = randomSource(seed);
  }

  private below(limit: number): number {
    return this.random() % limit;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  private register(): number {
    const kind = this.below(8);
    return kind === 0 ? control(this.below(4)) : kind < 3 ? f(this.below(4)) : x(1 + this.below(7));
  }

  /** An operand: a register, a constant, or something computed before in the same instruction. */
  private operand(): (e: Emission) => Value {
    const [kind, index, slot, constant] = [this.below(6), this.below(4), this.register(), this.pick(CONSTANTS)];
    return ({ b, values }) => {
      if (kind === 0) return b.imm(constant);
      return (kind < 3 ? values[index] : undefined) ?? b.slot(slot);
    };
  }

  /** An address: mostly of data, now and then of nothing. */
  private address(): (e: Emission) => Value {
    const [value, wild] = [this.operand(), this.below(12) === 0];
    return (e) => (wild ? value(e) : e.b.binary('or', e.b.binary('and', value(e), e.b.imm(0xff0)), e.b.imm(DATA)));
  }

  private compute(): Step {
    const [a, c, d] = [this.operand(), this.operand(), this.operand()];
    switch (this.below(6)) {
      case 0: {
        const name = this.pick(UNARY);
        return (e) => void e.values.push(e.b.unary(name, a(e)));
      }
      case 1:
        return (e) => void e.values.push(e.b.select(a(e), c(e), d(e)));
      case 2: {
        const [name, arg] = [this.pick(FLOAT), this.below(8)];
        return (e) => void e.values.push(e.b.float(name, HELPER.mix, { a: a(e), b: c(e), c: d(e), arg }, 0));
      }
      default: {
        const name = this.pick(BINARY);
        return (e) => void e.values.push(e.b.binary(name, a(e), c(e)));
      }
    }
  }

  private access(): Step {
    const [address, value, offset] = [this.address(), this.operand(), this.below(24) - 8];
    switch (this.below(8)) {
      case 0: {
        const [helper, c] = [this.pick(Object.values(HELPER)), this.operand()];
        return (e) => void e.values.push(e.b.call(helper, { a: value(e), b: c(e), arg: offset & 0xff }));
      }
      case 1: {
        // Another instruction over one of the script's.
        if (this.below(6) !== 0) return this.access();
        const [target, index] = [FIRST + this.below(INSNS), FIRST + this.below(INSNS)];
        return (e) => e.b.store('st16', e.b.imm(target * INSN_BYTES), e.b.imm(index));
      }
      case 2:
      case 3:
      case 4: {
        const name = this.pick(STORE);
        return (e) => e.b.store(name, address(e), value(e), offset);
      }
      default: {
        const name = this.pick(LOAD);
        return (e) => void e.values.push(e.b.load(name, address(e), offset));
      }
    }
  }

  private write(): Step {
    const [slot, value] = [this.register(), this.operand()];
    return (e) => {
      // Writing may rename the value's slot, so that it must not be used again.
      const last = e.values.pop();
      e.b.set(slot, last ?? value(e));
    };
  }

  /** A jump; where it goes mostly depends on a generator of random numbers in x9. */
  private end(index: number): Step {
    const [a, c, shift, mask] = [this.operand(), this.operand(), 30 + this.below(20), this.pick([1, 3, 7])];
    const next = ({ b }: Emission): Value => {
      b.set(x(9), b.binary('add', b.binary('mul', b.slot(x(9)), b.imm(0x5851f42d4c957f2dn)), b.imm(1367)));
      return b.binary('shr', b.slot(x(9)), b.imm(shift));
    };
    const anywhere = (FIRST + this.below(INSNS) - index) * INSN_BYTES;
    // What does not depend on x9 goes forward, so that it is no endless loop.
    const forward = (1 + this.below(FIRST + INSNS - 1 - index)) * INSN_BYTES;
    const randomPc = (e: Emission): Value => {
      const to = e.b.binary('add', e.b.binary('and', next(e), e.b.imm(INSNS - 1)), e.b.imm(FIRST));
      return e.b.binary('shl', to, e.b.imm(1));
    };
    switch (index === FIRST + INSNS - 1 ? 2 : this.below(8)) {
      case 0: {
        const isCall = this.below(2) === 0;
        return (e) => {
          if (isCall) e.b.set(x(8), e.b.nextPc());
          e.b.jumpRel(forward, { isCall });
        };
      }
      case 1:
        return (e) => {
          const target = e.b.binary('add', e.b.slot(x(8)), e.b.imm(0xf0f)); // a copy
          e.b.set(x(8), randomPc(e));
          e.b.jumpIndirect(e.b.binary('sub', target, e.b.imm(0xf0f)), HINT_RETURN);
        };
      case 2: {
        const hint = this.pick([HINT_NONE, HINT_CALL]);
        return (e) => e.b.jumpIndirect(randomPc(e), hint);
      }
      case 3: {
        const name = this.pick(BRANCH);
        return (e) => e.b.branchRel(name, a(e), c(e), forward);
      }
      default: {
        const name = this.pick(BRANCH);
        return (e) => e.b.branchRel(name, e.b.binary('and', next(e), e.b.imm(mask)), e.b.imm(mask >> 1), anywhere);
      }
    }
  }

  instruction(index: number): (b: Builder) => void {
    const steps: Step[] = [];
    const count = 1 + this.below(4);
    for (let i = 0; i < count; i++) steps.push(this.below(3) === 0 ? this.access() : this.compute(), this.write());
    const ends = this.below(3) === 0 || index === FIRST + INSNS - 1;
    if (ends) steps.push(this.end(index));
    return (b) => {
      const e: Emission = { b, values: [] };
      for (const step of steps) step(e);
    };
  }
}

/** A script whose first instruction jumps to the random ones. All other memory loops back to them. */
export function randomScript(seed: number): Script {
  const writer = new ScriptWriter(seed);
  const home = FIRST + INSNS / 2;
  const script = Array.from({ length: FIRST + INSNS }, (_, i) => (b: Builder) => b.jumpRel((home - i) * INSN_BYTES));
  for (let i = FIRST; i < FIRST + INSNS; i++) script[i] = writer.instruction(i);
  return script;
}

/** Initial values of the registers. */
export function randomRegisters(seed: number): readonly (readonly [slot: number, value: bigint])[] {
  const random = randomSource(seed ^ 0x5555);
  const value = (): bigint => (random() & 1 ? BigInt(random() & 0xfff) : (BigInt(random()) << 32n) | BigInt(random()));
  const slots = [...Array.from({ length: 8 }, (_, i) => x(i + 1)), ...Array.from({ length: 4 }, (_, i) => f(i))];
  return slots.map((slot) => [slot, BigInt.asIntN(64, slot === x(8) ? BigInt(FIRST * INSN_BYTES) : value())] as const);
}
