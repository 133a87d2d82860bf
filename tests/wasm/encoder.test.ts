import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteWriter } from '../../lib/util/bytes.js';
import { Code } from '../../lib/wasm/code.js';
import { ModuleWriter } from '../../lib/wasm/module.js';
import { OPCODES, type Opcode } from '../../lib/wasm/opcodes.js';
import { randomSource } from '../support/random.js';

const test = suite('WebAssembly encoder');

const bytesOf = (write: (out: ByteWriter) => void): number[] => {
  const out = new ByteWriter(1);
  write(out);
  return [...out.view()];
};

function decodeSigned(bytes: readonly number[]): bigint {
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
  }
  return BigInt.asIntN(Number(shift), value);
}

const decodeUnsigned = (bytes: readonly number[]): number => bytes.reduce((sum, byte, i) => sum + (byte & 0x7f) * 2 ** (7 * i), 0);
/** All bytes but the last one have bit 7. */
const isWellFormed = (bytes: readonly number[]): boolean => bytes.every((byte, i) => byte >= 0x80 === i < bytes.length - 1);

test('unsigned LEB128: edges of every length', () => {
  for (const [value, length] of [
    [0, 1],
    [1, 1],
    [127, 1],
    [128, 2],
    [16383, 2],
    [16384, 3],
    [0x1fffff, 3],
    [0x200000, 4],
    [0xfffffff, 4],
    [0x10000000, 5],
    [0x7fffffff, 5],
    [0x80000000, 5],
    [0xffffffff, 5],
  ] as const) {
    const bytes = bytesOf((out) => out.u32(value));
    assert.is(bytes.length, length, `${value}`);
    assert.ok(isWellFormed(bytes));
    assert.is(decodeUnsigned(bytes), value);
  }
});

test('signed LEB128: edges of every length, and nothing longer than it must be', () => {
  for (let bits = 6; bits < 63; bits += 7) {
    for (const value of [(1n << BigInt(bits)) - 1n, 1n << BigInt(bits), -(1n << BigInt(bits)), -(1n << BigInt(bits)) - 1n]) {
      const bytes = bytesOf((out) => out.s64(value));
      assert.ok(isWellFormed(bytes));
      assert.is(decodeSigned(bytes), value);
      const isShort = value >= -(1n << BigInt(bits)) && value < 1n << BigInt(bits);
      assert.is(bytes.length, Math.floor(bits / 7) + (isShort ? 1 : 2), `${value}`);
      if (BigInt.asIntN(32, value) === value)
        assert.equal(
          bytesOf((out) => out.s32(Number(value))),
          bytes,
        );
    }
  }
  for (const value of [-(1n << 63n), (1n << 63n) - 1n, 0n, -1n]) assert.is(decodeSigned(bytesOf((out) => out.s64(value))), value);
});

test('64-bit constants given as numbers, beyond 32 bits too', () => {
  for (const value of [
    0,
    -1,
    63,
    64,
    -64,
    -65,
    0x7fffffff,
    -0x80000000,
    0x80000000,
    0xffffffff,
    -0x80000001,
    2 ** 52 + 1,
    -(2 ** 53 - 1),
  ]) {
    assert.equal(
      bytesOf((out) => out.s64(value)),
      bytesOf((out) => out.s64(BigInt(value))),
      `${value}`,
    );
    assert.is(decodeSigned(bytesOf((out) => out.s64(value))), BigInt(value));
  }
  assert.equal(
    bytesOf((out) => out.s64(0xffffffffffffffffn)),
    [0x7f],
  );
});

test('random numbers come back', () => {
  const random = randomSource(3);
  for (let i = 0; i < 2000; i++) {
    const value = BigInt.asIntN(64, ((BigInt(random()) << 32n) | BigInt(random())) >> BigInt(random() % 64));
    assert.is(decodeSigned(bytesOf((out) => out.s64(value))), value);
    assert.is(decodeUnsigned(bytesOf((out) => out.u32(Number(value & 0xffffffffn)))), Number(value & 0xffffffffn));
  }
});

test('a buffer grows as it must', () => {
  const bytes = bytesOf((out) => {
    for (let i = 0; i < 1000; i++) out.raw(new Uint8Array([i & 0xff, 1]));
    out.name('é');
  });
  assert.is(bytes.length, 2003);
  assert.equal(bytes.slice(1998), [0xe7, 1, 2, 0xc3, 0xa9]);
});

/** Instantiates a module with the function that `body` writes. */
function instantiate<T>(params: ('i32' | 'i64')[], results: ('i32' | 'i64')[], body: (w: Code) => void): T {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: 1 });
  m.importTable('env', 'table', 4);
  const w = new Code(params);
  body(w);
  m.export('f', m.function({ params, results }, w));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
  return new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env: { memory, table } }).exports.f as T;
}

test('constants are what they were, in a module that validates', () => {
  for (const value of [0n, -1n, 64n, -65n, 1n << 31n, -(1n << 31n), 1n << 62n, -(1n << 63n), (1n << 63n) - 1n]) {
    assert.is(instantiate<() => bigint>([], ['i64'], (w) => w.i64(value))(), value);
  }
  for (const value of [0, -1, 64, 0x7fffffff, -0x80000000]) assert.is(instantiate<() => number>([], ['i32'], (w) => w.i32(value))(), value);
});

test('labels count their depth themselves', () => {
  // f(n): a loop that sums n .. 1, left from inside two blocks.
  const sum = instantiate<(n: number) => number>(['i32'], ['i32'], (w) => {
    const total = w.local('i32');
    const done = w.block();
    const again = w.loop();
    w.block();
    w.get(0);
    w.op('i32.eqz');
    w.brIf(done);
    w.get(total);
    w.get(0);
    w.op('i32.add');
    w.set(total);
    w.get(0);
    w.i32(1);
    w.op('i32.sub');
    w.set(0);
    w.br(again);
    w.end();
    w.end();
    w.end();
    w.get(total);
  });
  assert.is(sum(10), 55);
  assert.is(sum(0), 0);
});

test('a jump table takes its label, or the fallback', () => {
  const pick = instantiate<(n: number) => number>(['i32'], ['i32'], (w) => {
    const labels = [0, 1, 2, 3].map(() => w.block());
    w.get(0);
    w.brTable([labels[3]!, labels[2]!, labels[1]!], labels[0]!);
    for (const value of [100, 200, 300]) {
      w.end();
      w.i32(value);
      w.op('return');
    }
    w.end();
    w.i32(400);
  });
  assert.equal(
    [0, 1, 2, 3, -1].map((n) => pick(n)),
    [100, 200, 300, 400, 400],
  );
});

test('scratch locals are lent, and nested ones are different', () => {
  const f = instantiate<() => bigint>([], ['i64'], (w) => {
    w.scratch('i64', (a) => {
      w.i64(1);
      w.set(a);
      w.scratch('i64', (b) => {
        assert.is.not(a, b);
        w.i64(20);
        w.set(b);
        w.get(a);
        w.get(b);
        w.op('i64.add');
      });
    });
    w.scratch('i64', (c) => {
      w.set(c);
      w.get(c);
      w.i64(300);
      w.op('i64.add');
    });
  });
  assert.is(f(), 321n);
});

test('functions call each other, also through the table', () => {
  const m = new ModuleWriter({ module: 'env', name: 'memory', pages: 1 });
  m.importTable('env', 'table', 4);
  const signature = { params: ['i32'], results: ['i32'] } as const;
  const host = m.importFunction('host', 'double', signature);
  const type = m.type(signature);
  const viaTable = new Code(signature.params);
  viaTable.get(0);
  viaTable.i32(2);
  viaTable.returnCallIndirect(type);
  const direct = new Code(signature.params);
  direct.get(0);
  direct.i32(1);
  direct.op('i32.add');
  direct.call(host);
  const [first, second] = [m.nextFunction(), m.nextFunction(1)];
  assert.is(m.function(signature, viaTable), first);
  assert.is(m.function(signature, direct), second);
  m.element(2, second);
  m.export('f', first);
  assert.is(m.type({ params: ['i32'], results: ['i32'] }), type, 'a type is declared once');
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(m.finish()), {
    env: { memory, table },
    host: { double: (n: number) => 2 * n },
  }).exports;
  assert.is((f as (n: number) => number)(4), 10);
});

test('open blocks and surplus ends are refused', () => {
  const open = new Code([]);
  open.block();
  assert.throws(() => open.finish(), /still open/);
  assert.throws(() => new Code([]).end(), /without an open block/);
});

/** What a plain opcode takes and gives, by its name. */
function signatureOf(op: Opcode): { params: string[]; result: string } | undefined {
  const [type, name] = op.split('.') as [string, string | undefined];
  if (!name || !/^[if](32|64)$/.test(type) || /load|store|const/.test(name)) return undefined;
  const from = /_(i32|i64|f32|f64)(_[su])?$/.exec(name);
  if (from) return { params: [from[1] as string], result: type };
  if (name === 'eqz') return { params: [type], result: 'i32' };
  if (/^(clz|ctz|popcnt|extend\d+_s|abs|neg|ceil|floor|trunc|nearest|sqrt)$/.test(name)) return { params: [type], result: type };
  return { params: [type, type], result: /^(eq|ne|lt|gt|le|ge)(_[su])?$/.test(name) ? 'i32' : type };
}

test('every plain opcode validates with the operands that its name tells', () => {
  const constant = (w: Code, type: string): void => {
    if (type === 'i32') w.i32(1);
    else if (type === 'i64') w.i64(1);
    else if (type === 'f32') w.f32(1);
    else w.f64(1);
  };
  let count = 0;
  for (const op of Object.keys(OPCODES) as Opcode[]) {
    const signature = signatureOf(op);
    if (!signature) continue;
    instantiate([], [], (w) => {
      const result = w.local(signature.result as 'i32');
      for (const param of signature.params) constant(w, param);
      w.op(op);
      w.set(result);
    });
    count++;
  }
  assert.ok(count > 100);
});

test.run();
