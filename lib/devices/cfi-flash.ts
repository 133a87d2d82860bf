/**
 * NOR flash with the Intel command set, as the banks of QEMU's `virt` (`cfi.pflash01`): two 16-bit chips side by side on a 32-bit bus.
 * After JEDEC JESD68.01 "Common Flash Interface" and the data sheet of Intel's StrataFlash 28F320J3.
 *
 * Not modelled: write protection (blocks can be locked, and that does nothing), time: everything is done at once. The contents survive a reset.
 */
import type { BlockBackend } from './block-backend.js';
import { type Device, type PlainData, StateReader } from './device.js';
import { ReadOnlyDisk } from './read-only-disk.js';

// Commands (28F320J3, "Command Definitions")
const READ_ARRAY = 0xff;
const READ_ARRAY_AMD = 0xf0;
const PROGRAM = 0x10;
const PROGRAM_ALTERNATE = 0x40;
const BLOCK_ERASE = 0x20;
const CLEAR_STATUS = 0x50;
const LOCK_SETUP = 0x60;
const READ_STATUS = 0x70;
const READ_ID = 0x90;
const CFI_QUERY = 0x98;
const WRITE_BUFFER = 0xe8;
const CONFIRM = 0xd0;

// Status register
const STATUS_READY = 0x80;
const STATUS_ERASE_ERROR = 0x20;
const STATUS_PROGRAM_ERROR = 0x10;

const MANUFACTURER_INTEL = 0x89;
const DEVICE_ID = 0x18;
const ERASED = 0xff;

const CHIPS = 2;
const BUS_BYTES = 4;
const SECTOR_BYTES = 0x40000;
/** log2 of the bytes that one chip buffers. */
const BUFFER_BITS = 11;
const BUFFER_WORDS_MAX = 2 ** BUFFER_BITS / (BUS_BYTES / CHIPS);

/** What reads give, and what the next write means. */
const MODES = ['array', 'status', 'id', 'query'] as const;
const STEPS = ['command', 'program', 'erase', 'lock', 'count', 'buffer', 'confirm'] as const;
type Mode = (typeof MODES)[number];
type Step = (typeof STEPS)[number];

/** A chip that was never written to. It is read only: put an overlay on it. */
export class ErasedFlash extends ReadOnlyDisk {
  read(_position: number, into: Uint8Array): boolean {
    into.fill(ERASED);
    return true;
  }
}

export class CfiFlash implements Device {
  readonly name = 'cfi-flash';
  readonly version = 1;
  readonly sizeBytes: number;
  readonly accessSizes = [1, 2, 4] as const;
  private readonly contents: BlockBackend;
  private readonly table: Uint8Array;
  private readonly bytes = new Uint8Array(BUS_BYTES);
  private mode: Mode = 'array';
  private step: Step = 'command';
  private status = STATUS_READY;
  /** Words of the write buffer that are still to come. */
  private wordsLeft = 0;

  /** `contents`: a multiple of 256 KiB. */
  constructor(ports: { contents: BlockBackend }) {
    this.contents = ports.contents;
    this.sizeBytes = ports.contents.sizeBytes;
    this.table = cfiTable(this.sizeBytes);
  }

  read(offset: number, size: number): number {
    const part = this.bytes.subarray(0, size);
    if (this.mode === 'array') this.contents.read(offset, part);
    // Each chip answers on its half of the bus.
    else
      for (let i = 0; i < size; i++) part[i] = (offset + i) % (BUS_BYTES / CHIPS) === 0 ? this.answer(Math.floor(offset / BUS_BYTES)) : 0;
    return part.reduceRight((value, byte) => ((value << 8) | byte) >>> 0, 0);
  }

  /** What a chip puts on its data lines when its address lines are `word`. */
  private answer(word: number): number {
    if (this.mode === 'status') return this.status;
    if (this.mode === 'query') return this.table[word & 0xff] ?? 0;
    const index = word & 0xff;
    return index === 0 ? MANUFACTURER_INTEL : index === 1 ? DEVICE_ID : 0;
  }

  write(offset: number, size: number, value: number): void {
    const command = value & 0xff;
    switch (this.step) {
      case 'command':
        this.begin(command);
        break;
      case 'program':
        this.program(offset, size, value);
        this.step = 'command';
        break;
      case 'erase':
        this.erase(offset, command);
        break;
      case 'lock':
        this.step = 'command';
        break;
      case 'count':
        this.count(value & 0xffff);
        break;
      case 'buffer':
        this.program(offset, size, value);
        this.wordsLeft--;
        if (this.wordsLeft === 0) this.step = 'confirm';
        break;
      case 'confirm':
        if (command !== CONFIRM) this.status |= STATUS_PROGRAM_ERROR;
        this.step = 'command';
        break;
    }
  }

  private begin(command: number): void {
    const shown = MODE_OF[command];
    if (shown) this.mode = shown;
    const next = STEP_AFTER[command];
    if (next) {
      this.step = next;
      this.mode = command === LOCK_SETUP ? 'id' : 'status';
    }
    if (command === CLEAR_STATUS) this.status = STATUS_READY;
    // Anything else is taken for a way out, as the chips do.
    else if (!shown && !next) this.mode = 'array';
  }

  private count(wordsLessOne: number): void {
    if (wordsLessOne < BUFFER_WORDS_MAX) {
      this.wordsLeft = wordsLessOne + 1;
      this.step = 'buffer';
      return;
    }
    this.status |= STATUS_PROGRAM_ERROR;
    this.step = 'command';
  }

  /** Programming makes ones to zeros, and nothing else. */
  private program(offset: number, size: number, value: number): void {
    const old = new Uint8Array(size);
    let done = this.contents.read(offset, old);
    for (let i = 0; i < size; i++) old[i] = (old[i] as number) & (value >>> (8 * i));
    done = done && this.contents.write(offset, old);
    if (!done) this.status |= STATUS_PROGRAM_ERROR;
  }

  private erase(offset: number, command: number): void {
    this.step = 'command';
    const sector = new Uint8Array(SECTOR_BYTES).fill(ERASED);
    const done = command === CONFIRM && this.contents.write(Math.floor(offset / SECTOR_BYTES) * SECTOR_BYTES, sector);
    if (!done) this.status |= command === CONFIRM ? STATUS_ERASE_ERROR : STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR;
  }

  reset(): void {
    this.mode = 'array';
    this.step = 'command';
    this.status = STATUS_READY;
    this.wordsLeft = 0;
  }

  save(): PlainData {
    return { ...this.registers(), contents: this.contents.save() };
  }

  digest(): PlainData {
    return { ...this.registers(), contents: this.contents.digest() };
  }

  private registers(): { [key: string]: PlainData } {
    return { mode: MODES.indexOf(this.mode), step: STEPS.indexOf(this.step), status: this.status, wordsLeft: this.wordsLeft };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    const [mode, step] = [state.integer('mode', MODES.length - 1), state.integer('step', STEPS.length - 1)];
    const [status, wordsLeft] = [state.integer('status', 0xff), state.integer('wordsLeft', BUFFER_WORDS_MAX)];
    this.contents.load(state.data('contents'));
    this.mode = MODES[mode] as Mode;
    this.step = STEPS[step] as Step;
    this.status = status;
    this.wordsLeft = wordsLeft;
  }
}

const MODE_OF: Readonly<Record<number, Mode>> = {
  [READ_ARRAY]: 'array',
  [READ_ARRAY_AMD]: 'array',
  [READ_STATUS]: 'status',
  [READ_ID]: 'id',
  [CFI_QUERY]: 'query',
};

const STEP_AFTER: Readonly<Record<number, Step>> = {
  [PROGRAM]: 'program',
  [PROGRAM_ALTERNATE]: 'program',
  [BLOCK_ERASE]: 'erase',
  [LOCK_SETUP]: 'lock',
  [WRITE_BUFFER]: 'count',
};

/** The query table of one chip: JESD68.01, "Query Structure Output". */
function cfiTable(bankBytes: number): Uint8Array {
  const table = new Uint8Array(0x52);
  const sectors = bankBytes / SECTOR_BYTES;
  const chipSector = SECTOR_BYTES / CHIPS;
  const text = (at: number, letters: string) => table.set(Buffer.from(letters, 'latin1'), at);
  const u16 = (at: number, value: number) => table.set([value & 0xff, value >> 8], at);
  text(0x10, 'QRY');
  u16(0x13, 0x0001); // Intel's extended command set
  u16(0x15, 0x0031); // its table
  table.set([0x45, 0x55], 0x1b); // supply voltage
  table.set([0x07, 0x07, 0x0a, 0x00], 0x1f); // typical times, log2 of us and ms: word, buffer, block, chip
  table.set([0x04, 0x04, 0x04, 0x00], 0x23); // longest times as multiples of these
  table[0x27] = 31 - Math.clz32(bankBytes / CHIPS);
  u16(0x28, 0x0002); // x8 and x16
  u16(0x2a, BUFFER_BITS);
  table[0x2c] = 1; // one region of equal blocks
  u16(0x2d, sectors - 1);
  u16(0x2f, chipSector / 256);
  text(0x31, 'PRI10');
  table[0x3f] = 1; // protection fields
  return table;
}
