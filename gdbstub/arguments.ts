/** The arguments of a packet, read from left to right. What does not fit throws `ProtocolError`, which becomes an error reply. */

/** An error reply: `E` and two hexadecimal digits, or the text for clients that can show it. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
  /** Of errno; 0 to 255. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const [ESRCH, EFAULT, EINVAL, ENOSPC, EINTR] = [3, 14, 22, 28, 4];

/** A thread id: one hart, any of them (0), or all (-1). */
export type ThreadId = number | 'any' | 'all';

/** The one process that debuggers see. */
export const PROCESS_ID = 1;

export class PacketArguments {
  private readonly text: string;
  private at = 0;

  /** `text`: one character per byte. */
  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  /** Takes `literal` if it comes next. */
  skip(literal: string): boolean {
    const found = this.text.startsWith(literal, this.at);
    if (found) this.at += literal.length;
    return found;
  }

  expect(literal: string): this {
    if (!this.skip(literal)) throw new ProtocolError(EINVAL, `'${literal}' is missing`);
    return this;
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isAtEnd) throw new ProtocolError(EINVAL, 'there is more than expected');
  }

  /** An unsigned hexadecimal number of up to 64 bits. */
  hex(): bigint {
    const digits = this.match(/[0-9a-fA-F]+/y, 'a number');
    const value = BigInt(`0x${digits}`);
    if (value >> 64n !== 0n) throw new ProtocolError(EINVAL, 'a number is too large');
    return value;
  }

  /** A hexadecimal number below 2^53. */
  number(): number {
    const value = this.hex();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolError(EINVAL, 'a number is too large');
    return Number(value);
  }

  /** `ADDRESS,LENGTH`. */
  range(): { readonly address: bigint; readonly length: number } {
    const address = this.hex();
    return { address, length: this.expect(',').length() };
  }

  /** A length; those that no memory has are cut to 2^53 - 1. */
  length(): number {
    const value = this.hex();
    return Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : value);
  }

  /** The text up to `separator`, which is taken too, or to the end. */
  until(separator: string): string {
    const found = this.text.indexOf(separator, this.at);
    const end = found < 0 ? this.text.length : found;
    const part = this.text.slice(this.at, end);
    this.at = found < 0 ? end : end + separator.length;
    return part;
  }

  /** All that is left, as it is. */
  rest(): string {
    const start = this.at;
    this.at = this.text.length;
    return this.text.slice(start);
  }

  /** All that is left, as bytes. */
  binary(): Uint8Array {
    return Buffer.from(this.rest(), 'latin1');
  }

  /** `count` bytes as pairs of hexadecimal digits; without `count` as many as there are. */
  bytes(count?: number): Uint8Array {
    const digits = count === undefined ? this.match(/[0-9a-fA-F]*/y, '') : this.text.slice(this.at, this.at + 2 * count);
    if (count !== undefined) this.at += digits.length;
    const bytes = Buffer.from(digits, 'hex');
    if (bytes.length * 2 !== digits.length || (count !== undefined && bytes.length !== count))
      throw new ProtocolError(EINVAL, 'hexadecimal bytes are cut short');
    return bytes;
  }

  /** Text that is written as hexadecimal UTF-8. */
  hexText(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  /** `TID`, `pPID`, `pPID.TID`; the numbers are hexadecimal or -1. */
  thread(): ThreadId {
    if (!this.skip('p')) return threadOf(this.match(/-1|[0-9a-fA-F]+/y, 'a thread'));
    const process = this.match(/-1|[0-9a-fA-F]+/y, 'a process');
    const thread = this.skip('.') ? this.match(/-1|[0-9a-fA-F]+/y, 'a thread') : '-1';
    if (process !== '-1' && ![0, PROCESS_ID].includes(Number.parseInt(process, 16)))
      throw new ProtocolError(ESRCH, 'there is no such process');
    return threadOf(thread);
  }

  private match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) throw new ProtocolError(EINVAL, `${what} is missing`);
    this.at += found[0].length;
    return found[0];
  }
}

/** Threads are numbered from 1, harts from 0. */
function threadOf(text: string): ThreadId {
  if (text === '-1') return 'all';
  const id = Number.parseInt(text, 16);
  return id === 0 ? 'any' : id - 1;
}

/** `text` as hexadecimal UTF-8. */
export const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

/** `value` as the hexadecimal bytes of a little-endian number of `bits`. */
export function littleEndianHex(value: bigint, bits: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(bits, value));
  return bytes.toString('hex', 0, bits / 8);
}

/** The little-endian number in `bytes` (at most 8). */
export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}
