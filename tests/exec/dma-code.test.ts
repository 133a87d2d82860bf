import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asm } from '../support/assembler.js';
import { RAM_BASE, RiscvMachine } from '../support/riscv-machine.js';

/** Adds the function's result to a0, again and again; the function lies in a page of its own. */
const FUNCTION = 0x2000;
const program = (result: number): Uint8Array => {
  const caller = asm((a) => {
    a.li('s0', RAM_BASE + FUNCTION);
    a.text('li a0, 0; loop: jalr ra, 0(s0); add a0, a0, a1; j loop');
  });
  const bytes = new Uint8Array(FUNCTION + 64);
  bytes.set(caller);
  bytes.set(functionOf(result), FUNCTION);
  return bytes;
};
const functionOf = (result: number): Uint8Array => asm((a) => a.text(`addi a1, zero, ${result}; ret`));

const test = suite('devices that overwrite code');

for (const mode of ['interpret', 'auto', 'translate'] as const) {
  test(`what a device writes is executed next: ${mode}`, () => {
    const machine = new RiscvMachine(program(1), { mode, hotThreshold: 8 });
    machine.run(50_000);
    assert.ok(machine.register('a0') > 9000n);
    for (const result of [100, 7]) {
      assert.ok(machine.engine.memory.write(RAM_BASE + FUNCTION, functionOf(result)));
      machine.run(machine.tick + 50);
      const before = machine.register('a0');
      machine.run(machine.tick + 5000);
      assert.is(machine.register('a0') - before, BigInt(result) * 1000n);
    }
  });
}

test('the state is the same in all modes', () => {
  const digests = (['interpret', 'auto', 'translate'] as const).map((mode) => {
    const machine = new RiscvMachine(program(1), { mode, hotThreshold: 8 });
    machine.run(12_345);
    machine.engine.memory.write(RAM_BASE + FUNCTION, functionOf(5));
    machine.run(23_456);
    return machine.engine.stateDigest();
  });
  assert.equal(new Set(digests).size, 1);
});

test.run();
