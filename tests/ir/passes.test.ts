import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Builder } from '../../lib/ir/builder.js';
import { eliminateDead, optimise, propagate } from '../../lib/ir/passes.js';
import { verify } from '../../lib/ir/verify.js';
import { block, GUEST, listing } from '../support/ir-block.js';
import { evaluate } from '../support/ir-evaluator.js';
import { randomRegisters, randomScript } from '../support/random-script.js';
import { control, f, HELPER, x } from '../support/script-guest.js';

const test = suite('IR passes');

type Emit = (b: Builder) => void;
const optimised = (...insns: Emit[]): string[] => listing({ ops: optimise(block(insns).ops, GUEST) });
const END = (b: Builder): void => b.jumpRel(0);

test('constants are folded across instructions', () => {
  const lines = optimised(
    (b) => b.set(x(1), b.imm(0x12345)),
    (b) => b.set(x(1), b.binary('shl', b.slot(x(1)), b.imm(12))),
    (b) => b.set(x(1), b.binary('add', b.slot(x(1)), b.imm(-1))),
    (b) => b.set(x(2), b.binary('add', b.slot(x(3)), b.slot(x(1)))),
    END,
  );
  assert.equal(lines, [`const x1, ${0x12345 * 4096 - 1}`, `add x2, x3, ${0x12345 * 4096 - 1}`, 'goto 0x108']);
});

test('pc-relative addresses are folded', () => {
  const lines = optimised(
    (b) => b.set(x(1), b.pcRel(0x1000)),
    (b) => b.set(x(2), b.binary('add', b.slot(x(1)), b.imm(8))),
    END,
  );
  assert.equal(lines, ['pcrel x1, 4352', 'pcrel x2, 4360', 'goto 0x104']);
});

test('copies are read at their source, until that changes', () => {
  const lines = optimised(
    (b) => b.set(x(1), b.slot(x(2))),
    (b) => b.set(x(3), b.binary('add', b.slot(x(1)), b.imm(1))),
    (b) => b.set(x(2), b.imm(0)),
    (b) => b.set(x(4), b.binary('add', b.slot(x(1)), b.imm(1))),
    END,
  );
  assert.equal(lines, ['mov x1, x2', 'add x3, x2, 1', 'const x2, 0', 'add x4, x1, 1', 'goto 0x108']);
});

test('control slots are never known: helpers change them', () => {
  const lines = optimised(
    (b) => b.set(control(0), b.imm(5)),
    (b) => b.set(x(1), b.call(HELPER.mix)),
    (b) => b.set(x(2), b.slot(control(0))),
    END,
  );
  assert.equal(lines.slice(2), ['mov x2, guest[0x0]', 'goto 0x106']);
});

test('branches and selections on constants go away', () => {
  assert.equal(
    optimised(
      (b) => b.set(x(1), b.imm(5)),
      (b) => b.branchRel('brlts', b.slot(x(1)), b.imm(6), 0x40),
    ),
    ['const x1, 5', 'goto 0x142'],
  );
  assert.equal(
    optimised(
      (b) => b.set(x(1), b.imm(0)),
      (b) => b.set(x(2), b.select(b.slot(x(1)), b.slot(x(3)), b.slot(x(4)))),
      END,
    ),
    ['const x1, 0', 'mov x2, x4', 'goto 0x104'],
  );
});

test('what is overwritten before anybody can see it is dropped', () => {
  const lines = optimised(
    (b) => b.set(x(1), b.binary('seteq', b.slot(x(2)), b.slot(x(3)))),
    (b) => b.set(x(1), b.binary('setlts', b.slot(x(2)), b.slot(x(3)))),
    END,
  );
  assert.equal(lines, ['setlts x1, x2, x3', 'goto 0x104']);
});

test('what an access could show to a trap handler stays', () => {
  for (const access of [
    (b: Builder) => b.set(x(5), b.load('ld64', b.slot(x(2)))),
    (b: Builder) => b.store('st8', b.slot(x(2)), b.slot(x(3))),
    (b: Builder) => void b.call(HELPER.trapIf, { a: b.slot(x(2)) }),
  ]) {
    const lines = optimised(
      (b) => b.set(x(1), b.imm(1)),
      access,
      (b) => b.set(x(1), b.imm(2)),
      END,
    );
    assert.is(lines[0], 'const x1, 1');
    assert.is(lines[2], 'const x1, 2');
  }
});

test('accesses and helpers are never dropped, even if their result is', () => {
  const lines = optimised(
    (b) => b.set(x(1), b.load('ld64', b.slot(x(2)))),
    (b) => b.set(x(1), b.call(HELPER.mix, { a: b.slot(x(2)) })),
    (b) => b.set(x(1), b.imm(0)),
    END,
  );
  assert.is(lines.length, 4);
});

test('unused temporaries are dropped', () => {
  const lines = optimised((b) => {
    b.binary('mul', b.slot(x(1)), b.slot(x(2)));
    b.jumpRel(0);
  });
  assert.equal(lines, ['goto 0x100']);
});

test('copies between integer and floating-point registers stay copies of bits', () => {
  const lines = optimised(
    (b) => b.set(f(0), b.slot(x(1))),
    (b) => b.set(x(2), b.slot(f(0))),
    END,
  );
  assert.equal(lines, ['mov f0, x1', 'mov x2, x1', 'goto 0x104']);
});

test('random blocks: each pass keeps all that an observer can see, and the rules of IR', () => {
  let [before, after] = [0, 0];
  for (let seed = 1; seed <= 60; seed++) {
    const script = randomScript(seed).slice(-64);
    for (let first = 0; first < 64; first += 3) {
      const original = block(script.slice(first, first + 12), { pcOffset: 0x800 });
      assert.equal(verify(original, { zeroSlot: x(0), helpers: 3 }), [], `seed ${seed}, block ${first}`);
      const registers = new Map(randomRegisters(seed * 64 + first));
      const expected = evaluate(original.ops, registers, x(0));
      for (const pass of [propagate, eliminateDead, optimise]) {
        const ops = [
          ...pass(
            original.ops.map((op) => ({ ...op })),
            GUEST,
          ),
        ];
        assert.equal(evaluate(ops, registers, x(0)), expected, `seed ${seed}, block ${first}, ${pass.name}`);
        assert.equal(verify({ ...original, ops }, { zeroSlot: x(0), helpers: 3 }), [], `seed ${seed}, block ${first}, ${pass.name}`);
        if (pass === optimise) {
          before += original.ops.length;
          after += ops.length;
        }
      }
    }
  }
  assert.ok(after < before, 'something is gained');
});

test.run();
