/** A run with a debugger: the target, the server, and the timeline that stands before the machine. */
import { parseGdbAddress, startGdbServer } from '../../gdbstub/server.js';
import type { RecordedLine } from '../../replay/line-check.js';
import { Timeline } from '../../replay/timeline.js';
import { ConsoleLog } from '../host/console-log.js';
import type { RecordOption } from '../host/recording.js';
import type { Machine } from '../system/machine.js';
import type { ReplayDivergenceError } from '../util/errors.js';
import { given } from '../util/given.js';
import { MachineTarget } from './debug-target.js';
import { complain } from './messages.js';
import { MONITOR_COMMANDS, type MonitorCommand, monitorContext, runMonitorLine } from './monitor.js';
import type { HostOptions } from './options.js';
import type { Driven, RunControl } from './run.js';
import type { Session } from './session.js';
import { timelineCommands } from './timeline-commands.js';

export interface DebugSession {
  /** What the run loop drives, and who decides beside it. */
  readonly parts: { readonly machine: Driven; readonly control: RunControl };
  /** Absent: the run cannot go back. */
  readonly timeline: Timeline | undefined;
  /** The monitor's commands, with those that go back in time. */
  readonly commands: readonly MonitorCommand[];
  close(): Promise<void>;
}

export interface DebugParts {
  readonly machine: Machine;
  /** What drives the machine where it cannot go back; the machine itself, if absent. */
  readonly driver?: Driven;
  readonly session: Session;
  readonly options: HostOptions;
  /** Further commands of the monitor. */
  readonly commands?: readonly MonitorCommand[];
  /** False where something outside of the machine would not come back: a file that the guest writes to. */
  readonly keepsHistory?: boolean;
  /** Writes a live session's history out as a recording. */
  readonly save?: (timeline: Timeline, record: RecordOption) => Promise<void>;
  /** What is replayed, for a run that keeps history; live if absent. */
  readonly recording?: () => RecordedLine;
  /** The run through the recording is not the recorded one. */
  readonly onDivergence?: (error: ReplayDivergenceError) => void;
}

/** Starts to serve debuggers where the user wants it, with the machine as it is now as the beginning of history. Throws `ConfigError`. */
export async function startDebugging(parts: DebugParts): Promise<DebugSession | undefined> {
  const { machine, driver = machine, session, options, recording, save, keepsHistory = true } = parts;
  const { gdb, wait, historyBytes } = options;
  if (gdb === undefined && !wait) return undefined;
  let target: MachineTarget | undefined;
  const onDivergence = (error: ReplayDivergenceError): void => {
    parts.onDivergence?.(error);
    target?.onOutput?.(`${error.message}\n`);
  };
  const timelineOptions = { nowMs: () => performance.now(), historyBytes, onBranch, onDivergence };
  if (!keepsHistory) complain('a drive with ,write: what the guest writes cannot be taken back, so this run cannot go back');
  const goesBack = historyBytes > 0 && keepsHistory;
  const line = goesBack ? recording?.() : undefined;
  const timeline = goesBack ? new Timeline(machine, { ...timelineOptions, ...given({ recording: line }) }) : undefined;
  const log = consoleLog(machine, line);
  const saving = timeline && save ? { save: (record: RecordOption) => save(timeline, record) } : {};
  const travel = timeline ? timelineCommands({ timeline, log, ...saving }) : [];
  const further = parts.commands ?? [];
  const commands = [...travel, ...further, ...MONITOR_COMMANDS.filter(({ name }) => !travel.some((command) => command.name === name))];
  const quit = () => session.finish({ reason: 'quit' });
  const monitor = (command: string) => runMonitorLine(commands, command, monitorContext(machine, quit));
  target = new MachineTarget({ machine, driver, session, monitor, ...(timeline ? { timeline } : {}) }, { stopped: wait });
  const server = await startGdbServer(target, parseGdbAddress(gdb ?? ''));
  process.stderr.write(`gdb: listening on ${server.address}\n`);
  return { parts: { machine: timeline ?? driver, control: target }, timeline, commands, close: () => server.close() };
}

/** What the guest prints, with what the checkpoints of a recording know of it: a machine that begins at one of them has not printed it. */
function consoleLog(machine: Machine, line: RecordedLine | undefined): ConsoleLog {
  const log = new ConsoleLog(machine);
  for (const checkpoint of line?.checkpoints?.list ?? []) {
    const { printed, output } = checkpoint.text();
    log.note(printed, output);
  }
  return log;
}

function onBranch(): void {
  complain('the past was changed: the run leaves the recorded line here, and `monitor seek` goes back to it');
}
