/** The guest's network on the host: frames between the machine's cable and user-mode networking. */
import type { NetOption } from '../net/options.js';
import { describeForward, UserNetwork } from '../net/user-network.js';
import type { Door, HostPort } from './run.js';
import type { Session } from './session.js';

export class HostNetwork implements HostPort {
  readonly outputFull = false;
  readonly answers = true;
  private readonly network: UserNetwork;

  private constructor(network: UserNetwork) {
    this.network = network;
  }

  /** Opens the forwarded ports. Throws `ConfigError` for one that cannot be had. */
  static async open(option: NetOption, session: Session): Promise<HostNetwork> {
    const network = new UserNetwork(option);
    network.onChange = () => session.wake();
    await network.listen();
    return new HostNetwork(network);
  }

  /** The forwards, with the ports that were found for them, for the user to read. */
  get forwards(): string[] {
    return this.network.forwards.map(describeForward);
  }

  /** Takes a frame of the guest. */
  send(frame: Uint8Array): void {
    this.network.send(frame);
  }

  get inputOpen(): boolean {
    return this.network.inputOpen;
  }

  get awaitedMs(): number {
    return this.network.awaitedMs;
  }

  canWake(door: Door): boolean {
    return this.inputOpen && door.room('frame') > 0;
  }

  deliver(door: Door): boolean {
    const frames = this.network.take(door.room('frame'), door.room('frameBytes'));
    for (const bytes of frames) door.input({ kind: 'frame', bytes });
    return frames.length > 0;
  }

  flush(): void {}

  close(): void {
    this.network.close();
  }
}
