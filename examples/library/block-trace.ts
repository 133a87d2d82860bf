/** A tiny timing model on a trace of executed blocks: node dist/examples/library/block-trace.js [KERNEL] */
import { Machine } from 'hindsight';

/** Cycles of a simple pipeline: one per instruction, and to fill it again behind each block, which ends with a jump as a rule. */
const CYCLES_PER_BLOCK = 2;

interface Cost {
  instructions: number;
  cycles: number;
}

const costs = new Map<bigint, Cost>();

function onBlock(_hart: number, pc: bigint, instructions: number): void {
  const cost = costs.get(pc) ?? { instructions: 0, cycles: 0 };
  cost.instructions += instructions;
  cost.cycles += instructions + CYCLES_PER_BLOCK;
  costs.set(pc, cost);
}

const kernel = process.argv[2] ?? 'examples/hello/hello.elf';
const options = { kernel, bios: 'none' } as const;
const machine = Machine.create({ ...options, onBlock });
machine.run({ ticks: 20_000_000 });

const functions = new Map<string, Cost>();
for (const [pc, { instructions, cycles }] of costs) {
  const name = machine.symbols.symbolAt(pc)?.symbol.name ?? '?';
  const sum = functions.get(name) ?? { instructions: 0, cycles: 0 };
  functions.set(name, { instructions: sum.instructions + instructions, cycles: sum.cycles + cycles });
}
const total = [...costs.values()].reduce((sum, { instructions }) => sum + instructions, 0);
console.log(`${total} instructions, of which the guest counts ${machine.stats().instructions}`);
for (const [name, { instructions, cycles }] of [...functions].sort(([, a], [, b]) => b.cycles - a.cycles).slice(0, 3)) {
  console.log(`${name.padEnd(12)} ${instructions} instructions, ${(cycles / instructions).toFixed(2)} cycles each`);
}

const unwatched = Machine.create(options);
unwatched.run({ ticks: 20_000_000 });
console.log(`the guest is the same without the trace: ${unwatched.stateDigest() === machine.stateDigest()}`);
