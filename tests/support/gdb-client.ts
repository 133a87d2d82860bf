/** Clients of the GDB server for tests: one that talks to a session directly, byte by byte if need be. */
import { type Connection, Session } from '../../gdbstub/session.js';
import type { DebugTarget } from '../../gdbstub/target.js';

/** The payload in the data of a packet: runs and escapes undone. */
export function decodePayload(wire: Uint8Array): string {
  const out: number[] = [];
  for (let i = 0; i < wire.length; i++) {
    const byte = wire[i];
    if (byte === 0x2a) {
      const last = out.at(-1);
      for (let n = wire[++i] - 29; n > 0 && last !== undefined; n--) out.push(last);
    } else out.push(byte);
  }
  let text = '';
  for (let i = 0; i < out.length; i++) text += String.fromCharCode(out[i] === 0x7d ? out[++i] ^ 0x20 : out[i]);
  return text;
}

/** A packet as debuggers send it: escaped, without runs. */
export function framePacket(payload: string): Buffer {
  const escaped = payload.replaceAll(/[#$}*]/g, (special) => `}${String.fromCharCode(special.charCodeAt(0) ^ 0x20)}`);
  const data = Buffer.from(escaped, 'latin1');
  const sum = data.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.concat([Buffer.from('$'), data, Buffer.from(`#${sum.toString(16).padStart(2, '0')}`)]);
}

/** Takes what a server sent apart: payloads of packets, and `+` and `-` as they are. */
export function splitWire(wire: Buffer): { readonly items: string[]; readonly rest: Buffer } {
  const items: string[] = [];
  let at = 0;
  while (at < wire.length) {
    if (wire[at] !== 0x24) {
      items.push(String.fromCharCode(wire[at++]));
      continue;
    }
    const end = wire.indexOf(0x23, at);
    if (end < 0 || end + 3 > wire.length) break;
    const data = wire.subarray(at + 1, end);
    const sum = data.reduce((total, byte) => (total + byte) & 0xff, 0);
    if (Number.parseInt(wire.toString('latin1', end + 1, end + 3), 16) !== sum) throw new Error('the server sent a wrong checksum');
    items.push(decodePayload(data));
    at = end + 3;
  }
  return { items, rest: wire.subarray(at) };
}

export class WireClient implements Connection {
  readonly session: Session;
  unsentBytes = 0;
  closedFor: string | undefined;
  /** All that came, acknowledgments included. */
  items: string[] = [];
  private wire = Buffer.alloc(0);
  private wakeUp: (() => void) | undefined;

  constructor(target: DebugTarget) {
    this.session = new Session(target, this);
  }

  write(bytes: Uint8Array): void {
    const { items, rest } = splitWire(Buffer.concat([this.wire, bytes]));
    this.wire = Buffer.from(rest);
    this.items.push(...items);
    this.wakeUp?.();
  }

  close(reason: string): void {
    this.closedFor = reason;
  }

  /** Sends raw bytes. */
  raw(text: string): void {
    this.session.receive(Buffer.from(text, 'latin1'));
  }

  send(payload: string): void {
    this.session.receive(framePacket(payload));
  }

  /** Packets that came, without acknowledgments; they are forgotten. */
  takePackets(): string[] {
    const packets = this.items.filter((item) => item !== '+' && item !== '-');
    this.items = [];
    return packets;
  }

  /** The next packet. */
  async packet(): Promise<string> {
    for (;;) {
      const index = this.items.findIndex((item) => item !== '+' && item !== '-');
      if (index >= 0) return this.items.splice(0, index + 1)[index];
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
    }
  }

  /** Sends `payload` and gives the answer to it. */
  ask(payload: string): Promise<string> {
    this.send(payload);
    return this.packet();
  }

  /** As `ask`, with console output before the answer put into `console`. */
  async askWithConsole(payload: string): Promise<{ readonly reply: string; readonly console: string }> {
    this.send(payload);
    let console = '';
    for (;;) {
      const packet = await this.packet();
      if (!/^O[0-9a-f]/.test(packet)) return { reply: packet, console };
      console += Buffer.from(packet.slice(1), 'hex').toString('utf8');
    }
  }
}
