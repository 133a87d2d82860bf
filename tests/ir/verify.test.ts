import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Builder } from '../../lib/ir/builder.js';
import type { IrBlock, IrOp } from '../../lib/ir/decode.js';
import { optimise } from '../../lib/ir/passes.js';
import { verify } from '../../lib/ir/verify.js';
import type { Guest } from '../../lib/isa/guest.js';
import { riscv } from '../../lib/isa/riscv/index.js';
import { ENV_GUEST_END, ENV_TEMPS } from '../../lib/mem/layout.js';
import { block } from '../support/ir-block.js';
import { randomSource } from '../support/random.js';
import { HELPER, x } from '../support/script-guest.js';
import { toy } from '../support/toy-isa/guest.js';

const test = suite('IR verifier');

const RULES = { zeroSlot: x(0), helpers: 3 };
const valid = (): IrBlock =>
  block([
    (b: Builder) => b.set(x(1), b.binary('add', b.load('ld64', b.slot(x(2))), b.slot(x(3)))),
    (b: Builder) => b.store('st64', b.slot(x(1)), b.slot(x(2))),
    (b: Builder) => void b.call(HELPER.mix),
    (b: Builder) => b.branchRel('breq', b.slot(x(1)), b.imm(0), 0x10),
  ]);

/** The problems of the valid block above with op `index` changed. */
function problems(index: number, change: Partial<IrOp>): string[] {
  const good = valid();
  return verify({ ...good, ops: good.ops.map((op, i) => (i === index ? { ...op, ...change } : op)) }, RULES);
}

test('a good block has no problems', () => {
  assert.equal(verify(valid(), RULES), []);
});

test('slots must be slots, and the zero slot is never written', () => {
  assert.match(problems(0, { a: 12 }).join(), /bad slot 12/);
  assert.match(problems(1, { b: ENV_GUEST_END }).join(), /bad slot/);
  assert.match(problems(1, { d: x(0) }).join(), /writes the zero slot/);
});

test('temporaries are written before they are read', () => {
  assert.match(problems(1, { b: ENV_TEMPS + 80 }).join(), /before it is written/);
});

test('a block ends with its only exit', () => {
  const good = valid();
  assert.match(verify({ ...good, ops: good.ops.slice(0, -1) }, RULES).join(), /only exit/);
  assert.match(verify({ ...good, ops: [...good.ops, ...good.ops.slice(-1)] }, RULES).join(), /only exit/);
  assert.match(verify({ ...good, ops: [] }, RULES).join(), /no ops/);
});

test('instruction indices ascend and exist', () => {
  assert.match(problems(3, { insn: 9 }).join(), /out of order/);
  assert.match(problems(3, { insn: 3 }).join(), /out of order/);
});

test('helpers exist', () => {
  assert.match(problems(4, { helper: 3 }).join(), /no helper 3/);
});

test('an inner access is settled in its own instruction', () => {
  const good = valid();
  assert.is(good.ops[2]?.name, 'settle');
  assert.match(verify({ ...good, ops: good.ops.filter(({ name }) => name !== 'settle') }, RULES).join(), /instruction 0 is not settled/);
  assert.match(problems(4, { inner: true }).join(), /instruction 2 is not settled/);
});

/** Verifies what `guest` makes of the bytes that `next` gives, as blocks of up to 16 instructions, before and after the optimiser. */
function checkBlock(guest: Guest, next: () => number, flags: number): void {
  const rules = { zeroSlot: guest.zeroSlot, helpers: guest.helpers.length };
  const types = new Map(guest.registers.map(({ offset, type }) => [offset, type]));
  const translated: number[][] = [];
  const insn = (b: Builder): void => {
    const bytes = Array.from({ length: guest.maxInsnBytes }, next);
    translated.push(bytes);
    guest.translateInsn(b, { byte: (i) => bytes[i]!, unit: (i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8) });
    if (b.insnBytes % guest.insnAlignment !== 0 || b.insnBytes > guest.maxInsnBytes || b.insnBytes <= 0)
      throw new Error(`bad length ${b.insnBytes}`);
  };
  try {
    const made = block(
      Array.from({ length: 16 }, () => insn),
      { flags, zeroSlot: guest.zeroSlot, pcOffset: 0x800 },
    );
    const found = verify(made, rules);
    const lowering = { zeroSlot: guest.zeroSlot, registerType: (slot: number) => types.get(slot) };
    if (found.length === 0) found.push(...verify({ ...made, ops: optimise(made.ops, lowering) }, rules));
    if (found.length > 0) throw new Error(found.join('; '));
  } catch (error) {
    throw new Error(
      `${translated.map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')).join(' ')}: ${(error as Error).message}`,
    );
  }
}

test('RISC-V: 100,000 random words never throw, and make good blocks', () => {
  const random = randomSource(5);
  let words = 0;
  for (let flags = 0; words < 100_000; flags = (flags + 1) & 7) {
    const bytes: number[] = [];
    const next = (): number => {
      if (bytes.length === 0) {
        // Half of the words are of 32 bits with a major opcode that exists.
        const word =
          random() & 1
            ? random()
            : (random() & ~0x7f) |
              [0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x3b, 0x43, 0x53, 0x63, 0x6f, 0x73][random() & 15]!;
        bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
        words++;
      }
      return bytes.shift()!;
    };
    checkBlock(riscv, next, flags);
  }
});

test('RISC-V: all 16-bit instructions', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    if ((bits & 3) === 3) continue;
    const bytes = [bits & 0xff, bits >> 8];
    let at = 0;
    checkBlock(riscv, () => bytes[at++ & 1]!, bits & 7);
  }
});

test('toy: random bytes', () => {
  const random = randomSource(6);
  for (let i = 0; i < 3000; i++) checkBlock(toy, () => random() & 0xff, i & 2);
});

test.run();
