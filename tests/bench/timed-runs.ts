/** One guest, run by hindsight in each of the ways whose costs are compared. */
import { join } from 'node:path';
import { MAIN } from '../support/cli.js';
import { AttachedClient } from './attached.js';
import { between, type Launched, launch, type Times } from './process.js';
import { median } from './statistics.js';

export interface Guest {
  readonly title: string;
  /** The arguments of node that run it. */
  readonly args: readonly string[];
  /** What it prints at the end of what is timed. */
  readonly done: RegExp;
}

export interface Timed {
  /** Of the guest's run: without what the start of the process takes. */
  readonly running: Times;
  /** From start to exit; absent where a debugger ends it. */
  readonly whole?: Times;
}

const START_UPS = 3;

export class TimedRuns {
  readonly guest: Guest;
  private readonly recording: string;
  private readonly startUps = new Map<string, Promise<Times>>();

  /** `folder` is for its recording. */
  constructor(guest: Guest, folder: string) {
    this.guest = guest;
    this.recording = join(folder, `${guest.title.replaceAll(/\W+/g, '-')}.rec`);
  }

  /** Nothing but the run. */
  plain(): Promise<Timed> {
    return this.timed([]);
  }

  /** The run, recorded. */
  record(): Promise<Timed> {
    return this.timed(['--record', this.recording]);
  }

  /** A replay of what `record` recorded last. */
  async replay(): Promise<Timed> {
    const whole = await launch(process.execPath, [MAIN, 'replay', this.recording]).ended();
    return { running: whole, whole };
  }

  /** With a debugger attached that has said `continue`, after `prepare`. */
  async attached(options: readonly string[], prepare: (client: AttachedClient) => Promise<void> = async () => {}): Promise<Timed> {
    return this.withDebugger(options, async (machine, client) => {
      await prepare(client);
      const start = machine.now();
      client.send('c');
      return { running: between(start, await machine.printed(this.guest.done)) };
    });
  }

  /** Runs with breakpoints at all `addresses`, and gives those that it never met. Each is removed when it is met. */
  coldOf(addresses: readonly bigint[]): Promise<bigint[]> {
    return this.withDebugger(['--history', '0'], async (machine, client) => {
      const cold = new Set(addresses);
      for (const address of addresses) await client.breakAt(address);
      const done = machine.printed(this.guest.done).then(() => 'done' as const);
      for (;;) {
        client.send('c');
        if ((await Promise.race([done, client.packet()])) === 'done') return [...cold];
        const pc = await client.pc();
        if (!cold.delete(pc)) throw new Error(`a stop at ${pc.toString(16)}, where no breakpoint is`);
        await client.removeBreak(pc);
      }
    });
  }

  private async withDebugger<T>(options: readonly string[], body: (machine: Launched, client: AttachedClient) => Promise<T>): Promise<T> {
    const machine = launch(process.execPath, [...this.guest.args, '--pace', 'fast', '--gdb', '0', '--wait', ...options]);
    try {
      const { match } = await machine.printed(/gdb: listening on (\S+)/, 'stderr');
      const client = await AttachedClient.to(match[1]!);
      try {
        return await body(machine, client);
      } finally {
        client.close();
      }
    } finally {
      await machine.stop();
    }
  }

  private async timed(options: readonly string[]): Promise<Timed> {
    const args = [...this.guest.args, '--pace', 'fast', ...options];
    const startUp = await this.startUp(args);
    const machine = launch(process.execPath, args);
    const done = await machine.printed(this.guest.done);
    return { running: between(startUp, done), whole: await machine.ended() };
  }

  /** What a run with these arguments takes that ends after one tick. */
  private startUp(args: readonly string[]): Promise<Times> {
    const key = args.join(' ');
    const known = this.startUps.get(key) ?? measureStartUp(args);
    this.startUps.set(key, known);
    return known;
  }
}

async function measureStartUp(args: readonly string[]): Promise<Times> {
  const taken: Times[] = [];
  for (let i = 0; i < START_UPS; i++) {
    const machine = launch(process.execPath, [...args, '--max-ticks', '1']);
    taken.push(await machine.printed(/stopped at tick 1 /, 'stderr'));
    await machine.ended([4]);
  }
  return { wall: median(taken.map(({ wall }) => wall)), cpu: median(taken.map(({ cpu }) => cpu)) };
}
