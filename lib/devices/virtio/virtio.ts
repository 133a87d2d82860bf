/** What the kinds of virtio devices have in common, after virtio 1.2, chapters 2 and 5: a device, and its port to the driver. */
import type { PlainData } from '../device.js';
import type { Virtqueue } from './virtqueue.js';

// Features that the transport and its queues offer for every device
export const F_INDIRECT_DESC = 28;
export const F_EVENT_IDX = 29;
export const F_VERSION_1 = 32;

/** What a device gets of its transport. */
export interface VirtioPort {
  /** The driver is up, and nothing went wrong. */
  readonly live: boolean;
  /** Whether the feature with this bit number was negotiated. */
  has(feature: number): boolean;
  queue(index: number): Virtqueue;
  /** Does `work` on queues, if the driver is up; a `VirtqueueError` ends it and fails the device. Then interrupts the driver where it wants that. */
  run(work: () => void): void;
  /** Tells the driver that the configuration has changed. */
  configChanged(): void;
}

export interface VirtioDevice {
  readonly name: string;
  /** Version of the data that `save` gives. */
  readonly version: number;
  /** Device ID (chapter 5). */
  readonly id: number;
  /** Bit numbers of the features that it offers. */
  readonly features: readonly number[];
  /** Largest sizes of its queues. */
  readonly queueSizes: readonly number[];
  /** Called once, when it is put into a transport. */
  attach(port: VirtioPort): void;
  /** The configuration space, as the driver sees it now. */
  config(): Uint8Array;
  /** The driver has made buffers available in a queue, or has just come up; called inside of `VirtioPort.run`. */
  notify(queue: number): void;
  /** The driver resets the device: what belongs to the driver is forgotten, what is behind the device stays. */
  reset(): void;
  save(): PlainData;
  load(data: PlainData): void;
  /** What the state digest covers, where that is not what `save` gives. */
  digest?(): PlainData;
}
