import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDevice, saveDevice } from '../../lib/devices/device.js';
import { Ns16550a } from '../../lib/devices/ns16550a.js';
import { ImageError } from '../../lib/util/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { Line, Terminal } from '../support/ports.js';

const [RBR, THR, DLL, IER, DLM, IIR, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7];
/** The time from one byte of input to the next. */
const CHAR_NS = 20_000;

class Bench {
  readonly clock = new FakeClock();
  readonly irq = new Line();
  readonly terminal = new Terminal();
  readonly uart = new Ns16550a({ irq: this.irq, clock: this.clock, backend: this.terminal });

  read(offset: number): number {
    return this.uart.read(offset, 1);
  }

  write(offset: number, value: number): void {
    this.uart.write(offset, 1, value);
  }

  /** 115200 baud, 8 bits, no parity; FIFOs as `fcr` says. */
  setUp(fcr: number): this {
    this.write(LCR, 0x83);
    this.write(DLL, 2);
    this.write(DLM, 0);
    this.write(LCR, 0x03);
    this.write(FCR, fcr);
    return this;
  }

  wait(characters: number): void {
    this.clock.advanceTo(this.clock.nowNs() + characters * CHAR_NS);
  }
}

const test = suite('ns16550a');

test('after reset the transmitter is empty, the modem ready and no interrupt pending', () => {
  const { uart } = new Bench();
  assert.is(uart.read(LSR, 1), 0x60);
  assert.is(uart.read(MSR, 1), 0xb0);
  assert.is(uart.read(IIR, 1), 0x01);
  assert.is(uart.read(MCR, 1), 0x08);
});

test('bytes written to THR go out in order, and LSR says empty at once', () => {
  const bench = new Bench().setUp(1);
  for (const byte of Buffer.from('hello')) {
    bench.write(THR, byte);
    assert.is(bench.read(LSR) & 0x60, 0x60);
  }
  assert.is(bench.terminal.text, 'hello');
});

test('DLAB turns RBR, THR and IER into the divisor, which sends nothing', () => {
  const bench = new Bench();
  bench.write(LCR, 0x80);
  bench.write(DLL, 0x34);
  bench.write(DLM, 0x12);
  assert.equal([bench.read(DLL), bench.read(DLM)], [0x34, 0x12]);
  bench.write(LCR, 0x03);
  assert.equal([bench.read(IER), bench.terminal.text], [0, '']);
});

test('the scratch register keeps 8 bits', () => {
  const bench = new Bench();
  bench.write(SCR, 0x1a5);
  assert.is(bench.read(SCR), 0xa5);
});

test('enabling THRI raises the interrupt, reading IIR clears it, writing THR raises it again', () => {
  const bench = new Bench().setUp(1);
  bench.write(IER, 0x02);
  assert.ok(bench.irq.level);
  assert.is(bench.read(IIR), 0xc2);
  assert.not(bench.irq.level);
  assert.is(bench.read(IIR), 0xc1);
  bench.write(THR, 0x41);
  assert.ok(bench.irq.level);
  bench.write(IER, 0);
  assert.not(bench.irq.level);
});

test('disabling and enabling THRI raises the interrupt again after it was acknowledged', () => {
  const bench = new Bench().setUp(1);
  bench.write(IER, 0x02);
  bench.read(IIR);
  bench.write(IER, 0x02);
  assert.not(bench.irq.level);
  bench.write(IER, 0x00);
  bench.write(IER, 0x02);
  assert.ok(bench.irq.level);
});

test('without FIFOs one byte at a time is received, and the next waits for RBR to be read', () => {
  const bench = new Bench().setUp(0);
  bench.write(IER, 0x01);
  bench.terminal.type('ab');
  assert.is(bench.read(LSR) & 0x03, 0x01);
  assert.is(bench.read(IIR), 0x04);
  bench.wait(100);
  assert.is(bench.read(RBR), 0x61);
  assert.is(bench.read(RBR), 0x62);
  assert.is(bench.read(LSR) & 0x03, 0x00);
  assert.not(bench.irq.level);
});

test('input arrives a byte at a time', () => {
  const bench = new Bench().setUp(1);
  bench.terminal.type('abc');
  assert.is(bench.read(RBR), 0x61);
  assert.is(bench.read(LSR) & 1, 0);
  bench.clock.advanceTo(CHAR_NS - 1);
  assert.is(bench.read(LSR) & 1, 0);
  bench.clock.advanceTo(CHAR_NS);
  assert.is(bench.read(LSR) & 1, 1);
});

for (const [bits, level] of [1, 4, 8, 14].entries()) {
  test(`the receive interrupt comes with byte ${level} at trigger level ${bits}, and goes below it`, () => {
    const bench = new Bench().setUp((bits << 6) | 1);
    bench.write(IER, 0x01);
    for (let count = 1; count <= level; count++) {
      assert.is(bench.irq.level, false, `after ${count - 1} bytes`);
      bench.terminal.type('x');
      bench.wait(count === level ? 0 : 1);
    }
    assert.is(bench.read(IIR), 0xc4);
    bench.read(RBR);
    assert.not(bench.irq.level);
  });
}

test('bytes below the trigger level raise the timeout interrupt after four characters, until RBR is read', () => {
  const bench = new Bench().setUp(0xc1);
  bench.write(IER, 0x01);
  bench.terminal.type('x');
  bench.clock.advanceTo(4 * CHAR_NS - 1);
  assert.not(bench.irq.level);
  bench.clock.advanceTo(4 * CHAR_NS);
  assert.is(bench.read(IIR), 0xcc);
  assert.is(bench.read(RBR), 0x78);
  assert.is(bench.read(IIR), 0xc1);
  assert.not(bench.irq.level);
});

test('a long burst of input is neither cut nor reordered, however slowly the guest reads', () => {
  const bench = new Bench().setUp(0x81);
  const sent = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
  let [rest, received] = [bench.terminal.type(sent), ''];
  while (received.length < sent.length) {
    bench.wait(received.length % 700 === 0 ? 40 : 3);
    while (bench.read(LSR) & 1) received += String.fromCharCode(bench.read(RBR));
    rest = bench.terminal.type(rest);
  }
  assert.is(received, sent);
  assert.is(bench.read(LSR) & 0x02, 0);
});

test('the most urgent interrupt is identified first', () => {
  const bench = new Bench().setUp(0x01);
  bench.write(MCR, 0x10);
  bench.write(IER, 0x0f);
  for (let i = 0; i < 17; i++) bench.write(THR, i);
  assert.is(bench.read(IIR), 0xc6);
  assert.is(bench.read(LSR) & 0x1e, 0x02);
  assert.is(bench.read(IIR), 0xc4);
  for (let i = 0; i < 16; i++) assert.is(bench.read(RBR), i);
  assert.is(bench.read(IIR), 0xc2);
  assert.is(bench.read(IIR), 0xc0);
  bench.read(MSR);
  assert.is(bench.read(IIR), 0xc1);
});

test('loopback receives what is sent, sends nothing outside, and holds back input', () => {
  const bench = new Bench().setUp(0x01);
  bench.write(MCR, 0x10);
  bench.terminal.type('outside');
  bench.write(THR, 0x55);
  assert.is(bench.read(RBR), 0x55);
  assert.is(bench.read(LSR) & 1, 0);
  assert.is(bench.terminal.text, '');
  bench.write(MCR, 0);
  assert.is(bench.read(RBR), 'o'.charCodeAt(0));
});

test('loopback without FIFO overruns with the newest byte kept', () => {
  const bench = new Bench().setUp(0x00);
  bench.write(MCR, 0x10);
  bench.write(THR, 1);
  bench.write(THR, 2);
  assert.is(bench.read(LSR) & 0x03, 0x03);
  assert.is(bench.read(LSR) & 0x03, 0x01);
  assert.is(bench.read(RBR), 2);
});

test('loopback wires RTS, DTR, OUT1 and OUT2 to CTS, DSR, RI and DCD, with deltas', () => {
  const bench = new Bench();
  bench.write(MCR, 0x10);
  bench.read(MSR);
  for (const [mcr, msr] of [
    [0x02, 0x11],
    [0x01, 0x23],
    [0x04, 0x42],
    [0x08, 0x8c],
    [0x08, 0x80],
  ]) {
    bench.write(MCR, 0x10 | (mcr as number));
    assert.is(bench.read(MSR), msr as number, `MCR ${mcr}`);
  }
});

test('switching the FIFOs on or clearing them drops what was received', () => {
  const bench = new Bench().setUp(0x00);
  bench.terminal.type('a');
  bench.write(FCR, 0x01);
  assert.is(bench.read(LSR) & 1, 0);
  bench.wait(2);
  bench.terminal.type('b');
  bench.wait(2);
  bench.write(FCR, 0x03);
  assert.is(bench.read(LSR) & 1, 0);
});

test('a restored device goes on exactly as the saved one', () => {
  const [one, two] = [new Bench().setUp(0x81), new Bench()];
  one.write(IER, 0x05);
  one.terminal.type('restore me, with bytes under way');
  one.wait(5);
  const saved = JSON.parse(JSON.stringify(saveDevice(one.uart)));
  two.clock.advanceTo(one.clock.nowNs());
  loadDevice(two.uart, saved);
  assert.equal(saveDevice(two.uart), saved);
  const drain = (bench: Bench) => {
    const seen: number[] = [];
    for (let i = 0; i < 60; i++) {
      bench.wait(2);
      seen.push(bench.irq.level ? 1 : 0, bench.read(IIR), bench.read(LSR), bench.read(RBR));
    }
    return seen;
  };
  assert.equal(drain(two), drain(one));
});

test('saved state of another device, another version or with bad fields is refused', () => {
  const { uart } = new Bench();
  const saved = saveDevice(uart);
  const refuse = (state: typeof saved) =>
    assert.throws(
      () => loadDevice(uart, state),
      (error: unknown) => error instanceof ImageError,
    );
  refuse({ ...saved, name: 'clint' });
  refuse({ ...saved, version: 2 });
  for (const data of [null, [], 'x', {}, { ...(saved.data as object), received: [1, 2] }, { ...(saved.data as object), divisor: -1 }]) {
    refuse({ ...saved, data });
  }
});

test.run();
