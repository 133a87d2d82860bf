/**
 * The sending half of a TCP endpoint: what the guest is to get, and what it has acknowledged. Losses are repaired by fast retransmission
 * (RFC 6582, from three duplicates on) and by the timer. There is no congestion control: a wire has no congestion.
 */
import { ByteRing } from './byte-ring.js';
import { RetransmissionTimer } from './retransmission-timer.js';
import { ACK, FIN, lengthOf, MSS, PSH, SYN, type TcpSegment } from './tcp-segment.js';
import { before, plus } from './tcp-sequence.js';

/** Above this, `full` asks for no more. */
const SEND_BUFFER_BYTES = 2 ** 18;
const MSS_DEFAULT = 536;
const MSS_MIN = 64;
const DUPLICATES = 3;

/** A segment's part that the sender decides on. */
export type Outgoing = Pick<TcpSegment, 'sequence' | 'flags' | 'payload'>;

export class TcpSender {
  readonly initial: number;
  /** After the last that was ever sent. */
  end: number;
  private unacknowledged: number;
  private nextToSend: number;
  private readonly buffer = new ByteRing();
  private finQueued = false;
  private finAcknowledged = false;
  private mss = MSS_DEFAULT;
  private windowBytes = 0;
  private windowScale = 0;
  private windowSequence = 0;
  private windowAcknowledgment = 0;
  private duplicates = 0;
  /** Fast retransmission goes on until this is acknowledged. */
  private recoverUntil: number | undefined;
  private resend = false;
  /** Send a byte even if there is no window. */
  private probe = false;
  private readonly timer = new RetransmissionTimer();

  constructor(initial: number) {
    this.initial = initial >>> 0;
    this.end = this.initial;
    this.unacknowledged = this.initial;
    this.nextToSend = this.initial;
  }

  /** Learns what the guest's SYN says about what it takes. */
  synchronize(syn: TcpSegment): void {
    this.mss = Math.min(MSS, Math.max(MSS_MIN, syn.mss ?? MSS_DEFAULT));
    this.windowScale = syn.windowScale ?? 0;
    this.windowBytes = syn.window;
    this.windowSequence = syn.sequence;
    this.windowAcknowledgment = syn.acknowledgment;
  }

  get full(): boolean {
    return this.buffer.length >= SEND_BUFFER_BYTES;
  }

  /** The guest knows that nothing more comes. */
  get finished(): boolean {
    return this.finAcknowledged;
  }

  write(bytes: Uint8Array): void {
    if (!this.finQueued) this.buffer.push(bytes);
  }

  finish(): void {
    this.finQueued = true;
  }

  /** Whether the SYN is to be sent (again). */
  get synDue(): boolean {
    return this.nextToSend === this.initial;
  }

  sendSyn(nowMs: number): void {
    this.sentUpTo(plus(this.initial, 1), nowMs);
  }

  /** The guest has not seen the SYN. */
  repeatSyn(): void {
    this.nextToSend = this.initial;
  }

  acknowledgesSyn(segment: TcpSegment): boolean {
    return (segment.flags & ACK) !== 0 && this.end !== this.initial && segment.acknowledgment === plus(this.initial, 1);
  }

  /** The SYN has arrived. */
  open(segment: TcpSegment, nowMs: number): void {
    this.unacknowledged = segment.acknowledgment;
    this.nextToSend = segment.acknowledgment;
    this.timer.acknowledged(segment.acknowledgment, nowMs);
    this.timer.heard();
    this.timer.stop();
    this.probe = false;
    this.updateWindow(segment);
  }

  /** Takes what a segment acknowledges: `future` if that was never sent, `advanced` if it is news. */
  receive(segment: TcpSegment, nowMs: number): 'future' | 'advanced' | 'same' {
    const { acknowledgment } = segment;
    if (before(this.end, acknowledgment)) return 'future';
    const isNews = before(this.unacknowledged, acknowledgment);
    if (isNews) this.advance(acknowledgment);
    else if (acknowledgment === this.unacknowledged) this.countDuplicate(segment);
    this.updateWindow(segment);
    if (isNews) {
      this.timer.acknowledged(acknowledgment, nowMs);
      this.timer.stop();
      if (this.isWaiting) this.timer.start(nowMs);
    }
    return isNews ? 'advanced' : 'same';
  }

  get ready(): boolean {
    return this.resend || this.sendable(this.mss) !== undefined;
  }

  /** The next bytes for the guest, at most `maxBytes` or an ordinary segment, which are taken to be on their way now. */
  next(nowMs: number, maxBytes: number): Outgoing | undefined {
    return this.nextRepaired() ?? this.nextNew(nowMs, maxBytes);
  }

  /** Makes what the guest should have acknowledged by now due again; false to give up. */
  tick(nowMs: number): boolean {
    if (this.isWaiting) this.timer.start(nowMs);
    if (!this.timer.expired(nowMs)) return true;
    this.timer.backOff();
    this.nextToSend = this.unacknowledged;
    this.probe = true;
    this.recoverUntil = undefined;
    this.duplicates = 0;
    return !this.timer.exhausted;
  }

  private advance(acknowledgment: number): void {
    const endOfData = plus(this.unacknowledged, this.buffer.length);
    this.buffer.drop(Math.min((acknowledgment - this.unacknowledged) >>> 0, this.buffer.length));
    if (before(endOfData, acknowledgment)) this.finAcknowledged = true;
    this.unacknowledged = acknowledgment;
    if (before(this.nextToSend, acknowledgment)) this.nextToSend = acknowledgment;
    this.duplicates = 0;
    this.probe = false;
    this.timer.heard();
    if (this.recoverUntil === undefined) return;
    if (before(acknowledgment, this.recoverUntil)) this.resend = true;
    else this.recoverUntil = undefined;
  }

  private countDuplicate(segment: TcpSegment): void {
    this.timer.heard();
    const isDuplicate = lengthOf(segment) === 0 && segment.window << this.windowScale === this.windowBytes;
    if (!isDuplicate || this.end === this.unacknowledged || this.recoverUntil !== undefined) return;
    if (++this.duplicates !== DUPLICATES) return;
    this.recoverUntil = this.end;
    this.resend = true;
  }

  private updateWindow(segment: TcpSegment): void {
    const { sequence, acknowledgment } = segment;
    const isOlder =
      before(sequence, this.windowSequence) || (sequence === this.windowSequence && before(acknowledgment, this.windowAcknowledgment));
    if (isOlder) return;
    // That of a SYN is not scaled.
    this.windowBytes = segment.flags & SYN ? segment.window : segment.window << this.windowScale;
    this.windowSequence = sequence;
    this.windowAcknowledgment = acknowledgment;
  }

  /** The guest owes an answer to what was sent, or a larger window. */
  private get isWaiting(): boolean {
    return this.nextToSend !== this.unacknowledged || (this.buffer.length > 0 && !this.ready);
  }

  /** What `nextNew` would send, at most `most` bytes: whole segments, or the rest; `undefined` for nothing. */
  private sendable(most: number): { readonly length: number; readonly fin: boolean } | undefined {
    const offset = (this.nextToSend - this.unacknowledged) | 0;
    const rest = this.buffer.length - offset;
    if (rest < 0 || this.finAcknowledged) return undefined;
    const window = Math.max(this.windowBytes - offset, this.probe ? 1 : 0);
    const room = Math.max(0, Math.min(most, window));
    const length = room >= rest ? rest : room > this.mss ? room - (room % this.mss) : room;
    const fin = this.finQueued && length === rest;
    // No silly windows (RFC 9293, section 3.8.6.2.1): a short segment is the last one, or alone.
    const isWorthIt = length >= this.mss || length === rest || offset === 0;
    return fin || (length > 0 && isWorthIt) ? { length, fin } : undefined;
  }

  /** Fast retransmission: the first segment that is missing. */
  private nextRepaired(): Outgoing | undefined {
    if (!this.resend) return undefined;
    this.resend = false;
    this.timer.forget();
    const length = Math.min(this.buffer.length, this.mss, (this.end - this.unacknowledged) >>> 0);
    const fin = this.finQueued && length === this.buffer.length && this.end === plus(this.unacknowledged, length + 1);
    if (length === 0 && !fin) return undefined;
    return { sequence: this.unacknowledged, flags: fin ? ACK | FIN : ACK, payload: this.buffer.copy(0, length) };
  }

  private nextNew(nowMs: number, maxBytes: number): Outgoing | undefined {
    // The guest divides large segments by what an ordinary frame holds.
    const sendable = this.sendable(this.mss === MSS ? Math.max(MSS, maxBytes) : this.mss);
    if (!sendable) return undefined;
    const { length, fin } = sendable;
    const sequence = this.nextToSend;
    const offset = (sequence - this.unacknowledged) | 0;
    const payload = this.buffer.copy(offset, length);
    const isLast = offset + length === this.buffer.length;
    this.probe = false;
    this.sentUpTo(plus(sequence, length + (fin ? 1 : 0)), nowMs);
    return { sequence, flags: ACK | (isLast ? PSH : 0) | (fin ? FIN : 0), payload };
  }

  private sentUpTo(end: number, nowMs: number): void {
    this.nextToSend = end;
    this.timer.start(nowMs);
    if (!before(this.end, end)) return;
    this.end = end;
    this.timer.sent(end, nowMs);
  }
}
