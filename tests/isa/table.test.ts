import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { field, InstructionTable, instructionSet } from '../../lib/isa/table.js';

/** A builder that notes what is emitted. */
interface Notes {
  readonly lines: string[];
}

const { format, extension } = instructionSet<Notes>();
const test = suite('instruction tables');

const high = field('15:12');
const low = field('3:0');
const TWO = format({ high, low }, 'high, low');
const emit = (b: Notes, o: { high: number; low: number }): void => void b.lines.push(`${o.high} ${o.low}`);
const table = (...rows: Parameters<typeof extension>[2]): InstructionTable<Notes> =>
  new InstructionTable([extension('toy', 'no manual', rows)]);

test('a row decodes, encodes, prints and emits its operands', () => {
  const toy = table(TWO('mix', '.... 00000001 ....', emit));
  const bits = toy.encode('mix', { high: 10, low: 3 });
  assert.is(bits, 0xa013);
  assert.is(toy.disassemble(16, bits, { pc: 0n }), 'mix 10, 3');
  const notes = { lines: [] };
  toy.decode(16, bits)!.translate(notes, bits);
  assert.equal(notes.lines, ['10 3']);
});

test('semantics cannot ask for an operand that the format does not have', () => {
  const LOW = format({ low }, 'low');
  // @ts-expect-error: the build fails should this ever compile
  const row = LOW('mistaken', '0000 00000001 ....', (b, o) => void b.lines.push(`${o.high}`));
  const notes: Notes = { lines: [] };
  row.translate(notes, 0x0013);
  assert.equal(notes.lines, ['undefined']);
});

test('bits that no row matches are illegal', () => {
  const toy = table(TWO('mix', '.... 00000001 ....', emit));
  assert.is(toy.decode(16, 0xa023), undefined);
  assert.is(toy.decode(32, 0xa013), undefined);
  assert.is(toy.disassemble(16, 0xa023, { pc: 0n }), undefined);
});

test('a pattern must have 16 or 32 bits', () => {
  assert.throws(() => TWO('short', '.... 0000001 ....', emit), /16 or 32 bits/);
  assert.throws(() => TWO('odd', '.... 0000000x ....', emit), /16 or 32 bits/);
});

test('a bit that no field fills is refused', () => {
  assert.throws(() => TWO('hole', '.... 0000000. ....', emit), /no field fills the bits 0x10/);
});

test('a field over fixed bits is refused', () => {
  assert.throws(() => TWO('fixed', '...0 00000001 ....', emit), /high covers bits that are fixed or another field's/);
});

test('two fields over one bit are refused', () => {
  const overlapping = format({ high, both: field('12:3'), low: field('2:0') }, '');
  assert.throws(() => overlapping('twice', '................', () => {}), /both covers bits that are fixed or another field's/);
});

test('an overlap of rows must be declared by the narrower one', () => {
  const LOW = format({ low }, 'low');
  const wide = TWO('wide', '.... 00000001 ....', emit);
  const narrow = (within: string[]) => LOW('narrow', '0000 00000001 ....', () => {}, { within });
  assert.throws(() => table(wide, narrow([])), /overlaps/);
  assert.throws(() => table(wide, narrow(['nothing'])), /no special case of nothing/);
  for (const toy of [table(wide, narrow(['wide'])), table(narrow(['wide']), wide)]) {
    assert.is(toy.decode(16, 0x0012)!.name, 'narrow');
    assert.is(toy.decode(16, 0x1012)!.name, 'wide');
  }
});

test('rows that overlap without one being part of the other are refused', () => {
  const crossing = [
    format({ low }, '')('a', '0000 00000001 ....', () => {}, { within: ['b'] }),
    format({ high }, '')('b', '.... 00000001 0000', () => {}),
  ];
  assert.throws(() => table(...crossing), /a is no special case of b/);
});

test('two rows of one name are refused', () => {
  assert.throws(() => table(TWO('mix', '.... 00000001 ....', emit), TWO('mix', '.... 00000010 ....', emit)), /same name/);
});

test('reserved operands make an encoding illegal, also where a wider row would match', () => {
  const LOW = format({ low }, 'low');
  const toy = table(
    TWO('wide', '.... 00000001 ....', emit),
    LOW('narrow', '0000 00000001 ....', () => {}, { within: ['wide'], reserved: (o) => o.low === 5 }),
  );
  assert.is(toy.decode(16, 0x0014)!.name, 'narrow');
  assert.is(toy.decode(16, 0x0015), undefined);
});

test('a guard that says no keeps the semantics from being emitted', () => {
  const guarded = format({ high, low }, '', { guard: (b) => b.lines.push('refused') === 0 });
  const toy = table(guarded('mix', '.... 00000001 ....', emit));
  const notes = { lines: [] };
  toy.decode(16, 0xa013)!.translate(notes, 0xa013);
  assert.equal(notes.lines, ['refused']);
});

test('an alias is printed instead of the row it matches, where it applies, and is never decoded', () => {
  const toy = table(
    TWO('mix', '.... 00000001 ....', emit),
    format({ high }, 'high').alias('clear', '.... 00000001 0000'),
    format({ high, low }, 'high').alias('twin', '.... 00000001 ....', { when: (o) => o.high === o.low }),
  );
  const print = (bits: number, aliases = true) => toy.disassemble(16, bits, { pc: 0n }, { aliases });
  assert.is(print(0xa010), 'clear 10');
  assert.is(print(0xa010, false), 'mix 10, 0');
  assert.is(print(0x3013), 'twin 3');
  assert.is(print(0x3014), 'mix 3, 4');
  assert.throws(() => toy.encode('clear', { high: 1 }), /no instruction clear/);
});

test('`encode` refuses operands that are unknown, missing or too big, and fills in defaults', () => {
  const toy = table(format({ high, low: field('3:0', { default: 7 }) }, '')('mix', '.... 00000001 ....', () => {}));
  assert.is(toy.encode('mix', { high: 1 }), 0x1017);
  assert.throws(() => toy.encode('mix', {}), /mix needs the operand high/);
  assert.throws(() => toy.encode('mix', { high: 1, middle: 2 }), /mix has no operand middle/);
  assert.throws(() => toy.encode('mix', { high: 16 }), /operand 16 does not fit/);
  assert.throws(() => toy.encode('mix', { high: -1 }), /operand -1 does not fit/);
});

test('an operand that prints as nothing takes its separator along', () => {
  const quiet = field('3:0', { print: (value) => (value ? `${value}` : '') });
  const toy = table(format({ high, low: quiet }, 'high, low', { suffix: 'low' })('mix', '.... 00000001 ....', () => {}));
  assert.is(toy.disassemble(16, 0xa010, { pc: 0n }), 'mix 10');
  assert.is(toy.disassemble(16, 0xa013, { pc: 0n }), 'mix3 10, 3');
});

test('a scattered field puts the bits of the value where its notation says', () => {
  const scattered = field('12=31 11=7 10:5=30:25 4:1=11:8', { signed: true });
  assert.is(scattered.mask, 0xfe000f80);
  for (let bit = 1; bit < 12; bit++) assert.is(scattered.extract(scattered.insert(1 << bit)), 1 << bit);
  assert.is(scattered.insert(-4096), 0x80000000);
  assert.is(scattered.insert(2048), 0x80);
  assert.is(scattered.insert(1 << 5), 1 << 25);
  assert.throws(() => scattered.insert(3), /does not fit/);
  assert.throws(() => scattered.insert(4096), /does not fit/);
});

test('single, double and many segments, signed or not, biased or not, come back as they went in', () => {
  const fields = [
    field('11:7'),
    field('31:20', { signed: true }),
    field('31:12=31:12', { signed: true }),
    field('9:6=12:9'),
    field('11:5=31:25', { signed: true }),
    field('9:7', { bias: 8 }),
    field('11:5=31:25 4:0=11:7', { signed: true }),
    field('5=12 4:0=6:2'),
    field('5=12 4:0=6:2', { signed: true, bias: 3 }),
    field('9:7', { signed: true, bias: 1 }),
    field('4:2=9:7', { bias: 1 }),
    field('31:0', { signed: true }),
  ];
  for (const { mask, extract, insert } of fields) {
    for (let i = 0; i < 200; i++) {
      const bits = Math.imul(i + 1, 0x9e3779b1) >>> 0;
      assert.is(insert(extract(bits)), (bits & mask) >>> 0);
    }
  }
});

test('a badly written field is refused', () => {
  for (const spec of ['', '3:5', '4:1=8:4', '40:33=7:0', 'x']) assert.throws(() => field(spec), /bad field/);
});

test.run();
