/**
 * What happened in a recording, in columns of equally many ticks: replays it once, from the beginning to the end.
 *
 * Exact: bytes of output, traps, input, idle time, state digests, checkpoints. Interrupts are counted where they enter the guest, at its trap vectors: one that comes
 * before the vector was first looked at is a trap of unknown kind, as are traps that never get there (calls of the built-in firmware). Address spaces
 * are compared from one trap at a vector to the next of the same hart; one in which no trap was taken is not seen.
 */
import type { Recording } from '../../replay/log.js';
import { Replayer } from '../../replay/replayer.js';
import type { EngineDebug } from '../exec/debug.js';
import type { Machine } from '../system/machine.js';
import type { Warn } from './drive.js';
import { bootRecorded } from './recorded-machine.js';

export interface Column {
  /** Where it begins. */
  readonly tick: number;
  readonly ticks: number;
  /** Virtual time that it takes, and the part of it that all harts waited. */
  readonly virtualNs: number;
  readonly idleNs: number;
  /** Of all consoles. */
  readonly outputBytes: number;
  /** Exceptions and interrupts. */
  readonly traps: number;
  /** Those that entered at a trap vector, by what the cause register said there. */
  readonly interrupts: Readonly<Record<InterruptKind, number>>;
  readonly exceptions: number;
  /** Those that did not enter at a vector that was watched. */
  readonly otherTraps: number;
  /** How often a trap found the hart in another address space than the one before. */
  readonly switches: number;
  /** Events from outside. */
  readonly inputs: number;
  readonly digests: number;
  /** That the recording holds. */
  readonly checkpoints: number;
}

export type InterruptKind = 'timer' | 'software' | 'external';

export interface ColumnsOptions {
  /** How many are wanted; fewer where there are fewer ticks. */
  readonly columns: number;
  readonly warn: Warn;
  readonly onProgress: (tick: number) => void;
}

/** What tells of a trap: per privilege the registers with the vector and with the cause (privileged ISA manual, "Trap-Vector Base-Address", "Cause"). */
const VECTORS = [
  ['mtvec', 'mcause'],
  ['stvec', 'scause'],
] as const;
/** Codes of interrupts, of either privilege. */
const KIND_OF_CODE: Readonly<Record<number, InterruptKind>> = {
  1: 'software',
  3: 'software',
  5: 'timer',
  7: 'timer',
  9: 'external',
  11: 'external',
};
const MODE_MASK = 3n;
const VECTORED = 1n;
const INTERRUPT_SHIFT = 63n;
/** Vectors are looked at at every border and so many ticks later, then twice as many and so on: what is counted does not depend on the host's speed. */
const CHUNK_FIRST = 10_000;
const CHUNK_LAST = 2_500_000;

type Counts = Omit<{ -readonly [K in keyof Column]: Column[K] }, 'tick' | 'ticks' | 'interrupts'> & {
  interrupts: Record<InterruptKind, number>;
};

const noCounts = (): Counts => ({
  virtualNs: 0,
  idleNs: 0,
  outputBytes: 0,
  traps: 0,
  interrupts: { timer: 0, software: 0, external: 0 },
  exceptions: 0,
  otherTraps: 0,
  switches: 0,
  inputs: 0,
  digests: 0,
  checkpoints: 0,
});

/** Throws `ReplayDivergenceError`, `ImageError` and `ConfigError`. */
export async function recordingColumns(recording: Recording, options: ColumnsOptions): Promise<Column[]> {
  const { start, reached } = recording;
  const count = Math.max(1, Math.min(options.columns, reached.tick - start.tick));
  const borders = Array.from({ length: count + 1 }, (_, i) => start.tick + Math.round(((reached.tick - start.tick) * i) / count));
  const counts = borders.slice(1).map(noCounts);
  countLog(recording, borders, counts);
  let current = 0;
  const print = (byte: number) => {
    replayer.printed(byte);
    counts[current].outputBytes++;
  };
  const { machine, inputs } = bootRecorded(recording, { warn: options.warn, sinks: { serial: print, virtio: print, frame: () => {} } });
  const replayer: Replayer = new Replayer(machine, recording, { verify: true });
  inputs.replayer = replayer;
  const watch = new TrapWatch(machine.debug, () => counts[current]);
  for (const [index, column] of counts.entries()) {
    current = index;
    const before = { ...stateOf(machine), entering: watch.entering };
    const isLast = index === counts.length - 1;
    // The recording's end may lie in idle time behind its last tick.
    await runTo(replayer, isLast ? Number.POSITIVE_INFINITY : borders[index + 1], watch, options.onProgress);
    const after = { ...stateOf(machine), entering: watch.entering };
    column.traps = after.traps - before.traps;
    // A trap just taken enters in the next column, if there is one.
    const entered = column.traps + before.entering - (isLast ? 0 : after.entering);
    const { timer, software, external } = column.interrupts;
    column.otherTraps = entered - column.exceptions - timer - software - external;
    column.idleNs = after.idleNs - before.idleNs;
    column.virtualNs = after.virtualNs - before.virtualNs;
  }
  return counts.map((column, index) => ({ tick: borders[index], ticks: borders[index + 1] - borders[index], ...column }));
}

/** What the recording itself holds. */
function countLog(recording: Recording, borders: readonly number[], counts: readonly Counts[]): void {
  let column = 0;
  const columnOf = (tick: number): Counts => {
    while (column < counts.length - 1 && tick >= borders[column + 1]) column++;
    return counts[column];
  };
  for (const { at, kind } of recording.entries()) {
    if (kind === 'event') columnOf(at.tick).inputs++;
    if (kind === 'digest') columnOf(at.tick).digests++;
  }
  column = 0;
  for (const { at } of recording.checkpoints) columnOf(at.tick).checkpoints++;
  // The one at the end is no entry of the log.
  if (recording.end) counts[counts.length - 1].digests++;
}

function stateOf(machine: Machine): { traps: number; idleNs: number; virtualNs: number } {
  return { traps: machine.tick - machine.stats().instructions, idleNs: machine.position.skippedNs, virtualNs: machine.nowNs };
}

async function runTo(replayer: Replayer, border: number, watch: TrapWatch, onProgress: (tick: number) => void): Promise<void> {
  while (!replayer.ended && replayer.tick < border) {
    watch.arm();
    replayer.run(Math.min(border, replayer.tick + watch.chunk));
    watch.chunk = Math.min(CHUNK_LAST, watch.chunk * 2);
    onProgress(replayer.tick);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Indices of the registers with the vector and the cause. */
interface TrapRegisters {
  readonly vector: number;
  readonly cause: number;
}

/** Counts the traps that enter at the guest's vectors, with breakpoints that never stop. */
class TrapWatch {
  /** Ticks to run before vectors are looked at again. */
  chunk = CHUNK_FIRST;
  private readonly debug: EngineDebug;
  private readonly counts: () => Counts;
  private readonly index: (name: string) => number;
  /** By pc where traps may enter, the registers that tell of them. Once armed, always armed. */
  private readonly armed = new Map<bigint, TrapRegisters>();
  private readonly spaces: (bigint | undefined)[] = [];

  constructor(debug: EngineDebug, counts: () => Counts) {
    this.debug = debug;
    this.counts = counts;
    this.index = (name) => debug.registers.findIndex((register) => register.name === name);
  }

  /** Looks for vectors that the guest has set. */
  arm(): void {
    const { debug, armed } = this;
    const known = armed.size;
    for (const names of VECTORS) {
      const [vector, cause] = names.map(this.index) as [number, number];
      if (vector < 0 || cause < 0) continue;
      for (let hart = 0; hart < debug.harts; hart++) {
        for (const pc of entries(debug.readRegister(hart, vector))) armed.set(pc, { vector, cause });
      }
    }
    if (armed.size === known) return;
    debug.setBreakpoints([...armed].map(([pc, registers]) => ({ pc, condition: (hart) => this.visit(hart, pc, registers) })));
  }

  /** How many harts stand at a vector, and have not been counted yet. */
  get entering(): number {
    const { debug, armed } = this;
    const isEntering = (hart: number): boolean => {
      const pc = debug.pc(hart);
      const registers = armed.get(pc);
      return registers !== undefined && this.kindAt(hart, pc, registers) !== undefined;
    };
    return Array.from({ length: debug.harts }, (_, hart) => hart).filter(isEntering).length;
  }

  /** What traps into `pc`, as far as the cause register fits to that place and is known here. */
  private kindAt(hart: number, pc: bigint, { vector, cause }: TrapRegisters): InterruptKind | 'exception' | undefined {
    const { debug } = this;
    const reason = debug.readRegister(hart, cause);
    const isInterrupt = reason >> INTERRUPT_SHIFT === 1n;
    const code = BigInt.asUintN(16, reason);
    // In a table of vectors each cause has its own place, and behind the last one that is used may be any code.
    if (pc !== entry(debug.readRegister(hart, vector), isInterrupt ? code : 0n)) return undefined;
    return isInterrupt ? KIND_OF_CODE[Number(code)] : 'exception';
  }

  /** A hart is about to execute what is at a vector. Never stops it. */
  private visit(hart: number, pc: bigint, registers: TrapRegisters): false {
    const kind = this.kindAt(hart, pc, registers);
    if (!kind) return false;
    const counts = this.counts();
    if (kind === 'exception') counts.exceptions++;
    else counts.interrupts[kind]++;
    const space = this.debug.readRegister(hart, this.index('satp'));
    if (this.spaces[hart] !== undefined && this.spaces[hart] !== space) counts.switches++;
    this.spaces[hart] = space;
    return false;
  }
}

/** Where traps enter under a value of a vector register; nowhere while it is not set. */
function entries(vector: bigint): bigint[] {
  const base = BigInt.asUintN(64, vector & ~MODE_MASK);
  return base === 0n ? [] : [...new Set([0, ...Object.keys(KIND_OF_CODE)].map((code) => entry(vector, BigInt(code))))];
}

/** Where the interrupt of that code enters; exceptions do as code 0 would. */
function entry(vector: bigint, code: bigint): bigint {
  const base = BigInt.asUintN(64, vector & ~MODE_MASK);
  return (vector & MODE_MASK) === VECTORED ? base + 4n * code : base;
}
