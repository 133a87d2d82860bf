/** A machine with its past: what has run can be gone back to. */
import type { Hit } from '../../replay/scan.js';
import { Timeline as History, type Move } from '../../replay/timeline.js';
import type { Position } from '../system/input-event.js';
import { ConfigError } from '../util/errors.js';
import { given } from '../util/given.js';
import type { AddressOptions, Machine, Place } from './machine.js';
import { recordedRun } from './recording.js';

export interface TimelineOptions {
  /** Memory for history, in bytes. Default: 512 MiB. */
  readonly historyBytes?: number;
}

/** Who wrote to memory. */
export interface Write {
  /** The machine stands in front of the instruction at this tick. */
  readonly tick: number;
  /** -1: a device. */
  readonly hart: number;
  /** Of the instruction. */
  readonly pc: bigint;
}

export class Timeline {
  readonly machine: Machine;
  private readonly history: History;

  private constructor(machine: Machine, history: History) {
    this.machine = machine;
    this.history = history;
  }

  /**
   * Keeps the history of `machine` from here on; of the replay of a recording, which must be at its start, the whole recorded run is history.
   * `machine.run` goes on as before; in the past it runs through history again. Throws `ConfigError`. Where the states of a replay are not the
   * recorded ones, what comes upon it first throws `ReplayDivergenceError`, unless the replay was begun with `verify: false`.
   */
  static of(machine: Machine, { historyBytes }: TimelineOptions = {}): Timeline {
    const { guest, recorder } = machine.parts;
    const recording = recordedRun(machine);
    if (machine.parts.driver.goesBack) throw new ConfigError('timeline: the machine has one already');
    if (recorder) throw new ConfigError('timeline: a machine that is being recorded cannot go back');
    if (recording && recording.start.tick !== machine.tick) throw new ConfigError('timeline: the replay is not at its start');
    if (!recording && machine.parts.options.drives.some(({ write }) => write)) {
      throw new ConfigError('timeline: what a guest has written to a file of the host cannot be taken back: drives must be without write');
    }
    const history = new History(guest, { nowMs: () => performance.now(), ...given({ historyBytes, recording: recording?.line() }) });
    recording?.driveBy(history);
    machine.setDriver({
      run: (untilTick, limits) => history.run(untilTick, limits),
      input: (event) => history.input(event),
      setBreakpoints: (breakpoints) => history.setBreakpoints(breakpoints),
      setWatchpoints: (watchpoints) => history.setWatchpoints(watchpoints),
      goesBack: true,
      get ended() {
        return recording !== undefined && history.isAtPresent && !history.isBranch;
      },
    });
    return new Timeline(machine, history);
  }

  /** The first tick that can be gone to. */
  get beginning(): number {
    return this.history.beginning.tick;
  }

  /** The last one: the present, or the end of the recording. */
  get present(): number {
    return this.history.present.tick;
  }

  /** At the end of history: what runs on is new. */
  get isAtPresent(): boolean {
    return this.history.isAtPresent;
  }

  /** What was done to the machine in its past has made a line of its own of it; `seek` goes back to the recorded one. */
  get isBranch(): boolean {
    return this.history.isBranch;
  }

  /** Goes to the state at `tick`, or to a place that `mark` named. Throws `ConfigError` for an unknown name. */
  seek(place: number | string): Promise<Move> {
    return this.history.seek(typeof place === 'number' ? place : this.marked(place));
  }

  /** Names the present place. */
  mark(name: string): void {
    this.history.mark(name);
  }

  private marked(name: string): Position {
    const place = this.history.marks.get(name);
    if (!place) throw new ConfigError(`timeline: no place is named ${name}`);
    return place;
  }

  /** Goes back by one tick; with `hart`, to before the last tick of that hart. */
  stepBack(hart?: number): Promise<Move> {
    return this.history.stepBack(hart);
  }

  /** Goes back to the last stop of the machine's breakpoints and watchpoints. */
  reverseContinue(): Promise<Move> {
    return this.history.reverseContinue();
  }

  /** The last write to any of `length` bytes before here, undefined when there is none in history. The machine stays where it is. Throws `RangeError` where there is no memory. */
  async lastWrite(place: Place, length = 1, { hart = 0, physical = false }: AddressOptions = {}): Promise<Write | undefined> {
    const { machine } = this;
    const paddr = physical ? Number(machine.address(place)) : machine.physical(place, hart);
    if (paddr === undefined || !machine.parts.guest.space.memoryAt(paddr, length)) throw new RangeError(`no memory at ${place}`);
    const hit = await this.history.lastWrite(paddr, length);
    return hit && writeOf(hit);
  }
}

function writeOf({ stop, at }: Hit): Write {
  return { tick: at.tick, hart: stop.hart, pc: stop.kind === 'watchpoint' ? stop.pc : stop.breakpoint.pc };
}
