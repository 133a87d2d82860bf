/** Watchpoints: tells the soft-MMU (lib/mem/assembly/watch.ts) which accesses to note, and finds the stop among its notes. */
import {
  ENV_HART,
  ENV_INSN_PC,
  ENV_TRAPS,
  GLOBAL_WATCH_HITS,
  GLOBAL_WATCH_NOTES,
  GLOBAL_WATCH_PHYSICAL,
  GLOBAL_WATCH_RANGES_PHYSICAL,
  GLOBAL_WATCH_RANGES_VIRTUAL,
  GLOBAL_WATCH_VIRTUAL,
  GLOBAL_WATCHING,
  WATCH_ANY,
  WATCH_NOTE_ADDRESS,
  WATCH_NOTE_ENV,
  WATCH_NOTE_KIND,
  WATCH_NOTE_SIZE,
  WATCH_NOTE_SIZE_BYTES,
  WATCH_NOTE_SPACE,
  WATCH_NOTE_TRAPS,
  WATCH_RANGE_FIRST,
  WATCH_RANGE_KINDS,
  WATCH_RANGE_LAST,
  WATCH_RANGE_SIZE,
  WATCH_RANGES_MAX,
  WATCH_READ,
  WATCH_SPACE_PHYSICAL,
  WATCH_WRITE,
} from '../mem/layout.js';
import type { DebugStop, WatchKind, Watchpoint } from './debug.js';

/** Watched addresses [first, last], and for which accesses. */
interface Range {
  first: bigint;
  last: bigint;
  kinds: number;
}

/** One access that the soft-MMU noted. */
interface Note {
  readonly address: bigint;
  readonly size: number;
  readonly kind: number;
  readonly space: Watchpoint['space'];
  /** Area of the hart, 0: a device. */
  readonly env: number;
}

const KINDS: Readonly<Record<WatchKind, number>> = { read: WATCH_READ, write: WATCH_WRITE, access: WATCH_ANY };
const TOP = 0xffff_ffff_ffff_ffffn;

export class Watchpoints {
  private readonly view: DataView;
  private readonly flush: () => void;
  private live: readonly Watchpoint[] = [];
  private wanted: readonly Watchpoint[] | undefined;

  /** `flush` drops all data translations. */
  constructor(memory: WebAssembly.Memory, flush: () => void) {
    this.view = new DataView(memory.buffer);
    this.flush = flush;
  }

  /** Replaces all watchpoints, from the next `apply` on. */
  set(watchpoints: readonly Watchpoint[]): void {
    this.wanted = watchpoints.filter(({ length }) => length > 0);
  }

  /** Makes what was `set` effective; no code of the guest may be running. */
  apply(): void {
    if (!this.wanted) return;
    this.live = this.wanted;
    this.wanted = undefined;
    const virtual = this.writeRanges('virtual', GLOBAL_WATCH_VIRTUAL, GLOBAL_WATCH_RANGES_VIRTUAL);
    const physical = this.writeRanges('physical', GLOBAL_WATCH_PHYSICAL, GLOBAL_WATCH_RANGES_PHYSICAL);
    this.view.setInt32(GLOBAL_WATCHING, this.live.length, true);
    if (virtual || physical) this.flush();
  }

  /** Forgets hits that nobody has asked for. */
  forget(): void {
    this.view.setInt32(GLOBAL_WATCH_HITS, 0, true);
  }

  /**
   * The first stop among the hits noted since the last call, if a condition holds. `running`: the area of the hart whose instruction has just
   * completed, 0 between two instructions.
   */
  stop(running: number): DebugStop | undefined {
    const { view } = this;
    const hits = view.getInt32(GLOBAL_WATCH_HITS, true);
    if (hits === 0) return undefined;
    this.forget();
    for (let i = 0; i < hits; i++) {
      const note = this.noteAt(GLOBAL_WATCH_NOTES + i * WATCH_NOTE_SIZE_BYTES);
      const stop = note && this.stopFor(note, running);
      if (stop) return stop;
    }
    return undefined;
  }

  private stopFor(note: Note, running: number): DebugStop | undefined {
    const hart = note.env === 0 ? -1 : this.view.getInt32(note.env + ENV_HART, true);
    for (const watchpoint of this.live) {
      if (!matches(watchpoint, note) || watchpoint.condition?.(hart) === false) continue;
      const env = note.env || running;
      const pc = env === 0 ? 0n : this.view.getBigUint64(env + ENV_INSN_PC, true);
      return { kind: 'watchpoint', hart, watchpoint, address: note.address, access: note.kind === WATCH_READ ? 'read' : 'write', pc };
    }
    return undefined;
  }

  /** Undefined where the instruction trapped after the access: it has not happened. */
  private noteAt(at: number): Note | undefined {
    const { view } = this;
    const env = view.getUint32(at + WATCH_NOTE_ENV, true);
    if (env !== 0 && view.getBigInt64(env + ENV_TRAPS, true) !== view.getBigInt64(at + WATCH_NOTE_TRAPS, true)) return undefined;
    return {
      address: view.getBigUint64(at + WATCH_NOTE_ADDRESS, true),
      size: view.getInt32(at + WATCH_NOTE_SIZE, true),
      kind: view.getInt32(at + WATCH_NOTE_KIND, true),
      space: view.getInt32(at + WATCH_NOTE_SPACE, true) === WATCH_SPACE_PHYSICAL ? 'physical' : 'virtual',
      env,
    };
  }

  /** Writes the table of one space; true if it is another one than before. */
  private writeRanges(space: Watchpoint['space'], countAt: number, tableAt: number): boolean {
    const ranges = reduced(disjoint(this.live.filter((watchpoint) => watchpoint.space === space).map(rangeOf)));
    const { view } = this;
    let changed = view.getInt32(countAt, true) !== ranges.length;
    view.setInt32(countAt, ranges.length, true);
    for (const [i, range] of ranges.entries()) {
      const at = tableAt + i * WATCH_RANGE_SIZE;
      const old = [view.getBigUint64(at + WATCH_RANGE_FIRST, true), view.getBigUint64(at + WATCH_RANGE_LAST, true)];
      if (old[0] !== range.first || old[1] !== range.last || view.getInt32(at + WATCH_RANGE_KINDS, true) !== range.kinds) changed = true;
      view.setBigUint64(at + WATCH_RANGE_FIRST, range.first, true);
      view.setBigUint64(at + WATCH_RANGE_LAST, range.last, true);
      view.setInt32(at + WATCH_RANGE_KINDS, range.kinds, true);
    }
    return changed;
  }
}

function rangeOf({ address, length, kind }: Watchpoint): Range {
  const first = BigInt.asUintN(64, address);
  const last = first + BigInt(length) - 1n;
  return { first, last: last > TOP ? TOP : last, kinds: KINDS[kind] };
}

function matches(watchpoint: Watchpoint, note: Note): boolean {
  if (watchpoint.space !== note.space || (KINDS[watchpoint.kind] & note.kind) === 0) return false;
  const { first, last } = rangeOf(watchpoint);
  return note.address <= last && note.address + BigInt(note.size - 1) >= first;
}

/** The same addresses and kinds as ascending ranges that do not overlap. */
function disjoint(ranges: readonly Range[]): Range[] {
  const edges = [...new Set(ranges.flatMap(({ first, last }) => [first, last + 1n]))].sort(ascending);
  const starts = [...ranges].sort((a, b) => ascending(a.first, b.first));
  const result: Range[] = [];
  let open: Range[] = [];
  for (let i = 0, next = 0; i + 1 < edges.length; i++) {
    const [first, end] = [edges[i], edges[i + 1]];
    open = open.filter(({ last }) => last >= first);
    while (next < starts.length && starts[next].first === first) open.push(starts[next++]);
    const kinds = open.reduce((bits, range) => bits | range.kinds, 0);
    if (kinds !== 0) result.push({ first, last: end - 1n, kinds });
  }
  return result;
}

/** As many ranges as the table holds: where there are more, those with the least between them become one. What they note too much, `matches` leaves out. */
function reduced(ranges: Range[]): Range[] {
  const excess = ranges.length - WATCH_RANGES_MAX;
  if (excess <= 0) return ranges;
  const gaps = ranges.slice(1).map((range, i) => range.first - ranges[i].last);
  const limit = [...gaps].sort(ascending)[excess - 1];
  const result: Range[] = [];
  let merged = 0;
  for (const [i, range] of ranges.entries()) {
    const before = result[result.length - 1];
    if (before && merged < excess && gaps[i - 1] <= limit) {
      before.last = range.last;
      before.kinds |= range.kinds;
      merged++;
    } else result.push({ ...range });
  }
  return result;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
