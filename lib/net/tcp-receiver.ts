/** The receiving half of a TCP endpoint: what the guest has sent, what it is told of that, and how much more it may send. */
import { ACK, FIN, lengthOf, SYN, type TcpSegment } from './tcp-segment.js';
import { before, plus } from './tcp-sequence.js';

/** How many bytes of the guest may wait for the host. */
export const RECEIVE_BUFFER_BYTES = 2 ** 18;
/** A window that opens by less is not worth a segment (RFC 9293, section 3.8.6.2.2). */
const WINDOW_UPDATE_BYTES = 2 ** 14;
const WINDOW_MAX = 0xffff;
export const WINDOW_SCALE = 3;
/** This many acknowledgments of the same let the guest notice a loss; no more are owed. */
const DUPLICATES = 3;

/** What the receiver gives to the user of the connection. */
export interface Received {
  data(bytes: Uint8Array): void;
  ended(): void;
}

export class TcpReceiver {
  /** The guest has sent all it will. */
  finished = false;
  /** The sequence number that comes next. */
  expected = 0;
  private scale = 0;
  private unconsumed = 0;
  private advertisedEnd = 0;
  private owed = 0;

  /** Begins at the guest's SYN. */
  synchronize(syn: TcpSegment): void {
    this.expected = plus(syn.sequence, 1);
    this.scale = syn.windowScale === undefined ? 0 : WINDOW_SCALE;
  }

  get scales(): boolean {
    return this.scale > 0;
  }

  /** `count` bytes that the user was given are gone. */
  consumed(count: number): void {
    this.unconsumed -= count;
  }

  /** A segment was no good as it is: tells the guest again what is expected. */
  repeat(): void {
    this.owed = Math.min(this.owed + 1, DUPLICATES);
  }

  /** Is in the window, without being the next in order. */
  isAhead(sequence: number): boolean {
    return before(this.expected, sequence) && before(sequence, plus(this.expected, this.room));
  }

  receive(segment: TcpSegment, user: Received): void {
    const skip = (this.expected - segment.sequence) | 0;
    const length = lengthOf(segment);
    if (skip === 0 && length === 0) return;
    if (skip < 0 || skip >= length || this.finished) return this.repeat();
    const { payload } = segment;
    const fresh = payload.subarray(skip, Math.min(payload.length, skip + this.room));
    this.expected = plus(this.expected, fresh.length);
    this.unconsumed += fresh.length;
    this.owed = 1;
    if (fresh.length > 0) user.data(fresh);
    if (segment.flags & FIN && this.expected === plus(segment.sequence, payload.length)) {
      this.expected = plus(this.expected, 1);
      this.finished = true;
      user.ended();
    }
  }

  /** A segment that only acknowledges is due. */
  get acknowledgmentDue(): boolean {
    return this.owed > 0 || this.windowOpened;
  }

  /** The fields of a segment that goes out now, with these flags and so many bytes. */
  acknowledge(flags: number, payloadBytes: number): { acknowledgment: number; window: number } {
    const isSyn = (flags & SYN) !== 0;
    const window = isSyn ? Math.min(WINDOW_MAX, this.room) : this.window;
    if (!(flags & ACK)) return { acknowledgment: 0, window };
    this.owed = payloadBytes > 0 ? 0 : Math.max(0, this.owed - 1);
    this.advertisedEnd = plus(this.expected, window << (isSyn ? 0 : this.scale));
    return { acknowledgment: this.expected, window };
  }

  private get room(): number {
    return Math.max(0, RECEIVE_BUFFER_BYTES - this.unconsumed);
  }

  /** As in the header: scaled. */
  private get window(): number {
    return Math.min(WINDOW_MAX, this.room >>> this.scale);
  }

  private get windowOpened(): boolean {
    const end = plus(this.expected, this.window << this.scale);
    return !this.finished && ((end - this.advertisedEnd) | 0) >= WINDOW_UPDATE_BYTES;
  }
}
