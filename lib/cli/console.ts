/** The guest's serial line on the host: standard input and output, a file, or nothing. */
import { createWriteStream, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { CharBackend, CharReceiver } from '../devices/device.js';
import { ConfigError, describeSystemError } from '../util/errors.js';
import { Input, KEYS, type KeyCommand, keyFilter } from './input.js';
import type { ConsoleTarget } from './options.js';
import { Output } from './output.js';
import type { Session } from './session.js';

export class HostConsole implements CharBackend {
  private receiver: CharReceiver | undefined;
  private closing: Promise<void> | undefined;
  private readonly input: Input | undefined;
  private readonly output: Output | undefined;
  private readonly restore: () => void;

  constructor(parts: { input?: Input; output?: Output; restore?: () => void }) {
    this.input = parts.input;
    this.output = parts.output;
    this.restore = parts.restore ?? (() => {});
  }

  write(byte: number): void {
    this.output?.write(byte);
  }

  onInput(receiver: CharReceiver): void {
    this.receiver = receiver;
  }

  /** Host input can still arrive. */
  get inputOpen(): boolean {
    return this.input !== undefined && (!this.input.ended || this.input.waiting > 0);
  }

  /** Host input can still arrive, and the guest's device has room for it. */
  get inputUsable(): boolean {
    return this.inputOpen && (this.receiver?.room ?? 0) > 0;
  }

  /** Gives the guest what has arrived, as far as its device takes it; true if that was anything. */
  deliver(): boolean {
    const room = Math.min(this.receiver?.room ?? 0, this.input?.waiting ?? 0);
    if (!this.input || room === 0) return false;
    this.receiver?.receive(this.input.take(room));
    return true;
  }

  /** Hands output to the host. */
  flush(): void {
    this.output?.flush();
  }

  /** The host takes no more output for now. */
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
