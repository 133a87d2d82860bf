/** Processes that are timed while they run: moments at which they print something, with their processor time, which Linux tells in /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The unit of times in /proc, which Linux fixes for programs at 100 a second. */
const CLOCK_TICKS = 100;
const TIMEOUT_MS = 180_000;

/** Wall time, and user and system time of a process, in seconds. */
export interface Times {
  readonly wall: number;
  /** Of all threads; NaN on other systems than Linux. */
  readonly cpu: number;
}

export interface Moment extends Times {
  /** Of a pattern: what it matched. */
  readonly match: RegExpMatchArray;
}

export interface Ended extends Times {
  readonly stdout: string;
}

export interface Launched {
  readonly child: ChildProcess;
  /** The moment at which the process has printed `pattern` (first in what it printed since the last such moment). Throws if it ends before. */
  printed(pattern: RegExp, stream?: 'stdout' | 'stderr'): Promise<Moment>;
  /** The times by now. */
  now(): Times;
  /** The end of the process; throws an `Error` that quotes its output if the exit code is none of `codes`. */
  ended(codes?: readonly number[]): Promise<Ended>;
  /** Makes it end, and waits for that. */
  stop(): Promise<void>;
}

export interface LaunchOptions {
  /** Whether standard input is a pipe that stays open; else it is empty. */
  readonly input?: boolean;
}

export const between = (from: Times, to: Times): Times => ({ wall: to.wall - from.wall, cpu: to.cpu - from.cpu });

/** The fields `index` and the next one of a stat file of /proc (proc(5) counts from 1), added up, in seconds; undefined if it is gone. */
function cpuSecondsIn(path: string, index: number): number | undefined {
  if (process.platform !== 'linux') return Number.NaN;
  try {
    const fields = readFileSync(path, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[index - 3]) + Number(fields[index - 2])) / CLOCK_TICKS;
  } catch {
    return undefined;
  }
}

const UTIME = 14;
const CUTIME = 16;

/** Processor seconds of all processes that this one has waited for. */
const endedCpuSeconds = (): number => cpuSecondsIn('/proc/self/stat', CUTIME) ?? Number.NaN;

/** Whether the processor time of processes can be told here; says so if not. */
export function canTimeProcessors(what: string): boolean {
  if (process.platform === 'linux') return true;
  console.error(`SKIPPED: ${what}: it needs Linux, whose /proc tells the processor time of processes`);
  return false;
}

/** Peak memory of a process that still runs, in bytes. */
export function peakBytes({ child }: Launched): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** The text of one stream, and who waits for what in it. */
class Stream {
  text = '';
  private seen = 0;
  private readonly waiting: { readonly pattern: RegExp; readonly resolve: (moment: Moment) => void }[] = [];
  private readonly now: () => Times;

  constructor(now: () => Times) {
    this.now = now;
  }

  add(chunk: string): void {
    this.text += chunk;
    while (this.waiting.length > 0) {
      const [{ pattern, resolve }] = this.waiting as [(typeof this.waiting)[number]];
      const moment = this.take(pattern);
      if (!moment) return;
      this.waiting.shift();
      resolve(moment);
    }
  }

  wait(pattern: RegExp): Promise<Moment> {
    const moment = this.waiting.length === 0 ? this.take(pattern) : undefined;
    return moment ? Promise.resolve(moment) : new Promise((resolve) => this.waiting.push({ pattern, resolve }));
  }

  private take(pattern: RegExp): Moment | undefined {
    const match = this.text.slice(this.seen).match(pattern);
    if (!match) return undefined;
    this.seen += match.index! + match[0].length;
    return { ...this.now(), match };
  }
}

/**
 * Starts a process. It is killed after three minutes. The processor time at its end is exact only if no other child of this process ends
 * meanwhile.
 */
export function launch(command: string, args: readonly string[], { input = false }: LaunchOptions = {}): Launched {
  const endedBefore = endedCpuSeconds();
  const start = performance.now();
  const child = spawn(command, args, { stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, killSignal: 'SIGKILL' });
  const wall = (): number => (performance.now() - start) / 1000;
  const endedCpu = (): number => endedCpuSeconds() - endedBefore;
  // Its last words may come when it is gone already.
  const now = (): Times => ({ wall: wall(), cpu: cpuSecondsIn(`/proc/${child.pid}/stat`, UTIME) ?? endedCpu() });
  const streams = { stdout: new Stream(now), stderr: new Stream(now) };
  child.stdin?.on('error', () => {});
  child.stdout!.setEncoding('latin1').on('data', (chunk: string) => streams.stdout.add(chunk));
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => streams.stderr.add(chunk));
  const output = (): string => `${streams.stdout.text}${streams.stderr.text}`.trim().slice(-500);
  const exited = new Promise<Times>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve({ wall: wall(), cpu: endedCpu() }));
  });
  const closed = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal!));
  });
  const failure = (end: number | NodeJS.Signals): Error => new Error(`${command} ${args.join(' ')}: exit ${end}: ${output()}`);
  // Whoever waits later learns of a failure then.
  for (const promise of [exited, closed]) promise.catch(() => {});
  return {
    child,
    now,
    printed: (pattern, stream = 'stdout') =>
      Promise.race([streams[stream].wait(pattern), closed.then((end) => Promise.reject(failure(end)))]),
    ended: async (codes = [0]) => {
      const [times, end] = await Promise.all([exited, closed]);
      if (typeof end !== 'number' || !codes.includes(end)) throw failure(end);
      return { ...times, stdout: streams.stdout.text };
    },
    stop: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
