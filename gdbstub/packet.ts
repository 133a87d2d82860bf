/**
 * Framing of the GDB Remote Serial Protocol, after the GDB manual, appendix "GDB Remote Serial Protocol", "Overview" and "Packet Acknowledgment".
 *
 * Pure: bytes in, items out. Payloads are strings with one character per byte (latin1). Escapes are undone on the way in; run lengths are only ever
 * written, since no debugger sends them. Nothing here grows beyond `PACKET_SIZE`.
 */

/** Most data bytes of a packet, without frame and checksum: what `qSupported` announces. */
export const PACKET_SIZE = 128 * 1024;

export type PacketItem =
  | { readonly kind: 'packet'; readonly payload: string }
  /** A packet whose checksum is wrong. */
  | { readonly kind: 'damaged' }
  /** A packet of more than `PACKET_SIZE` bytes. It must not be asked for again. */
  | { readonly kind: 'oversized' }
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak' }
  | { readonly kind: 'interrupt' };

const [INTERRUPT, HASH, DOLLAR, STAR, PLUS, MINUS, ESCAPE] = [0x03, 0x23, 0x24, 0x2a, 0x2b, 0x2d, 0x7d];
const ESCAPE_BIT = 0x20;

/** Takes a stream of bytes apart, however it was cut. */
export class PacketReader {
  private readonly data = Buffer.alloc(PACKET_SIZE);
  private state: 'idle' | 'data' | 'sum1' | 'sum2' = 'idle';
  private length = 0;
  private oversized = false;
  private escaped = false;
  private sum = 0;
  private checksum = 0;

  /** `checks`: whether checksums count (they do not once acknowledgments are off). Gives each item to `emit`, in order. */
  feed(bytes: Uint8Array, emit: (item: PacketItem) => void, options: { readonly checks: () => boolean }): void {
    for (const byte of bytes) {
      const item = this.step(byte, options.checks);
      if (item) emit(item);
    }
  }

  private step(byte: number, checks: () => boolean): PacketItem | undefined {
    switch (this.state) {
      case 'idle':
        return this.idle(byte);
      case 'data':
        this.collect(byte);
        return undefined;
      case 'sum1':
        this.checksum = hexDigit(byte) << 4;
        this.state = 'sum2';
        return undefined;
      case 'sum2':
        this.checksum |= hexDigit(byte);
        this.state = 'idle';
        return this.finish(checks());
    }
  }

  /** Between packets; bytes that mean nothing there are skipped. */
  private idle(byte: number): PacketItem | undefined {
    if (byte === DOLLAR) this.begin();
    else if (byte === PLUS) return { kind: 'ack' };
    else if (byte === MINUS) return { kind: 'nak' };
    else if (byte === INTERRUPT) return { kind: 'interrupt' };
    return undefined;
  }

  private begin(): void {
    this.state = 'data';
    this.length = 0;
    this.oversized = false;
    this.escaped = false;
    this.sum = 0;
  }

  private collect(byte: number): void {
    // A `$` cannot be data: the end of the former packet was lost.
    if (byte === DOLLAR) return this.begin();
    if (byte === HASH) {
      this.state = 'sum1';
      return;
    }
    this.sum = (this.sum + byte) & 0xff;
    if (byte === ESCAPE && !this.escaped) {
      this.escaped = true;
      return;
    }
    if (this.length === PACKET_SIZE) this.oversized = true;
    else this.data[this.length++] = this.escaped ? byte ^ ESCAPE_BIT : byte;
    this.escaped = false;
  }

  private finish(checks: boolean): PacketItem {
    // `hexDigit` gives a negative number for what is no digit.
    if (checks && this.checksum !== this.sum) return { kind: 'damaged' };
    if (this.oversized) return { kind: 'oversized' };
    return { kind: 'packet', payload: this.data.toString('latin1', 0, this.length) };
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -0x100;
}

const needsEscape = (byte: number): boolean => byte === HASH || byte === DOLLAR || byte === STAR || byte === ESCAPE;

// A count is written as a character of its own, n + 29. Beyond these it would be no printable one.
const RUN_BASE = 29;
const RUN_MIN = 3;
const RUN_MAX = 96;

/** The packet with `payload` (latin1) as it goes over the wire: escaped, runs shortened, framed. */
export function encodePacket(payload: string): Buffer {
  const escaped = escapePayload(Buffer.from(payload, 'latin1'));
  const out = Buffer.allocUnsafe(escaped.length + 4);
  out[0] = DOLLAR;
  let [at, sum] = [1, 0];
  const put = (byte: number) => {
    out[at++] = byte;
    sum += byte;
  };
  for (let i = 0; i < escaped.length; ) {
    const byte = escaped[i];
    put(byte);
    const more = runAfter(escaped, i++);
    if (more < RUN_MIN) continue;
    put(STAR);
    put(more + RUN_BASE);
    i += more;
  }
  out.write(`#${(sum & 0xff).toString(16).padStart(2, '0')}`, at, 'latin1');
  return out.subarray(0, at + 3);
}

function escapePayload(bytes: Buffer): Buffer {
  let specials = 0;
  for (const byte of bytes) if (needsEscape(byte)) specials++;
  if (specials === 0) return bytes;
  const out = Buffer.allocUnsafe(bytes.length + specials);
  let at = 0;
  for (const byte of bytes) {
    if (needsEscape(byte)) out[at++] = ESCAPE;
    out[at++] = needsEscape(byte) ? byte ^ ESCAPE_BIT : byte;
  }
  return out;
}

/** How many copies of the byte at `index` follow it, as far as one run can say it. */
function runAfter(bytes: Buffer, index: number): number {
  const byte = bytes[index];
  let count = 0;
  while (count < RUN_MAX && bytes[index + 1 + count] === byte) count++;
  // Counts that would look like a frame: these runs are cut a little short.
  while (count + RUN_BASE === DOLLAR || count + RUN_BASE === HASH) count--;
  return count;
}
