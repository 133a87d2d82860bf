/** Real debuggers: GDB in batch mode against a server, and machines for it: ours and QEMU's. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Cli, startCli } from './cli.js';
import { ROOT } from './files.js';

const GDB = process.env.GDB ?? 'gdb-multiarch';

/** Whether tests with GDB can run: without it they are skipped, and say so; in CI that is an error. */
export function haveGdb(what: string): boolean {
  if (spawnSync(GDB, ['--version']).status === 0) return true;
  if (process.env.CI) throw new Error(`${what} needs ${GDB}, and there is none`);
  console.error(`SKIPPED: ${what}: no ${GDB} here`);
  return false;
}

export interface GdbScript {
  /** Where the server listens. */
  readonly address: string;
  /** The program with symbols; without it only the architecture is set. */
  readonly elf?: string;
  readonly commands: readonly string[];
  /** ^C is pressed a moment after GDB has printed this. */
  readonly interruptAt?: string;
}

const SETTINGS = ['set pagination off', 'set confirm off', 'set width 0', 'set style enabled off', 'set debuginfod enabled off'];
const TIMEOUT_MS = 60_000;
const INTERRUPT_MS = 400;

/** Connects, runs the commands one after the other and gives all that GDB wrote. */
export function runGdb({ address, elf, commands, interruptAt }: GdbScript): Promise<string> {
  const first = [...SETTINGS, ...(elf ? [`file ${elf}`] : ['set architecture riscv:rv64']), `target remote ${address}`];
  const args = ['-nx', '-batch', ...[...first, ...commands].flatMap((command) => ['-ex', command])];
  return new Promise((resolve, reject) => {
    // Errors in their place between the other lines; and beside the program GDB finds its sources.
    const options = { cwd: dirname(elf ?? ROOT), env: { ...process.env, LC_ALL: 'C' }, timeout: TIMEOUT_MS };
    const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', GDB, ...args], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let pressed = false;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (pressed || interruptAt === undefined || !text.includes(interruptAt)) return;
      pressed = true;
      setTimeout(() => child.kill('SIGINT'), INTERRUPT_MS);
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

export interface DebuggedMachine {
  readonly address: string;
  /** What was written to the console so far; complete after `end`. */
  end(): Promise<string>;
}

/** Our own machine with `--gdb`, stopped at its first instruction, for a program that runs in M-mode. */
export const startMachine = (elf: string, options: readonly string[] = []): Promise<DebuggedMachine> =>
  startKernel(elf, ['--bios', 'none', ...options]);

/** The same for a kernel, with the built-in SBI. */
export async function startKernel(kernel: string, options: readonly string[]): Promise<DebuggedMachine> {
  const machine: Cli = startCli(['run', kernel, '--gdb', '0', '--wait', ...options]);
  machine.child.stdin?.end();
  const address = await new Promise<string>((resolve, reject) => {
    let stderr = '';
    machine.child.stderr?.on('data', (chunk: string) => {
      stderr += chunk;
      const found = /gdb: listening on (\S+)/.exec(stderr);
      if (found) resolve(found[1]);
    });
    machine.child.on('close', () => reject(new Error(`the machine is gone: ${stderr}`)));
  });
  return {
    address,
    end: async () => {
      machine.child.kill();
      return (await machine.result).stdout;
    },
  };
}

/** QEMU's machine in the same state, listening at a socket in `folder`. */
export async function startQemuMachine(elf: string, folder: string): Promise<DebuggedMachine> {
  const path = join(folder, 'qemu.sock');
  const options = ['-M', 'virt', '-m', '256M', '-bios', 'none', '-display', 'none', '-monitor', 'none', '-serial', 'null', '-S'];
  const child = spawn('qemu-system-riscv64', [...options, '-gdb', `unix:${path},server=on,wait=off`, '-kernel', elf], { stdio: 'inherit' });
  const closed = new Promise<string>((resolve) => child.on('close', () => resolve('')));
  for (let i = 0; i < 500 && !existsSync(path); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    address: path,
    end: () => {
      child.kill();
      return closed;
    },
  };
}
