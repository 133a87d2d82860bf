/**
 * One end of a TCP connection (RFC 9293): the network's, towards the guest. Pure: segments in, segments out, the time is told.
 *
 * Segments are made when they are asked for (`next`), so nothing queues up in front of a slow guest, and acknowledgments are merged. What
 * the guest sends never gets lost on its way here; so segments out of order are dropped (and acknowledged anew) rather than kept.
 * Not modelled: selective acknowledgments, time stamps, urgent data, simultaneous opening.
 */
import { type Received, TcpReceiver, WINDOW_SCALE } from './tcp-receiver.js';
import { ACK, MSS, RST, SYN, type TcpSegment } from './tcp-segment.js';
import { type Outgoing, TcpSender } from './tcp-sender.js';

const EMPTY = new Uint8Array(0);

/** What an endpoint tells its user, who calls `consumed` when the bytes of `data` are gone. */
export interface TcpUser extends Received {
  established(): void;
  /** The guest has acknowledged something. */
  drained(): void;
  /** Reset by the guest, or it does not answer: the connection is no more. */
  aborted(): void;
}

export interface TcpPorts {
  /** This end's. */
  readonly sourcePort: number;
  /** The guest's. */
  readonly destinationPort: number;
}

type State = 'connecting' | 'accepting' | 'open' | 'closed';

export class TcpEndpoint {
  private readonly sender: TcpSender;
  private readonly receiver = new TcpReceiver();
  private readonly ports: TcpPorts;
  private readonly user: TcpUser;
  private state: State;
  private resetPending = false;

  private constructor(ports: TcpPorts, user: TcpUser, state: State, initialSequence: number) {
    this.ports = ports;
    this.user = user;
    this.state = state;
    this.sender = new TcpSender(initialSequence);
  }

  /** Calls the guest. `initialSequence`: not that of a recent connection between the same ports. */
  static connect(ports: TcpPorts, user: TcpUser, initialSequence: number): TcpEndpoint {
    return new TcpEndpoint(ports, user, 'connecting', initialSequence);
  }

  /** Answers the guest's call, the segment `syn`. */
  static accept(syn: TcpSegment, user: TcpUser, initialSequence: number): TcpEndpoint {
    const ports = { sourcePort: syn.destinationPort, destinationPort: syn.sourcePort };
    const endpoint = new TcpEndpoint(ports, user, 'accepting', initialSequence);
    endpoint.synchronize(syn);
    return endpoint;
  }

  /** Both sides have ended and know it of each other. */
  get finished(): boolean {
    return this.sender.finished && this.receiver.finished;
  }

  /** It was reset, by either side, and has nothing to say any more. */
  get dead(): boolean {
    return this.state === 'closed' && !this.resetPending;
  }

  /** Enough is buffered: the user should wait for `drained`. */
  get full(): boolean {
    return this.sender.full;
  }

  write(bytes: Uint8Array): void {
    if (this.state !== 'closed') this.sender.write(bytes);
  }

  /** Nothing more will be written. */
  end(): void {
    this.sender.finish();
  }

  /** Resets the connection. */
  abort(): void {
    if (this.state === 'closed') return;
    this.resetPending = this.sender.end !== this.sender.initial;
    this.state = 'closed';
  }

  /** `count` of the bytes that the user was given are gone. */
  consumed(count: number): void {
    this.receiver.consumed(count);
  }

  /** Whether `next` has something to give. */
  get ready(): boolean {
    if (this.state === 'closed') return this.resetPending;
    if (this.state !== 'open') return this.sender.synDue;
    return this.sender.ready || this.receiver.acknowledgmentDue;
  }

  /** The next segment for the guest, which is taken to be on its way now: a large one, of at most `maxBytes`, where that is more than an ordinary segment. */
  next(nowMs: number, maxBytes = 0): TcpSegment | undefined {
    if (!this.ready) return undefined;
    switch (this.state) {
      case 'closed':
        this.resetPending = false;
        return this.segment({ sequence: this.sender.end, flags: RST | ACK, payload: EMPTY });
      case 'connecting':
      case 'accepting':
        return this.nextSyn(nowMs);
      case 'open':
        return this.segment(this.sender.next(nowMs, maxBytes) ?? { sequence: this.sender.end, flags: ACK, payload: EMPTY });
    }
  }

  /** Lets time pass: repeats what the guest should have acknowledged by now, and gives up at last. */
  tick(nowMs: number): void {
    // While nobody has taken the SYN, there is nothing to wait for.
    if (this.state === 'closed' || (this.state !== 'open' && this.sender.synDue) || this.sender.tick(nowMs)) return;
    this.abort();
    this.user.aborted();
  }

  receive(segment: TcpSegment, nowMs: number): void {
    switch (this.state) {
      case 'closed':
        return;
      case 'connecting':
        return this.receiveAnswer(segment, nowMs);
      case 'accepting':
      case 'open':
        return this.receiveInOrder(segment, nowMs);
    }
  }

  private synchronize(syn: TcpSegment): void {
    this.sender.synchronize(syn);
    this.receiver.synchronize(syn);
  }

  private receiveAnswer(segment: TcpSegment, nowMs: number): void {
    if (!this.sender.acknowledgesSyn(segment)) return;
    if (segment.flags & RST) return this.die();
    if (!(segment.flags & SYN)) return;
    this.synchronize(segment);
    this.receiver.repeat();
    this.open(segment, nowMs);
  }

  private open(segment: TcpSegment, nowMs: number): void {
    this.state = 'open';
    this.sender.open(segment, nowMs);
    this.user.established();
  }

  private die(): void {
    this.state = 'closed';
    this.user.aborted();
  }

  private receiveInOrder(segment: TcpSegment, nowMs: number): void {
    const { flags } = segment;
    if (flags & RST) return this.receiveReset(segment);
    if (flags & SYN) {
      // The guest has not seen our SYN, or sends an old one.
      if (this.state === 'accepting') this.sender.repeatSyn();
      else this.receiver.repeat();
      return;
    }
    if (!(flags & ACK)) return;
    if (this.state === 'accepting') {
      if (!this.sender.acknowledgesSyn(segment)) return;
      this.open(segment, nowMs);
    } else if (!this.receiveAcknowledgment(segment, nowMs)) return;
    this.receiver.receive(segment, this.user);
  }

  /** Section 3.10.7.4: only the exact sequence number counts; one that is merely in the window is asked about. */
  private receiveReset(segment: TcpSegment): void {
    if (segment.sequence === this.receiver.expected) this.die();
    else if (this.receiver.isAhead(segment.sequence)) this.receiver.repeat();
  }

  /** False when the segment acknowledges what was never sent. */
  private receiveAcknowledgment(segment: TcpSegment, nowMs: number): boolean {
    const kind = this.sender.receive(segment, nowMs);
    if (kind === 'future') this.receiver.repeat();
    if (kind === 'advanced') this.user.drained();
    return kind !== 'future';
  }

  private nextSyn(nowMs: number): TcpSegment {
    this.sender.sendSyn(nowMs);
    const isCall = this.state === 'connecting';
    const syn = this.segment({ sequence: this.sender.initial, flags: isCall ? SYN : SYN | ACK, payload: EMPTY });
    return { ...syn, mss: MSS, ...(isCall || this.receiver.scales ? { windowScale: WINDOW_SCALE } : {}) };
  }

  private segment(outgoing: Outgoing): TcpSegment {
    return { ...this.ports, ...outgoing, ...this.receiver.acknowledge(outgoing.flags, outgoing.payload.length) };
  }
}
