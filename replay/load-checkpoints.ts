/**
 * Makes the checkpoints that a recording holds those of a timeline over it, as many as fit into its memory.
 *
 * All are looked at before anything moves: each state is loaded once to see whether it can be, and what it is like in this process, where disks share
 * their contents. One that cannot be loaded is passed over, with a warning: the replay goes the long way.
 */
import { comparePositions } from '../lib/system/input-event.js';
import type { Machine, MachineState } from '../lib/system/machine.js';
import { ImageError } from '../lib/util/errors.js';
import type { Checkpoints } from './checkpoints.js';
import { SLOT_BYTES } from './page-store.js';
import type { Page } from './start-state.js';
import type { StoredCheckpoint } from './stored-checkpoints.js';

export interface StoredCheckpoints {
  readonly list: readonly StoredCheckpoint[];
  /** Told once when some of them cannot be used. */
  readonly warn: (message: string) => void;
}

/** Part of the memory that they may take: what is laid around a place that is gone to needs some, too. */
const PART = 0.75;
const COUNT_MAX = 1000;
const FRAME_BYTES = 4;

/** Checkpoints that follow each other, of which only the last one becomes one of the timeline. */
interface Group {
  readonly members: readonly StoredCheckpoint[];
  /** Pages that were stored to, ascending. */
  readonly frames: Int32Array;
}

interface Loaded extends Group {
  readonly last: StoredCheckpoint;
  readonly state: MachineState;
  readonly hartTicks: readonly number[];
}

/** `machine` is at the start of the recording, and is there afterwards. Throws `ImageError` for what is damaged. */
export function loadCheckpoints(machine: Machine, checkpoints: Checkpoints, stored: StoredCheckpoints): void {
  if (stored.list.length === 0) return;
  const groups = thinned(stored.list, machine.pages.count, (checkpoints.budgetBytes - checkpoints.bytes) * PART);
  for (const { last, members, frames, state, hartTicks } of loadable(machine, groups, stored)) {
    const { at, events } = last;
    checkpoints.append({ at, events, hartTicks, state, touched: frames }, pagesBackwards(machine, members.toReversed()));
  }
}

/** All of them, or every second, fourth.. as far as they take no more than `budgetBytes`; none where that cannot be. Throws `ImageError`. */
function thinned(list: readonly StoredCheckpoint[], pages: number, budgetBytes: number): Group[] {
  let groups: Group[] = [];
  let [size, total] = [1, 0];
  // One after another: what a file claims takes no more memory than what it gets.
  for (const checkpoint of list) {
    const own = { members: [checkpoint], frames: framesOf(checkpoint, pages) };
    const last = groups.at(-1);
    if (last && last.members.length < size) {
      total -= costOf(last);
      groups.pop();
    }
    const group = last && last.members.length < size ? joined(last, own) : own;
    groups.push(group);
    total += costOf(group);
    while (groups.length > COUNT_MAX || total > budgetBytes) {
      if (groups.length === 1) return [];
      groups = pairs(groups);
      size *= 2;
      total = groups.reduce((sum, each) => sum + costOf(each), 0);
    }
  }
  return groups;
}

function framesOf(checkpoint: StoredCheckpoint, pages: number): Int32Array {
  const frames = Int32Array.from(checkpoint.frames());
  const last = frames.at(-1) ?? 0;
  if (last >= pages) throw new ImageError(`${checkpoint.where}: has a page ${last}, the machine has ${pages}`);
  return frames;
}

function pairs(groups: readonly Group[]): Group[] {
  return groups.flatMap((group, index) => {
    const next = groups[index + 1];
    return index % 2 === 0 ? [next ? joined(group, next) : group] : [];
  });
}

function joined(a: Group, b: Group): Group {
  return { members: [...a.members, ...b.members], frames: Int32Array.from(new Set([...a.frames, ...b.frames])).sort() };
}

/** What a group takes at most. */
function costOf({ members, frames }: Group): number {
  return frames.length * (SLOT_BYTES + FRAME_BYTES) + members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Those whose last state can be loaded; a group where it cannot is joined with the next one. */
function loadable(machine: Machine, groups: readonly Group[], { list, warn }: StoredCheckpoints): Loaded[] {
  const here = machine.save();
  const loaded: Loaded[] = [];
  const problems: string[] = [];
  let earlier: MachineState | undefined;
  let waiting: Group | undefined;
  try {
    for (const group of groups) {
      for (const member of group.members) earlier = member.state(earlier);
      waiting = waiting ? joined(waiting, group) : group;
      const last = group.members.at(-1) as StoredCheckpoint;
      const problem = tryState(machine, last, earlier as MachineState);
      if (problem === undefined) {
        loaded.push({ ...waiting, last, state: machine.save(), hartTicks: hartTicksOf(machine) });
        waiting = undefined;
      } else problems.push(problem);
    }
  } finally {
    machine.load(here);
  }
  if (problems.length > 0)
    warn(`${problems.length} of ${list.length} checkpoints are not used (${problems[0]}); what is behind them is replayed`);
  return loaded;
}

/** Brings the machine into the state, but for memory; gives what is wrong with it. */
function tryState(machine: Machine, { at }: StoredCheckpoint, state: MachineState): string | undefined {
  try {
    machine.load(state);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return error.message;
  }
  return comparePositions(machine.position, at) === 0 ? undefined : `the state at tick ${at.tick} is one of tick ${machine.tick}`;
}

function hartTicksOf({ debug }: Machine): number[] {
  return Array.from({ length: debug.harts }, (_, hart) => debug.hartTicks(hart));
}

/** The pages of neighbours, the last one first, each as it is at the end. Throws `ImageError`. */
function* pagesBackwards({ pages }: Machine, members: readonly StoredCheckpoint[]): Generator<Page> {
  const seen = new Uint8Array(pages.count);
  for (const member of members) {
    for (const page of member.pagesBackwards()) {
      if (seen[page.frame]) continue;
      seen[page.frame] = 1;
      yield page;
    }
  }
}
