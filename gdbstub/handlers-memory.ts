/** Packets that read, write, search and sum memory. After the GDB manual, "Packets" and "General Query Packets". */
import { EFAULT, EINTR, EINVAL, type PacketArguments, ProtocolError } from './arguments.js';
import { PACKET_SIZE } from './packet.js';
import type { Reply, SessionState } from './session-state.js';

/** What fits into a reply as hexadecimal, or as binary with every byte escaped. A client takes less than it asked for. */
const READ_MAX = PACKET_SIZE / 2 - 16;
/** How much is searched or summed before others get their turn. */
const SLICE_BYTES = 256 * 1024;

const failure = (verb: string, address: bigint): ProtocolError =>
  new ProtocolError(EFAULT, `cannot ${verb} memory at 0x${address.toString(16)}`);

/** The bytes at `address`, fewer where mapped memory ends; throws `ProtocolError` where there is none. */
function read({ target, generalHart, physical }: SessionState, address: bigint, length: number): Uint8Array {
  const room = (1n << 64n) - address;
  const wanted = Math.min(length, READ_MAX, Number(room > BigInt(READ_MAX) ? BigInt(READ_MAX) : room));
  const bytes = target.readMemory(generalHart, address, wanted, { physical });
  if (bytes.length === 0 && length > 0) throw failure('read', address);
  return bytes;
}

export function readHex(state: SessionState, args: PacketArguments): Reply {
  const { address, length } = args.range();
  args.end();
  return Buffer.from(read(state, address, length)).toString('hex');
}

/** `x`: GDB 16 and LLDB 20 want a `b` in front. An older LLDB tries it with no bytes first, and wants OK for that. */
export function readBinary(state: SessionState, args: PacketArguments): Reply {
  const { address, length } = args.range();
  args.end();
  if (length === 0) {
    state.features.bareBinaryReads = true;
    return 'OK';
  }
  const text = Buffer.from(read(state, address, length)).toString('latin1');
  return state.features.bareBinaryReads ? text : `b${text}`;
}

export function writeHex(state: SessionState, args: PacketArguments): Reply {
  const { address, length } = args.range();
  const bytes = args.expect(':').bytes();
  return write(state, address, length, bytes);
}

export function writeBinary(state: SessionState, args: PacketArguments): Reply {
  const { address, length } = args.range();
  return write(state, address, length, args.expect(':').binary());
}

function write({ target, generalHart, physical }: SessionState, address: bigint, length: number, bytes: Uint8Array): Reply {
  if (bytes.length !== length) throw new ProtocolError(EINVAL, `${bytes.length} bytes came instead of ${length}`);
  if (length > 0 && !target.writeMemory(generalHart, address, bytes, { physical })) throw failure('write', address);
  return 'OK';
}

/** Lets everything else run; throws `ProtocolError` if the user has lost patience. */
async function takeTurns({ actions }: SessionState): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (actions.isCancelled()) throw new ProtocolError(EINTR, 'interrupted');
}

/** `qSearch:memory:ADDRESS;LENGTH;PATTERN`. */
export async function search(state: SessionState, args: PacketArguments): Promise<string> {
  const start = args.hex();
  const length = args.expect(';').length();
  const pattern = args.expect(';').binary();
  if (pattern.length === 0) throw new ProtocolError(EINVAL, 'nothing to search for');
  // Slices overlap by one byte less than the pattern.
  let tail: Uint8Array = new Uint8Array(0);
  for (let done = 0; done < length; ) {
    const address = start + BigInt(done);
    const slice = Buffer.concat([tail, readSlice(state, address, length - done)]);
    const found = slice.indexOf(pattern);
    if (found >= 0) return `1,${(address - BigInt(tail.length) + BigInt(found)).toString(16)}`;
    done += slice.length - tail.length;
    tail = slice.subarray(Math.max(0, slice.length - pattern.length + 1));
    await takeTurns(state);
  }
  return '0';
}

/** `qCRC:ADDRESS,LENGTH`, for `compare-sections`. */
export async function checksum(state: SessionState, args: PacketArguments): Promise<string> {
  const { address, length } = args.range();
  let crc = 0xffffffff;
  for (let done = 0; done < length; ) {
    const slice = readSlice(state, address + BigInt(done), length - done);
    crc = crc32(crc, slice);
    done += slice.length;
    await takeTurns(state);
  }
  return `C${crc.toString(16).padStart(8, '0')}`;
}

/** Some of the `length` bytes at `address`; throws `ProtocolError` where nothing is mapped. */
function readSlice(state: SessionState, address: bigint, length: number): Uint8Array {
  const wanted = Math.min(length, SLICE_BYTES);
  if (address + BigInt(wanted) > 1n << 64n) throw failure('read', address);
  const bytes = state.target.readMemory(state.generalHart, address, wanted, { physical: state.physical });
  if (bytes.length === 0) throw failure('read', address);
  return bytes;
}

// The polynomial of CRC-32, highest bit first, with neither reflection nor a final inversion.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function crc32(crc: number, bytes: Uint8Array): number {
  let value = crc;
  for (const byte of bytes) value = (value << 8) ^ CRC_TABLE[(value >>> 24) ^ byte];
  return value >>> 0;
}
