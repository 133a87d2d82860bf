import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lawsProgram } from '../support/laws-program.js';
import { type PathOptions, TINY_ARENA } from '../support/paths.js';
import { RiscvMachine } from '../support/riscv-machine.js';

const test = suite('a hook for executed blocks');

const TICKS = 20_000;
const program = lawsProgram();

interface Report {
  readonly hart: number;
  readonly pc: bigint;
  readonly instructions: number;
}

function traced(options: PathOptions & { readonly harts?: number }): { machine: RiscvMachine; reports: Report[] } {
  const reports: Report[] = [];
  const machine = new RiscvMachine(program, { ...options, onBlock: (hart, pc, instructions) => reports.push({ hart, pc, instructions }) });
  return { machine, reports };
}

const PATHS: readonly (PathOptions & { readonly name: string })[] = [
  { name: 'interpreter', mode: 'interpret' },
  { name: 'threshold 2', hotThreshold: 2 },
  { name: 'threshold 16', hotThreshold: 16 },
  { name: 'threshold 16, unchained', hotThreshold: 16, chain: false },
  { name: 'tiny arena', hotThreshold: 8, arenaBytes: TINY_ARENA },
  { name: 'translator', mode: 'translate' },
];

for (const harts of [1, 3]) {
  test(`${harts} hart(s): each block is where single steps were, and each instruction retired is counted once`, () => {
    const { machine: stepped, reports: steps } = traced({ mode: 'interpret', harts });
    stepped.run(TICKS, { step: true });
    assert.ok(steps.every(({ instructions }) => instructions === 1));
    assert.is(steps.length, stepped.engine.stats().instructions);
    for (const { name, ...path } of PATHS) {
      const { machine, reports } = traced({ ...path, harts });
      machine.run(TICKS);
      let done = 0;
      for (const [index, { hart, pc, instructions }] of reports.entries()) {
        const step = steps[done];
        assert.ok(step?.hart === hart && step.pc === pc, `${name}: report ${index} is of hart ${hart} at 0x${pc.toString(16)}`);
        done += instructions;
      }
      assert.is(done, steps.length, name);
      assert.is(machine.tick, stepped.tick, name);
      // Blocks, not instructions.
      assert.ok(reports.length < steps.length / 2, name);
    }
  });
}

test('the guest is the same with a hook and without', () => {
  for (const { name, ...path } of PATHS) {
    const plain = new RiscvMachine(program, path);
    const { machine, reports } = traced(path);
    for (const tick of [1, 1000, 7777, TICKS]) {
      plain.run(tick);
      machine.run(tick);
      assert.equal(machine.summary(), plain.summary(), name);
    }
    assert.ok(reports.length > 1000, name);
  }
});

/** Of the modules with regions that `work` makes: whether they call a hook. */
function regionsCallHook(work: () => void): boolean[] {
  const found: boolean[] = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...args: ConstructorParameters<typeof Instance>) {
      super(...args);
      const names = WebAssembly.Module.imports(args[0]).map(({ name }) => name);
      if (names.includes('depart')) found.push(names.includes('blockHead'));
    }
  };
  try {
    work();
  } finally {
    WebAssembly.Instance = Instance;
  }
  return found;
}

test('without a hook, translated code has no trace of it', () => {
  const plain = regionsCallHook(() => new RiscvMachine(program, { hotThreshold: 2 }).run(TICKS));
  const hooked = regionsCallHook(() => traced({ hotThreshold: 2 }).machine.run(TICKS));
  assert.equal([new Set(plain), new Set(hooked)], [new Set([false]), new Set([true])]);
});

test.run();
