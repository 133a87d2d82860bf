/** What the protocols of the network share: the way to the guest, and the time. */
import type { IpPacket } from './ipv4.js';

export interface Link {
  /** Milliseconds of the host's clock. */
  nowMs(): number;
  /** Queues a packet for the guest; it is dropped when too many wait. */
  send(packet: IpPacket): void;
  /** Something is ready for the guest, or will never be any more. */
  changed(): void;
}

/** A port of the host whose connections, or datagrams, go to a port of the guest. */
export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  /** 0: any that is free. */
  readonly hostPort: number;
  readonly guestAddress: number;
  readonly guestPort: number;
}

/** Where on the host's side a connection of the guest is to go. */
export interface HostTarget {
  readonly host: string;
  readonly port: number;
}

const PORT_FIRST = 49152;
const PORT_COUNT = 65536 - PORT_FIRST;

/** Hands out the network's own ports, in turn. */
export class PortCounter {
  private next = 0;

  /** A port for which `isUsed` does not hold; there must be one. */
  take(isUsed: (port: number) => boolean): number {
    for (;;) {
      const port = PORT_FIRST + this.next;
      this.next = (this.next + 1) % PORT_COUNT;
      if (!isUsed(port)) return port;
    }
  }
}
