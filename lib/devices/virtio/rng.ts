/** The entropy device of virtio 1.2, section 5.4. Its entropy is a seeded generator's: the same seed, the same bytes. */
import { Xoshiro128 } from '../../util/random.js';
import { type PlainData, StateReader } from '../device.js';
import type { VirtioDevice, VirtioPort } from './virtio.js';

const VIRTIO_RNG_ID = 4;
const QUEUE_SIZE = 8;
/** A buffer gets no more at once; the device may give less than it was asked for. */
const BUFFER_BYTES_MAX = 0x10000;
const U32 = 0xffffffff;

export class VirtioRng implements VirtioDevice {
  readonly name = 'virtio-rng';
  readonly version = 1;
  readonly id = VIRTIO_RNG_ID;
  readonly features = [];
  readonly queueSizes = [QUEUE_SIZE];
  private readonly generator: Xoshiro128;
  private port!: VirtioPort;

  constructor(options: { seed: bigint }) {
    this.generator = Xoshiro128.seeded('virtio-rng', options.seed);
  }

  attach(port: VirtioPort): void {
    this.port = port;
  }

  config(): Uint8Array {
    return new Uint8Array(0);
  }

  notify(index: number): void {
    const queue = this.port.queue(index);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const length = Math.min(chain.writableBytes, BUFFER_BYTES_MAX);
      chain.write(0, this.generator.bytes(length));
      queue.push(chain, length);
    }
  }

  /** The stream of bytes goes on: no driver sees the same ones as the driver before it. */
  reset(): void {}

  save(): PlainData {
    return { state: [...this.generator.state] };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const words = state.integers('state', U32, 4);
    if (words.length !== 4 || words.every((word) => word === 0)) throw state.bad('state');
    this.generator.state.set(words);
  }
}
