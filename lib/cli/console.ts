/** The guest's console on the host: standard input and output, a file, or nothing. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { openForWriting } from '../host/output-file.js';
import { ConfigError, describeSystemError } from '../util/errors.js';
import { Input, KEYS, type KeyCommand, keyFilter } from './input.js';
import { type MonitorAccess, MonitorPrompt } from './monitor-prompt.js';
import type { ConsoleTarget } from './options.js';
import { Output } from './output.js';
import type { Door, HostPort } from './run.js';
import type { Session } from './session.js';

/** The machine's consoles. */
export type ConsolePortName = 'serial' | 'virtio';

interface TerminalSize {
  readonly columns: number;
  readonly lines: number;
}

interface ConsoleParts {
  /** Which of the machine's consoles it is; the serial line if absent. */
  readonly port?: ConsolePortName;
  readonly input?: Input;
  readonly output?: Output;
  readonly restore?: () => void;
  readonly prompt?: MonitorPrompt;
  /** The terminal's size now, where the machine can be told. */
  readonly size?: () => TerminalSize | undefined;
}

export class HostConsole implements HostPort {
  private closing: Promise<void> | undefined;
  private readonly port: ConsolePortName;
  private readonly size: (() => TerminalSize | undefined) | undefined;
  private told: TerminalSize | undefined;
  private readonly input: Input | undefined;
  private readonly output: Output | undefined;
  private readonly restore: () => void;
  /** On a terminal. */
  private readonly prompt: MonitorPrompt | undefined;

  constructor(parts: ConsoleParts = {}) {
    this.prompt = parts.prompt;
    this.port = parts.port ?? 'serial';
    this.size = parts.size;
    this.input = parts.input;
    this.output = parts.output;
    this.restore = parts.restore ?? (() => {});
  }

  /** What Ctrl-A c leads to. */
  set monitor(access: MonitorAccess) {
    if (this.prompt) this.prompt.access = access;
  }

  write(byte: number): void {
    this.output?.write(byte);
  }

  get inputOpen(): boolean {
    return this.input !== undefined && (!this.input.ended || this.input.waiting > 0);
  }

  canWake(door: Door): boolean {
    return this.inputOpen && door.room(this.port) > 0;
  }

  deliver(door: Door): boolean {
    const resized = this.deliverSize(door);
    return this.deliverBytes(door) || resized;
  }

  private deliverSize(door: Door): boolean {
    const size = this.size?.();
    if (!size || (size.columns === this.told?.columns && size.lines === this.told.lines)) return false;
    this.told = size;
    return door.input({ kind: 'resize', ...size });
  }

  private deliverBytes(door: Door): boolean {
    const room = Math.min(door.room(this.port), this.input?.waiting ?? 0);
    if (!this.input || room === 0) return false;
    return door.input({ kind: 'console', port: this.port, bytes: this.input.take(room) });
  }

  flush(): void {
    this.output?.flush();
  }

  /** Nothing is taken while the monitor has the terminal: the machine stands still. */
  get outputFull(): boolean {
    return this.prompt?.isOpen || (this.output?.full ?? false);
  }

  /** Gives the terminal back; resolves when all output is written. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.prompt?.close();
    this.input?.stop();
    this.restore();
    await this.output?.finish();
  }
}

/** Opens the console that the user chose; `port`: which of the machine's consoles gets its input. Throws `ConfigError` when a file cannot be written. */
export function openConsole(target: ConsoleTarget, session: Session, say: (message: string) => void, port: ConsolePortName): HostConsole {
  if (target.kind === 'none') return new HostConsole();
  const open = (stream: Writable, name: string, options: { endsStream: boolean }): Output =>
    new Output(stream, {
      ...options,
      onDrain: () => session.wake(),
      onClosed: () => session.finish({ reason: 'closed' }),
      onError: (error) => session.fail(new ConfigError(`${name}: ${describeSystemError(error)}`)),
    });
  if (target.kind === 'file') {
    const stream = createWriteStream(target.path, { fd: openForWriting(target.path, '--console') });
    return new HostConsole({ port, output: open(stream, `--console ${target.path}`, { endsStream: true }) });
  }
  const output = open(process.stdout, 'standard output', { endsStream: false });
  return new HostConsole({ port, output, ...openInput(session, say), ...(port === 'virtio' ? { size: watchSize(session) } : {}) });
}

type OpenInput = { readonly input: Input; readonly restore: () => void; readonly prompt?: MonitorPrompt };

function openInput(session: Session, say: (message: string) => void): OpenInput {
  const stdin = process.stdin;
  const onChange = () => session.wake();
  if (!stdin.isTTY) return { input: new Input(stdin, { onChange }), restore: () => {} };
  const prompt = new MonitorPrompt({ output: process.stdout, onChange });
  const onCommand = (command: KeyCommand) => {
    if (command === 'x') session.finish({ reason: 'quit' });
    else if (command === 'c') prompt.toggle();
    else for (const [key, text] of Object.entries(KEYS)) say(`Ctrl-A ${key}: ${text}`);
  };
  const restore = makeRaw(stdin);
  say('Ctrl-A x ends, Ctrl-A c opens the monitor, Ctrl-A h helps');
  const filter = keyFilter(onCommand, () => (prompt.isOpen ? (bytes) => prompt.type(bytes) : undefined));
  return { input: new Input(stdin, { filter, onChange }), restore, prompt };
}

/** The size of the terminal behind standard output; the session is woken when it changes (SIGWINCH). */
function watchSize(session: Session): () => TerminalSize | undefined {
  const { stdout } = process;
  stdout.on('resize', () => session.wake());
  return () => (stdout.isTTY && stdout.columns > 0 ? { columns: stdout.columns, lines: stdout.rows } : undefined);
}

/** Puts a terminal into raw mode; whatever way the process ends, it is put back. */
function makeRaw(terminal: ReadStream): () => void {
  const restore = () => {
    if (!terminal.destroyed) terminal.setRawMode(false);
  };
  terminal.setRawMode(true);
  process.once('exit', restore);
  return () => {
    process.off('exit', restore);
    restore();
  };
}
