/**
 * The UART 16550A, after the data sheet "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs" (National Semiconductor,
 * 1995), section 8; where that leaves a choice, as QEMU's `serial` device does.
 *
 * Sending takes no virtual time: a byte written to THR is on its way at once, so the transmitter's FIFO never holds anything. Input
 * arrives byte by byte, in a time that does not depend on the divisor, and its sender waits while the receiver has no room: so input
 * never overruns, only loopback does. Bytes under way are state of this device. Not modelled: breaks, parity and framing errors, DMA.
 */
import {
  type CharBackend,
  type CharReceiver,
  type Device,
  type IrqLine,
  type PlainData,
  StateReader,
  type TimerHandle,
  type VirtualClock,
} from './device.js';

// IER: interrupt enable
const IER_RDI = 0x01;
const IER_THRI = 0x02;
const IER_RLSI = 0x04;
const IER_MSI = 0x08;
// IIR: interrupt identification, most urgent first
const IIR_RLSI = 0x06;
const IIR_CTI = 0x0c;
const IIR_RDI = 0x04;
const IIR_THRI = 0x02;
const IIR_MSI = 0x00;
const IIR_NO_INT = 0x01;
const IIR_FIFO_ENABLED = 0xc0;
// FCR: FIFO control
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RCVR = 0x02;
const FCR_CLEAR_XMIT = 0x04;
const FCR_STORED = 0xc9;
const FCR_TRIGGER_SHIFT = 6;
// LCR: line control
const LCR_DLAB = 0x80;
// MCR: modem control
const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;
const MCR_BITS = 0x1f;
// LSR: line status
const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_ERRORS = 0x1e;
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
// MSR: modem status; the delta of each line is 4 bits below it
const MSR_DELTA_SHIFT = 4;
const MSR_DELTAS = 0x0f;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

const FIFO_SIZE = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
const RESET_DIVISOR = 12;
/** Bytes that the sender of input may have under way. */
const WIRE_SIZE = 4096;
/** Time from one byte of input to the next: guests that poll at a real line's speed would burn a hundred thousand instructions on each. */
const CHAR_NS = 20_000;
/** The receiver's timeout, without a new byte. */
const TIMEOUT_NS = 4 * CHAR_NS;
/** When the timeout and the next byte are due together, the byte comes first. */
const TIMEOUT_RANK = 1;

interface Row {
  readonly name: string;
  readonly offset: number;
  /** The state of LCR.DLAB that selects the row; either when absent. */
  readonly dlab?: 0 | 1;
  readonly read?: () => number;
  /** What `read` would give, where reading changes something. */
  readonly peek?: () => number;
  readonly write?: (value: number) => void;
}

export interface Ns16550aPorts {
  readonly irq: IrqLine;
  readonly clock: VirtualClock;
  readonly backend: CharBackend;
}

export class Ns16550a implements Device, CharReceiver {
  readonly name = 'ns16550a';
  readonly version = 1;
  readonly sizeBytes = 8;
  /** As on QEMU's virt, a wide access reaches the register at its own offset only. */
  readonly accessSizes = [1, 2, 4] as const;

  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private scr = 0;
  private divisor = RESET_DIVISOR;
  /** LSR's error bits; the others are derived. */
  private lineErrors = 0;
  private modemDeltas = 0;
  private thrInterrupt = false;
  private timeoutInterrupt = false;
  /** The last byte that was read from RBR: an empty receiver gives it again. */
  private rbr = 0;
  private received: number[] = [];
  private wire: number[] = [];
  /** No byte arrives before this time. */
  private nextByteNs = 0;
  /** When the receiver's timeout is due; 0 when it is not running. */
  private timeoutNs = 0;
  private byteTimer: TimerHandle | undefined;
  private timeoutTimer: TimerHandle | undefined;
  private readonly ports: Ns16550aPorts;
  private readonly rows: readonly Row[] = [
    { name: 'RBR', offset: 0, dlab: 0, read: () => this.readRbr(), peek: () => this.received[0] ?? this.rbr },
    { name: 'THR', offset: 0, dlab: 0, write: (value) => this.writeThr(value) },
    {
      name: 'DLL',
      offset: 0,
      dlab: 1,
      read: () => this.divisor & 0xff,
      write: (value) => this.setDivisor((this.divisor & 0xff00) | value),
    },
    { name: 'IER', offset: 1, dlab: 0, read: () => this.ier, write: (value) => this.writeIer(value) },
    {
      name: 'DLM',
      offset: 1,
      dlab: 1,
      read: () => this.divisor >> 8,
      write: (value) => this.setDivisor((this.divisor & 0xff) | (value << 8)),
    },
    { name: 'IIR', offset: 2, read: () => this.readIir(), peek: () => this.identification() },
    { name: 'FCR', offset: 2, write: (value) => this.writeFcr(value) },
    { name: 'LCR', offset: 3, read: () => this.lcr, write: (value) => this.writeLcr(value) },
    { name: 'MCR', offset: 4, read: () => this.mcr, write: (value) => this.writeMcr(value) },
    { name: 'LSR', offset: 5, read: () => this.readLsr(), peek: () => this.lineStatus() },
    { name: 'MSR', offset: 6, read: () => this.readMsr(), peek: () => this.modemStatus() },
    { name: 'SCR', offset: 7, read: () => this.scr, write: (value) => this.writeScr(value) },
  ];

  constructor(ports: Ns16550aPorts) {
    this.ports = ports;
    ports.backend.onInput(this);
    this.reset();
  }

  read(offset: number, _size: number): number {
    return this.row(offset, 'read')?.read?.() ?? 0;
  }

  peek(offset: number, _size: number): number {
    const row = this.row(offset, 'read');
    return (row?.peek ?? row?.read)?.() ?? 0;
  }

  write(offset: number, _size: number, value: number): void {
    this.row(offset, 'write')?.write?.(value & 0xff);
  }

  get room(): number {
    return WIRE_SIZE - this.wire.length;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes.subarray(0, this.room)) this.wire.push(byte);
    this.pump();
  }

  reset(): void {
    this.ier = 0;
    this.fcr = 0;
    this.lcr = 0;
    this.mcr = MCR_OUT2;
    this.scr = 0;
    this.divisor = RESET_DIVISOR;
    this.lineErrors = 0;
    this.modemDeltas = 0;
    this.thrInterrupt = false;
    this.rbr = 0;
    this.clearReceiver();
    this.update();
    this.pump();
  }

  save(): PlainData {
    const { ier, fcr, lcr, mcr, scr, divisor, lineErrors, modemDeltas, thrInterrupt, timeoutInterrupt, rbr, nextByteNs, timeoutNs } = this;
    const registers = { ier, fcr, lcr, mcr, scr, divisor, lineErrors, modemDeltas, rbr };
    return { ...registers, thrInterrupt, timeoutInterrupt, nextByteNs, timeoutNs, received: [...this.received], wire: [...this.wire] };
  }

  load(data: PlainData): void {
    const state = new StateReader(this.name, data);
    this.ier = state.integer('ier', 0x0f);
    this.fcr = state.integer('fcr', 0xff) & FCR_STORED;
    this.lcr = state.integer('lcr', 0xff);
    this.mcr = state.integer('mcr', MCR_BITS);
    this.scr = state.integer('scr', 0xff);
    this.divisor = state.integer('divisor', 0xffff);
    this.lineErrors = state.integer('lineErrors', 0xff) & LSR_ERRORS;
    this.modemDeltas = state.integer('modemDeltas', MSR_DELTAS);
    this.thrInterrupt = state.boolean('thrInterrupt');
    this.timeoutInterrupt = state.boolean('timeoutInterrupt');
    this.rbr = state.integer('rbr', 0xff);
    this.received = state.integers('received', 0xff, this.capacity);
    this.wire = state.integers('wire', 0xff, WIRE_SIZE);
    this.nextByteNs = state.integer('nextByteNs', Number.MAX_SAFE_INTEGER);
    this.cancelByteTimer();
    this.armTimeout(state.integer('timeoutNs', Number.MAX_SAFE_INTEGER));
    this.armByteTimer();
  }

  private row(offset: number, direction: 'read' | 'write'): Row | undefined {
    const dlab = this.lcr & LCR_DLAB ? 1 : 0;
    return this.rows.find((row) => row.offset === offset && (row.dlab ?? dlab) === dlab && row[direction]);
  }

  private readRbr(): number {
    this.rbr = this.received.shift() ?? this.rbr;
    this.timeoutInterrupt = false;
    this.restartTimeout();
    this.update();
    this.pump();
    return this.rbr;
  }

  private writeThr(value: number): void {
    this.thrInterrupt = true;
    if (this.mcr & MCR_LOOP) this.arrive(value);
    else this.ports.backend.write(value);
    this.update();
  }

  private writeIer(value: number): void {
    const changed = this.ier ^ value;
    this.ier = value & 0x0f;
    // Enabling the interrupt raises it, as THR is empty, even if it was acknowledged before.
    if (changed & IER_THRI) this.thrInterrupt = (this.ier & IER_THRI) !== 0;
    if (changed & 0x0f) this.update();
  }

  private identification(): number {
    return this.interrupt() | (this.fcr & FCR_ENABLE ? IIR_FIFO_ENABLED : 0);
  }

  private readIir(): number {
    const iir = this.identification();
    if (this.interrupt() === IIR_THRI) {
      this.thrInterrupt = false;
      this.update();
    }
    return iir;
  }

  private writeFcr(value: number): void {
    const switched = ((value ^ this.fcr) & FCR_ENABLE) !== 0;
    if (switched || value & FCR_CLEAR_RCVR) this.clearReceiver();
    if (switched || value & FCR_CLEAR_XMIT) this.thrInterrupt = true;
    this.fcr = value & FCR_ENABLE ? value & FCR_STORED : 0;
    this.update();
    this.pump();
  }

  private writeLcr(value: number): void {
    this.lcr = value;
  }

  private writeMcr(value: number): void {
    const before = this.modemLines();
    this.mcr = value & MCR_BITS;
    const after = this.modemLines();
    // The ring indicator's delta is its trailing edge.
    const changed = ((before ^ after) & ~MSR_RI) | (before & ~after & MSR_RI);
    this.modemDeltas |= changed >> MSR_DELTA_SHIFT;
    if (changed) this.update();
    this.pump();
  }

  private lineStatus(): number {
    return LSR_THRE | LSR_TEMT | this.lineErrors | (this.received.length > 0 ? LSR_DR : 0);
  }

  private readLsr(): number {
    const lsr = this.lineStatus();
    if (this.lineErrors) {
      this.lineErrors = 0;
      this.update();
    }
    return lsr;
  }

  private modemStatus(): number {
    return this.modemLines() | this.modemDeltas;
  }

  private readMsr(): number {
    const msr = this.modemStatus();
    if (this.modemDeltas) {
      this.modemDeltas = 0;
      this.update();
    }
    return msr;
  }

  private writeScr(value: number): void {
    this.scr = value;
  }

  private setDivisor(divisor: number): void {
    this.divisor = divisor;
  }

  /** The modem lines: present and ready, or in loopback mode what MCR sets. */
  private modemLines(): number {
    if (!(this.mcr & MCR_LOOP)) return MSR_DCD | MSR_DSR | MSR_CTS;
    const wires = [
      [MCR_RTS, MSR_CTS],
      [MCR_DTR, MSR_DSR],
      [MCR_OUT1, MSR_RI],
      [MCR_OUT2, MSR_DCD],
    ] as const;
    return wires.reduce((lines, [output, input]) => lines | (this.mcr & output ? input : 0), 0);
  }

  /** IIR's identification of the most urgent enabled interrupt. */
  private interrupt(): number {
    const { ier } = this;
    if (ier & IER_RLSI && this.lineErrors) return IIR_RLSI;
    if (ier & IER_RDI && this.timeoutInterrupt) return IIR_CTI;
    if (ier & IER_RDI && this.received.length >= this.triggerLevel) return IIR_RDI;
    if (ier & IER_THRI && this.thrInterrupt) return IIR_THRI;
    if (ier & IER_MSI && this.modemDeltas) return IIR_MSI;
    return IIR_NO_INT;
  }

  /** Drives the line; only where something happened, because each time may count as a request. */
  private update(): void {
    this.ports.irq.set(this.interrupt() !== IIR_NO_INT);
  }

  private get capacity(): number {
    return this.fcr & FCR_ENABLE ? FIFO_SIZE : 1;
  }

  private get triggerLevel(): number {
    return this.fcr & FCR_ENABLE ? TRIGGER_LEVELS[(this.fcr >> FCR_TRIGGER_SHIFT) as 0 | 1 | 2 | 3] : 1;
  }

  /** A byte reaches the receiver. */
  private arrive(byte: number): void {
    if (this.received.length < this.capacity) this.received.push(byte);
    else {
      // A full FIFO keeps what it has; without FIFO the new byte replaces the old one.
      this.lineErrors |= LSR_OE;
      if (!(this.fcr & FCR_ENABLE)) this.received = [byte];
    }
    this.restartTimeout();
  }

  /** Takes the next byte off the wire if it is due and there is room, and arms the timer for the one after. */
  private pump(): void {
    const now = this.ports.clock.nowNs();
    if (this.receiverOpen() && this.wire.length > 0 && now >= this.nextByteNs) {
      this.arrive(this.wire.shift() as number);
      this.nextByteNs = now + CHAR_NS;
      this.update();
    }
    this.armByteTimer();
  }

  private armByteTimer(): void {
    if (this.byteTimer || this.wire.length === 0 || !this.receiverOpen()) return;
    this.byteTimer = this.ports.clock.at(this.nextByteNs, () => {
      this.byteTimer = undefined;
      this.pump();
    });
  }

  private cancelByteTimer(): void {
    if (this.byteTimer) this.ports.clock.cancel(this.byteTimer);
    this.byteTimer = undefined;
  }

  private receiverOpen(): boolean {
    return !(this.mcr & MCR_LOOP) && this.received.length < this.capacity;
  }

  private clearReceiver(): void {
    this.received = [];
    this.timeoutInterrupt = false;
    this.armTimeout(0);
  }

  private restartTimeout(): void {
    const running = this.fcr & FCR_ENABLE && this.received.length > 0;
    this.armTimeout(running ? this.ports.clock.nowNs() + TIMEOUT_NS : 0);
  }

  private armTimeout(timeNs: number): void {
    if (this.timeoutTimer) this.ports.clock.cancel(this.timeoutTimer);
    this.timeoutTimer = undefined;
    this.timeoutNs = timeNs;
    if (timeNs === 0) return;
    const expire = (): void => {
      this.timeoutTimer = undefined;
      this.timeoutNs = 0;
      this.timeoutInterrupt = true;
      this.update();
    };
    this.timeoutTimer = this.ports.clock.at(timeNs, expire, TIMEOUT_RANK);
  }
}
