import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asm } from '../support/assembler.js';
import { CLINT_BASE, RiscvMachine } from '../support/riscv-machine.js';

const test = suite('turns of harts');

const HARTS = 4;
const MTIME_NS = 100;
const LOG = 0x8010_0000;
const ALARMS = 10;

/** All harts sleep until the same time, ten times; each writes its number to a log when it wakes up. */
const program = asm((a) => {
  a.text('csrr s0, mhartid; slli t0, s0, 3');
  a.li('s1', CLINT_BASE + 0x4000);
  a.text('add s1, s1, t0');
  a.li('s2', LOG);
  a.li('t0', 128);
  a.text('csrw mie, t0');
  a.text('li s3, 0');
  a.li('s4', ALARMS * 1000);
  a.text(`
    next: addi s3, s3, 1000
    sd s3, 0(s1)
    wfi
    li t1, 1
    amoadd.d t2, t1, (s2)
    slli t2, t2, 3
    add t2, t2, s2
    addi t3, s0, 1
    sd t3, 8(t2)
    bne s3, s4, next
    csrw mie, zero
    done: wfi
    j done`);
});

/** Runs until all harts wait for good; idle time is skipped up to the times that `next` gives. */
function runWith(next: (ns: number) => number): RiscvMachine {
  const machine = new RiscvMachine(program, { harts: HARTS });
  for (let ns = 0; ; ns = next(ns)) {
    const stop = machine.engine.run(Number.MAX_SAFE_INTEGER, { skipUntilNs: ns });
    if (stop.kind === 'idle' && stop.wakeNs === undefined) return machine;
  }
}

test('go on in the same order, however often the idle machine was asked in between', () => {
  const END_NS = (ALARMS + 1) * 1000 * MTIME_NS;
  const straight = runWith(() => END_NS);
  const log = Array.from({ length: HARTS * ALARMS }, (_, i) => Number(straight.dword(LOG + 8 + 8 * i)));
  assert.equal(
    [...log].sort(),
    Array.from({ length: HARTS * ALARMS }, (_, i) => 1 + Math.floor(i / ALARMS)),
  );
  for (const step of [1000, 7777, 30_000, 999_999])
    assert.is(runWith((ns) => ns + step).engine.stateDigest(), straight.engine.stateDigest());
});

test('the state at the last tick is the same whether the machine was found idle or not', () => {
  const { engine } = runWith((ns) => ns + 50_000);
  const digest = engine.stateDigest();
  for (let again = 0; again < HARTS + 1; again++) assert.is(engine.run(Number.MAX_SAFE_INTEGER).kind, 'idle');
  assert.is(engine.stateDigest(), digest);
});

test.run();
