/** The guest's console on the host: standard input and output, a file, or nothing. */
import { createWriteStream, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { ConfigError, describeSystemError } from '../util/errors.js';
import { Input, KEYS, type KeyCommand, keyFilter } from './input.js';
import type { ConsoleTarget } from './options.js';
import { Output } from './output.js';
import type { Door, HostPort } from './run.js';
import type { Session } from './session.js';

export class HostConsole implements HostPort {
  private closing: Promise<void> | undefined;
  private readonly port: 'serial' | 'virtio';
  private readonly input: Input | undefined;
  private readonly output: Output | undefined;
  private readonly restore: () => void;

  /** `port`: which of the machine's consoles it is; the serial line if absent. */
  constructor(parts: { port?: 'serial' | 'virtio'; input?: Input; output?: Output; restore?: () => void }) {
    this.port = parts.port ?? 'serial';
    this.input = parts.input;
    this.output = parts.output;
    this.restore = parts.restore ?? (() => {});
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
    const room = Math.min(door.room(this.port), this.input?.waiting ?? 0);
    if (!this.input || room === 0) return false;
    return door.input({ kind: 'console', port: this.port, bytes: this.input.take(room) });
  }

  flush(): void {
    this.output?.flush();
  }

  get outputFull(): boolean {
    return this.output?.full ?? false;
  }

  /** Gives the terminal back; resolves when all output is written. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.input?.stop();
    this.restore();
    await this.output?.finish();
  }
}

/** Opens the console that the user chose. Throws `ConfigError` when a file cannot be written. */
export function openConsole(target: ConsoleTarget, session: Session, say: (message: string) => void): HostConsole {
  if (target.kind === 'none') return new HostConsole({});
  const open = (stream: Writable, name: string, options: { endsStream: boolean }): Output =>
    new Output(stream, {
      ...options,
      onDrain: () => session.wake(),
      onClosed: () => session.finish({ reason: 'closed' }),
      onError: (error) => session.fail(new ConfigError(`${name}: ${describeSystemError(error)}`)),
    });
  if (target.kind === 'file') {
    const stream = createWriteStream(target.path, { fd: openForWriting(target.path, '--console') });
    return new HostConsole({ output: open(stream, `--console ${target.path}`, { endsStream: true }) });
  }
  return new HostConsole({ output: open(process.stdout, 'standard output', { endsStream: false }), ...openInput(session, say) });
}

/** Opens `path` for writing, empty. `option` names it in the `ConfigError`. */
export function openForWriting(path: string, option: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new ConfigError(`${option} ${path}: ${describeSystemError(error)}`);
  }
}

function openInput(session: Session, say: (message: string) => void): { input: Input; restore: () => void } {
  const stdin = process.stdin;
  const onChange = () => session.wake();
  if (!stdin.isTTY) return { input: new Input(stdin, { onChange }), restore: () => {} };
  const onCommand = (command: KeyCommand) => {
    if (command === 'x') session.finish({ reason: 'quit' });
    else for (const [key, text] of Object.entries(KEYS)) say(`Ctrl-A ${key}: ${text}`);
  };
  const restore = makeRaw(stdin);
  say('Ctrl-A x ends, Ctrl-A h helps');
  return { input: new Input(stdin, { filter: keyFilter(onCommand), onChange }), restore };
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
