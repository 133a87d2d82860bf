/** Runs a kernel and reads its console: node dist/examples/library/run-kernel.js [KERNEL] */
import { Machine } from 'hindsight';

const kernel = process.argv[2] ?? 'examples/hello/hello.elf';
const machine = Machine.create({ kernel, bios: 'none', memory: '64M' });

const greeted = machine.run({ until: 'Hello', ticks: 10_000_000 });
console.log(`${greeted.kind} at tick ${machine.tick}: ${JSON.stringify(machine.console)}`);

const stop = machine.run();
if (stop.kind !== 'poweroff') throw new Error(`the kernel did not power off: ${stop.kind}`);
const checks = machine.console.split('\n').filter((line) => line.startsWith('  ok '));
console.log(`powered off with code ${stop.code} at tick ${machine.tick}, ${checks.length} checks passed`);
console.log(machine.console.trimEnd().split('\n').at(-1));
