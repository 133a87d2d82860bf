/**
 * One client: takes its packets in order, answers them, and tells it when the machine stops. All-stop mode only.
 *
 * The machine is stopped when the first packet comes, not at connect: a port scanner should not halt it. While the machine runs, or a command takes long,
 * packets wait; only an interrupt gets through. Errors of any kind become error replies.
 */
import { EINVAL, hexOf, PacketArguments, ProtocolError } from './arguments.js';
import { type Command, commandFor } from './commands.js';
import { encodePacket, type PacketItem, PacketReader } from './packet.js';
import { hartOf, type Reply, type SessionActions, SessionState } from './session-state.js';
import { stopReply } from './stop-reply.js';
import type { DebugTarget, ResumeRequest, TargetStop } from './target.js';

/** The wire to the client. */
export interface Connection {
  write(bytes: Uint8Array): void;
  /** Bytes that were written and are still here. */
  readonly unsentBytes: number;
  /** Ends the connection, after what was written; `reason` for the log. */
  close(reason: string): void;
}

/** Beyond these a client does not read, and gets no more answers until it does. */
const UNSENT_MAX = 1024 * 1024;
/** Console text that comes while the client does not read is dropped. */
const UNSENT_PRINT_MAX = 256 * 1024;
/** More than this waiting for a running machine is no debugger. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** What an item costs besides its payload. */
const ITEM_BYTES = 64;
const PRINT_BYTES = 8 * 1024;

/** What keeps the session from answering. `attaching`: the machine is asked to stop. */
type Activity = 'idle' | 'attaching' | 'running' | 'working';

export class Session {
  private readonly target: DebugTarget;
  private readonly connection: Connection;
  private readonly reader = new PacketReader();
  private state: SessionState;
  private activity: Activity = 'idle';
  private attached = false;
  private acknowledges = true;
  private lastSent: Uint8Array | undefined;
  private cancelled = false;
  private closed = false;
  private waiting: PacketItem[] = [];
  private waitingBytes = 0;
  private afterReply: (() => void)[] = [];
  private printing = '';

  constructor(target: DebugTarget, connection: Connection) {
    this.target = target;
    this.connection = connection;
    this.state = new SessionState(target, this.actions());
  }

  /** Whether reading should pause until `drained` is called: the client does not take its answers. */
  get isBlocked(): boolean {
    return this.connection.unsentBytes > UNSENT_MAX;
  }

  receive(bytes: Uint8Array): void {
    this.reader.feed(bytes, (item) => this.take(item), { checks: () => this.acknowledges });
  }

  /** The client has read on. */
  drained(): void {
    this.pump();
  }

  /** The connection is gone. The machine stays as it is, running or not; nothing of the client stays in it. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancelled = true;
    this.waiting = [];
    this.detach();
  }

  private actions(): SessionActions {
    return {
      resume: (request) => this.resume(request),
      print: (text) => this.print(text),
      afterReply: (action) => this.afterReply.push(action),
      detach: () => this.detach(),
      isCancelled: () => this.cancelled,
    };
  }

  private take(item: PacketItem): void {
    if (this.closed) return;
    if (item.kind === 'packet' || item.kind === 'oversized') this.acknowledge('+');
    if (item.kind === 'damaged') return this.acknowledge('-');
    if (item.kind === 'ack') return;
    if (item.kind === 'nak') return this.repeat();
    if (item.kind === 'interrupt' && this.activity !== 'idle') return this.interrupt();
    if (item.kind === 'packet' && item.payload === 'vCtrlC' && this.activity !== 'idle') {
      this.send('OK');
      return this.interrupt();
    }
    if (this.waiting.length === 0 && this.isReady) return this.process(item);
    this.waiting.push(item);
    this.waitingBytes += ITEM_BYTES + (item.kind === 'packet' ? item.payload.length : 0);
    // While the client does not read we do not either: that is bounded already.
    if (this.activity !== 'idle' && this.waitingBytes > WAITING_BYTES_MAX) this.connection.close('it sends packets while the machine runs');
  }

  private repeat(): void {
    if (this.lastSent && !this.isBlocked) this.connection.write(this.lastSent);
  }

  private get isReady(): boolean {
    return this.activity === 'idle' && !this.isBlocked && !this.closed;
  }

  /** Goes on with what had to wait. */
  private pump(): void {
    while (this.isReady) {
      const item = this.waiting.shift();
      if (!item) return;
      this.waitingBytes -= ITEM_BYTES + (item.kind === 'packet' ? item.payload.length : 0);
      this.process(item);
    }
  }

  private process(item: PacketItem): void {
    if (item.kind === 'oversized') this.send(this.errorReply(new ProtocolError(EINVAL, 'the packet is too long')));
    else if (item.kind === 'packet') this.command(item);
  }

  private command(item: PacketItem & { readonly kind: 'packet' }): void {
    if (!this.attached && !this.attach()) {
      this.waiting.unshift(item);
      this.waitingBytes += ITEM_BYTES + item.payload.length;
      return;
    }
    const command = commandFor(item.payload);
    this.cancelled = false;
    const reply = command ? this.run(command, item.payload) : '';
    if (!(reply instanceof Promise)) return this.answer(reply, item.payload);
    this.activity = 'working';
    reply
      .catch((error: unknown) => this.errorReply(error))
      .then((text) => {
        this.activity = 'idle';
        if (this.closed) return;
        this.answer(text, item.payload);
        this.pump();
      });
  }

  private run(command: Command, payload: string): Reply {
    try {
      return command.run(this.state, new PacketArguments(payload.slice(command.name.length)));
    } catch (error) {
      return this.errorReply(error);
    }
  }

  private answer(reply: string | undefined, payload: string): void {
    if (reply !== undefined) this.send(reply);
    if (payload === 'QStartNoAckMode') {
      this.acknowledges = false;
      this.lastSent = undefined;
    }
    const actions = this.afterReply;
    this.afterReply = [];
    for (const action of actions) action();
  }

  /** The text goes to clients that can show it. */
  private errorReply(error: unknown): string {
    const { message } = error as Error;
    const code = (error instanceof ProtocolError ? error.code : EINVAL).toString(16).padStart(2, '0');
    const { errorMessages, errorStrings } = this.state.features;
    if (errorMessages) return `E.${message}`;
    return errorStrings ? `E${code};${hexOf(message)}` : `E${code}`;
  }

  /** Takes the machine over; false if it must be stopped first. */
  private attach(): boolean {
    this.attached = true;
    this.target.onStop = (stop) => this.stopped(stop);
    this.target.onOutput = (text) => this.print(text);
    if (!this.target.isRunning) {
      this.state.generalHart = hartOf(this.target.stopReason);
      return true;
    }
    this.activity = 'attaching';
    this.target.interrupt();
    return false;
  }

  private detach(): void {
    if (!this.attached) return;
    this.attached = false;
    this.target.onStop = undefined;
    this.target.onOutput = undefined;
    this.state.breakpoints.clear();
    this.state.breakpoints.apply(this.target);
  }

  private resume(request: ResumeRequest): void {
    this.state.direction = request.direction;
    this.state.breakpoints.apply(this.target);
    this.activity = 'running';
    this.flushPrinting();
    try {
      this.target.resume(request);
    } catch (error) {
      this.activity = 'idle';
      throw error;
    }
  }

  private interrupt(): void {
    this.cancelled = true;
    if (this.activity !== 'attaching') this.target.interrupt();
  }

  private stopped(stop: TargetStop): void {
    const was = this.activity;
    if (was !== 'running' && was !== 'attaching') return;
    if (was === 'running') {
      if (stop.kind === 'exit' && this.target.canReverse)
        this.print(`The guest has powered off (exit code ${stop.code}). One can go back from here.\n`);
      const reply = stopReply(this.state, stop);
      this.activity = 'idle';
      this.send(reply);
    } else {
      this.activity = 'idle';
      stopReply(this.state, stop);
    }
    this.pump();
  }

  /** A client takes console text only while it waits for something. */
  private print(text: string): void {
    this.printing = (this.printing + text).slice(0, UNSENT_PRINT_MAX);
    if (this.activity === 'running' || this.activity === 'working') this.flushPrinting();
  }

  private flushPrinting(): void {
    const bytes = Buffer.from(this.printing, 'utf8');
    this.printing = '';
    for (let at = 0; at < bytes.length && this.connection.unsentBytes < UNSENT_PRINT_MAX; at += PRINT_BYTES)
      this.send(`O${bytes.toString('hex', at, at + PRINT_BYTES)}`);
  }

  private acknowledge(sign: '+' | '-'): void {
    if (this.acknowledges) this.connection.write(Buffer.from(sign, 'latin1'));
  }

  private send(payload: string): void {
    if (this.closed) return;
    const bytes = encodePacket(payload);
    if (this.acknowledges) this.lastSent = bytes;
    this.connection.write(bytes);
  }
}
