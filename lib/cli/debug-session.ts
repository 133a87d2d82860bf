/** A run with a debugger: the target, the server, and what stands before the machine. */
import { parseGdbAddress, startGdbServer } from '../../gdbstub/server.js';
import type { Machine } from '../system/machine.js';
import { MachineTarget } from './debug-target.js';
import type { HostOptions } from './options.js';
import type { Driven, RunControl } from './run.js';
import type { Session } from './session.js';

export interface DebugSession {
  /** What the run loop drives, and who decides beside it. */
  readonly parts: { readonly machine: Driven; readonly control: RunControl };
  close(): Promise<void>;
}

export interface DebugParts {
  readonly machine: Machine;
  readonly session: Session;
  readonly options: HostOptions;
}

/** Starts to serve debuggers where the user wants it. Throws `ConfigError`. */
export async function debugSession({ machine, session, options }: DebugParts): Promise<DebugSession | undefined> {
  if (options.gdb === undefined && !options.wait) return undefined;
  const target = new MachineTarget({ machine, driven: machine, session, monitor: async () => '' }, { stopped: options.wait });
  const server = await startGdbServer(target, parseGdbAddress(options.gdb ?? ''));
  process.stderr.write(`gdb: listening on ${server.address}\n`);
  return { parts: { machine, control: target }, close: () => server.close() };
}
