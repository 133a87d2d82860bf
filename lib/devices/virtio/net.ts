/**
 * The network device of virtio 1.2, section 5.1: one pair of queues, mergeable receive buffers, checksum and segmentation offload for TCP over IPv4.
 * Not modelled: the control queue, offloads of other protocols.
 */
import { FRAME_BYTES_MAX, isLargeFrame, LARGE_FRAME_BYTES_MAX } from '../../util/frames.js';
import { type PlainData, StateReader } from '../device.js';
import type { Chain } from './chain.js';
import { describeLargeFrame, takeFrame } from './net-offload.js';
import { F_VERSION_1, type VirtioDevice, type VirtioPort } from './virtio.js';

const VIRTIO_NET_ID = 1;
// Features
const F_CSUM = 0;
const F_GUEST_CSUM = 1;
const F_MAC = 5;
const F_GUEST_TSO4 = 7;
const F_HOST_TSO4 = 11;
const F_MRG_RXBUF = 15;
const F_STATUS = 16;
const STATUS_LINK_UP = 1;
const RECEIVE = 0;
const TRANSMIT = 1;
const QUEUE_SIZE = 256;
/** The last field of a packet header (net-offload.ts has the others). */
const HEADER_NUM_BUFFERS = 10;
const HEADER_SIZE = 12;
/** Of drivers before virtio 1.0 that do not merge buffers. */
const HEADER_SIZE_SHORT = 10;
/** Frames that wait for the driver to give buffers. */
const PENDING_MAX = 64;

/** The device's end that a network delivers frames to. */
export interface NetReceiver {
  /** How many frames it takes now; more would be lost. */
  readonly room: number;
  /** How long these may be: `LARGE_FRAME_BYTES_MAX` where the driver takes large segments. Longer ones would be lost. */
  readonly frameBytesMax: number;
  /** Takes an Ethernet frame, without check sequence. Called between two instructions, at an exact tick. */
  receive(frame: Uint8Array): void;
}

/** The network that the device is plugged into. */
export interface NetBackend {
  /** Takes a frame that the guest has sent; the bytes are the backend's to keep. */
  send(frame: Uint8Array): void;
  /** Names the receiver of frames. */
  onReceive(receiver: NetReceiver): void;
}

export class VirtioNet implements VirtioDevice, NetReceiver {
  readonly name = 'virtio-net';
  readonly version = 1;
  readonly id = VIRTIO_NET_ID;
  readonly features = [F_CSUM, F_GUEST_CSUM, F_MAC, F_GUEST_TSO4, F_HOST_TSO4, F_MRG_RXBUF, F_STATUS];
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE];
  private readonly backend: NetBackend;
  private readonly mac: readonly number[];
  private pending: Uint8Array[] = [];
  private port!: VirtioPort;

  /** `mac`: the 6 bytes of its address. */
  constructor(options: { backend: NetBackend; mac: readonly number[] }) {
    this.backend = options.backend;
    this.mac = options.mac;
    this.backend.onReceive(this);
  }

  attach(port: VirtioPort): void {
    this.port = port;
  }

  config(): Uint8Array {
    return Uint8Array.from([...this.mac, STATUS_LINK_UP, 0]);
  }

  /** Nothing is taken while no driver is there. */
  get room(): number {
    return this.port.live ? PENDING_MAX - this.pending.length : 0;
  }

  get frameBytesMax(): number {
    return this.port.has(F_GUEST_CSUM) && this.port.has(F_GUEST_TSO4) ? LARGE_FRAME_BYTES_MAX : FRAME_BYTES_MAX;
  }

  receive(frame: Uint8Array): void {
    if (this.room === 0 || frame.length > this.frameBytesMax) return;
    this.pending.push(frame.slice());
    this.port.run(() => this.deliver());
  }

  notify(index: number): void {
    if (index === RECEIVE) this.deliver();
    else this.transmit();
  }

  reset(): void {
    this.pending = [];
  }

  save(): PlainData {
    return { pending: this.pending.map((frame) => Buffer.from(frame).toString('base64')) };
  }

  load(data: PlainData): void {
    const frames = new StateReader(this.name, data).texts('pending', LARGE_FRAME_BYTES_MAX * 2, PENDING_MAX);
    this.pending = frames.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  }

  private get headerSize(): number {
    return this.port.has(F_VERSION_1) || this.port.has(F_MRG_RXBUF) ? HEADER_SIZE : HEADER_SIZE_SHORT;
  }

  private deliver(): void {
    for (let frame = this.pending[0]; frame && this.deliverFrame(frame); frame = this.pending[0]) this.pending.shift();
  }

  /**
   * Puts a frame into the driver's buffers; false when these have no room yet. Dropped are frames too long for a buffer where buffers are not mergeable, and long
   * ones that are no large segments.
   */
  private deliverFrame(frame: Uint8Array): boolean {
    const queue = this.port.queue(RECEIVE);
    const packet = new Uint8Array(this.headerSize + frame.length);
    packet.set(frame, this.headerSize);
    if (isLargeFrame(frame.length) && !describeLargeFrame(packet.subarray(0, this.headerSize), frame)) return true;
    const chains = this.takeBuffers(packet.length);
    if (!chains) return false;
    if (this.headerSize === HEADER_SIZE) packet[HEADER_NUM_BUFFERS] = chains.length;
    let done = 0;
    for (const chain of chains) {
      const part = packet.subarray(done, done + chain.writableBytes);
      chain.write(0, part);
      queue.push(chain, part.length);
      done += part.length;
    }
    return true;
  }

  /** As many receive buffers as `length` bytes take; none taken, and `undefined`, when the driver has not given that many. */
  private takeBuffers(length: number): Chain[] | undefined {
    const queue = this.port.queue(RECEIVE);
    const chains: Chain[] = [];
    for (let room = 0; room < length; ) {
      const chain = queue.pop();
      if (!chain) {
        queue.unpop(chains.length);
        return undefined;
      }
      room += chain.writableBytes;
      chains.push(chain);
      if (this.port.has(F_MRG_RXBUF)) continue;
      if (room >= length) return chains;
      queue.unpop(1);
      return [];
    }
    return chains;
  }

  private transmit(): void {
    const queue = this.port.queue(TRANSMIT);
    const { headerSize } = this;
    const offered = { checksum: this.port.has(F_CSUM), segmentation: this.port.has(F_HOST_TSO4) };
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const length = chain.readableBytes - headerSize;
      if (length > 0 && length <= LARGE_FRAME_BYTES_MAX) {
        const frame = takeFrame(chain.read(0, headerSize), chain.read(headerSize, length), offered);
        if (frame) this.backend.send(frame);
      }
      queue.push(chain, 0);
    }
  }
}
