/**
 * The block device of virtio 1.2, section 5.2: one queue, requests are done when the notification returns.
 *
 * What the backend cannot do is VIRTIO_BLK_S_IOERR. Not modelled: several queues, write-cache control, zones, secure erase, lifetime.
 */
import type { BlockBackend } from '../block-backend.js';
import type { PlainData } from '../device.js';
import { type Chain, VirtqueueError } from './chain.js';
import type { VirtioDevice, VirtioPort } from './virtio.js';

const VIRTIO_BLK_ID = 2;
// Features
const F_SEG_MAX = 2;
const F_RO = 5;
const F_BLK_SIZE = 6;
const F_FLUSH = 9;
const F_TOPOLOGY = 10;
const F_DISCARD = 13;
const F_WRITE_ZEROES = 14;
// Request types
const T_IN = 0;
const T_OUT = 1;
const T_FLUSH = 4;
const T_GET_ID = 8;
const T_DISCARD = 11;
const T_WRITE_ZEROES = 13;
// Status
const S_OK = 0;
const S_IOERR = 1;
const S_UNSUPP = 2;
type BlkStatus = typeof S_OK | typeof S_IOERR | typeof S_UNSUPP;
// Request: type (u32), reserved (u32), sector (u64); then data; then one byte of status
const HEADER_SIZE = 16;
// Range of a discard or write zeroes: sector (u64), number of sectors (u32), flags (u32)
const RANGE_SIZE = 16;
const RANGE_F_UNMAP = 1;

const SECTOR_SIZE = 512;
const PHYSICAL_BLOCK_EXPONENT = 3; // 4 KiB: what an overlay is made of
const ID_SIZE = 20;
const QUEUE_SIZE = 256;
/** Two descriptors of a chain are header and status. */
const SEGMENTS_MAX = QUEUE_SIZE - 2;
const RANGE_SECTORS_MAX = 0x8000;
/** Data goes through the host's memory in pieces of this size. */
const PIECE_BYTES = 0x100000;
/** What one notification can ask for: the guest's clock stands still meanwhile. */
const NOTIFICATION_BYTES_MAX = 2 ** 30;

export class VirtioBlk implements VirtioDevice {
  readonly name = 'virtio-blk';
  readonly version = 2;
  readonly id = VIRTIO_BLK_ID;
  readonly queueSizes = [QUEUE_SIZE];
  readonly features: readonly number[];
  private readonly backend: BlockBackend;
  private readonly serial: string;
  private port!: VirtioPort;

  /** `serial`: what the guest sees as the disk's serial number, at most 20 characters of ASCII. */
  constructor(options: { backend: BlockBackend; serial: string }) {
    this.backend = options.backend;
    this.serial = options.serial;
    const all = [F_SEG_MAX, F_BLK_SIZE, F_FLUSH, F_TOPOLOGY];
    this.features = options.backend.readOnly ? [...all, F_RO] : [...all, F_DISCARD, F_WRITE_ZEROES];
  }

  attach(port: VirtioPort): void {
    this.port = port;
  }

  config(): Uint8Array {
    const bytes = new Uint8Array(60);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(this.backend.sizeBytes / SECTOR_SIZE), true); // capacity
    view.setUint32(12, SEGMENTS_MAX, true); // seg_max
    view.setUint32(20, SECTOR_SIZE, true); // blk_size
    view.setUint8(24, PHYSICAL_BLOCK_EXPONENT); // topology.physical_block_exp
    view.setUint16(26, 1 << PHYSICAL_BLOCK_EXPONENT, true); // topology.min_io_size
    view.setUint16(34, 1, true); // num_queues
    view.setUint32(36, RANGE_SECTORS_MAX, true); // max_discard_sectors
    view.setUint32(40, 1, true); // max_discard_seg
    view.setUint32(44, 1 << PHYSICAL_BLOCK_EXPONENT, true); // discard_sector_alignment
    view.setUint32(48, RANGE_SECTORS_MAX, true); // max_write_zeroes_sectors
    view.setUint32(52, 1, true); // max_write_zeroes_seg
    view.setUint8(56, 1); // write_zeroes_may_unmap
    return bytes;
  }

  notify(index: number): void {
    const queue = this.port.queue(index);
    let budget = NOTIFICATION_BYTES_MAX;
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      if (chain.readableBytes < HEADER_SIZE || chain.writableBytes < 1) throw new VirtqueueError('a request without header or status');
      budget -= chain.readableBytes + chain.writableBytes;
      const status = budget < 0 ? S_IOERR : this.request(chain);
      chain.write(chain.writableBytes - 1, Uint8Array.of(status));
      queue.push(chain, chain.writableBytes);
    }
  }

  /** It has no state between notifications. */
  reset(): void {}

  save(): PlainData {
    return this.backend.save();
  }

  load(data: PlainData): void {
    this.backend.load(data);
  }

  digest(): PlainData {
    return this.backend.digest();
  }

  private request(chain: Chain): BlkStatus {
    const header = viewOf(chain.read(0, HEADER_SIZE));
    const position = Number(header.getBigUint64(8, true)) * SECTOR_SIZE;
    switch (header.getUint32(0, true)) {
      case T_IN:
        return this.readSectors(chain, position, chain.writableBytes - 1);
      case T_OUT:
        return this.writeSectors(chain, position, chain.readableBytes - HEADER_SIZE);
      case T_FLUSH:
        return this.backend.flush() ? S_OK : S_IOERR;
      case T_GET_ID:
        chain.write(0, this.id20().subarray(0, chain.writableBytes - 1));
        return S_OK;
      case T_DISCARD:
        return this.range(chain, { flags: 0 }, (at, length) => this.backend.discard(at, length));
      case T_WRITE_ZEROES:
        return this.range(chain, { flags: RANGE_F_UNMAP }, (at, length) => this.backend.zero(at, length));
      default:
        return S_UNSUPP;
    }
  }

  private readSectors(chain: Chain, position: number, length: number): BlkStatus {
    if (!this.inside(position, length)) return S_IOERR;
    const piece = new Uint8Array(Math.min(length, PIECE_BYTES));
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const part = piece.subarray(0, length - done);
      if (!this.backend.read(position + done, part)) return S_IOERR;
      chain.write(done, part);
    }
    return S_OK;
  }

  private writeSectors(chain: Chain, position: number, length: number): BlkStatus {
    if (this.backend.readOnly || !this.inside(position, length)) return S_IOERR;
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const part = chain.read(HEADER_SIZE + done, Math.min(length - done, PIECE_BYTES));
      if (!this.backend.write(position + done, part)) return S_IOERR;
    }
    return S_OK;
  }

  /** Does `work` on the range that a request names; `flags`: those that it may have. */
  private range(chain: Chain, allowed: { flags: number }, work: (position: number, length: number) => boolean): BlkStatus {
    if (this.backend.readOnly || chain.readableBytes !== HEADER_SIZE + RANGE_SIZE) return S_IOERR;
    const range = viewOf(chain.read(HEADER_SIZE, RANGE_SIZE));
    if (range.getUint32(12, true) & ~allowed.flags) return S_UNSUPP;
    const position = Number(range.getBigUint64(0, true)) * SECTOR_SIZE;
    const sectors = range.getUint32(8, true);
    if (sectors > RANGE_SECTORS_MAX || !this.inside(position, sectors * SECTOR_SIZE)) return S_IOERR;
    return work(position, sectors * SECTOR_SIZE) ? S_OK : S_IOERR;
  }

  private inside(position: number, length: number): boolean {
    return length % SECTOR_SIZE === 0 && position + length <= this.backend.sizeBytes;
  }

  private id20(): Uint8Array {
    const bytes = new Uint8Array(ID_SIZE);
    bytes.set(Buffer.from(this.serial, 'latin1').subarray(0, ID_SIZE));
    return bytes;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
