/** A debugger's client that does next to nothing, for timing a machine to which one is attached. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { framePacket, splitWire } from '../support/gdb-client.js';

/** GDB's number of the pc of RISC-V, in hexadecimal. */
const PC = '20';

export class AttachedClient {
  private readonly socket: Socket;
  private wire = Buffer.alloc(0);
  private readonly packets: string[] = [];
  private wakeUp: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const { items, rest } = splitWire(Buffer.concat([this.wire, chunk]));
      this.wire = Buffer.from(rest);
      this.packets.push(...items.filter((item) => item !== '+' && item !== '-' && !/^O[0-9a-f]/.test(item)));
      this.wakeUp?.();
    });
  }

  /** Connects to `HOST:PORT`, and does without acknowledgments. */
  static async to(address: string): Promise<AttachedClient> {
    const [, host, port] = /^(.*):(\d+)$/.exec(address)!;
    const socket = connect(Number(port), host!).setNoDelay(true);
    await once(socket, 'connect');
    const client = new AttachedClient(socket);
    await client.ask('QStartNoAckMode');
    socket.write('+');
    return client;
  }

  send(payload: string): void {
    this.socket.write(framePacket(payload));
  }

  async packet(): Promise<string> {
    for (;;) {
      const packet = this.packets.shift();
      if (packet !== undefined) return packet;
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
    }
  }

  /** Sends `payload` and gives the answer; throws if that is an error. */
  async ask(payload: string): Promise<string> {
    this.send(payload);
    const answer = await this.packet();
    if (/^E/.test(answer)) throw new Error(`the debugger's server answered ${answer} to ${payload}`);
    return answer;
  }

  async pc(): Promise<bigint> {
    return Buffer.from(await this.ask(`p${PC}`), 'hex').readBigUInt64LE();
  }

  async breakAt(address: bigint): Promise<void> {
    await this.ask(`Z0,${address.toString(16)},2`);
  }

  async removeBreak(address: bigint): Promise<void> {
    await this.ask(`z0,${address.toString(16)},2`);
  }

  close(): void {
    this.socket.destroy();
  }
}
