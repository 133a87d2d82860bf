import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FunctionTable } from '../../lib/exec/function-table.js';
import { FN_REGIONS } from '../../lib/mem/layout.js';

const test = suite('function table');

const SIZE = FN_REGIONS + 2;

function create(cellsMax?: number) {
  const filled: WebAssembly.Table[] = [];
  const fill = (table: WebAssembly.Table): WebAssembly.Exports => {
    filled.push(table);
    return {};
  };
  return { functions: new FunctionTable({ size: SIZE, fill, ...(cellsMax === undefined ? {} : { cellsMax }) }), filled };
}

test('it grows when regions need more room', () => {
  const { functions } = create();
  const slots = Array.from({ length: 10 }, () => functions.allocate());
  assert.is(new Set(slots).size, 10);
  assert.ok(slots.every((slot) => slot >= FN_REGIONS && slot < functions.table.length));
});

test('a place that was released is used again', () => {
  const { functions } = create();
  const slot = functions.allocate();
  functions.release(slot);
  assert.is(functions.table.get(slot), null);
  assert.is(functions.allocate(), slot);
});

test('it is worn out by instances, sooner when it is large, and is as new when it was renewed', () => {
  const instances = (grow: number): number => {
    const { functions, filled } = create(20 * (SIZE + 1024));
    for (let i = 0; i < grow; i++) functions.allocate();
    let count = 0;
    for (; !functions.isWornOut; count++) functions.addInstance();
    const { table, interpreter } = functions;
    functions.renew();
    assert.is(functions.isWornOut, false);
    assert.ok(functions.table !== table && functions.interpreter !== interpreter);
    assert.equal(filled, [table, functions.table]);
    assert.equal([functions.table.length, functions.allocate()], [SIZE, FN_REGIONS]);
    return count;
  };
  assert.is(instances(0), 21);
  assert.ok(instances(1000) < 15);
});

test.run();
