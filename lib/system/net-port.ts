/** The machine's end of a network cable. */
import type { NetBackend, NetReceiver } from '../devices/virtio/net.js';
import { Outlet } from './outlet.js';

export class NetPort implements NetBackend {
  /** The frames that the guest sends; the sink's to keep. */
  readonly output = new Outlet<Uint8Array>();
  private receiver: NetReceiver | undefined;

  send(frame: Uint8Array): void {
    this.output.put(frame);
  }

  onReceive(receiver: NetReceiver): void {
    this.receiver = receiver;
  }

  /** How many frames the device takes now. */
  get room(): number {
    return this.receiver?.room ?? 0;
  }

  /** How long each of them may be (lib/util/frames.ts). */
  get frameBytesMax(): number {
    return this.receiver?.frameBytesMax ?? 0;
  }

  receive(frame: Uint8Array): void {
    this.receiver?.receive(frame);
  }
}
