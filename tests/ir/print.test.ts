import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { IrOp } from '../../lib/ir/decode.js';
import { HINT_RETURN } from '../../lib/ir/encoding.js';
import type { OpInfo } from '../../lib/ir/op-kinds.js';
import { OPS, type OpName } from '../../lib/ir/ops.js';
import { printBlock, printOp, slotNames } from '../../lib/ir/print.js';
import { ENV_GUEST, ENV_TEMPS } from '../../lib/mem/layout.js';
import { block, listing } from '../support/ir-block.js';
import { control, HELPER, x } from '../support/script-guest.js';

const test = suite('IR printer');

test('slots have the names of registers, temporaries and control state', () => {
  const name = slotNames([{ name: 'sp', offset: 16 }]);
  assert.equal([16, ENV_TEMPS, ENV_TEMPS + 24, ENV_GUEST + 0x18, 32].map(name), ['sp', 't0', 't3', 'guest[0x18]', 'slot[0x20]']);
});

test('a block is a head line and a line per op', () => {
  const name = slotNames([{ name: 'a', offset: x(1) }]);
  const text = printBlock(block([(b) => b.set(x(1), b.imm(7)), (b) => b.debugStop()], { flags: 3 }), name);
  assert.is(text, 'block 0x100: 2 instructions, flags 3\n  const a, 7\n  debug 258');
});

test('every kind of op', () => {
  const lines = [
    listing(block([(b) => b.set(x(1), b.unary('bswap', b.slot(x(2)))), (b) => b.jumpRel(-0x200)])),
    listing(
      block([
        (b) => b.set(x(1), b.select(b.slot(x(1)), b.slot(x(2)), b.slot(control(2)))),
        (b) => b.jumpIndirect(b.slot(x(1)), HINT_RETURN),
      ]),
    ),
    listing(block([(b) => void b.float('fadd64', HELPER.mix, { a: b.slot(x(1)) }, 1), (b) => b.leave()])),
    listing(block([(b) => b.store('st16', b.slot(x(1)), b.slot(x(2)), -2), (b) => b.branchRel('brltu', b.slot(x(1)), b.slot(x(2)), 0x10)])),
  ];
  assert.equal(lines.flat(), [
    'bswap x1, x2',
    'goto -0xfe',
    'select x1, x1, x2, guest[0x10]',
    'indirect x1  ; hint 2',
    'fadd64 t0, x1, zero, zero, helper 0, arg 256  ; insn 0',
    'leave',
    'st16 [x1 + -2], x2  ; insn 0',
    'brltu x1, x2, 0x112, 0x104',
  ]);
});

test('the printer is total over the op table', () => {
  const name = slotNames([]);
  for (const op of Object.keys(OPS) as OpName[]) {
    const info: OpInfo = OPS[op];
    const fields = {
      d: 8,
      a: 16,
      b: 24,
      c: 32,
      immediate: undefined,
      offset: 4,
      helper: 1,
      arg: 2,
      insn: 3,
      inner: false,
      hint: 0,
      profile: [],
      returnOffset: 0,
    };
    const targets = [
      { cell: 0, offset: 1 },
      { cell: 0, offset: 2 },
    ];
    const record: IrOp = { name: op, info, ...fields, targets };
    assert.ok(printOp(record, name).startsWith(op));
  }
});

test.run();
