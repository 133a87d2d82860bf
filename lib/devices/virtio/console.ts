/** The console of virtio 1.2, section 5.3: one port, with its size. Not modelled: several ports, emergency writes. */
import { type CharBackend, type CharReceiver, type PlainData, StateReader } from '../device.js';
import { VirtqueueError } from './chain.js';
import type { VirtioDevice, VirtioPort } from './virtio.js';

const VIRTIO_CONSOLE_ID = 3;
const F_SIZE = 0;
const RECEIVE = 0;
const TRANSMIT = 1;
const QUEUE_SIZE = 64;
/** Input that waits for the driver to give buffers. */
const PENDING_MAX = 4096;
/** No driver sends more at once. */
const BUFFER_BYTES_MAX = 0x100000;
const U16 = 0xffff;

export class VirtioConsole implements VirtioDevice, CharReceiver {
  readonly name = 'virtio-console';
  readonly version = 1;
  readonly id = VIRTIO_CONSOLE_ID;
  readonly features = [F_SIZE];
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE];
  private readonly backend: CharBackend;
  private columns: number;
  private lines: number;
  private pending: number[] = [];
  private port!: VirtioPort;

  constructor(options: { backend: CharBackend; columns: number; lines: number }) {
    this.backend = options.backend;
    this.columns = options.columns;
    this.lines = options.lines;
    this.backend.onInput(this);
  }

  attach(port: VirtioPort): void {
    this.port = port;
  }

  config(): Uint8Array {
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, this.columns, true);
    view.setUint16(2, this.lines, true);
    return bytes;
  }

  /** The terminal has another size now; between two instructions, at an exact tick, as input. */
  resize(columns: number, lines: number): void {
    if (columns === this.columns && lines === this.lines) return;
    this.columns = columns & U16;
    this.lines = lines & U16;
    this.port.configChanged();
  }

  /** Nothing is taken while no driver is there. */
  get room(): number {
    return this.port.live ? PENDING_MAX - this.pending.length : 0;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes.subarray(0, this.room)) this.pending.push(byte);
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
    return { columns: this.columns, lines: this.lines, pending: [...this.pending] };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const [columns, lines] = [state.integer('columns', U16), state.integer('lines', U16)];
    this.pending = state.integers('pending', 0xff, PENDING_MAX);
    this.columns = columns;
    this.lines = lines;
  }

  private deliver(): void {
    const queue = this.port.queue(RECEIVE);
    while (this.pending.length > 0) {
      const chain = queue.pop();
      if (!chain) return;
      const length = Math.min(chain.writableBytes, this.pending.length);
      chain.write(0, Uint8Array.from(this.pending.splice(0, length)));
      queue.push(chain, length);
    }
  }

  private transmit(): void {
    const queue = this.port.queue(TRANSMIT);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      if (chain.readableBytes > BUFFER_BYTES_MAX) throw new VirtqueueError('an absurd amount of console output');
      for (const byte of chain.read(0, chain.readableBytes)) this.backend.write(byte);
      queue.push(chain, 0);
    }
  }
}
