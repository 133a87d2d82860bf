/** A test for a kernel: records its runs, and where one fails, goes back from the failure to its cause: node dist/examples/library/replay-a-failure.js */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine, Recording, Timeline } from 'hindsight';

const kernel = 'examples/heisenbug/heisenbug.elf';
const folder = mkdtempSync(join(tmpdir(), 'replay-a-failure-'));

/** A run whose interrupts come when `seed` makes them come. */
async function run(seed: number): Promise<{ recording: Recording; code: number; digest: string }> {
  const machine = Machine.create({ kernel, bios: 'none', seed });
  const session = Recording.record(machine, join(folder, `${seed}.rec`));
  const stop = machine.run();
  assert(stop.kind === 'poweroff');
  return { recording: await session.finish(), code: stop.code, digest: machine.stateDigest() };
}

async function explain(recording: Recording): Promise<void> {
  const machine = recording.machine({ symbols: kernel });
  const timeline = Timeline.of(machine);
  machine.breakpoint('panic');
  machine.run();
  console.log(`panic at tick ${machine.tick}`);
  // Its first field is `flags`.
  const write = await timeline.lastWrite('filter_task', 4);
  assert(write);
  await timeline.seek(write.tick);
  const line = machine.symbols.lineAt(write.pc);
  console.log(
    `filter_task.flags was last written at tick ${write.tick}, in ${line?.path.split('/').at(-1)}:${line?.line}: ${machine.disassemble(write.pc)?.text}`,
  );
}

try {
  for (let seed = 31; ; seed++) {
    const { recording, code, digest } = await run(seed);
    console.log(`seed ${seed}: exit code ${code}`);
    if (code === 0) continue;
    const { machine } = recording.replay();
    assert.equal(machine.stateDigest(), digest);
    console.log(machine.console.trimEnd().split('\n').at(-1));
    await explain(recording);
    break;
  }
} finally {
  rmSync(folder, { recursive: true });
}
