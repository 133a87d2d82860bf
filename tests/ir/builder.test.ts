import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Builder } from '../../lib/ir/builder.js';
import { HINT_RETURN } from '../../lib/ir/encoding.js';
import { ENV_TEMPS, ENV_TEMPS_END } from '../../lib/mem/layout.js';
import { type BlockOptions, block, listing } from '../support/ir-block.js';
import { control, f, HELPER, x } from '../support/script-guest.js';

const test = suite('IR builder');

/** The listing of one instruction, without the goto that ends the block. */
function insn(emit: (b: Builder) => void, options?: BlockOptions): string[] {
  const lines = listing(block([emit], options));
  return lines[lines.length - 1] === 'goto 0x102' ? lines.slice(0, -1) : lines;
}

test('setting a register to what was just computed renames it', () => {
  assert.equal(
    insn((b) => b.set(x(1), b.binary('add', b.slot(x(2)), b.slot(x(3))))),
    ['add x1, x2, x3'],
  );
  assert.equal(
    insn((b) => b.set(f(1), b.load('ldf64', b.slot(x(2)), -8))),
    ['ldf64 f1, [x2 + -8]  ; insn 0'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.call(HELPER.mix, { a: b.slot(x(2)), arg: 7 }))),
    ['call x1, x2, zero, zero, helper 0, arg 7  ; insn 0'],
  );
});

test('setting a register to something older moves it', () => {
  const lines = insn((b) => {
    const sum = b.binary('add', b.slot(x(2)), b.slot(x(3)));
    b.set(x(4), b.binary('seteq', sum, b.imm(0)));
    b.set(x(1), sum);
  });
  assert.equal(lines, ['add t0, x2, x3', 'seteq x4, t0, 0', 'mov x1, t0']);
});

test('a store is no value that can be renamed', () => {
  const lines = insn((b) => {
    const sum = b.binary('add', b.slot(x(2)), b.slot(x(3)));
    b.store('st64', b.slot(x(4)), sum);
    b.set(x(1), sum);
  });
  assert.equal(lines, ['add t0, x2, x3', 'st64 [x4 + 0], t0  ; insn 0', 'mov x1, t0', 'settle  ; insn 0']);
});

test('setting a register to itself does nothing', () => {
  assert.equal(
    insn((b) => b.set(x(1), b.slot(x(1)))),
    [],
  );
});

test('operations on constants are constants', () => {
  assert.equal(
    insn((b) => b.set(x(1), b.binary('mul', b.imm(1n << 40n), b.imm(1 << 20)))),
    [`const x1, ${1n << 60n}`],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.unary('clz', b.imm(1)))),
    ['const x1, 63'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.binary('add', b.imm(0x7fffffff), b.imm(1)))),
    ['const x1, 2147483648'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.imm((1n << 64n) - 1n))),
    ['const x1, -1'],
  );
});

test('a constant on the left goes to the right where the operation commutes, into a register where not', () => {
  assert.equal(
    insn((b) => b.set(x(1), b.binary('xor', b.imm(5), b.slot(x(2))))),
    ['xor x1, x2, 5'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.binary('sub', b.imm(5), b.slot(x(2))))),
    ['const t0, 5', 'sub x1, t0, x2'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.binary('sub', b.imm(0), b.slot(x(2))))),
    ['sub x1, zero, x2'],
  );
});

test('neutral constants leave the other operand', () => {
  for (const op of ['add', 'sub', 'or', 'xor', 'shl', 'shr', 'sar', 'rol', 'ror'] as const) {
    assert.equal(
      insn((b) => b.set(x(1), b.binary(op, b.slot(x(2)), b.imm(0)))),
      ['mov x1, x2'],
      op,
    );
  }
  assert.equal(
    insn((b) => b.set(x(1), b.binary('or', b.imm(0), b.slot(x(2))))),
    ['mov x1, x2'],
  );
  // These change their operand.
  assert.equal(
    insn((b) => b.set(x(1), b.binary('addw', b.slot(x(2)), b.imm(0)))),
    ['addw x1, x2, 0'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.binary('and', b.slot(x(2)), b.imm(0)))),
    ['and x1, x2, 0'],
  );
});

test('a branch on constants is a jump', () => {
  assert.equal(
    insn((b) => b.branchRel('brltu', b.imm(1), b.imm(-1), 0x20)),
    ['goto 0x120'],
  );
  assert.equal(
    insn((b) => b.branchRel('brlts', b.imm(1), b.imm(-1), 0x20)),
    [],
  );
  assert.equal(
    insn((b) => b.branchRel('brne', b.slot(x(1)), b.imm(3), -0x20)),
    ['brne x1, 3, 0xe0, 0x102'],
  );
});

test('a place in the code is known directly behind what puts it into a slot', () => {
  for (const fixedPc of [false, true]) {
    const deltas: (number | undefined)[] = [];
    const ask = (b: Builder, slot: number): void => void deltas.push(b.deltaIn(slot));
    const put = (b: Builder): void => b.set(x(1), b.pcRel(0x1000));
    block(
      [
        (b) => ask(b, x(1)),
        put,
        (b) => {
          ask(b, x(1));
          ask(b, x(2));
          b.set(x(3), b.imm(-1));
          ask(b, x(1));
          ask(b, x(3));
        },
        put,
        (b) => b.set(x(1), b.load('ld64', b.slot(x(2)))),
        (b) => ask(b, x(1)),
        put,
        put,
        (b) => ask(b, x(1)),
      ],
      { fixedPc },
    );
    assert.equal(deltas, [undefined, 0xffe, undefined, undefined, undefined, undefined, 0xffe], String(fixedPc));
  }
  const lines: unknown[] = [];
  block([(b) => b.set(x(1), b.pcRel(0x1000))]);
  block([(b) => lines.push(b.deltaIn(x(1)))]);
  assert.equal(lines, [undefined], 'another block');
});

test('pc-relative values are constants only where fetches are not translated', () => {
  assert.equal(
    insn((b) => b.set(x(1), b.pcRel(16))),
    ['pcrel x1, 272'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.pcRel(16)), { fixedPc: true }),
    ['const x1, 272'],
  );
  assert.equal(
    insn((b) => b.set(x(1), b.nextPc())),
    ['pcrel x1, 258'],
  );
});

test('an access that other ops of its instruction follow is settled behind them', () => {
  const lines = insn((b) => b.set(x(1), b.binary('add', b.load('ld64', b.slot(x(2))), b.slot(x(3)))));
  assert.equal(lines, ['ld64 t0, [x2 + 0]  ; insn 0', 'add x1, t0, x3', 'settle  ; insn 0']);
  const [load] = block([(b) => b.set(x(1), b.binary('add', b.load('ld64', b.slot(x(2))), b.slot(x(3))))]).ops;
  assert.ok(load?.inner);
});

test('an access at the end of its instruction needs no settling', () => {
  const ops = block([
    (b) => b.set(x(1), b.load('ld64', b.slot(x(2)))),
    (b) => b.set(x(3), b.imm(1)),
    (b) => b.store('st8', b.slot(x(1)), b.slot(x(2))),
  ]).ops;
  assert.equal(
    ops.map(({ name, inner, insn: index }) => [name, inner, index]),
    [
      ['ld64', false, 0],
      ['const', false, 0],
      ['st8', false, 2],
      ['goto', false, 0],
    ],
  );
});

test('jumps behind an access are settled in front of them', () => {
  assert.equal(
    insn((b) => {
      b.store('st64', b.slot(x(2)), b.nextPc(), -8);
      b.jumpRel(0x40, { isCall: true });
    }),
    ['pcrel t0, 258', 'st64 [x2 + -8], t0  ; insn 0', 'pcrel t1, 320', 'settleto t1  ; insn 0', 'goto 0x140  ; call, returns to 0x102'],
  );
  assert.equal(
    insn((b) => b.jumpIndirect(b.load('ld64', b.slot(x(2))), HINT_RETURN)),
    ['ld64 t0, [x2 + 0]  ; insn 0', 'settleto t0  ; insn 0', 'indirect t0  ; hint 2'],
  );
  assert.equal(
    insn((b) => b.branchRel('brges', b.load('ld64', b.slot(x(2))), b.imm(5), 0x40)),
    [
      'ld64 t0, [x2 + 0]  ; insn 0',
      'setlts t1, t0, 5',
      'xor t2, t1, 1',
      'pcrel t3, 320',
      'pcrel t4, 258',
      'select t5, t2, t3, t4',
      'settleto t5  ; insn 0',
      'brges t0, 5, 0x140, 0x102',
    ],
  );
});

test('what is settled belongs to its own instruction', () => {
  const ops = block([
    (b) => b.set(x(1), b.binary('add', b.load('ld64', b.slot(x(2))), b.slot(x(3)))),
    (b) => b.set(x(4), b.load('ld64', b.slot(x(1)))),
    (b) => b.jumpRel(0),
  ]).ops;
  assert.equal(
    ops.map(({ name, insn: index }) => `${name} ${index}`),
    ['ld64 0', 'add 0', 'settle 0', 'ld64 1', 'goto 0'],
  );
});

test('an instruction can be taken back', () => {
  const lines = listing(
    block([
      (b) => b.set(x(1), b.imm(1)),
      (b) => {
        const before = b.cursor;
        b.jumpRel(0x40);
        b.cancelInsn(before);
        b.beginInsn(0x102);
        b.set(x(2), b.imm(2));
      },
    ]),
  );
  assert.equal(lines, ['const x1, 1', 'const x2, 2', 'goto 0x104']);
});

test('control slots are read and written like registers', () => {
  assert.equal(
    insn((b) => b.set(control(1), b.binary('or', b.slot(control(0)), b.imm(1)))),
    ['or guest[0x8], guest[0x0], 1'],
  );
});

test('too many temporaries in one instruction are an error, not a corruption', () => {
  const count = (ENV_TEMPS_END - ENV_TEMPS) / 8;
  const fill = (b: Builder): void => {
    for (let i = 0; i <= count; i++) b.binary('add', b.slot(x(1)), b.slot(x(2)));
  };
  assert.throws(() => block([fill]), /too many temporaries/);
});

test.run();
