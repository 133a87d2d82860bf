/** The guest's network as the run loop sees it: frames that have arrived go through the machine's door. */
import type { UserNetwork } from '../net/user-network.js';
import type { Door, HostPort } from './run.js';
import type { Session } from './session.js';

export class HostNetwork implements HostPort {
  readonly outputFull = false;
  readonly answers = true;
  private readonly network: UserNetwork;

  constructor(network: UserNetwork, session: Session) {
    this.network = network;
    network.onChange = () => session.wake();
  }

  get inputOpen(): boolean {
    return this.network.inputOpen;
  }

  canWake(door: Door): boolean {
    return this.inputOpen && door.room('frame') > 0;
  }

  deliver(door: Door): boolean {
    const frames = this.network.take(door.room('frame'));
    for (const bytes of frames) door.input({ kind: 'frame', bytes });
    return frames.length > 0;
  }

  flush(): void {}
}
